//! Helper processes that stay in the old namespaces, where they may do what we no longer can.
//!
//! Each stands at the far end of a channel of messages. It acts when told to, and ends without a word when the channel
//! closes: whatever happens to us, no helper is left behind.

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::SigSet;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use nix::unistd::{geteuid, getpid};

use super::idmap;
use super::program::Program;
use super::step::{Keep, MapJob};
use crate::error::{Attempt, During, Failure, Status};
use crate::namespace::Kind;
use crate::sys::file::write_once;
use crate::sys::process::{Change, Side, exit_now, fork, wait_for_end};
use crate::sys::signal::SignalNumber;

/// "Do it."
const GO: u8 = b'g';
/// "Take back what you did."
const UNDO: u8 = b'u';

/// How a job ended, and at which of its parts.
#[derive(Clone, Copy)]
enum Outcome {
    Done,
    Refused { part: usize, errno: i32 },
    Exited { part: usize, status: i32 },
    Killed { part: usize, signal: i32 },
}

impl Outcome {
    fn to_bytes(self) -> [u8; 12] {
        let (tag, part, number) = match self {
            Outcome::Done => (0, 0, 0),
            Outcome::Refused { part, errno } => (1, part, errno),
            Outcome::Exited { part, status } => (2, part, status),
            Outcome::Killed { part, signal } => (3, part, signal),
        };
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&i32::to_ne_bytes(tag));
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
                status: number,
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
            match send(
                std::os::fd::AsRawFd::as_raw_fd(&self.0),
                message,
                MsgFlags::MSG_NOSIGNAL,
            ) {
                Err(Errno::EINTR) => {}
                result => return result.map(drop),
            }
        }
    }

    /// The next message; `None` if the far end is gone.
    fn receive<const N: usize>(&self) -> Option<[u8; N]> {
        let mut message = [0; N];
        loop {
            match recv(
                std::os::fd::AsRawFd::as_raw_fd(&self.0),
                &mut message,
                MsgFlags::empty(),
            ) {
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

/// The helper that binds our namespaces on files: from within new mount or user namespaces the kernel would refuse it.
/// It stays until the program runs, to take the mounts back should anything before that fail.
pub struct Binder {
    channel: Channel,
    keeps: Vec<Keep>,
}

impl Binder {
    /// Starts it, as a process that is nobody's child: it outlives our exec by a moment, and the program that we run is
    /// not to find a child that it has never made.
    pub fn start(keeps: Vec<Keep>) -> Result<Binder, Failure> {
        let us = getpid().as_raw();
        let (ours, theirs) = Channel::pair()?;
        match fork().during(|| Attempt::Fork)? {
            Side::Child => {
                drop(ours);
                match fork() {
                    Ok(Side::Child) => {
                        bind_when_told(&theirs, us, &keeps);
                        exit_now(0)
                    }
                    Ok(Side::Parent { .. }) => exit_now(0),
                    Err(errno) => exit_now(errno as i32),
                }
            }
            Side::Parent { child } => match wait_for_end(child).during(|| Attempt::Wait(child))? {
                Change::Exited(0) => Ok(Binder {
                    channel: ours,
                    keeps,
                }),
                Change::Exited(errno) => Err(Failure::System {
                    attempt: Attempt::Fork,
                    errno: Errno::from_raw(errno),
                }),
                change => Err(ended("the helper that keeps namespaces", change)),
            },
        }
    }

    /// Binds all, or none. Errors: those of mount(2), for the first file that it failed with.
    pub fn bind(&self) -> Result<(), Failure> {
        match self.channel.order(GO) {
            Some(Outcome::Done) => Ok(()),
            Some(Outcome::Refused { part, errno }) => {
                let Keep { kind, file } = self.keeps[part].clone();
                Err(Failure::System {
                    attempt: Attempt::Keep { kind, file },
                    errno: Errno::from_raw(errno),
                })
            }
            _ => Err(gone("the helper that keeps namespaces")),
        }
    }

    /// Takes the mounts back.
    pub fn undo(self) {
        self.channel.order(UNDO);
    }
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

/// The helper that writes our id maps from outside our user namespace.
pub struct Mapper {
    channel: Channel,
    child: i32,
    jobs: Vec<MapJob>,
}

impl Mapper {
    /// Starts it, in the user namespace as it is now and with the rights that we have now.
    pub fn start(jobs: Vec<MapJob>, environment: &[&CStr]) -> Result<Mapper, Failure> {
        let us = getpid().as_raw();
        let (ours, theirs) = Channel::pair()?;
        match fork().during(|| Attempt::Fork)? {
            Side::Child => {
                drop(ours);
                if theirs.receive() == Some([GO]) {
                    let _ = theirs.send(&map_all(us, &jobs, environment).to_bytes());
                }
                exit_now(0)
            }
            Side::Parent { child } => Ok(Mapper {
                channel: ours,
                child,
                jobs,
            }),
        }
    }

    /// Has it write the maps, and waits until it has ended.
    pub fn release(self) -> Result<(), Failure> {
        let outcome = self.channel.order(GO);
        let job = |part: usize| &self.jobs[part];
        let result = match outcome {
            Some(Outcome::Done) => Ok(()),
            Some(Outcome::Refused { part, errno }) => Err(Failure::System {
                attempt: map_attempt(Path::new("/proc/self"), job(part)),
                errno: Errno::from_raw(errno),
            }),
            Some(Outcome::Exited { part, status }) => {
                Err(ended(job(part).ids.map_program(), Change::Exited(status)))
            }
            Some(Outcome::Killed { part, signal }) => Err(ended(
                job(part).ids.map_program(),
                Change::Killed(SignalNumber(signal)),
            )),
            None => Err(gone("the helper that writes id maps")),
        };
        let Mapper { channel, child, .. } = self;
        drop(channel);
        wait_for_end(child).during(|| Attempt::Wait(child))?;
        result
    }

    /// Ends it without having it write.
    pub fn dismiss(self) {
        drop(self.channel);
        let _ = wait_for_end(self.child);
    }
}

/// What was being done when a map could not be written.
pub fn map_attempt(process: &Path, job: &MapJob) -> Attempt {
    Attempt::Write {
        path: process.join(job.ids.map_file()),
        text: idmap::text(&job.lines).trim_end().replace('\n', "; "),
    }
}

fn map_all(process: i32, jobs: &[MapJob], environment: &[&CStr]) -> Outcome {
    for (part, job) in jobs.iter().enumerate() {
        let outcome = if geteuid().is_root() {
            let path = PathBuf::from(format!("/proc/{process}/{}", job.ids.map_file()));
            match write_once(&path, idmap::text(&job.lines).as_bytes()) {
                Ok(()) => Outcome::Done,
                Err(errno) => Outcome::Refused {
                    part,
                    errno: errno as i32,
                },
            }
        } else {
            run_map_program(part, process, job, environment)
        };
        if !matches!(outcome, Outcome::Done) {
            return outcome;
        }
    }
    Outcome::Done
}

/// What newuidmap ends with, in our child, if it could not be run: beyond what it ends with itself.
const NOT_RUN: i32 = 127;

fn run_map_program(part: usize, process: i32, job: &MapJob, environment: &[&CStr]) -> Outcome {
    let numbers = job
        .lines
        .iter()
        .flat_map(|line| [line.inner, line.outer, line.count]);
    let words = [job.ids.map_program().to_string(), process.to_string()];
    let argv: Vec<_> = words
        .into_iter()
        .chain(numbers.map(|number| number.to_string()))
        .collect();
    let child = match fork() {
        Ok(Side::Child) => {
            let operands: Vec<_> = argv.iter().map(Into::into).collect();
            if let Ok(Some(program)) = Program::from_operands(&operands) {
                program.execute(environment);
            }
            exit_now(NOT_RUN)
        }
        Ok(Side::Parent { child }) => child,
        Err(errno) => {
            return Outcome::Refused {
                part,
                errno: errno as i32,
            };
        }
    };
    match wait_for_end(child) {
        Ok(Change::Exited(0)) => Outcome::Done,
        Ok(Change::Exited(status)) => Outcome::Exited { part, status },
        Ok(Change::Killed(signal)) => Outcome::Killed {
            part,
            signal: signal.0,
        },
        Ok(Change::Stopped) | Err(_) => Outcome::Exited {
            part,
            status: NOT_RUN,
        },
    }
}

fn ended(name: &'static str, change: Change) -> Failure {
    let ending = match change {
        Change::Killed(signal) => Status::Killed(signal),
        Change::Exited(status) => Status::Exited(status as u8),
        Change::Stopped => Status::FAILURE,
    };
    Failure::Helper { name, ending }
}

fn gone(name: &'static str) -> Failure {
    ended(name, Change::Killed(SignalNumber::KILL))
}
