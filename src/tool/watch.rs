//! `lsns --watch`: looks again and again, and shows what has come and gone.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::read;

use super::HintedFailure;
use super::report;
use super::screen::Screen;
use crate::list::changes::{RowChanges, changes};
use crate::list::query::request::Format;
use crate::list::view::render::{Printout, Style, change};
use crate::sys::mask::{self, is_member};
use crate::sys::process::Status;
use crate::sys::signal::{SignalNumber, SignalSet, is_ignored, is_pending, stop_as_caller_blocks, take_any_pending};

/// What is watched, and how it is shown.
pub struct Watcher<'w, Look> {
    /// The time from one look to the next.
    pub interval: Duration,
    /// How rows are printed.
    pub style: Style<'w>,
    /// Whether the list itself is shown, on a terminal, and not a line for each change.
    pub on_screen: bool,
    /// Looks.
    pub look: Look,
}

impl<Look: FnMut() -> Result<Printout, HintedFailure>> Watcher<'_, Look> {
    /// Watches until a signal or a key ends it. Errors: those of a look, or stdout cannot be written.
    pub fn run(mut self) -> Result<Status, HintedFailure> {
        // Each of them would leave the terminal as we have made it. Without a screen, they may end us at any time.
        let of_screen = SignalSet::all().without(SignalNumber::CHLD).without(SignalNumber::URG);
        let wanted = if self.on_screen { of_screen } else { SignalSet::of(&[SignalNumber::INT]) };
        let callers = mask::change(SigmaskHow::SIG_BLOCK, &wanted.to_mask());
        let callers = callers.unwrap_or_else(|_| SignalSet::default().to_mask());
        // What our caller ignores or has blocked neither ends nor stops us.
        let is_heeded = |signal: &SignalNumber| {
            matches!(*signal, SignalNumber::WINCH | SignalNumber::CONT)
                || !is_ignored(*signal) && !is_member(&callers, signal.0)
        };
        let held = wanted.iter().filter(is_heeded).collect::<SignalSet>().to_mask();
        let mut screen = None;
        let mut listing = (self.look)()?;
        let waiting = Waiting::new(held);
        let mut shown = RowChanges::default();
        loop {
            let next = Instant::now() + self.interval;
            if self.on_screen {
                let screen = screen.get_or_insert_with(|| Screen::enter(&callers));
                screen.draw(&listing, &shown, &self.style)?;
            }
            match waiting.until(next, self.on_screen) {
                Wake::Time => {
                    let mut now = (self.look)()?;
                    shown = changes(&listing, &mut now);
                    listing = now;
                    if !self.on_screen && !waiting.is_interrupted() {
                        self.tell(&listing, &shown, &callers)?;
                    }
                }
                Wake::Quit | Wake::Signal(SignalNumber::INT) => return Ok(Status::SUCCESS),
                Wake::Signal(SignalNumber::WINCH) => {}
                // A shell may have continued us in the background, and has used the terminal meanwhile.
                Wake::Signal(SignalNumber::CONT) => screen = None,
                Wake::Signal(signal @ (SignalNumber::TSTP | SignalNumber::TTIN | SignalNumber::TTOU)) => {
                    screen = None;
                    stop_as_caller_blocks(signal, &callers);
                }
                Wake::Signal(signal) => return Ok(Status::Killed(signal)),
            }
        }
    }

    /// A line for each change. It waits as long as nobody reads, and the terminal may stop who writes in the background. So
    /// every signal ends us here as `callers`, the mask of our caller, has it.
    fn tell(&self, listing: &Printout, changes: &RowChanges, callers: &SigSet) -> Result<(), HintedFailure> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut text = Vec::new();
        let gone = changes.gone.iter().map(|line| (change::RowEvent::Vanished, line));
        let come = changes.come.iter().map(|at| (change::RowEvent::Appeared, &listing.lines[*at]));
        for (change, line) in gone.chain(come) {
            match self.style.format {
                Format::Json => change::json(change, time, &listing.columns, line, &mut text),
                _ => change::row(change, listing, line, &self.style, &mut text),
            }
        }
        if !text.is_empty() {
            let ours = mask::change(SigmaskHow::SIG_SETMASK, callers);
            report::block(&text)?;
            let _ = ours.and_then(|ours| mask::change(SigmaskHow::SIG_SETMASK, &ours));
        }
        Ok(())
    }
}

/// Why we have stopped waiting.
enum Wake {
    Time,
    /// Somebody has typed `q`.
    Quit,
    Signal(SignalNumber),
}

struct Waiting {
    held: SigSet,
    /// `None` if it could not be made. We then look at the signals every now and then.
    signals: Option<SignalFd>,
}

impl Waiting {
    fn new(held: SigSet) -> Waiting {
        Waiting { held, signals: SignalFd::with_flags(&held, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).ok() }
    }

    /// Whether somebody has typed Ctrl-C since the last wait.
    fn is_interrupted(&self) -> bool {
        is_member(&self.held, SignalNumber::INT.0) && is_pending(SignalNumber::INT)
    }

    fn until(&self, time: Instant, has_keys: bool) -> Wake {
        const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
        let mut keys = report::terminal_input().filter(|_| has_keys);
        loop {
            if let Some(received) = take_any_pending(&self.held) {
                return Wake::Signal(received.signal);
            }
            let left = time.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Wake::Time;
            }
            let left = if self.signals.is_some() { left } else { left.min(BETWEEN_LOOKS) };
            // The next whole millisecond: not to look before it is time.
            let left = i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
            let mut ready = Vec::new();
            ready.extend(keys.map(|keys| PollFd::new(keys, PollFlags::POLLIN)));
            ready.extend(self.signals.as_ref().map(|signals| PollFd::new(signals.as_fd(), PollFlags::POLLIN)));
            if poll(&mut ready, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)).is_err() {
                continue;
            }
            if let Some(file) = keys
                && ready.first().and_then(PollFd::any) == Some(true)
            {
                match typed(file) {
                    Some(true) => return Wake::Quit,
                    Some(false) => {}
                    // The terminal is gone.
                    None => keys = None,
                }
            }
        }
    }
}

/// Whether a `q` has been typed; `None` if nothing can be typed any more.
fn typed(keys: BorrowedFd<'_>) -> Option<bool> {
    let mut bytes = [0; 64];
    match read(keys, &mut bytes) {
        Ok(0) | Err(_) => None,
        Ok(length) => Some(bytes[..length].iter().any(|byte| matches!(byte, b'q' | b'Q'))),
    }
}
