//! The parent of a program that runs as a child: it ends as the program ends, and stops with it where a shell can continue
//! both.

use std::os::fd::{AsFd, OwnedFd};

use nix::sys::signal::{SigSet, SigmaskHow};
use nix::unistd::{Pid, getpgid, getpgrp, getpid, getppid, getsid};

use super::channel::{Heard, Instruction, News};
use super::events::{Event, Events};
use super::fault::{Fault, Part};
use super::setting::SignalPolicy;
use super::status_line::StatusLine;
use crate::sys::mask::{self, is_member};
use crate::sys::process::Status;
use crate::sys::process::{ChildEvent, ended_child, has_continued, has_stopped, poll_child, wait_for_end};
use crate::sys::signal::{Received, SignalNumber, SignalSet, is_ignored, send, stop_unless_continued, take_pending};
use crate::sys::terminal::foreground_group;

/// The signals that we block, and the mask that our caller gave us.
pub struct Masked {
    held: SigSet,
    callers: SigSet,
}

/// Blocks what would end or disturb the parent, before the fork so that nothing falls between. They are not ignored: an
/// ignored signal would be ignored in the program too. What stops it may: the kernel weighs that against SIGCONT better
/// than we could.
pub fn hold_signals(policy: SignalPolicy) -> Result<Masked, Fault> {
    let ends = match policy {
        SignalPolicy::LeaveToChild | SignalPolicy::Forward(_) | SignalPolicy::ThroughInit(_) => {
            [SignalNumber::INT, SignalNumber::TERM]
        }
        SignalPolicy::Terminal | SignalPolicy::ForwardOrTerminal(_) => [SignalNumber::INT, SignalNumber::QUIT],
    };
    let forwarded = policy.forwarded();
    // Of the child's changes, and that we have been continued, we learn together with the others.
    let news = SignalSet::of(&[SignalNumber::CHLD, SignalNumber::CONT]);
    let all = SignalSet::of(&ends).union(forwarded).union(news);
    let callers = mask::change(SigmaskHow::SIG_BLOCK, &all.to_mask()).map_err(Part::BlockSignals.fault())?;
    // What our caller ignores or has blocked is not to end us either; to be forwarded, it need not be heeded.
    let unheeded = |signal: &SignalNumber| is_ignored(*signal) || is_member(&callers, *signal);
    let left = ends.into_iter().filter(|signal| unheeded(signal) && !forwarded.contains(*signal));
    let held = left.fold(all, SignalSet::without).to_mask();
    Ok(Masked { held, callers })
}

impl Masked {
    /// Gives the child the mask that our caller gave us.
    pub fn restore(&self) -> Result<(), Fault> {
        mask::change(SigmaskHow::SIG_SETMASK, &self.callers).map_err(Part::RestoreSignals.fault()).map(drop)
    }
}

/// How the parent outside speaks with the processes inside.
pub struct Link {
    /// Its end of the channel.
    pub channel: OwnedFd,
    /// Where to report that the program starts, and how it ends.
    pub status: Option<StatusLine>,
}

/// Waits until the child ends, and returns how; or how we are to end before it.
pub fn supervise(child: i32, masked: &Masked, policy: SignalPolicy, mut link: Option<Link>) -> Result<Status, Fault> {
    let (channel, status_line) = match &mut link {
        Some(link) => (Some(link.channel.as_fd()), link.status.as_mut()),
        None => (None, None),
    };
    let events = Events::of(child, &masked.held, channel);
    let mut supervisor =
        Supervisor { child, masked, policy, events, status_line, continued: 0, child_stands: false, ended: None };
    let status = supervisor.work()?;
    if let Some(line) = supervisor.status_line {
        line.end(status);
    }
    Ok(status)
}

struct Supervisor<'m> {
    child: i32,
    masked: &'m Masked,
    policy: SignalPolicy,
    events: Events<'m>,
    status_line: Option<&'m mut StatusLine>,
    /// How many instructions to continue process 1 has been given.
    continued: u32,
    /// Whether process 1 itself has been stopped, as only SIGSTOP does.
    child_stands: bool,
    /// How the program has ended, where the child is process 1, which tells us.
    ended: Option<Status>,
}

impl Supervisor<'_> {
    fn work(&mut self) -> Result<Status, Fault> {
        loop {
            // Handle a pending SIGCONT before polling the child: a stop reported now has already been undone.
            if take_pending(SignalNumber::CONT) {
                self.continue_child();
            }
            match poll_child(self.child).map_err(Part::Wait(self.child).fault())? {
                Some(ChildEvent::Exited(status)) => return Ok(self.status(Status::Exited(status))),
                Some(ChildEvent::Killed(signal)) => return Ok(self.status(Status::Killed(signal))),
                Some(ChildEvent::Stopped(signal)) => {
                    self.child_stands = true;
                    stop_with_child(signal, &self.masked.callers);
                    continue;
                }
                None => {}
            }
            if getpid().as_raw() == 1 {
                reap_all_but(self.child);
            }
            match self.events.next().map_err(Part::Signals.fault())? {
                Event::Child => {}
                Event::Channel => self.hear(),
                Event::Signal(received) => {
                    if let Some(status) = self.take(received) {
                        return Ok(status);
                    }
                }
            }
        }
    }

    /// How we are to end, now that the child has ended so. Process 1 cannot die of a signal: it has told how the program did.
    fn status(&mut self, of_child: Status) -> Status {
        self.hear();
        self.ended.unwrap_or(of_child)
    }

    fn has_init(&self) -> bool {
        matches!(self.policy, SignalPolicy::ThroughInit(_))
    }

    /// What has been told from inside so far.
    fn hear(&mut self) {
        while let Some(channel) = self.events.channel {
            match News::hear(channel) {
                Heard::Nothing => return,
                Heard::Closed => self.events.channel = None,
                Heard::Said(News::Started(identities), program) => {
                    let init = self.has_init().then_some(self.child);
                    if let Some(line) = &mut self.status_line {
                        line.start(program, init, &identities);
                    }
                }
                Heard::Said(News::Stopped(signal, after), _) => {
                    if take_pending(SignalNumber::CONT) {
                        self.continue_child();
                    }
                    // Otherwise it has been continued since.
                    if after == self.continued {
                        stop_with_child(signal, &self.masked.callers);
                    }
                }
                Heard::Said(News::Ended(status), _) => self.ended = Some(status),
            }
        }
    }

    /// Continue the child when we are continued, unless a shell has continued the whole job: then the child runs
    /// already, and another SIGCONT could undo a second Ctrl-Z.
    fn continue_child(&mut self) {
        if let (true, Some(channel)) = (self.has_init(), self.events.channel) {
            self.continued = self.continued.wrapping_add(1);
            let _ = Instruction::Continue(self.continued).give(channel);
            // Process 1 may have been stopped just now.
            if !self.child_stands && !has_stopped(self.child) {
                return;
            }
        }
        self.child_stands = false;
        if !has_continued(self.child) {
            let _ = send(self.child, SignalNumber::CONT);
        }
    }

    /// Handles a signal that we received; returns how we must end, if it ends us.
    fn take(&mut self, received: Received) -> Option<Status> {
        let signal = received.signal;
        let is_forwarded = self.policy.forwarded().contains(signal);
        match signal {
            SignalNumber::CHLD if received.from_kernel => {}
            SignalNumber::CONT => self.continue_child(),
            // Process 1 knows better than we whether it has reached the program.
            _ if self.has_init() && is_forwarded => {
                if let Some(channel) = self.events.channel {
                    let _ = Instruction::Signal(signal, is_for_group(received)).give(channel);
                }
            }
            _ if has_reached(self.child, received) => {}
            // It may have ended by now, or run with other rights: it is the child that counts, and it is waited for.
            _ if is_forwarded => drop(send(self.child, signal)),
            SignalNumber::CHLD => {}
            _ => match self.policy {
                SignalPolicy::LeaveToChild | SignalPolicy::Forward(_) | SignalPolicy::ThroughInit(_) => {}
                SignalPolicy::Terminal | SignalPolicy::ForwardOrTerminal(_) => return Some(Status::Killed(signal)),
            },
        }
        None
    }
}

/// Stops us when the child has been stopped, if the shell can then continue both. If nobody would continue us, we keep
/// waiting: another process that stopped the child will continue it, and a program that stops itself must not stop our
/// caller's script.
fn stop_with_child(signal: SignalNumber, callers: &SigSet) {
    // Process 1 of a PID namespace cannot be stopped by its own namespace, so we keep waiting.
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

/// Waits for all children that have ended, but that one: process 1 of a PID namespace is given the children of those that end,
/// and nobody else waits for them.
pub fn reap_all_but(child: i32) {
    while let Some(ended) = ended_child().filter(|ended| *ended != child) {
        if wait_for_end(ended).is_err() {
            return;
        }
    }
}

/// Whether the kernel has sent this signal to our whole process group: as the terminal does, but that it has been hung up it
/// tells only the leader of its session.
fn is_for_group(received: Received) -> bool {
    let is_for_leader = received.signal == SignalNumber::HUP && getsid(None) == Ok(getpid());
    received.from_kernel && !is_for_leader
}

/// Whether the child has had this signal already.
fn has_reached(child: i32, received: Received) -> bool {
    is_for_group(received) && getpgid(Some(Pid::from_raw(child))) == Ok(getpgrp())
}
