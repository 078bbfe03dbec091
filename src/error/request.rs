//! What can be wrong with a request before anything is done.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::enter::idmap::{IdKind, LONGEST_MAP, MOST_LINES};
use crate::list::filter::FilterError;
use crate::namespace::{Kind, Reference};
use crate::sys;

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
    /// Too many lines or too long a text for an id map.
    MapTooLong(&'static str, usize),
    /// No namespace has this number, as far as we can see.
    NoSuchNamespace {
        /// Of which kind.
        kind: Kind,
        /// The number.
        number: Reference,
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
    /// A user or group of the target has no id in the user namespace that is entered, and cannot be followed there.
    TargetNotMapped {
        /// The target.
        pid: i32,
        /// The id, as it is called outside.
        id: u32,
        /// User or group.
        kind: IdKind,
    },
    /// The target's environment is longer than any program could have been started with.
    EnvironmentTooLong(i32),
    /// No mount of the hierarchy shows the target's cgroup.
    CgroupOutOfSight(String),
    /// A cgroup to join that is paused.
    PausedCgroup {
        /// The one that was paused: the target's, or one above it.
        cgroup: PathBuf,
        /// The file in it that lets it run on.
        file: &'static str,
        /// What is written there for that.
        text: &'static str,
    },
    /// An operand or argument with a NUL byte in it.
    NulByte,
    /// A column that lsns does not have, with the rest of the list behind it, as util-linux names it.
    UnknownColumn(OsString),
    /// A list of columns without end.
    TooManyColumns,
    /// No namespace has this inode number, among those of the kinds that are looked at.
    UnknownNamespace(u64),
    /// No process has this PID.
    UnknownProcess(i32),
    /// /proc shows another PID namespace than ours, in which this process has no number.
    NotInProc(i32),
    /// The number of a thread in the place of that of its process.
    IsThread {
        /// The thread.
        tid: i32,
        /// Its process.
        process: i32,
    },
    /// A filter that cannot be read.
    Filter {
        /// As it was given.
        expression: OsString,
        /// What is wrong with it.
        error: FilterError,
    },
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
            RequestError::AllowWithSingleGroup => {
                write!(f, "--setgroups allow: the kernel takes a map of one's own group only while setgroups is denied")
            }
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
                write!(f, "cannot read {}: {}", path.display(), sys::error_text(*errno))
            }
            RequestError::MapTooLong(file, length) => {
                write!(
                    f,
                    "the {file} would be {length} bytes long; the kernel takes at most {LONGEST_MAP}, in {MOST_LINES} lines"
                )
            }
            RequestError::NoSuchNamespace { kind, number } => {
                write!(f, "no {kind} namespace that can be seen here has the number {number}")
            }
            RequestError::NeedsTarget(option) => {
                write!(f, "{option} needs a target process (--target)")
            }
            RequestError::NoNamespaceToOwn => {
                write!(f, "--user-parent needs a namespace whose owner is to be entered")
            }
            RequestError::AnotherProcess { pid, wanted, found } => {
                write!(f, "process {pid} is another one now: its pidfd has inode {found}, not {wanted}")
            }
            RequestError::NoPidfdInodes(pid) => {
                write!(f, "cannot check the inode of process {pid}: this kernel has none for pidfds")
            }
            RequestError::NotTheNamespace { path, wanted, found: Some(found) } => {
                write!(f, "{} is a {found} namespace, not a {wanted} namespace", path.display())
            }
            RequestError::NotTheNamespace { path, .. } => {
                write!(f, "{} is no namespace", path.display())
            }
            RequestError::TargetNotMapped { pid, id, kind } => {
                let what = match kind {
                    IdKind::User => "user",
                    IdKind::Group => "group",
                };
                write!(f, "the {what} of process {pid}, {id} outside, has no id in the user namespace that is entered")
            }
            RequestError::EnvironmentTooLong(pid) => {
                write!(f, "the environment of process {pid} is too long")
            }
            RequestError::CgroupOutOfSight(line) => {
                write!(f, "the cgroup '{line}' of the target cannot be reached by any cgroup mount here")
            }
            RequestError::PausedCgroup { cgroup, .. } => write!(f, "the cgroup {} is paused", cgroup.display()),
            RequestError::NulByte => write!(f, "an argument holds a NUL byte"),
            RequestError::UnknownColumn(name) => write!(f, "unknown column: {}", name.display()),
            RequestError::TooManyColumns => write!(f, "--output: too many columns"),
            RequestError::UnknownNamespace(inode) => write!(f, "not found namespace: {inode}"),
            RequestError::NotInProc(pid) => write!(f, "process {pid} is not in the PID namespace that /proc shows"),
            RequestError::UnknownProcess(pid) => write!(f, "no process has the PID {pid}"),
            RequestError::IsThread { tid, process } => {
                write!(f, "no process has the PID {tid}: it is a thread of process {process}")
            }
            RequestError::Filter { error: FilterError::UnknownColumn { name, .. }, .. } => {
                write!(f, "unknown column: {name}")
            }
            RequestError::Filter { expression, error } => {
                write!(f, "failed to parse \"{}\": {error}", expression.display())
            }
        }
    }
}
