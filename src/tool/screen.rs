//! The terminal while `lsns --watch` has it: the alternate screen, until this is dropped.

use std::os::fd::BorrowedFd;

use super::report;
use crate::error::Failure;
use crate::list::changes::RowChanges;
use crate::list::view::render::{Printout, Style, change};
use crate::sys::terminal::{Settings, set_settings, settings};
use crate::sys::{file, terminal};

/// The terminal's other screen, without a cursor, and without lines that go on in the next.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &[u8] = b"\x1b[?7h\x1b[?25h\x1b[?1049l";

/// If the terminal does not say how high it is.
const USUAL_HEIGHT: usize = 24;

/// The alternate screen.
pub struct Screen {
    /// The terminal that keys come from, and how it was.
    keys: Option<(BorrowedFd<'static>, Settings)>,
}

impl Screen {
    /// Takes the terminal. Keys are read one by one, and not shown.
    pub fn enter() -> Screen {
        let keys = report::terminal_input().and_then(|keys| Some((keys, settings(keys).ok()?)));
        if let Some((keys, before)) = &keys {
            let _ = set_settings(keys, &before.by_key());
        }
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
        if let Some((keys, before)) = &self.keys {
            let _ = set_settings(keys, before);
        }
    }
}

fn show(bytes: &[u8]) {
    if let Some(stdout) = file::stdout() {
        let _ = file::write_all(stdout, bytes);
    }
}
