//! Our caller's side of --pty: where the program's bytes come from and go to, and the terminal that is raw meanwhile.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::SigSet;
use nix::sys::stat::SFlag;
use nix::unistd::dup2_stderr;

use super::job::is_job_of_shell;
use crate::sys::file::{open_retrying, out_of_the_way, standard};
use crate::sys::mask::is_member;
use crate::sys::path_of::PathOf;
use crate::sys::signal::{SignalNumber, is_ignored};
use crate::sys::stat::{fstat, is_of_type};
use crate::sys::terminal::{Settings, Size, device, is_in_background, set_settings, settings, size};

/// Our caller's standard input and output.
pub struct Caller {
    /// Standard input, `None` where it is closed or has ended.
    pub input: Option<OwnedFd>,
    /// Standard output.
    pub output: Option<OwnedFd>,
    /// The terminal that standard input is, and its settings as they were.
    terminal: Option<(OwnedFd, Settings)>,
    /// Whether we have changed them.
    is_raw: bool,
    /// Whether another process group is to read from it.
    is_in_background: bool,
}

impl Caller {
    /// Opens them, before anything is entered or changed. Errors of fcntl(2): EMFILE.
    pub fn open() -> nix::Result<Caller> {
        let input = standard(0).map(|file| own_description(file, OFlag::O_RDONLY)).transpose()?;
        let output = standard(1).map(|file| own_description(file, OFlag::O_WRONLY)).transpose()?;
        let terminal = match standard(0).map(|file| (file, settings(file))) {
            Some((file, Ok(settings))) => Some((duplicate(file)?, settings)),
            _ => None,
        };
        Ok(Caller { input, output, terminal, is_raw: false, is_in_background: false })
    }

    /// Whether what is typed is read from a terminal.
    pub fn has_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// Whether the terminal passes every byte on to us.
    pub fn is_raw(&self) -> bool {
        self.is_raw
    }

    /// Whether input is read: the kernel stops a process in the background that reads from its terminal.
    pub fn is_read(&self) -> bool {
        !self.is_in_background
    }

    /// Makes the terminal raw. Where a shell has us in the background, we wait until it takes us into the foreground: who
    /// changes the terminal in the background is stopped. `callers` is the mask of signals that our caller has. `stop` stops us
    /// by SIGTTOU until we are continued; if it returns false, we wait no longer.
    pub fn enter(&mut self, callers: &SigSet, mut stop: impl FnMut() -> bool) {
        let Some((terminal, settings)) = &self.terminal else { return };
        loop {
            self.is_in_background = is_in_background(terminal);
            if !self.is_in_background {
                break;
            }
            let is_heeded = !is_ignored(SignalNumber::TTOU) && !is_member(callers, SignalNumber::TTOU.0);
            if !is_job_of_shell() || !is_heeded || !stop() {
                return;
            }
        }
        self.is_raw = set_settings(terminal, &settings.raw()).is_ok();
    }

    /// Makes the terminal raw if we have come into the foreground without SIGCONT. Returns whether we have.
    pub fn is_back(&mut self, callers: &SigSet) -> bool {
        let was_in_background = self.is_in_background;
        if was_in_background && self.terminal.as_ref().is_some_and(|(terminal, _)| !is_in_background(terminal)) {
            self.enter(callers, || false);
        }
        was_in_background && !self.is_in_background
    }

    /// Puts the terminal back as it was.
    pub fn leave(&mut self) {
        if let (true, Some((terminal, settings))) = (self.is_raw, &self.terminal) {
            self.is_raw = false;
            // SIGTTOU is blocked, so that this works in the background too.
            let _ = set_settings(terminal, settings);
        }
    }

    /// What the program's side needs of us to report a failure where our caller reads it.
    pub fn way_back(&self) -> WayBack {
        let terminal =
            self.terminal.as_ref().and_then(|(file, settings)| Some((duplicate(file.as_fd()).ok()?, *settings)));
        WayBack { terminal, stderr: standard(2).and_then(|file| duplicate(file).ok()) }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.leave();
    }
}

/// What is opened before anything is entered or changed, for the program's terminal.
pub struct Outside {
    /// Our caller's standard input and output; in the parent outside only.
    pub caller: Option<Caller>,
    /// /dev, where a terminal is made if nothing inside can make one.
    pub devices: Option<OwnedFd>,
    /// /proc.
    pub proc: Option<OwnedFd>,
}

/// Our caller's standard error and terminal, for a process that has given its own descriptors to the program.
pub struct WayBack {
    terminal: Option<(OwnedFd, Settings)>,
    stderr: Option<OwnedFd>,
}

impl WayBack {
    /// The program may be named by a descriptor: it is not to meet one of ours.
    pub fn out_of_the_way(self) -> WayBack {
        let terminal = self.terminal.map(|(file, settings)| (out_of_the_way(file), settings));
        WayBack { terminal, stderr: self.stderr.map(out_of_the_way) }
    }

    /// Puts the terminal back, and standard error in its place, for the message of a failure.
    pub fn take(self) {
        if let Some((terminal, settings)) = &self.terminal {
            let _ = set_settings(terminal, settings);
        }
        if let Some(stderr) = &self.stderr {
            while dup2_stderr(stderr) == Err(Errno::EINTR) {}
        }
    }
}

/// The settings of our caller's terminal.
pub fn callers_settings() -> Option<Settings> {
    (0..3).filter_map(standard).find_map(|file| settings(file).ok())
}

/// Whether our standard input is what a person types.
pub fn is_typed() -> bool {
    standard(0).is_some_and(|file| settings(file).is_ok())
}

/// The size of our caller's terminal.
pub fn callers_size() -> Option<Size> {
    (0..3).filter_map(standard).find_map(|file| size(file).ok())
}

fn duplicate(file: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    file.try_clone_to_owned().map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EMFILE)))
}

/// The file once more, so that its calls never wait: whether they do is a property of the open file that we share with our
/// caller, and it is not ours to change. Where it cannot be opened again, the one that there is.
fn own_description(file: BorrowedFd<'_>, access: OFlag) -> nix::Result<OwnedFd> {
    let number = device(file).ok();
    // Everybody may open their own terminal, also one that belongs to another user.
    if number.is_some()
        && let Ok(own) = open_retrying(c"/dev/tty", access)
        && device(&own).ok() == number
    {
        return Ok(own);
    }
    if (number.is_some() || is_pipe(file))
        && let Ok(own) = open_retrying(PathOf::file(file).as_c_str(), access)
        && is_same(file, &own)
    {
        return Ok(own);
    }
    duplicate(file)
}

fn is_pipe(file: BorrowedFd<'_>) -> bool {
    fstat(file).is_ok_and(|stat| is_of_type(&stat, SFlag::S_IFIFO))
}

fn is_same(one: BorrowedFd<'_>, other: &OwnedFd) -> bool {
    match (fstat(one), fstat(other)) {
        (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
        _ => false,
    }
}
