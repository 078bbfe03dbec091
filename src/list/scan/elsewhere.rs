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
    let own = opener.own(Kind::Mount);
    match mount_namespaces(scope) {
        Ok(namespaces) => {
            for (namespace, id) in namespaces
                .into_iter()
                .filter(|(inode, _)| Some(*inode) != own)
            {
                for (root, path) in mounts_by_kernel(id) {
                    add(&mut snapshot, scope, &root, path, namespace);
                }
            }
        }
        Err(_) => by_mountinfo(&mut snapshot, scope, opener, own),
    }
    snapshot
}

/// Root and place of each nsfs mount of a mount namespace.
fn mounts_by_kernel(namespace: u64) -> Vec<(Vec<u8>, PathBuf)> {
    let mounts = mount_tree::list(namespace).unwrap_or_default().into_iter();
    let facts = mounts.filter_map(|mount| mount_tree::facts(namespace, mount).ok()?);
    let nsfs = facts.filter(|facts| facts.fstype == b"nsfs");
    nsfs.map(|facts| (facts.root, PathBuf::from(OsString::from_vec(facts.point))))
        .collect()
}

/// One mount namespace after the other, those found on the way included.
fn by_mountinfo(snapshot: &mut Snapshot, scope: &Scope<'_>, opener: &Opener, own: Option<Inode>) {
    let members = members(snapshot, scope);
    let mut done: BTreeSet<Inode> = own.into_iter().collect();
    loop {
        let held = snapshot.namespaces.iter();
        let held = held.filter(|(_, found)| found.kind == Kind::Mount);
        let mut namespaces = held.map(|(inode, _)| inode).chain(members.keys());
        let Some(namespace) = namespaces.find(|inode| !done.contains(inode)).copied() else {
            return;
        };
        done.insert(namespace);
        let text = match members.get(&namespace) {
            Some(pid) => mountinfo(scope.root, *pid),
            None => visit(snapshot, scope, opener, namespace),
        };
        for mount in nsfs_mounts(&text.unwrap_or_default()) {
            let root = mount.root.as_encoded_bytes();
            add(snapshot, scope, root, mount.mount_point, namespace);
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

fn add(snapshot: &mut Snapshot, scope: &Scope<'_>, root: &[u8], path: PathBuf, namespace: Inode) {
    if let Some((kind, inode)) = parse_name(root).filter(|(kind, _)| scope.held.contains(*kind)) {
        snapshot.add(kind, inode, Holder::MountElsewhere { path, namespace });
    }
}
