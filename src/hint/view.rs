//! What hints look at: files of /proc and /etc, below a root that a test may make up.

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, fstatat};

use crate::digits::digits;
use crate::mountinfo::{Mount, mounts};
use crate::sys::file::{open_retrying, read_fd_bounded};

/// A file of /proc that is longer than this is looked at no further.
const LONGEST: usize = 4 << 20;

/// The system as a hint sees it, from a root directory that stays the same whatever namespace or root is entered: what is
/// inside may be made to mislead.
pub struct View {
    /// `None` where it could not be opened: then there is nothing to see.
    root: Option<OwnedFd>,
}

impl View {
    /// The system that we run on.
    pub fn of_system() -> View {
        View::below("/")
    }

    /// The system whose /proc and /etc are below `root`.
    pub fn below(root: impl AsRef<Path>) -> View {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        View {
            root: open_retrying(root.as_ref(), flags).ok(),
        }
    }

    /// Opens a file for reading; `None` if it cannot be opened. Neither is a pipe waited for, nor a terminal taken.
    pub fn open(&self, path: &str) -> Option<OwnedFd> {
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        openat(self.root.as_ref()?, relative(path), flags, Mode::empty()).ok()
    }

    fn stat(&self, path: &str, flags: AtFlags) -> Option<FileStat> {
        fstatat(self.root.as_ref()?, relative(path), flags).ok()
    }

    /// The bytes of a file; `None` if it cannot be read.
    fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        read_fd_bounded(self.open(path)?, LONGEST).ok()
    }

    /// The file's text without the white space at its end; `None` if it cannot be read.
    pub fn text(&self, path: &str) -> Option<String> {
        let text = self.bytes(path)?;
        Some(String::from_utf8_lossy(&text).trim_end().to_string())
    }

    /// The file's number; `None` if it cannot be read or holds none.
    pub fn number(&self, path: &str) -> Option<u64> {
        digits(self.text(path)?.as_bytes())
    }

    /// Whether there is such a file, a dangling link included.
    pub fn exists(&self, path: &str) -> bool {
        self.stat(path, AtFlags::AT_SYMLINK_NOFOLLOW).is_some()
    }

    /// What a link holds: of a namespace `net:[4026531840]`; `None` if it cannot be read.
    pub fn link(&self, path: &str) -> Option<String> {
        let link = readlinkat(self.root.as_ref()?, relative(path)).ok()?;
        Some(link.to_string_lossy().into_owned())
    }

    /// Whether two paths are known to lead to different files.
    pub fn differ(&self, one: &str, other: &str) -> bool {
        let identity = |path| {
            let stat = self.stat(path, AtFlags::empty())?;
            Some((stat.st_dev, stat.st_ino))
        };
        matches!((identity(one), identity(other)), (Some(one), Some(other)) if one != other)
    }

    /// The value of a field of /proc/self/status.
    pub fn status(&self, field: &str) -> Option<String> {
        let status = self.text("/proc/self/status")?;
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(name, _)| *name == field)?;
        Some(value.trim().to_string())
    }

    /// Whether this process has the capability; `None` if that cannot be seen.
    pub fn has_capability(&self, capability: u32) -> Option<bool> {
        let effective = u64::from_str_radix(&self.status("CapEff")?, 16).ok()?;
        Some(effective & 1 << capability != 0)
    }

    /// Our mounts; none if they cannot be seen.
    pub fn mounts(&self) -> Vec<Mount> {
        let text = self.bytes("/proc/self/mountinfo").unwrap_or_default();
        mounts(&text).collect()
    }

    /// The mount that `path`, which must be absolute and without links, is on.
    pub fn mount_of(&self, path: &Path) -> Option<Mount> {
        // Of several at the same place, the last one covers the others.
        let above = self.mounts().into_iter();
        above
            .filter(|mount| path.starts_with(&mount.mount_point))
            .max_by_key(|mount| mount.mount_point.components().count())
    }
}

fn relative(path: &str) -> &str {
    match path.trim_start_matches('/') {
        "" => ".",
        relative => relative,
    }
}
