//! unshare's request, what it is made of, and the plan that it makes.

mod plan;

pub use plan::{UnshareRequest, plan};

use std::path::{Path, PathBuf};

use super::failure::RunFailure;
use super::step::Step;
use crate::error::RequestError;
use crate::ids::map::Extent;
use crate::namespace::KindSet;
use crate::sys::signal::{SignalNumber, SignalSet};

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
    /// Whether the program gets its own terminal.
    pub pty: bool,
}

/// How to write an id map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MapMethod {
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
