//! Descriptors of processes, see pidfd_open(2).

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::statfs::FsType;

use super::file::{open_retrying, read_into};
use super::path_of::PathOf;
use super::signal::SignalNumber;
use super::{check, new_descriptor};
use crate::namespace::KindSet;
use crate::number::number;

/// A descriptor of process `pid`, close-on-exec. Errors: ESRCH if no such process exists, ENOSYS before Linux 5.3.
pub fn open(pid: i32) -> nix::Result<OwnedFd> {
    // SAFETY: plain numbers in, a new descriptor out.
    unsafe { new_descriptor(libc::syscall(libc::SYS_pidfd_open, pid, 0)) }
}

/// PIDFD_THREAD of pidfd_open(2), which is O_EXCL.
const PIDFD_THREAD: libc::c_int = libc::O_EXCL;

/// A descriptor of the thread `tid`, close-on-exec. Errors: as [`open`]; EINVAL before Linux 6.9.
pub fn open_thread(tid: i32) -> nix::Result<OwnedFd> {
    // SAFETY: plain numbers in, a new descriptor out.
    unsafe { new_descriptor(libc::syscall(libc::SYS_pidfd_open, tid, PIDFD_THREAD)) }
}

/// The fdinfo of a pidfd is shorter: six lines, one of them with a number for each of at most 32 PID namespaces.
const FDINFO: usize = 1024;

/// The PID of the process in /proc, by `Pid:` of its fdinfo (pidfd_open(2)). It takes no memory. Errors: ESRCH if it has
/// ended or is in no PID namespace that /proc shows; those of open(2) and read(2).
#[inline(never)]
pub fn pid_in_proc(process: impl AsFd) -> nix::Result<i32> {
    let path = PathOf::of(format_args!("/proc/self/fdinfo/{}", process.as_fd().as_raw_fd()));
    let mut text = [0; FDINFO];
    let text = read_into(open_retrying(path.as_c_str(), OFlag::O_RDONLY)?, &mut text)?;
    let mut lines = text.split(|byte| *byte == b'\n');
    let pid = lines.find_map(|line| line.strip_prefix(b"Pid:"));
    let pid = pid.and_then(number::<i32>).filter(|pid| *pid > 0);
    pid.ok_or(Errno::ESRCH)
}

/// A duplicate, close-on-exec, of descriptor `fd` of the process. Errors of pidfd_getfd(2): EBADF if it has no such
/// descriptor, EPERM without ptrace rights over it, ENOSYS before Linux 5.6.
pub fn get_fd(process: impl AsFd, fd: i32) -> nix::Result<OwnedFd> {
    let process = process.as_fd().as_raw_fd();
    // SAFETY: plain numbers in, a new descriptor out.
    unsafe { new_descriptor(libc::syscall(libc::SYS_pidfd_getfd, process, fd, 0)) }
}

/// Whether the process has ended (a zombie has). Errors of poll(2).
pub fn has_ended(process: impl AsFd) -> nix::Result<bool> {
    let mut fds = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    Ok(poll(&mut fds, PollTimeout::ZERO)? > 0)
}

/// Sends a signal to the process: pidfd_send_signal(2), Linux 5.1. Errors: ESRCH if it has ended.
pub fn send(process: impl AsFd, signal: SignalNumber) -> nix::Result<()> {
    let (process, nothing) = (process.as_fd().as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
    // SAFETY: plain numbers, and no siginfo.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process, signal.0, nothing, 0) }).map(drop)
}

/// PIDFS_MAGIC of <linux/magic.h>: since Linux 6.9, pidfds are files of pidfs. (C libraries differ in the integer type
/// of it.)
const PIDFS_MAGIC: FsType = FsType(0x5049_4446);

/// Whether its inode number tells this process from every other one since boot.
pub fn has_inode(process: impl AsFd) -> bool {
    nix::sys::statfs::fstatfs(process).is_ok_and(|statfs| statfs.filesystem_type() == PIDFS_MAGIC)
}

/// Enters namespaces of the process, all or none: setns(2) with a pidfd, Linux 5.8. Errors: EINVAL before that, EPERM.
pub fn enter(process: impl AsFd, kinds: KindSet) -> nix::Result<()> {
    nix::sched::setns(process, kinds.clone_flags())
}
