//! Terminals, see ioctl_tty(2).

use std::os::fd::{AsFd, AsRawFd};

use super::check;

/// The columns of the terminal behind `fd`, `None` if it is no terminal or does not say.
pub fn width(fd: impl AsFd) -> Option<usize> {
    // SAFETY: an all-zero winsize is a valid value, and this request only writes to it.
    let size = unsafe {
        let mut size: libc::winsize = std::mem::zeroed();
        check(libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCGWINSZ, &mut size).into()).map(|_| size).ok()?
    };
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
