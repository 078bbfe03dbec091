//! A plan with all the memory that its system calls need.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;

use super::material::{Material, TargetFiles};
use super::places::Way;
use super::read_only::Submounts;
use crate::enter::executable::Executable;
use crate::enter::handles::Handles;
use crate::enter::helper::{BindJob, MapJobs};
use crate::enter::step::{Plan, Step};
use crate::error::RequestError;
use crate::sys::exec::Vector;

/// A plan that is ready to be carried out.
pub struct Prepared<'p> {
    pub steps: Vec<ReadyStep<'p>>,
    pub handles: Handles,
    /// Room for the devices of the tmpfs that will be mounted.
    pub own_devices: Vec<u64>,
    pub target: TargetFiles,
    /// Our PID before anything was done, for messages.
    pub pid: i32,
    /// `None` for the login shell.
    pub program: Option<Executable>,
    pub environment: Vector,
}

/// A step, and what its calls need.
pub struct ReadyStep<'p> {
    pub step: &'p Step,
    pub material: Material,
}

impl Prepared<'_> {
    /// Errors: a NUL byte in a path.
    pub fn new<'p>(
        plan: &'p Plan,
        mut handles: Handles,
        callers_environment: &[&CStr],
    ) -> Result<Prepared<'p>, RequestError> {
        let target = TargetFiles::of(&handles);
        let environment = plan.environment.entries(callers_environment);
        let mut steps = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            if let Step::OpenDirectory(handle)
            | Step::CloneTree(handle)
            | Step::OpenRoot(handle)
            | Step::BindRoot(handle) = step
            {
                handles.make_room(handle);
            }
            steps.push(ReadyStep::new(step, callers_environment)?);
        }
        Ok(Prepared {
            steps,
            handles,
            target,
            own_devices: Vec::with_capacity(plan.steps.len()),
            pid: std::process::id() as i32,
            program: plan.program.as_ref().map(|program| Executable::new(program, &environment)),
            environment: Vector::new(environment.into_iter().map(CString::from)),
        })
    }
}

impl<'p> ReadyStep<'p> {
    fn new(step: &'p Step, callers_environment: &[&CStr]) -> Result<ReadyStep<'p>, RequestError> {
        let bind_job = match step {
            Step::StartBinder(persists) => Some(BindJob::new(persists).map_err(|_| RequestError::NulByte)?),
            _ => None,
        };
        let map_jobs = match step {
            Step::StartMapper(jobs) => Some(MapJobs::new(jobs, callers_environment)),
            _ => None,
        };
        let path = step.path().unwrap_or_default();
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| RequestError::NulByte)?;
        let material = Material { path, text: step.text(), bind_job, map_jobs, way: way_of(step)? };
        Ok(ReadyStep { step, material })
    }
}

/// The way to the place that a step mounts on.
fn way_of(step: &Step) -> Result<Way, RequestError> {
    match step {
        Step::AttachTree { on, read_only, .. } => {
            let mut way = Way::new(&on.path)?;
            way.submounts = read_only.then(Submounts::new);
            Ok(way)
        }
        Step::MountNew(_, on) | Step::FillDevices(on) => Way::new(&on.path),
        _ => Ok(Way::default()),
    }
}
