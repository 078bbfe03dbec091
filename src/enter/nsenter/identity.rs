//! Whether a namespace is our own, the target's or another one, by device and inode number.

use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::opened::Opened;
use crate::enter::target::PinnedTarget;
use crate::error::{Attempt, Failure, ResultExt};
use crate::namespace::{Kind, KindSet};
use crate::sys::stat::{FileStat, fstat, lstat, stat};

/// What --all means for a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WantedOfAll {
    /// The namespace is entered.
    Yes,
    /// It is our own: if the kernel does not let us enter it again, we are in it nevertheless.
    IfPermitted,
    /// The kernel lacks the kind, or it is our own user namespace, which setns(2) refuses.
    No,
}

/// What --all means for this kind.
pub(super) fn wanted_of_all(target: &PinnedTarget, kind: Kind, user_parent: bool) -> Result<WantedOfAll, Failure> {
    let own = format!("/proc/self/ns/{kind}");
    if lstat(Path::new(&own)) == Err(Errno::ENOENT) {
        // Without a /proc, every file is missing. That says nothing about the kernel, and we would enter nothing.
        let directory = Path::new("/proc/self/ns");
        lstat(directory).attempt(|| Attempt::Open(directory.into()))?;
        return Ok(WantedOfAll::No);
    }
    let ours = stat(Path::new(&own)).map(identity);
    if kind != Kind::User {
        // If it cannot be seen, the failure to enter it says so.
        let theirs = target.path(&format!("ns/{kind}")).ok().and_then(|path| stat(&path).ok());
        let is_own = theirs.is_some_and(|theirs| ours == Ok(identity(theirs)));
        return Ok(if is_own { WantedOfAll::IfPermitted } else { WantedOfAll::Yes });
    }
    let theirs = identity_of_target(target, kind)?;
    let ours = ours.attempt(|| Attempt::Open(own.into()))?;
    Ok(if user_parent || theirs == ours { WantedOfAll::No } else { WantedOfAll::Yes })
}

pub(super) fn identity(stat: FileStat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

/// Our own namespace of a kind; `None` if /proc does not show it. Errors of stat(2).
pub(super) fn own_identity(kind: Kind) -> Result<Option<(u64, u64)>, Failure> {
    let path = PathBuf::from(format!("/proc/self/ns/{kind}"));
    match stat(&path) {
        Err(Errno::ENOENT) => Ok(None),
        own => own.map(identity).map(Some).attempt(|| Attempt::Open(path)),
    }
}

/// The target's namespace of a kind. Errors of stat(2).
pub(super) fn identity_of_target(target: &PinnedTarget, kind: Kind) -> Result<(u64, u64), Failure> {
    let path = target.path(&format!("ns/{kind}"))?;
    stat(&path).map(identity).attempt(|| Attempt::Stat(path))
}

/// Whether we surely enter another namespace of this kind than our own.
pub(super) fn leads_elsewhere(kind: Kind, opened: &Opened, of_target: KindSet) -> Result<bool, Failure> {
    let entered = match (opened.namespace(kind), &opened.target) {
        (Some(file), _) => identity(fstat(file).attempt(|| Attempt::AskOwner(kind))?),
        (None, Some(target)) if of_target.contains(kind) => identity_of_target(target, kind)?,
        _ => return Ok(false),
    };
    let own = own_identity(kind)?;
    Ok(own.is_some_and(|own| own != entered))
}

/// Whether the namespace of this kind that we enter is surely the target's, and not our own.
pub(super) fn leads_to_target_alone(
    target: &PinnedTarget,
    kind: Kind,
    opened: &Opened,
    of_target: KindSet,
) -> Result<bool, Failure> {
    if !leads_elsewhere(kind, opened, of_target)? {
        return Ok(false);
    }
    let Some(file) = opened.namespace(kind) else {
        return Ok(true);
    };
    let given = fstat(file).attempt(|| Attempt::AskOwner(kind))?;
    Ok(identity(given) == identity_of_target(target, kind)?)
}
