//! A child of ours in a mount namespace that has no process, or none that sees all of it: what is mounted there can be seen,
//! and opened, by way of the child's /proc directory, for setns(2) makes the root of the namespace its root directory.
//!
//! The process that makes it may have other threads, and one of those may hold a lock, of the allocator for one, that the
//! child's copy would wait for in vain. So the child does system calls alone, as signal-safety(7) wants it: it closes the
//! pipes' other ends, enters, writes a byte, reads one and ends by _exit(2), past all destructors and buffers. It allocates
//! nothing, and no call that it makes can panic.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, setns};
use nix::unistd::{pipe2, read};

use crate::sys::file::write_all;
use crate::sys::pidfd;
use crate::sys::process::{ForkResult, exit_now, fork, wait_for_end};

/// The child, which ends with this value.
pub struct MountNsProbe {
    /// Its PID here.
    child: i32,
    pid_in_proc: i32,
    /// Its closing is the sign to end.
    leash: Option<OwnedFd>,
}

impl MountNsProbe {
    /// Sends a child into a mount namespace; `None` if it may not go there, or cannot be had.
    pub fn send(namespace: OwnedFd) -> Option<MountNsProbe> {
        let (wait_here, leash) = pipe2(OFlag::O_CLOEXEC).ok()?;
        let (arrival, arrived) = pipe2(OFlag::O_CLOEXEC).ok()?;
        match fork().ok()? {
            ForkResult::Child => {
                drop((leash, arrival));
                let entered = setns(namespace, CloneFlags::CLONE_NEWNS);
                if entered.and_then(|()| write_all(arrived, b"!")).is_ok() {
                    let _ = read(&wait_here, &mut [0]);
                }
                exit_now(0)
            }
            ForkResult::Parent { child } => {
                drop((wait_here, arrived));
                let mut probe = MountNsProbe { child, pid_in_proc: child, leash: Some(leash) };
                if !matches!(read(&arrival, &mut [0]), Ok(1)) {
                    return None;
                }
                probe.pid_in_proc = pid_in_proc(child)?;
                Some(probe)
            }
        }
    }

    /// The PID by which /proc knows it.
    pub fn pid_in_proc(&self) -> i32 {
        self.pid_in_proc
    }
}

/// A /proc may be that of another PID namespace than ours, where the number is another process's.
fn pid_in_proc(child: i32) -> Option<i32> {
    match pidfd::open(child) {
        Ok(process) => pidfd::pid_in_proc(process).ok(),
        // Before Linux 5.3 there is nobody to ask.
        Err(Errno::ENOSYS) => Some(child),
        Err(_) => None,
    }
}

impl Drop for MountNsProbe {
    fn drop(&mut self) {
        self.leash = None;
        let _ = wait_for_end(self.child);
    }
}
