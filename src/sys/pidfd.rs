//! Descriptors of processes, see pidfd_open(2).

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::statfs::FsType;

use super::check;
use crate::namespace::KindSet;

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

/// PIDFS_MAGIC of <linux/magic.h>: since Linux 6.9 pidfds are files of a file system of their own.
const PIDFS_MAGIC: i64 = 0x5049_4446;

/// Whether its inode number tells this process from every other one since boot.
pub fn has_inode(process: impl AsFd) -> bool {
    nix::sys::statfs::fstatfs(process)
        .is_ok_and(|statfs| statfs.filesystem_type() == FsType(PIDFS_MAGIC))
}

/// Enters namespaces of the process, all or none: setns(2) with a pidfd, Linux 5.8. Errors: EINVAL before that, EPERM.
pub fn enter(process: impl AsFd, kinds: KindSet) -> nix::Result<()> {
    nix::sched::setns(process, kinds.clone_flags())
}
