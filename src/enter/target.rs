//! The process that nsenter enters, pinned by a pidfd: we never read from another process, even if this one ends and
//! the kernel gives its PID to another.

use std::cell::OnceCell;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::error::{Attempt, Failure, OfTarget, RequestError, ResultExt};
use crate::namespace::{Kind, KindSet};
use crate::sys::file::{open_retrying, read_fd_bounded};
use crate::sys::pidfd;
use crate::sys::stat::fstat;

/// The process that `--target` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetArgument {
    /// Its PID, above 0.
    pub pid: i32,
    /// The inode number of its pidfd.
    pub inode: Option<u64>,
}

/// A process.
#[derive(Debug)]
pub struct PinnedTarget {
    pid: i32,
    /// What we ask of it first: the message names this if the process does not exist.
    first_wanted: OfTarget,
    /// `None` before Linux 5.3, where a process cannot be pinned.
    pidfd: Option<OwnedFd>,
    /// Its PID in /proc, once we have asked.
    shown_as: OnceCell<i32>,
    /// Its directory in /proc.
    directory: Option<OwnedFd>,
}

impl PinnedTarget {
    /// Pins the process. Errors: ESRCH if no such process exists, or its pidfd has another inode number.
    pub fn pin(argument: TargetArgument, first_wanted: OfTarget) -> Result<PinnedTarget, Failure> {
        let TargetArgument { pid, inode } = argument;
        let attempt = || Attempt::FindProcess { pid, first: first_wanted };
        let pidfd = match pidfd::open(pid) {
            Ok(pidfd) => Some(pidfd),
            Err(errno @ (Errno::ESRCH | Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM)) => {
                return Err(Failure::System { attempt: attempt(), errno });
            }
            // The kernel has no pidfds, a seccomp filter rejects them, or this is a thread, not a process: use /proc.
            Err(_) => pidfd::open_thread(pid).ok(),
        };
        if let Some(wanted) = inode {
            let found = match &pidfd {
                Some(pidfd) if pidfd::has_inode(pidfd) => fstat(pidfd).attempt(attempt)?.st_ino,
                _ => return Err(RequestError::NoPidfdInodes(pid).into()),
            };
            if found != wanted {
                return Err(RequestError::AnotherProcess { pid, wanted, found }.into());
            }
        }
        Ok(PinnedTarget { pid, first_wanted, pidfd, shown_as: OnceCell::new(), directory: None })
    }

    /// Its PID, in our PID namespace.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// What is asked of it first.
    pub fn first_wanted(&self) -> OfTarget {
        self.first_wanted
    }

    fn attempt_to_find(&self) -> Attempt {
        Attempt::FindProcess { pid: self.pid, first: self.first_wanted }
    }

    /// Its pidfd, if the kernel has such.
    pub fn pidfd(&self) -> Option<&OwnedFd> {
        self.pidfd.as_ref()
    }

    /// The path of a file of it in /proc. If /proc shows another PID namespace than ours, the process has another PID
    /// there, or none. Errors: it has none.
    pub fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        let pid = self.pid_in_proc().attempt(|| self.attempt_to_find())?;
        Ok(PathBuf::from(format!("/proc/{pid}/{name}")))
    }

    /// Its PID in /proc. Errors: ESRCH if it has ended, or /proc does not show it; those of reading fdinfo.
    pub fn pid_in_proc(&self) -> nix::Result<i32> {
        match (self.shown_as.get(), &self.pidfd) {
            (Some(pid), _) => Ok(*pid),
            (None, None) => Ok(self.pid),
            (None, Some(pidfd)) => {
                let pid = pidfd::pid_in_proc(pidfd)?;
                Ok(*self.shown_as.get_or_init(|| pid))
            }
        }
    }

    /// Closes what is open of it.
    pub fn let_go(&mut self) {
        (self.pidfd, self.directory) = (None, None);
    }

    /// Keeps its directory in /proc open. The owner of that is the process's user, whom we need later.
    pub fn keep_directory(&mut self, directory: OwnedFd) {
        self.directory = Some(directory);
    }

    /// Its directory in /proc, if that is kept.
    pub fn directory(&self) -> Option<&OwnedFd> {
        self.directory.as_ref()
    }

    /// Fails if the process has ended: ESRCH; those of poll(2).
    pub fn alive(&self) -> nix::Result<()> {
        match &self.pidfd {
            Some(pidfd) if pidfd::has_ended(pidfd)? => Err(Errno::ESRCH),
            _ => Ok(()),
        }
    }

    /// Fails if the process has ended. Files opened through its PID before surely belong to it only if it is still
    /// alive.
    pub fn check_alive(&self) -> Result<(), Failure> {
        self.alive().attempt(|| self.attempt_to_find())
    }

    /// Opens a file of it in /proc. Errors: those of open(2); EACCES without ptrace rights over it, see ptrace(2).
    pub fn open(&self, name: &str, flags: OFlag) -> Result<OwnedFd, Failure> {
        let path = self.path(name)?;
        open_retrying(&path, flags).attempt(|| Attempt::Open(path))
    }

    /// Opens its `root` or `cwd`, and returns the path as well. Errors as [`PinnedTarget::open`]. If we may not look into it,
    /// or its first thread has exited, the error names what we ask of it first.
    pub fn open_directory(&self, name: &str) -> Result<(PathBuf, OwnedFd), Failure> {
        let path = self.path(name)?;
        match open_retrying(&path, OFlag::O_PATH | OFlag::O_DIRECTORY) {
            Ok(fd) => Ok((path, fd)),
            Err(errno @ (Errno::EACCES | Errno::ENOENT)) if self.first_wanted != OfTarget::Process => {
                Err(Failure::System { attempt: self.attempt_to_find(), errno })
            }
            Err(errno) => Err(Failure::System { attempt: Attempt::Open(path), errno }),
        }
    }

    /// Reads at most `limit` bytes of a file of it in /proc. Errors as [`PinnedTarget::open`], and those of read(2).
    pub fn read(&self, name: &str, limit: usize) -> Result<Vec<u8>, Failure> {
        let file = self.open(name, OFlag::O_RDONLY)?;
        let path = self.path(name)?;
        read_fd_bounded(file, limit).attempt(|| Attempt::Read(path))
    }

    /// Opens the namespaces of these kinds that it is in.
    pub fn open_namespaces(&self, kinds: KindSet) -> Result<Vec<(Kind, OwnedFd)>, Failure> {
        let open = |kind: Kind| Ok((kind, self.open(&format!("ns/{kind}"), OFlag::O_RDONLY)?));
        let files: Result<Vec<_>, Failure> = kinds.iter().map(open).collect();
        let files = files?;
        self.check_alive()?;
        Ok(files)
    }

    /// The network namespace of one of its sockets. Errors: EBADF if it has no such descriptor, ENOTTY if that is not a
    /// socket.
    pub fn network_of_socket(&self, fd: i32) -> Result<OwnedFd, Failure> {
        let pidfd = self.pidfd.as_ref().ok_or(Errno::ENOSYS).attempt(|| Attempt::OpenPidfd(self.pid))?;
        let attempt = || Attempt::OpenSocketNamespace { pid: self.pid, fd, pidfd: pidfd.as_raw_fd() };
        let socket = pidfd::get_fd(pidfd.as_fd(), fd).attempt(attempt)?;
        let number = socket.as_raw_fd();
        crate::sys::nsfs::of_socket(socket).attempt(|| Attempt::AskSocket(number))
    }
}
