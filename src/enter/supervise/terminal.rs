//! What the parent does for the program's terminal, besides passing bytes on.

use nix::sys::signal::SigSet;

use super::Supervisor;
use crate::enter::events::Awaited;
use crate::enter::fault::Fault;
use crate::enter::job::{is_for_group, stop_of_job};
use crate::enter::relay::Relay;
use crate::enter::setting::SignalPolicy;
use crate::enter::terminal::Caller;
use crate::sys::process::Status;
use crate::sys::signal::{Received, SignalNumber, SignalSet, stop_unless_continued};

/// Our caller's terminal, and the program's once it is open.
pub struct CallersTerminal {
    pub caller: Caller,
    pub relay: Option<Relay>,
    /// What is to be passed on once there is somebody to do it.
    pub early: SignalSet,
}

impl CallersTerminal {
    /// From here on, all that is typed is the program's.
    pub fn enter(&mut self, callers: &SigSet) {
        if let Some(relay) = &mut self.relay {
            self.caller.enter(callers);
            relay.resize();
            relay.end_without_input(&self.caller);
        }
    }

    pub fn wanted(&self) -> Option<Awaited<'_>> {
        self.relay.as_ref().map(|relay| relay.wanted(&self.caller))
    }
}

impl Supervisor<'_> {
    /// The child has ended so. What has been written to the program's terminal still goes to our caller.
    pub fn last_bytes(&mut self, of_child: Status) -> Result<Status, Fault> {
        let status = self.status(of_child);
        // Nobody is left to pass a signal on to.
        self.policy = SignalPolicy::Terminal;
        loop {
            let is_done = match &mut self.terminal {
                Some(CallersTerminal { caller, relay: Some(relay), .. }) => relay.finish(caller),
                _ => true,
            };
            if is_done {
                return Ok(status);
            }
            self.events.channel = None;
            if let Some(status) = self.wait_and_work()? {
                return Ok(status);
            }
        }
    }

    /// Whether the program's terminal is still to be opened. The child then listens for nothing else.
    pub fn waits_for_terminal(&self) -> bool {
        self.terminal.as_ref().is_some_and(|terminal| terminal.relay.is_none())
    }

    /// Does what a signal means for the terminal; whether that is all that it means.
    pub fn is_for_terminal(&mut self, received: Received) -> bool {
        let signal = received.signal;
        let Some(CallersTerminal { caller, relay, .. }) = &self.terminal else { return false };
        match (signal, relay) {
            (SignalNumber::WINCH, Some(relay)) => {
                relay.resize();
                // The kernel has told the program by that.
                received.from_kernel
            }
            // Typed at a terminal that is not raw, since it is not our standard input.
            (SignalNumber::INT | SignalNumber::QUIT | SignalNumber::TSTP, Some(relay))
                if is_for_group(received) && !caller.is_raw() =>
            {
                relay.signal(signal);
                true
            }
            (SignalNumber::TSTP | SignalNumber::TTIN | SignalNumber::TTOU, _) => {
                let is_forwarded = self.policy.forwarded().contains(signal) && relay.is_some();
                if !is_forwarded {
                    self.stand(signal);
                }
                !is_forwarded
            }
            _ => false,
        }
    }

    /// Stops us as well, if the shell can then continue both. If nobody would continue us, we keep waiting: another process
    /// that stopped the child will continue it, and a program that stops itself must not stop our caller's script.
    pub fn stop(&mut self, signal: SignalNumber) {
        if let Some(signal) = stop_of_job(signal) {
            self.stand(signal);
        } else if self.terminal.is_some() && signal == SignalNumber::TSTP {
            // Typed where no shell would continue us: nobody could type the opposite.
            self.continue_child();
        }
    }

    /// Stops us until we are continued, with our caller's terminal as it was.
    pub fn stand(&mut self, signal: SignalNumber) {
        if let Some(terminal) = &mut self.terminal {
            terminal.caller.leave();
        }
        stop_unless_continued(signal, &self.masked.callers);
        if let Some(terminal) = &mut self.terminal {
            terminal.enter(&self.masked.callers);
        }
    }
}
