//! What steps leave for later ones.

use std::os::fd::OwnedFd;

use crate::enter::channel::Channel;
use crate::enter::fault::Fault;
use crate::enter::handles::Handles;
use crate::enter::helper::{Binder, Mapper};
use crate::enter::status_line::StatusLine;
use crate::enter::terminal::{Outside, WayBack};
use crate::namespace::{Kind, KindSet};
use crate::sys::process::Status;

/// What steps leave for later ones.
#[derive(Default)]
pub struct Run {
    pub handles: Handles,
    /// The devices of the tmpfs that we have mounted.
    pub own_devices: Vec<u64>,
    pub joining: Joining,
    pub binder: Option<Binder>,
    pub mapper: Option<Mapper>,
    pub groups_dropped: bool,
    /// Whether the groups of the program have been set before anything was entered.
    pub groups_set: bool,
    /// Whether our next child would be process 1 of a PID namespace.
    pub child_is_first: bool,
    /// Our parent, where we are the forked child; `None` also where the kernel has no pidfds.
    pub parent: Option<OwnedFd>,
    /// Between the parent outside and the processes inside.
    pub channel: Option<Channel>,
    /// What our caller is told of the program; in the parent outside, if there is one.
    pub status: Option<StatusLine>,
    /// /proc as it was before anything was changed, where our caller is told of the program.
    pub proc: Option<OwnedFd>,
    /// Where a child that is to run the program reports what went wrong.
    pub report: Option<OwnedFd>,
    /// What has been opened early for the program's terminal.
    pub outside: Option<Outside>,
    /// Where a failure is told once the descriptors are the program's.
    pub way_back: Option<WayBack>,
}

/// What becomes of the process after a step.
pub enum Next {
    /// The next step.
    Step,
    /// The end: this process has only supervised, or is not to go on.
    End(Status),
}

/// What the first pass leaves for the second.
#[derive(Default)]
pub struct Joining {
    /// The kinds not yet entered by the target's pidfd.
    pub by_pidfd: KindSet,
    /// The kinds not yet entered by a file.
    pub by_file: KindSet,
    /// The target's user namespace, or why it could not be opened, while its /proc directory was the one outside: should
    /// the pidfd not do. Inside, another one may stand there.
    pub user: Option<Result<OwnedFd, Fault>>,
    /// The files of the target, by kind, that are entered where the pidfd does not do.
    pub of_target: [Option<OwnedFd>; Kind::ALL.len()],
}

impl Run {
    /// Takes back what the steps so far have left outside of this process.
    pub fn take_back(&mut self) {
        if let Some(mapper) = self.mapper.take() {
            mapper.dismiss();
        }
        if let Some(binder) = self.binder.take() {
            binder.undo();
        }
    }

    /// Our caller's standard error is ours again, if it was not, for the message of a failure.
    pub fn find_back(&mut self) {
        if let Some(way_back) = self.way_back.take() {
            way_back.take();
        }
    }
}
