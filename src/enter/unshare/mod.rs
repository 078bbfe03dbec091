//! unshare's request, what it is made of, and the plan that it makes.

mod plan;

pub use plan::plan;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::failure::RunFailure;
use super::program::Program;
use super::setting::{Clock, ClockChange, Persist, Propagation, Setgroups};
use super::step::Step;
use crate::error::RequestError;
use crate::ids::map::Extent;
use crate::namespace::KindSet;
use crate::sys::capability::CapabilitySet;
use crate::sys::signal::{SignalNumber, SignalSet};

/// The request in numbers and paths: everything is looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnshareRequest {
    /// The namespaces to unshare.
    pub kinds: KindSet,
    /// The files to keep them on.
    pub keep: Vec<Persist>,
    /// Whether the program runs as a child.
    pub fork: Option<Fork>,
    /// The descriptor of our caller's to which it is told that the program starts, and how it ends.
    pub status: Option<i32>,
    /// Of a new mount namespace.
    pub propagation: Propagation,
    /// uid_map.
    pub uid_map: IdMap,
    /// gid_map.
    pub gid_map: IdMap,
    /// The owner of the user namespace: UID and GID.
    pub owner: Option<(u32, u32)>,
    /// What is asked for /proc/self/setgroups.
    pub setgroups: Option<Setgroups>,
    /// What becomes of clocks, in the order of writing.
    pub clocks: Vec<(Clock, ClockChange)>,
    /// Whether the loopback device of a new network namespace is brought up.
    pub loopback: bool,
    /// The host name of a new UTS namespace.
    pub hostname: Option<OsString>,
    /// Its NIS domain name.
    pub domainname: Option<OsString>,
    /// Where to mount proc.
    pub proc: Option<PathBuf>,
    /// Where to mount binfmt_misc.
    pub binfmt: Option<PathBuf>,
    /// What to register with it.
    pub interpreter: Option<OsString>,
    /// The new root directory, by chroot(2).
    pub root: Option<PathBuf>,
    /// The new root directory, by pivot_root(2).
    pub pivot_root: Option<PathBuf>,
    /// What to mount, in this order.
    pub mounts: Vec<NewMount>,
    /// Whether the group that terminals belong to, [`TTY_GROUP`], has an id inside.
    pub has_tty_group: bool,
    /// The new working directory.
    pub working_directory: Option<PathBuf>,
    /// The program's GID.
    pub gid: Option<u32>,
    /// The program's UID.
    pub uid: Option<u32>,
    /// Whether capabilities are kept.
    pub keep_capabilities: bool,
    /// The capabilities to drop; `None` where nothing is said of capabilities.
    pub capabilities: Option<CapabilitySet>,
    /// Whether PR_SET_NO_NEW_PRIVS is set.
    pub no_new_privileges: bool,
    /// The only variables that the program gets.
    pub variables: Option<Vec<OsString>>,
    /// The program; `None` for the login shell.
    pub program: Option<Program>,
}

/// Something to mount, on a path in the new root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewMount {
    /// A file or directory of outside, with all that is mounted below.
    Bind {
        /// Which.
        source: PathBuf,
        /// Where.
        on: PathBuf,
        /// Whether all of it becomes read-only.
        read_only: bool,
    },
    /// A new tmpfs.
    Tmpfs(PathBuf),
    /// A directory for devices, with those that every program expects.
    Devices(PathBuf),
}

impl NewMount {
    /// Where it goes.
    pub fn place(&self) -> &Path {
        match self {
            NewMount::Bind { on, .. } | NewMount::Tmpfs(on) | NewMount::Devices(on) => on,
        }
    }
}

/// How the program runs as a child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fork {
    /// The signal that the child gets when we die.
    pub kill_child: Option<SignalNumber>,
    /// The signals that are passed on.
    pub forward_signals: Option<SignalSet>,
    /// Whether that child is process 1 of a new PID namespace, with the program as its child.
    pub init: bool,
}

impl UnshareRequest {
    /// The new root directory, however it is changed to.
    pub fn new_root(&self) -> Option<&PathBuf> {
        self.pivot_root.as_ref().or(self.root.as_ref())
    }
}

/// How to write an id map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IdMap {
    /// Not at all.
    #[default]
    None,
    /// We write it ourselves: only our own id, which needs no rights outside.
    Own(Extent),
    /// By the mapper helper.
    ByMapper(Vec<Extent>),
}

/// The group of terminals, on every distribution.
pub const TTY_GROUP: u32 = 5;

/// The mount point of the system's binfmt_misc, and the default for a new one.
pub(crate) const BINFMT: &str = "/proc/sys/fs/binfmt_misc";

/// The failure that the reference meets before this error: it makes the namespaces before it looks at the files that
/// will keep them. We make them here as well, because this process will only report the error and end.
pub fn fails_before(error: &RequestError, kinds: KindSet) -> Option<RunFailure> {
    match error {
        RequestError::KeepFile { .. } | RequestError::KeepPidWithoutFork(_) => {
            let errno = nix::sched::unshare(kinds.clone_flags()).err()?;
            Some(RunFailure::refused(Step::Unshare(kinds), errno))
        }
        _ => None,
    }
}
