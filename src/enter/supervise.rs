//! The parent of a program that runs as a child: it ends as the program ends, and stops with it where a shell can continue
//! both.

mod terminal;

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::getpid;

use super::channel::{Continuation, Heard, Instruction, News};
use super::events::{Awaited, Event, Events};
use super::fault::{Fault, Part};
use super::job::{has_reached, is_for_group, stop_of_job};
use super::masked::Masked;
use super::relay::Relay;
use super::setting::SignalPolicy;
use super::status_line::StatusLine;
use super::terminal::Caller;
use crate::sys::process::{
    ChildEvent, Status, ended_child, has_continued, has_ended, new_stop, poll_child, wait_for_end,
};
use crate::sys::signal::{
    Received, SignalNumber, SignalSet, send, stop_as_caller_blocks, stop_unless_continued, take_any_pending,
    take_pending,
};
use terminal::{CallersTerminal, Meaning};

/// How the parent outside speaks with the processes inside.
pub struct Link {
    /// Its end of the channel.
    pub channel: OwnedFd,
    /// Where to report that the program starts, and how it ends.
    pub status: Option<StatusLine>,
    /// Our caller's side of the program's terminal.
    pub caller: Option<Caller>,
}

/// Waits until the child ends, and returns how; or how we are to end before it.
pub fn supervise(child: i32, masked: &Masked, policy: SignalPolicy, mut link: Option<Link>) -> Result<Status, Fault> {
    let (channel, status_line, caller) = match &mut link {
        Some(link) => (Some(link.channel.as_fd()), link.status.as_mut(), link.caller.take()),
        None => (None, None, None),
    };
    let mut supervisor = Supervisor {
        child,
        masked,
        policy,
        events: Events::of(child, &masked.held, channel),
        status_line,
        terminal: caller.map(|caller| CallersTerminal { caller, relay: None, early: SignalSet::default() }),
        continued: 0,
        known_stop: 0,
        child_stands: false,
        ended: None,
        late: None,
    };
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
    terminal: Option<CallersTerminal>,
    /// How many instructions to continue process 1 has been given.
    continued: u32,
    /// The number of the last stop of the program that process 1 has told us of.
    known_stop: u32,
    /// Whether process 1 itself has been stopped, as only SIGSTOP does.
    child_stands: bool,
    /// How the program has ended, where the child is process 1, which tells us.
    ended: Option<Status>,
    /// A signal that came when the child had ended, and bytes of its terminal were still to be passed on.
    late: Option<Received>,
}

impl Supervisor<'_> {
    fn work(&mut self) -> Result<Status, Fault> {
        loop {
            // Handle a pending SIGCONT before polling the child: a stop reported now has already been undone.
            if take_pending(SignalNumber::CONT) {
                self.continue_child();
            }
            match poll_child(self.child).map_err(Part::Wait(self.child).fault())? {
                Some(ChildEvent::Exited(status)) => return self.last_bytes(Status::Exited(status)),
                Some(ChildEvent::Killed(signal)) => return self.last_bytes(Status::Killed(signal)),
                Some(ChildEvent::Stopped(signal)) => {
                    self.child_stands = true;
                    self.stop(signal);
                    continue;
                }
                None => {}
            }
            if getpid().as_raw() == 1 {
                reap_all_but(self.child);
            }
            if let Some(status) = self.wait_and_work()? {
                return Ok(status);
            }
        }
    }

    /// Handles the next event; returns how we must end, if it ends us.
    fn wait_and_work(&mut self) -> Result<Option<Status>, Fault> {
        if let Some(terminal) = &mut self.terminal {
            terminal.enter_if_back(&self.masked.callers);
        }
        let wanted = self.terminal.as_ref().and_then(CallersTerminal::wanted).unwrap_or(Awaited::NOTHING);
        match self.events.next(&wanted).map_err(Part::Signals.fault())? {
            Event::Child => {}
            Event::Channel => self.hear(),
            // The program can no longer take it. It must not be lost on the program either: it may be what ends us.
            Event::Signal(received) if self.relays() && has_ended(self.child) => self.late = Some(received),
            Event::Signal(received) => return Ok(self.take(received)),
            Event::Bytes(ready) => {
                if let Some(CallersTerminal { caller, relay: Some(relay), .. }) = &mut self.terminal {
                    match relay.pass_on(caller, ready) {
                        // As any program whose reader has gone; where our caller ignores the signal, it is an error.
                        Err(Fault::Part(Part::Output, Errno::EPIPE)) if take_pending(SignalNumber::PIPE) => {
                            return Ok(Some(Status::Killed(SignalNumber::PIPE)));
                        }
                        result => result?,
                    }
                }
            }
        }
        Ok(None)
    }

    /// How we are to end, now that the child has ended so. Process 1 cannot die of a signal: it has told how the program did.
    fn status(&mut self, of_child: Status) -> Status {
        self.hear();
        self.ended.unwrap_or(of_child)
    }

    fn has_init(&self) -> bool {
        matches!(self.policy, SignalPolicy::ThroughInit(_))
    }

    /// Whether the child is not the program, but a process between it and us.
    fn has_go_between(&self) -> bool {
        matches!(self.policy, SignalPolicy::ThroughInit(_) | SignalPolicy::ThroughLeader(_))
    }

    /// What has been told from inside so far.
    fn hear(&mut self) {
        while let Some(channel) = self.events.channel {
            let (heard, files) = News::hear(channel);
            match heard {
                Heard::Nothing => return,
                Heard::Closed => self.events.channel = None,
                Heard::Said(News::Started(identities), program) => {
                    let init = self.has_init().then_some(self.child);
                    if let Some(line) = &mut self.status_line {
                        line.start(program, init, &identities);
                    }
                }
                Heard::Said(News::Stopped(stop), _) => {
                    if take_pending(SignalNumber::CONT) {
                        self.continue_child();
                    }
                    self.known_stop = stop.number;
                    // Otherwise it has been continued since.
                    if stop.after == self.continued {
                        self.stop(stop.signal);
                    }
                }
                Heard::Said(News::Ended(status), _) => self.ended = Some(status),
                Heard::Said(News::Terminal, _) => {
                    if let (Some(terminal), Some(files)) = (&mut self.terminal, files) {
                        terminal.relay = Some(Relay::new(files));
                        let callers = &self.masked.callers;
                        // The program has not begun: what ends us may do so at once.
                        terminal.enter(callers, || stop_as_caller_blocks(SignalNumber::TTOU, callers));
                    }
                    let _ = Instruction::Go.give(channel);
                    let early = self.terminal.as_mut().map(|terminal| std::mem::take(&mut terminal.early));
                    for signal in early.unwrap_or_default().iter() {
                        let _ = Instruction::Signal(signal, false).give(channel);
                    }
                }
            }
        }
    }

    /// Continue the child when we are continued, unless a shell has continued the whole job: then the child runs
    /// already, and another SIGCONT could undo a second Ctrl-Z.
    fn continue_child(&mut self) {
        let channel = self.events.channel.filter(|_| self.has_go_between() && !self.waits_for_terminal());
        let Some(channel) = channel else { return self.continue_child_itself() };
        // Process 1 may have been stopped just now.
        let stands = std::mem::take(&mut self.child_stands) || new_stop(self.child).is_some();
        let woken = stands && !has_continued(self.child) && send(self.child, SignalNumber::CONT).is_ok();
        self.continued = self.continued.wrapping_add(1);
        let continuation = Continuation { number: self.continued, known_stop: self.known_stop, woken };
        let _ = Instruction::Continue(continuation).give(channel);
    }

    fn continue_child_itself(&mut self) {
        self.child_stands = false;
        // If we hold SIGTSTP back: what is pending has come after SIGCONT, and may have stopped the child once more.
        let is_held = !self.has_go_between() && self.policy.forwarded().contains(SignalNumber::TSTP);
        let later = is_held.then(|| take_any_pending(&SignalSet::of(&[SignalNumber::TSTP]).to_mask())).flatten();
        if !has_continued(self.child) && !later.is_some_and(|later| has_reached(self.child, later)) {
            let _ = send(self.child, SignalNumber::CONT);
        }
        if let Some(later) = later {
            // It is forwarded, and so does not end us.
            let _ = self.take(later);
        }
    }

    /// Handles a signal that we received; returns how we must end, if it ends us.
    fn take(&mut self, received: Received) -> Option<Status> {
        let signal = received.signal;
        let forwarded = self.policy.forwarded();
        match self.terminal.as_ref().map_or(Meaning::NotForIt, |terminal| terminal.take(received, forwarded)) {
            Meaning::NotForIt => {}
            Meaning::Done => return None,
            Meaning::Stop(signal) => {
                self.stand(signal);
                return None;
            }
        }
        let is_forwarded = forwarded.contains(signal);
        match signal {
            SignalNumber::CHLD if received.from_kernel => {}
            SignalNumber::CONT => self.continue_child(),
            // Process 1 knows better than we whether it has reached the program.
            _ if self.has_init() && is_forwarded && self.waits_for_terminal() => {
                if let Some(terminal) = &mut self.terminal {
                    terminal.early = terminal.early.union(SignalSet::of(&[signal]));
                }
            }
            _ if self.has_go_between() && is_forwarded && !self.waits_for_terminal() => {
                if let Some(channel) = self.events.channel {
                    let _ = Instruction::Signal(signal, is_for_group(received)).give(channel);
                }
            }
            _ if has_reached(self.child, received) => {}
            // It may have ended by now, or run with other rights: it is the child that counts, and it is waited for.
            _ if is_forwarded => drop(send(self.child, signal)),
            SignalNumber::CHLD | SignalNumber::WINCH | SignalNumber::URG => {}
            // The program's terminal ends with us, and the kernel tells the program so (SIGHUP).
            _ if self.terminal.is_some() => {
                if self.waits_for_terminal() {
                    // It has not become the program yet, and may wait where nobody answers.
                    let _ = send(self.child, SignalNumber::KILL);
                }
                return Some(Status::Killed(signal));
            }
            _ => match self.policy {
                SignalPolicy::Terminal | SignalPolicy::ForwardOrTerminal(_) => return Some(Status::Killed(signal)),
                _ => {}
            },
        }
        None
    }

    /// The child has ended so. What has been written to the program's terminal still goes to our caller.
    fn last_bytes(&mut self, of_child: Status) -> Result<Status, Fault> {
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
            if let Some(status) = self.late.take().and_then(|late| self.take(late)) {
                return Ok(status);
            }
            self.events.channel = None;
            if let Some(status) = self.wait_and_work()? {
                return Ok(status);
            }
        }
    }

    fn relays(&self) -> bool {
        self.terminal.as_ref().is_some_and(|terminal| terminal.relay.is_some())
    }

    /// Whether the program's terminal is still to be opened. The child then listens for nothing else.
    fn waits_for_terminal(&self) -> bool {
        self.terminal.as_ref().is_some_and(|terminal| terminal.relay.is_none())
    }

    /// Stops us as well, if the shell can then continue both. If nobody would continue us, we keep waiting: another process
    /// that stopped the child will continue it, and a program that stops itself must not stop our caller's script.
    fn stop(&mut self, signal: SignalNumber) {
        if let Some(signal) = stop_of_job(signal) {
            self.stand(signal);
        } else if self.terminal.is_some() && signal == SignalNumber::TSTP {
            // Typed where no shell would continue us: nobody could type the opposite.
            self.continue_child();
        }
    }

    /// Stops us until we are continued, with our caller's terminal as it was.
    fn stand(&mut self, signal: SignalNumber) {
        if let Some(terminal) = &mut self.terminal {
            terminal.caller.leave();
        }
        let callers = &self.masked.callers;
        stop_unless_continued(signal, callers);
        let mut is_continued = false;
        if let Some(terminal) = &mut self.terminal {
            terminal.enter(callers, || {
                is_continued |= take_pending(SignalNumber::CONT);
                if self.masked.has_work() || has_ended(self.child) {
                    return false;
                }
                stop_unless_continued(SignalNumber::TTOU, callers);
                true
            });
            // At once, with what has continued us in the background: two instructions would undo a stop between them.
            is_continued |= take_pending(SignalNumber::CONT);
        }
        if is_continued {
            self.continue_child();
        }
    }
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
