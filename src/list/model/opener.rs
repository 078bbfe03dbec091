//! Opens a namespace through one of its holders, and makes sure that it is the one that was meant.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::mount_ns_probe::MountNsProbe;
use super::snapshot::{SeenHolder, Snapshot};
use crate::error::{Attempt, Failure, ResultExt};
use crate::namespace::{Kind, NamespaceId};
use crate::proc::link::{Inode, inode};
use crate::sys::nsfs::HandleFacts;
use crate::sys::stat::{fstat, stat};
use crate::sys::{file, mount_tree, nsfs, pidfd};

/// A namespace may be held by another, which must be opened first, and so on. In the kernel, such a chain always ends.
/// A snapshot of a changing system can contain a circle.
const LONGEST_WAY: usize = 64;

/// Opens namespaces through files of /proc.
pub struct Opener {
    proc: OwnedFd,
    /// Our own directory, relative to that.
    own: PathBuf,
    /// The device of nsfs; `None` if we cannot see our own namespace files.
    device: Option<u64>,
}

impl Opener {
    /// An opener for the /proc at `root`. Errors: it cannot be opened.
    pub fn new(root: &Path) -> Result<Opener, Failure> {
        Ok(Opener {
            proc: file::open_retrying(root, OFlag::O_PATH | OFlag::O_DIRECTORY)
                .attempt(|| Attempt::Open(root.to_path_buf()))?,
            own: match file::own_directory(root) {
                own if own == root.join("self") => "self".into(),
                own => own,
            },
            device: stat(&file::own_directory(root).join("ns/mnt")).ok().map(|stat| stat.st_dev),
        })
    }

    /// Our own namespace of that kind.
    pub fn own(&self, kind: Kind) -> Option<Inode> {
        inode_of(self.below_proc(&self.own.join(format!("ns/{kind}"))).ok()?)
    }

    /// Opens the namespace through the first of its holders that leads to it; `None` if none does: it is gone, or we
    /// may not open it.
    pub fn open(&self, snapshot: &Snapshot, inode: Inode) -> Option<OwnedFd> {
        self.open_within(snapshot, inode, LONGEST_WAY)
    }

    /// As [`Opener::open`], through a chain of at most `steps` other namespaces.
    fn open_within(&self, snapshot: &Snapshot, inode: Inode, steps: usize) -> Option<OwnedFd> {
        let namespace = snapshot.namespaces.get(&inode)?;
        let leader = snapshot.leader(inode);
        let by_leader = || self.of_process(leader?.pid, namespace.kind, inode);
        let by_holder = || {
            let mut holders = namespace.holders.iter();
            holders.find_map(|holder| self.by_holder(snapshot, (namespace.kind, inode), holder, steps.checked_sub(1)?))
        };
        let by_id = || {
            let facts = HandleFacts { kind: namespace.kind, ino: inode.get() };
            let file = nsfs::open_by_id(namespace.id?, Some(facts)).ok()?;
            self.is_of(&file, inode).then_some(file)
        };
        // Holders come last: a mount is opened by its path, and the file system of that path may not answer.
        by_leader().or_else(by_id).or_else(by_holder)
    }

    /// The namespace of that kind of process `pid`, if it is `inode`.
    pub fn of_process(&self, pid: i32, kind: Kind, inode: Inode) -> Option<OwnedFd> {
        self.namespace_file(format!("{pid}/ns/{kind}"), inode)
    }

    fn by_holder(
        &self,
        snapshot: &Snapshot,
        (kind, inode): (Kind, Inode),
        holder: &SeenHolder,
        steps: usize,
    ) -> Option<OwnedFd> {
        match holder {
            SeenHolder::Thread { pid, tid } => self.namespace_file(format!("{pid}/task/{tid}/ns/{kind}"), inode),
            SeenHolder::Children { pid, tid } => {
                let name = kind.name_for_children();
                self.namespace_file(format!("{pid}/task/{}/ns/{name}", tid.unwrap_or(*pid)), inode)
            }
            SeenHolder::Descriptor(fd) => self.checked(&fd.path(), inode),
            SeenHolder::Mount(path) => self.checked(path, inode),
            SeenHolder::MountElsewhere { path, namespace, witness } => {
                let leader = snapshot.leader(*namespace).map(|process| process.pid);
                let by_member = || {
                    let mut members = [*witness, leader].into_iter().flatten();
                    members.find_map(|pid| self.below_root_of(pid, path, inode))
                };
                // The namespace has no member, or its members are in a chroot.
                let by_probe = || {
                    let probe = MountNsProbe::send(self.open_within(snapshot, *namespace, steps)?)?;
                    self.below(Path::new(&format!("/proc/{}/root", probe.pid_in_proc())), path, inode)
                };
                by_member().or_else(by_probe)
            }
            SeenHolder::Socket(fd) | SeenHolder::Tap(fd) => {
                let copy = pidfd::get_fd(fd.open_holder().ok()?, fd.fd).ok()?;
                nsfs::of_socket(copy).ok().filter(|fd| self.is_of(fd, inode))
            }
            SeenHolder::Namespace(child) => {
                let child = self.open_within(snapshot, *child, steps)?;
                [nsfs::owner(&child), nsfs::parent(&child)].into_iter().flatten().find(|fd| self.is_of(fd, inode))
            }
        }
    }

    /// A path below the root directory of a process.
    fn below_root_of(&self, pid: i32, path: &Path, inode: Inode) -> Option<OwnedFd> {
        self.below(Path::new(&format!("{pid}/root")), path, inode)
    }

    fn below(&self, root: &Path, path: &Path, inode: Inode) -> Option<OwnedFd> {
        self.checked(&root.join(path.strip_prefix("/").unwrap_or(path)), inode)
    }

    /// Opens a namespace file of /proc. Opening one has no other effect.
    fn namespace_file(&self, path: impl AsRef<Path>, inode: Inode) -> Option<OwnedFd> {
        self.below_proc(path.as_ref()).ok().filter(|fd| self.is_of(fd, inode))
    }

    /// Opens a path that may lead to another file by now. Opening a FIFO could block, and opening a device could act.
    /// So we resolve the path with O_PATH, check what it led to, and open that.
    fn checked(&self, path: &Path, inode: Inode) -> Option<OwnedFd> {
        let found = openat(&self.proc, path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
            .ok()
            .filter(|fd| self.is_of(fd, inode))?;
        self.namespace_file(self.own.join(format!("fd/{}", found.as_raw_fd())), inode)
    }

    fn below_proc(&self, path: &Path) -> nix::Result<OwnedFd> {
        let flags = OFlag::O_RDONLY | file::OPEN_FLAGS;
        loop {
            match openat(&self.proc, path, flags, Mode::empty()) {
                Err(Errno::EINTR) => {}
                result => return result,
            }
        }
    }

    fn is_of(&self, fd: impl AsFd, inode: Inode) -> bool {
        identify(fd)
            .is_ok_and(|id| id.ino == u64::from(inode.get()) && self.device.is_none_or(|device| id.dev == device))
    }
}

/// Device and inode number of an open namespace file. Errors of fstat(2).
pub fn identify(fd: impl AsFd) -> nix::Result<NamespaceId> {
    let stat = fstat(fd)?;
    Ok(NamespaceId { dev: stat.st_dev, ino: stat.st_ino })
}

/// The inode number of an open namespace file; `None` if it cannot be asked.
pub fn inode_of(fd: impl AsFd) -> Option<Inode> {
    inode(identify(fd).ok()?.ino)
}

/// The 64-bit id of an open namespace. Before Linux 6.18, only mount namespaces have one. Errors: ENOTTY if the kernel
/// has none.
pub fn id(fd: impl AsFd) -> nix::Result<u64> {
    match nsfs::id(&fd) {
        Err(Errno::ENOTTY) => mount_tree::namespace(&fd).map(|facts| facts.id),
        result => result,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    use crate::list::model::snapshot::Process;

    /// A directory, removed when dropped.
    struct Made(PathBuf);

    impl Drop for Made {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Opens our own network namespace through a mount on `path`, as our mount table shows it or (`elsewhere`) that of
    /// another mount namespace with us as a member.
    fn opens(opener: &Opener, path: &Path, elsewhere: bool) -> bool {
        let (own, mount) = (opener.own(Kind::Net).unwrap(), opener.own(Kind::Mount).unwrap());
        let mut snapshot = Snapshot::default();
        let path = path.to_path_buf();
        let holder = match elsewhere {
            false => SeenHolder::Mount(path),
            true => SeenHolder::MountElsewhere { path, namespace: mount, witness: None },
        };
        snapshot.add(Kind::Net, own, holder);
        snapshot.add(Kind::Mount, mount, SeenHolder::Mount("/nonexistent".into()));
        snapshot.processes.push(Process {
            pid: std::process::id() as i32,
            parent: 0,
            uid: 0,
            namespaces: Default::default(),
        });
        snapshot.namespaces.get_mut(&mount).unwrap().leader = Some(0);
        let file = opener.open(&snapshot, own);
        file.is_some_and(|file| opener.is_of(&file, own))
    }

    #[test]
    fn what_has_taken_the_place_of_a_namespace_file_is_not_opened() {
        let made = Made(std::env::temp_dir().join(format!("nskit-open-{}", std::process::id())));
        std::fs::create_dir(&made.0).unwrap();
        let path = |name: &str| made.0.join(name);
        // open(2) for reading would block until somebody opens the FIFO for writing.
        nix::unistd::mkfifo(&path("pipe"), Mode::S_IRWXU).unwrap();
        std::fs::write(path("file"), "").unwrap();
        // Only a file on the device of nsfs counts, even if another file has the same inode number.
        symlink("/proc/self/ns/uts", path("other")).unwrap();
        symlink("/proc/self/ns/net", path("same")).unwrap();
        symlink("loop", path("loop")).unwrap();
        let opener = Opener::new(Path::new("/proc")).unwrap();
        for elsewhere in [false, true] {
            assert!(opens(&opener, &path("same"), elsewhere));
            for name in ["pipe", "file", "other", "loop", "none"] {
                assert!(!opens(&opener, &path(name), elsewhere), "{name}");
            }
        }
        // Nor do we hold the FIFO open for reading: otherwise this open would find a reader.
        let writer = nix::fcntl::open(&path("pipe"), OFlag::O_WRONLY | OFlag::O_NONBLOCK, Mode::empty());
        assert_eq!(writer.err(), Some(Errno::ENXIO));
    }
}
