//! What the parent does for the program's terminal, besides passing bytes on.

use nix::sys::signal::SigSet;

use crate::enter::events::Awaited;
use crate::enter::job::is_for_group;
use crate::enter::relay::Relay;
use crate::enter::terminal::Caller;
use crate::sys::signal::{Received, SignalNumber, SignalSet};

/// Our caller's terminal, and the program's once it is open.
pub struct CallersTerminal {
    pub caller: Caller,
    pub relay: Option<Relay>,
    /// Signals that wait until process 1 can pass them on.
    pub early: SignalSet,
}

impl CallersTerminal {
    /// From here on, all that is typed is the program's.
    pub fn enter(&mut self, callers: &SigSet, stop: impl FnMut() -> bool) {
        if let Some(relay) = &mut self.relay {
            self.caller.enter(callers, stop);
            relay.resize();
            relay.end_without_input(&self.caller);
        }
    }

    /// The same, if a shell has brought us into the foreground while we ran.
    pub fn enter_if_back(&mut self, callers: &SigSet) {
        if let Some(relay) = &self.relay
            && self.caller.is_back(callers)
        {
            relay.resize();
        }
    }

    pub fn wanted(&self) -> Option<Awaited<'_>> {
        self.relay.as_ref().map(|relay| relay.wanted(&self.caller))
    }

    /// What a signal means for the terminal, done already but for a stop of ours.
    pub fn take(&self, received: Received, forwarded: SignalSet) -> Meaning {
        let signal = received.signal;
        match (signal, &self.relay) {
            (SignalNumber::WINCH, Some(relay)) => {
                relay.resize();
                match received.from_kernel {
                    // The kernel has told the program by that.
                    true => Meaning::Done,
                    false => Meaning::NotForIt,
                }
            }
            // Typed at a terminal that is not raw, since it is not our standard input.
            (SignalNumber::INT | SignalNumber::QUIT | SignalNumber::TSTP, Some(relay))
                if is_for_group(received) && !self.caller.is_raw() =>
            {
                relay.signal(signal);
                Meaning::Done
            }
            (SignalNumber::TSTP | SignalNumber::TTIN | SignalNumber::TTOU, Some(_)) if forwarded.contains(signal) => {
                Meaning::NotForIt
            }
            (SignalNumber::TSTP | SignalNumber::TTIN | SignalNumber::TTOU, _) => Meaning::Stop(signal),
            _ => Meaning::NotForIt,
        }
    }
}

/// What a signal means for the terminal.
pub enum Meaning {
    NotForIt,
    /// All that it means has been done.
    Done,
    /// We are to stop, with our caller's terminal as it was.
    Stop(SignalNumber),
}
