//! The words of a [`Command`](super::Command).

use std::ffi::OsString;

use super::error::{Error, Result};
use crate::cli::value::BlockArgument;
use crate::enter::target::{PinnedTarget as Pinned, TargetArgument};
use crate::enter::target_source::TargetSource;
use crate::error::OfTarget;
use crate::ids::map::Extent;
use crate::sys::pidfd;
use crate::sys::stat::fstat;

pub use crate::enter::setting::{Clock, ClockChange, Propagation};

/// Ids that a new user namespace maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdMap {
    /// `count` ids from `inner` on inside are those from `outer` on outside.
    Range {
        /// The first id inside.
        inner: u32,
        /// The first id outside.
        outer: u32,
        /// How many.
        count: u32,
    },
    /// The first block of subordinate ids of the caller (subuid(5)), from 0 on inside.
    Auto,
    /// All blocks of subordinate ids, one after the other from 0 on inside.
    Ranges,
    /// The first block of subordinate ids, each id to itself.
    Subids,
    /// Every id of our user namespace, to itself.
    All,
}

impl IdMap {
    pub(super) fn to_block(self) -> BlockArgument {
        match self {
            IdMap::Range { inner, outer, count } => BlockArgument::Block(Extent { inner, outer, count }),
            IdMap::Auto => BlockArgument::Auto,
            IdMap::Ranges => BlockArgument::Ranges,
            IdMap::Subids => BlockArgument::Subids,
            IdMap::All => BlockArgument::All,
        }
    }
}

/// The process whose namespaces a program is to be started in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(pub(super) TargetSource);

/// Pins a process. Errors: no such process exists.
pub(super) fn pin(pid: u32, wanted: OfTarget) -> Result<Pinned> {
    match i32::try_from(pid) {
        Ok(number @ 1..) => Pinned::pin(TargetArgument { pid: number, inode: None }, wanted)
            .map_err(|error| Error::of_process(error, pid)),
        _ => Err(Error::invalid(format!("{pid} is no PID"))),
    }
}

impl Target {
    /// The process with this PID. From Linux 6.9 on, it is this process and no other that is entered later, even if the
    /// kernel gives its PID to another meanwhile. Errors: no such process exists.
    pub fn pid(pid: u32) -> Result<Target> {
        let process = pin(pid, OfTarget::Process)?;
        let pid = process.pid();
        let pidfd = process.pidfd().filter(|pidfd| pidfd::has_inode(pidfd));
        let inode = pidfd.and_then(|pidfd| fstat(pidfd).ok()).map(|stat| stat.st_ino);
        Ok(Target(TargetSource::Process(TargetArgument { pid, inode })))
    }

    /// The first process of a container: its name, or the beginning of its id, with or without `docker:`, `podman:` and the
    /// like before it. It is looked for when the program starts.
    pub fn container(name: impl Into<OsString>) -> Target {
        Target(TargetSource::Container(name.into()))
    }

    /// The main process of a unit of systemd. It is looked for when the program starts.
    pub fn unit(name: impl Into<OsString>) -> Target {
        Target(TargetSource::Unit(name.into()))
    }
}
