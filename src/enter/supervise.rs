//! The parent of a program that runs as a child: it ends as the program ends, and stops while the program is stopped.

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{Pid, getpgid, getpgrp, getpid};

use super::step::Reaction;
use crate::error::{Attempt, During, Failure, Status};
use crate::sys::process::{Change, poll_change, wait_for_change};
use crate::sys::signal::{Received, SignalNumber, is_ignored, send, wait_for};

/// The signals that we hold back, and the mask that our caller gave us.
pub struct Masked {
    held: SigSet,
    callers: SigSet,
}

/// Blocks what would end or disturb the parent, before the fork so that nothing falls between. They are not ignored: an
/// ignored signal would be ignored in the program too.
pub fn hold_signals(reaction: Reaction) -> Result<Masked, Failure> {
    let held = match reaction {
        Reaction::LeaveToChild => vec![Signal::SIGINT, Signal::SIGTERM],
        // SIGCHLD is waited for together with the others.
        Reaction::Forward => vec![Signal::SIGINT, Signal::SIGTERM, Signal::SIGCHLD],
        Reaction::Terminal => {
            // What our caller ignores is not to end us either.
            let from_keys = [Signal::SIGINT, Signal::SIGQUIT].into_iter();
            let heeded = from_keys.filter(|signal| !is_ignored(SignalNumber(*signal as i32)));
            heeded.chain([Signal::SIGCHLD]).collect()
        }
    };
    let held: SigSet = held.into_iter().collect();
    let mut callers = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&held), Some(&mut callers))
        .during(|| Attempt::Signals)?;
    Ok(Masked { held, callers })
}

impl Masked {
    /// Gives the child the mask that our caller gave us.
    pub fn restore(&self) -> Result<(), Failure> {
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.callers), None).during(|| Attempt::Signals)
    }
}

/// Waits until the child ends, and returns how; or how we are to end before it.
pub fn supervise(child: i32, masked: &Masked, reaction: Reaction) -> Result<Status, Failure> {
    loop {
        let change = match reaction {
            Reaction::LeaveToChild => wait_for_change(child).during(|| Attempt::Wait(child))?,
            Reaction::Forward | Reaction::Terminal => {
                match wait_with_signals(child, masked, reaction)? {
                    Event::Child(change) => change,
                    Event::Deadly(signal) => return Ok(Status::Killed(signal)),
                }
            }
        };
        match change {
            Change::Exited(status) => return Ok(Status::Exited(status)),
            Change::Killed(signal) => return Ok(Status::Killed(signal)),
            Change::Stopped => stop_with(child),
        }
    }
}

/// The shell that waits for us is to see the job stop and go on as if we were the program.
fn stop_with(child: i32) {
    // The first process of a PID namespace cannot be stopped: whoever continues the child does so directly.
    if getpid().as_raw() == 1 {
        return;
    }
    let _ = send(getpid().as_raw(), SignalNumber::STOP);
    let _ = send(child, SignalNumber::CONT);
}

/// What ends a wait.
enum Event {
    Child(Change),
    Deadly(SignalNumber),
}

fn wait_with_signals(child: i32, masked: &Masked, reaction: Reaction) -> Result<Event, Failure> {
    loop {
        if let Some(change) = poll_change(child).during(|| Attempt::Wait(child))? {
            return Ok(Event::Child(change));
        }
        let received = wait_for(&masked.held).during(|| Attempt::Signals)?;
        if received.signal.0 == libc::SIGCHLD || has_reached(child, received) {
            continue;
        }
        if reaction == Reaction::Terminal {
            return Ok(Event::Deadly(received.signal));
        }
        // It may have ended by now, or run with other rights: it is the child that counts, and it is waited for.
        let _ = send(child, received.signal);
    }
}

/// Whether the child has had this signal already: the terminal sends it to the whole foreground process group.
fn has_reached(child: i32, received: Received) -> bool {
    received.from_kernel && getpgid(Some(Pid::from_raw(child))) == Ok(getpgrp())
}
