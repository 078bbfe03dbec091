//! Each kind of step made to fail: the object is named, the program does not run, and nothing is left behind.

use crate::common::{ALICE, BOB, Call, Ending, Outcome, ROOT, Scene, User, newer_than_theirs, on_purpose, their_bug};

/// Asserts that a call fails with `status` before the program says `ran`, with a message that holds all of `words`, and
/// leaves the mounts of the scene as they were. (That no process is left, [`Call::run`] sees to.)
#[track_caller]
fn assert_fails(scene: &Scene, call: Call, status: i32, words: &[&str]) -> Outcome {
    let before = scene.mountinfo();
    let outcome = call.run();
    assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(status), ""), "{outcome:?}");
    // Programs that help, as newuidmap, may have had a word before.
    let mut lines = outcome.stderr.lines().filter_map(|line| line.strip_prefix("unshare: "));
    let named = |line: &str| words.iter().all(|word| line.contains(word));
    assert!(lines.any(named), "not all of {words:?}: {outcome:?}");
    assert_eq!(scene.mountinfo(), before, "{outcome:?}");
    outcome
}

fn echo(scene: &Scene, user: User, options: &[&str]) -> Call {
    scene.unshare(options.iter().copied().chain(["echo", "ran"])).user(user)
}

const REFUSED: &str = "Operation not permitted";
const MISSING: &str = "No such file or directory";

scene_test!(unshare_refused);
fn unshare_refused() {
    let scene = Scene::new();
    for options in [&["-m"][..], &["-u", "-f"], &["-n", "--mount-proc"], &["-fp"]] {
        assert_fails(&scene, echo(&scene, ALICE, options), 1, &["unshare", REFUSED]);
    }
}

scene_test!(a_missing_file_to_keep_a_namespace_on);
fn a_missing_file_to_keep_a_namespace_on() {
    let scene = Scene::new();
    let file = scene.text("missing");
    for kind in ["mount", "uts", "ipc", "net", "cgroup", "time"] {
        let option = format!("--{kind}={file}");
        assert_fails(&scene, echo(&scene, ROOT, &[&option]), 1, &[&file, MISSING]);
    }
}

scene_test!(a_missing_file_is_noticed_before_a_child_runs);
fn a_missing_file_is_noticed_before_a_child_runs() {
    on_purpose("theirs binds while the child runs already");
    let scene = Scene::new();
    let file = scene.text("missing");
    for kind in ["mount", "pid", "uts", "time", "user"] {
        let option = format!("--{kind}={file}");
        assert_fails(&scene, echo(&scene, ROOT, &[&option, "-f"]), 1, &[&file, MISSING]);
    }
}

scene_test!(one_of_two_files_that_cannot_be_bound);
fn one_of_two_files_that_cannot_be_bound() {
    their_bug("what was bound before stays bound");
    let scene = Scene::new();
    let file = scene.file("file", "");
    let directory = scene.subdirectory("directory");
    for (first, second) in [("uts", "ipc"), ("ipc", "uts"), ("cgroup", "net"), ("net", "cgroup"), ("uts", "time")] {
        let options = [format!("--{first}={file}"), format!("--{second}={directory}")];
        for more in [&[][..], &["-f"], &["-m"], &["-m", "-f"]] {
            let line: Vec<&str> = options.iter().map(String::as_str).chain(more.iter().copied()).collect();
            assert_fails(&scene, echo(&scene, ROOT, &line), 1, &[second, &directory, "Not a directory"]);
        }
    }
}

scene_test!(a_kept_namespace_is_given_up_when_a_later_step_fails);
fn a_kept_namespace_is_given_up_when_a_later_step_fails() {
    on_purpose("theirs leaves the namespace bound");
    let scene = Scene::new();
    let keep = format!("--uts={}", scene.file("uts", ""));
    for (options, status, words) in [
        (&["-R", "/no/such"][..], 1, ["/no/such", MISSING]),
        (&["-w", "/no/such"], 1, ["/no/such", MISSING]),
        (&["--mount-proc=/no/such"], 1, ["/no/such", MISSING]),
        (&["-r", "-S", "5"], 1, ["setuid failed", "Invalid argument"]),
        (&["-r", "-G", "5"], 1, ["setgroups", REFUSED]),
        (&["-w", "/", "no/such"], 127, ["no/such", MISSING]),
        (&["-w", "/", "/etc/passwd"], 126, ["/etc/passwd", "Permission denied"]),
    ] {
        for more in [&[][..], &["-f"], &["-m"], &["-f", "--kill-child"]] {
            let line: Vec<&str> = [&*keep].iter().chain(more).chain(options).copied().collect();
            assert_fails(&scene, echo(&scene, ROOT, &line), status, &words);
        }
    }
}

scene_test!(a_bad_root_or_working_directory);
fn a_bad_root_or_working_directory() {
    let scene = Scene::new();
    let file = scene.file("file", "");
    for option in ["-R", "-w"] {
        for more in [&[][..], &["-f"], &["-m"], &["-fpm", "--mount-proc"]] {
            let missing: Vec<&str> = more.iter().copied().chain([option, "/no/such"]).collect();
            assert_fails(&scene, echo(&scene, ROOT, &missing), 1, &["/no/such", MISSING]);
            let no_directory: Vec<&str> = more.iter().copied().chain([option, &file]).collect();
            assert_fails(&scene, echo(&scene, ROOT, &no_directory), 1, &[&file, "Not a directory"]);
        }
    }
    assert_fails(&scene, echo(&scene, ALICE, &["-R", "/"]), 1, &[REFUSED]);
}

scene_test!(a_working_directory_is_not_found_outside_of_the_new_root);
fn a_working_directory_is_not_found_outside_of_the_new_root() {
    let scene = Scene::new();
    let (root, outside) = (scene.subdirectory("root"), scene.subdirectory("outside"));
    assert_fails(&scene, echo(&scene, ROOT, &["-R", &root, "-w", &outside]), 1, &[&outside, MISSING]);
}

scene_test!(proc_refused);
fn proc_refused() {
    let scene = Scene::new();
    assert_fails(&scene, echo(&scene, ROOT, &["--mount-proc=/no/such"]), 1, &["/no/such", MISSING]);
    // The PID namespace is not one of the new user namespace.
    assert_fails(&scene, echo(&scene, ALICE, &["-r", "--mount-proc"]), 1, &["/proc", REFUSED]);
}

scene_test!(a_hint_is_about_the_system_and_not_about_a_new_root);
fn a_hint_is_about_the_system_and_not_about_a_new_root() {
    on_purpose("theirs has no hints");
    let scene = Scene::new();
    // The kernel lets a user mount proc only where nothing of it is covered.
    scene.mount(["-t", "tmpfs", "none", "/proc/sys"]);
    scene.subdirectory("root/proc/self");
    scene.file(
        "root/proc/self/mountinfo",
        "1 0 8:1 / / rw - ext4 a rw\n2 1 0:4 / /proc rw - proc proc rw\n3 2 0:5 / /proc/misled rw - x x rw\n",
    );
    let root = scene.text("root");
    let options = ["-r", "-m", "-p", "-f", "-R", &root, "--mount-proc"];
    let call = echo(&scene, ALICE, &options);
    let outcome = assert_fails(&scene, call, 1, &["mount /proc failed", REFUSED]);
    assert!(!outcome.stderr.contains("misled"), "{outcome:?}");
}

scene_test!(setgroups_refused);
fn setgroups_refused() {
    let scene = Scene::new();
    assert_fails(&scene, echo(&scene, ROOT, &["--setgroups=deny"]), 1, &["/proc/self/setgroups", REFUSED]);
    assert_fails(&scene, echo(&scene, ALICE, &["-r", "-G", "0"]), 1, &["setgroups", REFUSED]);
}

scene_test!(setuid_and_setgid_refused);
fn setuid_and_setgid_refused() {
    let scene = Scene::new();
    assert_fails(&scene, echo(&scene, ALICE, &["-c", "-S", "5"]), 1, &["Invalid argument"]);
    assert_fails(&scene, echo(&scene, ALICE, &["-S", "0"]), 1, &[REFUSED]);
    assert_fails(&scene, echo(&scene, ROOT, &["--map-user=0", "-S", "5", "-f"]), 1, &["Invalid argument"]);
}

scene_test!(an_offset_refused);
fn an_offset_refused() {
    let scene = Scene::new();
    for option in ["--boottime=-4000000000", "--monotonic=-4000000000", "--boottime=9000000000000000000"] {
        for more in ["-T", "-fT"] {
            let words = ["timens_offsets", "Numerical result out of range"];
            assert_fails(&scene, echo(&scene, ROOT, &[more, option]), 1, &words);
        }
    }
}

scene_test!(a_map_refused);
fn a_map_refused() {
    let scene = Scene::new();
    // Bob may map no block, and alice only hers.
    for (user, option) in [(BOB, "--map-users=200000,0,10"), (ALICE, "--map-users=200000,0,10")] {
        for more in [&[][..], &["-f"], &["-fp", "--mount-proc"]] {
            let line: Vec<&str> = more.iter().copied().chain([option]).collect();
            let outcome = echo(&scene, user, &line).run();
            assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""), "{outcome:?}");
        }
    }
}

scene_test!(a_map_refused_is_told);
fn a_map_refused_is_told() {
    on_purpose("theirs leaves the word to newuidmap");
    let scene = Scene::new();
    let refused = |option, program: &str| {
        // The word is left to the program.
        let outcome = assert_fails(&scene, echo(&scene, ALICE, &[option]), 1, &[]);
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        assert!(lines[0].starts_with(&format!("{program}: ")) && lines[1].starts_with("unshare: hint: "), "{lines:?}");
    };
    refused("--map-users=0:200000:10", "newuidmap");
    refused("--map-groups=0:200000:10", "newgidmap");
    // As root the kernel itself refuses: the ids of the two lines overlap.
    let overlapping = echo(&scene, ROOT, &["--map-users=0:100:10", "--map-users=5:200:10"]);
    assert_fails(&scene, overlapping, 1, &["uid_map", "Invalid argument"]);
}

/// A scene whose alice finds this script as newuidmap.
fn with_newuidmap(scene: &Scene, script: &str) -> String {
    scene.subdirectory("fake");
    scene.program("fake/newuidmap", script);
    format!("{}:/usr/bin:/bin", scene.text("fake"))
}

scene_test!(newuidmap_that_fails);
fn newuidmap_that_fails() {
    on_purpose("theirs ends with the status of newuidmap, and says nothing");
    let scene = Scene::new();
    let path = with_newuidmap(&scene, "#!/bin/sh\nexit 3\n");
    let call = echo(&scene, ALICE, &["--map-auto"]).env("PATH", path);
    // It has said nothing, so at least the hint must.
    let outcome = assert_fails(&scene, call, 1, &[]);
    assert!(outcome.stderr.starts_with("unshare: hint: "), "{outcome:?}");
}

scene_test!(newuidmap_that_is_killed);
fn newuidmap_that_is_killed() {
    their_bug("a helper that dies of a signal is taken for success");
    let scene = Scene::new();
    let path = with_newuidmap(&scene, "#!/bin/sh\nkill -9 $$\n");
    let call = echo(&scene, ALICE, &["--map-auto"]).env("PATH", path);
    assert_fails(&scene, call, 1, &["newuidmap", "signal 9"]);
}

scene_test!(newuidmap_that_is_not_there);
fn newuidmap_that_is_not_there() {
    on_purpose("theirs ends with 127, as if the program had not been found");
    let scene = Scene::new();
    let call = echo(&scene, ALICE, &["--map-auto"]).env("PATH", "/no/such");
    assert_fails(&scene, call, 1, &["newuidmap"]);
}

scene_test!(newuidmap_gets_the_ids_of_the_process_and_of_the_map);
fn newuidmap_gets_the_ids_of_the_process_and_of_the_map() {
    let scene = Scene::new();
    let path = with_newuidmap(&scene, "#!/bin/sh\necho \"$PPID $*\" >&2\nexit 1\n");
    let outcome = echo(&scene, ALICE, &["--map-auto"]).env("PATH", path).run();
    let line = outcome.stderr.lines().next().unwrap();
    let mut words = line.split(' ');
    let (parent, process) = (words.next().unwrap(), words.next().unwrap());
    assert_ne!(parent, process);
    assert_eq!(words.collect::<Vec<_>>(), ["0", "100000", "65536"], "{line}");
}

scene_test!(unshare_killed_while_newuidmap_runs_leaves_no_helper);
fn unshare_killed_while_newuidmap_runs_leaves_no_helper() {
    let scene = Scene::new();
    let path = with_newuidmap(&scene, "#!/bin/sh\necho mapping\nread line\nexit 1\n");
    let mut process = echo(&scene, ALICE, &["--map-auto"]).env("PATH", path).leashed().spawn();
    process.expect("mapping\n");
    process.signal(libc::SIGKILL);
    assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL));
    process.release();
    let outcome = process.finish();
    assert_eq!(outcome.stdout, "mapping\n");
}

scene_test!(fork_refused);
fn fork_refused() {
    let scene = Scene::new();
    for options in [&["-f"][..], &["--map-auto"]] {
        let unshare = scene.text("bin/unshare");
        let line = ["--nproc=1", &*unshare].into_iter().chain(options.iter().copied()).chain(["echo", "ran"]);
        let call = scene.call("/usr/bin/prlimit", line).user(ALICE);
        assert_fails(&scene, call, 1, &["fork", "Resource temporarily unavailable"]);
    }
}

scene_test!(a_kept_user_namespace_that_cannot_be_made);
fn a_kept_user_namespace_that_cannot_be_made() {
    newer_than_theirs((2, 42), "--user=FILE");
    let scene = Scene::new();
    let file = scene.file("user", "");
    let option = format!("--user={file}");
    // Alice may make it, but not mount anything where she is.
    assert_fails(&scene, echo(&scene, ALICE, &[&option, "-r"]), 1, &["user", &file, REFUSED]);
}

scene_test!(what_does_not_fit_together_is_said_before_any_effect);
fn what_does_not_fit_together_is_said_before_any_effect() {
    crate::common::otherwise_since((2, 42), "a namespace is kept before the error");
    let scene = Scene::new();
    let keep = format!("--uts={}", scene.file("uts", ""));
    for options in [
        &["--boottime=1"][..],
        &["--monotonic=1"],
        &["-r", "--setgroups=allow"],
        &["--map-user=no-such-user"],
        &["--map-group=no-such-group"],
    ] {
        let line: Vec<&str> = [&*keep].iter().chain(options).copied().collect();
        assert_fails(&scene, echo(&scene, ROOT, &line), 1, &[]);
    }
}
