//! Mounts: by device, source, mount point, or a path on them.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::{major, minor};

use super::resolve::resolve;
use super::{Findings, MissingPath, of_kind};
use crate::list::inside::Inside;
use crate::list::model::graph::Graph;
use crate::list::query::wanted::Wanted;
use crate::list::value::as_word;
use crate::namespace::Kind;
use crate::proc::link::Inode;
use crate::proc::mountinfo::{self, Mount};
use crate::sys::{at, file};

/// What a text means here: it may be several of these.
#[derive(Debug, Default)]
struct Meaning {
    /// The text, and where it leads if it is a path.
    names: Vec<PathBuf>,
    /// A device, by its number or by its file, or the file system that is mounted on the path here.
    devices: Vec<(u32, u32)>,
    /// The file system that the path lies on here.
    around: Option<(u32, u32)>,
    /// Where the path would be if it existed here.
    missing: Option<PathBuf>,
    /// Why it is missing: EACCES, for instance, does not say that it is not there.
    errno: Option<Errno>,
}

pub(super) fn search(wanted: &[Wanted], graph: &Graph, inside: &Inside<'_>, findings: &mut Findings) {
    let mut searches: Vec<Search> =
        wanted.iter().filter_map(|wanted| wanted.mount.as_deref()).map(Search::of).collect();
    for inode in of_kind(graph, Kind::Mount) {
        let mounts = inside.mounts(inode);
        findings.looked.mounts.get_or_insert_default().add(mounts.is_some());
        for search in &mut searches {
            search.look(inode, mounts.as_deref().unwrap_or_default());
        }
    }
    for search in searches {
        findings.missing.extend(search.in_place_of_a_missing_path());
        for (inode, what) in search.best() {
            findings.add(inode, what);
        }
    }
}

type Matches = Vec<(Inode, Vec<u8>)>;

/// What one text has matched so far.
struct Search {
    meaning: Meaning,
    /// By device, source or mount point.
    exact: Matches,
    /// By the file system that the path lies on here.
    around: Matches,
    /// By the mount point that is nearest above a path which does not exist here.
    above: Matches,
    /// That mount point.
    nearest: PathBuf,
}

impl Search {
    fn of(text: &[u8]) -> Search {
        let meaning = Meaning::of(text);
        Search { meaning, exact: Vec::new(), around: Vec::new(), above: Vec::new(), nearest: PathBuf::new() }
    }

    fn look(&mut self, inode: Inode, mounts: &[Mount]) {
        for mount in mounts {
            let found = || (inode, text(mount));
            let is_named = |name: &PathBuf| name.as_os_str() == mount.source || *name == mount.mount_point;
            if self.meaning.names.iter().any(is_named) || self.meaning.devices.contains(&mount.device) {
                self.exact.push(found());
            } else if self.meaning.around == Some(mount.device) {
                self.around.push(found());
            }
        }
        let Some(path) = &self.meaning.missing else {
            return;
        };
        // Of several on one mount point, the last is the one that is seen.
        let parts = |path: &Path| path.components().count();
        let above = mounts.iter().filter(|mount| path.starts_with(&mount.mount_point));
        let above = above.max_by_key(|mount| parts(&mount.mount_point));
        if let Some(mount) = above.filter(|mount| mount.mount_point != Path::new("/")) {
            if parts(&mount.mount_point) > parts(&self.nearest) {
                self.above.clear();
                self.nearest.clone_from(&mount.mount_point);
            }
            if mount.mount_point == self.nearest {
                self.above.push((inode, text(mount)));
            }
        }
    }

    /// What is found only because it is above a path that does not exist here: perhaps that was misspelt.
    fn in_place_of_a_missing_path(&self) -> Option<MissingPath> {
        let path = self.meaning.missing.clone()?;
        self.meaning.errno.filter(|errno| matches!(errno, Errno::ENOENT | Errno::ENOTDIR))?;
        let is_above = self.exact.is_empty() && self.around.is_empty() && !self.above.is_empty();
        is_above.then(|| MissingPath { path, above: self.nearest.clone() })
    }

    /// A mount that is called so is a better answer than one around it.
    fn best(self) -> Matches {
        [self.exact, self.around, self.above].into_iter().find(|matches| !matches.is_empty()).unwrap_or_default()
    }
}

impl Meaning {
    fn of(text: &[u8]) -> Meaning {
        let path = Path::new(OsStr::from_bytes(text));
        let mut meaning = Meaning { names: vec![path.to_path_buf()], ..Meaning::default() };
        if let Some(device) = mountinfo::device(text) {
            meaning.devices.push(device);
            return meaning;
        }
        if !text.contains(&b'/') {
            return meaning;
        }
        let own = file::read_bounded(Path::new("/proc/self/mountinfo"), mountinfo::LONGEST).unwrap_or_default();
        let mounts: Vec<Mount> = mountinfo::mounts(&own).collect();
        let Some(resolved) = resolve(path, &mounts) else {
            return meaning;
        };
        match resolved.file {
            Ok(file) => meaning.here(&file, &resolved.path, &mounts),
            Err(errno) => (meaning.missing, meaning.errno) = (Some(resolved.path.clone()), Some(errno)),
        }
        meaning.names.push(resolved.path);
        meaning
    }

    /// A path that exists here.
    fn here(&mut self, file: &OwnedFd, path: &Path, mounts: &[Mount]) {
        let Ok(facts) = at::facts_of(file) else {
            return;
        };
        if let Some(device) = facts.block_device {
            self.devices.push(device);
            return;
        }
        // The device number of a file differs from that of its file system on btrfs, so we look for its mount.
        let id = file::place_of(file).ok().map(|(_, _, _, id)| id);
        let mount = mounts.iter().find(|mount| Some(u64::from(mount.id)) == id);
        let device = (major(facts.device) as u32, minor(facts.device) as u32);
        let device = mount.map_or(device, |mount| mount.device);
        // A link of proc may lead into another mount namespace, where something else is on this path.
        match mounts.iter().any(|mount| mount.mount_point == path && mount.device == device) {
            true => self.devices.push(device),
            false => self.around = Some(device),
        }
    }
}

/// `/dev/sdb1 on /data (8:17)`; `/dev/sdb1[/sub] on /data (8:17)` if only a part of the file system is mounted.
fn text(mount: &Mount) -> Vec<u8> {
    let (major, minor) = mount.device;
    let root = match mount.root.as_bytes() {
        b"/" => Vec::new(),
        root => [b"[", root, b"]"].concat(),
    };
    let source = as_word(&[mount.source.as_bytes(), &root].concat());
    let point = as_word(mount.mount_point.as_os_str().as_bytes());
    [&source[..], b" on ", &point, format!(" ({major}:{minor})").as_bytes()].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"\
1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
2 1 8:17 / /data rw - ext4 /dev/sdb1 rw\n\
3 1 0:40 / /data/nfs rw - nfs server:/export rw\n\
4 1 8:17 /sub /mnt/a\\040b rw - ext4 /dev/sdb1 rw\n";

    fn search(meaning: Meaning) -> Vec<String> {
        let mut search = Search { meaning, ..Search::of(b"x") };
        let namespace = |number| Inode::new(number).unwrap();
        search.look(namespace(1), &mountinfo::mounts(TABLE).collect::<Vec<_>>());
        search.look(namespace(2), &mountinfo::mounts(TABLE).take(2).collect::<Vec<_>>());
        let matches = search.best().into_iter();
        matches.map(|(inode, text)| format!("{inode} {}", String::from_utf8(text).unwrap())).collect()
    }

    #[test]
    fn a_name_is_a_source_or_a_mount_point() {
        let named = |name: &str| search(Meaning { names: vec![name.into()], ..Meaning::default() });
        assert_eq!(named("server:/export"), ["1 server:/export on /data/nfs (0:40)"]);
        assert_eq!(named("/data"), ["1 /dev/sdb1 on /data (8:17)", "2 /dev/sdb1 on /data (8:17)"]);
        assert_eq!(named("/dev/sdb"), [""; 0]);
        let device = search(Meaning { devices: vec![(8, 17)], ..Meaning::default() });
        assert_eq!(device[1], "1 /dev/sdb1[/sub] on /mnt/a\\040b (8:17)");
        assert_eq!(device.len(), 3);
    }

    #[test]
    fn what_is_called_so_comes_before_what_is_around_or_above() {
        let around = Some((8, 1));
        let meaning = |name: &str| Meaning { names: vec![name.into()], around, ..Meaning::default() };
        assert_eq!(search(meaning("/data/nfs")), ["1 server:/export on /data/nfs (0:40)"]);
        assert_eq!(search(meaning("/home")), ["1 /dev/sda1 on / (8:1)", "2 /dev/sda1 on / (8:1)"]);
        let missing = |path: &str| search(Meaning { missing: Some(path.into()), ..Meaning::default() });
        assert_eq!(missing("/data/nfs/file"), ["1 server:/export on /data/nfs (0:40)"]);
        assert_eq!(missing("/data/file"), ["1 /dev/sdb1 on /data (8:17)", "2 /dev/sdb1 on /data (8:17)"]);
        // The root is above everything, and so no answer.
        assert_eq!(missing("/databank"), [""; 0]);
    }

    #[test]
    fn a_text_is_read_here() {
        let of = |text: &str| Meaning::of(text.as_bytes());
        assert_eq!(of("8:17").devices, [(8, 17)]);
        assert!(of("tank").names == [PathBuf::from("tank")] && of("tank").missing.is_none());
        assert_eq!(of("/nonexistent/x").missing, Some("/nonexistent/x".into()));
        // Another file system is mounted there.
        assert_eq!(of("/proc").devices.len(), 1);
        assert!(of("/proc/self/status").around.is_some());
        assert_eq!(of("/proc/./self/..").names[1], PathBuf::from("/proc"));
    }
}
