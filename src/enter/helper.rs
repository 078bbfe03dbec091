//! Helper processes that stay in the old namespaces, where they may do what we no longer can.
//!
//! Each stands at the far end of a channel of messages. It acts when told to, and ends without a word when the channel
//! closes: whatever happens to us, no helper is left behind.
//!
//! What it is to act on is opened before it starts: our directory in /proc, so that no other process with our PID is taken
//! for us, and the files to bind on, so that nobody puts others in their place while we are under way.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::fcntl::readlink;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::SigSet;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use nix::sys::stat::{fstat, stat};
use nix::unistd::geteuid;

use super::idmap;
use super::program::Program;
use super::step::{Keep, MapJob};
use crate::cli::value::digits;
use crate::error::{Attempt, During, Failure, Status};
use crate::namespace::Kind;
use crate::sys;
use crate::sys::file::{open_retrying, write_once_to_proc};
use crate::sys::mount::{attach, detached_bind};
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
            // A far end that is gone is an error, not a signal: that of POSIX, which Linux leaves out for such sockets.
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

/// Our directory in /proc, whoever has our PID by the time that it is used.
fn own_directory_in_proc() -> Result<OwnedFd, Failure> {
    let own = Path::new("/proc/self");
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
    open_retrying(own, flags).during(|| Attempt::Open(own.to_path_buf()))
}

/// A path that leads to an open file, and to no other.
fn path_of(file: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
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
    /// Starts it. Errors: a file to bind on cannot be opened; there is no /proc, or we are not in it.
    pub fn start(keeps: Vec<Keep>) -> Result<Binder, Failure> {
        let open = |keep: &Keep| {
            let place = open_retrying(&keep.file, OFlag::O_PATH);
            place.during(|| Attempt::Keep {
                kind: keep.kind,
                file: keep.file.clone(),
            })
        };
        let places: Result<Vec<_>, _> = keeps.iter().map(open).collect();
        let (process, places) = (own_directory_in_proc()?, places?);
        let (ours, theirs) = Channel::pair()?;
        match fork().during(|| Attempt::Fork)? {
            Side::Child => {
                drop(ours);
                let mut job = Binding {
                    process,
                    places: keeps.iter().zip(places).collect(),
                    bound: Vec::new(),
                };
                bind_when_told(&theirs, &mut job);
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
fn bind_when_told(channel: &Channel, job: &mut Binding) {
    // A Ctrl-C reaches us as well: between two mounts it would leave one of them behind. We end with the channel.
    let _ = SigSet::all().thread_block();
    while let Some([order]) = channel.receive() {
        let outcome = match order {
            GO => job.bind_all(),
            _ => {
                job.unbind();
                Outcome::Done
            }
        };
        if channel.send(&outcome.to_bytes()).is_err() {
            // Who does not know that we have bound fails, or has been killed.
            job.unbind();
            return;
        }
    }
}

/// What the binder has to do, and has done.
struct Binding<'k> {
    /// The directory in /proc of the process that unshares.
    process: OwnedFd,
    /// What is to be kept, and the file to bind it on.
    places: Vec<(&'k Keep, OwnedFd)>,
    /// The mounts that have been made, as far as they can be told from others.
    bound: Vec<OwnedFd>,
}

impl Binding<'_> {
    fn bind_all(&mut self) -> Outcome {
        for part in 0..self.places.len() {
            match self.bind(part) {
                Ok(mount) => self.bound.extend(mount),
                Err(errno) => {
                    self.unbind();
                    return Outcome::Refused {
                        part,
                        errno: errno as i32,
                    };
                }
            }
        }
        Outcome::Done
    }

    /// Binds one, and returns the mount; `None` if that is made and cannot be told from others.
    fn bind(&self, part: usize) -> nix::Result<Option<OwnedFd>> {
        let (keep, place) = &self.places[part];
        let namespace = self.namespace_file(keep.kind);
        if let Ok(mount) = detached_bind(&namespace)
            && attach(&mount, place).is_ok()
        {
            return Ok(Some(mount));
        }
        // A kernel before 5.2, or a seccomp filter that does not know these calls. Else it is refused here as well, with
        // the errno that mount(2) documents.
        mount(
            Some(&namespace),
            &path_of(place),
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        )?;
        // Only a path leads to what is mounted on a file, so it is looked at whether that is the namespace.
        let found = open_retrying(&keep.file, OFlag::O_PATH).ok();
        Ok(
            found.filter(|found| match (fstat(found), stat(&namespace)) {
                (Ok(found), Ok(bound)) => {
                    (found.st_dev, found.st_ino) == (bound.st_dev, bound.st_ino)
                }
                _ => false,
            }),
        )
    }

    /// Takes back the mounts that have been made.
    fn unbind(&mut self) {
        while let Some(mount) = self.bound.pop() {
            let _ = umount2(&path_of(&mount), MntFlags::MNT_DETACH);
        }
    }

    /// The namespace that the process has unshared: for PID and time its own one does not change, its children's does.
    fn namespace_file(&self, kind: Kind) -> PathBuf {
        let name = format!("ns/{}", kind.name_for_children());
        path_of(&self.process).join(name)
    }
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
        let us = (own_pid_in_proc()?, own_directory_in_proc()?);
        let (ours, theirs) = Channel::pair()?;
        match fork().during(|| Attempt::Fork)? {
            Side::Child => {
                drop(ours);
                if theirs.receive() == Some([GO]) {
                    let _ = theirs.send(&map_all(&us, &jobs, environment).to_bytes());
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
        let Mapper {
            channel,
            child,
            jobs,
        } = self;
        let outcome = channel.order(GO);
        drop(channel);
        let end = wait_for_helper(child)?;
        let job = |part: usize| jobs.get(part).ok_or_else(|| silent(MAPPER));
        Err(match outcome {
            Some(Outcome::Done) => return Ok(()),
            Some(Outcome::Refused { part, errno }) => Failure::System {
                attempt: map_attempt(Path::new("/proc/self"), job(part)?),
                errno: Errno::from_raw(errno),
            },
            Some(Outcome::Exited { part, status }) => {
                ended(job(part)?.ids.map_program(), Change::Exited(status))
            }
            Some(Outcome::Killed { part, signal }) => ended(
                job(part)?.ids.map_program(),
                Change::Killed(SignalNumber(signal)),
            ),
            None if matches!(end, Change::Killed(_)) => ended(MAPPER, end),
            None => silent(MAPPER),
        })
    }

    /// Ends it without having it write.
    pub fn dismiss(self) {
        drop(self.channel);
        let _ = wait_for_end(self.child);
    }
}

const MAPPER: &str = "the helper that writes id maps";

/// What was being done when a map could not be written.
pub fn map_attempt(process: &Path, job: &MapJob) -> Attempt {
    Attempt::Write {
        path: process.join(job.ids.map_file()),
        text: idmap::text(&job.lines).trim_end().replace('\n', "; "),
    }
}

/// Writes the maps of the process, which is given by its PID and its directory in /proc.
fn map_all((pid, process): &(i32, OwnedFd), jobs: &[MapJob], environment: &[&CStr]) -> Outcome {
    for (part, job) in jobs.iter().enumerate() {
        let outcome = if geteuid().is_root() {
            let path = path_of(process).join(job.ids.map_file());
            match write_once_to_proc(&path, idmap::text(&job.lines).as_bytes()) {
                Ok(()) => Outcome::Done,
                Err(errno) => Outcome::Refused {
                    part,
                    errno: errno as i32,
                },
            }
        } else {
            run_map_program(part, *pid, job, environment)
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
    Failure::Helper {
        name,
        ending: Some(ending),
    }
}

/// A helper that has not answered, and of whose end nothing is known.
fn silent(name: &'static str) -> Failure {
    Failure::Helper { name, ending: None }
}
