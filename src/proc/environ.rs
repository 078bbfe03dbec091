//! The entries of an environment, each `NAME=value`, as in environ(7) and /proc/PID/environ.

use std::ffi::{CStr, CString};

/// The entries of a /proc/PID/environ. Its process may have filled it with anything; an entry without `=` sets nothing.
pub fn entries_of(environ: &[u8]) -> Vec<CString> {
    let entries = environ.split(|byte| *byte == 0).filter(|entry| entry.contains(&b'='));
    // There is no NUL left in them.
    entries.filter_map(|entry| CString::new(entry).ok()).collect()
}

/// The name of the variable that an entry sets; `None` without a `=`.
pub fn name(entry: &CStr) -> Option<&[u8]> {
    let bytes = entry.to_bytes();
    bytes.iter().position(|byte| *byte == b'=').map(|end| &bytes[..end])
}

/// Whether the entry sets a variable of one of these names, in which a `*` at the end stands for anything.
pub fn matches_any(entry: &CStr, patterns: &[&str]) -> bool {
    let matches = |name: &[u8], pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix.as_bytes()),
        None => name == pattern.as_bytes(),
    };
    name(entry).is_some_and(|name| patterns.iter().any(|pattern| matches(name, pattern)))
}

/// The value of a variable: that of its first entry, as getenv(3) finds it.
pub fn value<'e>(entries: &[&'e CStr], wanted: &[u8]) -> Option<&'e [u8]> {
    entries.iter().find_map(|entry| {
        let name = name(entry)?;
        (name == wanted).then(|| &entry.to_bytes()[name.len() + 1..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_that_of_the_first_entry() {
        const CALLERS: [&CStr; 4] = [c"A=1", c"odd", c"B=2=3", c"A=4"];
        assert_eq!(value(&CALLERS, b"A"), Some(&b"1"[..]));
        assert_eq!(value(&CALLERS, b"B"), Some(&b"2=3"[..]));
        assert_eq!(value(&CALLERS, b"odd"), None);
    }

    #[test]
    fn an_environ_is_taken_apart_in_its_order() {
        assert_eq!(entries_of(b"B=1\0junk\0A=\0\0B=2"), [c"B=1".to_owned(), c"A=".to_owned(), c"B=2".to_owned()]);
        assert!(entries_of(b"").is_empty());
        assert!(entries_of(&[b'x'; 1 << 21]).is_empty());
    }
}
