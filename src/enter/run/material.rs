//! What is made of strings before the first step.

use std::ffi::{CStr, CString};

use nix::errno::Errno;

use super::places::Way;
use crate::enter::handles::Handles;
use crate::enter::helper::{BindJob, MapJobs};
use crate::error::OfTarget;
use crate::namespace::Kind;

/// What the calls of a step need. A field that the step does not need is empty.
pub struct Material {
    pub path: CString,
    pub text: Vec<u8>,
    pub bind_job: Option<BindJob>,
    pub map_jobs: Option<MapJobs>,
    pub way: Way,
}

/// What the target was called in /proc before anything was entered.
pub struct TargetFiles {
    /// Its PID here; 0 without a target.
    pub pid: i32,
    /// What is asked of it first, for messages.
    pub first_wanted: OfTarget,
    /// The files of its namespaces, by kind. Errors: those of finding it.
    pub files: nix::Result<Vec<CString>>,
}

impl TargetFiles {
    pub fn of(handles: &Handles) -> TargetFiles {
        let Some(target) = &handles.target else {
            return TargetFiles { pid: 0, first_wanted: OfTarget::File(""), files: Err(Errno::ESRCH) };
        };
        let file = |pid: i32, kind: &Kind| CString::new(format!("/proc/{pid}/ns/{kind}")).unwrap_or_default();
        let files = target.pid_in_proc().map(|pid| Kind::ALL.iter().map(|kind| file(pid, kind)).collect());
        TargetFiles { pid: target.pid(), first_wanted: target.first_wanted(), files }
    }

    /// The file of its namespace of this kind.
    pub fn file(&self, kind: Kind) -> nix::Result<&CStr> {
        let files = self.files.as_ref().map_err(|errno| *errno)?;
        files.get(kind as usize).map(CString::as_c_str).ok_or(Errno::ESRCH)
    }
}
