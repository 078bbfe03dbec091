//! The parent of a program that runs as a child: it ends as the program ends, and stops with it where a shell can continue
//! both.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Pid, getpgid, getpgrp, getpid, getppid, getsid};

use super::fault::{Fault, Part};
use super::setting::SignalPolicy;
use crate::sys::pidfd;
use crate::sys::process::Status;
use crate::sys::process::{ChildEvent, ended_child, has_continued, poll_child, wait_for_end};
use crate::sys::signal::{
    Received, SignalNumber, SignalSet, is_ignored, is_member, send, stop_unless_continued, take_any_pending,
    take_pending, wait_for,
};
use crate::sys::terminal::foreground_group;

/// The signals that we hold back, and the mask that our caller gave us.
pub struct Masked {
    held: SigSet,
    callers: SigSet,
}

/// Blocks what would end or disturb the parent, before the fork so that nothing falls between. They are not ignored: an
/// ignored signal would be ignored in the program too. What stops it may: the kernel weighs that against SIGCONT better
/// than we could.
pub fn hold_signals(policy: SignalPolicy) -> Result<Masked, Fault> {
    let ends = match policy {
        SignalPolicy::LeaveToChild | SignalPolicy::Forward(_) => [SignalNumber::INT, SignalNumber::TERM],
        SignalPolicy::Terminal | SignalPolicy::ForwardOrTerminal(_) => [SignalNumber::INT, SignalNumber::QUIT],
    };
    let forwarded = policy.forwarded();
    // Of the child's changes, and that we have been continued, we learn together with the others.
    let news = SignalSet::of(&[SignalNumber::CHLD, SignalNumber::CONT]);
    let all = SignalSet::of(&ends).union(forwarded).union(news);
    let mut callers = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&all.to_mask()), Some(&mut callers)).map_err(Part::BlockSignals.fault())?;
    // What our caller ignores or has blocked is not to end us either; to be forwarded, it need not be heeded.
    let unheeded = |signal: &SignalNumber| is_ignored(*signal) || is_member(&callers, *signal);
    let left = ends.into_iter().filter(|signal| unheeded(signal) && !forwarded.contains(*signal));
    let held = left.fold(all, SignalSet::without).to_mask();
    Ok(Masked { held, callers })
}

impl Masked {
    /// Gives the child the mask that our caller gave us.
    pub fn restore(&self) -> Result<(), Fault> {
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.callers), None).map_err(Part::RestoreSignals.fault())
    }
}

/// Waits until the child ends, and returns how; or how we are to end before it.
pub fn supervise(child: i32, masked: &Masked, policy: SignalPolicy) -> Result<Status, Fault> {
    let mut events = Events::of(child, &masked.held);
    loop {
        // Handle a pending SIGCONT before polling the child: a stop reported now has already been undone.
        if take_pending(SignalNumber::CONT) {
            continue_child(child);
        }
        match poll_child(child).map_err(Part::Wait(child).fault())? {
            Some(ChildEvent::Exited(status)) => return Ok(Status::Exited(status)),
            Some(ChildEvent::Killed(signal)) => return Ok(Status::Killed(signal)),
            Some(ChildEvent::Stopped(signal)) => {
                stop_with_child(signal, &masked.callers);
                continue;
            }
            None => {}
        }
        reap_orphans(child);
        match events.next().map_err(Part::Signals.fault())? {
            Event::Child => {}
            Event::Signal(received) => match received.signal {
                SignalNumber::CHLD if received.from_kernel => {}
                SignalNumber::CONT => continue_child(child),
                _ if has_reached(child, received) => {}
                // It may have ended by now, or run with other rights: it is the child that counts, and it is waited for.
                signal if policy.forwarded().contains(signal) => drop(send(child, signal)),
                SignalNumber::CHLD => {}
                signal => match policy {
                    SignalPolicy::LeaveToChild | SignalPolicy::Forward(_) => {}
                    SignalPolicy::Terminal | SignalPolicy::ForwardOrTerminal(_) => return Ok(Status::Killed(signal)),
                },
            },
        }
    }
}

/// What the parent waits for.
enum Event {
    /// One of the signals that are held.
    Signal(Received),
    /// The child may have ended.
    Child,
}

/// Where events come from: all that is waited for is in one poll(2). A mode that waits for more adds a descriptor here.
struct Events<'m> {
    held: &'m SigSet,
    /// `None` where there is no such descriptor: a seccomp filter does not know the call, or descriptors have run out.
    signals: Option<SignalFd>,
    /// A pidfd; `None` also before Linux 5.3, and once it has told: the signal tells as well.
    child: Option<OwnedFd>,
}

impl Events<'_> {
    fn of(child: i32, held: &SigSet) -> Events<'_> {
        let signals = SignalFd::with_flags(held, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).ok();
        Events { held, signals, child: pidfd::open(child).ok() }
    }

    /// The next event. Errors: those of sigwaitinfo(2).
    fn next(&mut self) -> nix::Result<Event> {
        while let Some(signals) = &self.signals {
            let of = |file| PollFd::new(file, PollFlags::POLLIN);
            // An array: we may be a child of a process with threads, which must not take memory. Without the child, only the
            // first is polled.
            let child = self.child.as_ref().map_or(signals.as_fd(), AsFd::as_fd);
            let mut ready = [of(signals.as_fd()), of(child)];
            let polled = &mut ready[..1 + usize::from(self.child.is_some())];
            match poll(polled, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                Err(_) => break,
                Ok(_) => {}
            }
            let told = polled.get(1).is_some_and(|child| child.any() == Some(true));
            // Taken from where it is pending, not from the descriptor, which has no more to say: so it is one way with and
            // without.
            if let Some(received) = take_any_pending(self.held) {
                return Ok(Event::Signal(received));
            }
            if told {
                // It goes on telling so, also while a tracer keeps the child from us (ptrace(2)): SIGCHLD says the rest.
                self.child = None;
                return Ok(Event::Child);
            }
        }
        self.signals = None;
        wait_for(self.held).map(Event::Signal)
    }
}

/// Who continues us means the child as well. A shell continues the whole job: then the child runs already, and once more
/// could undo a second Ctrl-Z that has come since.
fn continue_child(child: i32) {
    if !has_continued(child) {
        let _ = send(child, SignalNumber::CONT);
    }
}

/// Stops us as the child has been stopped, if the shell that then has the terminal can continue both. Where nobody would,
/// we wait on: whoever has stopped the child continues it, and a program that stops itself does not hold up our caller's.
fn stop_with_child(signal: SignalNumber, callers: &SigSet) {
    // The first process of a PID namespace cannot be stopped: whoever continues the child does so directly.
    if getpid().as_raw() == 1 || !is_job_of_shell() {
        return;
    }
    match signal {
        // No terminal sends it. Another process may have stopped only the child, while the shell waits for us.
        SignalNumber::STOP if foreground_group() != Some(getpgrp()) => {}
        SignalNumber::STOP => stop_unless_continued(SignalNumber::TSTP, callers),
        signal => stop_unless_continued(signal, callers),
    }
}

/// Whether we have been started as a job at a terminal: our parent is of the same session, and has given us a process group.
fn is_job_of_shell() -> bool {
    let parent = getppid();
    foreground_group().is_some()
        && parent.as_raw() > 0
        && getsid(Some(parent)) == getsid(None)
        && getpgid(Some(parent)).is_ok_and(|group| group != getpgrp())
}

/// As process 1 of a PID namespace we are given the children of those that end, and nobody else waits for them.
fn reap_orphans(child: i32) {
    if getpid().as_raw() != 1 {
        return;
    }
    while let Some(ended) = ended_child().filter(|ended| *ended != child) {
        if wait_for_end(ended).is_err() {
            return;
        }
    }
}

/// Whether the child has had this signal already: the terminal sends it to the whole foreground process group, but that it has
/// been hung up only to the leader of its session.
fn has_reached(child: i32, received: Received) -> bool {
    let is_for_leader = received.signal == SignalNumber::HUP && getsid(None) == Ok(getpid());
    received.from_kernel && !is_for_leader && getpgid(Some(Pid::from_raw(child))) == Ok(getpgrp())
}
