//! The program that cannot be run, and the command line that was meant otherwise.

use super::*;
use crate::common::Pty;

#[track_caller]
fn not_found(call: Call) -> String {
    hint_with(127, call, &[MISSING])
}

scene_test!(a_program_is_looked_for_below_the_new_root);
fn a_program_is_looked_for_below_the_new_root() {
    let scene = scene();
    let root = scene.subdirectory("root");
    scene.subdirectory("root/bin");
    for fork in [&[][..], &["-f"]] {
        let run = |program: &str| scene.unshare(fork).args(["-R", &root, program]);
        let name = not_found(run("ls"));
        let below = format!("it was looked for below the new root directory {root}, in the directories of PATH=");
        assert!(name.starts_with(&below), "{name}");
        let path = not_found(run("/bin/ls"));
        assert_eq!(path, format!("it was looked for below the new root directory {root}"));
    }
}

scene_test!(what_a_program_needs_is_missing);
fn what_a_program_needs_is_missing() {
    let scene = scene();
    let root = scene.subdirectory("root");
    scene.subdirectory("root/bin");
    copy_to_run("/bin/true".as_ref(), &scene.path("root/bin/dynamic"));
    scene.program("root/bin/script", "#! /opt/bin/runner -x\nfoo\n");
    scene.program("root/bin/windows", "#!/bin/sh\r\necho\r\n");
    scene.program("root/bin/second", "#!/bin/script\n");
    scene.program("root/bin/text", "echo\n");
    std::os::unix::fs::symlink("/opt/gone", scene.path("root/bin/link")).unwrap();
    for (program, words) in [
        ("dynamic", "the loader that /bin/dynamic names, /lib"),
        ("script", "the interpreter of /bin/script, /opt/bin/runner, is missing"),
        ("second", "the interpreter of /bin/script, /opt/bin/runner, is missing"),
        ("windows", "the first line of /bin/windows ends in a carriage return"),
        ("text", "the shell that is to run /bin/text, /bin/sh, is missing"),
        ("link", "/bin/link is a symbolic link to /opt/gone, which is missing"),
    ] {
        for name in [program.to_string(), format!("/bin/{program}")] {
            let hint = not_found(scene.unshare(["-R", &root, &name]).env("PATH", "/bin"));
            assert!(hint.starts_with(words), "{name}: {hint}");
        }
    }
    // Without a root of its own as well.
    let script = scene.program("script", "#!/no/such\n");
    let hint = not_found(scene.unshare([&script]));
    assert_eq!(hint, format!("the interpreter of {script}, /no/such, is missing"));
}

scene_test!(a_program_is_looked_for_without_a_path);
fn a_program_is_looked_for_without_a_path() {
    let scene = scene();
    for options in [&["--clear-env"][..], &["--whitelist-env=HOME"]] {
        let hint = not_found(scene.unshare(options).args(["no-such"]));
        assert_eq!(hint, "PATH is not set for the program, which was looked for in /bin:/usr/bin");
    }
    // What is not in PATH speaks for itself.
    assert!(scene.unshare(["no-such"]).run().failed("unshare", 127, &[MISSING]).is_empty());
    assert!(scene.unshare(["/no/such"]).run().failed("unshare", 127, &[MISSING]).is_empty());
}

scene_test!(what_was_typed_is_no_program);
fn what_was_typed_is_no_program() {
    let scene = scene();
    for (program, words) in [
        ("ls -l", "'ls -l' as a whole is taken for the name"),
        ("/bin/ls -l", "'/bin/ls -l' as a whole is taken for the name"),
        ("cd", "cd is a command of the shell"),
        ("export", "export is a command of the shell"),
        ("", "the name of the program is empty"),
        ("\u{2013}fork", "'\u{2013}fork' begins with a dash that is not '-' (U+2013 EN DASH)"),
        ("\u{2010}f", "'\u{2010}f' begins with a dash"),
        ("\u{2014}fork", "'\u{2014}fork' begins with a dash"),
        ("\u{2212}f", "'\u{2212}f' begins with a dash"),
    ] {
        let hint = not_found(scene.unshare([program, "x"]));
        assert!(hint.starts_with(words), "{program}: {hint}");
    }
}

scene_test!(a_program_that_may_not_be_executed_says_why);
fn a_program_that_may_not_be_executed_says_why() {
    let scene = scene();
    let plain = scene.file("plain", "#!/bin/sh\n");
    let directory = scene.subdirectory("directory");
    let script = scene.program("script", &format!("#!{plain}\n"));
    let mounted = scene.subdirectory("mounted");
    scene.program("mounted/run", "#!/bin/sh\n");
    scene.mount(["--bind", &mounted, &mounted]);
    scene.mount(["-o", "remount,bind,noexec", &mounted]);
    for (program, words) in [
        (&plain, format!("{plain} has no permission to be executed")),
        (&directory, format!("{directory} is a directory")),
        (&script, format!("{plain} has no permission to be executed")),
        (&format!("{mounted}/run"), format!("{mounted}/run is on a mount with the option noexec")),
    ] {
        let hint = hint_with(126, scene.unshare([program]), &[DENIED]);
        assert!(hint.starts_with(&words), "{program}: {hint}");
    }
}

scene_test!(an_optional_argument_has_no_blank_before_it);
fn an_optional_argument_has_no_blank_before_it() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = scene();
    let empty = scene.file("empty", "");
    let kept = scene.file("kept", "");
    scene.unshare(["--net", "true"]).ok();
    scene.unshare([&format!("--net={kept}"), "true"]).ok();
    let directory = scene.subdirectory("directory");
    for (status, options, meant) in [
        (126, &["--net", &empty, "true"][..], format!("--net={empty}")),
        (126, &["--net", &kept, "true"], format!("--net={kept}")),
        (126, &["-r", "--uts", &kept, "true"], format!("--uts={kept}")),
        (126, &["-m", &empty, "true"], format!("--mount={empty}")),
        (126, &["--mount-proc", &directory, "true"], format!("--mount-proc={directory}")),
        (127, &["--kill-child", "TERM", "true"], "--kill-child=TERM".to_string()),
    ] {
        let hint = hint_with(status, scene.unshare(options), &[]);
        assert!(hint.ends_with(&format!("write {meant}")), "{options:?}: {hint}");
    }
}

scene_test!(the_nearest_option_is_named);
fn the_nearest_option_is_named() {
    let scene = scene();
    for (option, nearest) in
        [("--network", "--net"), ("--private", "--propagation=private"), ("--map-root-usr", "--map-root-user")]
    {
        let hint = hint(scene.unshare([option, "true"]), &["unrecognized option"]);
        assert_eq!(hint, format!("the nearest option is {nearest}"));
    }
    let stderr = scene.unshare(["--zzz", "true"]).run().stderr;
    assert!(!stderr.contains("hint"), "{stderr}");
}

scene_test!(a_program_on_a_terminal_is_told_that_it_stays_outside);
fn a_program_on_a_terminal_is_told_that_it_stays_outside() {
    let scene = scene();
    let told = |options: &[&str]| {
        let pty = Pty::new();
        let mut process = scene.unshare(options).args(["sh", "-c", "echo run"]).terminal(&pty).spawn();
        process.wait();
        pty.expect("run");
        pty.text()
    };
    let note = "unshare: note: sh itself stays outside of the new PID namespace";
    let alone = told(&["-r", "--pid"]);
    assert!(alone.contains(note) && alone.contains("add --fork"), "{alone}");
    for options in [&["-r", "--pid", "--fork"][..], &["-r"]] {
        let text = told(options);
        assert!(!text.contains("note"), "{options:?}: {text}");
    }
    // A script does not see it.
    scene.unshare(["--pid", "true"]).ok();
}
