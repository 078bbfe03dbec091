//! Which program is run, with which arguments and environment, and how unshare ends.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use crate::common::{BOB, Ending, Scene, newer_than_theirs, on_purpose, their_bug};

scene_test!(the_exit_status_is_that_of_the_program);
fn the_exit_status_is_that_of_the_program() {
    let scene = Scene::new();
    for options in [&[][..], &["-f"], &["-fp"], &["--kill-child"], &["-r"], &["-fUpm"]] {
        for status in [0, 1, 7, 255] {
            let call = scene.unshare(options).args(["probe", "exit", &status.to_string()]);
            assert_eq!(call.run().ending, Ending::Exited(status), "{options:?}");
        }
    }
}

scene_test!(the_signal_that_the_program_dies_of_is_passed_on);
fn the_signal_that_the_program_dies_of_is_passed_on() {
    let scene = Scene::new();
    for options in [&[][..], &["-f"], &["--kill-child"]] {
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGUSR1, libc::SIGPIPE] {
            let call = scene.unshare(options).args(["probe", "die", &signal.to_string()]);
            assert_eq!(call.run().ending, Ending::Killed(signal), "{options:?}");
        }
    }
}

scene_test!(sigkill_is_passed_on_like_any_other);
fn sigkill_is_passed_on_like_any_other() {
    their_bug("a child killed by SIGKILL gives status 1, because that has no disposition to set");
    let scene = Scene::new();
    for options in [&[][..], &["-f"], &["--kill-child"]] {
        let killed = scene.unshare(options).args(["probe", "die", "9"]).run();
        assert_eq!((killed.ending, &*killed.stderr), (Ending::Killed(9), ""), "{options:?}");
    }
}

scene_test!(the_signal_is_passed_on_whether_or_not_a_core_was_dumped);
fn the_signal_is_passed_on_whether_or_not_a_core_was_dumped() {
    let scene = Scene::new();
    for limit in [0, 64 << 20] {
        let call = scene.unshare(["-f", "probe", "die", "11"]).core_limit(limit);
        assert_eq!(call.run().ending, Ending::Killed(libc::SIGSEGV), "{limit}");
    }
}

scene_test!(a_program_that_is_not_found_gives_127);
fn a_program_that_is_not_found_gives_127() {
    let scene = Scene::new();
    for program in ["no-such-program", "./no-such-program", "/no/such/program"] {
        let outcome = scene.unshare([program]).run();
        outcome.says(127, &format!("unshare: failed to execute {program}: No such file or directory"));
        let outcome = scene.unshare(["-f", program]).run();
        outcome.says(127, &format!("unshare: failed to execute {program}: No such file or directory"));
    }
}

scene_test!(a_program_that_cannot_be_run_gives_126);
fn a_program_that_cannot_be_run_gives_126() {
    let scene = Scene::new();
    let plain = scene.file("plain", "#!/bin/sh\n");
    let directory = scene.subdirectory("directory");
    for program in [&plain, &directory] {
        let outcome = scene.unshare([program]).run();
        outcome.says(126, &format!("unshare: failed to execute {program}: Permission denied"));
    }
}

scene_test!(an_executable_without_a_known_format_is_run_by_the_shell);
fn an_executable_without_a_known_format_is_run_by_the_shell() {
    let scene = Scene::new();
    let script = scene.program("formless", "echo \"$0 $# $1 $2\"\n");
    let expected = format!("{script} 2 a b c\n");
    assert_eq!(scene.unshare([&*script, "a", "b c"]).ok(), expected);
    // The same, found through $PATH.
    let path = scene.directory().display().to_string();
    assert_eq!(scene.unshare(["formless", "a", "b c"]).env("PATH", format!("/usr/bin:{path}")).ok(), expected);
}

scene_test!(arguments_are_bytes);
fn arguments_are_bytes() {
    let scene = Scene::new();
    let bytes = |bytes: &'static [u8]| OsString::from(OsStr::from_bytes(bytes));
    let odd = bytes(b"\xff\xfe \n'");
    let line = [bytes(b"-f"), bytes(b"probe"), bytes(b"seen"), odd.clone(), bytes(b""), bytes(b"--uts")];
    let seen = scene.unshare(&line).seen();
    assert_eq!(seen.all("arg"), ["seen", "\\xff\\xfe \\n\\'", "", "--uts"]);

    let directory = scene.path("place").join(&odd);
    std::fs::create_dir_all(&directory).unwrap();
    crate::common::copy_to_run(&crate::common::probe(), &directory.join(&odd));
    let mut program = OsString::from("./");
    program.push(&odd);
    let seen = scene.unshare([OsStr::new("--wd"), directory.as_os_str(), &program, OsStr::new("seen")]).seen();
    assert_eq!(seen.one("name"), "\\xff\\xfe \\n\\'");
}

/// What a shell that is started without a program says of its own name.
fn shell(call: crate::common::Call, scene: &Scene) -> String {
    let script = scene.file("script", "echo \"$0\"\n");
    call.stdin(File::open(script).unwrap()).ok()
}

scene_test!(without_a_program_the_shell_of_the_variable_runs_as_a_login_shell);
fn without_a_program_the_shell_of_the_variable_runs_as_a_login_shell() {
    let scene = Scene::new();
    for options in [&[][..], &["-u"], &["--"], &["-f"]] {
        let call = scene.unshare(options).env("SHELL", "/bin/dash");
        assert_eq!(shell(call, &scene), "-dash\n", "{options:?}");
    }
    let without = scene.unshare(["-u"]);
    assert_eq!(shell(without, &scene), "-sh\n");
}

scene_test!(without_the_variable_it_is_the_shell_of_the_user);
fn without_the_variable_it_is_the_shell_of_the_user() {
    on_purpose("2.38 knows $SHELL and /bin/sh only, and an empty $SHELL fails");
    let scene = Scene::new();
    assert_eq!(shell(scene.unshare([""; 0]).user(BOB), &scene), "-dash\n");
    assert_eq!(shell(scene.unshare([""; 0]).user(BOB).env("SHELL", ""), &scene), "-dash\n");
    // An unmapped user has no entry: nobody's shell would only refuse.
    assert_eq!(shell(scene.unshare(["-U"]).user(BOB), &scene), "-sh\n");
    assert_eq!(shell(scene.unshare(["-c"]).user(BOB), &scene), "-dash\n");
}

scene_test!(the_environment_is_passed_on);
fn the_environment_is_passed_on() {
    let scene = Scene::new();
    let odd = OsStr::from_bytes(b"\xff=\n");
    let seen = scene.unshare(["-f", "/proc/self/cwd/bin/probe", "seen"]).no_env().env("A", "1").env("ODD", odd).seen();
    assert_eq!(seen.all("env"), ["A=1", "ODD=\\xff=\\n"]);
}

scene_test!(clear_env_leaves_nothing);
fn clear_env_leaves_nothing() {
    newer_than_theirs((2, 43), "--clear-env");
    let scene = Scene::new();
    let probe = scene.text("bin/probe");
    assert_eq!(scene.unshare(["--clear-env", &probe, "seen"]).seen().all("env"), [""; 0]);
    // Not even $PATH to find the program by.
    let outcome = scene.unshare(["--clear-env", "probe", "seen"]).run();
    outcome.says(127, "unshare: failed to execute probe: No such file or directory");
}

scene_test!(whitelist_env_leaves_only_what_it_names);
fn whitelist_env_leaves_only_what_it_names() {
    newer_than_theirs((2, 43), "--whitelist-env");
    let scene = Scene::new();
    let probe = scene.text("bin/probe");
    for (options, expected) in [
        (&["--whitelist-env", "A"][..], &["A=1"][..]),
        (&["--whitelist-env=B,A"], &["A=1", "B=2"]),
        (&["--whitelist-env=A", "--whitelist-env", "C,NONE"], &["A=1", "C="]),
        (&["--clear-env", "--whitelist-env=B"], &["B=2"]),
        (&["--whitelist-env=NONE"], &[]),
        (&["--whitelist-env="], &[]),
    ] {
        let call = scene.unshare(options).args([&*probe, "seen"]);
        let seen = call.no_env().env("A", "1").env("B", "2").env("C", "").env("AB", "3").seen();
        assert_eq!(seen.all("env"), expected, "{options:?}");
    }
}

scene_test!(a_program_named_by_a_descriptor_is_not_found_among_ours);
fn a_program_named_by_a_descriptor_is_not_found_among_ours() {
    let scene = Scene::new();
    let file = scene.file("uts", "");
    let keep = format!("--uts={file}");
    let seen = scene.probe(["seen"]).seen();
    let is_callers = |fd: &i32| seen.all("fd").iter().any(|line| line.starts_with(&format!("{fd} ")));
    for options in [&["-u"][..], &["-f"], &["--kill-child"], &["-r"], &[&keep], &[&keep, "-f"]] {
        for fd in (3..12).filter(|fd| !is_callers(fd)) {
            let program = format!("/proc/self/fd/{fd}");
            let outcome = scene.unshare(options).args([&program]).run();
            outcome.says(127, &format!("unshare: failed to execute {program}: No such file or directory"));
        }
    }
}
