//! Going through what nsenter has opened: namespaces, directories, cgroups.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::sched::setns;
use nix::sys::stat::fstat;

use super::target::Target;
use crate::error::{Attempt, During, Failure, RequestError};
use crate::namespace::{Kind, KindSet};
use crate::sys::pidfd;

/// A directory that is open.
#[derive(Debug)]
pub struct Directory {
    /// By which path, for messages.
    pub path: PathBuf,
    /// The descriptor, good for fchdir(2) only.
    pub fd: OwnedFd,
}

/// What has been opened outside, before anything is entered.
#[derive(Debug, Default)]
pub struct Opened {
    /// The target.
    pub target: Option<Target>,
    /// Namespaces that were given by file, id or socket.
    pub namespaces: Vec<(Kind, OwnedFd)>,
    /// The new root directory.
    pub root: Option<Directory>,
    /// The new working directory.
    pub working_directory: Option<Directory>,
    /// The target's directory in /proc, whose owner is that of the process.
    pub process: Option<OwnedFd>,
    /// The cgroup.procs files of the cgroups to join.
    pub cgroups: Vec<(PathBuf, OwnedFd)>,
}

/// The way in.
#[derive(Debug, Default)]
pub struct Entrance {
    /// What has been opened.
    pub opened: Opened,
    /// The kinds that are still to be entered by the target's pidfd.
    by_pidfd: KindSet,
    /// The kinds that are still to be entered by a file.
    by_file: KindSet,
    /// The target's user namespace, or why it could not be opened, while its /proc directory was the one outside: should
    /// the pidfd not do. Inside, another one may stand there.
    user: Option<Result<Vec<(Kind, OwnedFd)>, Failure>>,
}

impl Entrance {
    /// Over what has been opened.
    pub fn new(opened: Opened) -> Entrance {
        Entrance { opened, ..Entrance::default() }
    }

    /// The first pass: all but the user namespace, refusals ignored. This is right where we give up rights by entering
    /// the user namespace: the others must be entered while we still may.
    pub fn enter_what_we_may(&mut self, of_target: KindSet, of_files: KindSet) -> Result<(), Failure> {
        self.by_pidfd = of_target;
        self.by_file = of_files;
        let before_user = of_target.without(Kind::User).union(of_files);
        if of_target.contains(Kind::User) && !before_user.is_empty() {
            let user = KindSet::EMPTY.with(Kind::User);
            let target = self.opened.target.as_ref();
            self.user = target.map(|target| target.open_namespaces(user));
        }
        self.enter_by_pidfd(of_target.without(Kind::User));
        // Where the user namespace may give the right to enter all at once, that is tried next. Else the target's
        // files are opened while its /proc directory can still be reached.
        let all_at_once = self.by_pidfd.contains(Kind::User) && of_files.is_empty();
        if !self.by_pidfd.without(Kind::User).is_empty() && !all_at_once {
            self.take_files_of_target()?;
        }
        self.enter_files_that_we_may();
        Ok(())
    }

    /// The second pass: what is left, user namespace first. This is right where that one gives us the rights to enter
    /// the others. Errors of setns(2): EPERM, EINVAL (the user namespace that we are in).
    pub fn enter_the_rest(&mut self) -> Result<(), Failure> {
        self.enter_by_pidfd(self.by_pidfd);
        if !self.by_pidfd.is_empty() {
            // One at a time, to know which it is that is refused; and both passes, since but for the user namespace, which
            // is open already, nothing of the target's is left or all of it is.
            self.take_files_of_target()?;
            self.enter_files_that_we_may();
        }
        let mut left: Vec<_> = self.opened.namespaces.iter().filter(|(kind, _)| self.by_file.contains(*kind)).collect();
        left.sort_by_key(|(kind, _)| (*kind != Kind::User, *kind));
        for (kind, file) in left {
            setns(file, flags(*kind)).during(|| Attempt::Enter(KindSet::EMPTY.with(*kind)))?;
        }
        self.by_file = KindSet::EMPTY;
        Ok(())
    }

    /// The first pass over files.
    fn enter_files_that_we_may(&mut self) {
        for (kind, file) in &self.opened.namespaces {
            if *kind != Kind::User && self.by_file.contains(*kind) && setns(file, flags(*kind)).is_ok() {
                self.by_file = self.by_file.without(*kind);
            }
        }
    }

    /// All of `kinds` in one call, or none: setns(2) takes a pidfd since Linux 5.8.
    fn enter_by_pidfd(&mut self, kinds: KindSet) {
        let pidfd = self.opened.target.as_ref().and_then(Target::pidfd);
        if let Some(pidfd) = pidfd
            && !kinds.is_empty()
            && pidfd::enter(pidfd, kinds).is_ok()
        {
            self.by_pidfd = self.by_pidfd.difference(kinds);
        }
    }

    /// What could not be entered by the target's pidfd is to be entered by its files in /proc.
    fn take_files_of_target(&mut self) -> Result<(), Failure> {
        let mut kinds = self.by_pidfd;
        if kinds.contains(Kind::User)
            && let Some(user) = self.user.take()
        {
            self.opened.namespaces.extend(user?);
            kinds = kinds.without(Kind::User);
        }
        if let Some(target) = self.opened.target.as_ref().filter(|_| !kinds.is_empty()) {
            self.opened.namespaces.extend(target.open_namespaces(kinds)?);
        }
        self.by_file = self.by_file.union(self.by_pidfd);
        self.by_pidfd = KindSet::EMPTY;
        Ok(())
    }

    /// UID and GID of the target, as they are called in the user namespace that we are in. Errors: ESRCH if it has ended.
    pub fn ids_of_target(&self) -> Result<(u32, u32), Failure> {
        let Opened { target: Some(target), process: Some(process), .. } = &self.opened else {
            return Err(RequestError::NeedsTarget("to follow its user or group".to_string()).into());
        };
        let owner = fstat(process).during(|| Attempt::AskIds(target.pid()))?;
        // The directory of a process that has ended belongs to root.
        target.check_alive()?;
        Ok((owner.st_uid, owner.st_gid))
    }
}

fn flags(kind: Kind) -> nix::sched::CloneFlags {
    KindSet::EMPTY.with(kind).clone_flags()
}
