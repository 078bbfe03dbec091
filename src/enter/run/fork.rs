//! The child that runs the program, and its parent.

use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::SigmaskHow;
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, getpid};

use super::state::{Next, Run};
use crate::enter::channel::News;
use crate::enter::fault::{Fault, Part};
use crate::enter::helper::Binder;
use crate::enter::init::{be_process_1, hold_all_signals, name_process_1};
use crate::enter::masked::hold_signals;
use crate::enter::setting::SignalPolicy;
use crate::enter::status_line::{StatusLine, own_identities};
use crate::enter::supervise::{Link, supervise};
use crate::sys::file::{close_all_but, open_retrying, take_over};
use crate::sys::mask;
use crate::sys::pidfd;
use crate::sys::process::Status;
use crate::sys::process::{ForkResult, fork, set_parent_death_signal, wait_for_end};
use crate::sys::signal::SignalNumber;

impl Run {
    /// The child goes on with the next step. The parent waits until the child ends, and then ends itself.
    pub fn fork(&mut self, policy: SignalPolicy) -> Result<Next, Fault> {
        let masked = hold_signals(policy, self.outside.is_some())?;
        match fork().map_err(Part::Fork.fault())? {
            ForkResult::Child => {
                if let Some(binder) = &mut self.binder {
                    binder.disown();
                }
                self.child_is_first = false;
                self.status = None;
                if let Some(channel) = &mut self.channel {
                    channel.outside = None;
                }
                masked.restore().map(|()| Next::Step)
            }
            ForkResult::Parent { child } => {
                let is_spawned = self.report.is_some();
                // From here on, only the child holds the channels to the binder and to a process that waits for a
                // report, so that they close when it ends.
                self.report = None;
                let binder = self.binder.take().and_then(Binder::leave_to_child);
                let link = self.channel.take().and_then(|channel| channel.outside);
                let caller = self.callers_side();
                if is_spawned && caller.is_none() {
                    // We stay as long as the program runs, and hold copies of what all threads of our caller have open: one end
                    // of a pipe of theirs would never close. Nothing of what is closed here is used or dropped any more.
                    let files = [link.as_ref(), self.status.as_ref().map(|status| &status.file)];
                    close_all_but(files.map(|file| file.map_or(-1, AsRawFd::as_raw_fd)));
                    std::mem::forget(std::mem::take(&mut self.handles));
                    std::mem::forget((self.parent.take(), self.proc.take(), self.mapper.take()));
                }
                let link = link.map(|channel| Link { channel, status: self.status.take(), caller });
                let status = supervise(child, &masked, policy, link);
                if let Some(binder) = binder {
                    match wait_for_end(binder) {
                        // As process 1 we have waited for all that end.
                        Err(Errno::ECHILD) => {}
                        ended => drop(ended.map_err(Part::Wait(binder).fault())?),
                    }
                }
                status.map(Next::End)
            }
        }
    }

    /// The child goes on with the next step. This process does not come back.
    pub fn become_init(&mut self) -> Result<Next, Fault> {
        let callers = hold_all_signals()?;
        name_process_1();
        match fork().map_err(Part::Fork.fault())? {
            ForkResult::Parent { child } => be_process_1(child, self.channel.take().and_then(|channel| channel.inside)),
            ForkResult::Child => {
                mask::change(SigmaskHow::SIG_SETMASK, &callers).map_err(Part::RestoreSignals.fault())?;
                Ok(Next::Step)
            }
        }
    }

    /// The last before the program.
    pub fn report_start(&mut self) {
        let Some(proc) = self.proc.take() else { return };
        let identities = own_identities(&proc);
        if let Some(line) = &mut self.status {
            line.start(getpid().as_raw(), None, &identities);
        } else if let Some(inside) = self.channel.take().and_then(|channel| channel.inside) {
            let _ = News::Started(identities).tell(inside);
        }
    }

    /// dup2(2). The copy is not close-on-exec.
    pub fn set_standard(&mut self, number: u8) -> nix::Result<()> {
        let file = self.handles.standard.get_mut(usize::from(number)).and_then(Option::take).ok_or(Errno::EBADF)?;
        match number {
            0 => dup2_stdin(file),
            1 => dup2_stdout(file),
            _ => dup2_stderr(file),
        }
    }

    pub fn open_status(&mut self, fd: i32) -> nix::Result<()> {
        self.status = Some(StatusLine::new(take_over(fd)?));
        self.proc = open_retrying(c"/proc", OFlag::O_PATH | OFlag::O_DIRECTORY).ok();
        Ok(())
    }

    pub fn die_with_parent(&self, signal: SignalNumber) -> Result<Next, Fault> {
        set_parent_death_signal(signal)?;
        // It may have died before we asked; getppid(2) is 0 in a new PID namespace and cannot tell.
        match &self.parent {
            Some(parent) if pidfd::has_ended(parent)? => Ok(Next::End(Status::Killed(signal))),
            _ => Ok(Next::Step),
        }
    }
}
