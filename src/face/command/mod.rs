//! A program to start in other namespaces.

mod environment;
mod inside;
mod made;
mod plan;
mod ready;
mod shared;

pub use plan::Plan;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::sync::Arc;

use super::child::Child;
use super::error::{Error, Result};
use super::namespace::Namespace;
use super::stdio::Stdio;
use crate::cli::nsenter::NsenterArgs;
use crate::cli::unshare::UnshareArgs;
use environment::EnvironmentChanges;

/// A program to start in new namespaces, or in those of another process: as [`std::process::Command`], and with what unshare(1)
/// and nsenter(1) can do.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use nskit::{Command, Kind};
///
/// let mut command = Command::new("id");
/// command.arg("-u").unshare([Kind::User, Kind::Net]).map_root().loopback();
/// println!("{}", command.plan()?);
/// # if std::fs::read_to_string("/proc/self/uid_map")?.split_whitespace().eq(["0", "0", "4294967295"]) {
/// let output = command.output()?;
/// assert_eq!(output.stdout, b"0\n");
/// # }
/// # Ok(())
/// # }
/// ```
///
/// This process may have any number of threads: all memory is taken before the fork, and the child makes system calls only.
/// Descriptors that are not close-on-exec reach the program, as with the standard library. No signal is blocked in it, and
/// SIGPIPE has its default.
///
/// A program has new namespaces, or those of others: methods about the ones and the others cannot be mixed, except that
/// [`Command::root`], [`Command::uid`] and the others of the program itself go with both. What contradicts itself is an error
/// of [`Command::spawn`] and [`Command::plan`].
///
/// # PID namespaces
///
/// A program is inside of a new or entered PID or time namespace only as a child of the process that makes or enters it. So there
/// is one more process then, which waits for the program and ends as it ends. If that process dies, the kernel ends the program
/// ([`Command::kill_child`]). [`Child::id`] is the PID of that process; [`Command::report_to`] tells that of the program.
///
/// In a new PID namespace, the program is process 1. To that, a signal from inside does nothing unless the program handles it, not
/// even SIGKILL: with `sh -c 'kill -TERM $$'`, the shell lives on. When process 1 ends, the kernel kills all others. Most programs
/// are not made for this: [`Command::init`] puts a small process 1 before the program.
pub struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    /// What is asked of new namespaces.
    new: UnshareArgs,
    /// What is asked of those of others.
    join: NsenterArgs,
    /// The first method that asked for new namespaces, and the first that asked for those of others.
    made_by: Option<&'static str>,
    joined_by: Option<&'static str>,
    /// The namespaces that are entered by a path of /proc/self/fd.
    held: Vec<Arc<Namespace>>,
    /// The file that the program is reported to.
    report: Option<Arc<OwnedFd>>,
    environment: EnvironmentChanges,
    directory: Option<PathBuf>,
    stdio: [Option<Stdio>; 3],
    /// The first thing that makes no sense.
    wrong: Option<Error>,
}

impl Command {
    /// A program by its path or, without a slash, by its name, which is looked for in `$PATH` of its environment.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command {
            program: program.as_ref().to_os_string(),
            arguments: Vec::new(),
            new: UnshareArgs::default(),
            join: NsenterArgs::default(),
            made_by: None,
            joined_by: None,
            held: Vec::new(),
            report: None,
            environment: EnvironmentChanges::default(),
            directory: None,
            stdio: [None, None, None],
            wrong: None,
        }
    }

    /// Adds an argument.
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Command {
        self.arguments.push(argument.as_ref().to_os_string());
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = A>) -> &mut Command {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_os_string()));
        self
    }

    /// Sets a variable of its environment.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.environment.set(name.as_ref(), Some(value.as_ref()));
        self
    }

    /// Sets variables of its environment.
    pub fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> &mut Command {
        for (name, value) in variables {
            self.environment.set(name.as_ref(), Some(value.as_ref()));
        }
        self
    }

    /// Takes a variable out of its environment.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Command {
        self.environment.set(name.as_ref(), None);
        self
    }

    /// Takes all variables out of its environment.
    pub fn env_clear(&mut self) -> &mut Command {
        self.environment.clear();
        self
    }

    /// Its working directory, by a path inside: below the new root directory, or in the entered mount namespace.
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Command {
        self.directory = Some(directory.as_ref().into());
        self
    }

    /// Its standard input. Without this it is ours, and /dev/null for [`Command::output`].
    pub fn stdin(&mut self, file: impl Into<Stdio>) -> &mut Command {
        self.stdio[0] = Some(file.into());
        self
    }

    /// Its standard output. Without this it is ours, and a pipe for [`Command::output`].
    pub fn stdout(&mut self, file: impl Into<Stdio>) -> &mut Command {
        self.stdio[1] = Some(file.into());
        self
    }

    /// Its standard error. Without this it is ours, and a pipe for [`Command::output`].
    pub fn stderr(&mut self, file: impl Into<Stdio>) -> &mut Command {
        self.stdio[2] = Some(file.into());
        self
    }

    /// Starts it, and returns once the program runs. Errors: the step that failed, with the kernel's errno; then nothing is left
    /// of what was done before. Often EPERM (no right to make or enter a namespace), ENOENT and EACCES (of the program, or a path),
    /// ENOSPC (a limit of user namespaces), EINVAL.
    pub fn spawn(&self) -> Result<Child> {
        self.start([Stdio::inherit(), Stdio::inherit(), Stdio::inherit()])
    }

    /// Starts it, and waits until it ends. Errors: as [`Command::spawn`] and [`Child::wait`].
    pub fn status(&self) -> Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// Starts it, reads all that it writes, and waits until it ends. Errors: as [`Command::spawn`] and
    /// [`Child::wait_with_output`].
    pub fn output(&self) -> Result<Output> {
        self.start([Stdio::null(), Stdio::piped(), Stdio::piped()])?.wait_with_output()
    }

    /// Notes what makes no sense, to be told when the program is to start.
    fn is_wrong(&mut self, message: impl Into<String>) {
        self.wrong.get_or_insert_with(|| Error::invalid(message));
    }
}

/// The program and its arguments.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.program)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument:?}"))
    }
}
