//! Helper processes that stay in the old namespaces, where they may do what we no longer can.
//!
//! Each stands at the far end of a channel of messages. It acts when told to, and ends without a word when the channel
//! closes: whatever happens to us, no helper is left behind.

mod mapper;

pub use mapper::{Mapper, map_attempt};

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::readlink;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::SigSet;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};

use super::step::Keep;
use crate::digits::digits;
use crate::error::{Attempt, During, Failure};
use crate::namespace::Kind;
use crate::sys;
use crate::sys::process::{Change, Side, exit_now, fork, wait_for_end};

/// "Do it."
const GO: u8 = b'g';
/// "Take back what you did."
const UNDO: u8 = b'u';

/// How a job ended, and at which of its parts.
#[derive(Clone, Copy)]
enum Outcome {
    Done,
    Refused { part: usize, errno: i32 },
    Exited { part: usize, status: u8 },
    Killed { part: usize, signal: i32 },
}

impl Outcome {
    fn to_bytes(self) -> [u8; 12] {
        let (tag, part, number) = match self {
            Outcome::Done => (0, 0, 0),
            Outcome::Refused { part, errno } => (1, part, errno),
            Outcome::Exited { part, status } => (2, part, i32::from(status)),
            Outcome::Killed { part, signal } => (3, part, signal),
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
struct Channel(OwnedFd);

impl Channel {
    fn pair() -> Result<(Channel, Channel), Failure> {
        let pair = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        );
        pair.map(|(ours, theirs)| (Channel(ours), Channel(theirs)))
            .during(|| Attempt::Connect)
    }

    fn send(&self, message: &[u8]) -> nix::Result<()> {
        loop {
            // A far end that is gone is an error, not a signal.
            match send(self.0.as_raw_fd(), message, MsgFlags::MSG_NOSIGNAL) {
                Err(Errno::EINTR) => {}
                result => return result.map(drop),
            }
        }
    }

    /// The next message; `None` if the far end is gone, or says what is none of ours.
    fn receive<const N: usize>(&self) -> Option<[u8; N]> {
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
    fn order(&self, order: u8) -> Option<Outcome> {
        self.send(&[order]).ok()?;
        self.receive().map(Outcome::from_bytes)
    }
}

/// Our PID as /proc has it, which may show another PID namespace than ours. Errors: there is no /proc, or we are not in
/// it.
fn own_pid_in_proc() -> Result<i32, Failure> {
    let own = Path::new("/proc/self");
    let link = readlink(own).during(|| Attempt::Read(own.to_path_buf()))?;
    digits(link.as_bytes())
        .ok_or(Errno::ESRCH)
        .during(|| Attempt::Read(own.to_path_buf()))
}

/// The helper that binds our namespaces on files: from within new mount or user namespaces the kernel would refuse it.
/// It stays until just before the program runs, to take the mounts back should anything fail.
pub struct Binder {
    channel: Channel,
    keeps: Vec<Keep>,
    /// Its PID, where it is a child of this process.
    child: Option<i32>,
}

const BINDER: &str = "the helper that keeps namespaces";

impl Binder {
    /// Starts it.
    pub fn start(keeps: Vec<Keep>) -> Result<Binder, Failure> {
        let us = own_pid_in_proc()?;
        let (ours, theirs) = Channel::pair()?;
        match fork().during(|| Attempt::Fork)? {
            Side::Child => {
                drop(ours);
                bind_when_told(&theirs, us, &keeps);
                exit_now(0)
            }
            Side::Parent { child } => Ok(Binder {
                channel: ours,
                keeps,
                child: Some(child),
            }),
        }
    }

    /// Binds all, or none. Errors: those of mount(2), for the first file that it failed with.
    pub fn bind(&self) -> Result<(), Failure> {
        match self.channel.order(GO) {
            Some(Outcome::Done) => Ok(()),
            Some(Outcome::Refused { part, errno }) if part < self.keeps.len() => {
                let Keep { kind, file } = self.keeps[part].clone();
                Err(Failure::System {
                    attempt: Attempt::Keep { kind, file },
                    errno: Errno::from_raw(errno),
                })
            }
            _ => Err(silent(BINDER)),
        }
    }

    /// Says that it is another process's child: this one is a fork of the process that started it.
    pub fn disown(&mut self) {
        self.child = None;
    }

    /// Takes the mounts back.
    pub fn undo(self) {
        self.channel.order(UNDO);
        // There is a failure to report already.
        let _ = self.dismiss();
    }

    /// Ends it, so that the program that we run finds no child that it has never made.
    pub fn dismiss(self) -> Result<(), Failure> {
        drop(self.channel);
        self.child
            .map_or(Ok(()), |child| wait_for_helper(child).map(drop))
    }

    /// Leaves it to a forked child of ours to speak to; returns the PID to wait for when that has ended.
    pub fn leave_to_child(self) -> Option<i32> {
        self.child
    }
}

/// Waits for the end of a helper and takes back its SIGCHLD: where our caller blocks that, it would stay pending and reach
/// the program. A pending signal goes when its disposition is set to a default that ignores it, sigaction(2).
fn wait_for_helper(child: i32) -> Result<Change, Failure> {
    let end = wait_for_end(child).during(|| Attempt::Wait(child))?;
    sys::signal::set_child_signal_default().during(|| Attempt::Signals)?;
    Ok(end)
}

/// The binder's life.
fn bind_when_told(channel: &Channel, process: i32, keeps: &[Keep]) {
    // A Ctrl-C reaches us as well: between two mounts it would leave one of them behind. We end with the channel.
    let _ = SigSet::all().thread_block();
    let mut bound = 0;
    while let Some([order]) = channel.receive() {
        let outcome = match order {
            GO => bind_all(process, keeps, &mut bound),
            _ => {
                unbind(keeps, &mut bound);
                Outcome::Done
            }
        };
        if channel.send(&outcome.to_bytes()).is_err() {
            // Who does not know that we have bound fails, or has been killed.
            unbind(keeps, &mut bound);
            return;
        }
    }
}

/// Takes back the mounts on the first `bound` files.
fn unbind(keeps: &[Keep], bound: &mut usize) {
    for keep in keeps[..std::mem::take(bound)].iter().rev() {
        let _ = umount2(&keep.file, MntFlags::MNT_DETACH);
    }
}

fn bind_all(process: i32, keeps: &[Keep], bound: &mut usize) -> Outcome {
    for (part, Keep { kind, file }) in keeps.iter().enumerate() {
        match mount(
            Some(&namespace_file(process, *kind)),
            file,
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        ) {
            Ok(()) => *bound += 1,
            Err(errno) => {
                unbind(keeps, bound);
                return Outcome::Refused {
                    part,
                    errno: errno as i32,
                };
            }
        }
    }
    Outcome::Done
}

/// The namespace that a process has unshared: for PID and time its own one does not change, its children's does.
fn namespace_file(process: i32, kind: Kind) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/ns/{}", kind.name_for_children()))
}

/// A helper that has not answered, and of whose end nothing is known.
fn silent(name: &'static str) -> Failure {
    Failure::Helper { name, ending: None }
}
