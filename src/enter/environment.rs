//! The environment of the program: bytes from our caller, passed on as they are or picked from.

use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::OsStrExt;

/// What the program's environment is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Our caller's, entry for entry.
    Inherited,
    /// Of our caller's, the variables of these names, in their present order.
    Only(Vec<OsString>),
    /// These entries.
    Given(Vec<CString>),
}

impl Environment {
    /// The entries for execve(2), made from our caller's.
    pub fn entries<'e>(&'e self, callers: &[&'e CStr]) -> Vec<&'e CStr> {
        match self {
            Environment::Inherited => callers.to_vec(),
            Environment::Only(names) => {
                let wanted = |entry: &&CStr| {
                    let name = name(entry);
                    name.is_some_and(|name| names.iter().any(|wanted| wanted.as_bytes() == name))
                };
                callers.iter().copied().filter(wanted).collect()
            }
            Environment::Given(entries) => entries.iter().map(CString::as_c_str).collect(),
        }
    }
}

/// The name of the variable that an entry sets; `None` without a `=`.
pub fn name(entry: &CStr) -> Option<&[u8]> {
    let bytes = entry.to_bytes();
    bytes
        .iter()
        .position(|byte| *byte == b'=')
        .map(|end| &bytes[..end])
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

    const CALLERS: [&CStr; 4] = [c"A=1", c"odd", c"B=2=3", c"A=4"];

    #[test]
    fn inherited_entries_stay_as_they_are() {
        assert_eq!(Environment::Inherited.entries(&CALLERS), CALLERS);
    }

    #[test]
    fn only_the_named_variables_are_left() {
        let only = |names: &[&str]| Environment::Only(names.iter().map(OsString::from).collect());
        assert_eq!(only(&["B", "C"]).entries(&CALLERS), [c"B=2=3"]);
        assert_eq!(only(&["C"]).entries(&CALLERS), [] as [&CStr; 0]);
        assert_eq!(only(&[]).entries(&CALLERS), [] as [&CStr; 0]);
    }

    #[test]
    fn a_value_is_that_of_the_first_entry() {
        assert_eq!(value(&CALLERS, b"A"), Some(&b"1"[..]));
        assert_eq!(value(&CALLERS, b"B"), Some(&b"2=3"[..]));
        assert_eq!(value(&CALLERS, b"odd"), None);
    }
}
