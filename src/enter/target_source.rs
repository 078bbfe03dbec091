//! How a target is named: by its PID, or by the container or unit that it is the first process of.

use std::ffi::OsString;

use nix::errno::Errno;

use super::target::{PinnedTarget, TargetArgument};
use crate::container::find::{Directory, Found};
use crate::error::{Attempt, ContainerError, Failure, OfTarget, RequestError};

/// In bytes. No file of /proc that we check a process by is longer.
const LONGEST: usize = 1 << 20;

/// What names a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetSource {
    /// `--target`.
    Process(TargetArgument),
    /// `--container`: a name, an id or the beginning of one, or one of these behind a runtime and a colon.
    Container(OsString),
    /// `--unit`: a unit of systemd.
    Unit(OsString),
}

impl TargetSource {
    /// Finds the process and pins it. Whatever led to it is checked once it is pinned: from then on, it can be no other.
    ///
    /// Errors: those of [`PinnedTarget::pin`]; the name is nobody's or that of several, or leads to a process that is another one
    /// by now.
    pub fn pin(&self, first_wanted: OfTarget) -> Result<PinnedTarget, Failure> {
        let directory = Directory::of_system();
        match self {
            TargetSource::Process(argument) => PinnedTarget::pin(*argument, first_wanted),
            TargetSource::Container(name) => {
                let found = directory.find_container(name).map_err(RequestError::Container)?;
                pin_found(&directory, &found, first_wanted)
            }
            TargetSource::Unit(name) => {
                let found = directory.find_unit(name).map_err(RequestError::Container)?;
                pin_found(&directory, &found, first_wanted)
            }
        }
    }
}

fn pin_found(directory: &Directory, found: &Found, first_wanted: OfTarget) -> Result<PinnedTarget, Failure> {
    let pinned = PinnedTarget::pin(TargetArgument { pid: found.pid, inode: None }, first_wanted);
    let target = pinned.map_err(|failure| in_words_of(failure, found))?;
    let read = |name| target.read(name, LONGEST).map_err(|failure| in_words_of(failure, found));
    let (cgroup, stat) = (read("cgroup")?, read("stat")?);
    directory.check(found, &cgroup, &stat).map_err(RequestError::Container)?;
    // What has been read was of the process only if that still has its PID.
    target.check_alive().map_err(|failure| in_words_of(failure, found))?;
    Ok(target)
}

/// That a process has ended is said of what it was to be the first of.
fn in_words_of(failure: Failure, found: &Found) -> Failure {
    let has_ended = matches!(
        failure,
        Failure::System {
            attempt: Attempt::FindProcess { .. } | Attempt::Open(_) | Attempt::Read(_),
            errno: Errno::ESRCH | Errno::ENOENT,
        }
    );
    let ended: ContainerError = found.has_ended();
    if has_ended { RequestError::Container(ended).into() } else { failure }
}
