//! The mount table of a mount namespace, by way of the processes in it; into one without a process, or whose processes
//! have all been shut into directories of it, a child of ours goes to read it.

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

/// So many members of a mount namespace are asked for their root directories. What all of these have left outside is
/// seen by our child, if the kernel says that there is more and lets it go there.
const MOST_ASKED: usize = 64;

/// So many of their tables are read.
const MOST_READ: usize = 8;

/// Processes of each mount namespace, whether or not the scan was to look for those; the lowest PIDs.
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

/// The mounts of a mount namespace, as far as they can be seen from one root directory.
pub(super) struct MountTable {
    /// A process that sees them so, and that will be there when they are opened.
    pub witness: Option<i32>,
    /// Those of nsfs.
    pub nsfs: Vec<Mount>,
    /// How many there are of any type.
    mounts: usize,
    /// Whether one of them is the root directory, as in every table that shows all.
    has_root: bool,
}

impl MountTable {
    /// That of a process, by its name in /proc.
    pub fn of(root: &Path, process: &str) -> Option<MountTable> {
        let text = read_bounded(&root.join(process).join("mountinfo"), mountinfo::LONGEST).ok()?;
        Some(MountTable {
            witness: process.parse().ok(),
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

/// The tables of a mount namespace, those that show most first: for each root directory that its members have, and from
/// its own root if that is none of them. `own` is our table, if it is our namespace.
pub(super) fn tables(
    snapshot: &Snapshot,
    scope: &Scope<'_>,
    opener: &Opener,
    namespace: Inode,
    (members, own): (&[i32], Option<MountTable>),
) -> Vec<MountTable> {
    let root_of = |process: &str| place(&scope.root.join(process).join("root")).ok();
    let mut roots: HashSet<Option<FileIdentity>> = HashSet::new();
    if own.is_some() {
        roots.insert(root_of("self"));
    }
    let mut tables = Vec::from_iter(own);
    for pid in members.iter().map(i32::to_string) {
        // Those that may not be asked have one table for all.
        if tables.len() < MOST_READ && roots.insert(root_of(&pid)) {
            tables.extend(MountTable::of(scope.root, &pid));
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
        // Before Linux 6.12, one cannot always tell.
        _ => !has_root,
    };
    if scope.is_real()
        && let Some(probe) = open().filter(hidden).and_then(MountNsProbe::send)
    {
        let table = MountTable::of(scope.root, &probe.pid_in_proc().to_string());
        tables.extend(table.map(|table| MountTable {
            // It ends here.
            witness: None,
            ..table
        }));
    }
    tables.sort_by_key(|table| std::cmp::Reverse(table.mounts));
    tables
}
