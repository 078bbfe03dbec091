//! A target that wants more for the program than it has itself, or to be left alone.

use super::{Container, docker, like, refused};
use crate::common::{needs_root, on_purpose};
use crate::scene;

/// What is told of a call that it was carried out, and was not: the errno is 0.
const PRETENDED: [(&str, i64); 6] = [
    ("capset", libc::SYS_capset),
    ("prctl", libc::SYS_prctl),
    ("prlimit64", libc::SYS_prlimit64),
    ("setgroups", libc::SYS_setgroups),
    ("setuid", libc::SYS_setuid),
    ("setsid", libc::SYS_setsid),
];

scene_test!(a_filter_that_pretends_gives_no_rights);
fn a_filter_that_pretends_gives_no_rights() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let probe = scene.text("bin/probe");
    for (name, call) in PRETENDED {
        // Root in a user namespace needs no no_new_privs for a filter.
        let rights = format!(
            "--bounding-set={},+sys_admin --inh-caps=-all --clear-groups {probe} refuse {call} 0 0",
            super::names(super::DOCKER)
        );
        let target = Container { filters: 0, rights, ..docker() }.start(&scene);
        let status = std::fs::read_to_string(target.proc("status")).unwrap();
        assert!(status.contains("Seccomp:\t2\n") && status.contains("NoNewPrivs:\t0\n"), "{name}: {status}");
        let grep = ["grep", "-E", "^(Uid|Cap|Groups)", "/proc/self/status"];
        let seen = scene.nsenter(["-t", &target.id(), "--like-target"]).args(grep).ok();
        let of_target: Vec<&str> =
            status.lines().filter(|line| ["Uid", "Cap", "Groups"].iter().any(|name| line.starts_with(name))).collect();
        assert_eq!(seen.lines().collect::<Vec<_>>(), of_target, "{name}");
    }
}

/// The letter of its state in /proc/PID/stat.
fn state(target: &crate::Target) -> String {
    let stat = std::fs::read_to_string(target.proc("stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.chars().take(1).collect()
}

scene_test!(the_target_runs_on_whatever_happens);
fn the_target_runs_on_whatever_happens() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let target = docker().start(&scene);
    // It sleeps, once it has been let go and has run.
    let runs_on = || crate::common::poll_until("the target to run on", || state(&target) == "S");
    let args = ["-t", &target.id(), "--like-target", "echo", "run"];
    // What we do with the stopped process fails. That the one we are killed in is no other: tests/faults.
    for (call, errno) in [(libc::SYS_wait4, libc::ECHILD), (libc::SYS_ptrace, libc::EIO)] {
        let outcome = scene.nsenter(args).refused(&scene, call, errno, 0).run();
        // A filter of our own: the target's cannot be read, so it is not tried.
        assert!(outcome.stderr.contains("is not in force"), "{outcome:?}");
        runs_on();
    }
    assert_eq!(scene.nsenter(args).ok(), "run\n");
    runs_on();
    // Who was stopped stays so, and is entered all the same.
    // SAFETY: plain numbers.
    assert_eq!(unsafe { libc::kill(target.pid(), libc::SIGSTOP) }, 0);
    crate::common::poll_until("a stop", || state(&target) == "T");
    assert_eq!(scene.nsenter(args).ok(), "run\n");
    crate::common::poll_until("a stop", || state(&target) == "T");
}

scene_test!(a_passwd_file_inside_that_is_none_is_not_waited_for);
fn a_passwd_file_inside_that_is_none_is_not_waited_for() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    for (made, home) in [
        ("mkfifo /mnt/passwd; mount --bind /mnt/passwd /etc/passwd", "/"),
        ("ln -s /dev/zero /mnt/passwd; mount --bind /mnt/passwd /etc/passwd", "/"),
        ("yes x:x:1:1::/x:/x | head -c 5000000 >/mnt/passwd; mount --bind /mnt/passwd /etc/passwd", "/"),
        ("printf 'root:x:0:0::/a\\0b:/x\\n' >/mnt/passwd; mount --bind /mnt/passwd /etc/passwd", "/"),
        ("echo root:x:0:0::/there:/x >/mnt/passwd; mount --bind /mnt/passwd /etc/passwd", "/there"),
    ] {
        let prepare = format!("mount -t tmpfs none /mnt; {made}");
        let target = Container { prepare: &prepare, environment: &["PATH=/usr/bin:/bin"], ..docker() }.start(&scene);
        let seen = like(&scene, &target, &[]);
        assert!(seen.all("env").contains(&&*format!("HOME={home}")), "{made}: {seen:?}");
    }
}

scene_test!(variables_of_the_loader_do_not_come_along_where_they_would_give_rights);
fn variables_of_the_loader_do_not_come_along_where_they_would_give_rights() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let rights = "--inh-caps=-all --reuid 1001 --regid 1001 --clear-groups".to_string();
    let environment = &["PATH=/usr/bin:/bin", "LD_PRELOAD=/x"];
    let target = Container { rights, environment, filters: 0, ..docker() }.start(&scene);
    let call = scene.nsenter(["-t", &target.id(), "--like-target", "-S0", &scene.text("bin/probe"), "seen"]);
    let outcome = call.run();
    assert!(!outcome.stdout.contains("LD_PRELOAD"), "{outcome:?}");
    assert_eq!(outcome.stderr, "nsenter: note: left out of the target's environment: LD_PRELOAD\n");
}

scene_test!(a_target_that_ends_is_no_target);
fn a_target_that_ends_is_no_target() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let target = docker().start(&scene);
    let id = target.id();
    target.end();
    let outcome = refused(scene.nsenter(["-t", &id, "--like-target", "echo", "run"]));
    outcome.says(1, &format!("nsenter: failed to pidfd_open() for {id}: No such process"));
}
