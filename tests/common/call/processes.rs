//! Processes that a command has started, and the table that they stand in.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::PathBuf;

use super::poll_until;

/// A process that a command has started.
pub struct Descendant {
    /// Its PID.
    pub pid: i32,
    pub(super) pidfd: OwnedFd,
}

impl Descendant {
    /// The process with this PID; `None` if there is none.
    pub fn of(pid: i32) -> Option<Descendant> {
        pidfd(pid).map(|pidfd| Descendant { pid, pidfd })
    }

    /// The letter of its state in /proc/PID/stat.
    pub fn state(&self) -> char {
        state(self.pid)
    }

    /// The PIDs of its children; none if it has ended.
    pub fn children(&self) -> Vec<i32> {
        let text = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid)).unwrap_or_default();
        text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        has_ended(&self.pidfd)
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(&self) {
        poll_until("the end of a child", || self.has_ended());
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        // SAFETY: plain numbers, a descriptor of ours, and no siginfo.
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.pidfd.as_raw_fd(),
                signal,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        assert_eq!(result, 0);
    }

    /// A file of its /proc directory.
    pub fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    /// The namespace that this name in its /proc/PID/ns stands for.
    pub fn namespace(&self, name: &str) -> String {
        std::fs::read_link(self.proc(&format!("ns/{name}"))).unwrap().display().to_string()
    }
}

/// A descriptor of a process; `None` if there is none.
pub(super) fn pidfd(pid: i32) -> Option<OwnedFd> {
    // SAFETY: plain numbers in, a new descriptor out, which belongs to nobody else.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, pid, 0);
        (fd >= 0).then(|| OwnedFd::from_raw_fd(fd as RawFd))
    }
}

/// Whether the process has ended (it may not have been reaped).
pub(super) fn has_ended(pidfd: &OwnedFd) -> bool {
    let mut poll = libc::pollfd { fd: pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one structure, as said.
    unsafe { libc::poll(&mut poll, 1, 0) == 1 }
}

/// A row of the process table.
pub(super) struct Listed {
    pub(super) pid: i32,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) lives: bool,
}

/// The processes that there are, by PID.
pub(super) fn processes() -> Vec<Listed> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may be gone by now.
        let Ok(stat) = std::fs::read(entry.path().join("stat")) else {
            continue;
        };
        let stat = String::from_utf8_lossy(&stat).into_owned();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        if let [state, parent, group, ..] = fields[..] {
            found.push(Listed {
                pid,
                parent: parent.parse().unwrap(),
                group: group.parse().unwrap(),
                lives: !matches!(state, "Z" | "X"),
            });
        }
    }
    found.sort_by_key(|process| process.pid);
    found
}

pub(super) fn state(pid: i32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(") ").next().unwrap().chars().next().unwrap()
}
