//! getent(1), which asks the name services that a static binary cannot load.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::passwd::{Database, Entry, for_each_entry};
use crate::sys::signal::{SignalNumber, is_pending, take_pending};

/// Where getent(1) may be, as absolute paths: neither $PATH nor any other variable may choose what root runs.
const GETENT: [&str; 2] = ["/usr/bin/getent", "/bin/getent"];

/// The most keys for one call of getent: far below the kernel's limit for arguments.
const KEYS_A_CALL: usize = 512;

/// Visits the entries that getent finds for `keys`, names or numbers. It asks for all of them at once.
pub(super) fn visit(database: Database, keys: &[OsString], mut visit: impl FnMut(Entry) -> bool) {
    let Some(getent) = GETENT.iter().find(|path| Path::new(path).exists()) else {
        return;
    };
    // If our caller blocks SIGCHLD, the SIGCHLD of getent would stay pending and reach the program that we run.
    let was_pending = is_pending(SignalNumber::CHLD);
    for keys in keys.chunks(KEYS_A_CALL) {
        // /dev/null may be missing in our root directory.
        let (Ok((no_input, _)), Ok((_unread, errors))) = (io::pipe(), io::pipe()) else {
            break;
        };
        let child = Command::new(getent)
            .arg("--")
            .arg(database.name())
            .args(keys)
            .env_clear()
            .current_dir("/")
            .stdin(no_input)
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn();
        if let Ok(mut child) = child {
            if let Some(output) = child.stdout.take() {
                let _ = for_each_entry(output, &mut visit);
            }
            // If our caller ignores SIGCHLD, the kernel keeps no status to wait for. The answer is valid all the same.
            let _ = child.wait();
        }
    }
    if !was_pending {
        take_pending(SignalNumber::CHLD);
    }
}
