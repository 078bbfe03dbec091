//! Files that only root or we ourselves can have put where they are. What else there is, somebody may have made up to lead
//! root into a process of theirs.

use std::ffi::OsStr;
use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::{Mode, SFlag};
use nix::unistd::geteuid;

use crate::error::Shown;
use crate::sys;
use crate::sys::at::for_each_entry;
use crate::sys::file::{OPEN_FLAGS, open_retrying, read_fd_bounded};
use crate::sys::stat::{FileStat, fstat, is_of_type, lstat_at};

/// We read the names of at most so many entries of a directory.
const MOST_ENTRIES: usize = 16_384;

/// Why a file does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The kernel does not let us have it; ENOENT: it is not there.
    Errno(Errno),
    /// Somebody other than root and us owns it, or may write to it.
    NotOurs,
    /// It is a link, a pipe or something else that does not belong there.
    WrongType,
    /// It is longer than it can be.
    TooLong,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Errno(errno) => write!(f, "{}", sys::error_text(*errno)),
            Refusal::NotOurs => write!(f, "others than root may change it"),
            Refusal::WrongType => write!(f, "it is no regular file or directory"),
            Refusal::TooLong => write!(f, "it is too long"),
        }
    }
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Refusal {
        match errno {
            // A link, where O_NOFOLLOW is given; something else than a directory, where O_DIRECTORY is.
            Errno::ELOOP | Errno::ENOTDIR => Refusal::WrongType,
            errno => Refusal::Errno(errno),
        }
    }
}

/// A file that does not count, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The file or directory.
    pub path: PathBuf,
    /// Why.
    pub why: Refusal,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.shown(), self.why)
    }
}

/// A directory that, as each one above it, belongs to root or to us, and that nobody else may write to.
#[derive(Debug)]
pub struct TrustedDirectory {
    fd: OwnedFd,
    path: PathBuf,
}

impl TrustedDirectory {
    /// The directory `path` below `root`. No link on the way is followed.
    pub fn open(root: &Path, path: impl AsRef<Path>) -> Result<TrustedDirectory, Refused> {
        let fd = open_retrying(root, OFlag::O_PATH | OFlag::O_DIRECTORY);
        let fd = fd.map_err(|errno| Refused { path: root.to_path_buf(), why: errno.into() })?;
        let start = TrustedDirectory { fd, path: root.to_path_buf() }.checked()?;
        path.as_ref().iter().try_fold(start, |directory, part| directory.below(part.as_bytes()))
    }

    /// The directory of this name in it.
    pub fn below(&self, name: &[u8]) -> Result<TrustedDirectory, Refused> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
        let fd = self.open_entry(name, flags)?;
        TrustedDirectory { fd, path: self.path.join(OsStr::from_bytes(name)) }.checked()
    }

    fn checked(self) -> Result<TrustedDirectory, Refused> {
        match fstat(&self.fd) {
            Ok(stat) if is_ours(&stat) => Ok(self),
            Ok(_) => Err(Refused { path: self.path, why: Refusal::NotOurs }),
            Err(errno) => Err(Refused { path: self.path, why: errno.into() }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the entry `name` is, if it counts. It may be a link.
    pub fn stat(&self, name: &[u8]) -> Result<FileStat, Refused> {
        let path = self.plain(name)?;
        let stat = lstat_at(&self.fd, path).map_err(|errno| self.refused(name, errno))?;
        if is_ours(&stat) { Ok(stat) } else { Err(self.refused(name, Refusal::NotOurs)) }
    }

    /// Whether a directory of this name is in it that counts.
    pub fn has_directory(&self, name: &[u8]) -> bool {
        self.stat(name).is_ok_and(|stat| is_of_type(&stat, SFlag::S_IFDIR))
    }

    /// Whether a regular file of this name is in it that counts.
    pub fn has_file(&self, name: &[u8]) -> bool {
        self.stat(name).is_ok_and(|stat| is_of_type(&stat, SFlag::S_IFREG))
    }

    /// Where the link `name` leads, which must be the name of an entry beside it.
    pub fn name_in_link(&self, name: &[u8]) -> Result<Vec<u8>, Refused> {
        if !is_of_type(&self.stat(name)?, SFlag::S_IFLNK) {
            return Err(self.refused(name, Refusal::WrongType));
        }
        let target = readlinkat(&self.fd, self.plain(name)?).map_err(|errno| self.refused(name, errno))?;
        match is_plain(target.as_bytes()) {
            true => Ok(target.as_bytes().to_vec()),
            false => Err(self.refused(name, Refusal::WrongType)),
        }
    }

    /// The content of the regular file `name`, which must not be longer than `longest` bytes. Nobody is waited for: where a
    /// pipe has been put in place of the file, it is refused.
    pub fn read(&self, name: &[u8], longest: usize) -> Result<Vec<u8>, Refused> {
        let file = self.open_entry(name, OFlag::O_RDONLY | OFlag::O_NOFOLLOW)?;
        let stat = fstat(&file).map_err(|errno| self.refused(name, errno))?;
        if !is_of_type(&stat, SFlag::S_IFREG) {
            return Err(self.refused(name, Refusal::WrongType));
        }
        if !is_ours(&stat) {
            return Err(self.refused(name, Refusal::NotOurs));
        }
        let bytes = read_fd_bounded(&file, longest + 1).map_err(|errno| self.refused(name, errno))?;
        if bytes.len() > longest { Err(self.refused(name, Refusal::TooLong)) } else { Ok(bytes) }
    }

    /// The names of its entries, sorted.
    pub fn names(&self) -> Result<Vec<Vec<u8>>, Refused> {
        let refused = |errno: Errno| Refused { path: self.path.clone(), why: errno.into() };
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OPEN_FLAGS;
        let directory = openat(&self.fd, ".", flags, Mode::empty()).map_err(refused)?;
        names_in(&directory, Entries::All).map_err(refused)
    }

    fn open_entry(&self, name: &[u8], flags: OFlag) -> Result<OwnedFd, Refused> {
        let path = self.plain(name)?;
        openat(&self.fd, path, flags | OPEN_FLAGS, Mode::empty()).map_err(|errno| self.refused(name, errno))
    }

    /// A name that leads to no other directory.
    fn plain<'n>(&self, name: &'n [u8]) -> Result<&'n OsStr, Refused> {
        match is_plain(name) {
            true => Ok(OsStr::from_bytes(name)),
            false => Err(self.refused(name, Errno::ENOENT)),
        }
    }

    fn refused(&self, name: &[u8], why: impl Into<Refusal>) -> Refused {
        Refused { path: self.path.join(OsStr::from_bytes(name)), why: why.into() }
    }
}

/// Which entries of a directory are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// All.
    All,
    /// Those that may be directories.
    Directories,
}

/// The names in an open directory, without `.` and `..`, sorted; at most 16,384.
pub fn names_in(directory: impl AsFd, entries: Entries) -> nix::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for_each_entry(directory, &mut [0; 32 * 1024], |name, may_be_directory| {
        let name = name.to_bytes();
        if is_plain(name) && (may_be_directory || entries == Entries::All) && names.len() < MOST_ENTRIES {
            names.push(name.to_vec());
        }
    })?;
    names.sort();
    Ok(names)
}

/// Whether it is a single name that leads to no other directory.
pub fn is_plain(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}

/// Whether it belongs to root or to us, and nobody else may write to it. The mode of a symbolic link has no meaning.
pub fn is_ours(stat: &FileStat) -> bool {
    let others = (Mode::S_IWGRP | Mode::S_IWOTH).bits();
    let is_kept = stat.st_mode & others == 0 || is_of_type(stat, SFlag::S_IFLNK);
    (stat.st_uid == 0 || stat.st_uid == geteuid().as_raw()) && is_kept
}
