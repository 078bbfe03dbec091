//! What was being done when the kernel refused.

use std::fmt;
use std::path::PathBuf;

use crate::namespace::{Kind, KindSet, Reference};

/// What was being done when the kernel refused; it reads behind "cannot".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// unshare(2).
    Unshare(KindSet),
    /// fork(2).
    Fork,
    /// Pipes and sockets between us and our helpers.
    Connect,
    /// waitpid(2).
    Wait(i32),
    /// Signal masks and dispositions.
    Signals,
    /// open(2).
    Open(PathBuf),
    /// read(2).
    Read(PathBuf),
    /// write(2) of a short text.
    Write {
        /// To where.
        path: PathBuf,
        /// The text.
        text: String,
    },
    /// Binding a namespace file on a file that keeps it.
    Keep {
        /// The kind of the namespace.
        kind: Kind,
        /// The file.
        file: PathBuf,
    },
    /// mount(2) with a propagation flag.
    Propagate {
        /// private, shared, slave.
        mode: &'static str,
        /// From where downwards.
        at: PathBuf,
    },
    /// mount(2) of a new file system.
    Mount {
        /// Its type.
        fstype: &'static str,
        /// On where.
        on: PathBuf,
    },
    /// chroot(2).
    Chroot(PathBuf),
    /// chdir(2).
    Chdir(PathBuf),
    /// setgroups(2) with none.
    DropGroups,
    /// setgid(2).
    SetGid(u32),
    /// setuid(2).
    SetUid(u32),
    /// Capabilities into the ambient set.
    KeepCapabilities,
    /// prctl(2) PR_SET_PDEATHSIG.
    ParentDeathSignal,
    /// prctl(2) PR_SET_DUMPABLE.
    MakeDumpable,
    /// An ioctl of ioctl_ns(2) that asks for a parent or an owner, by its name.
    AskRelations(&'static str),
    /// pidfd_open(2).
    FindProcess(i32),
    /// Our mount table.
    ReadMounts,
    /// SIOCGSKNS on a descriptor of another process.
    OpenSocketNamespace {
        /// Whose.
        pid: i32,
        /// Its number there.
        fd: i32,
    },
    /// A namespace that was found by its number.
    OpenNamespace {
        /// Of which kind.
        kind: Kind,
        /// The number.
        number: Reference,
    },
    /// An ioctl of ioctl_ns(2).
    AskOwner(Kind),
    /// setns(2).
    Enter(KindSet),
    /// PR_SET_DUMPABLE off.
    Hide,
    /// The SELinux context for the program.
    SetContext,
    /// The ids of a process.
    AskIds(i32),
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attempt::Unshare(kinds) if kinds.iter().count() == 1 => {
                write!(f, "unshare the {kinds} namespace")
            }
            Attempt::Unshare(kinds) => write!(f, "unshare the {kinds} namespaces"),
            Attempt::Fork => write!(f, "fork"),
            Attempt::Connect => write!(f, "make a channel to a helper process"),
            Attempt::Wait(pid) => write!(f, "wait for process {pid}"),
            Attempt::Signals => write!(f, "set up signals"),
            Attempt::Open(path) => write!(f, "open {}", path.display()),
            Attempt::Read(path) => write!(f, "read {}", path.display()),
            Attempt::Write { path, text } => {
                write!(f, "write '{}' to {}", text.escape_debug(), path.display())
            }
            Attempt::Keep { kind, file } => {
                write!(f, "keep the {kind} namespace on {}", file.display())
            }
            Attempt::Propagate { mode, at } => {
                write!(f, "make the mounts from {} on {mode}", at.display())
            }
            Attempt::Mount { fstype, on } => write!(f, "mount {fstype} on {}", on.display()),
            Attempt::Chroot(path) => write!(f, "change the root directory to {}", path.display()),
            Attempt::Chdir(path) => write!(f, "change directory to {}", path.display()),
            Attempt::DropGroups => write!(f, "drop the supplementary groups (setgroups)"),
            Attempt::SetGid(gid) => write!(f, "set the group ID to {gid}"),
            Attempt::SetUid(uid) => write!(f, "set the user ID to {uid}"),
            Attempt::KeepCapabilities => write!(f, "keep the capabilities for the program"),
            Attempt::ParentDeathSignal => write!(f, "ask for a signal at the parent's death"),
            Attempt::MakeDumpable => write!(f, "open our own /proc files (PR_SET_DUMPABLE)"),
            Attempt::ReadMounts => write!(f, "failed to parse /proc/self/mountinfo"),
            Attempt::AskRelations(ioctl) => write!(f, "ask a namespace with {ioctl}"),
            Attempt::FindProcess(pid) => write!(f, "find process {pid}"),
            Attempt::OpenSocketNamespace { pid, fd } => {
                write!(f, "get the network namespace of descriptor {fd} of process {pid}")
            }
            Attempt::OpenNamespace { kind, number } => {
                write!(f, "open the {kind} namespace with the number {number} by way of any of its holders")
            }
            Attempt::AskOwner(kind) => write!(f, "ask for the owner of the {kind} namespace"),
            Attempt::Enter(kinds) if kinds.iter().count() == 1 => {
                write!(f, "enter the {kinds} namespace")
            }
            Attempt::Enter(kinds) => write!(f, "enter the {kinds} namespaces"),
            Attempt::Hide => write!(f, "hide from the processes inside (PR_SET_DUMPABLE)"),
            Attempt::SetContext => write!(f, "set the SELinux context for the program"),
            Attempt::AskIds(pid) => write!(f, "find out the user and group of process {pid}"),
        }
    }
}
