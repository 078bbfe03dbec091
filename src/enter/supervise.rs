//! The parent of a program that runs as a child: it ends as the program ends, and stops while the program is stopped.

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{Pid, getpgid, getpgrp, getpid};

use super::step::Reaction;
use crate::error::{Attempt, During, Failure, Status};
use crate::sys::process::{Change, has_continued, poll_change};
use crate::sys::signal::{Received, SignalNumber, is_ignored, send, stop_by, wait_for};

/// What the keys of a terminal, and the terminal itself, stop jobs with.
const STOPS: [Signal; 3] = [Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU];

/// The signals that we hold back, and the mask that our caller gave us.
pub struct Masked {
    held: SigSet,
    callers: SigSet,
}

/// Blocks what would end, stop or disturb the parent, before the fork so that nothing falls between. They are not
/// ignored: an ignored signal would be ignored in the program too.
pub fn hold_signals(reaction: Reaction) -> Result<Masked, Failure> {
    let ends = match reaction {
        Reaction::LeaveToChild | Reaction::Forward => [Signal::SIGINT, Signal::SIGTERM],
        Reaction::Terminal => [Signal::SIGINT, Signal::SIGQUIT],
    };
    let both: SigSet = ends.into_iter().chain(STOPS).collect();
    let mut held = both | Signal::SIGCHLD;
    let mut callers = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&held), Some(&mut callers))
        .during(|| Attempt::Signals)?;
    // What our caller ignores or has blocked is not to end or stop us either; to be forwarded, it need not be heeded.
    for signal in &both {
        let heeded = !is_ignored(SignalNumber(signal as i32)) && !callers.contains(signal);
        let forwarded = reaction == Reaction::Forward && ends.contains(&signal);
        if !heeded && !forwarded {
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
        match poll_change(child).during(|| Attempt::Wait(child))? {
            Some(Change::Exited(status)) => return Ok(Status::Exited(status)),
            Some(Change::Killed(signal)) => return Ok(Status::Killed(signal)),
            Some(Change::Stopped) => {
                stop_and_continue(SignalNumber::STOP, child);
                continue;
            }
            None => {}
        }
        let received = wait_for(&masked.held).during(|| Attempt::Signals)?;
        match received.signal {
            SignalNumber::CHLD => {}
            stop if STOPS.iter().any(|known| *known as i32 == stop.0) => {
                stop_and_continue(stop, child);
            }
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

/// Stops us, and goes on together with the child: the shell that waits for us is to see the job stop and go on as if we
/// were the program.
///
/// Ctrl-Z comes to both of us, and we learn of it twice: by the signal, and by the child's stop. We stop once, for
/// whichever is the first: a signal that is held back while we are stopped is forgotten when we are continued (signal(7)),
/// and a stop of the child is, once it runs again.
fn stop_and_continue(signal: SignalNumber, child: i32) {
    // The first process of a PID namespace cannot be stopped: whoever continues the child does so directly.
    if getpid().as_raw() == 1 {
        return;
    }
    stop_by(signal);
    // The shell continues the whole job. Once more would undo a second Ctrl-Z that has come since.
    if !has_continued(child) {
        let _ = send(child, SignalNumber::CONT);
    }
}

/// Whether the child has had this signal already: the terminal sends it to the whole foreground process group.
fn has_reached(child: i32, received: Received) -> bool {
    received.from_kernel && getpgid(Some(Pid::from_raw(child))) == Ok(getpgrp())
}
