//! The steps of a plan: each is an action that needs no further decision.

use std::ffi::OsString;
use std::path::PathBuf;

use nix::mount::MsFlags;

use super::environment::Environment;
use super::idmap::{Extent, IdKind};
use super::program::Program;
use crate::namespace::{Kind, KindSet};
use crate::sys::signal::SignalNumber;

/// What to do, in this order. The last step runs the program.
pub type Plan = Vec<Step>;

/// A clock that a time namespace offsets, see time_namespaces(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// CLOCK_MONOTONIC.
    Monotonic,
    /// CLOCK_BOOTTIME.
    Boottime,
}

impl Clock {
    /// Its name in /proc/PID/timens_offsets and as an option.
    pub const fn name(self) -> &'static str {
        match self {
            Clock::Monotonic => "monotonic",
            Clock::Boottime => "boottime",
        }
    }
}

/// Whether setgroups(2) may be called in a user namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setgroups {
    /// It may.
    Allow,
    /// It may not, for ever.
    Deny,
}

impl Setgroups {
    /// The word for /proc/PID/setgroups.
    pub const fn word(self) -> &'static str {
        match self {
            Setgroups::Allow => "allow",
            Setgroups::Deny => "deny",
        }
    }
}

/// How mounts and unmounts pass between a new mount namespace and the old one, see mount_namespaces(7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// Not at all.
    #[default]
    Private,
    /// Both ways.
    Shared,
    /// From the old one to the new one.
    Slave,
    /// As it was.
    Unchanged,
}

impl Propagation {
    /// The flag of mount(2), and the word for it; `None` where nothing is to be changed.
    pub const fn flag(self) -> Option<(MsFlags, &'static str)> {
        match self {
            Propagation::Private => Some((MsFlags::MS_PRIVATE, "private")),
            Propagation::Shared => Some((MsFlags::MS_SHARED, "shared")),
            Propagation::Slave => Some((MsFlags::MS_SLAVE, "slave")),
            Propagation::Unchanged => None,
        }
    }
}

/// A file that is to keep a namespace alive by a bind mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Which namespace.
    pub kind: Kind,
    /// The file.
    pub file: PathBuf,
}

/// A map that the mapper helper is to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapJob {
    /// Of users or groups.
    pub ids: IdKind,
    /// Its lines.
    pub lines: Vec<Extent>,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// SIGCHLD to its default: a caller that ignores it would have our children vanish unwaited for.
    DefaultChildSignal,
    /// PR_SET_DUMPABLE: whether others of our user may look into our /proc files, and we ourselves.
    MakeDumpable,
    /// Starts the helper that will bind namespaces on files, in the namespaces as they are now.
    StartBinder(Vec<Keep>),
    /// Starts the helper that will write id maps, in the user namespace as it is now.
    StartMapper(Vec<MapJob>),
    /// unshare(2), all kinds in one call.
    Unshare(KindSet),
    /// Lets the mapper write, and waits for it.
    ReleaseMapper,
    /// Writes to /proc/self/timens_offsets.
    OffsetClock(Clock, i64),
    /// fork(2): the child goes on with the next step, the parent supervises it until it ends.
    Fork(Supervision),
    /// Has the binder bind, and waits until it has.
    Bind,
    /// PR_SET_PDEATHSIG, and a look whether the parent has died before.
    DieWithParent(SignalNumber),
    /// Writes our own uid_map or gid_map: one id.
    MapOwnId(IdKind, Extent),
    /// Writes /proc/self/setgroups.
    Setgroups(Setgroups),
    /// Changes the propagation of the mounts from a directory on, recursively.
    Propagate(Propagation, PathBuf),
    /// Makes the mounts from a directory on private, if it is a mount point.
    MakePrivateIfMounted(PathBuf),
    /// Mounts proc.
    MountProc(PathBuf),
    /// Mounts binfmt_misc.
    MountBinfmt(PathBuf),
    /// Writes to the `register` file of the binfmt_misc mounted there.
    RegisterInterpreter {
        /// Where binfmt_misc is mounted.
        binfmt: PathBuf,
        /// What is registered.
        interpreter: OsString,
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
    /// Permitted capabilities into the ambient set.
    KeepCapabilities,
    /// The environment that the program gets.
    Environment(Environment),
    /// Runs the program in place of this process; `None` is the login shell, which is looked up only then.
    Execute(Option<Program>),
}

/// What the parent does beside waiting for its child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supervision {
    /// Pass SIGTERM and SIGINT on to the child, instead of leaving both to it.
    pub forward_signals: bool,
}
