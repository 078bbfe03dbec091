//! The cgroup hierarchies that are mounted here, see cgroups(7): whose directories they have, and which processes are in
//! them.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::sys::statfs::{CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, fstatfs};

use super::trust::{Entries, is_ours, names_in};
use crate::number::parse_decimal;
use crate::proc::cgroup::{Membership, directory_in, is_shown_by, parts};
use crate::proc::mountinfo::{LONGEST, Mount, mounts};
use crate::sys::file::{OPEN_FLAGS, open_retrying, place_of, read_bounded, read_fd_bounded};
use crate::sys::stat::fstat;

/// Cgroups that lie deeper in one another than this are left out.
const DEEPEST: usize = 64;
/// In bytes; a list of a million processes.
const LONGEST_LIST: usize = 8 << 20;

/// Whether a name in a cgroup path counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Only root or we can have given it.
    Counts,
    /// Others own a directory around it, or may write to one.
    Forgeable,
    /// No mount here shows the directories around it.
    Unseen,
}

/// The cgroup file systems of our mount table.
#[derive(Debug, Default)]
pub struct Hierarchies {
    mounts: Vec<Mount>,
}

impl Hierarchies {
    /// Those that the /proc at `proc` tells of. Errors: those of reading it.
    pub fn here(proc: &Path) -> nix::Result<Hierarchies> {
        let table = read_bounded(&proc.join("self/mountinfo"), LONGEST)?;
        let is_of_cgroups = |mount: &Mount| mount.fstype == "cgroup2" || mount.fstype == "cgroup";
        Ok(Hierarchies { mounts: mounts(&table).filter(is_of_cgroups).collect() })
    }

    /// Whether the part with the number `at` of the path of a cgroup counts. A name can be given by whoever may write to the
    /// directory around it, or to one around that; the named directory itself may have been handed to somebody else.
    pub fn verdict(&self, membership: Membership<'_>, at: usize) -> Verdict {
        let parts: Vec<&[u8]> = parts(membership.path).collect();
        let Some(around) = parts.get(..at) else {
            return Verdict::Unseen;
        };
        let shown = self.mounts.iter().rev().filter(|mount| is_shown_by(membership, mount));
        for mount in shown {
            let hidden = Path::new(&mount.root).components().count().saturating_sub(1);
            if hidden > at || directory_in(mount, membership.path).is_none() {
                continue;
            }
            if let Some(verdict) = open(mount).and_then(|root| verdict_below(root, &around[hidden..])) {
                return verdict;
            }
        }
        Verdict::Unseen
    }

    /// Whether a cgroup is the one that a runtime has written of, or lies below it. Runtimes write the path of the directory,
    /// or that from the root of the hierarchy on.
    pub fn is_in_written(&self, membership: Membership<'_>, written: &Path) -> bool {
        let whole = Path::new(OsStr::from_bytes(membership.path));
        let shown = self.mounts.iter().filter(|mount| is_shown_by(membership, mount));
        let below_mounts = shown.filter_map(|mount| {
            let below = written.strip_prefix(&mount.mount_point).ok()?;
            Some(Path::new(&mount.root).join(below))
        });
        let mut named = below_mounts.chain([written.to_path_buf()]);
        named.any(|written| {
            // The root itself is everybody's.
            let depth = parts(written.as_os_str().as_bytes()).count();
            depth > 0 && whole.starts_with(&written) && self.verdict(membership, depth - 1) == Verdict::Counts
        })
    }

    /// Calls `visit` with the path of each cgroup whose name counts, and its directory. A cgroup that vanishes is left out.
    /// Errors: those of `visit`; descriptors or memory run out.
    pub fn for_each(&self, mut visit: impl FnMut(&[u8], &OwnedFd) -> nix::Result<()>) -> nix::Result<()> {
        for (root, mount) in self.managed() {
            let mut path = mount.root.as_bytes().strip_suffix(b"/").unwrap_or(mount.root.as_bytes()).to_vec();
            descend(&root, &mut path, 0, &mut visit)?;
        }
        Ok(())
    }

    /// The PIDs of the processes in the cgroup at `path` and in all below it. Errors: as above.
    pub fn processes(&self, path: &[u8]) -> nix::Result<Vec<i32>> {
        let mut pids = Vec::new();
        for (root, mount) in self.managed() {
            let whole = Path::new(OsStr::from_bytes(path));
            let Ok(below) = whole.strip_prefix(&mount.root) else { continue };
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
            let opened = below.iter().try_fold(root, |directory, part| open_below(directory, part.as_bytes(), flags));
            if let Some(cgroup) = unless_gone(opened)? {
                pids.extend(processes(&cgroup)?);
            }
        }
        Ok(pids)
    }

    /// The hierarchies in which processes are managed, each with its root: version 2 and systemd's, or where there is
    /// neither, another one.
    fn managed(&self) -> Vec<(OwnedFd, &Mount)> {
        let last = |wanted: &dyn Fn(&Mount) -> bool| self.mounts.iter().rev().find(|mount| wanted(mount));
        let unified = last(&|mount| mount.fstype == "cgroup2");
        let systemd = last(&|mount| has_option(mount, b"name=systemd"));
        let managed: Vec<&Mount> = unified.into_iter().chain(systemd).collect();
        let managed = if managed.is_empty() { self.mounts.iter().rev().take(1).collect() } else { managed };
        managed.into_iter().filter_map(|mount| Some((open(mount)?, mount))).collect()
    }
}

/// `None` for what has vanished, or may not be looked into.
fn unless_gone<T>(result: nix::Result<T>) -> nix::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Errno::ENOENT | Errno::ENODEV | Errno::ENOTDIR | Errno::ELOOP | Errno::EACCES | Errno::EPERM) => Ok(None),
        Err(errno) => Err(errno),
    }
}

fn has_option(mount: &Mount, option: &[u8]) -> bool {
    mount.super_options.as_bytes().split(|byte| *byte == b',').any(|found| found == option)
}

/// Opens the root of a mount; `None` if something else is mounted over it.
fn open(mount: &Mount) -> Option<OwnedFd> {
    let directory = open_retrying(&mount.mount_point, OFlag::O_RDONLY | OFlag::O_DIRECTORY).ok()?;
    let kind = fstatfs(&directory).ok()?.filesystem_type();
    let is_covered = place_of(&directory).is_ok_and(|(.., id)| id != u64::from(mount.id));
    let is_of_cgroups = kind == CGROUP2_SUPER_MAGIC || kind == CGROUP_SUPER_MAGIC;
    (is_of_cgroups && !is_covered).then_some(directory)
}

fn open_below(directory: impl AsFd, name: &[u8], flags: OFlag) -> nix::Result<OwnedFd> {
    openat(directory, OsStr::from_bytes(name), flags | OFlag::O_NOFOLLOW | OPEN_FLAGS, Mode::empty())
}

/// `None` if one of the directories is gone.
fn verdict_below(root: OwnedFd, around: &[&[u8]]) -> Option<Verdict> {
    let mut directory = root;
    for part in around {
        if !is_ours(&fstat(&directory).ok()?) {
            return Some(Verdict::Forgeable);
        }
        directory = open_below(&directory, part, OFlag::O_PATH | OFlag::O_DIRECTORY).ok()?;
    }
    let counts = is_ours(&fstat(&directory).ok()?);
    Some(if counts { Verdict::Counts } else { Verdict::Forgeable })
}

type Visit<'v> = &'v mut dyn FnMut(&[u8], &OwnedFd) -> nix::Result<()>;

fn descend(directory: &OwnedFd, path: &mut Vec<u8>, depth: usize, visit: Visit<'_>) -> nix::Result<()> {
    if depth == DEEPEST || !fstat(directory).is_ok_and(|stat| is_ours(&stat)) {
        return Ok(());
    }
    for name in unless_gone(names_in(directory, Entries::Directories))?.unwrap_or_default() {
        let below = open_below(directory, &name, OFlag::O_RDONLY | OFlag::O_DIRECTORY);
        let Some(below) = unless_gone(below)? else { continue };
        let length = path.len();
        path.push(b'/');
        path.extend_from_slice(&name);
        visit(path, &below)?;
        descend(&below, path, depth + 1, visit)?;
        path.truncate(length);
    }
    Ok(())
}

/// The PIDs of the processes in an open cgroup and in all below it. Errors: descriptors or memory run out.
pub fn processes(cgroup: &OwnedFd) -> nix::Result<Vec<i32>> {
    let mut pids = Vec::new();
    collect(cgroup, 0, &mut pids)?;
    pids.sort_unstable();
    pids.dedup();
    Ok(pids)
}

fn collect(cgroup: &OwnedFd, depth: usize, pids: &mut Vec<i32>) -> nix::Result<()> {
    let list = open_below(cgroup, b"cgroup.procs", OFlag::O_RDONLY);
    let text = list.and_then(|list| read_fd_bounded(list, LONGEST_LIST));
    // Of threads only, a cgroup has no such list.
    let text = unless_gone(if text == Err(Errno::EOPNOTSUPP) { Ok(Vec::new()) } else { text })?.unwrap_or_default();
    // 0 is a process that our PID namespace does not show.
    pids.extend(text.split(|byte| *byte == b'\n').filter_map(parse_decimal::<i32>).filter(|pid| *pid > 0));
    if depth == DEEPEST {
        return Ok(());
    }
    for name in unless_gone(names_in(cgroup, Entries::Directories))?.unwrap_or_default() {
        let below = open_below(cgroup, &name, OFlag::O_RDONLY | OFlag::O_DIRECTORY);
        if let Some(below) = unless_gone(below)? {
            collect(&below, depth + 1, pids)?;
        }
    }
    Ok(())
}
