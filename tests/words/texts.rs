//! --version, --help and NSKIT_HINTS.

use crate::call;
use crate::common::{Scene, on_purpose};

scene_test!(help_goes_to_standard_output);
fn help_goes_to_standard_output() {
    let scene = Scene::new();
    for (tool, options) in [
        ("unshare", &["--map-auto", "--propagation", "--mount-proc", "--setgid", "--kill-child"][..]),
        ("nsenter", &["--all", "--setgid", "--preserve-credentials", "-C"]),
    ] {
        let help = call(&scene, tool, &["--help"]).ok();
        assert!(options.iter().all(|option| help.contains(option)), "{help}");
    }
    let help = call(&scene, "unshare", &["--help"]).ok();
    assert_eq!(help.lines().filter(|line| line.contains("setuid")).count(), 1, "{help}");
}

scene_test!(the_version_is_read_by_programs);
fn the_version_is_read_by_programs() {
    let scene = Scene::new();
    for tool in ["unshare", "nsenter"] {
        let version = call(&scene, tool, &["--version"]).ok();
        let words: Vec<_> = version.split_whitespace().collect();
        assert_eq!(words[..3], [tool, "from", "util-linux"], "{version}");
        assert!(words[3].starts_with("2."), "{version}");
        // Some compare the last word as a string.
        assert!(*words.last().unwrap() >= "2.38", "{version}");
    }
}

scene_test!(hints_are_left_out_on_demand);
fn hints_are_left_out_on_demand() {
    on_purpose("hints");
    let scene = Scene::new();
    for (tool, args, line) in [
        ("nsenter", &["-m", "true"][..], "nsenter: neither filename nor target pid supplied for ns/mnt\n"),
        ("unshare", &["--kill-child=x"], "unshare: unknown signal: x\n"),
        ("nsenter", &["-S", "no one", "true"], "nsenter: failed to parse uid: 'no one'\n"),
    ] {
        let hinted = call(&scene, tool, args).run().stderr;
        assert!(hinted.starts_with(line) && hinted.contains(": hint: "), "{hinted}");
        assert_eq!(call(&scene, tool, args).env("NSKIT_HINTS", "0").run().stderr, line);
        assert_eq!(call(&scene, tool, args).env("NSKIT_HINTS", "1").run().stderr, hinted);
    }
}
