//! The channel between us and a helper: an order one way, how it ended the other.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};

use crate::error::{Attempt, During, Failure};

/// "Do it."
pub const GO: u8 = b'g';
/// "Take back what you did."
pub const UNDO: u8 = b'u';

/// How a job ended, and at which of its parts.
#[derive(Clone, Copy)]
pub enum Outcome {
    Done,
    Refused { part: u32, errno: i32 },
    Exited { part: u32, status: u8 },
    Killed { part: u32, signal: i32 },
}

impl Outcome {
    pub fn to_bytes(self) -> [u8; 12] {
        let (tag, part, number) = match self {
            Outcome::Done => (0, 0, 0),
            Outcome::Refused { part, errno } => (1, part, errno),
            Outcome::Exited { part, status } => (2, part, i32::from(status)),
            Outcome::Killed { part, signal } => (3, part, signal),
        };
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&i32::to_ne_bytes(tag));
        bytes[4..8].copy_from_slice(&u32::to_ne_bytes(part));
        bytes[8..].copy_from_slice(&number.to_ne_bytes());
        bytes
    }

    pub fn from_bytes(bytes: [u8; 12]) -> Outcome {
        let word = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let part = u32::from_ne_bytes(word(4));
        let number = i32::from_ne_bytes(word(8));
        match i32::from_ne_bytes(word(0)) {
            0 => Outcome::Done,
            1 => Outcome::Refused {
                part,
                errno: number,
            },
            2 => Outcome::Exited {
                part,
                // It was one when it was sent.
                status: number as u8,
            },
            _ => Outcome::Killed {
                part,
                signal: number,
            },
        }
    }
}

/// One end of a channel.
pub struct Channel(OwnedFd);

impl Channel {
    pub fn pair() -> Result<(Channel, Channel), Failure> {
        let pair = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        );
        pair.map(|(ours, theirs)| (Channel(ours), Channel(theirs)))
            .during(|| Attempt::Connect)
    }

    pub fn send(&self, message: &[u8]) -> nix::Result<()> {
        loop {
            // A far end that is gone is an error, not a signal.
            match send(self.0.as_raw_fd(), message, MsgFlags::MSG_NOSIGNAL) {
                Err(Errno::EINTR) => {}
                result => return result.map(drop),
            }
        }
    }

    /// The next message; `None` if the far end is gone, or says what is none of ours.
    pub fn receive<const N: usize>(&self) -> Option<[u8; N]> {
        let mut message = [0; N];
        loop {
            match recv(self.0.as_raw_fd(), &mut message, MsgFlags::MSG_TRUNC) {
                Ok(length) if length == N => return Some(message),
                Err(Errno::EINTR) => {}
                _ => return None,
            }
        }
    }

    /// Tells the helper to do its job, and how that ended; `None` if the helper is gone.
    pub fn order(&self, order: u8) -> Option<Outcome> {
        self.send(&[order]).ok()?;
        self.receive().map(Outcome::from_bytes)
    }
}
