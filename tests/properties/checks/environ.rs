//! /proc/PID/environ, and what is picked from an environment.

use std::collections::HashSet;
use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nskit::internals::enter::environment::{Environment, is_for_loader};
use nskit::internals::proc::environ::{entries_of, name, value};

use super::Check;
use super::memory::bounded;

/// The check.
pub const CHECK: Check = Check {
    name: "environ",
    tokens: &[
        "\0",
        "=",
        "PATH=/bin",
        "LD_PRELOAD=/x",
        "LD_",
        "GLIBC_TUNABLES",
        "MALLOC_",
        "RESOLV_",
        "TMPDIR",
        "HOSTALIASES",
        "A=1",
        "A",
        "HOME=",
        "junk",
    ],
    run: check,
};

fn check(bytes: &[u8]) {
    let entries = bounded(bytes.len(), 128, 1024, || entries_of(bytes));
    // What has a `=`, in its order and byte for byte.
    let expected: Vec<&[u8]> = bytes.split(|byte| *byte == 0).filter(|entry| entry.contains(&b'=')).collect();
    let found: Vec<&[u8]> = entries.iter().map(|entry| entry.as_bytes()).collect();
    assert_eq!(found, expected);
    let entries: Vec<&CStr> = entries.iter().map(|entry| &**entry).collect();
    for entry in &entries {
        let name = name(entry).unwrap();
        assert!(!name.contains(&b'='));
        assert_eq!(entry.to_bytes()[name.len()], b'=');
        assert_eq!(is_for_loader(entry), is_in_manual(name), "{entry:?}");
    }
    check_choice(&entries);
}

/// Those of ld.so(8), and of the C library's pages that name files or servers by variables.
fn is_in_manual(name: &[u8]) -> bool {
    let starts = [&b"LD_"[..], b"MALLOC_", b"RESOLV_"];
    let names = "GLIBC_TUNABLES GCONV_PATH GETCONF_DIR LOCPATH MUSL_LOCPATH NIS_PATH NLSPATH RES_OPTIONS HOSTALIASES \
                 LOCALDOMAIN TMPDIR TZDIR";
    starts.iter().any(|start| name.starts_with(start)) || names.split(' ').any(|known| known.as_bytes() == name)
}

/// Every other name is chosen: what is left are the entries of those names.
fn check_choice(entries: &[&CStr]) {
    let names = entries.iter().map(|entry| name(entry).unwrap());
    let chosen: Vec<OsString> = names.step_by(2).map(|name| OsStr::from_bytes(name).to_os_string()).collect();
    let wanted: HashSet<&[u8]> = chosen.iter().map(|name| name.as_bytes()).collect();
    let expected: Vec<&CStr> = entries.iter().copied().filter(|entry| wanted.contains(name(entry).unwrap())).collect();
    assert_eq!(Environment::Only(chosen.clone()).entries(entries), expected);
    if let Some(first) = expected.first() {
        let name = name(first).unwrap();
        let of_name = |entry: &&&CStr| entry.to_bytes().starts_with(&[name, b"="].concat());
        let first = entries.iter().find(of_name).unwrap();
        assert_eq!(value(entries, name), Some(&first.to_bytes()[name.len() + 1..]));
    }
}
