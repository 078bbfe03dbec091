//! The parent of a program that runs as a child: it ends as the program ends, and stops while the program is stopped.

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{Pid, getpgid, getpgrp, getpid};

use super::step::Reaction;
use crate::error::{Attempt, During, Failure, Status};
use crate::sys::process::{Change, has_continued, poll_change};
use crate::sys::signal::{Received, SignalNumber, is_ignored, send, stop_unless_continued, take_pending, wait_for};

/// The signals that we hold back, and the mask that our caller gave us.
pub struct Masked {
    held: SigSet,
    callers: SigSet,
}

/// Blocks what would end or disturb the parent, before the fork so that nothing falls between. They are not ignored: an
/// ignored signal would be ignored in the program too. What stops it may: the kernel weighs that against SIGCONT better
/// than we could.
pub fn hold_signals(reaction: Reaction) -> Result<Masked, Failure> {
    let ends = match reaction {
        Reaction::LeaveToChild | Reaction::Forward => [Signal::SIGINT, Signal::SIGTERM],
        Reaction::Terminal => [Signal::SIGINT, Signal::SIGQUIT],
    };
    // Of the child's changes, and that we have been continued, we learn together with the others.
    let mut held: SigSet = ends.into_iter().chain([Signal::SIGCHLD, Signal::SIGCONT]).collect();
    let mut callers = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&held), Some(&mut callers)).during(|| Attempt::Signals)?;
    // What our caller ignores or has blocked is not to end us either; to be forwarded, it need not be heeded.
    for signal in ends {
        let heeded = !is_ignored(SignalNumber(signal as i32)) && !callers.contains(signal);
        if !heeded && reaction != Reaction::Forward {
            held.remove(signal);
        }
    }
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
        // Before the child's news: a stop of which we learn only now is over, as ours is.
        if take_pending(SignalNumber::CONT) {
            continue_child(child);
        }
        match poll_change(child).during(|| Attempt::Wait(child))? {
            Some(Change::Exited(status)) => return Ok(Status::Exited(status)),
            Some(Change::Killed(signal)) => return Ok(Status::Killed(signal)),
            Some(Change::Stopped) => {
                // The first process of a PID namespace cannot be stopped: whoever continues the child does so directly.
                if getpid().as_raw() != 1 {
                    stop_unless_continued();
                }
                continue;
            }
            None => {}
        }
        let received = wait_for(&masked.held).during(|| Attempt::Signals)?;
        match received.signal {
            SignalNumber::CHLD => {}
            SignalNumber::CONT => continue_child(child),
            _ if has_reached(child, received) => {}
            signal => match reaction {
                Reaction::LeaveToChild => {}
                // It may have ended by now, or run with other rights: it is the child that counts, and it is waited for.
                Reaction::Forward => drop(send(child, signal)),
                Reaction::Terminal => return Ok(Status::Killed(signal)),
            },
        }
    }
}

/// Who continues us means the child as well. A shell continues the whole job: then the child runs already, and once more
/// could undo a second Ctrl-Z that has come since.
fn continue_child(child: i32) {
    if !has_continued(child) {
        let _ = send(child, SignalNumber::CONT);
    }
}

/// Whether the child has had this signal already: the terminal sends it to the whole foreground process group.
fn has_reached(child: i32, received: Received) -> bool {
    received.from_kernel && getpgid(Some(Pid::from_raw(child))) == Ok(getpgrp())
}
