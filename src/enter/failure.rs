//! Why a plan was not carried out to its end.

use std::ffi::OsString;
use std::fmt;

use nix::errno::Errno;

use super::step::Step;
use crate::error::{Failure, Shown};
use crate::ids::map::IdKind;
use crate::sys;
use crate::sys::process::Status;

/// Why a plan was not carried out to its end. It displays as the first line of the message does, without the name of the
/// tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunFailure {
    /// The kernel refused the call that a step is there for.
    Step {
        /// The step.
        step: Box<Step>,
        /// The kernel's answer.
        errno: Errno,
    },
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
    /// Anything else: another call, or the request itself.
    Other(Failure),
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

impl RunFailure {
    /// The kernel refused the call of this step.
    pub fn refused(step: Step, errno: Errno) -> RunFailure {
        RunFailure::Step { step: Box::new(step), errno }
    }

    /// What it reported beyond the message, for a hint.
    pub fn detail(&self) -> Option<String> {
        match self {
            RunFailure::Other(failure) => failure.detail(),
            _ if self.is_said_by_helper() => Some(self.to_string()),
            _ => None,
        }
    }

    /// Whether a helper program has already printed what failed: then we add only a hint.
    pub fn is_said_by_helper(&self) -> bool {
        matches!(self, RunFailure::Helper { helper: Helper::MapProgram(_), ending: Some(Status::Exited(_)) })
    }

    /// The exit status of this failure: 127 and 126 as env(1) has them for the program, otherwise 1.
    pub fn status(&self) -> Status {
        match self {
            RunFailure::Program { errno: Errno::ENOENT, .. } => Status::Exited(127),
            RunFailure::Program { .. } => Status::Exited(126),
            RunFailure::Other(failure) => failure.status(),
            _ => Status::FAILURE,
        }
    }
}

impl<F: Into<Failure>> From<F> for RunFailure {
    fn from(failure: F) -> RunFailure {
        RunFailure::Other(failure.into())
    }
}

impl fmt::Display for RunFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunFailure::Step { step, errno } => write!(f, "{step}: {}", sys::error_text(*errno)),
            RunFailure::Program { program, errno } => {
                write!(f, "failed to execute {}: {}", program.shown(), sys::error_text(*errno))
            }
            RunFailure::HelperProgram { ids, errno, .. } => {
                write!(f, "failed to execute {}: {}", ids.map_program(), sys::error_text(*errno))
            }
            RunFailure::Helper { helper, ending: Some(Status::Exited(status)) } => {
                write!(f, "{helper} failed with status {status}")
            }
            RunFailure::Helper { helper, ending: Some(Status::Killed(signal)) } => {
                write!(f, "{helper} was killed by signal {}", signal.0)
            }
            RunFailure::Helper { helper, ending: None } => write!(f, "{helper} has ended without an answer"),
            RunFailure::Other(failure) => failure.fmt(f),
        }
    }
}
