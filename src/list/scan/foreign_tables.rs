//! Reads the mount table of a mount namespace through the processes in it. If it has no process, or all of them are in
//! a chroot, a child of ours enters it to read the table.

use std::collections::{BTreeMap, HashSet};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::{OFlag, readlink};

use super::walk::pids;
use super::{NAMES, Scope, Source};
use crate::list::model::mount_ns_probe::MountNsProbe;
use crate::list::model::opener::Opener;
use crate::list::model::snapshot::Snapshot;
use crate::namespace::Kind;
use crate::proc::link::{Inode, parse_name};
use crate::proc::mountinfo::{self, Mount};
use crate::sys::file::{FileIdentity, open_retrying, place, read_bounded};
use crate::sys::mount_tree;

/// We look at the root directories of so many members of a mount namespace. If the kernel counts more mounts than these
/// members show, our child enters the namespace to see the rest.
const MOST_ASKED: usize = 64;

/// We read so many of their mount tables.
const MOST_READ: usize = 8;

/// The members of each mount namespace with the lowest PIDs, even if the scan does not look for mount namespaces.
pub(super) fn members(snapshot: &Snapshot, scope: &Scope<'_>) -> BTreeMap<Inode, Vec<i32>> {
    let mut members: BTreeMap<Inode, Vec<i32>> = BTreeMap::new();
    let mut add = |namespace: Inode, pid: i32| {
        let members = members.entry(namespace).or_default();
        if members.len() < MOST_ASKED {
            members.push(pid);
        }
    };
    if scope.wants(Source::Process) && scope.kinds.contains(Kind::Mount) {
        for process in &snapshot.processes {
            if let Some(namespace) = process.namespace(Kind::Mount) {
                add(namespace, process.pid);
            }
        }
        return members;
    }
    let proc = open_retrying(scope.root, OFlag::O_RDONLY | OFlag::O_DIRECTORY);
    let all = proc.and_then(|proc| pids(proc.as_fd(), &mut vec![0; NAMES]));
    for pid in all.unwrap_or_default() {
        let link = readlink(&scope.root.join(format!("{pid}/ns/mnt"))).unwrap_or_default();
        if let Some((_, namespace)) = parse_name(link.as_bytes()) {
            add(namespace, pid);
        }
    }
    members
}

/// The mounts of a mount namespace that are visible from one root directory.
pub(super) struct MountTable {
    /// A process with that root directory, through which they are opened later.
    pub witness: Option<i32>,
    /// The nsfs mounts.
    pub nsfs: Vec<Mount>,
    /// The number of mounts of every type.
    mounts: usize,
    /// Whether one of them is the root directory. That is so in every complete table.
    has_root: bool,
}

impl MountTable {
    /// That of a process, by its directory in /proc.
    pub fn of(directory: &Path, witness: Option<i32>) -> Option<MountTable> {
        let text = read_bounded(&directory.join("mountinfo"), mountinfo::LONGEST).ok()?;
        Some(MountTable {
            witness,
            nsfs: mountinfo::nsfs_mounts(&text).collect(),
            mounts: mountinfo::count(&text),
            has_root: mountinfo::has_root(&text),
        })
    }

    /// The numbers of the nsfs mounts in it.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.nsfs.iter().map(|mount| mount.id)
    }
}

/// The tables of a mount namespace, the longest first: one for each root directory of its members, and one from its own
/// root if no member has that. `own` is our table, if it is our namespace.
pub(super) fn tables(
    snapshot: &Snapshot,
    scope: &Scope<'_>,
    opener: &Opener,
    namespace: Inode,
    (members, own): (&[i32], Option<MountTable>),
) -> Vec<MountTable> {
    let root_of = |directory: &Path| place(&directory.join("root")).ok();
    let mut roots: HashSet<Option<FileIdentity>> = HashSet::new();
    if own.is_some() {
        roots.insert(root_of(&scope.own()));
    }
    let mut tables = Vec::from_iter(own);
    for pid in members {
        let directory = scope.root.join(pid.to_string());
        // All members whose root we may not see share one table.
        if tables.len() < MOST_READ && roots.insert(root_of(&directory)) {
            tables.extend(MountTable::of(&directory, Some(*pid)));
        }
    }
    let most = tables.iter().map(|table| table.mounts).max();
    let has_root = tables.iter().any(|table| table.has_root);
    let open = || {
        let mut members = members.iter();
        let by_member = members.find_map(|pid| opener.of_process(*pid, Kind::Mount, namespace));
        by_member.or_else(|| opener.open(snapshot, namespace))
    };
    let hidden = |file: &OwnedFd| match (most, mount_tree::namespace(file)) {
        (Some(most), Ok(facts)) => !facts.is_all(most),
        // Before Linux 6.12, the kernel does not say how many mounts there are.
        _ => !has_root,
    };
    if scope.is_real()
        && let Some(probe) = open().filter(hidden).and_then(MountNsProbe::send)
    {
        // It ends here, and so is not a witness.
        tables.extend(MountTable::of(&Path::new("/proc").join(probe.pid_in_proc().to_string()), None));
    }
    tables.sort_by_key(|table| std::cmp::Reverse(table.mounts));
    tables
}
