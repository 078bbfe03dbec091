//! A child of ours in a mount namespace that has no process: what is mounted there can be seen, and opened, by way of the
//! child's /proc directory.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, setns};
use nix::unistd::{pipe2, read};

use crate::sys::file::write_all;
use crate::sys::pidfd;
use crate::sys::process::{Side, exit_now, fork, wait_for_end};

/// The child, which ends with this value.
pub struct Visitor {
    /// Its PID here.
    child: i32,
    pid_in_proc: i32,
    /// Its closing is the sign to end.
    leash: Option<OwnedFd>,
}

impl Visitor {
    /// Sends a child into a mount namespace; `None` if it may not go there, or cannot be had.
    pub fn send(namespace: OwnedFd) -> Option<Visitor> {
        let (wait_here, leash) = pipe2(OFlag::O_CLOEXEC).ok()?;
        let (arrival, arrived) = pipe2(OFlag::O_CLOEXEC).ok()?;
        match fork().ok()? {
            // Of one thread or many, it does what signal-safety(7) allows: system calls, on what its parent has made.
            Side::Child => {
                drop((leash, arrival));
                let entered = setns(namespace, CloneFlags::CLONE_NEWNS);
                if entered.and_then(|()| write_all(arrived, b"!")).is_ok() {
                    let _ = read(&wait_here, &mut [0]);
                }
                exit_now(0)
            }
            Side::Parent { child } => {
                drop((wait_here, arrived));
                let mut visitor = Visitor {
                    child,
                    pid_in_proc: child,
                    leash: Some(leash),
                };
                if !matches!(read(&arrival, &mut [0]), Ok(1)) {
                    return None;
                }
                visitor.pid_in_proc = pid_in_proc(child)?;
                Some(visitor)
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

impl Drop for Visitor {
    fn drop(&mut self) {
        self.leash = None;
        let _ = wait_for_end(self.child);
    }
}
