//! The words of what unshare and nsenter set up: requests are made of them, and steps.

use std::path::PathBuf;

use nix::mount::MsFlags;

use super::handles::Handle;
use crate::ids::map::{Extent, IdKind};
use crate::namespace::{Kind, KindSet};
use crate::sys::signal::SignalSet;

/// A clock that a time namespace offsets, see time_namespaces(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clock {
    /// CLOCK_MONOTONIC.
    Monotonic,
    /// CLOCK_BOOTTIME.
    Boottime,
}

impl Clock {
    /// Its name in /proc/PID/timens_offsets and as an option.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Clock::Monotonic => "monotonic",
            Clock::Boottime => "boottime",
        }
    }
}

/// What becomes of a clock in a new time namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockChange {
    /// It is so many seconds ahead of the clock of the initial time namespace.
    Offset(i64),
    /// It shows so many seconds at the moment when it is set, shortly before the program starts.
    Reading(i64),
}

/// Whether setgroups(2) may be called in a user namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setgroups {
    /// It may.
    Allow,
    /// It may not, and nothing can allow it again.
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
#[non_exhaustive]
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
    /// The flag of mount(2), and its word; `None` if nothing changes.
    pub(crate) const fn flag(self) -> Option<(MsFlags, &'static str)> {
        match self {
            Propagation::Private => Some((MsFlags::MS_PRIVATE, "private")),
            Propagation::Shared => Some((MsFlags::MS_SHARED, "shared")),
            Propagation::Slave => Some((MsFlags::MS_SLAVE, "slave")),
            Propagation::Unchanged => None,
        }
    }
}

/// A file that will keep a namespace alive, by a bind mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persist {
    /// Which namespace.
    pub kind: Kind,
    /// The file.
    pub file: PathBuf,
}

/// Namespaces to enter, and by what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// The kinds that are entered by the pidfd of the target or, where that does not do, by its files in /proc.
    pub of_target: KindSet,
    /// Those of them that are our own as well, and that nobody has named: if entering one is refused, we stay in it.
    pub if_permitted: KindSet,
    /// Those that are entered by a file that is open.
    pub files: Vec<(Kind, Handle)>,
}

impl Join {
    /// Every kind that is entered.
    pub fn kinds(&self) -> KindSet {
        self.of_target.union(self.kinds_of_files())
    }

    /// The kinds that are entered by a file that is open.
    pub fn kinds_of_files(&self) -> KindSet {
        self.files.iter().map(|(kind, _)| *kind).collect()
    }
}

/// A place to mount on: a path in a directory that is open, out of which neither `..` nor a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountPoint {
    /// The directory that is `/` to the path.
    pub root: Handle,
    /// The path.
    pub path: PathBuf,
}

/// A file system that is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewFilesystem {
    /// proc, of the PID namespace that we are in.
    Proc,
    /// tmpfs, whose root directory has this mode. What is missing of a place in it is made.
    Tmpfs(u32),
    /// devpts, whose terminals belong to the group tty. Without it, a terminal belongs to the group of the process that opens it.
    Devpts {
        /// Whether there is the group tty.
        with_group: bool,
    },
}

impl NewFilesystem {
    /// The name of its type.
    pub const fn name(self) -> &'static str {
        match self {
            NewFilesystem::Proc => "proc",
            NewFilesystem::Tmpfs(_) => "tmpfs",
            NewFilesystem::Devpts { .. } => "devpts",
        }
    }
}

/// A map that the mapper helper is to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapJob {
    /// Of users or groups.
    pub ids: IdKind,
    /// Its lines.
    pub lines: Vec<Extent>,
}

/// What the parent of the program does with signals that are meant for either of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalPolicy {
    /// SIGINT and SIGTERM are left to the child: the parent only waits.
    LeaveToChild,
    /// These are passed on to the child. SIGINT and SIGTERM, if they are not among them, are left to it.
    Forward(SignalSet),
    /// What the terminal sends, which the child gets as well, is left to it; of other signals the parent dies.
    Terminal,
    /// As `Forward`, where the child is process 1, which passes them on to the program.
    ThroughInit(SignalSet),
    /// The same where the child is not process 1, but does for the program's terminal what a shell does.
    ThroughLeader(SignalSet),
    /// These are passed on to the child; for others it is as with `Terminal`.
    ForwardOrTerminal(SignalSet),
}

impl SignalPolicy {
    /// The signals that are passed on to the child.
    pub fn forwarded(self) -> SignalSet {
        match self {
            SignalPolicy::LeaveToChild | SignalPolicy::Terminal => SignalSet::default(),
            SignalPolicy::Forward(signals)
            | SignalPolicy::ThroughInit(signals)
            | SignalPolicy::ThroughLeader(signals)
            | SignalPolicy::ForwardOrTerminal(signals) => signals,
        }
    }
}

/// A profile of AppArmor for the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: Vec<u8>,
    /// The directory of our attributes in /proc/self.
    pub attributes: &'static str,
}

/// A user or group for the program that nsenter runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetId {
    /// This one.
    Number(u32),
    /// That of the target, as seen inside.
    Followed,
}
