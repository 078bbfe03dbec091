//! What the scan asks once, for all processes.

use std::fs::read_link;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::Scope;
use crate::number::parse_decimal;
use crate::proc::status;
use crate::sys::file::read_bounded;
use crate::sys::stat::{fstat, stat};

/// How to tell what descriptors are.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// The device of nsfs; `None` if we cannot know it: then we go by the text of links.
    pub nsfs: Option<u64>,
    /// The device of the file system of sockets; `None` if we may not make a socket.
    pub sockets: Option<u64>,
    /// Whether the PIDs in /proc mean the same to our system calls.
    pub pids_are_ours: bool,
}

impl Surroundings {
    pub fn of(scope: &Scope<'_>) -> Surroundings {
        let socket = || socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).and_then(fstat);
        Surroundings {
            nsfs: stat(&scope.own().join("ns/mnt")).ok().map(|stat| stat.st_dev),
            sockets: socket().ok().map(|stat| stat.st_dev),
            pids_are_ours: scope.is_real() && pids_are_ours(scope.root),
        }
    }
}

/// Whether the proc at `root` shows our own PID namespace: its `self` is our PID, and NSpid lists no further PID in an inner
/// namespace.
pub fn pids_are_ours(root: &Path) -> bool {
    let ask = || {
        let link = read_link(root.join("self")).ok()?;
        let text = read_bounded(&root.join("self/status"), status::LONGEST).ok()?;
        let inwards = status::field(&text, "NSpid")?;
        let numbers = inwards.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
        Some(parse_decimal(link.as_os_str().as_bytes()) == Some(std::process::id()) && numbers == 1)
    };
    ask().unwrap_or(false)
}
