//! Writing id maps from outside: as root directly, else by newuidmap(1) and newgidmap(1).

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::readlink;
use nix::unistd::geteuid;

use super::{Channel, GO, Outcome, own_directory_in_proc, path_of, silent, wait_for_helper};
use crate::digits::digits;
use crate::enter::idmap;
use crate::enter::program::Program;
use crate::enter::step::MapJob;
use crate::error::{Attempt, During, Failure, Status};
use crate::sys::file::write_once_to_proc;
use crate::sys::process::{ChildEvent, Side, exit_now, fork, wait_for_end};
use crate::sys::signal::SignalNumber;

/// As messages name it.
const MAPPER: &str = "the helper that writes id maps";

/// Our PID as /proc has it, which may show another PID namespace than ours. Errors: there is no /proc, or we are not in
/// it.
fn own_pid_in_proc() -> Result<i32, Failure> {
    let own = Path::new("/proc/self");
    let link = readlink(own).during(|| Attempt::Read(own.to_path_buf()))?;
    digits(link.as_bytes()).ok_or(Errno::ESRCH).during(|| Attempt::Read(own.to_path_buf()))
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
            Side::Parent { child } => Ok(Mapper { channel: ours, child, jobs }),
        }
    }

    /// Has it write the maps, and waits until it has ended.
    pub fn release(self) -> Result<(), Failure> {
        let Mapper { channel, child, jobs } = self;
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
            Some(Outcome::Exited { part, status }) => ended(job(part)?.ids.map_program(), Status::Exited(status)),
            Some(Outcome::Killed { part, signal }) => {
                ended(job(part)?.ids.map_program(), Status::Killed(SignalNumber(signal)))
            }
            None => match end {
                ChildEvent::Killed(signal) => ended(MAPPER, Status::Killed(signal)),
                _ => silent(MAPPER),
            },
        })
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

/// Writes the maps of the process, which is given by its PID and its directory in /proc.
fn map_all((pid, process): &(i32, OwnedFd), jobs: &[MapJob], environment: &[&CStr]) -> Outcome {
    for (part, job) in jobs.iter().enumerate() {
        let outcome = if geteuid().is_root() {
            let path = path_of(process).join(job.ids.map_file());
            match write_once_to_proc(&path, idmap::text(&job.lines).as_bytes()) {
                Ok(()) => Outcome::Done,
                Err(errno) => Outcome::Refused { part, errno: errno as i32 },
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

/// What newuidmap ends with, in our child, if there is none: as env(1), beyond what it ends with itself.
const NOT_FOUND: u8 = 127;
/// The same if there is one that cannot be run.
const NOT_RUNNABLE: u8 = 126;

/// Runs the program in place of this process; returns only if that fails, the status that says why.
fn not_run(program: &Program, environment: &[&CStr]) -> u8 {
    match program.execute(environment) {
        // Where the file itself may be executed, it is an interpreter or a loader of its that was not found.
        Failure::Program { errno: Errno::ENOENT, .. } if program.check(environment).is_err() => NOT_FOUND,
        _ => NOT_RUNNABLE,
    }
}

fn run_map_program(part: usize, process: i32, job: &MapJob, environment: &[&CStr]) -> Outcome {
    let numbers = job.lines.iter().flat_map(|line| [line.inner, line.outer, line.count]);
    let words = [job.ids.map_program().to_string(), process.to_string()];
    let argv: Vec<_> = words.into_iter().chain(numbers.map(|number| number.to_string())).collect();
    let child = match fork() {
        Ok(Side::Child) => {
            let operands: Vec<_> = argv.iter().map(Into::into).collect();
            let program = Program::from_operands(&operands).ok().flatten();
            exit_now(program.map_or(NOT_FOUND, |program| not_run(&program, environment)).into())
        }
        Ok(Side::Parent { child }) => child,
        Err(errno) => {
            return Outcome::Refused { part, errno: errno as i32 };
        }
    };
    match wait_for_end(child) {
        Ok(ChildEvent::Exited(0)) => Outcome::Done,
        Ok(ChildEvent::Exited(status)) => Outcome::Exited { part, status },
        Ok(ChildEvent::Killed(signal)) => Outcome::Killed { part, signal: signal.0 },
        Ok(ChildEvent::Stopped(_)) => Outcome::Refused { part, errno: Errno::EINTR as i32 },
        Err(errno) => Outcome::Refused { part, errno: errno as i32 },
    }
}

fn ended(name: &'static str, ending: Status) -> Failure {
    Failure::Helper { name, ending: Some(ending) }
}
