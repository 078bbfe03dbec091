//! Why something could not be done, for callers of the library.

use std::fmt;
use std::io;

use nix::errno::Errno;

use super::words::{self, Speaker};
use crate::enter::RunFailure;
use crate::error::{Attempt, Failure, RequestError};
use crate::hint::nsenter::NsenterContext;
use crate::hint::{self, SystemView};

/// What this library returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done.
///
/// It displays as what was tried, and the kernel's answer. [`Error::hint`] says why that probably failed, and what would help.
///
/// ```
/// # fn main() {
/// let error = nskit::Namespace::of(999_999_999, nskit::Kind::Net).unwrap_err();
/// assert_eq!(error.to_string(), "cannot find process 999999999: No such process");
/// assert_eq!(error.kind(), nskit::ErrorKind::NotFound);
/// assert_eq!(error.hint(), Some("no process has the PID 999999999 in our PID namespace, or it has ended"));
/// # }
/// ```
///
/// As an [`io::Error`] it keeps its kind, and has no `raw_os_error()`. This error, with its hint, is inside:
/// `error.get_ref()?.downcast_ref::<nskit::Error>()`.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    message: String,
    hint: Option<String>,
    errno: Option<Errno>,
    kind: ErrorKind,
}

/// What sort of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The process, namespace, file or program does not exist, or not any more (ENOENT, ESRCH, ECHILD).
    NotFound,
    /// The kernel refuses it to this process (EPERM, EACCES).
    PermissionDenied,
    /// What is asked for contradicts itself, or cannot be: EINVAL, ERANGE, and what a path or a program cannot be.
    InvalidInput,
    /// A limit is reached, or descriptors or memory have run out.
    LimitReached,
    /// The kernel, or a thread, cannot do it.
    Unsupported,
    /// Anything else.
    Other,
}

impl Error {
    /// The number of the kernel's answer, as in errno(3), if it is the kernel that refused.
    pub fn errno(&self) -> Option<i32> {
        self.0.errno.map(|errno| errno as i32)
    }

    /// What sort of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Why it probably failed, and what would help. `None` if that cannot be seen for certain.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// What is asked for contradicts itself.
    pub(super) fn invalid(message: impl Into<String>) -> Error {
        Error(Box::new(Inner { message: message.into(), hint: None, errno: None, kind: ErrorKind::InvalidInput }))
    }

    /// The kernel's answer to a call.
    pub(super) fn of_call(what: impl fmt::Display, errno: Errno) -> Error {
        let message = format!("{what}: {}", crate::sys::error_text(errno));
        Error(Box::new(Inner { message, hint: None, errno: Some(errno), kind: kind_of(errno) }))
    }

    pub(super) fn new(failure: &RunFailure, hint: Option<String>, speaker: Speaker) -> Error {
        let errno = errno(failure);
        let kind = match (errno, failure) {
            // A target that has ended may be asked for by a file of its own.
            (Some(errno), _) => kind_of(errno),
            (None, RunFailure::Other(Failure::Request(error))) => of_request(error),
            (None, RunFailure::Other(Failure::Usage(_))) => ErrorKind::InvalidInput,
            _ => ErrorKind::Other,
        };
        let hint = hint.or_else(|| failure.detail()).map(|hint| words::ours(&hint, speaker));
        let message = match failure {
            // No system call has failed, only the search.
            RunFailure::Other(Failure::Request(error @ RequestError::NoSubordinateIds { .. })) => {
                error.to_string().trim_end_matches(": Success").to_string()
            }
            RunFailure::Other(Failure::Request(_) | Failure::Usage(_)) => words::ours(&failure.to_string(), speaker),
            _ => failure.to_string(),
        };
        Error(Box::new(Inner { message, hint, errno, kind }))
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    pub(super) fn with_kind(mut self, kind: ErrorKind) -> Error {
        self.0.kind = kind;
        self
    }
}

/// With the hint of lsns: for what looks at namespaces, and enters none.
impl Error {
    pub(super) fn of_look(failure: Failure) -> Error {
        let hint = hint::lsns::hint(&failure, &SystemView::of_system());
        Error::new(&failure.into(), hint, Speaker::Look)
    }

    /// With the hint for a process that is not there, or may not be looked into.
    pub(super) fn of_process(failure: Failure, pid: u32) -> Error {
        let failure = failure.into();
        let context = NsenterContext { target: i32::try_from(pid).ok(), ..NsenterContext::default() };
        let hint = hint::nsenter::hint(&failure, &context, &SystemView::of_system());
        let error = Error::new(&failure, hint, Speaker::Join);
        let of = match &failure {
            RunFailure::Other(Failure::System { attempt: Attempt::FindProcess { .. }, errno }) => Some(*errno),
            _ => None,
        };
        match of {
            // The tools name the file that util-linux would have failed to open, with its errno.
            Some(errno) => error.with_message(format!("cannot find process {pid}: {}", crate::sys::error_text(errno))),
            None => error,
        }
    }

    fn with_message(mut self, message: String) -> Error {
        self.0.message = message;
        self
    }
}

/// The kernel's answer, if it has given one.
fn errno(failure: &RunFailure) -> Option<Errno> {
    match failure {
        RunFailure::Step { errno, .. }
        | RunFailure::Program { errno, .. }
        | RunFailure::HelperProgram { errno, .. }
        | RunFailure::Other(Failure::System { errno, .. } | Failure::Output(Some(errno)))
        | RunFailure::Other(Failure::Request(
            RequestError::KeepFile { errno, .. }
            | RequestError::NoDescriptor { errno, .. }
            | RequestError::Unreadable { errno, .. },
        )) => Some(*errno),
        _ => None,
    }
}

fn kind_of(errno: Errno) -> ErrorKind {
    match errno {
        Errno::ENOENT | Errno::ESRCH | Errno::ECHILD | Errno::ESTALE | Errno::ENXIO => ErrorKind::NotFound,
        Errno::EPERM | Errno::EACCES => ErrorKind::PermissionDenied,
        Errno::ENOSPC | Errno::EUSERS | Errno::EAGAIN | Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM => {
            ErrorKind::LimitReached
        }
        Errno::ENOSYS | Errno::ENOTTY | Errno::EOPNOTSUPP | Errno::ENODEV => ErrorKind::Unsupported,
        Errno::EINVAL
        | Errno::ERANGE
        | Errno::E2BIG
        | Errno::EBADF
        | Errno::ENOTDIR
        | Errno::EISDIR
        | Errno::ENOEXEC
        | Errno::ELOOP
        | Errno::ENAMETOOLONG => ErrorKind::InvalidInput,
        _ => ErrorKind::Other,
    }
}

fn of_request(error: &RequestError) -> ErrorKind {
    match error {
        RequestError::UnknownUser(_)
        | RequestError::UnknownGroup(_)
        | RequestError::UnknownProcess(_)
        | RequestError::UnknownNamespace(_)
        | RequestError::NoSuchNamespace { .. }
        | RequestError::NoSubordinateIds { .. }
        | RequestError::NotInProc(_)
        | RequestError::Container(_)
        | RequestError::NothingFound { .. } => ErrorKind::NotFound,
        RequestError::NoPidfdInodes(_) => ErrorKind::Unsupported,
        _ => ErrorKind::InvalidInput,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

/// The message and the hint: what `main` prints of an error that it returns.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        self.0.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error.kind() {
            ErrorKind::NotFound => io::ErrorKind::NotFound,
            ErrorKind::PermissionDenied => io::ErrorKind::PermissionDenied,
            ErrorKind::InvalidInput => io::ErrorKind::InvalidInput,
            ErrorKind::Unsupported => io::ErrorKind::Unsupported,
            ErrorKind::LimitReached | ErrorKind::Other => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}
