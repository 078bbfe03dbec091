//! The loop that carries out a plan.
//!
//! Everything that is made of strings is made before ([`Prepared`]). From then on there are system calls only, in the order
//! of the plan, and a failure is told by the number of its step and a [`Fault`]. So all of it may happen in a child of a
//! process with several threads, which must not take memory (signal-safety(7)): see [`spawn`]. Only [`run`]
//! looks up a login shell last, since what it is depends on what has been entered.

pub(super) mod capabilities;
pub(super) mod clocks;
mod exec;
mod fork;
pub(super) mod ids;
mod in_words;
mod join;
pub(super) mod look_up;
pub(super) mod material;
pub(super) mod mounts;
mod places;
mod prepared;
mod read_only;
pub(super) mod settings;
mod spawn;
pub(super) mod state;
mod terminal;

use std::ffi::CStr;

use super::failure::RunFailure;
use super::fault::Fault;
use super::handles::Handles;
use super::step::Plan;
use crate::sys::process::Status;

use prepared::Prepared;
pub use spawn::{SpawnedChild, spawn};
use state::{Next, Run};

/// Carries out `plan`, whose steps go through what `handles` has open; `callers_environment` is what the program gets where
/// the plan says nothing else. Where a step fails, nothing later is tried, and what the earlier ones left outside of this
/// process (helpers, bind mounts) is taken back.
///
/// Returns in the process that fails, or in the parent of the program, once that has ended: never where the program took
/// our place. The process must have a single thread: the kernel refuses to let one of several change its user or PID
/// namespace (unshare(2)); `spawn` is for others. Errors: the step that failed, with the errno of its call.
pub fn run(plan: &Plan, handles: Handles, callers_environment: &[&CStr]) -> Result<Status, RunFailure> {
    let mut prepared = Prepared::new(plan, handles, callers_environment)?;
    let done = carry_out(&mut prepared, &mut Run::default());
    done.map_err(|(step, fault)| in_words::failure(plan, &prepared, step, fault))
}

/// All steps, then the program. Errors: the number of the step that failed, that of the program being the last.
fn carry_out(prepared: &mut Prepared, run: &mut Run) -> Result<Status, (usize, Fault)> {
    std::mem::swap(&mut run.handles, &mut prepared.handles);
    std::mem::swap(&mut run.own_devices, &mut prepared.own_devices);
    for (number, ready) in prepared.steps.iter_mut().enumerate() {
        match ready.step.carry_out(run, &mut ready.material, &prepared.target) {
            Ok(Next::Step) => {}
            Ok(Next::End(status)) => return Ok(status),
            Err(Fault::Refused(errno)) if ready.step.tolerates(errno) => {}
            Err(fault) => {
                run.take_back();
                run.find_back();
                return Err((number, fault));
            }
        }
    }
    let fault = run.execute(prepared);
    run.find_back();
    if let Some(line) = &mut run.status {
        line.end(fault.status_of_program());
    }
    Err((prepared.steps.len(), fault))
}
