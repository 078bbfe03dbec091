//! The environment of the program: bytes from our caller, passed on as they are or picked from.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::OsStrExt;

pub use crate::environment::{name, value};

/// What the program's environment is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// Our caller's, entry for entry.
    #[default]
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
                let names: BTreeSet<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
                let wanted = |entry: &&CStr| name(entry).is_some_and(|name| names.contains(name));
                callers.iter().copied().filter(wanted).collect()
            }
            Environment::Given(entries) => entries.iter().map(CString::as_c_str).collect(),
        }
    }
}

/// The entries of a /proc/PID/environ, which its process may have filled with anything. What has no `=` sets nothing.
pub fn entries_of(environ: &[u8]) -> Vec<CString> {
    let entries = environ.split(|byte| *byte == 0).filter(|entry| entry.contains(&b'='));
    // There is no NUL left in them.
    entries.filter_map(|entry| CString::new(entry).ok()).collect()
}

/// Variables by which the dynamic loader and the C library choose files to load and addresses to trust; `*` stands for
/// anything. They are those that glibc forgets in a set-user-ID program (ld.so(8)), and musl's.
const FOR_LOADER: [&str; 15] = [
    "LD_*",
    "GLIBC_TUNABLES",
    "GCONV_PATH",
    "GETCONF_DIR",
    "LOCPATH",
    "MUSL_LOCPATH",
    "NIS_PATH",
    "NLSPATH",
    "MALLOC_*",
    "RESOLV_*",
    "RES_OPTIONS",
    "HOSTALIASES",
    "LOCALDOMAIN",
    "TMPDIR",
    "TZDIR",
];

/// Whether the entry sets a variable by which one process could make a program of another file system load its files.
pub fn is_for_loader(entry: &CStr) -> bool {
    let matches = |name: &[u8], pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix.as_bytes()),
        None => name == pattern.as_bytes(),
    };
    name(entry).is_some_and(|name| FOR_LOADER.iter().any(|pattern| matches(name, pattern)))
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

    #[test]
    fn an_environ_is_taken_apart_in_its_order() {
        assert_eq!(entries_of(b"B=1\0junk\0A=\0\0B=2"), [c"B=1".to_owned(), c"A=".to_owned(), c"B=2".to_owned()]);
        assert!(entries_of(b"").is_empty());
        assert!(entries_of(&[b'x'; 1 << 21]).is_empty());
    }

    #[test]
    fn variables_of_the_loader_are_known() {
        for entry in [c"LD_PRELOAD=x", c"LD_=", c"GLIBC_TUNABLES=", c"RES_OPTIONS=", c"MALLOC_CHECK_=3", c"TMPDIR=/x"] {
            assert!(is_for_loader(entry), "{entry:?}");
        }
        for entry in [c"LD=x", c"XLD_PRELOAD=", c"PATH=/x", c"TMPDIRS=", c"LD_PRELOAD"] {
            assert!(!is_for_loader(entry), "{entry:?}");
        }
    }
}
