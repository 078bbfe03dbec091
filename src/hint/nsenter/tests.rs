//! The hint for each failure.

use super::super::made::Made;
use super::*;
use crate::sys::capability::CAP_SYS_ADMIN;

fn hint_for(attempt: Attempt, errno: Errno, situation: &Situation) -> String {
    let view = View::below("/nonexistent");
    super::hint(&Failure::System { attempt, errno }, situation, &view).unwrap_or_default()
}

fn entering(kinds: &[Kind]) -> Situation {
    let kinds = kinds.iter().copied().collect();
    Situation {
        target: Some(7),
        kinds,
        of_target: kinds,
        become_root: kinds.contains(Kind::User),
        ..Situation::default()
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
    let view = View::below("/nonexistent");
    let hint_for = |program: &str, situation: &Situation| {
        let failure = Failure::Program { program: program.into(), errno: Errno::ENOENT };
        super::hint(&failure, situation, &view)
    };
    let inside = Situation { path: Some("/a:/b".into()), ..entering(&[Kind::Mount]) };
    assert!(hint_for("x", &inside).unwrap().ends_with("with PATH=/a:/b"));
    let unset = hint_for("x", &entering(&[Kind::Mount])).unwrap();
    assert!(unset.ends_with(&format!("with PATH={DEFAULT_PATH}")), "{unset}");
    // A path is looked up by no variable, and a script by its interpreter as well.
    let by_path = hint_for("/opt/x", &inside).unwrap();
    assert!(by_path.contains("interpreter") && !by_path.contains("PATH"), "{by_path}");
    // A root directory that is given is one of outside, whatever is entered.
    let below = Situation { root: true, ..inside };
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
        super::hint(&Failure::System { attempt, errno }, &entering(&[Kind::Net]), &nothing.view())
    };
    for (path, process) in [("/proc/7/ns/net", "process 7 "), ("/proc/1/root", "process 1 ")] {
        let hint = hint_for(path).unwrap();
        assert!(hint.starts_with(process), "{path}: {hint}");
    }
    // What of process 8 can be looked into says that something behind its links refuses.
    for path in ["/proc/8/root/secret", "/proc/self/ns", "/proc/sys/kernel/x", "/procs/7/x", "/etc/x"] {
        assert_eq!(hint_for(path), None, "{path}");
    }
}

#[test]
fn a_capability_is_said_to_be_lacking_only_if_it_is() {
    let refused = |kind: Kind, status: &str| {
        let made = Made::of(&[("/proc/self/status", status)]);
        let failure = Failure::System { attempt: Attempt::Enter(KindSet::EMPTY.with(kind)), errno: Errno::EPERM };
        super::hint(&failure, &entering(&[kind]), &made.view()).unwrap()
    };
    let without_chroot = "CapEff:\t000001fffffbffff\n";
    assert!(refused(Kind::Mount, without_chroot).ends_with("we lack CAP_SYS_CHROOT"));
    for (kind, status) in [
        (Kind::Net, without_chroot),
        (Kind::Mount, "CapEff:\t0000000000000000\n"),
        (Kind::Mount, "CapEff:\t000001ffffffffff\n"),
        (Kind::Mount, ""),
    ] {
        let hint = refused(kind, status);
        assert!(!hint.contains("CAP_SYS_CHROOT"), "{kind} {status}: {hint}");
    }
}

#[test]
fn with_every_right_over_the_namespace_it_is_no_rule_of_the_kernels() {
    let view = View::of_system();
    // Of our own namespaces it is known who owns them only where they are the first ones.
    if view.link("/proc/self/ns/user").as_deref() != Some("user:[4026531837]") {
        return;
    }
    let situation = Situation { target: Some(std::process::id() as i32), ..entering(&[Kind::Net]) };
    let failure = Failure::System { attempt: Attempt::Enter(KindSet::EMPTY.with(Kind::Net)), errno: Errno::EPERM };
    let hint = super::hint(&failure, &situation, &view).unwrap();
    match view.has_capability(CAP_SYS_ADMIN).unwrap() {
        true => assert!(hint.starts_with("probably it is"), "{hint}"),
        false => assert!(hint.ends_with("where we lack CAP_SYS_ADMIN"), "{hint}"),
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
