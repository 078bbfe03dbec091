//! unshare's request, what it is made of, and the plan that it makes.

mod plan;

pub use plan::plan;

use std::ffi::OsString;
use std::path::PathBuf;

use super::program::Program;
use super::setting::{Clock, Persist, Propagation, Setgroups};
use crate::error::{Attempt, Failure, RequestError};
use crate::ids::map::Extent;
use crate::namespace::KindSet;
use crate::sys::signal::{SignalNumber, SignalSet};

/// What is to be done, in numbers and paths: nothing is left to look up.
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
    /// Who is to own the user namespace: UID and GID.
    pub owner: Option<(u32, u32)>,
    /// What is asked for /proc/self/setgroups.
    pub setgroups: Option<Setgroups>,
    /// Offsets of clocks, in the order of writing.
    pub offsets: Vec<(Clock, i64)>,
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
    /// The new root directory.
    pub root: Option<PathBuf>,
    /// The new working directory.
    pub working_directory: Option<PathBuf>,
    /// The program's GID.
    pub gid: Option<u32>,
    /// The program's UID.
    pub uid: Option<u32>,
    /// Whether capabilities are kept.
    pub keep_capabilities: bool,
    /// The only variables that the program gets.
    pub variables: Option<Vec<OsString>>,
    /// The program; `None` for the login shell.
    pub program: Option<Program>,
}

/// How the program runs as a child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fork {
    /// The signal that the child gets when we die.
    pub kill_child: Option<SignalNumber>,
    /// The signals that are passed on.
    pub forward_signals: Option<SignalSet>,
    /// Whether that child is process 1 of a new PID namespace for the program, which is a child of its own.
    pub init: bool,
}

/// How an id map is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IdMap {
    /// Not at all.
    #[default]
    None,
    /// By ourselves: our own id alone, which needs no rights outside.
    Own(Extent),
    /// By the mapper helper.
    ByMapper(Vec<Extent>),
}

/// Where the binfmt_misc of the system is, and where a new one goes by default.
pub(crate) const BINFMT: &str = "/proc/sys/fs/binfmt_misc";

/// What fails already where the reference comes before it meets this error: it has made the namespaces when it looks at the
/// files that are to keep them. They are made here as well, by a process that has nothing left to do but to say so.
pub fn fails_before(error: &RequestError, kinds: KindSet) -> Option<Failure> {
    match error {
        RequestError::KeepFile { .. } | RequestError::KeepPidWithoutFork(_) => {
            let errno = nix::sched::unshare(kinds.clone_flags()).err()?;
            Some(Failure::System { attempt: Attempt::Unshare(kinds), errno })
        }
        _ => None,
    }
}
