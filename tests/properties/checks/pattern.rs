//! The patterns of `=~`, beside regexec(3).

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;

use nskit::internals::error::FilterError;
use nskit::internals::list::query::filter::Filter;
use nskit::internals::list::value::Value;

use super::Check;

/// The check.
pub const CHECK: Check = Check {
    name: "pattern",
    tokens: &[
        "\0",
        "a",
        "b",
        "ab",
        "(",
        ")",
        "|",
        "*",
        "+",
        "?",
        ".",
        "^",
        "$",
        "[",
        "]",
        "[^",
        "-",
        "{1,2}",
        "{,2}",
        "{3}",
        "{",
        "}",
        "\\",
        "\\w",
        "\\W",
        "\\s",
        "\\b",
        "\\<",
        "\\>",
        "[[:alpha:]]",
        "[[:space:]]",
        "[[.a.]]",
        "\\1",
        "é",
        "日",
        " ",
        "_",
        "0",
        ",",
        ":",
    ],
    run: check,
};

/// The C library takes time and memory beyond all bounds for some that are longer.
const MOST_PATTERN: usize = 40;
const MOST_TEXT: usize = 60;

/// The pattern, NUL, the text.
fn check(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (pattern, text) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let quote = match (pattern.contains(&b'\''), pattern.contains(&b'"')) {
        (false, _) => b'\'',
        (true, false) => b'"',
        (true, true) => return,
    };
    let filter = [b"COMMAND =~ ", &[quote][..], pattern, &[quote]].concat();
    let filter = Filter::parse(OsStr::from_bytes(&filter));
    if let Ok(filter) = &filter {
        let ours = filter.holds(|_| Value::text(text));
        // What does not match is what matches the opposite.
        let opposite = [b"COMMAND !~ ", &[quote][..], pattern, &[quote]].concat();
        let opposite = Filter::parse(OsStr::from_bytes(&opposite)).unwrap();
        assert_ne!(opposite.holds(|_| Value::text(text)), ours);
    }
    let plain = |text: &[u8]| text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'));
    // Our text is without outer blanks.
    let text = text.trim_ascii();
    if pattern.len() > MOST_PATTERN || text.len() > MOST_TEXT || !plain(pattern) || !plain(text) || repeats(pattern) {
        return;
    }
    let theirs = by_c_library(pattern, text);
    match filter {
        Ok(filter) => {
            let ours = filter.holds(|_| Value::text(text));
            // A `-` that begins a range within brackets has no meaning in POSIX; the C library refuses some.
            let lenient = pattern.contains(&b'[') && pattern.contains(&b'-');
            let refused = theirs.is_none() && lenient;
            let case = [pattern, b" in ", text].concat();
            assert!(refused || theirs == Some(ours), "{}: {ours}, not {theirs:?}", case.escape_ascii());
        }
        // What we refuse although the C library takes it, we refuse on purpose.
        Err(FilterError::Pattern { reason, .. }) => {
            let refused = [
                "nothing before a repetition",
                "a repetition of a repetition",
                "back references are not taken",
                "collating elements are not taken",
            ];
            // It takes `{\,2}` for `{,2}`.
            let within = reason.starts_with('{') && pattern.contains(&b'\\');
            let on_purpose = within || refused.contains(&reason);
            assert!(theirs.is_none() || on_purpose, "{}: {reason}", pattern.escape_ascii());
        }
        Err(other) => panic!("{other}"),
    }
}

/// Whether repetitions make it grow too much, which regcomp(3) does not bound: `a+++++++++++++++` takes it gigabytes,
/// `\<a?++++++` many seconds. Ours takes no more for them than for others.
fn repeats(pattern: &[u8]) -> bool {
    let count = |sign| pattern.iter().filter(|byte| **byte == sign).count();
    let intervals = count(b'{');
    let long = pattern.windows(2).any(|pair| pair.iter().all(u8::is_ascii_digit));
    intervals > 2 || intervals > 0 && long || intervals + count(b'+') > 3
}

/// `None` if it is no pattern.
fn by_c_library(pattern: &[u8], text: &[u8]) -> Option<bool> {
    let pattern = CString::new(pattern).unwrap();
    let text = CString::new(text).unwrap();
    // SAFETY: regcomp(3) fills it in, or fails; both strings end with NUL; it is freed once.
    unsafe {
        let mut compiled: libc::regex_t = std::mem::zeroed();
        if libc::regcomp(&mut compiled, pattern.as_ptr(), libc::REG_EXTENDED | libc::REG_NOSUB) != 0 {
            return None;
        }
        let found = libc::regexec(&compiled, text.as_ptr(), 0, std::ptr::null_mut(), 0);
        libc::regfree(&mut compiled);
        Some(found == 0)
    }
}
