//! A child of ours that enters a mount namespace which has no process, or none that sees all of it. setns(2) makes the
//! root of the namespace the child's root directory, so that we see and open what is mounted there through the child's
//! /proc directory.
//!
//! Another thread of the calling process may hold a lock, such as the allocator's, during the fork: in the child,
//! nobody would ever release it. So the child makes only system calls (signal-safety(7)): it closes the other ends of
//! the pipes, enters, writes a byte, reads one, and ends by _exit(2), past all destructors and buffers. It allocates
//! nothing, and no call that it makes can panic.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, setns};
use nix::unistd::{pipe2, read};

use crate::sys::file::write_all;
use crate::sys::pidfd;
use crate::sys::process::{ForkResult, exit_now, fork, wait_for_end};

/// The child. It ends when this value is dropped.
pub struct MountNsProbe {
    /// Its PID here.
    child: i32,
    pid_in_proc: i32,
    /// The child ends when this is closed.
    leash: Option<OwnedFd>,
}

impl MountNsProbe {
    /// Sends a child into a mount namespace; `None` if it may not enter, or cannot be made.
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

    /// The PID by which /proc knows it, whichever proc is looked at.
    pub fn pid_in_proc(&self) -> i32 {
        self.pid_in_proc
    }
}

/// If /proc shows another PID namespace, the child has another number there.
fn pid_in_proc(child: i32) -> Option<i32> {
    match pidfd::open(child) {
        Ok(process) => pidfd::pid_in_proc(process).ok(),
        // Before Linux 5.3, nothing can tell.
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
