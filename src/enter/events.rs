//! The one place where a process waits while a program runs: for signals, for its child, for what the other end of a
//! channel says, and for bytes that pass between terminals.

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
    /// What these files of [`Awaited`] are ready for, or that its time has passed.
    Bytes([PollFlags; 3]),
}

/// What else is waited for: three files, and a time.
pub struct Awaited<'f> {
    /// Each with the events that are awaited of it.
    pub files: [Option<(BorrowedFd<'f>, PollFlags)>; 3],
    /// After so long there is something to do without any of them.
    pub milliseconds: Option<u16>,
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

/// Milliseconds between two looks at the signals, where no descriptor tells of them and there is something else to wait for.
const BETWEEN_LOOKS: u16 = 50;

/// How many files can be waited for.
const FILES: usize = 6;

impl<'m> Events<'m> {
    /// Those of a child, of signals that are blocked, and of a channel.
    pub fn of(child: i32, held: &'m SigSet, channel: Option<BorrowedFd<'m>>) -> Events<'m> {
        let signals = SignalFd::with_flags(held, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).ok();
        Events { held, signals, child: pidfd::open(child).ok(), channel }
    }

    /// The next event. Errors: those of sigwaitinfo(2).
    pub fn next(&mut self, wanted: &Awaited<'_>) -> nix::Result<Event> {
        loop {
            let Some(ready) = self.poll(wanted) else {
                return wait_for(self.held).map(Event::Signal);
            };
            // Taken from where it is pending, not from the descriptor, which has no more to say: so it is one way with and
            // without.
            if let Some(received) = take_any_pending(self.held) {
                return Ok(Event::Signal(received));
            }
            let ready = match ready {
                Ok(ready) => ready,
                Err(Errno::EINTR) => continue,
                Err(_) => {
                    // What is left is looked at in turn.
                    self.signals = None;
                    continue;
                }
            };
            let [_, child, channel, bytes @ ..] = ready;
            if !channel.is_empty() {
                return Ok(Event::Channel);
            }
            if !child.is_empty() && self.signals.is_some() {
                // It goes on telling so, also while a tracer keeps the child from us (ptrace(2)): SIGCHLD says the rest.
                self.child = None;
                return Ok(Event::Child);
            }
            let is_over = ready.iter().all(PollFlags::is_empty) && wanted.milliseconds.is_some();
            if is_over || bytes.iter().any(|ready| !ready.is_empty()) {
                return Ok(Event::Bytes(bytes));
            }
        }
    }

    /// What each file is ready for, in the order signals, child, channel and those that are wanted. `None` if there is
    /// nothing to wait for but signals, and no descriptor for them.
    fn poll(&self, wanted: &Awaited<'_>) -> Option<nix::Result<[PollFlags; FILES]>> {
        let signals = self.signals.as_ref().map(|file| (file.as_fd(), PollFlags::POLLIN));
        let child = self.child.as_ref().filter(|_| signals.is_some()).map(|file| (file.as_fd(), PollFlags::POLLIN));
        let channel = self.channel.map(|file| (file, PollFlags::POLLIN));
        let [one, two, three] = wanted.files;
        let files = [signals, child, channel, one, two, three];
        // Where a file is missing, another one stands for it, of which nothing is asked.
        let (other, _) = files.into_iter().flatten().next()?;
        let mut polled = files.map(|file| {
            let (file, flags) = file.unwrap_or((other, PollFlags::empty()));
            PollFd::new(file, flags)
        });
        let most = signals.is_none().then_some(BETWEEN_LOOKS);
        let timeout = match (most, wanted.milliseconds) {
            (Some(one), Some(other)) => one.min(other).into(),
            (one, other) => one.or(other).map_or(PollTimeout::NONE, PollTimeout::from),
        };
        let told = poll(&mut polled, timeout);
        let mut ready = [PollFlags::empty(); FILES];
        for ((place, polled), file) in ready.iter_mut().zip(&polled).zip(&files) {
            // What hangs up is told also of one that only stands for another.
            *place = polled.revents().filter(|_| file.is_some()).unwrap_or(PollFlags::empty());
        }
        Some(told.map(|_| ready))
    }
}

impl Awaited<'_> {
    /// Nothing.
    pub const NOTHING: Awaited<'static> = Awaited { files: [None; 3], milliseconds: None };
}
