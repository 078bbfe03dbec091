//! The namespaces whose nsfs files are bind-mounted in other mount namespaces, to any depth, even in those without a
//! process; and those bind-mounted in our own, above the root directory of a chroot that we are in.
//!
//! Since Linux 6.12, root can ask the kernel for the mounts of every other mount namespace. Otherwise we read the
//! mountinfo of the processes in it, see [`foreign_tables`](super::foreign_tables).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use nix::fcntl::OFlag;

use super::Scope;
use super::foreign_tables::{MountTable, members, tables};
use super::kernel::MountNamespaces;
use crate::list::model::opener::Opener;
use crate::list::model::snapshot::{SeenHolder, Snapshot};
use crate::namespace::Kind;
use crate::proc::link::{Inode, parse_name};
use crate::sys::file::open_retrying;
use crate::sys::mount_tree;
use crate::sys::nsfs::NSFS_MAGIC;

/// Adds the namespaces that are mounted elsewhere.
pub(super) fn look(
    mut snapshot: Snapshot,
    scope: &Scope<'_>,
    opener: &Opener,
    mount_namespaces: &MountNamespaces,
) -> Snapshot {
    let own = opener.own(Kind::Mount);
    let mut done = BTreeSet::new();
    let by_kernel = mount_namespaces.get(scope);
    let mut complete = by_kernel.is_ok();
    for &(namespace, facts) in by_kernel.unwrap_or_default() {
        // Of our own mount namespace, the kernel lists only what is below our root directory, as our mountinfo does.
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

/// Whether we see every mount of our mount namespace, as far as we know.
fn sees_all_of_own(scope: &Scope<'_>) -> bool {
    let ask = || {
        let file = open_retrying(&scope.own().join("ns/mnt"), OFlag::O_RDONLY).ok()?;
        let facts = mount_tree::namespace(file).ok()?;
        Some(facts.is_all(mount_tree::list(facts.id).ok()?.len()))
    };
    scope.is_real() && ask().unwrap_or(false)
}

/// The root and the mount point of each nsfs mount of a mount namespace; `None` if the kernel does not list them all.
///
/// Older kernels (6.12 at least) take whatever is mounted on the first mount of another mount namespace for its root,
/// and list only what is below that. On a system that still runs in its first mount (an initial RAM file system), they
/// therefore leave out most mounts and give wrong mount points.
fn mounts_by_kernel(namespace: mount_tree::Facts) -> Option<Vec<(Vec<u8>, PathBuf)>> {
    let mounts = mount_tree::list(namespace.id).ok()?;
    if !namespace.is_all(mounts.len()) {
        return None;
    }
    let nsfs = mounts.into_iter().filter(|mount| {
        let magic = mount_tree::magic(namespace.id, *mount);
        magic.is_ok_and(|magic| magic == Some(NSFS_MAGIC.into()))
    });
    let paths = nsfs.filter_map(|mount| mount_tree::paths(namespace.id, mount).ok()?);
    Some(paths.map(|paths| (paths.root, PathBuf::from(OsString::from_vec(paths.point)))).collect())
}

/// Visits one mount namespace after the other, and those that it finds on the way; each once.
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
        let own = (own == Some(namespace)).then(|| MountTable::of(&scope.own(), None)).flatten();
        let mut seen: BTreeSet<u32> = own.iter().flat_map(MountTable::ids).collect();
        let members = members.get(&namespace).map_or(&[][..], Vec::as_slice);
        for table in tables(snapshot, scope, opener, namespace, (members, own)) {
            for mount in table.nsfs {
                // A process with a root directory further out has shown this mount already, with its whole path.
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

/// Adds a mounted namespace and returns its kind and number; `None` if the scan does not look for that kind.
fn add(
    snapshot: &mut Snapshot,
    scope: &Scope<'_>,
    root: &[u8],
    (path, namespace, witness): (PathBuf, Inode, Option<i32>),
) -> Option<(Kind, Inode)> {
    let (kind, inode) = parse_name(root).filter(|(kind, _)| scope.held.contains(*kind))?;
    let holder = SeenHolder::MountElsewhere { path, namespace, witness };
    snapshot.add(kind, inode, holder);
    Some((kind, inode))
}
