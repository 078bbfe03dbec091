//! What keeps a namespace alive.

use std::fmt;
use std::path::PathBuf;

use crate::error::Shown;
use crate::list::model::snapshot::{Fd, SeenHolder as Seen};

/// What keeps a namespace alive, and leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Holder {
    /// A process that is in it.
    #[non_exhaustive]
    Process {
        /// Its PID.
        pid: u32,
    },
    /// A thread that is in it while its process is not.
    #[non_exhaustive]
    Thread {
        /// Of which process.
        pid: u32,
        /// Its own number.
        tid: u32,
    },
    /// A process, or only one of its threads, whose children will be in it.
    #[non_exhaustive]
    ChildrenOf {
        /// Which process.
        pid: u32,
        /// The thread, if it is one.
        tid: Option<u32>,
    },
    /// An open descriptor of its file.
    #[non_exhaustive]
    Descriptor {
        /// Of which process.
        pid: u32,
        /// Its number there.
        fd: u32,
    },
    /// A socket in it; network namespaces only.
    #[non_exhaustive]
    Socket {
        /// Of which process.
        pid: u32,
        /// Its number there.
        fd: u32,
    },
    /// A TUN or TAP device that was made in it; network namespaces only.
    #[non_exhaustive]
    Tap {
        /// Of which process.
        pid: u32,
        /// Its number there.
        fd: u32,
    },
    /// Its file is mounted on this path.
    #[non_exhaustive]
    Mount {
        /// Where.
        path: PathBuf,
        /// In which mount namespace, if it is not ours: its inode number.
        namespace: Option<u64>,
    },
    /// A namespace that it owns, or that was made in it: its inode number.
    #[non_exhaustive]
    Namespace {
        /// Its inode number.
        inode: u64,
    },
}

/// PIDs and descriptors are never negative.
fn unsigned(number: i32) -> u32 {
    number.unsigned_abs()
}

impl Holder {
    pub(super) fn of(seen: &Seen) -> Holder {
        let numbers = |of: &Fd| (unsigned(of.pid), unsigned(of.fd));
        match seen {
            Seen::Thread { pid, tid } => Holder::Thread { pid: unsigned(*pid), tid: unsigned(*tid) },
            Seen::Children { pid, tid } => Holder::ChildrenOf { pid: unsigned(*pid), tid: tid.map(unsigned) },
            Seen::Descriptor(of) => {
                let (pid, fd) = numbers(of);
                Holder::Descriptor { pid, fd }
            }
            Seen::Socket(of) => {
                let (pid, fd) = numbers(of);
                Holder::Socket { pid, fd }
            }
            Seen::Tap(of) => {
                let (pid, fd) = numbers(of);
                Holder::Tap { pid, fd }
            }
            Seen::Mount(path) => Holder::Mount { path: path.clone(), namespace: None },
            Seen::MountElsewhere { path, namespace, .. } => {
                Holder::Mount { path: path.clone(), namespace: Some(namespace.get().into()) }
            }
            Seen::Namespace(inode) => Holder::Namespace { inode: inode.get().into() },
        }
    }
}

/// In a few words: `process 7`, `thread 7/8`, `children-of 7`, `fd 7:3`, `socket 7:3`, `tap 7:3`, `mount /run/netns/blue`,
/// `mount /x in mnt:[4026532000]`, `namespace [4026532001]`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Process { pid } => write!(f, "process {pid}"),
            Holder::Thread { pid, tid } => write!(f, "thread {pid}/{tid}"),
            Holder::ChildrenOf { pid, tid: None } => write!(f, "children-of {pid}"),
            Holder::ChildrenOf { pid, tid: Some(tid) } => write!(f, "children-of {pid}/{tid}"),
            Holder::Descriptor { pid, fd } => write!(f, "fd {pid}:{fd}"),
            Holder::Socket { pid, fd } => write!(f, "socket {pid}:{fd}"),
            Holder::Tap { pid, fd } => write!(f, "tap {pid}:{fd}"),
            Holder::Mount { path, namespace: None } => write!(f, "mount {}", path.shown()),
            Holder::Mount { path, namespace: Some(inode) } => write!(f, "mount {} in mnt:[{inode}]", path.shown()),
            Holder::Namespace { inode } => write!(f, "namespace [{inode}]"),
        }
    }
}
