//! What hints look at: files of /proc and /etc, below a root that a test may make up.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sys::stat::Mode;
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};

use crate::namespace::{Kind, KindSet};
use crate::number::parse_decimal;
use crate::proc::mountinfo::{Mount, is_mounted, mounts};
use crate::proc::status;
use crate::sys::at::for_each_name;
use crate::sys::file::{self, OPEN_FLAGS, open_retrying, out_of_the_way, read_fd_bounded};
use crate::sys::stat::fstat;

/// We read no more than this of a file of /proc.
const LONGEST: usize = 4 << 20;

/// The system as a hint sees it. Its root directory stays the one outside, whatever namespace or root we enter, because
/// files inside may be made to mislead.
pub struct SystemView {
    /// `None` if it could not be opened: then hints see nothing.
    root: Option<OwnedFd>,
    /// Separate descriptors for /proc and /etc: the kernel unmounts everything when a mount namespace ends, and we may
    /// be its last process and leave it.
    proc: Option<OwnedFd>,
    etc: Option<OwnedFd>,
    /// Files as they were before anything was done.
    held: Vec<(&'static str, Vec<u8>)>,
    /// The ids of the mounts that the caller's files were on before anything was done. (We do not keep the files open:
    /// a process that traces us could take a descriptor of a file that it cannot reach itself.)
    places: Vec<(PathBuf, u32)>,
    /// The text of our namespace links before anything was entered.
    namespaces: Vec<(Kind, String)>,
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountPlace {
    /// On this mount of our mount namespace.
    On(Mount),
    /// On none that our mount namespace shows us.
    Elsewhere,
}

/// Our mounts.
pub const MOUNTS: &str = "/proc/self/mountinfo";

impl SystemView {
    /// The system that we run on.
    pub fn of_system() -> SystemView {
        SystemView::below("/")
    }

    /// The system whose /proc and /etc are below `root`.
    pub fn below(root: impl AsRef<Path>) -> SystemView {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        // These stay open while we look up the program.
        let root = open_retrying(root.as_ref(), flags).ok().map(out_of_the_way);
        let inside = |path| open_at(root.as_ref()?, path, flags, ResolveFlag::RESOLVE_IN_ROOT).map(out_of_the_way);
        SystemView {
            proc: inside("proc"),
            etc: inside("etc"),
            root,
            held: Vec::new(),
            places: Vec::new(),
            namespaces: Vec::new(),
        }
    }

    /// Whether /proc shows our own PID namespace. Ask before a fork into another.
    pub fn shows_our_pids(&self) -> bool {
        match self.link("/proc/self") {
            Some(shown) => shown == std::process::id().to_string(),
            // A proc of a PID namespace that we are not in has no PID for us.
            None => !self.is_of_proc("/proc"),
        }
    }

    /// Keeps the names of our own namespaces of these kinds, for hints from inside others. Keeps none if /proc shows
    /// another PID namespace.
    pub fn holding_namespaces(self, kinds: KindSet) -> SystemView {
        let kinds = if kinds.is_empty() || self.shows_our_pids() { kinds } else { KindSet::EMPTY };
        let held = kinds.iter().filter_map(|kind| Some((kind, self.link(&format!("/proc/self/ns/{kind}"))?)));
        let namespaces = held.collect();
        SystemView { namespaces, ..self }
    }

    /// The kept name of our own namespace of this kind, `net:[4026531840]`.
    pub fn held_namespace(&self, kind: Kind) -> Option<String> {
        let held = self.namespaces.iter().find(|(held, _)| *held == kind);
        held.map(|(_, link)| link.clone())
    }

    /// Keeps the text of these files: our mounts, id maps and rights, which /proc shows differently once we are in
    /// another namespace. (An open mountinfo would keep our present mount namespace alive.)
    pub fn holding(mut self, paths: &[&'static str]) -> SystemView {
        for path in paths {
            if let Some(bytes) = self.bytes(path) {
                self.held.push((path, bytes));
            }
        }
        self
    }

    /// Keeps where the caller's `path` leads now, for [`SystemView::place_of`].
    pub fn holding_place_of(mut self, path: &Path) -> SystemView {
        let by_statx = file::place(path).ok().and_then(|(.., mount)| u32::try_from(mount).ok());
        // 0 is what a kernel before 5.8 leaves there.
        let mount = by_statx.filter(|mount| *mount != 0).or_else(|| {
            let opened = open_retrying(path, OFlag::O_PATH).ok()?;
            let info = self.text(&format!("/proc/self/fdinfo/{}", opened.as_raw_fd()))?;
            // A file in fdinfo has the same form as a status file.
            parse_decimal(status::field(info.as_bytes(), "mnt_id")?)
        });
        self.places.extend(mount.map(|mount| (path.to_path_buf(), mount)));
        self
    }

    /// Opens `path`. No link in it leads out of the root, not even a magic link of /proc.
    fn open(&self, path: &str, flags: OFlag) -> Option<OwnedFd> {
        let path = path.trim_start_matches('/');
        let below = |name: &str| match path.strip_prefix(name)? {
            "" => Some("."),
            rest => rest.strip_prefix('/'),
        };
        if let Some(path) = below("proc") {
            return open_at(self.proc.as_ref()?, path, flags, ResolveFlag::RESOLVE_BENEATH);
        }
        let held = below("etc").zip(self.etc.as_ref());
        let file = held.and_then(|(path, etc)| open_at(etc, path, flags, ResolveFlag::RESOLVE_BENEATH));
        // A link of /etc may well lead elsewhere.
        file.or_else(|| open_at(self.root.as_ref()?, path, flags, ResolveFlag::RESOLVE_IN_ROOT))
    }

    /// Opens `path`, whose last name may be a magic link of /proc: a namespace, or a directory of a process.
    pub fn follow(&self, path: &str, flags: OFlag) -> Option<OwnedFd> {
        let Some((directory, name)) = path.rsplit_once('/').filter(|(_, name)| !name.is_empty()) else {
            return self.open(path, flags);
        };
        let directory = self.open(directory, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
        openat(directory, name, flags | OPEN_FLAGS, Mode::empty()).ok()
    }

    /// The bytes of a file, the kept ones if we kept some; `None` if it cannot be read.
    pub fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        self.held(path).map(<[u8]>::to_vec).or_else(|| self.bytes_now(path))
    }

    /// The kept bytes of a file; `None` if we kept none.
    pub fn held(&self, path: &str) -> Option<&[u8]> {
        self.held.iter().find(|(held, _)| *held == path).map(|(_, bytes)| &**bytes)
    }

    /// The present bytes of a file; `None` if it cannot be read.
    pub fn bytes_now(&self, path: &str) -> Option<Vec<u8>> {
        read_fd_bounded(self.open(path, OFlag::O_RDONLY)?, LONGEST).ok()
    }

    /// The file's text without the white space at its end; `None` if it cannot be read.
    pub fn text(&self, path: &str) -> Option<String> {
        let text = self.bytes(path)?;
        Some(String::from_utf8_lossy(&text).trim_end().to_string())
    }

    /// The number in a file; `None` if it cannot be read or holds no number.
    pub fn number(&self, path: &str) -> Option<u64> {
        parse_decimal(self.text(path)?.as_bytes())
    }

    /// Whether the file exists, if only as a dangling link.
    pub fn exists(&self, path: &str) -> bool {
        self.open(path, OFlag::O_PATH | OFlag::O_NOFOLLOW).is_some()
    }

    /// Whether what is at `path` is of proc.
    pub fn is_of_proc(&self, path: &str) -> bool {
        let file = self.open(path, OFlag::O_PATH);
        file.is_some_and(|file| fstatfs(file).is_ok_and(|statfs| statfs.filesystem_type() == PROC_SUPER_MAGIC))
    }

    /// The names in a directory that are numbers; empty if it cannot be read.
    pub fn numbers(&self, path: &str) -> Vec<i32> {
        let mut numbers = Vec::new();
        if let Some(directory) = self.open(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY) {
            // Names read before an error are good.
            let _ =
                for_each_name(directory, &mut [0; 4096], |name| numbers.extend(parse_decimal::<i32>(name.to_bytes())));
        }
        numbers
    }

    /// The text of a link, for a namespace `net:[4026531840]`; `None` if it cannot be read.
    pub fn link(&self, path: &str) -> Option<String> {
        let link = self.open(path, OFlag::O_PATH | OFlag::O_NOFOLLOW)?;
        let link = readlinkat(link, "").ok()?;
        Some(link.to_string_lossy().into_owned())
    }

    /// Whether two paths lead to different directories; `None` if we cannot see that.
    pub fn differ(&self, one: &str, other: &str) -> Option<bool> {
        let identity = |path| {
            let stat = fstat(self.follow(path, OFlag::O_PATH)?).ok()?;
            Some((stat.st_dev, stat.st_ino))
        };
        Some(identity(one)? != identity(other)?)
    }

    /// The value of a field of /proc/self/status.
    pub fn status(&self, field: &str) -> Option<String> {
        let status = self.text("/proc/self/status")?;
        let value = status::field(status.as_bytes(), field)?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// Whether the kernel is known to be older than this version.
    pub fn is_older_than(&self, version: (u32, u32)) -> bool {
        let release = self.text("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut numbers = release.split(|character: char| !character.is_ascii_digit()).map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < version,
            _ => false,
        }
    }

    /// Whether this process has the capability; `None` if we cannot see that.
    pub fn has_capability(&self, capability: u32) -> Option<bool> {
        let effective = u64::from_str_radix(&self.status("CapEff")?, 16).ok()?;
        Some(effective & 1 << capability != 0)
    }

    /// Our mounts, the kept ones if we kept them; empty if we cannot see them.
    pub fn mounts(&self) -> Vec<Mount> {
        mounts(&self.bytes(MOUNTS).unwrap_or_default()).collect()
    }

    /// Where the caller's `path`, which we have kept, leads through all its links; `None` if we cannot see that.
    pub fn place_of(&self, path: &Path) -> Option<MountPlace> {
        let (_, id) = self.places.iter().find(|(held, _)| held == path)?;
        let mounts = self.mounts();
        // In a chroot whose root is not a mount point, mountinfo does not even show the mount that this file is on.
        let all_seen = is_mounted(&mounts, "/");
        let found = mounts.into_iter().find(|mount| mount.id == *id).map(MountPlace::On);
        found.or(all_seen.then_some(MountPlace::Elsewhere))
    }
}

/// Opens `path` from `directory`. `resolve` says whether it may leave the directory or follow magic links of /proc. If
/// the kernel (before 5.6) or a seccomp filter does not know openat2(2), absolute links start at our own root.
fn open_at(directory: &OwnedFd, path: &str, flags: OFlag, resolve: ResolveFlag) -> Option<OwnedFd> {
    let path = if path.is_empty() { "." } else { path };
    // openat2(2) refuses flags that mean nothing.
    let flags = match flags.contains(OFlag::O_PATH) {
        true => flags | OFlag::O_CLOEXEC,
        false => flags | OPEN_FLAGS,
    };
    let how = OpenHow::new().flags(flags).resolve(resolve | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    match openat2(directory, path, how) {
        Err(Errno::ENOSYS | Errno::EPERM) => openat(directory, path, flags, Mode::empty()).ok(),
        result => result.ok(),
    }
}

#[cfg(test)]
mod tests;
