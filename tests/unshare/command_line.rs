//! The ways of writing a command line, and what is answered to one that cannot be read.

use std::fs::OpenOptions;

use crate::common::{Ending, Scene, newer_than_theirs, on_purpose, part};

scene_test!(options_may_be_abbreviated_clustered_and_attached);
fn options_may_be_abbreviated_clustered_and_attached() {
    crate::common::needs_root("ids of other users");
    let scene = Scene::new();
    for (line, expected) in [
        (&["--map-root", "id", "-u"][..], "0\n"),
        (&["--map-roo", "id", "-u"], "0\n"),
        (&["-fUr", "id", "-u"], "0\n"),
        (&["-rS0", "id", "-u"], "0\n"),
        (&["-rS", "0", "id", "-u"], "0\n"),
        (&["--setui=7", "id", "-u"], "7\n"),
        (&["--setuid", "7", "id", "-u"], "7\n"),
        (&["-fS7", "id", "-u"], "7\n"),
        (&["-S6", "-S7", "id", "-u"], "7\n"),
        (&["-fp", "--mount-p", "readlink", "/proc/self"], "1\n"),
        (&["--map-user", "7", "id", "-u"], "7\n"),
        (&["--", "echo", "-u"], "-u\n"),
        (&["-u", "--", "echo", "--", "-u"], "-- -u\n"),
        (&["echo", "-u", "--uts", "--nonsense"], "-u --uts --nonsense\n"),
    ] {
        assert_eq!(scene.unshare(line).ok(), expected, "{line:?}");
    }
}

scene_test!(what_cannot_be_read_is_named_and_points_to_help);
fn what_cannot_be_read_is_named_and_points_to_help() {
    let scene = Scene::new();
    for (line, word) in [
        (&["-x", "echo", "ran"][..], "'x'"),
        (&["-m=x", "echo", "ran"], "'='"),
        (&["-u/run/x", "echo", "ran"], "'/'"),
        (&["--nonsense", "echo", "ran"], "'--nonsense'"),
        (&["--nonsense=1", "echo", "ran"], "'--nonsense"),
        (&["--fork=1", "echo", "ran"], "'--fork'"),
        (&["--setuid"], "'--setuid'"),
        (&["-fS"], "'S'"),
        (&["--map", "echo", "ran"], "'--map'"),
        (&["--mou", "echo", "ran"], "'--mou'"),
        (&["--set", "echo", "ran"], "'--set'"),
    ] {
        let outcome = scene.unshare(line).run();
        let below = outcome.failed("unshare", 1, &[]);
        let known = if line[0].starts_with("--mou") { "--mou" } else { word };
        assert!(outcome.stderr.lines().next().unwrap().contains(known), "{outcome:?}");
        assert_eq!(below, ["Try 'unshare --help' for more information."], "{line:?}");
    }
}

scene_test!(an_ambiguous_name_comes_with_what_it_could_be);
fn an_ambiguous_name_comes_with_what_it_could_be() {
    let scene = Scene::new();
    let outcome = scene.unshare(["--map-", "echo", "ran"]).run();
    outcome.failed("unshare", 1, &["'--map-user'", "'--map-root-user'", "'--map-auto'"]);
}

scene_test!(a_bad_value_is_named);
fn a_bad_value_is_named() {
    let scene = Scene::new();
    for (option, value, said) in [
        ("--propagation", "some", "unsupported propagation mode: some"),
        ("--setgroups", "maybe", "unsupported --setgroups argument 'maybe'"),
        ("--kill-child", "NOSUCH", "unknown signal: NOSUCH"),
        ("--kill-child", "SIG", "unknown signal: SIG"),
        ("--kill-child", "9", "unknown signal: 9"),
        ("--kill-child", "RTMIN-1", "unknown signal: RTMIN-1"),
        ("--setuid", "seven", "failed to parse uid: 'seven'"),
        ("--setgid", "7x", "failed to parse gid: '7x'"),
        ("--monotonic", "soon", "failed to parse monotonic offset: 'soon'"),
        ("--boottime", "1.5", "failed to parse boottime offset: '1.5'"),
    ] {
        let argument = format!("{option}={value}");
        let outcome = scene.unshare(["-T", &argument, "echo", "ran"]).run();
        let below = outcome.says(1, &format!("unshare: {said}"));
        if !part(|| on_purpose("hints")) {
            // A user or group that is not there is no more than a name.
            assert!(below[0].contains(option) || below[0].contains(&format!(" is called '{value}'")), "{below:?}");
        }
    }
}

scene_test!(names_of_signals);
fn names_of_signals() {
    let scene = Scene::new();
    for (name, number) in [
        ("KILL", 9),
        ("SIGTERM", 15),
        ("hup", 1),
        ("sigusr1", 10),
        ("RTMIN+2", 36),
        ("SIGRTMAX-1", 63),
        ("rtmin+1", 35),
    ] {
        let seen = scene.unshare([&*format!("--kill-child={name}"), "probe", "seen"]).seen();
        assert_eq!(seen.one("death-signal"), number.to_string(), "{name}");
    }
}

scene_test!(real_time_signals_need_no_offset);
fn real_time_signals_need_no_offset() {
    on_purpose("theirs wants RTMIN+0 for RTMIN");
    let scene = Scene::new();
    for (name, number) in [("RTMIN", 34), ("sigrtmax", 64)] {
        let seen = scene.unshare([&*format!("--kill-child={name}"), "probe", "seen"]).seen();
        assert_eq!(seen.one("death-signal"), number.to_string(), "{name}");
    }
}

/// Whether a word of the text is this option.
fn names(help: &str, option: &str) -> bool {
    let mut words = help.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    words.any(|word| word == option)
}

scene_test!(help_names_every_option_and_does_nothing);
fn help_names_every_option_and_does_nothing() {
    let scene = Scene::new();
    for line in [&["--help"][..], &["-h"], &["-mh", "--nonsense"], &["--hel", "echo", "ran"]] {
        let help = scene.unshare(line).ok();
        for option in [
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--user",
            "--cgroup",
            "--time",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--propagation",
            "--map-user",
            "--map-group",
            "--map-root-user",
            "--map-current-user",
            "--map-users",
            "--map-groups",
            "--map-auto",
            "--setgroups",
            "--keep-caps",
            "--setuid",
            "--setgid",
            "--root",
            "--wd",
            "--monotonic",
            "--boottime",
            "--help",
            "--version",
        ] {
            assert!(names(&help, option), "{option}: {help}");
        }
    }
}

scene_test!(help_names_the_newer_options);
fn help_names_the_newer_options() {
    newer_than_theirs((2, 43), "options");
    let scene = Scene::new();
    let help = scene.unshare(["--help"]).ok();
    for option in [
        "--forward-signals",
        "--mount-binfmt",
        "--load-interp",
        "--map-subids",
        "--owner",
        "--clear-env",
        "--whitelist-env",
    ] {
        assert!(names(&help, option), "{option}: {help}");
    }
}

scene_test!(version_tells_the_package);
fn version_tells_the_package() {
    crate::common::otherwise_since((2, 42), "the version");
    let scene = Scene::new();
    let package = match crate::common::under_test() {
        crate::common::Under::Ours => {
            format!("unshare from util-linux 2.43 compatible nskit v{}\n", env!("CARGO_PKG_VERSION"))
        }
        crate::common::Under::Theirs => scene.call("/usr/bin/unshare", ["--version"]).ok(),
    };
    for option in ["-V", "--version", "--vers", "-uV"] {
        assert_eq!(scene.unshare([option]).ok(), package);
    }
}

scene_test!(messages_begin_with_the_name_that_the_tool_was_called_by);
fn messages_begin_with_the_name_that_the_tool_was_called_by() {
    let scene = Scene::new();
    for (name, base) in [("newspace", "newspace"), ("/some/where/newspace", "newspace")] {
        let outcome = scene.unshare(["--setuid=x"]).arg0(name).run();
        outcome.failed(base, 1, &["x"]);
    }
}

scene_test!(a_full_device_is_told);
fn a_full_device_is_told() {
    let scene = Scene::new();
    for option in ["--help", "--version"] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let outcome = scene.unshare([option]).stdout(full).run();
        outcome.says(1, "unshare: write error: No space left on device");
    }
}

scene_test!(a_closed_pipe_ends_it_like_any_program);
fn a_closed_pipe_ends_it_like_any_program() {
    let scene = Scene::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let outcome = scene.unshare(["--help"]).stdout(writer).run();
    assert_eq!((outcome.ending, &*outcome.stderr), (Ending::Killed(libc::SIGPIPE), ""));
}

scene_test!(a_closed_pipe_is_no_failure_where_sigpipe_is_ignored);
fn a_closed_pipe_is_no_failure_where_sigpipe_is_ignored() {
    let scene = Scene::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let outcome = scene.unshare(["--help"]).stdout(writer).ignoring(libc::SIGPIPE).run();
    assert_eq!((outcome.ending, &*outcome.stderr), (Ending::Exited(0), ""));
}

scene_test!(nothing_is_done_with_standard_output_and_error_closed);
fn nothing_is_done_with_standard_output_and_error_closed() {
    let scene = Scene::new();
    let outcome = scene.unshare(["--nonsense"]).closed(2).run();
    assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""));
    let outcome = scene.unshare(["-u", "true"]).closed(0).closed(1).closed(2).run();
    assert_eq!(outcome.ending, Ending::Exited(0));
}
