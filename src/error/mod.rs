//! What can go wrong, how it is said, and the exit status that it gives.

mod attempt;
pub(crate) mod filter;
mod request_error;
mod shown;
mod usage;

pub use attempt::{Attempt, Wanted};
pub use filter::FilterError;
pub use request_error::RequestError;
pub use shown::Shown;
pub use usage::{UsageError, Wording};

use std::ffi::OsString;
use std::fmt;

use nix::errno::Errno;

use crate::ids::map::IdKind;
use crate::sys;
use crate::sys::process::Status;

/// Why a tool could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The command line cannot be read.
    Usage(UsageError),
    /// The request contradicts itself, or names something that does not exist. Nothing has been done yet.
    Request(RequestError),
    /// The kernel refused.
    System {
        /// What we were about to do.
        attempt: Attempt,
        /// The kernel's answer.
        errno: Errno,
    },
    /// Standard output could not be written. Holds the errno if the last block failed, because only then does
    /// util-linux print it.
    Output(Option<Errno>),
    /// The program could not be run.
    Program {
        /// As it was asked for.
        program: OsString,
        /// The kernel's answer.
        errno: Errno,
    },
    /// We could not run a helper program.
    HelperProgram {
        /// The map that it writes.
        ids: IdKind,
        /// Whether an executable file of that name exists: then its interpreter is missing.
        found: bool,
        /// The kernel's answer.
        errno: Errno,
    },
    /// A helper process ended before it had done its work.
    Helper {
        /// Which.
        helper: Helper,
        /// How it ended, as far as it is known.
        ending: Option<Status>,
    },
}

/// A process that does for us what we can no longer do, or a program that it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helper {
    /// Binds namespaces on files.
    Binder,
    /// Writes id maps.
    Mapper,
    /// newuidmap(1) or newgidmap(1).
    MapProgram(IdKind),
}

impl fmt::Display for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Helper::Binder => "the helper that keeps namespaces",
            Helper::Mapper => "the helper that writes id maps",
            Helper::MapProgram(ids) => ids.map_program(),
        })
    }
}

impl Failure {
    /// What it reported beyond the message, for a hint.
    pub fn detail(&self) -> Option<String> {
        match self {
            Failure::Usage(error) => error.detail(),
            Failure::Request(error) => error.detail(),
            _ if self.is_said_by_helper() => Some(self.to_string()),
            _ => None,
        }
    }

    /// Whether a helper program has already printed what failed: then we add only a hint.
    pub fn is_said_by_helper(&self) -> bool {
        matches!(self, Failure::Helper { helper: Helper::MapProgram(_), ending: Some(Status::Exited(_)) })
    }

    /// The exit status of this failure: 127 and 126 as env(1) has them for the program, lsns's 2 for a kernel that is
    /// too old, otherwise 1.
    pub fn status(&self) -> Status {
        match self {
            Failure::Program { errno: Errno::ENOENT, .. } => Status::Exited(127),
            Failure::Program { .. } => Status::Exited(126),
            // The kernel is too old. A script can tell this from every other failure.
            Failure::System { attempt: Attempt::AskRelations(_), errno: Errno::ENOTTY } => Status::Exited(2),
            _ => Status::FAILURE,
        }
    }
}

/// Turns the errno of a system call into a [`Failure`] that says what was being done: `mount(…).attempt(|| Attempt::…)`.
pub trait ResultExt<T> {
    /// Says what was being done.
    fn attempt(self, attempt: impl FnOnce() -> Attempt) -> Result<T, Failure>;
}

impl<T> ResultExt<T> for nix::Result<T> {
    fn attempt(self, attempt: impl FnOnce() -> Attempt) -> Result<T, Failure> {
        self.map_err(|errno| Failure::System { attempt: attempt(), errno })
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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(error) => error.fmt(f),
            Failure::Request(error) => error.fmt(f),
            Failure::System { attempt: Attempt::AskRelations(ioctl), errno: Errno::ENOTTY } => {
                write!(f, "Unsupported ioctl {ioctl}")
            }
            Failure::Output(None) => write!(f, "write error"),
            Failure::Output(Some(errno)) => write!(f, "write error: {}", sys::error_text(*errno)),
            // If the target does not exist, its files do not either.
            Failure::System { attempt, errno: Errno::ESRCH } if attempt.is_of_file_of_target() => {
                write!(f, "{attempt}: {}", sys::error_text(Errno::ENOENT))
            }
            Failure::System { attempt, errno } => write!(f, "{attempt}: {}", sys::error_text(*errno)),
            Failure::Program { program, errno } => {
                write!(f, "failed to execute {}: {}", program.shown(), sys::error_text(*errno))
            }
            Failure::HelperProgram { ids, errno, .. } => {
                write!(f, "failed to execute {}: {}", ids.map_program(), sys::error_text(*errno))
            }
            Failure::Helper { helper, ending: Some(Status::Exited(status)) } => {
                write!(f, "{helper} failed with status {status}")
            }
            Failure::Helper { helper, ending: Some(Status::Killed(signal)) } => {
                write!(f, "{helper} was killed by signal {}", signal.0)
            }
            Failure::Helper { helper, ending: None } => {
                write!(f, "{helper} has ended without an answer")
            }
        }
    }
}
