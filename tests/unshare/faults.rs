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

#[test]
fn unshare_refused() {
    let Some(scene) = Scene::new() else { return };
    for options in [&["-m"][..], &["-u", "-f"], &["-n", "--mount-proc"], &["-fp"]] {
        assert_fails(&scene, echo(&scene, ALICE, options), 1, &["unshare", REFUSED]);
    }
}

#[test]
fn a_missing_file_to_keep_a_namespace_on() {
    let Some(scene) = Scene::new() else { return };
    let file = scene.text("missing");
    for kind in ["mount", "uts", "ipc", "net", "cgroup", "time"] {
        let option = format!("--{kind}={file}");
        assert_fails(&scene, echo(&scene, ROOT, &[&option]), 1, &[&file, MISSING]);
    }
}

#[test]
fn a_missing_file_is_noticed_before_a_child_runs() {
    if on_purpose("theirs binds while the child runs already") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    let file = scene.text("missing");
    for kind in ["mount", "pid", "uts", "time", "user"] {
        let option = format!("--{kind}={file}");
        assert_fails(&scene, echo(&scene, ROOT, &[&option, "-f"]), 1, &[&file, MISSING]);
    }
}

#[test]
fn one_of_two_files_that_cannot_be_bound() {
    if their_bug("what was bound before stays bound") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
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

#[test]
fn a_kept_namespace_is_given_up_when_a_later_step_fails() {
    if on_purpose("theirs leaves the namespace bound") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
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

#[test]
fn a_bad_root_or_working_directory() {
    let Some(scene) = Scene::new() else { return };
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

#[test]
fn a_working_directory_is_not_found_outside_of_the_new_root() {
    let Some(scene) = Scene::new() else { return };
    let (root, outside) = (scene.subdirectory("root"), scene.subdirectory("outside"));
    assert_fails(&scene, echo(&scene, ROOT, &["-R", &root, "-w", &outside]), 1, &[&outside, MISSING]);
}

#[test]
fn proc_refused() {
    let Some(scene) = Scene::new() else { return };
    assert_fails(&scene, echo(&scene, ROOT, &["--mount-proc=/no/such"]), 1, &["/no/such", MISSING]);
    // The PID namespace is not one of the new user namespace.
    assert_fails(&scene, echo(&scene, ALICE, &["-r", "--mount-proc"]), 1, &["/proc", REFUSED]);
}

#[test]
fn a_hint_is_about_the_system_and_not_about_a_new_root() {
    if on_purpose("theirs has no hints") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
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

#[test]
fn setgroups_refused() {
    let Some(scene) = Scene::new() else { return };
    assert_fails(&scene, echo(&scene, ROOT, &["--setgroups=deny"]), 1, &["/proc/self/setgroups", REFUSED]);
    assert_fails(&scene, echo(&scene, ALICE, &["-r", "-G", "0"]), 1, &["setgroups", REFUSED]);
}

#[test]
fn setuid_and_setgid_refused() {
    let Some(scene) = Scene::new() else { return };
    assert_fails(&scene, echo(&scene, ALICE, &["-c", "-S", "5"]), 1, &["Invalid argument"]);
    assert_fails(&scene, echo(&scene, ALICE, &["-S", "0"]), 1, &[REFUSED]);
    assert_fails(&scene, echo(&scene, ROOT, &["--map-user=0", "-S", "5", "-f"]), 1, &["Invalid argument"]);
}

#[test]
fn an_offset_refused() {
    let Some(scene) = Scene::new() else { return };
    for option in ["--boottime=-4000000000", "--monotonic=-4000000000", "--boottime=9000000000000000000"] {
        for more in ["-T", "-fT"] {
            let words = ["timens_offsets", "Numerical result out of range"];
            assert_fails(&scene, echo(&scene, ROOT, &[more, option]), 1, &words);
        }
    }
}

#[test]
fn a_map_refused() {
    let Some(scene) = Scene::new() else { return };
    // Bob may map no block, and alice only hers.
    for (user, option) in [(BOB, "--map-users=200000,0,10"), (ALICE, "--map-users=200000,0,10")] {
        for more in [&[][..], &["-f"], &["-fp", "--mount-proc"]] {
            let line: Vec<&str> = more.iter().copied().chain([option]).collect();
            let outcome = echo(&scene, user, &line).run();
            assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""), "{outcome:?}");
        }
    }
}

#[test]
fn a_map_refused_is_told() {
    if on_purpose("theirs leaves the word to newuidmap") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
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

#[test]
fn newuidmap_that_fails() {
    if on_purpose("theirs ends with the status of newuidmap, and says nothing") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    let path = with_newuidmap(&scene, "#!/bin/sh\nexit 3\n");
    let call = echo(&scene, ALICE, &["--map-auto"]).env("PATH", path);
    // It has said nothing, so at least the hint must.
    let outcome = assert_fails(&scene, call, 1, &[]);
    assert!(outcome.stderr.starts_with("unshare: hint: "), "{outcome:?}");
}

#[test]
fn newuidmap_that_is_killed() {
    if their_bug("a helper that dies of a signal is taken for success") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    let path = with_newuidmap(&scene, "#!/bin/sh\nkill -9 $$\n");
    let call = echo(&scene, ALICE, &["--map-auto"]).env("PATH", path);
    assert_fails(&scene, call, 1, &["newuidmap", "signal 9"]);
}

#[test]
fn newuidmap_that_is_not_there() {
    if on_purpose("theirs ends with 127, as if the program had not been found") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    let call = echo(&scene, ALICE, &["--map-auto"]).env("PATH", "/no/such");
    assert_fails(&scene, call, 1, &["newuidmap"]);
}

#[test]
fn newuidmap_gets_the_ids_of_the_process_and_of_the_map() {
    let Some(scene) = Scene::new() else { return };
    let path = with_newuidmap(&scene, "#!/bin/sh\necho \"$PPID $*\" >&2\nexit 1\n");
    let outcome = echo(&scene, ALICE, &["--map-auto"]).env("PATH", path).run();
    let line = outcome.stderr.lines().next().unwrap();
    let mut words = line.split(' ');
    let (parent, process) = (words.next().unwrap(), words.next().unwrap());
    assert_ne!(parent, process);
    assert_eq!(words.collect::<Vec<_>>(), ["0", "100000", "65536"], "{line}");
}

#[test]
fn unshare_killed_while_newuidmap_runs_leaves_no_helper() {
    let Some(scene) = Scene::new() else { return };
    let path = with_newuidmap(&scene, "#!/bin/sh\necho mapping\nread line\nexit 1\n");
    let mut process = echo(&scene, ALICE, &["--map-auto"]).env("PATH", path).leashed().spawn();
    process.expect("mapping\n");
    process.signal(libc::SIGKILL);
    assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL));
    process.release();
    let outcome = process.finish();
    assert_eq!(outcome.stdout, "mapping\n");
}

#[test]
fn fork_refused() {
    let Some(scene) = Scene::new() else { return };
    for options in [&["-f"][..], &["--map-auto"]] {
        let unshare = scene.text("bin/unshare");
        let line = ["--nproc=1", &*unshare].into_iter().chain(options.iter().copied()).chain(["echo", "ran"]);
        let call = scene.call("/usr/bin/prlimit", line).user(ALICE);
        assert_fails(&scene, call, 1, &["fork", "Resource temporarily unavailable"]);
    }
}

#[test]
fn a_kept_user_namespace_that_cannot_be_made() {
    if newer_than_theirs((2, 42), "--user=FILE") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    let file = scene.file("user", "");
    let option = format!("--user={file}");
    // Alice may make it, but not mount anything where she is.
    assert_fails(&scene, echo(&scene, ALICE, &[&option, "-r"]), 1, &["user", &file, REFUSED]);
}

#[test]
fn what_does_not_fit_together_is_said_before_any_effect() {
    let Some(scene) = Scene::new() else { return };
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
