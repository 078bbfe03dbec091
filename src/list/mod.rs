//! lsns: what namespaces there are.
//!
//! ```text
//! /proc ─scan─▶ Snapshot ─relate─▶ Graph ─select─▶ rows ─fill─▶ cells ─render─▶ bytes on stdout
//!       reads only          ioctls           pure        reads only   pure
//! ```
//!
//! - [`scan`] is the only reader of the process table; [`model`] holds what it has seen, asks the kernel for parents
//!   and owners, and opens a namespace through one of its holders.
//! - [`query`]: what is asked for, what must be scanned for that, and which rows answer it.
//! - [`mod@column`], [`value`]: the columns, and the content of a cell. `view` fills cells from files of processes,
//!   and prints them. [`inside`]: what lies inside of a namespace; [`search`]: what `--find` looks for.
//! - `answer` makes a list out of all that, `changes` what has come and gone between two (`--watch`).

#[cfg(feature = "cli")]
mod answer;
#[cfg(feature = "cli")]
pub mod changes;
pub mod column;
pub mod inside;
pub mod model;
pub mod query;
pub mod scan;
pub mod search;
pub mod value;
#[cfg(feature = "cli")]
pub mod view;

#[cfg(feature = "cli")]
pub use answer::{list, locate};

use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::error::{Attempt, Failure, RequestError, ResultExt};
use crate::sys::file;
use crate::sys::pidfd;

/// Checks the directory of --proc: links in a directory of another file system could be forged, and another directory of a
/// proc lists no processes. Errors: it cannot be opened, or is not the root of a proc.
pub fn check_directory(directory: &Path) -> Result<(), Failure> {
    let open = || Attempt::Open(directory.to_path_buf());
    file::open_retrying(directory, OFlag::O_RDONLY | OFlag::O_DIRECTORY).attempt(open)?;
    match file::is_root_of_proc(directory) {
        true => Ok(()),
        false if file::is_of_proc(directory) => Err(RequestError::NotRootOfProc(directory.to_path_buf()).into()),
        false => Err(RequestError::NotProc(directory.to_path_buf()).into()),
    }
}

/// Replaces a PID, which is that of our own PID namespace, by the PID in /proc, which may show another namespace. Errors: the
/// process does not exist, or /proc does not show it.
pub(crate) fn locate_process(pid: &mut i32) -> Result<(), Failure> {
    // If /proc is not a proc, list() reports it.
    let process = match pidfd::open(*pid) {
        _ if !file::is_of_proc(Path::new("/proc")) => return Ok(()),
        Ok(process) => process,
        Err(Errno::ESRCH) => return Err(RequestError::UnknownProcess(*pid).into()),
        // The kernel has no pidfds, a seccomp filter rejects them, or this is a thread, not a process: list() finds out
        // from /proc.
        Err(_) => return Ok(()),
    };
    match pidfd::pid_in_proc(&process) {
        Ok(shown) => *pid = shown,
        Err(_) if pidfd::has_ended(&process).unwrap_or(false) => {}
        Err(Errno::ESRCH | Errno::ENOENT) => return Err(RequestError::NotInProc(*pid).into()),
        Err(_) => {}
    }
    Ok(())
}
