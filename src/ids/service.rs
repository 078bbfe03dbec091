//! The programs that ask name services for us. They run with our rights: nothing of our caller's may choose what they do.

use std::ffi::OsStr;
use std::io::{self, PipeReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::sys::exec::close_others;

/// A program that is about to answer.
pub(super) struct Answerer {
    pub child: Child,
    /// Where it writes its messages, which nobody reads. Open, so that it does not die of writing them.
    _errors: PipeReader,
}

/// Starts the first of these programs that exists, by its absolute path: without an environment, in `/`, with an empty
/// input and no descriptor besides 0 to 2. `None` if it cannot be started.
pub(super) fn ask<'a>(paths: &[&str], arguments: impl IntoIterator<Item = &'a OsStr>) -> Option<Answerer> {
    let program = paths.iter().find(|path| Path::new(path).exists())?;
    // /dev/null may be missing in our root directory.
    let (no_input, _) = io::pipe().ok()?;
    let (unread, errors) = io::pipe().ok()?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().current_dir("/").stdin(no_input).stdout(Stdio::piped()).stderr(errors);
    close_others(&mut command);
    Some(Answerer { child: command.spawn().ok()?, _errors: unread })
}
