//! The namespaces whose nsfs files are bind-mounted in other mount namespaces than ours, those without a process
//! included, to any depth; and in ours, above the root directory that we have been shut into.
//!
//! The kernel tells of all mounts of all mount namespaces but our own since Linux 6.12, for root. Else the mountinfo of
//! processes tells, see [`witness`](super::foreign_tables).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use nix::fcntl::OFlag;

use super::Scope;
use super::foreign_tables::{MountTable, members, tables};
use super::kernel::mount_namespaces;
use crate::list::model::opener::Opener;
use crate::list::model::snapshot::{Holder, Snapshot};
use crate::namespace::Kind;
use crate::proc::link::{Inode, parse_name};
use crate::sys::file::open_retrying;
use crate::sys::mount_tree;

/// Adds what is mounted elsewhere.
pub(super) fn look(mut snapshot: Snapshot, scope: &Scope<'_>, opener: &Opener) -> Snapshot {
    let own = opener.own(Kind::Mount);
    let mut done = BTreeSet::new();
    let by_kernel = mount_namespaces(scope);
    let mut complete = by_kernel.is_ok();
    for (namespace, facts) in by_kernel.unwrap_or_default() {
        // Of our own, the kernel tells what is below our root directory, as our mountinfo does.
        if Some(namespace) == own {
            continue;
        }
        match mounts_by_kernel(facts) {
            Some(mounts) => {
                done.insert(namespace);
                for (root, path) in mounts {
                    add(&mut snapshot, scope, &root, (path, namespace, None));
                }
            }
            None => complete = false,
        }
    }
    if let Some(own) = own {
        match sees_all_of_own(scope) {
            true => drop(done.insert(own)),
            false => complete = false,
        }
    }
    if !complete {
        by_mountinfo(&mut snapshot, scope, opener, own, done);
    }
    snapshot
}

/// Whether no mount of our mount namespace is hidden from us, as far as is known.
fn sees_all_of_own(scope: &Scope<'_>) -> bool {
    let ask = || {
        let file = open_retrying(&scope.root.join("self/ns/mnt"), OFlag::O_RDONLY).ok()?;
        let facts = mount_tree::namespace(file).ok()?;
        Some(facts.is_all(mount_tree::list(facts.id).ok()?.len()))
    };
    scope.is_real() && ask().unwrap_or(false)
}

/// Root and place of each nsfs mount of a mount namespace; `None` where the kernel does not tell them all.
///
/// Older kernels (6.12 at least) take for the root of another mount namespace whatever is mounted on its first mount, and
/// show what is below only. A system that still runs in the mount that it began with (an initial RAM file system) has
/// everything there: most mounts are not shown, and places are told wrong.
fn mounts_by_kernel(namespace: mount_tree::Facts) -> Option<Vec<(Vec<u8>, PathBuf)>> {
    let mounts = mount_tree::list(namespace.id).ok()?;
    if !namespace.is_all(mounts.len()) {
        return None;
    }
    let facts = mounts.into_iter().filter_map(|mount| mount_tree::facts(namespace.id, mount).ok()?);
    let nsfs = facts.filter(|facts| facts.fstype == b"nsfs");
    Some(nsfs.map(|facts| (facts.root, PathBuf::from(OsString::from_vec(facts.point)))).collect())
}

/// One mount namespace after the other, those found on the way included, except those done.
fn by_mountinfo(
    snapshot: &mut Snapshot,
    scope: &Scope<'_>,
    opener: &Opener,
    own: Option<Inode>,
    mut done: BTreeSet<Inode>,
) {
    let members = members(snapshot, scope);
    let held = snapshot.namespaces.iter();
    let held = held.filter(|(_, found)| found.kind == Kind::Mount);
    let mut pending: BTreeSet<Inode> = held.map(|(inode, _)| *inode).collect();
    pending.extend(members.keys());
    pending.extend(own);
    while let Some(namespace) = pending.pop_first() {
        if !done.insert(namespace) {
            continue;
        }
        let own = (own == Some(namespace)).then(|| MountTable::of(scope.root, "self")).flatten();
        let mut seen: BTreeSet<u32> = own.iter().flat_map(MountTable::ids).collect();
        let members = members.get(&namespace).map_or(&[][..], Vec::as_slice);
        for table in tables(snapshot, scope, opener, namespace, (members, own)) {
            for mount in table.nsfs {
                // Seen by one whose root directory is further out, and so on its whole path.
                if !seen.insert(mount.id) {
                    continue;
                }
                let place = (mount.mount_point, namespace, table.witness);
                let found = add(snapshot, scope, mount.root.as_bytes(), place);
                pending.extend(found.filter(|(kind, _)| *kind == Kind::Mount).map(|found| found.1));
            }
        }
    }
}

/// Adds what is mounted there, and says what it is, if it is a namespace of a kind that is looked for.
fn add(
    snapshot: &mut Snapshot,
    scope: &Scope<'_>,
    root: &[u8],
    (path, namespace, witness): (PathBuf, Inode, Option<i32>),
) -> Option<(Kind, Inode)> {
    let (kind, inode) = parse_name(root).filter(|(kind, _)| scope.held.contains(*kind))?;
    let holder = Holder::MountElsewhere { path, namespace, witness };
    snapshot.add(kind, inode, holder);
    Some((kind, inode))
}
