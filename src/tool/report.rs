//! Output of the tools: messages on stderr, text on stdout. It never panics on a closed pipe.

use std::ffi::{CStr, OsStr};
use std::io::{self, Write};
use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use nix::unistd::isatty;

use crate::enter::RunFailure;
use crate::error::{Failure, Shown};
use crate::number::number;
use crate::proc::environ::value;
use crate::sys::process::Status;
use crate::sys::{file, terminal};
use crate::tool::entry::Invocation;

/// A line `PROGRAM: message`.
fn line(program: &OsStr, message: &str) -> Vec<u8> {
    [&one_line(&program.shown().to_string())[..], b": ", &one_line(message), b"\n"].concat()
}

/// Writes to stderr, if it is open. If that fails, the tool goes on.
fn say(text: &[u8]) {
    if let Some(stderr) = file::stderr() {
        let _ = file::write_all(stderr, text);
    }
}

/// Whether the caller wants hints and notes. `NSKIT_HINTS=0` is for callers that compare all of stderr.
fn wants_hints(caller: &Invocation) -> bool {
    value(&caller.environment, b"NSKIT_HINTS") != Some(b"0")
}

/// The text with control and format characters escaped: a hostile name must neither drive the terminal nor change the
/// order in which a person reads.
fn one_line(text: &str) -> Vec<u8> {
    let mut line = Vec::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_format(character) {
            line.extend(character.escape_default().to_string().bytes());
        } else {
            line.extend(character.encode_utf8(&mut [0; 4]).bytes());
        }
    }
    line
}

/// Whether a character is invisible or changes how its neighbours look: Unicode's categories Cf, Zl and Zp, the
/// variation selectors of category Mn, and blank characters of other categories.
fn is_format(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Prints what failed and, below, the likely reason; returns the exit status. It makes one write(2), so that lines of
/// parallel processes do not mix.
pub fn failure(caller: &Invocation, failure: &RunFailure, hint: Option<String>) -> Status {
    let mut text = Vec::new();
    let of_getopt = matches!(failure, RunFailure::Other(Failure::Usage(error)) if error.is_of_getopt());
    // getopt_long(3) names argv[0] as it was given.
    let name = if of_getopt { &caller.invoked_as } else { &caller.program };
    if !failure.is_said_by_helper() {
        text.extend(line(name, &failure.to_string()));
    }
    if of_getopt {
        let name = one_line(&caller.program.shown().to_string());
        text.extend([b"Try '", &*name, b" --help' for more information.\n"].concat());
    }
    if let Some(hint) = hint.or_else(|| failure.detail()).filter(|_| wants_hints(caller)) {
        text.extend(line(&caller.program, &format!("hint: {hint}")));
    }
    say(&text);
    failure.status()
}

fn is_terminal(output: BorrowedFd<'_>) -> bool {
    isatty(output) == Ok(true)
}

/// Prints a message that is not a failure.
pub fn note(caller: &Invocation, note: &str) {
    if wants_hints(caller) {
        say(&line(&caller.program, &format!("note: {note}")));
    }
}

/// The same for an optional message, only if stderr is a terminal: no script should stumble over it.
pub fn note_for_person(caller: &Invocation, text: Option<String>) {
    if let Some(text) = text
        && file::stderr().is_some_and(is_terminal)
    {
        note(caller, &text);
    }
}

/// The same for a message that takes effort to work out: skips that if stderr is not a terminal.
pub fn notes_for_person(caller: &Invocation, notes: impl FnOnce() -> Vec<String>) {
    if wants_hints(caller) && file::stderr().is_some_and(is_terminal) {
        notes().iter().for_each(|text| note(caller, text));
    }
}

/// Writes to stdout. A closed stdout is an error (EBADF). A closed pipe kills us by SIGPIPE, as it kills a C program;
/// if our caller ignores SIGPIPE, it is an error, too, unless it occurs in the last block. util-linux reports only what
/// it learns when it closes the stream at the end.
///
/// These bytes are one block, however many: util-linux's --help, which is shorter, is one.
pub fn output(bytes: &[u8]) -> Result<(), Failure> {
    let fd = file::stdout().ok_or(Failure::Output(Some(Errno::EBADF)))?;
    last_block(fd, bytes)
}

/// The same for a block that others follow: a closed pipe is an error in any case.
pub fn block(bytes: &[u8]) -> Result<(), Failure> {
    let fd = file::stdout().ok_or(Failure::Output(Some(Errno::EBADF)))?;
    file::write_all(fd, bytes).map_err(|errno| Failure::Output(Some(errno)))
}

fn last_block(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), Failure> {
    match file::write_all(fd, bytes) {
        Err(Errno::EPIPE) | Ok(()) => Ok(()),
        Err(errno) => Err(Failure::Output(Some(errno))),
    }
}

/// The same for what is written in pieces.
pub fn output_of(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let Some(fd) = file::stdout() else {
        return Err(Failure::Output(Some(Errno::EBADF)));
    };
    let mut stdout = Stdout { fd, block: Vec::with_capacity(BLOCK) };
    write(&mut stdout).map_err(|_| Failure::Output(None))?;
    last_block(fd, &stdout.block)
}

/// Standard output, in the same blocks as the C library writes: the message depends on which of them fails.
struct Stdout {
    fd: BorrowedFd<'static>,
    /// Bytes not yet written, at most [`BLOCK`]: the last block, until more bytes come.
    block: Vec<u8>,
}

const BLOCK: usize = 4096;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK && !bytes.is_empty() {
            self.flush()?;
        }
        let count = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        file::write_all(self.fd, &self.block)?;
        self.block.clear();
        Ok(())
    }
}

/// Standard input, if it is a terminal.
pub fn terminal_input() -> Option<BorrowedFd<'static>> {
    file::standard(0).filter(|stdin| is_terminal(*stdin))
}

/// Whether stdout is a terminal that shows colours, and nobody has said that there should be none (no-color.org).
pub fn shows_colours(environment: &[&CStr]) -> bool {
    let is_set = |name: &[u8]| value(environment, name).is_some_and(|text| !text.is_empty());
    let dumb = value(environment, b"TERM") == Some(b"dumb");
    file::stdout().is_some_and(is_terminal) && is_set(b"TERM") && !dumb && !is_set(b"NO_COLOR")
}

/// The traditional width of a terminal that does not tell its width.
const USUAL_WIDTH: usize = 80;

/// The columns of the terminal on stdout: from the terminal, from $COLUMNS, or the traditional width; `None` if stdout
/// is not a terminal.
pub fn terminal_width(environment: &[&CStr]) -> Option<usize> {
    let stdout = file::stdout().filter(|stdout| is_terminal(*stdout))?;
    let variable = || {
        // Read as an int of C, as scripts know it.
        let columns = number::<i32>(value(environment, b"COLUMNS")?)?;
        usize::try_from(columns).ok()
    };
    let width = terminal::width(stdout).or_else(variable);
    Some(width.filter(|width| *width > 0).unwrap_or(USUAL_WIDTH))
}
