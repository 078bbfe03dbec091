//! Process 1 of a PID namespace: it waits for all that is orphaned there, passes signals on to the program, tells its parent
//! outside how the program stops and ends, and ends with it.
//!
//! The leader of the session of a new terminal does the same, process 1 or not. It stays between, because the kernel lets
//! no terminal stop a program whose parent is in another session: nobody there could continue it (setpgid(2)).

use std::os::fd::{AsFd, OwnedFd};

use nix::sys::signal::{SigSet, SigmaskHow};
use nix::unistd::{Pid, chdir, getpgid, getpgrp, getpid, getsid};

use super::channel::{Continuation, Heard, Instruction, News, Stop};
use super::events::{Awaited, Event, Events};
use super::fault::{Fault, Part};
use super::supervise::reap_all_but;
use crate::sys::file::keep_only;
use crate::sys::mask;
use crate::sys::process::{ChildEvent, Status, exit_now, has_continued, new_stop, poll_child, set_name};
use crate::sys::signal::{Received, SignalNumber, send, send_to_group, take_any_pending};

/// Blocks all signals, before the program is forked, so that none falls between. Returns the mask for the program.
pub fn hold_all_signals() -> Result<SigSet, Fault> {
    mask::change(SigmaskHow::SIG_BLOCK, &mask::all()).map_err(Part::BlockSignals.fault())
}

/// Gives process 1 its name in /proc, before the program is forked, which may look at it at once. The program has this name
/// until execve(2) gives it its own.
pub fn name_process_1() {
    if getpid().as_raw() == 1 {
        let _ = set_name(c"init");
    }
}

/// Does the work of process 1 for the child that becomes the program, and ends with it. `channel` is the inner end, and all
/// that stays open: a pipe of the program's ends when the program closes it.
pub fn be_process_1(program: i32, channel: Option<OwnedFd>) -> ! {
    let channel = keep_only(channel);
    // A directory that we stay in could not be unmounted.
    let _ = chdir("/");
    let held = mask::all();
    let events = Events::of(program, &held, channel.as_ref().map(AsFd::as_fd));
    let init = Init { program, held: &held, events, stopped: None, stops: 0, continued: 0, group_was_told: false };
    let status = init.work();
    if let Some(channel) = &channel {
        let _ = News::Ended(status).tell(channel);
    }
    exit_now(match status {
        Status::Exited(status) => i32::from(status),
        Status::Killed(signal) => 128 + signal.0,
    })
}

struct Init<'m> {
    program: i32,
    held: &'m SigSet,
    events: Events<'m>,
    /// The signal by which the program is stopped, as far as we have been told.
    stopped: Option<SignalNumber>,
    /// How often it has been stopped.
    stops: u32,
    /// The number of the last instruction to continue.
    continued: u32,
    /// Whether our process group has been stopped or continued as a whole since then.
    group_was_told: bool,
}

impl Init<'_> {
    /// Returns how the program has ended.
    fn work(mut self) -> Status {
        loop {
            if let Some(status) = self.look_at_program() {
                return status;
            }
            reap_all_but(self.program);
            match self.events.next(&Awaited::NOTHING) {
                Ok(Event::Child | Event::Bytes(_)) => {}
                Ok(Event::Channel) => self.hear(),
                Ok(Event::Signal(received)) => self.take(received),
                Err(_) => return Status::FAILURE,
            }
        }
    }

    /// What has become of the program; its end, if that has come.
    fn look_at_program(&mut self) -> Option<Status> {
        loop {
            if has_continued(self.program) {
                self.stopped = None;
            }
            match poll_child(self.program) {
                Ok(Some(ChildEvent::Exited(status))) => return Some(Status::Exited(status)),
                Ok(Some(ChildEvent::Killed(signal))) => return Some(Status::Killed(signal)),
                Ok(Some(ChildEvent::Stopped(signal))) => self.note_stop(signal),
                Ok(None) => return None,
                Err(_) => return Some(Status::FAILURE),
            }
        }
    }

    fn note_stop(&mut self, signal: SignalNumber) {
        self.stopped = Some(signal);
        self.stops = self.stops.wrapping_add(1);
        self.tell_stop(signal);
    }

    fn tell_stop(&self, signal: SignalNumber) {
        if let Some(channel) = self.events.channel {
            let _ = News::Stopped(Stop { signal, number: self.stops, after: self.continued }).tell(channel);
        }
    }

    fn hear(&mut self) {
        while let Some(channel) = self.events.channel {
            match Instruction::hear(channel) {
                Heard::Nothing => return,
                // Our parent outside has died, or is about to. The program goes on, unless we are to die as well.
                Heard::Closed => self.events.channel = None,
                Heard::Said(Instruction::Signal(_, true), _) if self.is_in_our_group() => {}
                Heard::Said(Instruction::Signal(signal, _), _) => drop(send(self.program, signal)),
                Heard::Said(Instruction::Continue(continuation), _) => self.continue_program(continuation),
                // That was for who opened the terminal.
                Heard::Said(Instruction::Go, _) => {}
            }
        }
    }

    /// Who continues our parent means the program as well. A shell continues the whole process group: then the program runs
    /// already, or has been stopped again, and once more would undo that second stop.
    fn continue_program(&mut self, continuation: Continuation) {
        while let Some(received) = take_any_pending(self.held) {
            self.take(received);
        }
        let runs_again = has_continued(self.program);
        if runs_again {
            self.stopped = None;
        }
        if let Some(signal) = new_stop(self.program) {
            self.note_stop(signal);
        }
        self.continued = continuation.number;
        let group_was_told = std::mem::take(&mut self.group_was_told) && !continuation.woken && self.is_in_our_group();
        let is_done = group_was_told || runs_again;
        // A stop of a background job has stopped our parent as well. The program does again what it was stopped for.
        let is_of_terminal = |signal| [SignalNumber::TTIN, SignalNumber::TTOU].contains(&signal);
        match self.stopped {
            // Our parent did not know of this stop when it was continued, and takes it for the one that it was to undo.
            Some(signal) if is_done && continuation.known_stop != self.stops && !is_of_terminal(signal) => {
                // One more instruction may be on its way that does not know of it either.
                self.group_was_told = true;
                self.tell_stop(signal);
            }
            None if is_done => {}
            _ => self.continue_group(),
        }
    }

    /// What a terminal has stopped is the program's whole process group. In a session of our own, nobody else continues it.
    fn continue_group(&self) {
        let group = getpgid(Some(Pid::from_raw(self.program))).map_or(0, Pid::as_raw);
        let is_alone = getsid(None) == Ok(getpid()) && group != getpgrp().as_raw();
        if !is_alone || send_to_group(group, SignalNumber::CONT).is_err() {
            let _ = send(self.program, SignalNumber::CONT);
        }
    }

    /// Handles a signal that we received. A signal from outside, sent by a shell or a terminal, reaches our whole
    /// process group: also the program, or our parent, which passes it on. A signal from inside is meant for the
    /// program.
    fn take(&mut self, received: Received) {
        let is_for_group = received.sender == 0 && getpgrp().as_raw() == 0;
        let stops_or_continues = [SignalNumber::CONT, SignalNumber::TSTP, SignalNumber::TTIN, SignalNumber::TTOU];
        self.group_was_told |= is_for_group && stops_or_continues.contains(&received.signal);
        let is_passed_on_outside = is_for_group && self.has_parent();
        let has_reached_program = received.from_kernel && self.is_in_our_group();
        if received.signal != SignalNumber::CHLD && !is_passed_on_outside && !has_reached_program {
            let _ = send(self.program, received.signal);
        }
    }

    /// Whether our parent outside is there. Its death closes the channel before it sends a signal (PR_SET_PDEATHSIG).
    fn has_parent(&mut self) -> bool {
        if self.events.channel.is_some_and(is_closed) {
            self.events.channel = None;
        }
        self.events.channel.is_some()
    }

    /// Whether the program is still in the process group that it has from our parent, and we too.
    fn is_in_our_group(&self) -> bool {
        getpgid(Some(Pid::from_raw(self.program))) == Ok(getpgrp())
    }
}

fn is_closed(channel: std::os::fd::BorrowedFd<'_>) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut ready = [PollFd::new(channel, PollFlags::empty())];
    let asked = poll(&mut ready, PollTimeout::ZERO);
    asked.is_ok() && ready[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP))
}
