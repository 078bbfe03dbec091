//! What can go wrong, how it is said, and the exit status that it gives.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::cli::UsageError;
use crate::list::filter::FilterError;
use crate::list::find::Number;
use crate::namespace::{Kind, KindSet};
use crate::sys;
use crate::sys::signal::SignalNumber;

/// How a tool ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// With this exit status.
    Exited(u8),
    /// By this signal, as the program that it ran.
    Killed(SignalNumber),
}

impl Status {
    /// All went well.
    pub const SUCCESS: Status = Status::Exited(0);
    /// We failed.
    pub const FAILURE: Status = Status::Exited(1);

    /// Dies of the signal, or returns what `main` has to return.
    pub fn conclude(self) -> i32 {
        match self {
            Status::Exited(status) => i32::from(status),
            Status::Killed(signal) => {
                sys::signal::die_of(signal);
                // Only a signal that ends nobody comes here; this is how a shell would name it.
                128 + signal.0
            }
        }
    }
}

/// Why a tool could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The command line cannot be read.
    Usage(UsageError),
    /// The request does not fit together, or names what does not exist. Nothing has been done yet.
    Request(RequestError),
    /// The kernel refused.
    System {
        /// What we were about to do.
        attempt: Attempt,
        /// The kernel's answer.
        errno: Errno,
    },
    /// The program could not be run.
    Program {
        /// As it was asked for.
        program: OsString,
        /// The kernel's answer.
        errno: Errno,
    },
    /// A process that was to help us ended without having done so.
    Helper {
        /// The program or the job.
        name: &'static str,
        /// How it ended, as far as it is known.
        ending: Option<Status>,
    },
    /// Another process has reported the failure already: there is nothing to say.
    Reported,
}

impl Failure {
    /// The exit status that tells of this failure: env(1)'s 127 and 126 for the program, lsns's 2 for a kernel
    /// too old, else 1.
    pub fn status(&self) -> Status {
        match self {
            Failure::Program {
                errno: Errno::ENOENT,
                ..
            } => Status::Exited(127),
            Failure::Program { .. } => Status::Exited(126),
            // A kernel too old, which a script may want to tell from all else.
            Failure::System {
                attempt: Attempt::AskRelations,
                errno: Errno::ENOTTY,
            } => Status::Exited(2),
            _ => Status::FAILURE,
        }
    }
}

/// Makes the failure of a system call of its errno: `mount(…).during(|| Attempt::…)`.
pub trait During<T> {
    /// Says what was being done.
    fn during(self, attempt: impl FnOnce() -> Attempt) -> Result<T, Failure>;
}

impl<T> During<T> for nix::Result<T> {
    fn during(self, attempt: impl FnOnce() -> Attempt) -> Result<T, Failure> {
        self.map_err(|errno| Failure::System {
            attempt: attempt(),
            errno,
        })
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Failure {
        Failure::Usage(error)
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Failure {
        Failure::Request(error)
    }
}

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
    /// An ioctl of ioctl_ns(2) that asks for a parent, an owner or a user.
    AskRelations,
    /// pidfd_open(2).
    FindProcess(i32),
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
        number: Number,
    },
    /// An ioctl of ioctl_ns(2).
    AskOwner(Kind),
    /// setns(2).
    Enter(KindSet),
    /// chroot(2) to a directory that was opened before.
    ChrootTo(PathBuf),
    /// PR_SET_DUMPABLE off.
    Hide,
    /// The SELinux context for the program.
    SetContext,
    /// The ids of a process.
    AskIds(i32),
    /// Standard output.
    Output,
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
            Attempt::MakeDumpable => write!(f, "open the own /proc files (PR_SET_DUMPABLE)"),
            Attempt::AskRelations => write!(f, "ask a namespace for its parent, owner or user"),
            Attempt::FindProcess(pid) => write!(f, "find process {pid}"),
            Attempt::OpenSocketNamespace { pid, fd } => {
                write!(
                    f,
                    "get the network namespace of descriptor {fd} of process {pid}"
                )
            }
            Attempt::OpenNamespace { kind, number } => {
                write!(
                    f,
                    "open the {kind} namespace with the number {number} by way of any of its holders"
                )
            }
            Attempt::AskOwner(kind) => write!(f, "ask for the owner of the {kind} namespace"),
            Attempt::Enter(kinds) if kinds.iter().count() == 1 => {
                write!(f, "enter the {kinds} namespace")
            }
            Attempt::Enter(kinds) => write!(f, "enter the {kinds} namespaces"),
            Attempt::ChrootTo(path) => write!(f, "change the root directory to {}", path.display()),
            Attempt::Hide => write!(f, "hide from the processes inside (PR_SET_DUMPABLE)"),
            Attempt::SetContext => write!(f, "set the SELinux context for the program"),
            Attempt::AskIds(pid) => write!(f, "find out the user and group of process {pid}"),
            Attempt::Output => write!(f, "write to standard output"),
        }
    }
}

/// A request that makes no sense, said before anything is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// No such user.
    UnknownUser(OsString),
    /// No such group.
    UnknownGroup(OsString),
    /// An offset of a clock without a new time namespace.
    OffsetWithoutTime(&'static str),
    /// `--setgroups allow` together with a single group map.
    AllowWithSingleGroup,
    /// A file to keep a namespace on that cannot be used.
    KeepFile {
        /// The option with its file.
        option: String,
        /// Why not.
        errno: Errno,
    },
    /// A PID namespace comes to be with its first process only.
    KeepPidWithoutFork(PathBuf),
    /// No line for the user in /etc/subuid or /etc/subgid.
    NoSubordinateIds {
        /// Name of the user, or the number where there is none.
        user: String,
        /// The file.
        file: &'static str,
    },
    /// A file of ours to read first that cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        errno: Errno,
    },
    /// A range of ids that goes beyond what there is.
    IdsOutOfRange(String),
    /// Too many lines or too long a text for an id map.
    MapTooLong(&'static str, usize),
    /// No namespace has this number, as far as we can see.
    NoSuchNamespace {
        /// Of which kind.
        kind: Kind,
        /// The number.
        number: Number,
    },
    /// An option needs --target.
    NeedsTarget(String),
    /// --user-parent with no namespace whose owner it could be.
    NoNamespaceToOwn,
    /// Another process has got the PID.
    AnotherProcess {
        /// The PID.
        pid: i32,
        /// The inode number that was asked for.
        wanted: u64,
        /// That of the process that has the PID now.
        found: u64,
    },
    /// The pidfds of this kernel have no inode numbers of their own (before Linux 6.9).
    NoPidfdInodes(i32),
    /// A file that is of no namespace, or of another kind.
    NotTheNamespace {
        /// The file.
        path: PathBuf,
        /// What it should be.
        wanted: Kind,
        /// What it is, if it is a namespace.
        found: Option<Kind>,
    },
    /// The target's environment is longer than any program could have been started with.
    EnvironmentTooLong(i32),
    /// No mount of the hierarchy shows the target's cgroup.
    CgroupOutOfSight(String),
    /// An operand or argument with a NUL byte in it.
    NulByte,
    /// A column that lsns does not have.
    UnknownColumn(OsString),
    /// A list of columns without end.
    TooManyColumns(OsString),
    /// No namespace has this inode number, among those of the kinds that are looked at.
    UnknownNamespace(u64),
    /// No process has this PID.
    UnknownProcess(i32),
    /// A filter that cannot be read, or not be applied.
    Filter(FilterError),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestError::UnknownUser(name) => write!(f, "no user is called '{}'", name.display()),
            RequestError::UnknownGroup(name) => {
                write!(f, "no group is called '{}'", name.display())
            }
            RequestError::OffsetWithoutTime(option) => {
                write!(f, "{option} needs a new time namespace (--time)")
            }
            RequestError::AllowWithSingleGroup => write!(
                f,
                "--setgroups allow: the kernel takes a map of the own group only while setgroups is denied"
            ),
            RequestError::KeepFile { option, errno } => {
                write!(f, "{option}: {}", sys::error_text(*errno))
            }
            RequestError::KeepPidWithoutFork(file) => write!(
                f,
                "--pid={}: there is nothing to keep before the first process is in it: add --fork",
                file.display()
            ),
            RequestError::NoSubordinateIds { user, file } => {
                write!(f, "no line of {file} gives subordinate ids to user {user}")
            }
            RequestError::Unreadable { path, errno } => {
                write!(
                    f,
                    "cannot read {}: {}",
                    path.display(),
                    sys::error_text(*errno)
                )
            }
            RequestError::IdsOutOfRange(text) => {
                write!(f, "the ids of '{text}' go beyond 4294967294")
            }
            RequestError::MapTooLong(file, length) => {
                write!(
                    f,
                    "the {file} would be {length} bytes long; the kernel takes at most 4095, in 340 lines"
                )
            }
            RequestError::NoSuchNamespace { kind, number } => {
                write!(
                    f,
                    "no {kind} namespace that can be seen here has the number {number}"
                )
            }
            RequestError::NeedsTarget(option) => {
                write!(f, "{option} needs a target process (--target)")
            }
            RequestError::NoNamespaceToOwn => {
                write!(
                    f,
                    "--user-parent needs a namespace whose owner is to be entered"
                )
            }
            RequestError::AnotherProcess { pid, wanted, found } => {
                write!(
                    f,
                    "process {pid} is another one now: its pidfd has inode {found}, not {wanted}"
                )
            }
            RequestError::NoPidfdInodes(pid) => {
                write!(
                    f,
                    "cannot check the inode of process {pid}: this kernel has none for pidfds"
                )
            }
            RequestError::NotTheNamespace {
                path,
                wanted,
                found: Some(found),
            } => {
                write!(
                    f,
                    "{} is a {found} namespace, not a {wanted} namespace",
                    path.display()
                )
            }
            RequestError::NotTheNamespace { path, .. } => {
                write!(f, "{} is no namespace", path.display())
            }
            RequestError::EnvironmentTooLong(pid) => {
                write!(f, "the environment of process {pid} is too long")
            }
            RequestError::CgroupOutOfSight(line) => {
                write!(
                    f,
                    "the cgroup '{line}' of the target cannot be reached by any cgroup mount here"
                )
            }
            RequestError::NulByte => write!(f, "an argument holds a NUL byte"),
            RequestError::UnknownColumn(name) => {
                write!(f, "no column is called '{}'", name.display())
            }
            RequestError::TooManyColumns(_) => write!(f, "--output: too many columns"),
            RequestError::UnknownNamespace(inode) => {
                write!(f, "no namespace has the inode number {inode}")
            }
            RequestError::UnknownProcess(pid) => write!(f, "no process has the PID {pid}"),
            RequestError::Filter(error) => write!(f, "--filter: {error}"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(error) => error.fmt(f),
            Failure::Request(error) => error.fmt(f),
            Failure::System { attempt, errno } => {
                write!(f, "cannot {attempt}: {}", sys::error_text(*errno))
            }
            Failure::Program { program, errno } => {
                write!(
                    f,
                    "cannot run {}: {}",
                    quoted(program),
                    sys::error_text(*errno)
                )
            }
            Failure::Helper {
                name,
                ending: Some(Status::Exited(status)),
            } => {
                write!(f, "{name} failed with status {status}")
            }
            Failure::Helper {
                name,
                ending: Some(Status::Killed(signal)),
            } => {
                write!(f, "{name} was killed by signal {}", signal.0)
            }
            Failure::Helper { name, ending: None } => {
                write!(f, "{name} has ended without an answer")
            }
            Failure::Reported => Ok(()),
        }
    }
}

/// A name of a file that may be empty.
fn quoted(name: &OsStr) -> String {
    if name.is_empty() {
        "''".to_string()
    } else {
        name.display().to_string()
    }
}
