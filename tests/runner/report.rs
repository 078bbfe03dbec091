//! What a runner tells its test: lines of words, separated by tabs.

use super::Outcome;
use super::tracer::Call;
use crate::common::Ending;

/// Adds a line.
pub fn line(report: &mut String, what: &str, words: &[&str]) {
    report.push_str(what);
    for word in words {
        report.push('\t');
        report.push_str(&word.replace(['\t', '\n'], " "));
    }
    report.push('\n');
}

/// Reads what has been written by [`line`].
pub fn read(report: &str) -> Outcome {
    let mut outcome = Outcome::default();
    for text in report.lines() {
        let words: Vec<&str> = text.split('\t').collect();
        match words[..] {
            ["exited", status] => outcome.ending = Some(Ending::Exited(status.parse().unwrap())),
            ["killed", signal] => outcome.ending = Some(Ending::Killed(signal.parse().unwrap())),
            ["left", process] => outcome.left.push(process.to_string()),
            ["namespace", link] => outcome.mount_namespace = link.to_string(),
            ["mount", mount] => outcome.mounts.push(mount.to_string()),
            ["hit"] => outcome.hit = true,
            ["terminal"] => outcome.terminal_changed = true,
            ["call", process, number, occurrence, args, path] => outcome.calls.push(Call {
                process: process.to_string(),
                number: number.parse().unwrap(),
                occurrence: occurrence.parse().unwrap(),
                args: {
                    let mut args = args.split(' ').map(|arg| arg.parse().unwrap());
                    std::array::from_fn(|_| args.next().unwrap())
                },
                path: path.to_string(),
            }),
            _ => panic!("not a line of a report: {text}"),
        }
    }
    outcome
}
