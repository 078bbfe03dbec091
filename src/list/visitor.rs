//! A child of ours in a mount namespace that has no process: what is mounted there can be seen, and opened, by way of the
//! child's /proc directory.

use std::os::fd::OwnedFd;

use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, setns};
use nix::unistd::{pipe2, read};

use crate::sys::file::write_all;
use crate::sys::process::{Side, exit_now, fork, wait_for_end};

/// The child, which ends with this value.
pub struct Visitor {
    pid: i32,
    /// Its closing is the sign to end.
    leash: Option<OwnedFd>,
}

impl Visitor {
    /// Sends a child into a mount namespace; `None` if it may not go there, or cannot be had.
    pub fn send(namespace: OwnedFd) -> Option<Visitor> {
        let (wait_here, leash) = pipe2(OFlag::O_CLOEXEC).ok()?;
        let (arrival, arrived) = pipe2(OFlag::O_CLOEXEC).ok()?;
        match fork().ok()? {
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
                let visitor = Visitor {
                    pid: child,
                    leash: Some(leash),
                };
                matches!(read(&arrival, &mut [0]), Ok(1)).then_some(visitor)
            }
        }
    }

    /// Its PID.
    pub fn pid(&self) -> i32 {
        self.pid
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.leash = None;
        let _ = wait_for_end(self.pid);
    }
}
