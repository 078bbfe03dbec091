//! Terminals, see ioctl_tty(2).

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{Pid, getpgrp, tcgetpgrp};

use super::file::standard;
use super::signal::SignalNumber;
use super::{check, new_descriptor};

/// The columns of the terminal behind `fd`; `None` if it is not a terminal or does not know its width.
pub fn width(fd: impl AsFd) -> Option<usize> {
    let size = size(fd).ok()?.0;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// The columns and rows of the terminal behind `fd`; `None` if it is not a terminal or does not know its size.
pub fn columns_and_rows(fd: impl AsFd) -> Option<(usize, usize)> {
    let size = size(fd).ok()?.0;
    (size.ws_col > 0 && size.ws_row > 0).then_some((usize::from(size.ws_col), usize::from(size.ws_row)))
}

/// Rows and columns of a terminal, and its size in pixels.
#[derive(Clone, Copy)]
pub struct Size(libc::winsize);

/// The size of the terminal behind `fd`: TIOCGWINSZ. Errors: ENOTTY if it is none.
pub fn size(fd: impl AsFd) -> nix::Result<Size> {
    // SAFETY: an all-zero winsize is a valid value, and this request only writes to it.
    unsafe {
        let mut size: libc::winsize = std::mem::zeroed();
        check(libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCGWINSZ, &mut size).into())?;
        Ok(Size(size))
    }
}

/// Sets the size: TIOCSWINSZ. If that changes it, the kernel sends SIGWINCH to the foreground process group.
pub fn set_size(fd: impl AsFd, size: Size) -> nix::Result<()> {
    // SAFETY: the request only reads the structure.
    check(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCSWINSZ, &size.0) }.into()).map(drop)
}

/// How a terminal treats what is typed and printed, see termios(3). Kept as the kernel gives it, so that putting it back
/// leaves no trace.
#[derive(Clone, Copy)]
pub struct Settings(libc::termios);

/// The settings of the terminal behind `fd`, see tcgetattr(3). Of the master side, they are those of the other side.
/// Errors: ENOTTY if it is none.
pub fn settings(fd: impl AsFd) -> nix::Result<Settings> {
    // SAFETY: an all-zero termios is a valid value, and the call only writes to it.
    unsafe {
        let mut settings: libc::termios = std::mem::zeroed();
        check(libc::tcgetattr(fd.as_fd().as_raw_fd(), &mut settings).into())?;
        Ok(Settings(settings))
    }
}

/// Changes the settings at once, see tcsetattr(3). EINTR is retried.
pub fn set_settings(fd: impl AsFd, settings: &Settings) -> nix::Result<()> {
    loop {
        // SAFETY: the call only reads the structure.
        match check(unsafe { libc::tcsetattr(fd.as_fd().as_raw_fd(), libc::TCSANOW, &settings.0) }.into()) {
            Err(Errno::EINTR) => {}
            result => return result.map(drop),
        }
    }
}

impl PartialEq for Settings {
    fn eq(&self, other: &Settings) -> bool {
        let flags = |settings: &libc::termios| [settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag];
        flags(&self.0) == flags(&other.0) && self.0.c_cc == other.0.c_cc
    }
}

impl Settings {
    /// Every byte passes as it is, see cfmakeraw(3).
    pub fn raw(mut self) -> Settings {
        // SAFETY: the call changes the structure, and nothing else.
        unsafe { libc::cfmakeraw(&mut self.0) };
        self
    }

    /// Keys are read one by one, and not printed.
    pub fn by_key(mut self) -> Settings {
        self.0.c_lflag &= !(libc::ICANON | libc::ECHO);
        self
    }

    /// Nothing that is typed is printed.
    pub fn without_echo(mut self) -> Settings {
        self.0.c_lflag &= !libc::ECHO;
        self
    }

    /// Whether programs read lines: only then does the kernel make an end of input of a byte.
    pub fn has_lines(&self) -> bool {
        self.0.c_lflag & libc::ICANON != 0
    }

    /// That byte, usually Ctrl-D.
    pub fn end_of_input(&self) -> u8 {
        self.0.c_cc[libc::VEOF]
    }
}

/// The device number of the terminal behind `fd`, also if it was opened as /dev/tty: TIOCGDEV. Errors: ENOTTY.
pub fn device(fd: impl AsFd) -> nix::Result<u32> {
    let mut number: libc::c_uint = 0;
    // SAFETY: the request writes a number of this type.
    check(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCGDEV as _, &mut number) }.into())?;
    Ok(number)
}

/// Lets the other side of this master be opened: TIOCSPTLCK. Errors: ENOTTY if it is not a master.
pub fn unlock(master: impl AsFd) -> nix::Result<()> {
    let no: libc::c_int = 0;
    // SAFETY: the request reads a number of this type.
    check(unsafe { libc::ioctl(master.as_fd().as_raw_fd(), libc::TIOCSPTLCK, &no) }.into()).map(drop)
}

/// The other side of this master, close-on-exec: TIOCGPTPEER. No path is looked up. Errors: ENOTTY if it is not a master.
pub fn other_side(master: impl AsFd) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY;
    // SAFETY: plain numbers in, a new descriptor out.
    unsafe {
        let request = libc::TIOCGPTPEER as _;
        let other = new_descriptor(libc::ioctl(master.as_fd().as_raw_fd(), request, flags.bits()).into())?;
        // The kernel would show O_CLOEXEC as a property of the open file to everybody who gets a duplicate.
        check(libc::fcntl(other.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC).into())?;
        Ok(other)
    }
}

/// Makes it the controlling terminal of our session, which has none yet, with our process group in the foreground:
/// TIOCSCTTY. Errors: EPERM if it is that of another session.
pub fn make_controlling(terminal: impl AsFd) -> nix::Result<()> {
    // SAFETY: plain numbers.
    check(unsafe { libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCSCTTY as _, 0) }.into()).map(drop)
}

/// Brings our process group into the foreground of the terminal that is descriptor 0, see tcsetpgrp(3). SIGTTOU must be
/// blocked, since it is done from the background.
pub fn come_to_foreground() -> nix::Result<()> {
    // SAFETY: plain numbers.
    check(unsafe { libc::tcsetpgrp(0, libc::getpgrp()) }.into()).map(drop)
}

/// Whether another process group than ours is in the foreground of this terminal. Where it is not our controlling terminal,
/// there is no background.
pub fn is_in_background(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal).is_ok_and(|foreground| foreground != getpgrp())
}

/// How many bytes wait to be read there: FIONREAD. Where a terminal gives lines, an unfinished one does not count.
pub fn waiting(terminal: impl AsFd) -> nix::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: the request writes a number of this type.
    check(unsafe { libc::ioctl(terminal.as_fd().as_raw_fd(), libc::FIONREAD, &mut count) }.into())?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Sends SIGINT, SIGQUIT or SIGTSTP to the foreground process group of the other side of this master: TIOCSIG.
pub fn signal_foreground(master: impl AsFd, signal: SignalNumber) -> nix::Result<()> {
    // SAFETY: plain numbers.
    check(unsafe { libc::ioctl(master.as_fd().as_raw_fd(), libc::TIOCSIG as _, signal.0) }.into()).map(drop)
}

/// The foreground process group of our controlling terminal, if standard input, output or error is that terminal, see
/// tcgetpgrp(3). `None` if none of them is.
pub fn foreground_group() -> Option<Pid> {
    (0..3).filter_map(standard).find_map(|fd| tcgetpgrp(fd).ok())
}
