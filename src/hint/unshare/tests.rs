//! The hint for each failure, on systems made up for it.

use super::super::made::Made;
use super::*;
use crate::enter::setting::Propagation;
use crate::ids::map::Extent;
use crate::namespace::KindSet;

const NO_RIGHTS: (&str, &str) =
    ("/proc/self/status", "Uid:\t7\t7\t7\t7\nGid:\t7\t7\t7\t7\nCapEff:\t0000000000000000\nSeccomp:\t0\n");
const ROOT: (&str, &str) = ("/proc/self/status", "CapEff:\t000001ffffffffff\nSeccomp:\t2\n");
const MAPPED: (&str, &str) = ("/proc/self/uid_map", "0 0 4294967295\n");
const MOUNTS: (&str, &str) = (
    "/proc/self/mountinfo",
    "1 0 8:1 / / rw - ext4 a rw\n2 1 0:4 / /proc rw - proc proc rw\n3 2 0:5 / /proc/sys/fs/binfmt_misc rw - x x rw\n",
);

fn kinds(kinds: &[Kind]) -> KindSet {
    kinds.iter().copied().collect()
}

/// The hint for a failed step of an ordinary user who asked for these kinds, with --fork.
fn hint_for(step: Step, errno: Errno, asked: &[Kind], files: &[(&str, &str)]) -> Option<String> {
    let made = Made::of(files);
    let made = match files.iter().any(|(path, _)| path.starts_with("/proc/1/")) {
        true => made,
        false => made.with_process_1(),
    };
    let context = UnshareContext { kinds: kinds(asked), forks: true, uid: Some(1000), ..UnshareContext::default() };
    super::hint(&RunFailure::refused(step, errno), &context, &made.view())
}

fn unsharing(errno: Errno, asked: &[Kind], files: &[(&str, &str)]) -> String {
    hint_for(Step::Unshare(kinds(asked)), errno, asked, files).unwrap_or_default()
}

#[test]
fn without_rights_a_user_namespace_is_proposed() {
    let hint = unsharing(Errno::EPERM, &[Kind::Net], &[NO_RIGHTS]);
    assert!(hint.starts_with("this needs CAP_SYS_ADMIN") && hint.contains("--map-root-user (-r)"), "{hint}");
    let hint = unsharing(Errno::EPERM, &[Kind::Net], &[ROOT]);
    assert!(hint.contains("seccomp filter") && hint.contains("security module"), "{hint}");
}

#[test]
fn a_refused_user_namespace_has_one_of_four_reasons() {
    let with = |files: &[(&str, &str)]| unsharing(Errno::EPERM, &[Kind::User], files);
    let sysctl = ("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
    assert!(with(&[NO_RIGHTS, MAPPED, MOUNTS, sysctl]).starts_with("kernel.unprivileged_userns_clone is 0"));
    // Root is not concerned by it.
    assert!(with(&[ROOT, MAPPED, MOUNTS, sysctl]).starts_with("probably it is the seccomp filter"));
    let no_groups = ("/proc/self/gid_map", "");
    assert!(with(&[NO_RIGHTS, ("/proc/self/uid_map", "")]).starts_with("our user is not mapped"));
    assert!(with(&[NO_RIGHTS, MAPPED, no_groups]).starts_with("our group is not mapped"));
    let elsewhere = ("/proc/self/mountinfo", "2 1 0:4 / /proc rw - proc proc rw\n");
    assert!(with(&[NO_RIGHTS, MAPPED, elsewhere]).starts_with("we are in a chroot"));
    // Another root directory, or one that we may not look at.
    for process_1 in [("/proc/1/root/x", ""), ("/proc/1/status", "")] {
        let hint = with(&[NO_RIGHTS, MAPPED, MOUNTS, process_1]);
        assert!(hint.starts_with("either we are in a chroot"), "{hint}");
    }
    assert_eq!(
        with(&[NO_RIGHTS, MAPPED, MOUNTS]),
        "probably it is a security module (AppArmor, SELinux) that refuses it"
    );
}

#[test]
fn apparmor_is_blamed_only_where_it_restricts() {
    let sysctl = ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
    let profile = ("/proc/self/attr/current", "unprivileged_userns (enforce)\n");
    let map = || Step::MapOwnId(IdKind::User, Extent { inner: 0, outer: 1000, count: 1 });
    let mount = || Step::MountProc("/proc".into());
    for step in [map(), mount()] {
        let hint = hint_for(step, Errno::EPERM, &[Kind::User], &[sysctl, profile]).unwrap();
        assert!(hint.starts_with("AppArmor takes the rights"), "{hint}");
        assert!(hint.contains("'unprivileged_userns (enforce)'") && hint.contains("'userns,'"), "{hint}");
    }
    // Root is privileged, and forgets --pid just as others do.
    let made = Made::of(&[sysctl, profile]);
    let root = UnshareContext { kinds: kinds(&[Kind::User]), uid: Some(0), ..UnshareContext::default() };
    let refused = RunFailure::refused(mount(), Errno::EPERM);
    let hint = super::hint(&refused, &root, &made.view()).unwrap();
    assert!(hint.ends_with("add --pid --fork"), "{hint}");
    assert_eq!(hint_for(map(), Errno::EPERM, &[Kind::User], &[]), None);
    assert_eq!(hint_for(map(), Errno::EPERM, &[], &[sysctl, profile]), None);
}

#[test]
fn a_limit_is_named_with_its_value() {
    let net = |value| ("/proc/sys/user/max_net_namespaces", value);
    let deep = format!("NSpid:\t{}\n", "1 ".repeat(32));
    assert_eq!(
        unsharing(Errno::ENOSPC, &[Kind::Net], &[net("0\n")]),
        "user.max_net_namespaces is 0: no such namespace may be made here"
    );
    assert_eq!(
        unsharing(Errno::ENOSPC, &[Kind::Net], &[net("7\n")]),
        "a limit is reached, here or in a user namespace around this one: user.max_net_namespaces = 7"
    );
    let hint = unsharing(Errno::ENOSPC, &[Kind::Pid], &[("/proc/self/status", &deep)]);
    assert_eq!(hint, "PID namespaces may be nested 32 deep, and we are in number 32");
}

#[test]
fn a_kind_that_the_kernel_lacks_is_named() {
    let files = [("/proc/self/ns/net", ""), ("/proc/self/ns/user", "")];
    let hint = unsharing(Errno::EINVAL, &[Kind::Net, Kind::Time], &files);
    assert_eq!(hint, "this kernel has no time namespaces");
    assert_eq!(unsharing(Errno::EINVAL, &[Kind::Net], &files), "");
    assert_eq!(unsharing(Errno::EINVAL, &[Kind::Net], &[]), "");
}

#[test]
fn where_the_kind_is_there_it_is_the_threads_the_limit_or_the_children() {
    let kinds = [("/proc/self/ns/user", ""), ("/proc/self/ns/pid", ""), ("/proc/self/ns/net", "")];
    let with = |asked: &[Kind], files: &[(&str, &str)]| unsharing(Errno::EINVAL, asked, &[&kinds, files].concat());
    let threads = ("/proc/self/status", "Threads:\t3\n");
    let hint = with(&[Kind::User], &[threads]);
    assert!(hint.starts_with("we have 3 threads") && hint.contains("qemu-user"), "{hint}");
    assert_eq!(with(&[Kind::Net], &[threads]), "");
    assert_eq!(with(&[Kind::User], &[("/proc/self/status", "Threads:\t1\n")]), "");
    // Linux 3.10 of RHEL 7.
    let limit = |value| ("/proc/sys/user/max_user_namespaces", value);
    assert!(with(&[Kind::User], &[limit("0\n")]).starts_with("user.max_user_namespaces is 0"));
    assert_eq!(with(&[Kind::User], &[limit("7\n")]), "");
}

#[test]
fn what_came_with_a_later_kernel_is_told_on_an_older_one_only() {
    const RELEASE: &str = "/proc/sys/kernel/osrelease";
    let binfmt =
        |version: &str, errno| hint_for(Step::MountBinfmt("/x".into()), errno, &[Kind::User], &[(RELEASE, version)]);
    assert!(binfmt("6.6.1-x\n", Errno::EPERM).unwrap().contains("since Linux 6.7"));
    assert_eq!(binfmt("6.7.0\n", Errno::EPERM), None);
    assert!(binfmt("6.18.0\n", Errno::ENODEV).unwrap().contains("modprobe binfmt_misc"));
    let root = |version: &str| {
        let made = Made::of(&[(RELEASE, version)]);
        let line = Extent { inner: 0, outer: 0, count: 1 };
        let context =
            UnshareContext { users: vec![line], uid: Some(0), capabilities: Some(0), ..UnshareContext::default() };
        super::hint(&RunFailure::refused(Step::MapOwnId(IdKind::User, line), Errno::EPERM), &context, &made.view())
    };
    assert!(root("5.12.0\n").unwrap().contains("CAP_SETFCAP"));
    assert_eq!(root("5.11.9\n"), None);
}

#[test]
fn a_refused_proc_has_its_reason() {
    let with =
        |asked: &[Kind], files: &[(&str, &str)]| hint_for(Step::MountProc("/proc".into()), Errno::EPERM, asked, files);
    assert!(with(&[Kind::User, Kind::Mount], &[MOUNTS]).unwrap().ends_with("add --pid --fork"));
    let masked = ("/proc/self/mountinfo", "1 0 0:4 / /proc rw - proc p rw\n2 1 0:5 / /proc/kcore rw - tmpfs t rw\n");
    let all = [Kind::User, Kind::Mount, Kind::Pid];
    assert!(with(&all, &[masked]).unwrap().starts_with("proc is partly masked here (/proc/kcore is covered"));
    // Nothing of the kernel's own is in the way then.
    assert!(with(&all, &[MOUNTS]).unwrap().starts_with("probably it is"));
    // A second proc that nothing covers would do.
    let second = (
        "/proc/self/mountinfo",
        "9 1 8:1 / / rw - ext4 a rw\n1 9 0:4 / /proc rw - proc p rw\n2 1 0:5 / /proc/kcore rw - tmpfs t rw\n\
         3 9 0:4 / /mnt/proc rw - proc p rw\n",
    );
    assert!(with(&all, &[second]).unwrap().starts_with("probably it is"));
    // A proc over another: the hint names what covers the upper one.
    let over = (
        "/proc/self/mountinfo",
        "1 0 0:4 / /proc rw - proc p rw\n2 1 0:4 / /proc rw - proc p rw\n3 2 0:5 / /proc/irq ro - tmpfs t rw\n",
    );
    assert!(with(&all, &[over]).unwrap().contains("(/proc/irq is covered"));
    // A new proc would lack the locked flags of this one.
    for (options, superblock, word) in
        [("ro", "rw", "read-only"), ("rw", "ro", "read-only"), ("rw,noatime", "rw", "noatime")]
    {
        let line = format!("1 0 8:1 / / rw - ext4 a rw\n2 1 0:4 / /proc {options} - proc p {superblock}\n");
        let hint = with(&all, &[("/proc/self/mountinfo", &line)]).unwrap();
        assert!(hint.starts_with("the proc on /proc is mounted") && hint.contains(word), "{hint}");
    }
    // In a chroot not all mounts are seen.
    let chroot = ("/proc/self/mountinfo", "1 0 8:1 / /tmp rw - ext4 a rw\n");
    assert_eq!(with(&all, &[chroot]), None);
    let none = ("/proc/self/mountinfo", "1 0 8:1 / / rw - ext4 a rw\n");
    assert!(with(&all, &[none]).unwrap().ends_with("none can be seen here"));
    assert_eq!(with(&all, &[]), None);
}

#[test]
fn a_root_that_is_no_mount_point_is_told() {
    let with = |at: &str, files: &[(&str, &str)]| {
        hint_for(Step::Propagate(Propagation::Private, at.into()), Errno::EINVAL, &[Kind::Mount], files)
    };
    let chroot = ("/proc/self/mountinfo", "2 1 0:4 / /proc rw - proc proc rw\n");
    let hint = with("/", &[chroot]).unwrap();
    assert!(hint.starts_with("our root directory is not a mount point") && hint.contains("unchanged"), "{hint}");
    assert!(with("/", &[]).unwrap().starts_with("probably our root directory"));
    assert_eq!(with("/", &[MOUNTS]), None);
    assert_eq!(with("/mnt", &[chroot]), None);
}

#[test]
fn a_fork_without_memory_is_about_the_pid_namespace_of_children() {
    let with = |childrens: &str, asked: &[Kind]| {
        let made = Made::of(&[])
            .with_link("/proc/self/ns/pid", "pid:[1]")
            .with_link("/proc/self/ns/pid_for_children", childrens);
        let context = UnshareContext { kinds: kinds(asked), ..UnshareContext::default() };
        let failure = Failure::System { attempt: Attempt::Fork, errno: Errno::ENOMEM };
        super::hint(&failure.into(), &context, &made.view())
    };
    let hint = with("pid:[2]", &[]).unwrap();
    assert!(hint.starts_with("process 1 of the PID namespace that our children are to be in"), "{hint}");
    assert_eq!(with("pid:[1]", &[]), None);
    // A new PID namespace has had no process yet.
    assert_eq!(with("pid:[2]", &[Kind::Pid]), None);
}

#[test]
fn a_program_that_stays_outside_is_told_so() {
    let note = |forks, program: Option<&str>| {
        let program = program.map(Into::into);
        program_stays_outside(&UnshareContext {
            kinds: kinds(&[Kind::Pid]),
            forks,
            program,
            ..UnshareContext::default()
        })
    };
    assert!(note(false, None).unwrap().starts_with("the shell itself stays outside"));
    assert!(note(false, Some("make")).unwrap().starts_with("make itself stays outside"));
    assert_eq!(note(true, None), None);
    assert_eq!(
        program_stays_outside(&UnshareContext { kinds: kinds(&[Kind::Net]), ..UnshareContext::default() }),
        None
    );
}
