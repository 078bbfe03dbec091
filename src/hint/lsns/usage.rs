//! A command line of lsns that cannot be read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::cli::UsageError;
use crate::cli::lsns::{INVALID_NAMESPACE, UNKNOWN_KIND, UNKNOWN_TREE};
use crate::error::Shown;
use crate::hint::usage::pasted_dash;
use crate::namespace::Kind;

/// The hint for a command line that cannot be read.
pub fn usage(error: &UsageError) -> Option<String> {
    let UsageError::Words { wording, value } = error else {
        return None;
    };
    match *wording {
        UNKNOWN_KIND => Some(kinds(value)),
        UNKNOWN_TREE => Some("-T takes process, parent or owner".to_string()),
        INVALID_NAMESPACE => Some(no_number(value)),
        _ => None,
    }
}

/// `-t net,mnt`, or another name for a kind.
fn kinds(value: &OsStr) -> String {
    let parts = value.as_bytes().split(|byte| *byte == b',');
    let kinds: Option<Vec<Kind>> = parts.map(Kind::from_name).collect();
    match kinds {
        Some(kinds) => {
            let options: Vec<_> = kinds.iter().map(|kind| format!("-t {kind}")).collect();
            format!("-t takes one kind, and may be repeated: {}", options.join(" "))
        }
        None => "the kinds are mnt, net, ipc, user, pid, uts, cgroup and time".to_string(),
    }
}

/// An operand that is not a number.
fn no_number(value: &OsStr) -> String {
    if let Some(kind) = Kind::from_name(value.as_bytes()) {
        return format!("the namespaces of one kind are listed with -t {kind}");
    }
    match value.as_bytes() {
        b"process" | b"parent" | b"owner" => {
            format!("-T takes its argument without a blank: -T{}", value.shown())
        }
        _ => pasted_dash(value)
            .unwrap_or_else(|| "a namespace is given by its inode number, as the column NS shows it".to_string()),
    }
}
