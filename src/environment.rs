//! The entries of an environment, `NAME=value` each, as environ(7) has them.

use std::ffi::CStr;

/// The name of the variable that an entry sets; `None` without a `=`.
pub fn name(entry: &CStr) -> Option<&[u8]> {
    let bytes = entry.to_bytes();
    bytes.iter().position(|byte| *byte == b'=').map(|end| &bytes[..end])
}

/// The value of a variable: that of its first entry, as getenv(3) finds it.
pub fn value<'e>(entries: &[&'e CStr], wanted: &[u8]) -> Option<&'e [u8]> {
    entries.iter().find_map(|entry| {
        let name = name(entry)?;
        (name == wanted).then(|| &entry.to_bytes()[name.len() + 1..])
    })
}
