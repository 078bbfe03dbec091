//! Tests that do not run, and why: they are *ignored* with the reason, and the last line of the test binary has their number.
//!
//! A test that is *left out* describes what the installed util-linux does not do: it runs against ours only, whatever
//! the machine. `NSKIT_TEST_LEFT_OUT=run` runs it nevertheless: it ought to fail then, or it need not be left out. A test
//! that is *skipped* finds the machine lacking; with `NSKIT_TEST_STRICT=1` that is a failure. An *optional* one takes long,
//! and runs where a variable asks for it.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::io::Write;

use super::harness::name_of_test;
use super::tool::{Under, is_dynamic, is_musl, their_version, under_test};

/// What a test ends with that is not run: the reason.
#[derive(Clone, Debug)]
pub struct NotRun {
    kind: Sort,
    /// Why.
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    LeftOut,
    Skipped,
    Optional,
}

impl Sort {
    const ALL: [Sort; 3] = [Sort::LeftOut, Sort::Skipped, Sort::Optional];
}

impl Display for NotRun {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        let sort = match self.kind {
            Sort::LeftOut => "left out: ",
            Sort::Skipped => "skipped: ",
            Sort::Optional => "",
        };
        write!(formatter, "{sort}{}", self.why)
    }
}

impl NotRun {
    /// As a line of a file.
    pub(super) fn to_line(&self) -> String {
        format!("{:?}\t{}", self.kind, self.why.replace('\n', " "))
    }

    /// From such a line; `None` of any other.
    pub(super) fn from_line(line: &str) -> Option<NotRun> {
        let (sort, why) = line.split_once('\t')?;
        let kind = Sort::ALL.into_iter().find(|kind| format!("{kind:?}") == sort)?;
        Some(NotRun { kind, why: why.to_string() })
    }
}

/// Leaves the test out if theirs has `what` since `version` only, like `(2, 42)`.
pub fn newer_than_theirs(version: (u32, u32), what: &str) {
    if under_test() == Under::Theirs && their_version().is_none_or(|theirs| theirs < version) {
        leave_out(format!("since {}.{}: {what}", version.0, version.1));
    }
}

/// Leaves the test out where theirs is wrong.
pub fn their_bug(what: &str) {
    leave_out(format!("their bug: {what}"));
}

/// Leaves the test out where theirs is wrong since `version`.
pub fn their_bug_since(version: (u32, u32), what: &str) {
    if their_version().is_some_and(|theirs| theirs >= version) {
        their_bug(what);
    }
}

/// Leaves the test out where theirs has done it otherwise since `version`, or one before, and ours does as 2.38.
pub fn otherwise_since(version: (u32, u32), what: &str) {
    if their_version().is_some_and(|theirs| theirs >= version) {
        leave_out(format!("otherwise in {}.{}: {what}", version.0, version.1));
    }
}

/// Leaves the test out where ours differs deliberately.
pub fn on_purpose(what: &str) {
    leave_out(format!("a difference on purpose: {what}"));
}

/// Leaves the test out where ours is built for musl, whose C library answers `what` otherwise. Another test has what a
/// user of that build sees.
pub fn otherwise_with_musl(what: &str) {
    if under_test() == Under::Ours && is_musl() {
        not_run(Sort::LeftOut, format!("otherwise with musl: {what}"));
    }
}

/// Runs the test only where ours is built for musl: it has what [`otherwise_with_musl`] leaves out.
pub fn only_with_musl(what: &str) {
    if under_test() == Under::Theirs || !is_musl() {
        not_run(Sort::Optional, format!("only with NSKIT_UNDER_TEST=musl: {what}"));
    }
}

/// Leaves the test out where the loader runs before ours, and cannot do, or does, `what`.
pub fn needs_no_loader(what: &str) {
    if is_dynamic() {
        not_run(Sort::LeftOut, format!("otherwise with a loader: {what}"));
    }
}

/// Whether one of the above would leave the test out, which does without a part then: `if !part(|| their_bug("…")) { … }`.
#[must_use]
pub fn part(left_out: impl FnOnce() + std::panic::UnwindSafe) -> bool {
    let Err(payload) = std::panic::catch_unwind(left_out) else {
        return false;
    };
    match payload.downcast::<NotRun>() {
        Ok(not_run) => {
            say("in part", &not_run.to_string());
            true
        }
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

/// Skips the test: this machine lacks something that could be there.
pub fn skip(why: &str) -> ! {
    if std::env::var_os("NSKIT_TEST_STRICT").is_some_and(|value| value == "1") {
        panic!("skipped: {why}");
    }
    cannot_be_had(why)
}

/// Whether the tests run as root, and not as an ordinary user.
pub fn is_root() -> bool {
    // SAFETY: no arguments.
    unsafe { libc::geteuid() == 0 }
}

/// Skips the test unless it runs as root, for which it has this need.
pub fn needs_root(why: &str) {
    if !is_root() {
        skip(&format!("needs root: {why}"));
    }
}

/// As [`skip`], for what no preparation of the machine would change: it is no failure under `NSKIT_TEST_STRICT=1` either.
pub fn cannot_be_had(why: &str) -> ! {
    not_run(Sort::Skipped, why.to_string())
}

/// Runs the test only where the variable is set to 1, since it takes long or needs the network.
pub fn only_with(variable: &str, what: &str) {
    if std::env::var_os(variable).is_none_or(|value| value != "1") {
        not_run(Sort::Optional, format!("only with {variable}=1: {what}"));
    }
}

/// Runs the test only where the variable lists this word, or is `all`.
pub fn only_listed(variable: &str, word: &str, what: &str) {
    let listed = std::env::var(variable).unwrap_or_default();
    if !listed.split_ascii_whitespace().any(|listed| listed == word || listed == "all") {
        not_run(Sort::Optional, format!("only with {variable}={word}: {what}"));
    }
}

/// Says a figure that is to be seen also where the test succeeds.
pub fn note(what: &str) {
    say("note", what);
}

fn leave_out(why: String) {
    let run_all_the_same = std::env::var_os("NSKIT_TEST_LEFT_OUT").is_some_and(|value| value == "run");
    if under_test() == Under::Theirs && !run_all_the_same {
        not_run(Sort::LeftOut, why);
    }
}

fn not_run(kind: Sort, why: String) -> ! {
    // Not panic!, whose message would look like that of a failure.
    std::panic::resume_unwind(Box::new(NotRun { kind, why }))
}

fn say(what: &str, why: &str) {
    // Written at once and whole: tests run side by side.
    let _ = std::io::stderr().write_all(format!("{what}: {}: {why}\n", name_of_test()).as_bytes());
}

/// The last line of a test binary, and of a whole run: how many tests were not run, why, and what would run them. Reasons that theirs gives are
/// too many for a line: they stand at the tests.
pub(super) fn closing_line(all: &[&NotRun]) -> String {
    let parts = Sort::ALL.into_iter().filter_map(|sort| {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        all.iter().filter(|not_run| not_run.kind == sort).for_each(|one| *reasons.entry(&one.why).or_default() += 1);
        let count: usize = reasons.values().sum();
        let reasons: Vec<String> = reasons.into_iter().map(|(why, count)| format!("{count} × {why}")).collect();
        let reasons = reasons.join(", ");
        (count > 0).then(|| match sort {
            Sort::LeftOut => {
                format!(
                    "{count} left out, of what the tool under test does otherwise (NSKIT_TEST_LEFT_OUT=run runs theirs)"
                )
            }
            Sort::Skipped => format!("{count} skipped (NSKIT_TEST_STRICT=1 has them fail): {reasons}"),
            Sort::Optional => format!("{count} optional: {reasons}"),
        })
    });
    match all {
        [] => "all tests were run".to_string(),
        _ => format!("not run: {}", parts.collect::<Vec<_>>().join("; ")),
    }
}
