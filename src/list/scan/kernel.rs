//! The namespaces that the kernel lists, whatever holds them: mount namespaces since Linux 6.12, every kind since 6.19.
//! Both lists are for root. They complement /proc, because neither names the holder.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::Scope;
use crate::list::model::opener::{Opener, inode_of};
use crate::list::model::snapshot::Snapshot;
use crate::namespace::Kind;
use crate::proc::link::Inode;
use crate::sys::file::open_retrying;
use crate::sys::mount_tree::{self, Neighbour};
use crate::sys::nsfs;

/// Adds the namespaces that no other source has shown, and notes the ids of all: by its id, we can open a namespace
/// that none of its holders leads to.
pub(super) fn look(mut snapshot: Snapshot, scope: &Scope<'_>, _opener: &Opener) -> Snapshot {
    if scope.held.contains(Kind::Mount) {
        for (inode, facts) in mount_namespaces(scope).unwrap_or_default() {
            snapshot.note_id(Kind::Mount, inode, facts.id);
        }
    }
    if scope.is_real() {
        for id in nsfs::list(scope.held).unwrap_or_default() {
            if let Ok(file) = nsfs::open_by_id(id, None)
                && let (Ok(Some(kind)), Some(inode)) = (nsfs::kind(&file), inode_of(&file))
            {
                snapshot.note_id(kind, inode, id);
            }
        }
    }
    snapshot
}

/// Inode number and facts of every mount namespace. Errors: EPERM without rights, ENOTTY before Linux 6.12.
pub(super) fn mount_namespaces(scope: &Scope<'_>) -> nix::Result<Vec<(Inode, mount_tree::Facts)>> {
    if !scope.is_real() {
        return Err(Errno::ENOTTY);
    }
    let mut at: OwnedFd = open_retrying(&scope.own().join("ns/mnt"), OFlag::O_RDONLY)?;
    while let Some(previous) = neighbour(&at, Neighbour::Previous)? {
        at = previous;
    }
    let mut all = Vec::new();
    loop {
        all.extend(inode_of(&at).zip(mount_tree::namespace(&at).ok()));
        match neighbour(&at, Neighbour::Next)? {
            Some(next) => at = next,
            None => return Ok(all),
        }
    }
}

/// `None` at the end.
fn neighbour(at: &OwnedFd, which: Neighbour) -> nix::Result<Option<OwnedFd>> {
    match mount_tree::neighbour(at, which) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}
