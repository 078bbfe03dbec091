//! A program that has been started.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStderr, ChildStdin, ChildStdout, ExitStatus, Output};
use std::thread;

use super::error::{Error, Result};
use crate::error::Attempt;
use crate::sys::pidfd;
use crate::sys::process::{ChildEvent, poll_child, wait_for_end};
use crate::sys::signal::{SignalNumber, send};

/// A program that has been started, as [`std::process::Child`]. To drop it neither ends nor waits for the program.
#[derive(Debug)]
#[non_exhaustive]
pub struct Child {
    /// The other end of its standard input, if that is piped.
    pub stdin: Option<ChildStdin>,
    /// The other end of its standard output, if that is piped.
    pub stdout: Option<ChildStdout>,
    /// The other end of its standard error, if that is piped.
    pub stderr: Option<ChildStderr>,
    id: i32,
    pidfd: Option<OwnedFd>,
    status: Option<ExitStatus>,
}

impl Child {
    pub(super) fn new(id: i32, ours: [Option<OwnedFd>; 3]) -> Child {
        let [stdin, stdout, stderr] = ours;
        Child {
            stdin: stdin.map(ChildStdin::from),
            stdout: stdout.map(ChildStdout::from),
            stderr: stderr.map(ChildStderr::from),
            id,
            // It is our child, and nobody has waited for it yet: it is no other process.
            pidfd: pidfd::open(id).ok(),
            status: None,
        }
    }

    /// The PID of our child. With a new or entered PID or time namespace, that is not the program, but the process that waits for
    /// the program and ends as it ends. It blocks SIGINT and SIGTERM: kill(2) of this PID does nothing with them, unless
    /// [`Command::forward_signals`](crate::Command::forward_signals) or [`Command::init`](crate::Command::init) passes them on.
    pub fn id(&self) -> u32 {
        self.id.unsigned_abs()
    }

    /// A descriptor of our child, which is readable once that has ended: pidfd_open(2). `None` before Linux 5.3.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    /// Closes its standard input, waits until it ends, and returns how; if called again, the same. Errors: ECHILD if this process
    /// ignores SIGCHLD, or somebody else has waited for it.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        drop(self.stdin.take());
        match self.status {
            Some(status) => Ok(status),
            None => self.ended(wait_for_end(self.id).map(Some)).map(Option::unwrap_or_default),
        }
    }

    /// How it has ended, if it has. Errors as [`Child::wait`].
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        match self.status {
            Some(status) => Ok(Some(status)),
            None => self.ended(poll_child(self.id)),
        }
    }

    fn ended(&mut self, event: nix::Result<Option<ChildEvent>>) -> Result<Option<ExitStatus>> {
        let status = match event.map_err(|errno| not_waited_for(self.id, errno))? {
            Some(ChildEvent::Exited(status)) => ExitStatus::from_raw(i32::from(status) << 8),
            Some(ChildEvent::Killed(signal)) => ExitStatus::from_raw(signal.0),
            Some(ChildEvent::Stopped(_)) | None => return Ok(None),
        };
        self.status = Some(status);
        Ok(self.status)
    }

    /// Sends SIGKILL to our child ([`Child::id`]). If that is the process which waits for the program, the kernel ends the program
    /// as well. Nothing happens if our child has ended and been waited for.
    pub fn kill(&mut self) -> Result<()> {
        if self.status.is_some() {
            return Ok(());
        }
        let sent = match &self.pidfd {
            Some(pidfd) => pidfd::send(pidfd, SignalNumber::KILL),
            None => send(self.id, SignalNumber::KILL),
        };
        match sent {
            // It has ended, and waits to be waited for.
            Err(nix::errno::Errno::ESRCH) => Ok(()),
            sent => sent.map_err(|errno| Error::of_call(format!("cannot kill process {}", self.id), errno)),
        }
    }

    /// Closes its standard input, reads what it writes where that is piped, and waits until it ends. Errors as [`Child::wait`].
    pub fn wait_with_output(mut self) -> Result<Output> {
        drop(self.stdin.take());
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let (stdout, stderr) = thread::scope(|scope| {
            // Both at once: who writes to a full pipe waits.
            let reader = thread::Builder::new().spawn_scoped(scope, || read_all(stderr));
            let stdout = read_all(stdout);
            let stderr = reader.map(|reader| reader.join().unwrap_or_else(|_| Ok(Vec::new())));
            (stdout, stderr.and_then(|read| read))
        });
        let said = |bytes: io::Result<Vec<u8>>| {
            bytes.map_err(|error| {
                let errno = nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0));
                Error::of_call("cannot read what the program writes", errno)
            })
        };
        let status = self.wait()?;
        Ok(Output { status, stdout: said(stdout)?, stderr: said(stderr)? })
    }
}

fn not_waited_for(id: i32, errno: nix::errno::Errno) -> Error {
    let error = Error::of_call(Attempt::Wait(id), errno);
    match errno {
        nix::errno::Errno::ECHILD => error.with_hint(
            "something else in this process has waited for it, or this process ignores SIGCHLD: then the kernel keeps no status",
        ),
        _ => error,
    }
}

fn read_all(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes))?;
    Ok(bytes)
}
