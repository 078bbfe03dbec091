//! The namespaces whose nsfs files are bind-mounted in other mount namespaces than ours, those without a process
//! included, to any depth.
//!
//! The kernel tells of all mounts of all mount namespaces since Linux 6.12, for root. Else the mountinfo of one process
//! in each mount namespace tells; into one without a process, a child of ours goes to read it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::fcntl::readlink;

use super::Scope;
use super::kernel::mount_namespaces;
use super::mount::nsfs_mounts;
use crate::list::open::Opener;
use crate::list::snapshot::{Holder, Inode, Snapshot, parse_name};
use crate::list::visitor::Visitor;
use crate::namespace::Kind;
use crate::sys::file::read_bounded;
use crate::sys::mount_tree;

/// As the table of our own mounts.
const MOUNTINFO: usize = super::mount::MOUNTINFO;

/// Adds what is mounted elsewhere.
pub(super) fn look(mut snapshot: Snapshot, scope: &Scope<'_>, opener: &Opener) -> Snapshot {
    let mut done: BTreeSet<Inode> = opener.own(Kind::Mount).into_iter().collect();
    let by_kernel = mount_namespaces(scope);
    let mut complete = by_kernel.is_ok();
    for (namespace, facts) in by_kernel.unwrap_or_default() {
        if done.contains(&namespace) {
            continue;
        }
        match mounts_by_kernel(facts) {
            Some(mounts) => {
                done.insert(namespace);
                for (root, path) in mounts {
                    add(&mut snapshot, scope, &root, path, namespace);
                }
            }
            None => complete = false,
        }
    }
    if !complete {
        by_mountinfo(&mut snapshot, scope, opener, done);
    }
    snapshot
}

/// Root and place of each nsfs mount of a mount namespace; `None` where the kernel does not tell them all.
///
/// Older kernels (6.12 at least) take for the root of another mount namespace whatever is mounted on its first mount, and
/// show what is below only. That first mount is mostly the empty one that the system began with, and the root is on it: one
/// mount is not shown. A system that still runs in the one that it began with (an initial RAM file system) has everything
/// there: most mounts are not shown, and places are told wrong.
fn mounts_by_kernel(namespace: mount_tree::Facts) -> Option<Vec<(Vec<u8>, PathBuf)>> {
    let mounts = mount_tree::list(namespace.id).ok()?;
    if mounts.len() + 1 < namespace.mounts as usize {
        return None;
    }
    let facts = mounts
        .into_iter()
        .filter_map(|mount| mount_tree::facts(namespace.id, mount).ok()?);
    let nsfs = facts.filter(|facts| facts.fstype == b"nsfs");
    Some(
        nsfs.map(|facts| (facts.root, PathBuf::from(OsString::from_vec(facts.point))))
            .collect(),
    )
}

/// One mount namespace after the other, those found on the way included, except those done.
fn by_mountinfo(
    snapshot: &mut Snapshot,
    scope: &Scope<'_>,
    opener: &Opener,
    mut done: BTreeSet<Inode>,
) {
    let members = members(snapshot, scope);
    let held = snapshot.namespaces.iter();
    let held = held.filter(|(_, found)| found.kind == Kind::Mount);
    let mut pending: BTreeSet<Inode> = held.map(|(inode, _)| *inode).collect();
    pending.extend(members.keys());
    while let Some(namespace) = pending.pop_first() {
        if !done.insert(namespace) {
            continue;
        }
        let text = match members.get(&namespace) {
            Some(pid) => mountinfo(scope.root, *pid),
            None => visit(snapshot, scope, opener, namespace),
        };
        for mount in nsfs_mounts(&text.unwrap_or_default()) {
            let root = mount.root.as_encoded_bytes();
            let found = add(snapshot, scope, root, mount.mount_point, namespace);
            pending.extend(
                found
                    .filter(|(kind, _)| *kind == Kind::Mount)
                    .map(|found| found.1),
            );
        }
    }
}

/// A process in each mount namespace, whether or not the scan was to look for those.
fn members(snapshot: &Snapshot, scope: &Scope<'_>) -> BTreeMap<Inode, i32> {
    let mut members = BTreeMap::new();
    for process in &snapshot.processes {
        let found = match scope.kinds.contains(Kind::Mount) {
            true => process.namespace(Kind::Mount),
            false => {
                let link = readlink(&scope.root.join(format!("{}/ns/mnt", process.pid)));
                link.ok()
                    .and_then(|link| Some(parse_name(link.as_bytes())?.1))
            }
        };
        if let Some(namespace) = found {
            members.entry(namespace).or_insert(process.pid);
        }
    }
    members
}

fn mountinfo(root: &Path, pid: i32) -> Option<Vec<u8>> {
    read_bounded(&root.join(format!("{pid}/mountinfo")), MOUNTINFO).ok()
}

fn visit(
    snapshot: &Snapshot,
    scope: &Scope<'_>,
    opener: &Opener,
    namespace: Inode,
) -> Option<Vec<u8>> {
    let visitor = Visitor::send(opener.open(snapshot, namespace)?)?;
    mountinfo(scope.root, visitor.pid())
}

/// Adds what is mounted there, and says what it is, if it is a namespace of a kind that is looked for.
fn add(
    snapshot: &mut Snapshot,
    scope: &Scope<'_>,
    root: &[u8],
    path: PathBuf,
    namespace: Inode,
) -> Option<(Kind, Inode)> {
    let (kind, inode) = parse_name(root).filter(|(kind, _)| scope.held.contains(*kind))?;
    snapshot.add(kind, inode, Holder::MountElsewhere { path, namespace });
    Some((kind, inode))
}
