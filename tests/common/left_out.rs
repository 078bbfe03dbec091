//! Tests that do not run, and why: a line for each on standard error, and their number when the test binary ends.
//!
//! A test that is *left out* describes what the installed util-linux does not do: it runs against ours only, whatever
//! the machine. `NSKIT_TEST_LEFT_OUT=run` runs it nevertheless: it ought to fail then, else it need not be left out. A test that is *skipped* finds the machine lacking; with `NSKIT_TEST_STRICT=1` that is a failure.

use std::io::Write;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::tool::{Under, their_version, under_test};

static LEFT_OUT: AtomicUsize = AtomicUsize::new(0);
static SKIPPED: AtomicUsize = AtomicUsize::new(0);
static CLOSING_LINE: Once = Once::new();

/// Whether the test is left out, because theirs has `what` since `version` only, like `(2, 42)`.
#[must_use]
pub fn newer_than_theirs(version: (u32, u32), what: &str) -> bool {
    under_test() == Under::Theirs && their_version().is_none_or(|theirs| theirs < version) && {
        leave_out(&format!("since {}.{}: {what}", version.0, version.1))
    }
}

/// Whether the test is left out, because theirs is wrong there.
#[must_use]
pub fn their_bug(what: &str) -> bool {
    under_test() == Under::Theirs && leave_out(&format!("their bug: {what}"))
}

/// The same for what theirs does wrong since `version` only.
#[must_use]
pub fn their_bug_since(version: (u32, u32), what: &str) -> bool {
    their_version().is_some_and(|theirs| theirs >= version) && their_bug(what)
}

/// Whether the test is left out, because ours differs there deliberately.
#[must_use]
pub fn on_purpose(what: &str) -> bool {
    under_test() == Under::Theirs && leave_out(&format!("a difference on purpose: {what}"))
}

/// Says that the test cannot run on this machine; it is then to return.
pub fn skip(why: &str) {
    SKIPPED.fetch_add(1, Ordering::Relaxed);
    say("skipped", why);
    if std::env::var_os("NSKIT_TEST_STRICT").is_some_and(|value| value == "1") {
        panic!("skipped: {why}");
    }
}

/// As [`skip`], for what no preparation of the machine would change: it is no failure under `NSKIT_TEST_STRICT=1` either.
pub fn cannot_be_had(why: &str) {
    SKIPPED.fetch_add(1, Ordering::Relaxed);
    say("skipped", why);
}

/// Says a figure that is to be seen also where the test succeeds.
pub fn note(what: &str) {
    say("note", what);
}

fn leave_out(why: &str) -> bool {
    if std::env::var_os("NSKIT_TEST_LEFT_OUT").is_some_and(|value| value == "run") {
        return false;
    }
    LEFT_OUT.fetch_add(1, Ordering::Relaxed);
    say("left out", why);
    true
}

fn say(what: &str, why: &str) {
    CLOSING_LINE.call_once(|| {
        // SAFETY: a function without arguments that may run at exit.
        unsafe { libc::atexit(say_closing_line) };
    });
    let thread = std::thread::current();
    let line = format!("{what}: {}: {why}\n", thread.name().unwrap_or("?"));
    // Written at once, and not by eprint!, which the test harness would keep to itself.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

extern "C" fn say_closing_line() {
    let counts = [&LEFT_OUT, &SKIPPED].map(|count| count.load(Ordering::Relaxed));
    let line = format!("not run in full: {} left out, {} skipped\n", counts[0], counts[1]);
    let _ = std::io::stderr().write_all(line.as_bytes());
}
