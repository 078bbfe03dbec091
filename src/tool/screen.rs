//! The terminal while `lsns --watch` has it: the alternate screen, until this is dropped.

use std::os::fd::BorrowedFd;

use nix::sys::signal::SigSet;

use super::report;
use crate::error::Failure;
use crate::list::changes::RowChanges;
use crate::list::view::render::{Printout, Style, change};
use crate::sys::signal::{SignalNumber, stop_as_caller_blocks};
use crate::sys::terminal::{Settings, is_in_background, set_settings, settings};
use crate::sys::{file, terminal};

/// The terminal's other screen, without a cursor, and without lines that go on in the next.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &[u8] = b"\x1b[?7h\x1b[?25h\x1b[?1049l";

/// If the terminal does not say how high it is.
const USUAL_HEIGHT: usize = 24;

/// The alternate screen.
pub struct Screen {
    keys: Option<Keys>,
}

/// The terminal that keys come from.
struct Keys {
    terminal: BorrowedFd<'static>,
    before: Settings,
    ours: Settings,
}

impl Screen {
    /// Takes the terminal. Keys are read one by one, and not shown.
    ///
    /// Where a shell has us in the background, we are stopped until it takes us into the foreground, or until a signal ends
    /// us: the terminal is not ours. `callers` is the mask of signals that our caller has.
    pub fn enter(callers: &SigSet) -> Screen {
        while has_us_in_background() && stop_as_caller_blocks(SignalNumber::TTOU, callers) {}
        let keys = report::terminal_input().filter(|_| !has_us_in_background()).and_then(Keys::take);
        show(ENTER);
        Screen { keys }
    }

    /// Draws the list with what has come and gone. Errors: stdout cannot be written.
    pub fn draw(&self, listing: &Printout, changes: &RowChanges, style: &Style<'_>) -> Result<(), Failure> {
        let size = file::stdout().and_then(terminal::columns_and_rows);
        let (width, height) = size.map_or((style.width, USUAL_HEIGHT), |(width, height)| (Some(width), height));
        // The cursor stays in the last column, and what erases the rest of a line takes the cell of the cursor with it.
        let width = width.filter(|_| style.width.is_some()).map(|width| width.saturating_sub(1));
        let lines = change::lines(listing, changes, &Style { width, ..*style });
        let mut frame = b"\x1b[H".to_vec();
        let fitting = if lines.len() > height { height.saturating_sub(1) } else { lines.len() };
        let rest = format!("  and {} more lines", lines.len() - fitting).into_bytes();
        let rest = (fitting < lines.len()).then_some(&rest);
        for (at, line) in lines[..fitting].iter().chain(rest).enumerate() {
            // A line end would begin a new line even below the last.
            frame.extend(if at > 0 { &b"\r\n"[..] } else { b"" });
            frame.extend(line);
            frame.extend(b"\x1b[K");
        }
        frame.extend(b"\x1b[0J");
        report::output(&frame)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        show(LEAVE);
        if let Some(keys) = &self.keys {
            keys.give_back();
        }
    }
}

impl Keys {
    fn take(terminal: BorrowedFd<'static>) -> Option<Keys> {
        let before = settings(terminal).ok()?;
        let ours = before.by_key();
        let _ = set_settings(terminal, &ours);
        Some(Keys { terminal, before, ours })
    }

    /// A shell that has meanwhile taken the terminal back (after SIGSTOP) may have made its own settings.
    fn give_back(&self) {
        if !is_in_background(self.terminal) || settings(self.terminal).is_ok_and(|now| now == self.ours) {
            let _ = set_settings(self.terminal, &self.before);
        }
    }
}

fn has_us_in_background() -> bool {
    report::terminal_input().is_some_and(is_in_background) || file::stdout().is_some_and(is_in_background)
}

fn show(bytes: &[u8]) {
    if let Some(stdout) = file::stdout() {
        let _ = file::write_all(stdout, bytes);
    }
}
