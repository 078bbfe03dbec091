//! The command line's mistakes and its small print.

use crate::common::{Ending, Under, is_root, on_purpose, part, under_test};
use crate::scene;

scene_test!(mistakes_are_named_and_point_to_the_help);
fn mistakes_are_named_and_point_to_the_help() {
    let scene = scene();
    for (words, named) in [
        (&["--no-such-option"][..], "no-such-option"),
        (&["-x"], "x"),
        (&["--target"], "target"),
        (&["-t"], "t"),
        (&["--env=x"], "env"),
        (&["--preserve-credentials=x"], "preserve-credentials"),
        (&["--u"], "u"),
    ] {
        if named == "env" && part(|| on_purpose("--env is newer than 2.38")) {
            continue;
        }
        let outcome = scene.nsenter(words).run();
        let below = outcome.failed("nsenter", 1, &[named]);
        assert_eq!(below, ["Try 'nsenter --help' for more information."], "{words:?}");
    }
}

scene_test!(numbers_are_numbers);
fn numbers_are_numbers() {
    crate::common::otherwise_since((2, 42), "its words");
    let scene = scene();
    for words in [["-t", "12x"], ["-S", "1x 2"], ["-G", "4294967295"], ["-S", "-1"]] {
        let outcome = scene.nsenter(words).args(["true"]).run();
        let said = match under_test() {
            Under::Ours => "nsenter: failed to parse uid: '-1'",
            Under::Theirs => "nsenter: setuid failed: Invalid argument",
        };
        match words {
            // Theirs takes it for the number that is no id.
            ["-S", "-1"] => drop(outcome.says(1, said)),
            ["-G", "4294967295"] if is_root() || under_test() == Under::Theirs => {
                drop(outcome.says(1, "nsenter: setgid failed: Invalid argument"))
            }
            // The user namespace of an ordinary user's scene has setgroups(2) denied, with which ours ends.
            ["-G", "4294967295"] => drop(outcome.says(1, "nsenter: setgroups failed: Operation not permitted")),
            ["-t", _] => drop(outcome.says(1, "nsenter: failed to parse pid: '12x'")),
            _ => drop(outcome.says(1, "nsenter: failed to parse uid: '1x 2'")),
        }
    }
}

scene_test!(help_and_version_act_when_they_are_met);
fn help_and_version_act_when_they_are_met() {
    let scene = scene();
    for option in ["-h", "--help"] {
        let help = scene.nsenter([option, "--no-such-option"]).ok();
        for named in ["--target", "--wdns", "--preserve-credentials"] {
            assert!(help.contains(named), "{named}");
        }
    }
    for option in ["-V", "--version"] {
        assert!(scene.nsenter([option]).ok().starts_with("nsenter from "));
    }
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let outcome = scene.nsenter(["--help"]).stdout(full).run();
    outcome.says(1, "nsenter: write error: No space left on device");
}

scene_test!(what_follows_the_program_is_its_own);
fn what_follows_the_program_is_its_own() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    assert_eq!(scene.nsenter(["echo", "-t", "--help"]).ok(), "-t --help\n");
    assert_eq!(scene.nsenter(["--", "echo", "--", "-x"]).ok(), "-- -x\n");
    let seen = scene.nsenter(["-S0", "probe", "seen", ""]).seen();
    assert_eq!(seen.all("arg"), ["seen", ""]);
}

scene_test!(a_failed_step_is_the_last_one);
fn a_failed_step_is_the_last_one() {
    let scene = scene();
    let outcome = scene.nsenter(["-S", "5", "--wdns=/nowhere", "touch", "done"]).run();
    assert_eq!(outcome.ending, Ending::Exited(1));
    assert!(!scene.path("done").exists());
}
