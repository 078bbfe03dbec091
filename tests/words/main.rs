//! The first line on standard error, whole: a row of failures each, for ours and, with `NSKIT_UNDER_TEST=theirs`, for
//! util-linux's. Programs match these words, so they are part of the contract.

#![allow(clippy::unwrap_used)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod abbreviations;
mod calls;
mod getopt;
mod target;
mod texts;
mod values;

use common::{Call, Outcome, Scene, skip};

/// The tool under test with these arguments.
fn call(scene: &Scene, tool: &str, args: &[&str]) -> Call {
    match tool {
        "unshare" => scene.unshare(args),
        "lsns" => scene.lsns(args),
        _ => scene.nsenter(args),
    }
}

/// The same, where strace(1) has a system call fail: `faults` are its options. Skips the test where there is no strace.
fn faulty(scene: &Scene, tool: &str, faults: &[&str], args: &[&str]) -> Call {
    if !std::path::Path::new("/usr/bin/strace").exists() {
        skip("there is no strace");
    }
    let program = format!("bin/{tool}");
    let strace = ["-f", "-qq", "-o", "trace"].into_iter().chain(faults.iter().copied()).chain([&*program]);
    scene.call("/usr/bin/strace", strace).args(args)
}

/// Asserts the status and the whole first line. `<PID>` and `<N>` in `line` stand for any number.
#[track_caller]
fn assert_says(what: &dyn std::fmt::Debug, outcome: &Outcome, status: i32, line: &str) {
    let first = outcome.stderr.lines().next().unwrap_or_default();
    assert_eq!(outcome.ending, common::Ending::Exited(status), "{what:?}: {outcome:#?}");
    assert!(is_like(first, line), "{what:?}: {first:?} is not {line:?}: {outcome:#?}");
}

/// Whether `text` is `pattern`, in which `<PID>` and `<N>` stand for any number.
fn is_like(text: &str, pattern: &str) -> bool {
    let pattern = pattern.replace("<PID>", "\0").replace("<N>", "\0");
    let mut parts = pattern.split('\0');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    for part in parts {
        let behind = rest.trim_start_matches(|character: char| character.is_ascii_digit());
        match behind.strip_prefix(part) {
            Some(next) if behind.len() < rest.len() => rest = next,
            _ => return false,
        }
    }
    rest.is_empty()
}

fn main() -> std::process::ExitCode {
    common::main()
}
