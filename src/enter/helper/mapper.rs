//! Writes id maps from outside: root writes them directly, other users through newuidmap(1) and newgidmap(1).

use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag};
use nix::unistd::{geteuid, pipe2, read};

use super::{Channel, GO, Outcome, own_directory_in_proc, persistently, wait_for_helper};
use crate::enter::executable::Executable;
use crate::enter::fault::{Fault, HelperPart, Part};
use crate::enter::program::Program;
use crate::enter::setting::MapJob;
use crate::ids::map;
use crate::number::parse_decimal;
use crate::sys::at::read_link;
use crate::sys::exec::Vector;
use crate::sys::file::{write_all, write_once_to_proc};
use crate::sys::path_of::PathOf;
use crate::sys::process::Status;
use crate::sys::process::{ChildEvent, ForkResult, exit_now, fork, wait_for_end};
use crate::sys::signal::SignalNumber;

/// A mapper's job, prepared before it starts.
pub struct MapJobs {
    maps: Vec<Map>,
    environment: Vector,
}

/// A map in the forms of the kernel and of newuidmap or newgidmap.
struct Map {
    /// Its file in /proc/PID, with a slash before it.
    file: [&'static str; 2],
    text: String,
    program: Executable,
}

/// Where the argv of newuidmap has the PID.
const PID_ARGUMENT: usize = 1;

impl MapJobs {
    /// A job for these maps. newuidmap(1) and newgidmap(1) are searched in the `$PATH` of `environment`, and get that
    /// environment.
    pub fn new(jobs: &[MapJob], environment: &[&CStr]) -> MapJobs {
        let map = |job: &MapJob| {
            let numbers = job.lines.iter().flat_map(|line| [line.inner, line.outer, line.count]);
            // Numbers and the names of these programs hold no NUL byte.
            let text = |text: String| CString::new(text).unwrap_or_default();
            let file = text(job.ids.map_program().to_string());
            let argv = [file.clone(), Vector::room_for_number()];
            let argv = argv.into_iter().chain(numbers.map(|number| text(number.to_string()))).collect();
            Map {
                file: ["/", job.ids.map_file()],
                text: map::text(&job.lines),
                program: Executable::new(&Program { file, argv }, environment),
            }
        };
        MapJobs {
            maps: jobs.iter().map(map).collect(),
            environment: Vector::new(environment.iter().map(|entry| CString::from(*entry))),
        }
    }
}

/// Our PID in /proc, which may show another PID namespace than ours. Errors: /proc is missing or does not show us.
fn own_pid_in_proc() -> Result<i32, Fault> {
    let mut buffer = [0; 32];
    let link = read_link(AT_FDCWD, c"/proc/self", &mut buffer);
    let pid = link.and_then(|link| parse_decimal(link).ok_or(Errno::ESRCH));
    pid.map_err(Part::OwnPid.fault())
}

/// The helper that writes our id maps from outside our user namespace.
pub struct Mapper {
    channel: Channel,
    child: i32,
}

impl Mapper {
    /// Starts it, in the user namespace as it is now and with the rights that we have now.
    pub fn start(jobs: &mut MapJobs) -> Result<Mapper, Fault> {
        let us = (own_pid_in_proc()?, own_directory_in_proc()?);
        let (ours, theirs) = Channel::pair()?;
        match fork().map_err(Part::Fork.fault())? {
            ForkResult::Child => {
                drop(ours);
                if theirs.receive() == Some([GO]) {
                    let _ = theirs.send(&map_all(&us, jobs).to_bytes());
                }
                exit_now(0)
            }
            ForkResult::Parent { child } => Ok(Mapper { channel: ours, child }),
        }
    }

    /// Makes it write the maps, and waits until it has ended.
    pub fn release(self) -> Result<(), Fault> {
        let Mapper { channel, child } = self;
        let outcome = channel.order(GO);
        drop(channel);
        let end = wait_for_helper(child)?;
        let program = |part: usize, status| Fault::Ended(HelperPart::MapProgram(part as u32), Some(status));
        Err(match outcome {
            Some(Outcome::Done) => return Ok(()),
            Some(Outcome::Refused { part, errno }) => Fault::Part(Part::Number(part as u32), Errno::from_raw(errno)),
            Some(Outcome::NotRun { part, errno, found }) => {
                Fault::Part(Part::MapProgram { map: part as u32, found }, Errno::from_raw(errno))
            }
            Some(Outcome::Exited { part, status }) => program(part, Status::Exited(status)),
            Some(Outcome::Killed { part, signal }) => program(part, Status::Killed(SignalNumber(signal))),
            None => Fault::Ended(
                HelperPart::Mapper,
                match end {
                    ChildEvent::Killed(signal) => Some(Status::Killed(signal)),
                    _ => None,
                },
            ),
        })
    }

    /// Ends it without having it write.
    pub fn dismiss(self) {
        drop(self.channel);
        let _ = wait_for_end(self.child);
    }
}

/// Writes the maps of the process with this PID and this directory in /proc.
fn map_all((pid, process): &(i32, OwnedFd), jobs: &mut MapJobs) -> Outcome {
    let MapJobs { maps, environment } = jobs;
    for (part, map) in maps.iter_mut().enumerate() {
        let outcome = if geteuid().is_root() {
            match write_once_to_proc(PathOf::below(process, &map.file).as_c_str(), map.text.as_bytes()) {
                Ok(()) => Outcome::Done,
                Err(errno) => Outcome::Refused { part, errno: errno as i32 },
            }
        } else {
            run_map_program(part, *pid, &mut map.program, environment)
        };
        if !matches!(outcome, Outcome::Done) {
            return outcome;
        }
    }
    Outcome::Done
}

/// Runs newuidmap or newgidmap. If execve(2) fails, the child sends the errno through a pipe that a successful
/// execve(2) closes.
fn run_map_program(part: usize, process: i32, program: &mut Executable, environment: &Vector) -> Outcome {
    let refused = |errno: Errno| Outcome::Refused { part, errno: errno as i32 };
    program.set_number(PID_ARGUMENT, process);
    let (reason, told) = match pipe2(OFlag::O_CLOEXEC) {
        Ok(pipe) => pipe,
        Err(errno) => return refused(errno),
    };
    let child = match fork() {
        Ok(ForkResult::Child) => {
            let errno = program.execute(environment) as i32;
            // If the file itself may be executed, its interpreter or loader is missing.
            let _ = write_all(&told, &Outcome::NotRun { part, errno, found: program.check_file().is_ok() }.to_bytes());
            exit_now(1)
        }
        Ok(ForkResult::Parent { child }) => child,
        Err(errno) => return refused(errno),
    };
    drop(told);
    let mut not_run = [0; 12];
    let told = persistently(|| read(&reason, &mut not_run));
    match (wait_for_end(child), told) {
        (Ok(_), Ok(12)) => Outcome::from_bytes(not_run),
        (Ok(ChildEvent::Exited(0)), _) => Outcome::Done,
        (Ok(ChildEvent::Exited(status)), _) => Outcome::Exited { part, status },
        (Ok(ChildEvent::Killed(signal)), _) => Outcome::Killed { part, signal: signal.0 },
        (Ok(ChildEvent::Stopped(_)), _) => refused(Errno::EINTR),
        (Err(errno), _) => refused(errno),
    }
}
