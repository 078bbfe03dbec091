//! Files of runtimes that say what a cgroup path does not. We only test whether a file exists and where a link points.
//! We open only directories, so that nothing can block us.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::{Mode, SFlag};
use nix::unistd::geteuid;

use crate::sys::file::{open_retrying, read_bounded};
use crate::sys::stat::{FileStat, fstat, lstat_at};

/// Where containerd keeps a directory for each task that runs, by namespace.
const CONTAINERD: &str = "run/containerd/io.containerd.runtime.v2.task";
/// Where runc keeps a directory for each container.
const RUNC: &str = "run/runc";
/// Where systemd-machined keeps a link for each unit of a machine.
const MACHINES: &str = "run/systemd/machines";

/// We read so many bytes of the table of sockets; it can have thousands of lines.
const SOCKETS: usize = 4 << 20;

/// The files of the runtimes below a root directory.
pub struct Evidence {
    root: PathBuf,
    proc: PathBuf,
    /// The sockets that are bound in our network namespace, read when first needed.
    sockets: OnceCell<Vec<u8>>,
}

impl Evidence {
    /// The evidence of the system below `root`, with its proc at `proc`.
    pub fn new(root: &Path, proc: &Path) -> Evidence {
        Evidence { root: root.to_path_buf(), proc: proc.to_path_buf(), sockets: OnceCell::new() }
    }

    /// Whether containerd runs this task.
    pub fn runs_containerd(&self, namespace: &[u8], id: &[u8]) -> bool {
        let found = self.trusted(&[CONTAINERD.as_bytes(), namespace], id);
        found.is_some_and(|(_, stat)| is_of_type(&stat, SFlag::S_IFDIR))
    }

    /// Whether runc runs a container of that name.
    pub fn runs_runc(&self, name: &[u8]) -> bool {
        let found = self.trusted(&[RUNC.as_bytes(), name], b"state.json");
        found.is_some_and(|(_, stat)| is_of_type(&stat, SFlag::S_IFREG))
    }

    /// The machine that systemd-machined knows the unit as.
    pub fn machine_of_unit(&self, unit: &[u8]) -> Option<Vec<u8>> {
        let link = [b"unit:", unit].concat();
        let (directory, stat) = self.trusted(&[MACHINES.as_bytes()], &link)?;
        if !is_of_type(&stat, SFlag::S_IFLNK) {
            return None;
        }
        let name = readlinkat(directory, OsStr::from_bytes(&link)).ok()?;
        Some(name.as_bytes().to_vec()).filter(|name| is_plain(name))
    }

    /// Whether lxc listens for commands to a container of that name.
    pub fn runs_lxc(&self, name: &[u8]) -> bool {
        let sockets =
            self.sockets.get_or_init(|| read_bounded(&self.proc.join("net/unix"), SOCKETS).unwrap_or_default());
        let end = [b" @/var/lib/lxc/", name, b"/command"].concat();
        sockets.split(|byte| *byte == b'\n').any(|line| line.ends_with(&end))
    }

    /// The entry `name` below these directories, with the last of them; `None` if anybody but root or we ourselves
    /// could have put it there.
    fn trusted(&self, directories: &[&[u8]], name: &[u8]) -> Option<(OwnedFd, FileStat)> {
        let mut directory = open_retrying(&self.root, OFlag::O_PATH | OFlag::O_DIRECTORY).ok()?;
        let (first, more) = directories.split_first()?;
        let first = first.split(|byte| *byte == b'/');
        for part in first.chain(more.iter().copied()) {
            let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let path = is_plain(part).then(|| OsStr::from_bytes(part))?;
            directory = openat(&directory, path, flags, Mode::empty()).ok()?;
            fstat(&directory).ok().filter(is_ours)?;
        }
        let path = is_plain(name).then(|| OsStr::from_bytes(name))?;
        let stat = lstat_at(&directory, path).ok().filter(is_ours)?;
        Some((directory, stat))
    }
}

/// Whether it is a single name that leads to no other directory.
fn is_plain(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}

fn is_of_type(stat: &FileStat, wanted: SFlag) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == wanted
}

/// Whether it belongs to root or to us, and nobody else may write to it. The mode of a symbolic link has no meaning.
fn is_ours(stat: &FileStat) -> bool {
    let others = (Mode::S_IWGRP | Mode::S_IWOTH).bits();
    let is_kept = stat.st_mode & others == 0 || is_of_type(stat, SFlag::S_IFLNK);
    (stat.st_uid == 0 || stat.st_uid == geteuid().as_raw()) && is_kept
}
