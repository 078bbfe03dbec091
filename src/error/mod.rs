//! What can go wrong, how it is said, and the exit status that it gives.

mod attempt;
mod container;
pub(crate) mod filter;
mod likeness;
mod request_error;
mod shown;
mod usage;

pub use attempt::{Attempt, OfTarget};
pub use container::ContainerError;
pub use filter::FilterError;
pub use likeness::LikenessError;
pub use request_error::RequestError;
pub use shown::{Shown, listed};
pub use usage::{UsageError, Wording};

use std::fmt;

use nix::errno::Errno;

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
}

impl Failure {
    /// What it reported beyond the message, for a hint.
    pub fn detail(&self) -> Option<String> {
        match self {
            Failure::Usage(error) => error.detail(),
            Failure::Request(error) => error.detail(),
            _ => None,
        }
    }

    /// The exit status of this failure: lsns's 2 for a kernel that is too old, otherwise 1.
    pub fn status(&self) -> Status {
        match self {
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

impl From<LikenessError> for Failure {
    fn from(error: LikenessError) -> Failure {
        Failure::Request(RequestError::Likeness(error))
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
        }
    }
}
