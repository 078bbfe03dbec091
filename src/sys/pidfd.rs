//! Descriptors of processes, see pidfd_open(2).

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::check;

/// A descriptor of process `pid`, close-on-exec. Errors: ESRCH if there is none, ENOSYS before Linux 5.3.
pub fn open(pid: i32) -> nix::Result<OwnedFd> {
    // SAFETY: plain numbers in, a descriptor out.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: the descriptor has just been made and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// A duplicate, close-on-exec, of descriptor `fd` of the process. Errors of pidfd_getfd(2): EBADF if it has no such
/// descriptor, EPERM without ptrace rights over it, ENOSYS before Linux 5.6.
pub fn get_fd(process: impl AsFd, fd: i32) -> nix::Result<OwnedFd> {
    // SAFETY: plain numbers in, a descriptor out.
    let fd =
        check(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_fd().as_raw_fd(), fd, 0) })?;
    // SAFETY: the descriptor has just been made and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Whether the process has ended (a zombie has). Errors of poll(2).
pub fn has_ended(process: impl AsFd) -> nix::Result<bool> {
    let mut fds = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    Ok(poll(&mut fds, PollTimeout::ZERO)? > 0)
}
