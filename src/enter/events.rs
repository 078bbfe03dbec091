//! The one place where a process waits while a program runs: for signals, for its child, and for what the other end of a
//! channel says.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::sys::pidfd;
use crate::sys::signal::{Received, take_any_pending, wait_for};

/// What is waited for.
pub enum Event {
    /// One of the signals that are held.
    Signal(Received),
    /// The child may have ended.
    Child,
    /// Something has come over the channel, or its far end is gone.
    Channel,
}

/// The sources of events: one poll(2) waits for all of them. A mode that waits for more adds a descriptor here.
pub struct Events<'m> {
    held: &'m SigSet,
    /// `None` if the descriptor could not be made: a seccomp filter rejects the call, or descriptors have run out.
    signals: Option<SignalFd>,
    /// A pidfd; `None` before Linux 5.3, and once it has reported the end. SIGCHLD reports it as well.
    child: Option<OwnedFd>,
    /// Our end of the channel, as long as the peer exists.
    pub channel: Option<BorrowedFd<'m>>,
}

/// Milliseconds between two looks at the signals, where no descriptor tells of them and there is a channel besides.
const BETWEEN_LOOKS: u16 = 50;

impl<'m> Events<'m> {
    /// Those of a child, of signals that are blocked, and of a channel.
    pub fn of(child: i32, held: &'m SigSet, channel: Option<BorrowedFd<'m>>) -> Events<'m> {
        let signals = SignalFd::with_flags(held, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).ok();
        Events { held, signals, child: pidfd::open(child).ok(), channel }
    }

    /// The next event. Errors: those of sigwaitinfo(2).
    pub fn next(&mut self) -> nix::Result<Event> {
        while let Some(signals) = &self.signals {
            // An array: we may be a child of a process with threads, which must not take memory. What is not there is stood
            // for by the signals, of which nothing is asked there.
            let watched = |file: Option<BorrowedFd<'_>>| match file {
                Some(_) => PollFlags::POLLIN,
                None => PollFlags::empty(),
            };
            let child = self.child.as_ref().map(AsFd::as_fd);
            let mut ready = [
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
                PollFd::new(child.unwrap_or(signals.as_fd()), watched(child)),
                PollFd::new(self.channel.unwrap_or(signals.as_fd()), watched(self.channel)),
            ];
            match poll(&mut ready, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                Err(_) => break,
                Ok(_) => {}
            }
            let [_, child, channel] = ready.map(|file| file.any() == Some(true));
            // Taken from where it is pending, not from the descriptor, which has no more to say: so it is one way with and
            // without.
            if let Some(received) = take_any_pending(self.held) {
                return Ok(Event::Signal(received));
            }
            if channel {
                return Ok(Event::Channel);
            }
            if child {
                // It goes on telling so, also while a tracer keeps the child from us (ptrace(2)): SIGCHLD says the rest.
                self.child = None;
                return Ok(Event::Child);
            }
        }
        self.signals = None;
        while let Some(channel) = self.channel {
            let mut ready = [PollFd::new(channel, PollFlags::POLLIN)];
            let told = poll(&mut ready, BETWEEN_LOOKS);
            if let Some(received) = take_any_pending(self.held) {
                return Ok(Event::Signal(received));
            }
            if told.is_ok_and(|count| count > 0) {
                return Ok(Event::Channel);
            }
        }
        wait_for(self.held).map(Event::Signal)
    }
}
