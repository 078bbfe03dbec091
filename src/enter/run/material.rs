//! What is made of strings before the first step.

use std::cell::OnceCell;
use std::ffi::CString;

use nix::errno::Errno;
use nix::unistd::geteuid;

use super::places::Way;
use crate::enter::handles::Handles;
use crate::enter::helper::{BindJob, MapJobs};
use crate::enter::target::PinnedTarget;
use crate::error::OfTarget;
use crate::namespace::Kind;
use crate::sys::path_of::PathOf;

/// What the calls of a step need. A field that the step does not need is empty.
pub struct Material {
    pub path: CString,
    pub text: Vec<u8>,
    pub bind_job: Option<BindJob>,
    pub map_jobs: Option<MapJobs>,
    pub way: Way,
}

/// The target's files in /proc, for where its pidfd does not do.
pub struct TargetFiles {
    /// Its PID here; 0 without a target.
    pub pid: i32,
    /// What is asked of it first, for messages.
    pub first_wanted: OfTarget,
    /// Its PID in /proc, once somebody has asked. Errors: those of finding it.
    pid_in_proc: OnceCell<nix::Result<i32>>,
}

impl TargetFiles {
    pub fn of(handles: &Handles) -> TargetFiles {
        let target = handles.target.as_ref();
        let pid = target.map_or(0, PinnedTarget::pid);
        let first_wanted = target.map_or(OfTarget::File(""), PinnedTarget::first_wanted);
        let files = TargetFiles { pid, first_wanted, pid_in_proc: OnceCell::new() };
        // We read the target's PID in /proc from our own fdinfo. Before Linux 5.14, an ordinary user cannot read that
        // after PR_SET_DUMPABLE. Nobody else pays for it before it is needed: the kernel makes a directory of ours in
        // /proc for it, a tenth of what it costs to enter a namespace.
        if !geteuid().is_root() {
            let _ = files.pid_in_proc(handles);
        }
        files
    }

    fn pid_in_proc(&self, handles: &Handles) -> nix::Result<i32> {
        let ask = || handles.target.as_ref().map_or(Err(Errno::ESRCH), PinnedTarget::pid_in_proc);
        *self.pid_in_proc.get_or_init(ask)
    }

    /// The file of its namespace of this kind. It takes no memory.
    pub fn file(&self, handles: &Handles, kind: Kind) -> nix::Result<PathOf> {
        let pid = self.pid_in_proc(handles)?;
        Ok(PathOf::of(format_args!("/proc/{pid}/ns/{kind}")))
    }
}
