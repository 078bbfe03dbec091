//! Entering namespaces.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::setns;

use super::material::TargetFiles;
use super::state::Run;
use crate::enter::fault::{Fault, Part};
use crate::enter::setting::Join;
use crate::namespace::{Kind, KindSet};
use crate::sys::file::open_retrying;
use crate::sys::pidfd;

impl Run {
    /// The first pass: all but the user namespace, refusals ignored. This is right where we give up rights by entering
    /// the user namespace: the others must be entered while we still may.
    pub fn join_tolerant(&mut self, join: &Join, target: &TargetFiles) -> Result<(), Fault> {
        let (of_target, of_files) = (join.of_target, join.kinds_of_files());
        self.joining.by_pidfd = of_target;
        self.joining.by_file = of_files;
        let before_user = of_target.without(Kind::User).union(of_files);
        if of_target.contains(Kind::User) && !before_user.is_empty() {
            self.joining.user = Some(self.open_of_target(Kind::User, target).and_then(|user| {
                self.check_target_lives()?;
                Ok(user)
            }));
        }
        self.join_by_pidfd(of_target.without(Kind::User));
        // Where the user namespace may give the right to enter all at once, that is tried next. Else the target's
        // files are opened while its /proc directory can still be reached.
        let all_at_once = self.joining.by_pidfd.contains(Kind::User) && of_files.is_empty();
        if !self.joining.by_pidfd.without(Kind::User).is_empty() && !all_at_once {
            self.take_files_of_target(target)?;
        }
        self.join_files_that_we_may(join);
        Ok(())
    }

    /// The second pass: what is left, user namespace first. This is right where that one gives us the rights to enter
    /// the others. Errors of setns(2): EPERM, EINVAL (the user namespace that we are in).
    pub fn join_strict(&mut self, join: &Join, target: &TargetFiles) -> Result<(), Fault> {
        self.join_by_pidfd(self.joining.by_pidfd);
        self.join_but_for_our_own(join);
        if !self.joining.by_pidfd.is_empty() {
            // One at a time, to know which one is refused. Both passes are made: setns(2) with a pidfd enters all or none.
            self.take_files_of_target(target)?;
            self.join_files_that_we_may(join);
        }
        // The error names the first kind that is refused, even an optional one.
        let mut left = None;
        for kind in Kind::IN_ORDER_OF_ENTERING.into_iter().filter(|kind| self.joining.by_file.contains(*kind)) {
            let is_left = |errno| errno == Errno::EPERM && join.if_permitted.contains(kind);
            self.for_each_file(join, kind, |file| match setns(file, flags(kind)) {
                Err(errno) if is_left(errno) => {
                    left.get_or_insert(Fault::Part(Part::Namespace(kind), errno));
                    Ok(())
                }
                entered => entered.map_err(|errno| left.unwrap_or(Fault::Part(Part::Namespace(kind), errno))),
            })?;
        }
        self.joining.by_file = KindSet::EMPTY;
        Ok(())
    }

    /// The target's namespaces without those that are our own as well, and then these one by one: the kernel refuses all of
    /// them for one. Whatever it refuses for another reason than our rights is left, to be named.
    fn join_but_for_our_own(&mut self, join: &Join) {
        let own = self.joining.by_pidfd.intersection(join.if_permitted);
        if own.is_empty() {
            return;
        }
        self.join_by_pidfd(self.joining.by_pidfd.difference(own));
        if self.joining.by_pidfd != own {
            return;
        }
        for kind in own.iter() {
            let target = self.handles.target.as_ref().and_then(|target| target.pidfd());
            let entered = target.map(|pidfd| pidfd::enter(pidfd, KindSet::EMPTY.with(kind)));
            if matches!(entered, Some(Ok(()) | Err(Errno::EPERM))) {
                self.joining.by_pidfd = self.joining.by_pidfd.without(kind);
            }
        }
    }

    /// The first pass over files.
    fn join_files_that_we_may(&mut self, join: &Join) {
        for (kind, handle) in &join.files {
            let file = self.handles.get(handle);
            if self.may_join(*kind) && file.and_then(|file| setns(file, flags(*kind))).is_ok() {
                self.joining.by_file = self.joining.by_file.without(*kind);
            }
        }
        for kind in Kind::ALL {
            let file = self.joining.of_target[kind as usize].as_ref();
            if self.may_join(kind) && file.is_some_and(|file| setns(file, flags(kind)).is_ok()) {
                self.joining.by_file = self.joining.by_file.without(kind);
            }
        }
    }

    fn may_join(&self, kind: Kind) -> bool {
        kind != Kind::User && self.joining.by_file.contains(kind)
    }

    /// The files of a kind: those that are given, then that of the target.
    fn for_each_file(
        &self,
        join: &Join,
        kind: Kind,
        mut visit: impl FnMut(&OwnedFd) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for (_, handle) in join.files.iter().filter(|(given, _)| *given == kind) {
            visit(self.handles.get(handle).map_err(Part::Namespace(kind).fault())?)?;
        }
        self.joining.of_target[kind as usize].as_ref().map_or(Ok(()), visit)
    }

    /// All of `kinds` in one call, or none: setns(2) takes a pidfd since Linux 5.8.
    fn join_by_pidfd(&mut self, kinds: KindSet) {
        let pidfd = self.handles.target.as_ref().and_then(|target| target.pidfd());
        if let Some(pidfd) = pidfd
            && !kinds.is_empty()
            && pidfd::enter(pidfd, kinds).is_ok()
        {
            self.joining.by_pidfd = self.joining.by_pidfd.difference(kinds);
        }
    }

    /// Turns from the target's pidfd to its files in /proc, for the kinds that we have not entered yet.
    fn take_files_of_target(&mut self, target: &TargetFiles) -> Result<(), Fault> {
        let mut kinds = self.joining.by_pidfd;
        if kinds.contains(Kind::User)
            && let Some(user) = self.joining.user.take()
        {
            self.joining.of_target[Kind::User as usize] = Some(user?);
            kinds = kinds.without(Kind::User);
        }
        if !kinds.is_empty() {
            // The first that is refused is the one that is named.
            for kind in Kind::IN_ORDER_OF_ENTERING.into_iter().filter(|kind| kinds.contains(*kind)) {
                self.joining.of_target[kind as usize] = Some(self.open_of_target(kind, target)?);
            }
            self.check_target_lives()?;
        }
        self.joining.by_file = self.joining.by_file.union(self.joining.by_pidfd);
        self.joining.by_pidfd = KindSet::EMPTY;
        Ok(())
    }

    fn open_of_target(&self, kind: Kind, target: &TargetFiles) -> Result<OwnedFd, Fault> {
        let file = target.file(&self.handles, kind).map_err(Part::Target.fault())?;
        open_retrying(file.as_c_str(), OFlag::O_RDONLY).map_err(Part::TargetFile(kind).fault())
    }

    fn check_target_lives(&self) -> Result<(), Fault> {
        let target = self.handles.target.as_ref();
        target.map_or(Ok(()), |target| target.alive()).map_err(Part::Target.fault())
    }
}

fn flags(kind: Kind) -> nix::sched::CloneFlags {
    KindSet::EMPTY.with(kind).clone_flags()
}
