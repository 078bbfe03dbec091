//! A process that stands still for a moment, so that the kernel tells what it tells a tracer only, see ptrace(2).

use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::check;
use super::signal::{SignalNumber, is_pending, take_pending};

/// The requests that we make, of <linux/ptrace.h>: C libraries differ in the types of theirs.
const DETACH: libc::c_long = 17;
const SEIZE: libc::c_long = 0x4206;
const INTERRUPT: libc::c_long = 0x4207;

/// PTRACE_EVENT_STOP: it stands because it was asked to, or because its whole process has been stopped.
const EVENT_STOP: libc::c_int = 128;

/// A process that we have stopped. It goes on when this is dropped, and also when we end, however that may be: the kernel
/// sees to it. Whoever has stopped it besides us finds it as it was.
#[derive(Debug)]
pub struct Stopped {
    pid: i32,
    /// The signal that it was about to get; 0 for none.
    signal: libc::c_int,
    had_child_signal: bool,
}

/// So long we wait for it to stop. A process that waits in the kernel and cannot be interrupted does not.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);

impl Stopped {
    /// Becomes the tracer of `pid`, and stops it once `is_the_one` says that this is the process that was meant: meanwhile it
    /// keeps its number. Errors: EPERM without ptrace rights over it, or if it has a tracer already; ESRCH if it has ended or
    /// is another one; ETIMEDOUT if it does not stop. After an error it may stay our tracee until we end.
    pub fn new(pid: i32, is_the_one: impl FnOnce() -> nix::Result<()>) -> nix::Result<Stopped> {
        // Should our caller block the signal, the program is to find it pending only if it was.
        let had_child_signal = is_pending(SignalNumber::CHLD);
        let mut stopped = Stopped { pid, signal: 0, had_child_signal };
        let nothing = std::ptr::null_mut();
        // SAFETY: these requests take no address and nothing to write to.
        unsafe { stopped.ask(SEIZE, 0, nothing) }?;
        is_the_one()?;
        // SAFETY: as above.
        unsafe { stopped.ask(INTERRUPT, 0, nothing) }?;
        stopped.wait().map(|()| stopped)
    }

    fn wait(&mut self) -> nix::Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let mut status = 0;
            // SAFETY: a plain number, and a place for the status.
            match check(unsafe { libc::waitpid(self.pid, &mut status, libc::__WALL | libc::WNOHANG) }.into()) {
                Ok(0) if Instant::now() > end => return Err(Errno::ETIMEDOUT),
                Ok(0) => std::thread::sleep(PAUSE),
                Ok(_) if libc::WIFSTOPPED(status) => {
                    // Any stop will do. It is to get the signal of which we have learned before it does.
                    self.signal = if status >> 16 == EVENT_STOP { 0 } else { libc::WSTOPSIG(status) };
                    return Ok(());
                }
                Ok(_) => return Err(Errno::ESRCH),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// What the kernel tells a tracer, by its own call.
    ///
    /// # Safety
    /// `data` is where this request may write, or null.
    pub(super) unsafe fn ask(
        &self,
        request: libc::c_long,
        address: usize,
        data: *mut libc::c_void,
    ) -> nix::Result<libc::c_long> {
        // SAFETY: as our caller says.
        check(unsafe { libc::syscall(libc::SYS_ptrace, request, self.pid, address, data) })
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let signal = self.signal as usize as *mut libc::c_void;
        // SAFETY: here it is a number, and nothing is written.
        let _ = unsafe { self.ask(DETACH, 0, signal) };
        if !self.had_child_signal {
            take_pending(SignalNumber::CHLD);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command};

    fn state(child: &Child) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        stat.rsplit_once(')').unwrap().1.trim_start().chars().next().unwrap()
    }

    /// As a child of ours, it may be traced by an ordinary user as well.
    fn sleeper() -> Child {
        Command::new("sleep").arg("1000").spawn().unwrap()
    }

    #[test]
    fn it_stands_still_and_goes_on() {
        let mut child = sleeper();
        let stopped = Stopped::new(child.id() as i32, || Ok(())).unwrap();
        assert_eq!(state(&child), 't');
        drop(stopped);
        assert_ne!(state(&child), 't');
        // It is let go also where it is found to be another one.
        assert_eq!(Stopped::new(child.id() as i32, || Err(Errno::ESRCH)).unwrap_err(), Errno::ESRCH);
        assert_ne!(state(&child), 't');
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn who_was_stopped_stays_so() {
        let mut child = sleeper();
        let pid = nix::unistd::Pid::from_raw(child.id() as i32);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).unwrap();
        while state(&child) != 'T' {
            std::thread::sleep(PAUSE);
        }
        drop(Stopped::new(pid.as_raw(), || Ok(())).unwrap());
        for _ in 0..1000 {
            if state(&child) == 'T' {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        assert_eq!(state(&child), 'T');
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
