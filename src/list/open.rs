//! Opens a namespace by way of who keeps it, and makes sure that it is the one that was meant.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fstat, stat};

use super::snapshot::{Holder, Inode, Snapshot};
use crate::error::{Attempt, During, Failure};
use crate::namespace::{Kind, NamespaceId};
use crate::sys::{file, nsfs, pidfd};

/// The way to the files below /proc.
pub struct Opener {
    proc: OwnedFd,
    /// The device of nsfs; `None` where there is no namespace file of our own to ask.
    device: Option<u64>,
}

impl Opener {
    /// Over the /proc at `root`. Errors: it cannot be opened.
    pub fn new(root: &Path) -> Result<Opener, Failure> {
        Ok(Opener {
            proc: file::open_retrying(root, OFlag::O_PATH | OFlag::O_DIRECTORY)
                .during(|| Attempt::Open(root.to_path_buf()))?,
            device: stat(&root.join("self/ns/mnt")).ok().map(|stat| stat.st_dev),
        })
    }

    /// The namespace, opened by the first of its holders that leads to it; `None` if none does: it is gone, or not ours
    /// to open.
    pub fn open(&self, snapshot: &Snapshot, inode: Inode) -> Option<OwnedFd> {
        let namespace = snapshot.namespaces.get(&inode)?;
        let leader = namespace.leader.and_then(|at| {
            let pid = snapshot.processes.get(at)?.pid;
            self.of_process(pid, namespace.kind, inode)
        });
        leader.or_else(|| {
            let mut holders = namespace.holders.iter();
            holders.find_map(|holder| self.by_holder(snapshot, holder, inode))
        })
    }

    /// The namespace of that kind of process `pid`, if it is `inode`.
    pub fn of_process(&self, pid: i32, kind: Kind, inode: Inode) -> Option<OwnedFd> {
        self.below_proc(&format!("{pid}/ns/{kind}"))
            .ok()
            .filter(|fd| self.is(fd, inode))
    }

    fn by_holder(&self, snapshot: &Snapshot, holder: &Holder, inode: Inode) -> Option<OwnedFd> {
        match holder {
            Holder::Descriptor { pid, fd } => {
                self.checked(Path::new(&format!("{pid}/fd/{fd}")), inode)
            }
            Holder::Mount(path) => self.checked(path, inode),
            Holder::Socket { pid, fd } => {
                let process = pidfd::open(*pid).ok()?;
                let socket = pidfd::get_fd(process, *fd).ok()?;
                nsfs::of_socket(socket).ok().filter(|fd| self.is(fd, inode))
            }
            // A chain of these ends: each was found from the one before, which something else keeps.
            Holder::Namespace(child) => {
                let child = self.open(snapshot, *child)?;
                [nsfs::owner(&child), nsfs::parent(&child)]
                    .into_iter()
                    .flatten()
                    .find(|fd| self.is(fd, inode))
            }
        }
    }

    /// Opens a path that may lead to another file by now. Opening that could block (a FIFO) or do something (a device),
    /// so the path is only resolved first, and the file is opened through what came of it.
    fn checked(&self, path: &Path, inode: Inode) -> Option<OwnedFd> {
        let found = openat(
            &self.proc,
            path,
            OFlag::O_PATH | OFlag::O_CLOEXEC,
            Mode::empty(),
        )
        .ok()
        .filter(|fd| self.is(fd, inode))?;
        self.below_proc(&format!("self/fd/{}", found.as_raw_fd()))
            .ok()
            .filter(|fd| self.is(fd, inode))
    }

    fn below_proc(&self, path: &str) -> nix::Result<OwnedFd> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        loop {
            match openat(&self.proc, path, flags, Mode::empty()) {
                Err(Errno::EINTR) => {}
                result => return result,
            }
        }
    }

    fn is(&self, fd: impl AsFd, inode: Inode) -> bool {
        identify(fd).is_ok_and(|id| {
            id.ino == u64::from(inode.get()) && self.device.is_none_or(|device| id.dev == device)
        })
    }
}

/// What an open namespace file is of. Errors of fstat(2).
pub fn identify(fd: impl AsFd) -> nix::Result<NamespaceId> {
    let stat = fstat(fd)?;
    Ok(NamespaceId {
        dev: stat.st_dev,
        ino: stat.st_ino,
    })
}
