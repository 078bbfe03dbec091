//! Names of files, variables and programs in messages.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::common::{Call, Scene, newer_than_theirs, on_purpose};
use crate::scene;

/// A name that clears a terminal, colours it, forges a message, does so by C1 bytes as well, and by separators of lines and
/// characters that reverse the order of what is read or are not seen.
const NAME: &str =
    "a\x1b[2J\x1b]0;title\x07\x08b\r\nunshare: all is well\u{9b}31m\x7f\u{202e}c\u{2066}\u{2028}\u{200b}";

/// How it stands in a message.
const ESCAPED: &str = "a\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{8}b\\r\\nunshare: all is well\\u{9b}31m\\u{7f}\\u{202e}c\\u{2066}\\u{2028}\\u{200b}";

/// Asserts that it fails, and that what it says holds the name, escaped, and drives no terminal.
#[track_caller]
fn says_it_escaped(call: Call, tool: &str) {
    let outcome = call.run();
    let control = |character: char| character.is_control() && character != '\n';
    assert!(!outcome.stderr.contains(control), "{outcome:?}");
    let lines = outcome.stderr.lines();
    let ours = |line: &str| line.starts_with(&format!("{tool}: ")) || line.starts_with(&format!("Try '{tool} --help'"));
    assert!(lines.clone().all(ours), "{outcome:?}");
    let named = outcome.stderr.contains(ESCAPED);
    assert!(named && lines.count() <= 2, "{outcome:?}");
}

fn path(scene: &Scene) -> String {
    format!("{}/{NAME}", scene.text(""))
}

scene_test!(files_programs_and_options_are_named_without_driving_the_terminal);
fn files_programs_and_options_are_named_without_driving_the_terminal() {
    on_purpose("theirs prints what it is given");
    let scene = scene();
    let path = path(&scene);
    let option = |name: &str| format!("{name}={path}");
    for arguments in [
        vec![path.clone()],
        vec![option("--uts"), "true".into()],
        vec![option("--root")],
        vec![option("--wd")],
        vec!["-m".into(), option("--mount-proc")],
        vec![format!("--map-user={NAME}")],
        vec![format!("--map-users={NAME}")],
        vec![format!("--setgroups={NAME}")],
        vec![format!("--{NAME}")],
        vec!["--pid".into(), option("--pid")],
    ] {
        says_it_escaped(scene.unshare(arguments), "unshare");
    }
    for arguments in [
        vec![path.clone()],
        vec![option("--net"), "true".into()],
        vec![option("--root")],
        vec![option("--wd")],
        vec![format!("--setuid={NAME}")],
        vec![format!("--target={NAME}")],
        vec![format!("--{NAME}")],
    ] {
        says_it_escaped(scene.nsenter(arguments), "nsenter");
    }
    for arguments in [
        vec![format!("--output={NAME}")],
        vec![format!("--type={NAME}")],
        vec![format!("--task={NAME}")],
        vec![format!("--{NAME}")],
        vec![NAME.to_string()],
    ] {
        says_it_escaped(scene.lsns(arguments), "lsns");
    }
}

scene_test!(bytes_that_are_no_text_are_told_apart);
fn bytes_that_are_no_text_are_told_apart() {
    on_purpose("theirs prints what it is given");
    let scene = scene();
    let with = |word: &str, byte: u8| OsString::from_vec([word.as_bytes(), &[byte]].concat());
    for (tool, words) in [
        ("unshare", &["./", "--uts=./", "--root=./", "--map-user=", "--map-users=", "--setgroups=", "--x"][..]),
        ("nsenter", &["./", "--net=./", "--root=./", "--wd=./", "--setuid=", "--target=", "--x"]),
        ("lsns", &["--output=", "--type=", "--task=", "--x", "--filter="]),
    ] {
        for (word, byte) in words.iter().flat_map(|word| [(word, 0xfe), (word, 0xff)]) {
            let call = scene.call(scene.path("bin").join(tool), [with(word, byte)]).arg0(tool);
            let outcome = call.run();
            assert!(outcome.stderr.contains(&format!("\\x{byte:02x}")), "{outcome:?}");
            assert!(!outcome.stderr.contains('\u{fffd}'), "{outcome:?}");
        }
    }
}

scene_test!(our_own_name_is_escaped_as_well);
fn our_own_name_is_escaped_as_well() {
    on_purpose("theirs prints what it is given");
    let scene = scene();
    for arguments in [["--no-such-option"], ["/no/such"]] {
        for call in [scene.unshare(arguments), scene.nsenter(arguments)] {
            let outcome = call.arg0(NAME).run();
            let stderr = outcome.stderr;
            assert!(stderr.starts_with(ESCAPED) && !stderr.contains('\x1b'), "{stderr:?}");
        }
    }
}

scene_test!(variables_that_are_left_out_are_named_without_driving_the_terminal);
fn variables_that_are_left_out_are_named_without_driving_the_terminal() {
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    let variable = "LD_\x1b[2J\r\n=x";
    let mut target =
        scene.call("/usr/bin/env", [variable]).args([scene.path("bin/probe")]).args(["hold"]).leashed().spawn();
    target.expect("ready");
    let id = target.pid().to_string();
    let outcome = scene.nsenter(["-t", &id, "-u", "-e", "/bin/true"]).run();
    assert_eq!(outcome.stderr, "nsenter: note: left out of the target's environment: LD_\\u{1b}[2J\\r\\n\n");
    target.release();
}
