//! The child that runs the program, and its parent.

use nix::errno::Errno;

use super::{Next, Run};
use crate::enter::fault::{Fault, Part};
use crate::enter::helper::Binder;
use crate::enter::setting::SignalPolicy;
use crate::enter::supervise::{hold_signals, supervise};
use crate::sys::pidfd;
use crate::sys::process::Status;
use crate::sys::process::{ForkResult, fork, set_parent_death_signal, wait_for_end};
use crate::sys::signal::SignalNumber;

impl Run {
    /// The child goes on with the next step. The parent waits for the end of the child, and ends.
    pub(super) fn fork(&mut self, policy: SignalPolicy) -> Result<Next, Fault> {
        let masked = hold_signals(policy)?;
        match fork().map_err(Part::Fork.fault())? {
            ForkResult::Child => {
                if let Some(binder) = &mut self.binder {
                    binder.disown();
                }
                self.child_is_first = false;
                masked.restore().map(|()| Next::Step)
            }
            ForkResult::Parent { child } => {
                // The child alone speaks to the binder, and to whoever waits for a report, from here on, so that its end
                // is the end of the channel.
                self.report = None;
                let binder = self.binder.take().and_then(Binder::leave_to_child);
                let status = supervise(child, &masked, policy);
                if let Some(binder) = binder {
                    match wait_for_end(binder) {
                        // As process 1 we have waited for all that end.
                        Err(Errno::ECHILD) => {}
                        ended => drop(ended.map_err(Part::Wait(binder).fault())?),
                    }
                }
                status.map(Next::End)
            }
        }
    }

    pub(super) fn die_with_parent(&self, signal: SignalNumber) -> Result<Next, Fault> {
        set_parent_death_signal(signal)?;
        // It may have died before we asked; getppid(2) is 0 in a new PID namespace and cannot tell.
        match &self.parent {
            Some(parent) if pidfd::has_ended(parent)? => Ok(Next::End(Status::Killed(signal))),
            _ => Ok(Next::Step),
        }
    }
}
