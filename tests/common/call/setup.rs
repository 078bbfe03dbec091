//! What a new process does between fork and exec.

use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use super::super::scene::User;

/// What the new process does to itself before it becomes the program.
#[derive(Default)]
pub(super) struct Setup {
    /// In this order.
    pub(super) namespaces: Vec<RawFd>,
    /// Whether there is no other user than root in them.
    pub(super) only_root: bool,
    pub(super) directory: Option<CString>,
    pub(super) user: Option<User>,
    pub(super) groups: Vec<u32>,
    pub(super) given: Vec<(OwnedFd, RawFd)>,
    pub(super) closed: Vec<RawFd>,
    pub(super) ignored: Vec<i32>,
    pub(super) blocked: Vec<i32>,
    pub(super) umask: Option<u32>,
    pub(super) terminal: bool,
    pub(super) core_limit: Option<u64>,
    pub(super) processor: Option<usize>,
}

impl Setup {
    pub(super) fn carry_out(&self) -> std::io::Result<()> {
        self.processor.map_or(Ok(()), pin)?;
        // SAFETY: system calls on numbers and on strings and arrays that live on; an all-zero sigaction or sigset_t is
        // a valid one.
        unsafe {
            for fd in &self.namespaces {
                check(libc::setns(*fd, 0))?;
            }
            if let Some(directory) = &self.directory {
                check(libc::chdir(directory.as_ptr()))?;
            }
            if self.terminal {
                check(libc::setsid())?;
                check(libc::ioctl(0, libc::TIOCSCTTY, 0))?;
            } else {
                check(libc::setpgid(0, 0))?;
            }
            for (file, fd) in &self.given {
                check(libc::dup2(file.as_raw_fd(), *fd))?;
            }
            // Ignored where the tests run in the background of a script, or under nohup(1).
            for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT] {
                let action: libc::sigaction = std::mem::zeroed();
                check(libc::sigaction(signal, &action, std::ptr::null_mut()))?;
            }
            for signal in &self.ignored {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = libc::SIG_IGN;
                check(libc::sigaction(*signal, &action, std::ptr::null_mut()))?;
            }
            let mut blocked: libc::sigset_t = std::mem::zeroed();
            for signal in &self.blocked {
                libc::sigaddset(&mut blocked, *signal);
            }
            check(libc::sigprocmask(libc::SIG_SETMASK, &blocked, std::ptr::null_mut()))?;
            if let Some(limit) = self.core_limit {
                let limit = libc::rlimit { rlim_cur: limit as libc::rlim_t, rlim_max: limit as libc::rlim_t };
                check(libc::setrlimit(libc::RLIMIT_CORE, &limit))?;
            }
            if let Some(umask) = self.umask {
                libc::umask(umask);
            }
            if let Some(User { uid, gid, .. }) = self.user.filter(|_| !self.only_root) {
                check(libc::setgroups(self.groups.len(), self.groups.as_ptr()))?;
                check(libc::setresgid(gid, gid, gid))?;
                check(libc::setresuid(uid, uid, uid))?;
            } else if !self.groups.is_empty() {
                check(libc::setgroups(self.groups.len(), self.groups.as_ptr()))?;
            }
            for fd in &self.closed {
                libc::close(*fd);
            }
        }
        Ok(())
    }
}

/// The first processor that this process may run on.
pub fn first_processor() -> usize {
    // SAFETY: a set that may be all zero and is only written to, of the size given.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        assert_eq!(libc::sched_getaffinity(0, size_of_val(&set), &mut set), 0);
        (0..libc::CPU_SETSIZE as usize).find(|processor| libc::CPU_ISSET(*processor, &set)).unwrap()
    }
}

/// Stays on this processor.
pub fn pin(processor: usize) -> std::io::Result<()> {
    // SAFETY: a set that may be all zero, of the size given.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processor, &mut set);
        check(libc::sched_setaffinity(0, size_of_val(&set), &set))
    }
}

/// Turns the -1 of a C function into the error it left.
pub fn check(result: libc::c_int) -> std::io::Result<()> {
    if result == -1 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}
