//! The environment of the program: our caller's bytes, passed on unchanged or in part.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::proc::environ::{matches_any, name};

/// How to make the program's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// Our caller's, entry for entry.
    #[default]
    Inherited,
    /// Our caller's variables with these names, in their present order.
    Only(Vec<OsString>),
    /// These entries.
    Given(Vec<CString>),
    /// These entries, with TERM of our caller in place of theirs, if our caller has one.
    GivenWithTerm(Vec<CString>),
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
            Environment::GivenWithTerm(entries) => {
                let is_term = |entry: &&CStr| name(entry) == Some(b"TERM");
                let given = entries.iter().map(CString::as_c_str);
                match callers.iter().copied().find(is_term) {
                    None => given.collect(),
                    Some(term) => given.filter(|entry| !is_term(entry)).chain([term]).collect(),
                }
            }
        }
    }
}

/// Variables by which the dynamic loader and the C library choose files to load and addresses to trust; `*` stands for
/// anything. These are the variables that glibc removes for a set-user-ID program (ld.so(8)), and musl's.
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
    matches_any(entry, &FOR_LOADER)
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
    fn the_terminal_is_our_callers() {
        let given = Environment::GivenWithTerm(vec![c"TERM=old".into(), c"A=1".into()]);
        assert_eq!(given.entries(&[c"B=2", c"TERM=new"]), [c"A=1", c"TERM=new"]);
        assert_eq!(given.entries(&[c"B=2"]), [c"TERM=old", c"A=1"]);
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
