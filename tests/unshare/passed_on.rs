//! What reaches the program as if it had been run directly: descriptors, signals, umask, environment, limits.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use crate::common::{ALICE, Call, Ending, ROOT, Scene, Seen, User, newer_than_theirs, on_purpose, their_bug};

/// The ways of running a program: options, and who may use them.
fn ways(scene: &Scene) -> Vec<(Vec<String>, User)> {
    let keep = |kind: &str| format!("--{kind}={}", scene.file(kind, ""));
    let lines: [(&[&str], User); 11] = [
        (&[], ROOT),
        (&["-u"], ROOT),
        (&["--fork"], ROOT),
        (&["--fork", "--kill-child"], ROOT),
        (&["--fork", "--pid", "--mount-proc"], ROOT),
        (&["--map-auto"], ALICE),
        (&["--fork", "--map-auto"], ALICE),
        (&["-r", "--fork"], ALICE),
        (&["-r"], ALICE),
        (&["-m"], ROOT),
        (&["-T", "--boottime=1"], ROOT),
    ];
    let plain = lines.into_iter().map(|(line, user)| (line.iter().map(|word| word.to_string()).collect(), user));
    let kept = [vec![keep("uts")], vec![keep("net"), "--fork".into()]];
    plain.chain(kept.map(|line| (line, ROOT))).collect()
}

/// What a call hands on that a program could find changed.
fn laden(call: Call, user: User) -> Call {
    let null = || File::open("/dev/null").unwrap();
    let call = call.user(user).groups(&[50]).closed(0).given(9, null()).given(77, null());
    let call = call.ignoring(libc::SIGPIPE).ignoring(libc::SIGINT).ignoring(libc::SIGQUIT).ignoring(libc::SIGUSR2);
    let call = call.blocking(libc::SIGUSR1).blocking(libc::SIGTERM).blocking(34).blocking(37);
    call.umask(0o127).core_limit(4096).env("ODD", OsStr::from_bytes(b"\xff\n=")).env("EMPTY", "")
}

/// What is to be the same; the descriptors 1 and 2 are other files in each call.
fn comparable(seen: Seen) -> Seen {
    seen.without(&["ns", "pid", "uid", "gid", "groups", "caps", "death-signal", "file 1", "file 2"])
}

#[track_caller]
fn assert_passed_on(scene: &Scene, options: &[String], user: User, change: impl Fn(Call) -> Call) {
    let direct = change(laden(scene.probe(["seen"]), user)).arg0("probe").seen();
    let through = change(laden(scene.unshare(options).args(["probe", "seen"]), user)).seen();
    assert_eq!(comparable(through), comparable(direct), "{options:?} by {}", user.name);
}

scene_test!(everything_is_passed_on_in_each_way_of_running);
fn everything_is_passed_on_in_each_way_of_running() {
    let scene = Scene::new();
    for (options, user) in ways(&scene) {
        assert_passed_on(&scene, &options, user, |call| call);
    }
}

scene_test!(descriptor_0_stays_closed_and_so_does_2);
fn descriptor_0_stays_closed_and_so_does_2() {
    let scene = Scene::new();
    for (options, user) in ways(&scene) {
        assert_passed_on(&scene, &options, user, |call| call.closed(2));
    }
}

scene_test!(descriptor_1_stays_closed);
fn descriptor_1_stays_closed() {
    let scene = Scene::new();
    for (options, user) in ways(&scene) {
        let line = options.iter().map(String::as_str).chain(["test", "-e", "/proc/self/fd/1"]);
        let outcome = scene.unshare(line).user(user).closed(1).run();
        assert_eq!(outcome.ending, Ending::Exited(1), "{options:?}");
    }
}

scene_test!(everything_is_passed_on_by_the_newer_ways_of_running);
fn everything_is_passed_on_by_the_newer_ways_of_running() {
    crate::common::otherwise_since((2, 42), "with --forward-signals, an ignored SIGINT is no longer ignored");
    newer_than_theirs((2, 42), "--user=FILE, --forward-signals, --owner");
    let scene = Scene::new();
    let user = format!("--user={}", scene.file("user", ""));
    let net = format!("--net={}", scene.file("net", ""));
    for line in [
        vec![&*user, "-r"],
        vec![&net, "--map-auto"],
        vec![&net, "--map-auto", "--fork"],
        vec!["--forward-signals"],
        vec!["--owner=1001:1001", "--map-auto"],
    ] {
        let options: Vec<String> = line.into_iter().map(String::from).collect();
        assert_passed_on(&scene, &options, ROOT, |call| call);
    }
}

scene_test!(everything_is_passed_on_beside_a_kept_mount_namespace);
fn everything_is_passed_on_beside_a_kept_mount_namespace() {
    let scene = Scene::new();
    let options = vec![format!("--mount={}", scene.file("mount", ""))];
    assert_passed_on(&scene, &options, ROOT, Call::on_the_scenes_processor);
}

scene_test!(the_program_has_no_children_that_it_did_not_make);
fn the_program_has_no_children_that_it_did_not_make() {
    let scene = Scene::new();
    for (options, user) in ways(&scene) {
        let line = options.iter().map(String::as_str).chain(["probe", "seen"]);
        assert_eq!(scene.unshare(line).user(user).seen().one("children"), "none", "{options:?}");
    }
}

scene_test!(the_end_of_a_helper_is_no_pending_signal);
fn the_end_of_a_helper_is_no_pending_signal() {
    their_bug("a blocked SIGCHLD of a helper process stays pending in the program");
    let scene = Scene::new();
    for (options, user) in ways(&scene) {
        assert_passed_on(&scene, &options, user, |call| call.blocking(libc::SIGCHLD));
    }
}

scene_test!(an_ignored_sigchld_is_passed_on_without_fork);
fn an_ignored_sigchld_is_passed_on_without_fork() {
    on_purpose("theirs resets it without --fork too");
    let scene = Scene::new();
    let seen = scene.unshare(["-u", "probe", "seen"]).ignoring(libc::SIGCHLD).seen();
    assert_eq!(seen.all("ignored"), ["17"]);
}

scene_test!(an_ignored_sigchld_is_reset_for_a_child_that_is_waited_for);
fn an_ignored_sigchld_is_reset_for_a_child_that_is_waited_for() {
    let scene = Scene::new();
    for options in [&["-f"][..], &["-f", "-p"], &["-r", "-f"]] {
        let call = scene.unshare(options).args(["probe", "seen"]).ignoring(libc::SIGCHLD);
        assert_eq!(call.seen().all("ignored"), [""; 0]);
        let call = scene.unshare(options).args(["probe", "exit", "7"]).ignoring(libc::SIGCHLD);
        assert_eq!(call.run().ending, Ending::Exited(7));
    }
}

scene_test!(credentials_stay_without_an_option_that_changes_them);
fn credentials_stay_without_an_option_that_changes_them() {
    let scene = Scene::new();
    for options in [&[][..], &["-f"]] {
        let call = |call: Call| call.user(ALICE).groups(&[50, 60]).seen();
        let [direct, through] = [call(scene.probe(["seen"])), call(scene.unshare(options).args(["probe", "seen"]))];
        for what in ["uid", "gid", "groups", "caps", "no-new-privs", "dumpable", "cwd", "death-signal"] {
            assert_eq!(through.all(what), direct.all(what), "{options:?}: {what}");
        }
    }
}

scene_test!(ignored_signals_stay_ignored_while_they_are_forwarded);
fn ignored_signals_stay_ignored_while_they_are_forwarded() {
    newer_than_theirs((2, 42), "--forward-signals");
    their_bug("they are reset to default");
    let scene = Scene::new();
    let call = scene.unshare(["--forward-signals", "probe", "seen"]);
    let seen = call.ignoring(libc::SIGINT).ignoring(libc::SIGTERM).seen();
    assert_eq!(seen.all("ignored"), ["2", "15"]);
}
