//! Asks a question inside, before we enter anything: only inside can we see which root directory setns(2) gives, and
//! what ids look like.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::setns;
use nix::unistd::{pipe2, read};

use super::NsenterRequest;
use super::opened::Opened;
use crate::enter::setting::TargetId;
use crate::enter::target::PinnedTarget;
use crate::error::{Attempt, Failure, RequestError, ResultExt};
use crate::ids::map::IdKind;
use crate::namespace::{Kind, KindSet};
use crate::number::number;
use crate::sys::file::{read_bounded, write_all};
use crate::sys::process::{ForkResult, exit_now, fork, set_dumpable, wait_for_end};
use crate::sys::signal::{SignalNumber, is_pending, take_pending};
use crate::sys::stat::fstat;

/// The id that the kernel shows for every unmapped one, see user_namespaces(7).
pub fn overflow_id(kind: IdKind) -> Option<u32> {
    let name = match kind {
        IdKind::User => "overflowuid",
        IdKind::Group => "overflowgid",
    };
    let text = read_bounded(&PathBuf::from("/proc/sys/kernel").join(name), 16).ok()?;
    number(text.trim_ascii_end())
}

/// Whether the id may be none: two that both look like this one need not be the same.
pub fn may_be_unmapped(id: u32, overflow: Option<u32>) -> bool {
    overflow.is_none_or(|overflow| id == overflow)
}

/// Those of the namespaces to enter that decide which files and ids a process inside sees.
pub struct Entered {
    user: Option<OwnedFd>,
    mount: Option<OwnedFd>,
}

impl Entered {
    /// Opens those that will be entered. Errors: of open(2); the target has ended.
    pub fn open(target: &PinnedTarget, opened: &Opened, of_target: KindSet) -> Result<Entered, Failure> {
        let open = |kind| open_entered(kind, target, opened, of_target);
        Ok(Entered { user: open(Kind::User)?, mount: open(Kind::Mount)? })
    }

    /// Asks in a child of ours that enters them as we shall. `None` if it cannot enter, or cannot be made.
    ///
    /// The child makes system calls only, and so must `question`.
    pub fn ask_inside(self, question: impl FnOnce() -> bool) -> Option<bool> {
        let (answers, answer) = pipe2(OFlag::O_CLOEXEC).ok()?;
        let was_pending = is_pending(SignalNumber::CHLD);
        match fork().ok()? {
            ForkResult::Child => {
                drop(answers);
                // Processes inside may see us, and must not get at what we hold.
                if set_dumpable(false).is_ok() && self.enter().is_ok() {
                    let _ = write_all(answer, if question() { b"y" } else { b"n" });
                }
                exit_now(0)
            }
            ForkResult::Parent { child } => {
                drop(answer);
                let mut said = [0];
                let length = loop {
                    match read(&answers, &mut said) {
                        Err(Errno::EINTR) => {}
                        length => break length,
                    }
                };
                // If our caller ignores SIGCHLD, the kernel has already reaped the child. If it blocks SIGCHLD, the
                // signal would reach the program.
                let _ = wait_for_end(child);
                if !was_pending {
                    take_pending(SignalNumber::CHLD);
                }
                (length == Ok(1)).then_some(said == *b"y")
            }
        }
    }

    /// In the order of `enter/run/join.rs`: the user namespace last where we have the right to the other.
    fn enter(&self) -> nix::Result<()> {
        let set = |namespace: &Option<OwnedFd>, kind: Kind| match namespace {
            Some(namespace) => setns(namespace.as_fd(), KindSet::EMPTY.with(kind).clone_flags()),
            None => Ok(()),
        };
        let entered = set(&self.mount, Kind::Mount);
        set(&self.user, Kind::User)?;
        entered.or_else(|_| set(&self.mount, Kind::Mount))
    }
}

fn open_entered(
    kind: Kind,
    target: &PinnedTarget,
    opened: &Opened,
    of_target: KindSet,
) -> Result<Option<OwnedFd>, Failure> {
    let kinds = KindSet::EMPTY.with(kind);
    if let Some(file) = opened.namespace(kind) {
        // No descriptor is left.
        let errno = |error: std::io::Error| error.raw_os_error().map_or(Errno::EMFILE, Errno::from_raw);
        return file.try_clone().map(Some).map_err(errno).attempt(|| Attempt::Enter(kinds));
    }
    if !of_target.contains(kind) {
        return Ok(None);
    }
    Ok(target.open_namespaces(kinds)?.pop().map(|(_, file)| file))
}

/// The target's ids that the program gets must be mapped in the user namespace that we enter. If that is not the
/// target's, no file of /proc shows its maps.
pub fn check_is_mapped_elsewhere(
    request: &NsenterRequest,
    target: &PinnedTarget,
    process: &OwnedFd,
    opened: &Opened,
) -> Result<(), Failure> {
    let pid = target.pid();
    let owner = fstat(process).attempt(|| Attempt::AskIds(pid))?;
    for (followed, id, kind) in [(request.uid, owner.st_uid, IdKind::User), (request.gid, owner.st_gid, IdKind::Group)]
    {
        if followed != Some(TargetId::Followed) {
            continue;
        }
        let overflow = overflow_id(kind);
        let is_mapped = || {
            let inside = fstat(process).map(|owner| match kind {
                IdKind::User => owner.st_uid,
                IdKind::Group => owner.st_gid,
            });
            inside.is_ok_and(|id| !may_be_unmapped(id, overflow))
        };
        // If we cannot enter, the plan fails there later.
        if Entered::open(target, opened, request.join.of_target)?.ask_inside(is_mapped) == Some(false) {
            return Err(RequestError::TargetNotMapped { pid, id, kind }.into());
        }
    }
    Ok(())
}
