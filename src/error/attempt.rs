//! What was being done when the kernel refused, in the words of util-linux: programs read them.

use std::fmt;
use std::path::{Path, PathBuf};

use super::shown::Shown;
use crate::namespace::{Kind, KindSet, NamespaceNumber};
use crate::sys::capability::CapabilityCall;

/// What was being done when the kernel refused. It displays as the reference's message does, as far as the errno text.
///
/// If we met the failure in another call than the reference does, it is the call that the reference would have failed
/// in.
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
    /// open_tree(2) of what is to be bound.
    Clone(PathBuf),
    /// pivot_root(2), or the bind mount that it needs.
    PivotRoot(PathBuf),
    /// chroot(2).
    Chroot(PathBuf),
    /// chdir(2).
    Chdir(PathBuf),
    /// socket(2) by which a network device is configured.
    ControlSocket,
    /// SIOCSIFFLAGS of netdevice(7) for `lo`.
    BringUpLoopback,
    /// sethostname(2).
    SetHostname,
    /// setdomainname(2).
    SetDomainname,
    /// fchdir(2) to the new root directory, which is open.
    ChdirToOpenedRoot(PathBuf),
    /// chroot(2) to it.
    ChrootToOpened(PathBuf),
    /// chdir(2) to `/` in it.
    ChdirToRoot,
    /// open(2) of the working directory, inside.
    OpenWorkingDirectory(PathBuf),
    /// fchdir(2) to the working directory, which is open.
    ChdirToOpened(PathBuf),
    /// setgroups(2) with none.
    DropGroups,
    /// setgid(2).
    SetGid(u32),
    /// setuid(2).
    SetUid(u32),
    /// A change of our capabilities.
    KeepCapabilities(CapabilityCall),
    /// prctl(2) PR_SET_KEEPCAPS.
    RetainCapabilities,
    /// prctl(2) PR_SET_NO_NEW_PRIVS.
    NoNewPrivileges,
    /// prctl(2) PR_SET_PDEATHSIG.
    ParentDeathSignal,
    /// prctl(2) PR_SET_DUMPABLE.
    MakeDumpable,
    /// An ioctl of ioctl_ns(2) that asks for a parent or an owner, by its name.
    AskRelations(&'static str),
    /// Our mount table.
    ReadMounts,
    /// pidfd_open(2) of the target. The reference opens this file of it first.
    FindProcess {
        /// Its PID.
        pid: i32,
        /// What shows first that it is not there.
        first: Wanted,
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
    /// PR_SET_DUMPABLE off.
    Hide,
    /// The SELinux context for the program.
    SetContext,
    /// The ids of a process.
    AskIds(i32),
    /// Closing a descriptor of our caller's to the program: fcntl(2).
    TakeOver(i32),
}

/// Something that we ask of a target. The first such call fails if the target does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
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
            Attempt::Unshare(_) => write!(f, "unshare failed"),
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
            Attempt::Propagate { at, .. } if at == Path::new("/") => {
                write!(f, "cannot change root filesystem propagation")
            }
            Attempt::Propagate { at, .. } => write!(f, "cannot change {} filesystem propagation", at.shown()),
            Attempt::Mount { on, .. } => write!(f, "mount {} failed", on.shown()),
            Attempt::Clone(path) => write!(f, "cannot open {}", path.shown()),
            Attempt::Chroot(path) | Attempt::PivotRoot(path) => {
                write!(f, "cannot change root directory to '{}'", path.shown())
            }
            Attempt::Chdir(path) => write!(f, "cannot chdir to '{}'", path.shown()),
            Attempt::ControlSocket => write!(f, "socket failed"),
            Attempt::BringUpLoopback => write!(f, "cannot bring up the loopback device"),
            Attempt::SetHostname => write!(f, "sethostname failed"),
            Attempt::SetDomainname => write!(f, "setdomainname failed"),
            Attempt::ChdirToOpenedRoot(_) => write!(f, "change directory by root file descriptor failed"),
            Attempt::ChrootToOpened(_) => write!(f, "chroot failed"),
            Attempt::ChdirToRoot => write!(f, "cannot change directory to /"),
            Attempt::OpenWorkingDirectory(_) => write!(f, "cannot open current working directory"),
            Attempt::ChdirToOpened(_) => write!(f, "change directory by working directory file descriptor failed"),
            Attempt::DropGroups => write!(f, "setgroups failed"),
            Attempt::SetGid(_) => write!(f, "setgid failed"),
            Attempt::SetUid(_) => write!(f, "setuid failed"),
            Attempt::KeepCapabilities(CapabilityCall::Get) => write!(f, "capget failed"),
            Attempt::KeepCapabilities(CapabilityCall::Set) => write!(f, "capset failed"),
            Attempt::KeepCapabilities(CapabilityCall::Ambient) => write!(f, "prctl(PR_CAP_AMBIENT) failed"),
            Attempt::KeepCapabilities(CapabilityCall::Bounding) => write!(f, "prctl(PR_CAPBSET_DROP) failed"),
            Attempt::RetainCapabilities => write!(f, "prctl(PR_SET_KEEPCAPS) failed"),
            Attempt::NoNewPrivileges => write!(f, "prctl(PR_SET_NO_NEW_PRIVS) failed"),
            Attempt::ParentDeathSignal | Attempt::MakeDumpable | Attempt::Hide => write!(f, "prctl failed"),
            Attempt::ReadMounts => write!(f, "failed to parse /proc/self/mountinfo"),
            Attempt::AskRelations(ioctl) => write!(f, "cannot ask a namespace with {ioctl}"),
            Attempt::FindProcess { pid, first: Wanted::All } => write!(f, "stat of /proc/{pid}/ns/user failed"),
            Attempt::FindProcess { pid, first: Wanted::Namespace(kind) } => {
                write!(f, "cannot open /proc/{pid}/ns/{kind}")
            }
            Attempt::FindProcess { pid, first: Wanted::File(name) } => write!(f, "cannot open /proc/{pid}/{name}"),
            Attempt::FindProcess { pid, first: Wanted::Process } | Attempt::OpenPidfd(pid) => {
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
            Attempt::SetContext => write!(f, "cannot set the SELinux context for the program"),
            Attempt::TakeOver(fd) => write!(f, "cannot write to file descriptor {fd}"),
            Attempt::AskIds(pid) => write!(f, "cannot open /proc/{pid}/"),
        }
    }
}

impl Attempt {
    /// Whether the message names a file that is missing because the process is.
    pub(super) fn is_of_file_of_target(&self) -> bool {
        match self {
            Attempt::FindProcess { first, .. } => *first != Wanted::Process,
            Attempt::AskIds(_) => true,
            _ => false,
        }
    }
}

/// The file for the offsets of clocks, for which the reference has a message of another form.
fn is_of_clocks(path: &Path) -> bool {
    path.ends_with("timens_offsets")
}
