//! The scenes themselves: what other tests rely on.

use crate::common::{ALICE, Call, Ending, Scene, Seen};

scene_test!(a_scene_has_users_of_its_own);
fn a_scene_has_users_of_its_own() {
    let scene = Scene::new();
    assert_eq!(scene.call("id", ["-u", "alice"]).ok(), "1001\n");
    assert_eq!(scene.call("id", ["-un"]).user(ALICE).ok(), "alice\n");
    assert_ne!(Call::new("id").args(["alice"]).run().ending, Ending::Exited(0));
}

scene_test!(a_call_passes_on_what_it_is_given_and_nothing_else);
fn a_call_passes_on_what_it_is_given_and_nothing_else() {
    let scene = Scene::new();
    let null = std::fs::File::open("/dev/null").unwrap();
    let seen = scene.probe(["seen", "a b"]).user(ALICE).groups(&[50]).umask(0o27).closed(0).given(9, null);
    let seen = seen.ignoring(libc::SIGPIPE).blocking(libc::SIGTERM).no_env().env("A", "1").seen();
    assert_eq!(seen.all("arg"), ["seen", "a b"]);
    assert_eq!(seen.all("env"), ["A=1"]);
    assert_eq!(seen.one("uid"), "1001 1001 1001");
    assert_eq!(seen.one("groups"), "50");
    assert_eq!(seen.one("umask"), "027");
    assert_eq!(seen.all("ignored"), ["13"]);
    assert_eq!(seen.all("blocked"), ["15"]);
    assert_eq!(seen.one("cwd"), scene.directory().to_str().unwrap());
    let mut fds = seen.all("file").into_iter().map(|line| line.split(' ').next().unwrap());
    // What the test harness was started with may be open as well.
    assert_eq!(fds.next(), Some("1"));
    assert!(fds.any(|fd| fd == "9"));
}

scene_test!(a_process_that_is_left_behind_is_found);
fn a_process_that_is_left_behind_is_found() {
    let scene = Scene::new();
    let mut shell = scene.call("/bin/sh", ["-c", "exec 3<&0; probe hold <&3 & exit 3"]).leashed().spawn();
    assert_eq!(shell.wait(), Ending::Exited(3));
    assert_eq!(shell.left_behind().len(), 1);
}

scene_test!(lines_of_a_probe_are_found_by_their_first_word);
fn lines_of_a_probe_are_found_by_their_first_word() {
    let seen = Seen::read("a 1\nab 2\na 3 4\n");
    assert_eq!(seen.all("a"), ["1", "3 4"]);
    assert_eq!(seen.one("ab"), "2");
    assert_eq!(seen.without(&["a"]).lines(), ["ab 2"]);
}
