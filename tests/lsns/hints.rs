//! The line below a failure: what was probably meant.

use crate::common::{Call, Process, newer_than_theirs, on_purpose, tool};

fn hint(args: &[&str]) -> Option<String> {
    let outcome = Call::new(tool("lsns")).args(args).run();
    let below = outcome.failed("lsns", 1, &[]);
    assert!(below.len() <= 1, "{below:?}");
    below.first().map(|line| line.strip_prefix("lsns: hint: ").unwrap().to_string())
}

#[track_caller]
fn assert_hint(args: &[&str], words: &str) {
    let hint = hint(args).unwrap_or_default();
    assert!(hint.contains(words), "{args:?}: {hint}");
}

scene_test!(what_was_probably_meant);
fn what_was_probably_meant() {
    on_purpose("theirs gives no hints");
    let sleeper: Process = Call::new("/bin/sleep").args(["1001"]).spawn();
    let pid = sleeper.pid().to_string();
    assert_hint(&[&pid], &format!("-p {pid}"));
    assert_hint(&["net"], "-t net");
    assert_hint(&["-T", "owner"], "-Towner");
    assert_hint(&["-t", "net,mnt"], "-t net -t mnt");
    assert_hint(&["-o", "foo"], "--list-columns");
    assert_eq!(hint(&["-p", "x"]), None);
    // No process has this number.
    assert_eq!(hint(&["4194304999"]), None);
}

scene_test!(filters_that_are_almost_right);
fn filters_that_are_almost_right() {
    newer_than_theirs((2, 40), "--filter");
    on_purpose("theirs gives no hints");
    assert_hint(&["-Q", "TYPE=net"], "==");
    assert_hint(&["-Q", "TYPE==net"], "\"net\"");
    assert_eq!(hint(&["-Q", "PID == ("]), None);
}
