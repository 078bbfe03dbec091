//! The bytes between our caller and the program's terminal: read, kept until there is room for them, written. Nothing here
//! waits, and nothing takes memory.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::unistd::{read, write};

use super::events::Awaited;
use super::fault::{Fault, Part};
use super::terminal::{Caller, callers_size};
use crate::sys::signal::SignalNumber;
use crate::sys::socket::Files;
use crate::sys::terminal::{other_side, set_size, settings, signal_foreground, waiting};

/// What a terminal and a pipe take and give at once.
const ROOM: usize = 4096;

/// After the program's end so many bytes at most are still read: more than the kernel keeps. A process that the program
/// has left in the background might never stop writing.
const MOST_AT_THE_END: usize = 64 << 10;

/// Milliseconds until an end of input is tried, and tried again.
const BEFORE_END: u16 = 10;
const BETWEEN_ENDS: u16 = 200;

/// Milliseconds between two looks whether we have come into the foreground.
const BETWEEN_LOOKS: u16 = 200;

/// After so many errors in a row the program's terminal counts as gone. A single error may only mean that memory is short.
const MOST_ERRORS: usize = 8;

/// Between our caller and the program's terminal.
pub struct Relay {
    /// Our side; `None` once it has been hung up.
    master: Option<OwnedFd>,
    /// The program's side, which we hold so that the terminal lives while the program has closed it.
    other: Option<OwnedFd>,
    to_program: Buffer,
    to_caller: Buffer,
    /// How far the end of our caller's input has been passed on; `None` as long as there is more.
    end: Option<End>,
    /// Whether what was passed on last was the end of a line.
    at_line_start: bool,
    /// The program has ended: how many bytes may still be read.
    left: Option<usize>,
    errors: usize,
}

/// How an end of input has been passed on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Not yet.
    Pending,
    /// While the terminal gave lines. A program that takes single bytes from now on, as shells do between two commands,
    /// finds no end in that.
    AmongLines,
    /// As a byte.
    AmongBytes,
}

impl Relay {
    /// For a terminal that has just been opened.
    pub fn new([master, other]: Files) -> Relay {
        Relay {
            master: Some(master),
            other: Some(other),
            to_program: Buffer::new(),
            to_caller: Buffer::new(),
            end: None,
            at_line_start: true,
            left: None,
            errors: 0,
        }
    }

    /// Gives the program's terminal the size of our caller's.
    pub fn resize(&self) {
        if let (Some(master), Some(size)) = (&self.master, callers_size()) {
            let _ = set_size(master, size);
        }
    }

    /// Passes on what a terminal that is not raw has made a signal of.
    pub fn signal(&self, signal: SignalNumber) {
        if let Some(master) = &self.master {
            let _ = signal_foreground(master, signal);
        }
    }

    /// What is waited for.
    pub fn wanted<'f>(&'f self, caller: &'f Caller) -> Awaited<'f> {
        let reads_input = self.end.is_none() && self.to_program.is_empty() && self.master.is_some() && caller.is_read();
        let input = caller.input.as_ref().filter(|_| reads_input).map(|file| (file.as_fd(), PollFlags::POLLIN));
        let has_output = !self.to_caller.is_empty();
        let output = caller.output.as_ref().filter(|_| has_output).map(|file| (file.as_fd(), PollFlags::POLLOUT));
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::POLLIN, !has_output);
        flags.set(PollFlags::POLLOUT, !self.to_program.is_empty());
        let master = self.master.as_ref().filter(|_| !flags.is_empty()).map(|file| (file.as_fd(), flags));
        let milliseconds = match self.end {
            Some(End::Pending) if self.to_program.is_empty() && self.master.is_some() => Some(BEFORE_END),
            Some(End::AmongLines) if self.master.is_some() => Some(BETWEEN_ENDS),
            // A shell does not tell a running job that it comes into the foreground.
            _ if !caller.is_read() => Some(BETWEEN_LOOKS),
            _ => None,
        };
        Awaited { files: [input, output, master], milliseconds }
    }

    /// Passes on what there is, by what the files that were [`Relay::wanted`] are ready for. Errors: our caller's output
    /// takes no more, or its input cannot be read.
    pub fn pass_on(&mut self, caller: &mut Caller, [input, output, master]: [PollFlags; 3]) -> Result<(), Fault> {
        if !input.is_empty() {
            self.read_input(caller)?;
        }
        if !output.is_empty() {
            self.write_output(caller)?;
        }
        if master.intersects(!PollFlags::POLLOUT) && self.to_caller.is_empty() {
            self.read_master();
            // Nobody would take it; it is read all the same, so that the program does not wait without an end.
            if caller.output.is_none() {
                self.to_caller.clear();
            }
        }
        if [input, output, master].iter().all(PollFlags::is_empty) {
            self.pass_end_on();
        }
        self.write_master();
        Ok(())
    }

    fn read_input(&mut self, caller: &mut Caller) -> Result<(), Fault> {
        let Some(file) = &caller.input else { return Ok(()) };
        match self.to_program.read(file) {
            Ok(0) => self.end = Some(End::Pending),
            Ok(_) => self.at_line_start = matches!(self.to_program.last(), Some(b'\n' | b'\r')),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            // The terminal has been hung up.
            Err(Errno::EIO) if caller.has_terminal() => self.end = Some(End::Pending),
            Err(errno) => return Err(Fault::Part(Part::Input, errno)),
        }
        Ok(())
    }

    fn write_output(&mut self, caller: &Caller) -> Result<(), Fault> {
        let Some(file) = &caller.output else { return Ok(()) };
        match self.to_caller.write(file) {
            Ok(()) | Err(Errno::EINTR | Errno::EAGAIN) => Ok(()),
            Err(errno) => Err(Fault::Part(Part::Output, errno)),
        }
    }

    /// Returns whether there was something.
    fn read_master(&mut self) -> bool {
        let Some(master) = &self.master else { return false };
        match self.to_caller.read(master) {
            Ok(count) if count > 0 => {
                self.errors = 0;
                return true;
            }
            Err(Errno::EINTR) => return true,
            Err(Errno::EAGAIN) => return false,
            _ => {}
        }
        // Our other end has been hung up, by vhangup(2): there may be a new one.
        self.errors += 1;
        self.other = None;
        self.other = other_side(master).ok();
        if self.errors > MOST_ERRORS {
            self.master = None;
        }
        self.master.is_some()
    }

    fn write_master(&mut self) {
        let Some(master) = &self.master else {
            self.to_program.clear();
            return;
        };
        match self.to_program.write(master) {
            Ok(()) | Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(_) => self.to_program.clear(),
        }
    }

    /// The end of our caller's input becomes what a person types for it, once all before it has been read: the kernel would
    /// take it for another byte if the program changed from lines to bytes before. Whoever reads bytes is told once.
    fn pass_end_on(&mut self) {
        let (Some(end @ (End::Pending | End::AmongLines)), Some(master)) = (self.end, &self.master) else { return };
        let all_is_read = self.other.as_ref().is_none_or(|other| waiting(other).is_ok_and(|count| count == 0));
        let Ok(settings) = settings(master) else { return };
        if !all_is_read || !self.to_program.is_empty() || (end == End::AmongLines && settings.has_lines()) {
            return;
        }
        // The first one ends an unfinished line.
        let times = if settings.has_lines() && !self.at_line_start { 2 } else { 1 };
        for _ in 0..times {
            self.to_program.push(settings.end_of_input());
        }
        self.at_line_start = true;
        self.end = Some(if settings.has_lines() { End::AmongLines } else { End::AmongBytes });
    }

    /// The program has ended: what it has written is still passed on. Whether that has been done.
    pub fn finish(&mut self, caller: &Caller) -> bool {
        self.left.get_or_insert(MOST_AT_THE_END);
        self.end = Some(End::AmongBytes);
        self.to_program.clear();
        while self.to_caller.is_empty() && self.master.is_some() {
            let goes_on = self.read_master();
            let left = self.left.unwrap_or(0).saturating_sub(self.to_caller.len());
            self.left = Some(left);
            if !goes_on || left == 0 {
                self.master = None;
            }
        }
        if caller.output.is_none() {
            self.to_caller.clear();
        }
        self.to_caller.is_empty() && self.master.is_none()
    }

    /// Where our caller has closed its input, it ends at once.
    pub fn end_without_input(&mut self, caller: &Caller) {
        if caller.input.is_none() && self.end.is_none() {
            self.end = Some(End::Pending);
        }
    }
}

/// Bytes that wait to be written.
struct Buffer {
    bytes: [u8; ROOM],
    start: usize,
    end: usize,
}

impl Buffer {
    fn new() -> Buffer {
        Buffer { bytes: [0; ROOM], start: 0, end: 0 }
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn len(&self) -> usize {
        self.end - self.start
    }

    fn last(&self) -> Option<u8> {
        self.bytes[self.start..self.end].last().copied()
    }

    fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Adds a byte, if there is room.
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.end) {
            *place = byte;
            self.end += 1;
        }
    }

    /// Fills it, which must be empty, by one read(2).
    fn read(&mut self, file: impl AsFd) -> nix::Result<usize> {
        self.clear();
        self.end = read(file, &mut self.bytes)?;
        Ok(self.end)
    }

    /// Empties it as far as one write(2) does.
    fn write(&mut self, file: impl AsFd) -> nix::Result<()> {
        if !self.is_empty() {
            self.start += write(file, &self.bytes[self.start..self.end])?;
            if self.is_empty() {
                self.clear();
            }
        }
        Ok(())
    }
}
