//! What hints look at: files of /proc and /etc, below a root that a test may make up.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sys::stat::{Mode, fstat};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};

use crate::digits::digits;
use crate::mountinfo::{Mount, is_mounted, mounts};
use crate::namespace::{Kind, KindSet};
use crate::sys::at::for_each_name;
use crate::sys::file::{OPEN_FLAGS, open_retrying, read_fd_bounded};

/// A file of /proc that is longer than this is looked at no further.
const LONGEST: usize = 4 << 20;

/// The system as a hint sees it, from a root directory that stays the same whatever namespace or root is entered: what is
/// inside may be made to mislead.
pub struct View {
    /// `None` where it could not be opened: then there is nothing to see.
    root: Option<OwnedFd>,
    /// The mount table as it was before anything was done. (Its open file would keep the mount namespace of then.)
    mounts: Option<Vec<u8>>,
    /// What the links of our own namespaces held before anything was entered.
    namespaces: Vec<(Kind, String)>,
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this mount of our mount namespace.
    On(Mount),
    /// On none that our mount namespace shows us.
    Elsewhere,
}

/// Our mounts.
const MOUNTS: &str = "/proc/self/mountinfo";

impl View {
    /// The system that we run on.
    pub fn of_system() -> View {
        View::below("/")
    }

    /// The system whose /proc and /etc are below `root`.
    pub fn below(root: impl AsRef<Path>) -> View {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        View { root: open_retrying(root.as_ref(), flags).ok(), mounts: None, namespaces: Vec::new() }
    }

    /// Holds on to our mounts as they are here, for a look from another root directory or mount namespace: from there,
    /// /proc/self/mountinfo would tell of no others than those of its own.
    pub fn holding_mounts(self) -> View {
        let mounts = self.bytes(MOUNTS);
        View { mounts, ..self }
    }

    /// Whether the numbers that /proc shows are those of our own PID namespace. It must be asked before a fork into
    /// another.
    pub fn shows_our_pids(&self) -> bool {
        match self.link("/proc/self") {
            Some(shown) => shown == std::process::id().to_string(),
            // In a PID namespace that we are not in, proc has no number for us.
            None => !self.is_of_proc("/proc"),
        }
    }

    /// Holds on to what our own namespaces of these kinds are called, for a look from inside others; to none where /proc
    /// would tell of other processes than the ones that we call so.
    pub fn holding_namespaces(self, kinds: KindSet) -> View {
        let kinds = if kinds.is_empty() || self.shows_our_pids() { kinds } else { KindSet::EMPTY };
        let held = kinds.iter().filter_map(|kind| Some((kind, self.link(&format!("/proc/self/ns/{kind}"))?)));
        let namespaces = held.collect();
        View { namespaces, ..self }
    }

    /// What our own namespace of this kind was called, `net:[4026531840]`, where it was held on to.
    pub fn held_namespace(&self, kind: Kind) -> Option<String> {
        let held = self.namespaces.iter().find(|(held, _)| *held == kind);
        held.map(|(_, link)| link.clone())
    }

    /// Opens what is at `path` below the root; no link on the way, a magic one of /proc included, leads out of it. A kernel
    /// before 5.6, or a seccomp filter, may not know how: there an absolute link is one from our own root.
    fn open(&self, path: &str, flags: OFlag) -> Option<OwnedFd> {
        let (root, path) = (self.root.as_ref()?, relative(path));
        // openat2(2) refuses flags that mean nothing.
        let flags = match flags.contains(OFlag::O_PATH) {
            true => flags | OFlag::O_CLOEXEC,
            false => flags | OPEN_FLAGS,
        };
        let below = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        match openat2(root, path, OpenHow::new().flags(flags).resolve(below)) {
            Err(Errno::ENOSYS | Errno::EPERM) => openat(root, path, flags, Mode::empty()).ok(),
            result => result.ok(),
        }
    }

    /// Opens what the last name of `path` leads to: a namespace, or a directory of a process, by a magic link of /proc.
    pub fn follow(&self, path: &str, flags: OFlag) -> Option<OwnedFd> {
        let Some((directory, name)) = path.rsplit_once('/').filter(|(_, name)| !name.is_empty()) else {
            return self.open(path, flags);
        };
        let directory = self.open(directory, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
        openat(directory, name, flags | OPEN_FLAGS, Mode::empty()).ok()
    }

    /// The bytes of a file; `None` if it cannot be read.
    pub fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        read_fd_bounded(self.open(path, OFlag::O_RDONLY)?, LONGEST).ok()
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
        self.open(path, OFlag::O_PATH | OFlag::O_NOFOLLOW).is_some()
    }

    /// Whether what is at `path` is of proc.
    pub fn is_of_proc(&self, path: &str) -> bool {
        let file = self.open(path, OFlag::O_PATH);
        file.is_some_and(|file| fstatfs(file).is_ok_and(|statfs| statfs.filesystem_type() == PROC_SUPER_MAGIC))
    }

    /// The numbers among the names in a directory; none if it cannot be read.
    pub fn numbers(&self, path: &str) -> Vec<i32> {
        let mut numbers = Vec::new();
        if let Some(directory) = self.open(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY) {
            // What has been read so far is good, whatever comes after.
            let _ = for_each_name(directory, &mut [0; 4096], |name| numbers.extend(digits::<i32>(name.to_bytes())));
        }
        numbers
    }

    /// What a link holds: of a namespace `net:[4026531840]`; `None` if it cannot be read.
    pub fn link(&self, path: &str) -> Option<String> {
        let link = self.open(path, OFlag::O_PATH | OFlag::O_NOFOLLOW)?;
        let link = readlinkat(link, "").ok()?;
        Some(link.to_string_lossy().into_owned())
    }

    /// Whether two paths lead to different directories; `None` if that cannot be seen.
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
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(name, _)| *name == field)?;
        Some(value.trim().to_string())
    }

    /// Whether this process has the capability; `None` if that cannot be seen.
    pub fn has_capability(&self, capability: u32) -> Option<bool> {
        let effective = u64::from_str_radix(&self.status("CapEff")?, 16).ok()?;
        Some(effective & 1 << capability != 0)
    }

    /// Our mounts, those that were held on to if some were; none if they cannot be seen.
    pub fn mounts(&self) -> Vec<Mount> {
        match &self.mounts {
            Some(held) => mounts(held).collect(),
            None => mounts(&self.bytes(MOUNTS).unwrap_or_default()).collect(),
        }
    }

    /// Where our caller's `path` leads, of whatever links it is made; `None` if that cannot be seen. It must be asked
    /// before our root directory changes.
    pub fn place_of(&self, path: &Path) -> Option<Place> {
        let file = if path.is_absolute() {
            let path = path.strip_prefix("/").unwrap_or(path);
            let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
            openat(self.root.as_ref()?, path, flags, Mode::empty()).ok()?
        } else {
            open_retrying(path, OFlag::O_PATH).ok()?
        };
        let info = self.text(&format!("/proc/self/fdinfo/{}", file.as_raw_fd()))?;
        let mut ids = info.lines().filter_map(|line| line.strip_prefix("mnt_id:"));
        let id: u32 = digits(ids.next()?.trim().as_bytes())?;
        // Our working directory has come along into a new mount namespace, on other mounts than those that were held.
        let now = || mounts(&self.bytes(MOUNTS).unwrap_or_default()).collect();
        let tables: [Vec<Mount>; 2] = [self.mounts(), now()];
        // In a chroot whose root is no mount point, not even the mount that this is on is seen.
        let all_seen = tables.iter().all(|table| is_mounted(table, "/"));
        let mut all = tables.into_iter().flatten();
        let found = all.find(|mount| mount.id == id).map(Place::On);
        found.or(all_seen.then_some(Place::Elsewhere))
    }
}

fn relative(path: &str) -> &str {
    match path.trim_start_matches('/') {
        "" => ".",
        relative => relative,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    /// A directory, removed when dropped, with `inside`, the root of a view, and `outside` beside it.
    struct Made(PathBuf);

    impl Made {
        fn new(name: &str) -> Made {
            let path = std::env::temp_dir().join(format!("nskit-view-{name}-{}", std::process::id()));
            std::fs::create_dir_all(path.join("inside/dir")).unwrap();
            std::fs::create_dir(path.join("outside")).unwrap();
            std::fs::write(path.join("inside/text"), "inside\n").unwrap();
            std::fs::write(path.join("text"), "outside\n").unwrap();
            Made(path)
        }

        fn view(&self) -> View {
            View::below(self.0.join("inside"))
        }

        fn link(&self, to: &str, at: &str) {
            symlink(to, self.0.join("inside").join(at)).unwrap();
        }
    }

    impl Drop for Made {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn links_do_not_lead_out_of_the_root() {
        let made = Made::new("links");
        let view = made.view();
        let outside = made.0.join("text");
        made.link("/text", "absolute");
        made.link("../text", "relative");
        made.link("/", "dir/root");
        made.link("..", "dir/up");
        made.link(outside.to_str().unwrap(), "out");
        for path in ["/text", "/absolute", "/relative", "/dir/root/text", "/dir/up/text"] {
            assert_eq!(view.text(path).as_deref(), Some("inside"), "{path}");
        }
        assert_eq!(view.text("/../../text").as_deref(), Some("inside"));
        assert_eq!(view.text("/out"), None);
        // What a link holds is told, wherever it leads.
        assert_eq!(view.link("/absolute").as_deref(), Some("/text"));
        assert!(view.exists("/out") && !view.exists("/none"));
    }

    #[test]
    fn magic_links_are_followed_only_where_they_are_what_is_asked_for() {
        let made = Made::new("magic");
        let root = std::fs::File::open(made.0.join("outside")).unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&root);
        std::fs::write(made.0.join("outside/text"), "outside\n").unwrap();
        let system = View::of_system();
        assert_eq!(system.text(&format!("/proc/self/fd/{number}/text")), None);
        let link = system.link("/proc/self/ns/user").unwrap();
        assert!(link.starts_with("user:["), "{link}");
        assert!(system.follow("/proc/self/ns/user", OFlag::O_RDONLY).is_some());
        assert_eq!(system.differ("/proc/self/root", "/"), Some(false));
        let elsewhere = format!("/proc/self/fd/{number}");
        assert_eq!(system.differ("/proc/self/root", &elsewhere), Some(true));
        assert_eq!(system.differ("/proc/self/root", "/no/such"), None);
    }

    #[test]
    fn a_file_is_on_the_mount_that_the_kernel_says() {
        let made = Made::new("place");
        let system = View::of_system().holding_mounts();
        let Some(Place::On(proc)) = system.place_of(Path::new("/proc/self/status")) else {
            panic!("/proc is on no mount of ours")
        };
        assert_eq!((proc.fstype.to_str(), proc.mount_point), (Some("proc"), "/proc".into()));
        // A file behind a magic link is on the mount that it is on.
        let root = std::fs::File::open(&made.0).unwrap();
        let behind = format!("/proc/self/fd/{}/text", AsRawFd::as_raw_fd(&root));
        let direct = system.place_of(&made.0.join("text"));
        assert!(matches!(direct, Some(Place::On(_))), "{direct:?}");
        assert_eq!(system.place_of(Path::new(&behind)), direct);
        // An anonymous pipe is on no mount of any mount namespace.
        let (pipe, _) = nix::unistd::pipe().unwrap();
        let pipe = format!("/proc/self/fd/{}", pipe.as_raw_fd());
        assert_eq!(system.place_of(Path::new(&pipe)), Some(Place::Elsewhere));
        assert_eq!(system.place_of(Path::new("/no/such")), None);
        assert_eq!(made.view().place_of(Path::new("/text")), None);
    }

    #[test]
    fn a_pipe_is_not_waited_for_and_a_long_file_not_read_to_its_end() {
        let made = Made::new("pipe");
        nix::unistd::mkfifo(&made.0.join("inside/pipe"), Mode::S_IRWXU).unwrap();
        assert_eq!(made.view().text("/pipe").as_deref(), Some(""));
        let long = std::fs::File::create(made.0.join("inside/long")).unwrap();
        long.set_len(LONGEST as u64 * 100).unwrap();
        assert_eq!(made.view().bytes("/long").unwrap().len(), LONGEST);
    }
}
