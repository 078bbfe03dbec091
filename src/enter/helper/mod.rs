//! Helper processes that stay in the old namespaces and do there what we no longer can.
//!
//! Each helper is the peer of a socket. It acts on a message, and ends when the socket closes: whatever happens to us,
//! no helper stays behind.
//!
//! Its job is prepared before any fork ([`BindJob`], [`MapJobs`]): its parent may be the child of a process with
//! several threads, so a helper makes only system calls.
//!
//! The files that it needs are opened before it starts: our directory in /proc, so that it cannot take another process
//! with our PID for us, and the files to bind on, so that nobody can replace them meanwhile.

mod binder;
mod mapper;

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};

pub use binder::{BindJob, Binder};
pub use mapper::{MapJobs, Mapper};

use super::fault::{Fault, Part};
use crate::sys::file::open_retrying;
use crate::sys::process::{ChildEvent, wait_for_end};
use crate::sys::signal::{SignalNumber, take_pending};

/// "Do it."
const GO: u8 = b'g';
/// "Take back what you did."
const UNDO: u8 = b'u';
/// "Leave it as it is, and end."
const LEAVE: u8 = b'l';
/// "Leave it as it is once the channel closes: that is the program's start."
const RUN: u8 = b'r';

/// How a job ended, and at which of its parts.
#[derive(Clone, Copy)]
enum Outcome {
    Done,
    Refused { part: usize, errno: i32 },
    Exited { part: usize, status: u8 },
    Killed { part: usize, signal: i32 },
    NotRun { part: usize, errno: i32, found: bool },
}

impl Outcome {
    fn to_bytes(self) -> [u8; 12] {
        let (tag, part, number) = match self {
            Outcome::Done => (0, 0, 0),
            Outcome::Refused { part, errno } => (1, part, errno),
            Outcome::Exited { part, status } => (2, part, i32::from(status)),
            Outcome::Killed { part, signal } => (3, part, signal),
            Outcome::NotRun { part, errno, found: false } => (4, part, errno),
            Outcome::NotRun { part, errno, found: true } => (5, part, errno),
        };
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&i32::to_ne_bytes(tag));
        // No job has so many parts that this would cut.
        bytes[4..8].copy_from_slice(&u32::to_ne_bytes(part as u32));
        bytes[8..].copy_from_slice(&number.to_ne_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; 12]) -> Outcome {
        let word = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let part = u32::from_ne_bytes(word(4)) as usize;
        let number = i32::from_ne_bytes(word(8));
        match i32::from_ne_bytes(word(0)) {
            0 => Outcome::Done,
            1 => Outcome::Refused { part, errno: number },
            2 => Outcome::Exited {
                part,
                // It was one when it was sent.
                status: number as u8,
            },
            3 => Outcome::Killed { part, signal: number },
            tag => Outcome::NotRun { part, errno: number, found: tag == 5 },
        }
    }
}

/// One end of a channel.
struct Channel(OwnedFd);

impl Channel {
    fn pair() -> Result<(Channel, Channel), Fault> {
        let pair = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC);
        pair.map(|(ours, theirs)| (Channel(ours), Channel(theirs))).map_err(Part::Channel.fault())
    }

    fn send(&self, message: &[u8]) -> nix::Result<()> {
        // If the peer is gone, we want an error, not SIGPIPE. POSIX wants the signal for these sockets, too; Linux does
        // not send it.
        persistently(|| send(self.0.as_raw_fd(), message, MsgFlags::MSG_NOSIGNAL)).map(drop)
    }

    /// The next message; `None` if the peer has closed the socket or sent a message of the wrong length.
    fn receive<const N: usize>(&self) -> Option<[u8; N]> {
        let mut message = [0; N];
        let length = persistently(|| recv(self.0.as_raw_fd(), &mut message, MsgFlags::MSG_TRUNC));
        (length == Ok(N)).then_some(message)
    }

    /// Tells the helper to do its job, and returns how that ended; `None` if the helper is gone.
    fn order(&self, order: u8) -> Option<Outcome> {
        self.send(&[order]).ok()?;
        self.receive().map(Outcome::from_bytes)
    }
}

/// After so many errors in a row, the channel counts as closed.
const MOST_ERRORS: usize = 8;

/// Makes a call on a channel, and retries it. One error is not the end (after ECONNRESET, the end follows by itself): a
/// helper that took it for the end would undo mounts that must stay.
fn persistently<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    let mut errors = 0;
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            Err(_) if errors < MOST_ERRORS => errors += 1,
            result => return result,
        }
    }
}

/// Our directory in /proc, which stays ours even if another process gets our PID.
fn own_directory_in_proc() -> Result<OwnedFd, Fault> {
    open_retrying(c"/proc/self", OFlag::O_PATH | OFlag::O_DIRECTORY).map_err(Part::OwnDirectory.fault())
}

/// Waits for the end of a helper and consumes its SIGCHLD: if our caller blocks that, it would stay pending and reach
/// the program.
fn wait_for_helper(child: i32) -> Result<ChildEvent, Fault> {
    let end = wait_for_end(child).map_err(Part::Wait(child).fault())?;
    take_pending(SignalNumber::CHLD);
    Ok(end)
}
