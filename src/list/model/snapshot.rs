//! What the scan has seen: processes, namespaces, and what keeps each namespace alive.

use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::list::value::as_entry;
use crate::namespace::Kind;
use crate::proc::link::Inode;
use crate::sys::pidfd;

/// A process as /proc shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its PID in the PID namespace of the /proc that was looked at.
    pub pid: i32,
    /// PID of its parent; 0 if that is in an outer PID namespace.
    pub parent: i32,
    /// The owner of /proc/PID: its effective user.
    pub uid: u32,
    /// Its namespaces, by [`Kind`]; `None` for those that we did not look at or may not see.
    pub namespaces: [Option<Inode>; Kind::ALL.len()],
}

impl Process {
    /// Its namespace of that kind.
    pub fn namespace(&self, kind: Kind) -> Option<Inode> {
        self.namespaces[kind as usize]
    }
}

/// A descriptor of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fd {
    /// Of which process.
    pub pid: i32,
    /// The thread, if it has unshared its descriptor table.
    pub tid: Option<i32>,
    /// Its number there.
    pub fd: i32,
}

impl Fd {
    /// A pidfd of the process or thread that has it. Errors of pidfd_open(2); EINVAL for a thread before Linux 6.9.
    pub(in crate::internals::list) fn open_holder(self) -> nix::Result<OwnedFd> {
        match self.tid {
            Some(tid) => pidfd::open_thread(tid),
            None => pidfd::open(self.pid),
        }
    }

    /// Its link, relative to /proc.
    pub(in crate::internals::list) fn path(self) -> PathBuf {
        let Fd { pid, fd, .. } = self;
        match self.tid {
            Some(tid) => format!("{pid}/task/{tid}/fd/{fd}"),
            None => format!("{pid}/fd/{fd}"),
        }
        .into()
    }
}

/// `16:9`, descriptor 9 of process 16, or `16/17:9`, of its thread 17.
impl fmt::Display for Fd {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fd { pid, fd, .. } = self;
        match self.tid {
            Some(tid) => write!(text, "{pid}/{tid}:{fd}"),
            None => write!(text, "{pid}:{fd}"),
        }
    }
}

/// Something that keeps a namespace alive, and through which we can open it. Processes in it do so too: see
/// [`SeenNamespace::leader`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SeenHolder {
    /// A thread that is in it while its process is not.
    Thread {
        /// Of which process.
        pid: i32,
        /// Its own number.
        tid: i32,
    },
    /// A process whose children will be in it.
    Children {
        /// Which process.
        pid: i32,
        /// The thread, if only its children will be in it.
        tid: Option<i32>,
    },
    /// An open descriptor of its nsfs file.
    Descriptor(Fd),
    /// A socket in it; network namespaces only.
    Socket(Fd),
    /// A TUN/TAP device that was opened in it; network namespaces only.
    Tap(Fd),
    /// Its nsfs file is bind-mounted here, in our mount namespace.
    Mount(PathBuf),
    /// Its nsfs file is bind-mounted in another mount namespace.
    MountElsewhere {
        /// At which path there.
        path: PathBuf,
        /// In which.
        namespace: Inode,
        /// The process that showed it, if one did: the path starts at its root directory.
        witness: Option<i32>,
    },
    /// A namespace that it is the parent or owner of.
    Namespace(Inode),
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenNamespace {
    /// Its kind.
    pub kind: Kind,
    /// The number of processes in it.
    pub processes: u32,
    /// The index in [`Snapshot::processes`] of the one with the lowest PID.
    pub leader: Option<usize>,
    /// What else keeps it alive, in the order of [`SeenHolder::rank`]. Complete only if it has no process.
    pub holders: Vec<SeenHolder>,
    /// Its 64-bit id, if the kernel has listed it.
    pub id: Option<u64>,
}

impl SeenNamespace {
    /// A namespace of which only the kind is known.
    pub fn new(kind: Kind) -> SeenNamespace {
        SeenNamespace { kind, processes: 0, leader: None, holders: Vec::new(), id: None }
    }
}

/// The namespace of that number, added if it is new. `None` if the number belongs to another kind: the kernel has used
/// it again while we looked, and either answer is as good.
pub fn namespace_of(
    namespaces: &mut BTreeMap<Inode, SeenNamespace>,
    kind: Kind,
    inode: Inode,
) -> Option<&mut SeenNamespace> {
    let namespace = namespaces.entry(inode).or_insert_with(|| SeenNamespace::new(kind));
    (namespace.kind == kind).then_some(namespace)
}

impl SeenHolder {
    /// Its rank among the holders of a namespace. All mounts have the same rank, so that they keep the order of the
    /// mount table, which the NSFS column shows.
    pub fn rank(&self) -> (u8, i32, i32, i32) {
        let of = |rank, Fd { pid, tid, fd }: Fd| (rank, pid, tid.unwrap_or(0), fd);
        match self {
            SeenHolder::Thread { pid, tid } => (0, *pid, *tid, 0),
            SeenHolder::Descriptor(fd) => of(1, *fd),
            SeenHolder::Socket(fd) => of(2, *fd),
            SeenHolder::Tap(fd) => of(3, *fd),
            SeenHolder::Mount(_) => (4, 0, 0, 0),
            SeenHolder::MountElsewhere { .. } => (5, 0, 0, 0),
            SeenHolder::Children { pid, tid } => (6, *pid, tid.unwrap_or(0), 0),
            SeenHolder::Namespace(_) => (7, 0, 0, 0),
        }
    }

    /// The descriptor, if it is one.
    pub fn fd(&self) -> Option<Fd> {
        match self {
            SeenHolder::Descriptor(fd) | SeenHolder::Socket(fd) | SeenHolder::Tap(fd) => Some(*fd),
            _ => None,
        }
    }
}

/// Everything that one scan of /proc has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The processes, by PID.
    pub processes: Vec<Process>,
    /// The namespaces, by inode number.
    pub namespaces: BTreeMap<Inode, SeenNamespace>,
    /// The number of processes that we lack the rights to look into.
    pub unreadable: usize,
    /// Whether all that the kernel lists is in it.
    pub listed: bool,
    /// Why processes were not asked by BPF, if that was wanted.
    pub no_bpf: Option<String>,
}

impl Snapshot {
    /// The process with this PID.
    pub fn process(&self, pid: i32) -> Option<&Process> {
        let at = self.processes.binary_search_by_key(&pid, |process| process.pid).ok()?;
        self.processes.get(at)
    }

    /// The process with the lowest PID of those in a namespace.
    pub fn leader(&self, namespace: Inode) -> Option<&Process> {
        self.processes.get(self.namespaces.get(&namespace)?.leader?)
    }

    /// A holder in words: `fd 12:7`, `mount /run/netns/blue`.
    pub fn text(&self, holder: &SeenHolder) -> Vec<u8> {
        let mount = |path: &PathBuf| [b"mount ".to_vec(), as_entry(path.as_os_str().as_bytes())].concat();
        let text = match holder {
            SeenHolder::Thread { pid, tid } => format!("thread {pid}/{tid}"),
            SeenHolder::Children { pid, tid: None } => format!("children-of {pid}"),
            SeenHolder::Children { pid, tid: Some(tid) } => format!("children-of {pid}/{tid}"),
            SeenHolder::Descriptor(fd) => format!("fd {fd}"),
            SeenHolder::Socket(fd) => format!("socket {fd}"),
            SeenHolder::Tap(fd) => format!("tap {fd}"),
            SeenHolder::Mount(path) => return mount(path),
            SeenHolder::MountElsewhere { path, namespace, .. } => {
                return [mount(path), format!(" in {}:[{namespace}]", Kind::Mount).into_bytes()].concat();
            }
            SeenHolder::Namespace(child) => {
                let kind = self.namespaces.get(child).map_or(Kind::User, |child| child.kind);
                format!("namespace {kind}:[{child}]")
            }
        };
        text.into_bytes()
    }

    /// Adds a holder of a namespace, and the namespace if it is a new one.
    pub fn add(&mut self, kind: Kind, inode: Inode, holder: SeenHolder) {
        if let Some(namespace) = namespace_of(&mut self.namespaces, kind, inode) {
            let rank = holder.rank();
            let place = namespace.holders.partition_point(|held| held.rank() <= rank);
            namespace.holders.insert(place, holder);
        }
    }

    /// Notes the 64-bit id of a namespace, and the namespace if it is a new one.
    pub fn note_id(&mut self, kind: Kind, inode: Inode, id: u64) {
        if let Some(namespace) = namespace_of(&mut self.namespaces, kind, inode) {
            namespace.id = Some(id);
        }
    }
}
