//! Terminals, see ioctl_tty(2).

use std::os::fd::{AsFd, AsRawFd};

use nix::unistd::{Pid, tcgetpgrp};

use super::check;
use super::file::standard;

/// The columns of the terminal behind `fd`; `None` if it is not a terminal or does not know its width.
pub fn width(fd: impl AsFd) -> Option<usize> {
    // SAFETY: an all-zero winsize is a valid value, and this request only writes to it.
    let size = unsafe {
        let mut size: libc::winsize = std::mem::zeroed();
        check(libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCGWINSZ, &mut size).into()).map(|_| size).ok()?
    };
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// The foreground process group of our controlling terminal, if standard input, output or error is that terminal, see
/// tcgetpgrp(3). `None` if none of them is.
pub fn foreground_group() -> Option<Pid> {
    (0..3).filter_map(standard).find_map(|fd| tcgetpgrp(fd).ok())
}
