//! The hint for each failure.

use super::super::made::Made;
use super::*;
use crate::enter::program::DEFAULT_PATH;
use crate::sys::capability::CAP_SYS_ADMIN;

fn refused(attempt: Attempt, errno: Errno) -> RunFailure {
    Failure::System { attempt, errno }.into()
}

fn hint_for(attempt: Attempt, errno: Errno, context: &NsenterContext) -> String {
    let view = SystemView::below("/nonexistent");
    super::hint(&refused(attempt, errno), context, &view).unwrap_or_default()
}

fn entering(kinds: &[Kind]) -> NsenterContext {
    let kinds = kinds.iter().copied().collect();
    NsenterContext {
        target: Some(7),
        kinds,
        of_target: kinds,
        become_root: kinds.contains(Kind::User),
        ..NsenterContext::default()
    }
}

#[test]
fn where_nothing_can_be_seen_both_causes_are_named() {
    let net = || Attempt::Enter(KindSet::EMPTY.with(Kind::Net));
    let alone = hint_for(net(), Errno::EPERM, &entering(&[Kind::Net]));
    assert!(alone.contains("CAP_SYS_ADMIN") && alone.contains("--user-parent"), "{alone}");
    let with_user = hint_for(net(), Errno::EPERM, &entering(&[Kind::Net, Kind::User]));
    assert!(with_user.starts_with("the net namespace does not belong to the user namespace"), "{with_user}");
    let user = hint_for(Attempt::Enter(KindSet::EMPTY.with(Kind::User)), Errno::EINVAL, &entering(&[Kind::User]));
    assert!(user.contains("in already") && user.contains("several threads"), "{user}");
}

#[test]
fn the_program_is_looked_for_inside() {
    let view = SystemView::below("/nonexistent");
    let hint_for = |program: &str, context: &NsenterContext| {
        let failure = RunFailure::Program { program: program.into(), errno: Errno::ENOENT };
        super::hint(&failure, context, &view)
    };
    let inside = NsenterContext { path: Some("/a:/b".into()), ..entering(&[Kind::Mount]) };
    assert!(hint_for("x", &inside).unwrap().contains("with PATH=/a:/b: leave --mount out"));
    let unset = hint_for("x", &entering(&[Kind::Mount])).unwrap();
    assert!(unset.contains(&format!("with PATH={DEFAULT_PATH}: ")), "{unset}");
    // No variable takes part in the lookup of a path, and a script needs its interpreter as well.
    let by_path = hint_for("/opt/x", &inside).unwrap();
    assert!(by_path.contains("interpreter") && !by_path.contains("PATH"), "{by_path}");
    // A given root directory is one outside, whatever is entered.
    let below = NsenterContext { root: true, ..inside };
    let below = hint_for("x", &below).unwrap();
    assert!(below.contains("below the root directory") && !below.contains("mount namespace"), "{below}");
    assert_eq!(hint_for("x", &entering(&[Kind::Net])), None);
}

#[test]
fn a_process_is_protected_only_if_it_is_the_paths_own() {
    let nothing = Made::of(&[("/proc/8/root/x", "")]);
    let hint_for = |path: &str| {
        let attempt = Attempt::Open(path.into());
        let errno = Errno::EACCES;
        super::hint(&refused(attempt, errno), &entering(&[Kind::Net]), &nothing.view())
    };
    for (path, process) in [("/proc/7/ns/net", "process 7 "), ("/proc/1/root", "process 1 ")] {
        let hint = hint_for(path).unwrap();
        assert!(hint.starts_with(process), "{path}: {hint}");
    }
    // We can look into process 8, so something behind its links refuses.
    for path in ["/proc/8/root/secret", "/proc/self/ns", "/proc/sys/kernel/x", "/procs/7/x", "/etc/x"] {
        assert_eq!(hint_for(path), None, "{path}");
    }
}

#[test]
fn a_capability_is_said_to_be_lacking_only_if_it_is() {
    let hint_for = |kind: Kind, status: &str| {
        let made = Made::of(&[("/proc/self/status", status)]);
        let failure = refused(Attempt::Enter(KindSet::EMPTY.with(kind)), Errno::EPERM);
        super::hint(&failure, &entering(&[kind]), &made.view()).unwrap()
    };
    let without_chroot = "CapEff:\t000001fffffbffff\n";
    assert!(hint_for(Kind::Mount, without_chroot).ends_with("we lack CAP_SYS_CHROOT"));
    for (kind, status) in [
        (Kind::Net, without_chroot),
        (Kind::Mount, "CapEff:\t0000000000000000\n"),
        (Kind::Mount, "CapEff:\t000001ffffffffff\n"),
        (Kind::Mount, ""),
    ] {
        let hint = hint_for(kind, status);
        assert!(!hint.contains("CAP_SYS_CHROOT"), "{kind} {status}: {hint}");
    }
}

#[test]
fn with_every_right_over_the_namespace_it_is_no_rule_of_the_kernels() {
    let view = SystemView::of_system();
    // We know who owns our namespaces only if they are the initial ones.
    if view.link("/proc/self/ns/user").as_deref() != Some("user:[4026531837]") {
        return;
    }
    let context = NsenterContext { target: Some(std::process::id() as i32), ..entering(&[Kind::Net]) };
    let failure = refused(Attempt::Enter(KindSet::EMPTY.with(Kind::Net)), Errno::EPERM);
    let hint = super::hint(&failure, &context, &view).unwrap();
    match view.has_capability(CAP_SYS_ADMIN).unwrap() {
        true => assert!(hint.starts_with("probably it is"), "{hint}"),
        // The target is this process: it is in that namespace already.
        false => assert!(hint.contains("is in our own net namespace, which we lack CAP_SYS_ADMIN to enter"), "{hint}"),
    }
}

#[test]
fn a_fork_without_memory_is_about_the_pid_namespace_that_was_entered() {
    let fork = |kind| hint_for(Attempt::Fork, Errno::ENOMEM, &entering(&[kind]));
    assert!(fork(Kind::Pid).starts_with("process 1 of the PID namespace that was entered has ended"));
    assert_eq!(fork(Kind::Net), "");
    let limit = hint_for(Attempt::Fork, Errno::EAGAIN, &entering(&[Kind::Pid]));
    assert_eq!(limit, "");
}

#[test]
fn a_process_that_proc_hides_is_named_only_where_it_lives() {
    let own = std::process::id() as i32;
    let hint_for = |pid: i32, options: &str| {
        let mounts = format!("22 1 0:21 / /proc rw - proc proc {options}\n");
        let made = Made::of(&[("/proc/self/status", "Name:\tx\n"), ("/proc/self/mountinfo", &mounts)]);
        let failure = refused(Attempt::Open(format!("/proc/{pid}/ns/net").into()), Errno::ENOENT);
        super::hint(&failure, &NsenterContext { target: Some(pid), ..entering(&[Kind::Net]) }, &made.view())
    };
    for (options, words) in [
        ("rw,hidepid=2", "hidepid=2, which hides the processes of other users"),
        ("rw,hidepid=invisible", "run it as root"),
        ("rw,gid=7,hidepid=4", "which hides processes that we may not trace"),
        ("rw,gid=7,hidepid=ptraceable", "or as a member of group 7"),
    ] {
        let hint = hint_for(own, options).unwrap_or_default();
        assert!(hint.contains(words) && hint.contains(&format!("process {own} ")), "{options}: {hint}");
    }
    for options in ["rw", "rw,hidepid=noaccess", "rw,hidepid=1", "rw,hidepid=off"] {
        assert_eq!(hint_for(own, options), None, "{options}");
    }
    // The process does not exist: nobody hides it.
    assert_eq!(hint_for(i32::MAX, "rw,hidepid=2"), None);
}

#[test]
fn of_a_process_without_its_first_thread_a_running_one_is_named() {
    let hint_for = |first: &str, second: &str| {
        let made = Made::of(&[
            ("/proc/self/status", "Name:\tx\n"),
            ("/proc/7/status", first),
            ("/proc/7/task/7/status", first),
            ("/proc/7/task/9/status", second),
        ]);
        let failure = refused(Attempt::Open("/proc/7/ns/net".into()), Errno::ENOENT);
        super::hint(&failure, &entering(&[Kind::Net]), &made.view())
    };
    let (zombie, sleeping) = ("Name:\tx\nState:\tZ (zombie)\n", "Name:\tx\nState:\tS (sleeping)\n");
    assert!(hint_for(zombie, sleeping).unwrap().ends_with("(-t 9)"));
    assert!(hint_for(zombie, zombie).unwrap().ends_with("(it is a zombie)"));
    assert_eq!(hint_for(sleeping, sleeping), None);
}

#[test]
fn a_proc_that_cannot_be_written_is_to_be_remounted() {
    let failure = RunFailure::refused(Step::SetContext(Vec::new()), Errno::EROFS);
    let hint = super::hint(&failure, &entering(&[Kind::Mount]), &SystemView::below("/nonexistent")).unwrap();
    assert!(hint.contains("read-only") && hint.contains("remount"), "{hint}");
}

#[test]
fn process_1_in_our_own_mount_namespace_asks_for_the_hosts_pid_namespace() {
    let hint_for = |target: i32, theirs: &str| {
        let made = Made::of(&[("/proc/self/status", "Name:\tx\n")])
            .with_link("/proc/self/ns/mnt", "mnt:[5]")
            .with_link(&format!("/proc/{target}/ns/mnt"), theirs);
        let view = made.view().holding_namespaces(KindSet::EMPTY.with(Kind::Mount));
        let failure = RunFailure::Program { program: "x".into(), errno: Errno::ENOENT };
        super::hint(&failure, &NsenterContext { target: Some(target), ..entering(&[Kind::Mount]) }, &view).unwrap()
    };
    let own = hint_for(1, "mnt:[5]");
    assert!(own.starts_with("process 1 is in our own mount namespace") && own.contains("--pid=host"), "{own}");
    let another = hint_for(7, "mnt:[5]");
    assert!(another.contains("in our own mount namespace") && !another.contains("--pid=host"), "{another}");
    for target in [1, 7] {
        let inside = hint_for(target, "mnt:[6]");
        assert!(inside.starts_with("it was looked for inside the file system"), "{inside}");
    }
}
