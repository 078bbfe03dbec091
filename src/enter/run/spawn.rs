//! A plan that is carried out in a child, from any process: it may have several threads.

use std::ffi::CStr;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{pipe2, read};

use super::exec::login_shell;
use super::prepared::Prepared;
use super::state::Run;
use super::{carry_out, in_words};
use crate::enter::failure::RunFailure;
use crate::enter::fault::{self, Fault};
use crate::enter::handles::Handles;
use crate::enter::step::Plan;
use crate::error::{Attempt, ResultExt};
use crate::ids::users::Getent;
use crate::sys::file::write_all;
use crate::sys::process::Status;
use crate::sys::process::{ChildEvent, ForkResult, exit_now, fork, wait_for_end};

/// A child that has become the program, or that waits for it where the plan forks.
#[derive(Debug)]
pub struct SpawnedChild(i32);

impl SpawnedChild {
    /// Its PID, in our PID namespace.
    pub fn pid(&self) -> i32 {
        self.0
    }

    /// Waits until it ends, and returns how. Errors: ECHILD where we ignore SIGCHLD, as its end is not kept then.
    pub fn wait(self) -> Result<Status, RunFailure> {
        loop {
            match wait_for_end(self.0).attempt(|| Attempt::Wait(self.0))? {
                ChildEvent::Exited(status) => return Ok(Status::Exited(status)),
                ChildEvent::Killed(signal) => return Ok(Status::Killed(signal)),
                ChildEvent::Stopped(_) => {}
            }
        }
    }
}

/// What the child says of a failure: the number of the step, and the fault.
const REPORT: usize = 4 + fault::LENGTH;

/// Carries out `plan` in a child of ours and returns once the program runs in it; see [`super::run`] for the rest.
///
/// The process may have several threads: all memory is taken before the fork. A login shell is looked up before it as well,
/// by what this process sees. Errors: the step that failed, with the errno of its call.
pub fn spawn(plan: &Plan, handles: Handles, callers_environment: &[&CStr]) -> Result<SpawnedChild, RunFailure> {
    let mut prepared = Prepared::new(plan, handles, callers_environment)?;
    prepared.program.get_or_insert_with(|| login_shell(&prepared.environment, Getent::Run));
    let (reports, report) = pipe2(OFlag::O_CLOEXEC).attempt(|| Attempt::Connect)?;
    match fork().attempt(|| Attempt::Fork)? {
        ForkResult::Child => {
            drop(reports);
            exit_now(be_the_child(&mut prepared, report))
        }
        ForkResult::Parent { child } => {
            drop(report);
            match read_report(&reports) {
                None => Ok(SpawnedChild(child)),
                Some((step, fault)) => {
                    let _ = wait_for_end(child);
                    Err(in_words::failure(plan, &prepared, step, fault))
                }
            }
        }
    }
}

/// Returns the status to end with, where no program has taken our place.
fn be_the_child(prepared: &mut Prepared, report: OwnedFd) -> i32 {
    let mut run = Run { report: Some(report), ..Run::default() };
    let outcome = carry_out(prepared, &mut run);
    let status = match outcome {
        Ok(status) => status.conclude(),
        Err((step, fault)) => {
            if let Some(report) = &run.report {
                let mut bytes = [0; REPORT];
                bytes[..4].copy_from_slice(&u32::to_ne_bytes(step as u32));
                bytes[4..].copy_from_slice(&fault.to_bytes());
                let _ = write_all(report, &bytes);
            }
            1
        }
    };
    // What it holds goes with the process; to give memory back is as forbidden as to take it.
    std::mem::forget(run);
    status
}

/// What went wrong; `None` if the pipe has been closed by execve(2).
fn read_report(reports: &OwnedFd) -> Option<(usize, Fault)> {
    let mut bytes = [0; REPORT];
    let mut length = 0;
    while length < REPORT {
        match read(reports, &mut bytes[length..]) {
            Ok(0) => return None,
            Ok(count) => length += count,
            Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
    let [a, b, c, d, rest @ ..] = bytes;
    Some((u32::from_ne_bytes([a, b, c, d]) as usize, Fault::from_bytes(rest)?))
}
