//! The hint for each failure, on systems made up for it.

use super::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A made-up system: files with their texts.
struct Made(PathBuf);

impl Made {
    fn of(files: &[(&str, &str)]) -> Made {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("nskit-hint-{}-{number}", std::process::id()));
        std::fs::create_dir(&root).unwrap();
        for (path, text) in files {
            let path = root.join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Made(root)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const NO_RIGHTS: (&str, &str) = (
    "/proc/self/status",
    "CapEff:\t0000000000000000\nSeccomp:\t0\n",
);
const ROOT: (&str, &str) = (
    "/proc/self/status",
    "CapEff:\t000001ffffffffff\nSeccomp:\t2\n",
);
const MAPPED: (&str, &str) = ("/proc/self/uid_map", "0 0 4294967295\n");
const MOUNTS: (&str, &str) = (
    "/proc/self/mountinfo",
    "1 0 8:1 / / rw - ext4 a rw\n2 1 0:4 / /proc rw - proc proc rw\n3 2 0:5 / /proc/sys/fs/binfmt_misc rw - x x rw\n",
);

fn kinds(kinds: &[Kind]) -> KindSet {
    kinds.iter().copied().collect()
}

/// The hint for a failed attempt where these kinds were asked for, with --fork.
fn hint_for(
    attempt: Attempt,
    errno: Errno,
    asked: &[Kind],
    files: &[(&str, &str)],
) -> Option<String> {
    let made = Made::of(files);
    let situation = Situation {
        kinds: kinds(asked),
        forks: true,
        ..Situation::default()
    };
    super::hint(
        &Failure::System { attempt, errno },
        situation,
        &View::below(&made.0),
    )
}

fn unsharing(errno: Errno, asked: &[Kind], files: &[(&str, &str)]) -> String {
    hint_for(Attempt::Unshare(kinds(asked)), errno, asked, files).unwrap_or_default()
}

#[test]
fn without_rights_a_user_namespace_is_proposed() {
    let hint = unsharing(Errno::EPERM, &[Kind::Net], &[NO_RIGHTS]);
    assert!(
        hint.starts_with("this needs CAP_SYS_ADMIN") && hint.contains("--map-root-user (-r)"),
        "{hint}"
    );
    let hint = unsharing(Errno::EPERM, &[Kind::Net], &[ROOT]);
    assert!(
        hint.contains("seccomp filter") && hint.contains("security module"),
        "{hint}"
    );
}

#[test]
fn a_refused_user_namespace_has_one_of_four_reasons() {
    let with = |files: &[(&str, &str)]| unsharing(Errno::EPERM, &[Kind::User], files);
    let sysctl = ("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
    assert!(
        with(&[NO_RIGHTS, MAPPED, MOUNTS, sysctl])
            .starts_with("kernel.unprivileged_userns_clone is 0")
    );
    // Root is not concerned by it.
    assert!(with(&[ROOT, MAPPED, MOUNTS, sysctl]).starts_with("probably it is the seccomp filter"));
    assert!(with(&[NO_RIGHTS, ("/proc/self/uid_map", "")]).starts_with("our user is not mapped"));
    let elsewhere = (
        "/proc/self/mountinfo",
        "2 1 0:4 / /proc rw - proc proc rw\n",
    );
    assert!(with(&[NO_RIGHTS, MAPPED, elsewhere]).starts_with("we are in a chroot"));
    let other_root = ("/proc/1/root/x", "");
    assert!(
        with(&[NO_RIGHTS, MAPPED, MOUNTS, other_root]).starts_with("either we are in a chroot")
    );
    assert_eq!(
        with(&[NO_RIGHTS, MAPPED, MOUNTS]),
        "probably it is a security module (AppArmor, SELinux) that refuses it"
    );
}

#[test]
fn apparmor_is_blamed_only_where_it_restricts() {
    let sysctl = (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1\n",
    );
    let profile = ("/proc/self/attr/current", "unprivileged_userns (enforce)\n");
    let map = || Attempt::Write {
        path: "/proc/self/uid_map".into(),
        text: "0 1 1".into(),
    };
    let mount = || Attempt::Mount {
        fstype: "proc",
        on: "/proc".into(),
    };
    for attempt in [map(), mount()] {
        let hint = hint_for(attempt, Errno::EPERM, &[Kind::User], &[sysctl, profile]).unwrap();
        assert!(hint.starts_with("AppArmor takes the rights"), "{hint}");
        assert!(
            hint.contains("'unprivileged_userns (enforce)'") && hint.contains("'userns,'"),
            "{hint}"
        );
    }
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
    assert_eq!(
        hint,
        "PID namespaces may be nested 32 deep, and we are in number 32"
    );
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
fn a_refused_proc_has_its_reason() {
    let with = |asked: &[Kind], files: &[(&str, &str)]| {
        hint_for(
            Attempt::Mount {
                fstype: "proc",
                on: "/proc".into(),
            },
            Errno::EPERM,
            asked,
            files,
        )
    };
    assert!(
        with(&[Kind::User, Kind::Mount], &[MOUNTS])
            .unwrap()
            .ends_with("add --pid --fork")
    );
    let masked = (
        "/proc/self/mountinfo",
        "1 0 0:4 / /proc rw - proc p rw\n2 1 0:5 / /proc/kcore rw - tmpfs t rw\n",
    );
    let all = [Kind::User, Kind::Mount, Kind::Pid];
    assert!(
        with(&all, &[masked])
            .unwrap()
            .starts_with("proc is partly masked here (/proc/kcore is covered")
    );
    assert_eq!(with(&all, &[MOUNTS]), None);
    let none = ("/proc/self/mountinfo", "1 0 8:1 / / rw - ext4 a rw\n");
    assert!(with(&all, &[none]).unwrap().ends_with("here is none"));
    assert_eq!(with(&all, &[]), None);
}

#[test]
fn a_shared_mount_is_named() {
    let attempt = || Attempt::Keep {
        kind: Kind::Mount,
        file: "/dev/null".into(),
    };
    let shared = (
        "/proc/self/mountinfo",
        "1 0 8:1 / / rw shared:1 - ext4 a rw\n",
    );
    let private = (
        "/proc/self/mountinfo",
        "1 0 8:1 / / rw shared:1 - ext4 a rw\n2 1 8:1 / /dev rw - d d rw\n",
    );
    let hint_of = |file| hint_for(attempt(), Errno::EINVAL, &[Kind::Mount], &[file]);
    assert!(hint_of(shared).unwrap().starts_with("/ is a shared mount"));
    assert!(
        hint_of(private)
            .unwrap()
            .contains("only in one that is older")
    );
}

#[test]
fn the_programs_for_maps_are_explained() {
    let made = Made::of(&[("/etc/subuid", "")]);
    let view = View::below(&made.0);
    let helper = |name, ending| {
        super::hint(
            &Failure::Helper {
                name,
                ending: Some(ending),
            },
            Situation::default(),
            &view,
        )
    };
    assert!(
        helper("newuidmap", Status::Exited(127))
            .unwrap()
            .contains("package uidmap")
    );
    assert!(
        helper("newuidmap", Status::Exited(1))
            .unwrap()
            .starts_with("/etc/subuid allows this user nothing")
    );
    assert_eq!(
        helper("the helper that keeps namespaces", Status::Exited(1)),
        None
    );
}

#[test]
fn a_shell_that_stays_outside_is_told_so() {
    let situation = |forks, runs_shell| Situation {
        kinds: kinds(&[Kind::Pid]),
        forks,
        runs_shell,
        ..Situation::default()
    };
    assert!(shell_stays_outside(situation(false, true)).is_some());
    assert_eq!(shell_stays_outside(situation(true, true)), None);
    assert_eq!(shell_stays_outside(situation(false, false)), None);
}
