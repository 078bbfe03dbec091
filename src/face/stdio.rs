//! Standard input, output and error of a program.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;

use super::error::{Error, Result};
use crate::sys::file::{from_3_on, open_retrying};

/// What a program gets as its standard input, output or error, as [`std::process::Stdio`].
#[derive(Clone, Debug)]
pub struct Stdio(Sort);

#[derive(Clone, Debug)]
enum Sort {
    Inherit,
    Null,
    Piped,
    File(Arc<OwnedFd>),
}

impl Stdio {
    /// That of this process.
    pub fn inherit() -> Stdio {
        Stdio(Sort::Inherit)
    }

    /// /dev/null.
    pub fn null() -> Stdio {
        Stdio(Sort::Null)
    }

    /// A new pipe, whose other end is in the [`Child`](super::Child).
    pub fn piped() -> Stdio {
        Stdio(Sort::Piped)
    }

    /// What becomes the standard file with this number, and what we keep of it; the word is for readers of a plan.
    pub(super) fn open(&self, number: u8) -> Result<Opened> {
        let failed =
            |errno| Error::of_call(format!("cannot make {} for the program", NAMES[usize::from(number)]), errno);
        let (what, theirs, ours) = match &self.0 {
            Sort::Inherit => return Ok(None),
            Sort::Null => {
                let flag = if number == 0 { OFlag::O_RDONLY } else { OFlag::O_WRONLY };
                ("/dev/null", open_retrying(c"/dev/null", flag).map_err(failed)?, None)
            }
            Sort::Piped => {
                let (read, write) = pipe2(OFlag::O_CLOEXEC).map_err(failed)?;
                if number == 0 { ("a pipe", read, Some(write)) } else { ("a pipe", write, Some(read)) }
            }
            Sort::File(file) => {
                let copy =
                    file.try_clone().map_err(|error| failed(Errno::from_raw(error.raw_os_error().unwrap_or(0))))?;
                ("a file", copy, None)
            }
        };
        // Those from 0 to 2 are where it will be copied to.
        Ok(Some((what, from_3_on(theirs).map_err(failed)?, ours)))
    }

    /// The word for readers of a plan.
    pub(super) fn name(&self) -> Option<&'static str> {
        match self.0 {
            Sort::Inherit => None,
            Sort::Null => Some("/dev/null"),
            Sort::Piped => Some("a pipe"),
            Sort::File(_) => Some("a file"),
        }
    }
}

/// A word, the program's end and ours.
pub(super) type Opened = Option<(&'static str, OwnedFd, Option<OwnedFd>)>;

const NAMES: [&str; 3] = ["standard input", "standard output", "standard error"];

impl From<OwnedFd> for Stdio {
    fn from(file: OwnedFd) -> Stdio {
        Stdio(Sort::File(Arc::new(file)))
    }
}

/// A pipe of another child, or a file.
macro_rules! from {
    ($($file:ty),*) => {$(
        impl From<$file> for Stdio {
            fn from(file: $file) -> Stdio {
                OwnedFd::from(file).into()
            }
        }
    )*};
}

from!(File, ChildStdin, ChildStdout, ChildStderr);
