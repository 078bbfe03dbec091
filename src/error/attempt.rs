//! What was being done when the kernel refused, in the words of util-linux: programs read them.

use std::fmt;
use std::path::{Path, PathBuf};

use super::shown::Shown;
use crate::namespace::{Kind, KindSet, NamespaceNumber};
use crate::sys::capability::CapabilityCall;

/// What was being done when the kernel refused, where that was no step of a plan. It displays as the reference's message does, as far as the errno text.
///
/// If we met the failure in another call than the reference does, it is the call that the reference would have failed
/// in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// fork(2).
    Fork,
    /// Pipes and sockets between us and our helpers.
    Connect,
    /// waitpid(2).
    Wait(i32),
    /// Signal dispositions, and waiting for signals.
    Signals,
    /// sigprocmask(2), before a fork.
    BlockSignals,
    /// sigprocmask(2), in the child.
    RestoreSignals,
    /// open(2).
    Open(PathBuf),
    /// read(2).
    Read(PathBuf),
    /// stat(2) of a namespace of the target.
    Stat(PathBuf),
    /// open(2), for writing, of a file in our own /proc directory.
    OpenSetting(PathBuf),
    /// write(2) to a file in our own /proc directory, or to one that only we use in another file system.
    Write(PathBuf),
    /// mount(2) of a namespace file on the file that keeps the namespace alive.
    Keep {
        /// The kind of the namespace.
        kind: Kind,
        /// The file.
        file: PathBuf,
        /// PID of the process that unshares.
        pid: i32,
    },
    /// socket(2) by which a network device is configured.
    ControlSocket,
    /// fchdir(2) to the new root directory, which is open.
    ChdirToOpenedRoot,
    /// chdir(2) to `/` in it.
    ChdirToRoot,
    /// A change of our capabilities.
    ChangeCapabilities(CapabilityCall),
    /// An ioctl of ioctl_ns(2) that asks for a parent or an owner, by its name.
    AskRelations(&'static str),
    /// Our mount table.
    ReadMounts,
    /// pidfd_open(2) of the target. The reference opens this file of it first.
    FindProcess {
        /// Its PID.
        pid: i32,
        /// What shows first that it is not there.
        first: OfTarget,
    },
    /// pidfd_open(2) for a descriptor of the target.
    OpenPidfd(i32),
    /// pidfd_getfd(2).
    OpenSocketNamespace {
        /// Whose.
        pid: i32,
        /// Its number there.
        fd: i32,
        /// The number of the pidfd.
        pidfd: i32,
    },
    /// SIOCGSKNS on a descriptor of this number.
    AskSocket(i32),
    /// A namespace that was found by its number.
    OpenNamespace {
        /// Of which kind.
        kind: Kind,
        /// The number.
        number: NamespaceNumber,
    },
    /// An ioctl of ioctl_ns(2).
    AskOwner(Kind),
    /// setns(2).
    Enter(KindSet),
    /// The ids of a process.
    AskIds(i32),
    /// Making a new terminal that of the program.
    TakeTerminal,
    /// read(2) of our caller's standard input, for the program's terminal.
    ReadInput,
    /// PTRACE_SECCOMP_GET_FILTER of ptrace(2), and the calls before it.
    ReadFilter(i32),
    /// Making something of ours what the target has.
    TakeOver(&'static str),
    /// prlimit(2) of the limit that /proc/PID/limits calls so.
    TakeLimit(&'static str),
}

/// Something that we ask of a target. The first such call fails if the target does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfTarget {
    /// All of its namespaces.
    All,
    /// One of its namespaces.
    Namespace(Kind),
    /// Another file of its directory in /proc.
    File(&'static str),
    /// The process itself.
    Process,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attempt::TakeTerminal => write!(f, "cannot take the new terminal"),
            Attempt::ReadInput => write!(f, "cannot read standard input"),
            Attempt::ReadFilter(pid) => write!(f, "cannot read the seccomp filter of process {pid}"),
            Attempt::TakeOver(what) => write!(f, "cannot take over the target's {what}"),
            Attempt::TakeLimit(name) => write!(f, "cannot take over the target's limit \"{name}\""),
            Attempt::Fork => write!(f, "fork failed"),
            Attempt::Connect => write!(f, "eventfd failed"),
            Attempt::Wait(_) => write!(f, "waitpid failed"),
            Attempt::Signals => write!(f, "sigaction failed"),
            Attempt::BlockSignals => write!(f, "sigprocmask block failed"),
            Attempt::RestoreSignals => write!(f, "sigprocmask restore failed"),
            Attempt::OpenSetting(path) if is_of_clocks(path) => write!(f, "failed to open {}", path.shown()),
            Attempt::Open(path) | Attempt::OpenSetting(path) => write!(f, "cannot open {}", path.shown()),
            Attempt::Stat(path) => write!(f, "stat of {} failed", path.shown()),
            Attempt::Read(path) => write!(f, "cannot read {}", path.shown()),
            Attempt::Write(path) if is_of_clocks(path) => write!(f, "failed to write to {}", path.shown()),
            Attempt::Write(path) => write!(f, "write failed {}", path.shown()),
            Attempt::Keep { kind, file, pid } => {
                write!(f, "mount /proc/{pid}/ns/{} on {} failed", kind.name_for_children(), file.shown())
            }
            Attempt::ControlSocket => write!(f, "socket failed"),
            Attempt::ChdirToOpenedRoot => write!(f, "change directory by root file descriptor failed"),
            Attempt::ChdirToRoot => write!(f, "cannot change directory to /"),
            Attempt::ChangeCapabilities(CapabilityCall::Get) => write!(f, "capget failed"),
            Attempt::ChangeCapabilities(CapabilityCall::Set) => write!(f, "capset failed"),
            Attempt::ChangeCapabilities(CapabilityCall::Ambient) => write!(f, "prctl(PR_CAP_AMBIENT) failed"),
            Attempt::ChangeCapabilities(CapabilityCall::Bounding) => write!(f, "prctl(PR_CAPBSET_DROP) failed"),
            Attempt::ReadMounts => write!(f, "failed to parse /proc/self/mountinfo"),
            Attempt::AskRelations(ioctl) => write!(f, "cannot ask a namespace with {ioctl}"),
            Attempt::FindProcess { pid, first: OfTarget::All } => write!(f, "stat of /proc/{pid}/ns/user failed"),
            Attempt::FindProcess { pid, first: OfTarget::Namespace(kind) } => {
                write!(f, "cannot open /proc/{pid}/ns/{kind}")
            }
            Attempt::FindProcess { pid, first: OfTarget::File(name) } => write!(f, "cannot open /proc/{pid}/{name}"),
            Attempt::FindProcess { pid, first: OfTarget::Process } | Attempt::OpenPidfd(pid) => {
                write!(f, "failed to pidfd_open() for {pid}")
            }
            Attempt::OpenSocketNamespace { fd, pidfd, .. } => write!(f, "pidfd_getfd({pidfd}, {fd})"),
            Attempt::AskSocket(socket) => write!(f, "ioctl({socket}, SIOCGSKNS)"),
            Attempt::OpenNamespace { number, .. } => write!(f, "cannot open namespace of id {number}"),
            Attempt::AskOwner(kind) => write!(f, "cannot ask for the owner of namespace 'ns/{kind}'"),
            Attempt::Enter(kinds) => {
                let kind = Kind::IN_ORDER_OF_ENTERING.into_iter().find(|kind| kinds.contains(*kind));
                let kind = kind.map_or("", Kind::name);
                write!(f, "reassociate to namespace 'ns/{kind}' failed")
            }
            Attempt::AskIds(pid) => write!(f, "cannot open /proc/{pid}/"),
        }
    }
}

impl Attempt {
    /// Whether the message names a file that is missing because the process is.
    pub(super) fn is_of_file_of_target(&self) -> bool {
        match self {
            Attempt::FindProcess { first, .. } => *first != OfTarget::Process,
            Attempt::AskIds(_) => true,
            _ => false,
        }
    }
}

/// The file for the offsets of clocks, for which the reference has a message of another form.
fn is_of_clocks(path: &Path) -> bool {
    path.ends_with("timens_offsets")
}
