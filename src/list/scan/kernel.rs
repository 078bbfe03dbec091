//! The namespaces that the kernel lists, whatever holds them: mount namespaces since Linux 6.12, every kind since 6.19.
//! Both lists are for root. They complement /proc, because neither names the holder.

use std::cell::OnceCell;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::Scope;
use crate::list::model::opener::{Opener, inode_of};
use crate::list::model::snapshot::Snapshot;
use crate::namespace::Kind;
use crate::proc::link::Inode;
use crate::sys::capability::{self, CAP_SYS_ADMIN};
use crate::sys::file::open_retrying;
use crate::sys::mount_tree::{self, Neighbour};
use crate::sys::nsfs;

/// Adds the namespaces that no other source has shown, and notes the ids of all: by its id, we can open a namespace
/// that none of its holders leads to.
pub(super) fn look(
    mut snapshot: Snapshot,
    scope: &Scope<'_>,
    _: &Opener,
    mount_namespaces: &MountNamespaces,
) -> Snapshot {
    if scope.held.contains(Kind::Mount) {
        for (inode, facts) in mount_namespaces.get(scope).unwrap_or_default() {
            snapshot.note_id(Kind::Mount, *inode, facts.id);
        }
    }
    snapshot.listed = note_all(&mut snapshot, scope).is_ok();
    snapshot
}

/// Notes every namespace that the kernel lists. Errors: it lists none, or we could not look at one of them.
fn note_all(snapshot: &mut Snapshot, scope: &Scope<'_>) -> nix::Result<()> {
    if !scope.is_real() {
        return Err(Errno::ENOTTY);
    }
    let mut complete = Ok(());
    for id in nsfs::list(scope.held)? {
        match nsfs::open_by_id(id, None) {
            Ok(file) => match (nsfs::kind(&file), inode_of(&file)) {
                (Ok(Some(kind)), Some(inode)) => snapshot.note_id(kind, inode, id),
                _ => complete = Err(Errno::EIO),
            },
            // It has ended.
            Err(Errno::ESTALE | Errno::ENOENT) => {}
            Err(errno) => complete = Err(errno),
        }
    }
    complete
}

/// Whether the kernel lists every namespace of these kinds for us, but for those that only a socket or a TAP device
/// holds: it does so for CAP_SYS_ADMIN in the first user and PID namespace, since Linux 6.19.
pub(super) fn lists_all(scope: &Scope<'_>) -> bool {
    let is_admin = || capability::get().is_ok_and(|sets| sets.has(CAP_SYS_ADMIN));
    scope.is_real() && nsfs::list(scope.held).is_ok() && scope.is_in_first() && is_admin()
}

/// Every mount namespace, asked for once in a scan.
#[derive(Default)]
pub(super) struct MountNamespaces(OnceCell<nix::Result<Vec<(Inode, mount_tree::Facts)>>>);

impl MountNamespaces {
    /// Their inode numbers and facts. Errors: EPERM without rights, ENOTTY before Linux 6.12.
    pub fn get(&self, scope: &Scope<'_>) -> nix::Result<&[(Inode, mount_tree::Facts)]> {
        let all = self.0.get_or_init(|| mount_namespaces(scope));
        all.as_deref().map_err(|errno| *errno)
    }
}

fn mount_namespaces(scope: &Scope<'_>) -> nix::Result<Vec<(Inode, mount_tree::Facts)>> {
    if !scope.is_real() {
        return Err(Errno::ENOTTY);
    }
    let own = open_retrying(&scope.own().join("ns/mnt"), OFlag::O_RDONLY)?;
    let facts = mount_tree::namespace(&own)?;
    let mut at = (own, facts);
    while let Some(previous) = neighbour(&at.0, Neighbour::Previous)? {
        at = previous;
    }
    let mut all = Vec::new();
    loop {
        all.extend(inode_of(&at.0).map(|inode| (inode, at.1)));
        match neighbour(&at.0, Neighbour::Next)? {
            Some(next) => at = next,
            None => return Ok(all),
        }
    }
}

/// `None` at the end.
fn neighbour(at: &OwnedFd, which: Neighbour) -> nix::Result<Option<(OwnedFd, mount_tree::Facts)>> {
    match mount_tree::neighbour(at, which) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}
