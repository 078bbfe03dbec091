//! getent(1), which asks the name services that a static binary cannot load.

use std::ffi::{OsStr, OsString};

use super::passwd::{Database, Entry, for_each_entry};
use super::service;
use crate::sys::signal::{SignalNumber, is_pending, take_pending};

/// Where getent(1) may be, as absolute paths: neither $PATH nor any other variable may choose what root runs.
const GETENT: [&str; 2] = ["/usr/bin/getent", "/bin/getent"];

/// The most keys for one call of getent: far below the kernel's limit for arguments.
const KEYS_A_CALL: usize = 512;

/// Visits the entries that getent finds for `keys`, names or numbers. It asks for all of them at once.
pub(super) fn visit(database: Database, keys: &[OsString], mut visit: impl FnMut(Entry) -> bool) {
    // If our caller blocks SIGCHLD, the SIGCHLD of getent would stay pending and reach the program that we run.
    let was_pending = is_pending(SignalNumber::CHLD);
    for keys in keys.chunks(KEYS_A_CALL) {
        let fixed = ["--", database.name()].map(OsStr::new);
        let Some(mut asked) = service::ask(&GETENT, fixed.into_iter().chain(keys.iter().map(OsString::as_os_str)))
        else {
            break;
        };
        if let Some(output) = asked.child.stdout.take() {
            let _ = for_each_entry(output, &mut visit);
        }
        // If our caller ignores SIGCHLD, the kernel keeps no status to wait for. The answer is valid all the same.
        let _ = asked.child.wait();
    }
    if !was_pending {
        take_pending(SignalNumber::CHLD);
    }
}
