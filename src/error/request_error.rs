//! Errors in a request, found before anything is done.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::shown::Shown;
use super::{Attempt, ContainerError, LikenessError, OfTarget};
use crate::error::FilterError;
use crate::ids::map::{IdKind, LONGEST_MAP, MOST_LINES};
use crate::ids::passwd::Database;
use crate::namespace::{Kind, NamespaceNumber};
use crate::sys;

/// A request that makes no sense. It is reported before anything is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// No such user.
    UnknownUser(OsString),
    /// No such group.
    UnknownGroup(OsString),
    /// A clock offset without a new time namespace.
    OffsetWithoutTime,
    /// A clock is to show something, and we do not have the clocks that our children will have.
    OtherClocksForChildren,
    /// --cap-add names a capability that the kernel lacks.
    NoSuchCapability(u64),
    /// `--setgroups allow` together with a single group map.
    AllowWithSingleGroup,
    /// Two options that exclude each other.
    Excluded {
        /// One, as messages name it.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A mount on `/` where that stays the root directory.
    MountOnRoot,
    /// The file that a namespace should be kept on cannot be used.
    KeepFile {
        /// Of which kind.
        kind: Kind,
        /// The file.
        file: PathBuf,
        /// Why not.
        errno: Errno,
    },
    /// --status-fd names a descriptor that belongs to the program (0 to 2).
    StandardDescriptor(i32),
    /// The status descriptor is not open for writing.
    NotWritable(i32),
    /// The status descriptor is not open.
    NoDescriptor {
        /// Its number.
        fd: i32,
        /// What fcntl(2) says.
        errno: Errno,
    },
    /// A PID namespace to be kept, without a fork: it exists only once it has its first process.
    KeepPidWithoutFork(PathBuf),
    /// No line for the user in /etc/subuid or /etc/subgid.
    NoSubordinateIds {
        /// UID of the user.
        uid: u32,
        /// The user's name, if there is one.
        name: Option<String>,
        /// The file.
        file: &'static str,
    },
    /// A file that we must read before we begin, and cannot.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        errno: Errno,
    },
    /// Too many lines or too long a text for an id map.
    MapTooLong {
        /// uid_map or gid_map.
        file: &'static str,
        /// How many lines.
        lines: usize,
        /// How many bytes.
        length: usize,
    },
    /// getsubids(1) has more blocks for this user than a map has lines.
    TooManySubordinates(String),
    /// We see no namespace with this number.
    NoSuchNamespace {
        /// Of which kind.
        kind: Kind,
        /// The number.
        number: NamespaceNumber,
    },
    /// An option needs --target.
    NeedsTarget {
        /// The option.
        option: String,
        /// What is asked of the target.
        wanted: OfTarget,
    },
    /// --user-parent without a namespace whose owner it could mean.
    NoNamespaceToOwn,
    /// --user-parent was given more often than there are user namespaces on the way to our own.
    NotSoManyParents {
        /// How often.
        asked: u32,
        /// How many there are.
        there_are: u32,
    },
    /// Another process has got the PID.
    AnotherProcess {
        /// The PID.
        pid: i32,
        /// The inode number that was asked for.
        wanted: u64,
        /// That of the process that has the PID now.
        found: u64,
    },
    /// All pidfds of this kernel share one inode number (before Linux 6.9).
    NoPidfdInodes(i32),
    /// A file that is not a namespace file, or belongs to a namespace of another kind.
    NotTheNamespace {
        /// The file.
        path: PathBuf,
        /// What it should be.
        wanted: Kind,
        /// What it is, if it is a namespace.
        found: Option<Kind>,
    },
    /// A user or group of the target has no id in the user namespace that is entered, so that we cannot become it.
    TargetNotMapped {
        /// The target.
        pid: i32,
        /// The id, as seen from outside.
        id: u32,
        /// User or group.
        kind: IdKind,
    },
    /// The target's environment is longer than execve(2) allows.
    EnvironmentTooLong(i32),
    /// No cgroup file system is mounted, for the cgroup of this name or any other.
    NoCgroups(String),
    /// No mount of the hierarchy shows the target's cgroup.
    CgroupOutOfSight(String),
    /// A cgroup to join that is paused.
    PausedCgroup {
        /// The frozen cgroup: the target's, or one above it.
        cgroup: PathBuf,
        /// The file in it that lets it run on.
        file: &'static str,
        /// What is written there for that.
        text: &'static str,
    },
    /// A name leads to no container or unit.
    Container(ContainerError),
    /// The program cannot run as the target does.
    Likeness(LikenessError),
    /// An operand or argument with a NUL byte in it.
    NulByte,
    /// lsns has no such column. Holds the name and the rest of the list after it, as util-linux prints them.
    UnknownColumn(OsString),
    /// A list of columns without end.
    TooManyColumns,
    /// No namespace of the kinds that we look at has this inode number.
    UnknownNamespace(u64),
    /// No process has this PID.
    UnknownProcess(i32),
    /// /proc shows another PID namespace than ours, and this process has no PID there.
    NotInProc(i32),
    /// The id of a thread was given instead of the PID of its process.
    IsThread {
        /// The thread.
        tid: i32,
        /// Its process.
        process: i32,
    },
    /// --proc names a directory that is not of a proc.
    NotProc(PathBuf),
    /// The directory of --proc is one below the root of a proc.
    NotRootOfProc(PathBuf),
    /// What --find names is in no namespace.
    NothingFound {
        /// All of it.
        wanted: Vec<OsString>,
        /// In how many namespaces was looked, and the like.
        looked: String,
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
            RequestError::UnknownUser(name) => write!(f, "failed to parse uid: '{}'", name.shown()),
            RequestError::UnknownGroup(name) => write!(f, "failed to parse gid: '{}'", name.shown()),
            RequestError::OffsetWithoutTime => {
                write!(f, "options --monotonic and --boottime require unsharing of a time namespace (-t)")
            }
            RequestError::OtherClocksForChildren => {
                write!(
                    f,
                    "--monotonic=@ and --boottime=@: our children are to be in another time namespace than we are"
                )
            }
            RequestError::NoSuchCapability(number) => {
                write!(f, "failed to parse capability: '{number}': {}", sys::error_text(Errno::ERANGE))
            }
            RequestError::AllowWithSingleGroup => {
                write!(f, "options --setgroups=allow and --map-group are mutually exclusive")
            }
            RequestError::Excluded { one, other } => write!(f, "options {one} and {other} are mutually exclusive"),
            RequestError::MountOnRoot => write!(f, "a mount on / requires a new root directory (--pivot-root)"),
            RequestError::KeepFile { kind, file, errno } => not_kept(f, *kind, file, *errno),
            RequestError::KeepPidWithoutFork(file) => not_kept(f, Kind::Pid, file, Errno::ENOENT),
            RequestError::StandardDescriptor(fd) => {
                write!(f, "--status-fd {fd}: the descriptors 0 to 2 are the program's")
            }
            RequestError::NotWritable(fd) => write!(f, "--status-fd {fd}: it is not open for writing"),
            RequestError::NoDescriptor { fd, errno } => {
                write!(f, "--status-fd {fd}: {}", sys::error_text(*errno))
            }
            RequestError::NoSubordinateIds { name: Some(name), file, .. } => {
                // No system call has failed, only the search. The reference therefore prints "Success".
                write!(f, "no line matching user \"{name}\" in {file}: Success")
            }
            RequestError::NoSubordinateIds { uid, .. } => write!(f, "you (user {uid}) don't exist."),
            RequestError::Unreadable { path, errno } if path.starts_with("/etc") => {
                write!(f, "could not open '{}': {}", path.shown(), sys::error_text(*errno))
            }
            RequestError::Unreadable { path, errno } => {
                write!(f, "cannot open {}: {}", path.shown(), sys::error_text(*errno))
            }
            RequestError::MapTooLong { file, lines, length } => {
                write!(
                    f,
                    "the {file} would have {lines} lines and {length} bytes; the kernel takes at most {MOST_LINES} lines \
                     and {LONGEST_MAP} bytes"
                )
            }
            RequestError::TooManySubordinates(name) => {
                write!(f, "getsubids lists more than {MOST_LINES} blocks of subordinate ids for \"{name}\"")
            }
            RequestError::NoSuchNamespace { number: NamespaceNumber::Id(id), .. } => {
                write!(f, "cannot open namespace of id {id}: {}", sys::error_text(Errno::ESTALE))
            }
            RequestError::NoSuchNamespace { kind, number } => {
                write!(f, "cannot open namespace {kind}:{number}: {}", sys::error_text(Errno::ENOENT))
            }
            RequestError::NeedsTarget { wanted: OfTarget::All, .. } => write!(f, "no target PID specified for --all"),
            RequestError::NeedsTarget { wanted: OfTarget::Namespace(kind), .. } => {
                write!(f, "neither filename nor target pid supplied for ns/{kind}")
            }
            RequestError::NeedsTarget { wanted: OfTarget::File(name), .. } => {
                write!(f, "neither filename nor target pid supplied for {name}")
            }
            RequestError::NeedsTarget { wanted: OfTarget::Process, .. } | RequestError::NoNamespaceToOwn => {
                write!(f, "no target PID specified")
            }
            RequestError::NotSoManyParents { asked, there_are } => {
                write!(f, "--user-parent was given {asked} times: there ")?;
                match there_are {
                    1 => write!(f, "is only 1 user namespace below ours"),
                    count => write!(f, "are only {count} user namespaces below ours"),
                }
            }
            RequestError::AnotherProcess { pid, .. } => {
                write!(f, "failed to obtain a valid file descriptor for PID {pid}: {}", sys::error_text(Errno::ESRCH))
            }
            RequestError::NoPidfdInodes(pid) => {
                write!(f, "failed to obtain a valid file descriptor for PID {pid}: {}", sys::error_text(Errno::ENOSYS))
            }
            RequestError::NotTheNamespace { wanted, .. } => {
                write!(f, "reassociate to namespace 'ns/{wanted}' failed: {}", sys::error_text(Errno::EINVAL))
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
            RequestError::NoCgroups(_) => write!(f, "--join-cgroup is only supported in cgroup v2"),
            RequestError::CgroupOutOfSight(line) => {
                write!(f, "the cgroup '{line}' of the target cannot be reached by any cgroup mount here")
            }
            RequestError::PausedCgroup { cgroup, .. } => write!(f, "the cgroup {} is paused", cgroup.shown()),
            RequestError::Container(error) => write!(f, "{error}"),
            RequestError::Likeness(error) => write!(f, "{error}"),
            RequestError::NulByte => write!(f, "an argument holds a NUL byte"),
            RequestError::UnknownColumn(name) => write!(f, "unknown column: {}", name.shown()),
            RequestError::TooManyColumns => write!(f, "--output: too many columns"),
            RequestError::UnknownNamespace(inode) => write!(f, "not found namespace: {inode}"),
            RequestError::NotInProc(pid) => write!(f, "process {pid} is not in the PID namespace that /proc shows"),
            RequestError::UnknownProcess(pid) => write!(f, "no process has the PID {pid}"),
            RequestError::IsThread { tid, process } => {
                write!(f, "no process has the PID {tid}: it is a thread of process {process}")
            }
            RequestError::NotProc(directory) => write!(f, "not a proc file system: {}", directory.shown()),
            RequestError::NotRootOfProc(directory) => {
                write!(f, "not the root of a proc file system, but a directory in it: {}", directory.shown())
            }
            RequestError::NothingFound { wanted, looked } => {
                let wanted: Vec<_> = wanted.iter().map(|text| text.shown().to_string()).collect();
                write!(f, "not found: {} (looked at {looked})", wanted.join(", "))
            }
            RequestError::Filter { error: FilterError::UnknownColumn { name, .. }, .. } => {
                write!(f, "unknown column: {name}")
            }
            RequestError::Filter { expression, error } => {
                write!(f, "failed to parse \"{}\": {error}", expression.shown())
            }
        }
    }
}

/// `file` cannot keep a namespace alive; we have not tried.
fn not_kept(f: &mut fmt::Formatter<'_>, kind: Kind, file: &Path, errno: Errno) -> fmt::Result {
    let pid = std::process::id() as i32;
    let attempt = Attempt::Keep { kind, file: file.to_path_buf(), pid };
    write!(f, "{attempt}: {}", sys::error_text(errno))
}

impl RequestError {
    /// No user, or no group, is called `name`.
    pub fn unknown(database: Database, name: &OsStr) -> RequestError {
        match database {
            Database::Users => RequestError::UnknownUser(name.to_os_string()),
            Database::Groups => RequestError::UnknownGroup(name.to_os_string()),
        }
    }

    /// What it says more than the message does.
    pub fn detail(&self) -> Option<String> {
        Some(match self {
            RequestError::UnknownUser(name) => format!("no user is called '{}'", name.shown()),
            RequestError::UnknownGroup(name) => format!("no group is called '{}'", name.shown()),
            RequestError::OtherClocksForChildren => {
                "this unshare was started by unshare --time without --fork: add --fork there".to_string()
            }
            RequestError::NoSuchCapability(_) => "this kernel has no capability of that number".to_string(),
            RequestError::AllowWithSingleGroup => {
                "the kernel takes a map of your own group only while setgroups is denied".to_string()
            }
            RequestError::Excluded { one: "--pivot-root", other: "--root" } => {
                "both change the root directory: --pivot-root by pivot_root(2), --root by chroot(2)".to_string()
            }
            RequestError::Excluded { one: "--map-users=ranges" | "--map-groups=ranges", .. } => {
                "both map ids of the same blocks, and the kernel takes each id once".to_string()
            }
            RequestError::Excluded { one: "--pivot-root", .. } => {
                "pivot_root(2) needs mounts that do not pass on to the old mount namespace".to_string()
            }
            RequestError::KeepFile { kind, file, errno: Errno::ENOENT } => {
                let (option, file) = (kind.long_option(), file.shown());
                format!("--{option}={file}: create the file first (touch {file}), the namespace is bound on it")
            }
            RequestError::KeepPidWithoutFork(_) => {
                "a PID namespace can be kept only once its first process is in it: add --fork".to_string()
            }
            RequestError::NoSuchNamespace { kind, number } => {
                format!("no {kind} namespace that can be seen here has the number {number}")
            }
            RequestError::NeedsTarget { option, .. } => format!("{option} needs a target process (--target)"),
            RequestError::NoNamespaceToOwn => {
                "--user-parent enters the owner of a namespace: say which namespace, as by --net".to_string()
            }
            RequestError::AnotherProcess { pid, wanted, found } => {
                format!("process {pid} is another one now: its pidfd has inode {found}, not {wanted}")
            }
            RequestError::NoPidfdInodes(_) => "pidfds have their own inode numbers only since Linux 6.9".to_string(),
            RequestError::NotTheNamespace { path, wanted, found: Some(found) } => {
                format!("{} is a {found} namespace, not a {wanted} namespace", path.shown())
            }
            RequestError::NotTheNamespace { path, .. } => format!("{} is no namespace", path.shown()),
            RequestError::NoCgroups(line) => {
                format!("no cgroup file system is mounted here, by which to reach the target's cgroup '{line}'")
            }
            RequestError::Container(error) => return error.detail(),
            RequestError::Likeness(error) => return error.detail(),
            _ => return None,
        })
    }
}
