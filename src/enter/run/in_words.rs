//! From the number of a step and a [`Fault`] to a failure in words: made in a process that may take memory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::prepared::Prepared;
use crate::enter::failure::{Helper, RunFailure};
use crate::enter::fault::{Fault, HelperPart, Part};
use crate::enter::setting::Persist;
use crate::enter::step::{PlainStep, Plan, Step};
use crate::error::{Attempt, Failure};
use crate::ids::map::IdKind;
use crate::namespace::{Kind, KindSet};

/// What the step with this number failed with; the number behind the last is that of the program.
pub fn failure(plan: &Plan, prepared: &Prepared, step: usize, fault: Fault) -> RunFailure {
    let step = plan.steps.get(step);
    match (fault, step) {
        (Fault::Refused(errno), Some(step)) => RunFailure::refused(step.clone(), errno),
        (Fault::Refused(errno), None) => {
            let name = prepared.program.as_ref().map(|program| program.name().to_bytes()).unwrap_or_default();
            RunFailure::Program { program: OsStr::from_bytes(name).to_os_string(), errno }
        }
        (Fault::Part(Part::MapProgram { map, found }, errno), _) => {
            RunFailure::HelperProgram { ids: ids_of_map(plan, map), found, errno }
        }
        (Fault::Part(Part::Id(id), errno), Some(Step::SetGidOfTarget)) => {
            RunFailure::refused(Step::Plain(PlainStep::SetGid(id)), errno)
        }
        (Fault::Part(Part::Id(id), errno), _) => RunFailure::refused(Step::Plain(PlainStep::SetUid(id)), errno),
        // The reference opens whatever it is, and meets this one later.
        (Fault::Part(Part::NoDirectory, errno), Some(Step::OpenDirectory(directory))) => {
            RunFailure::refused(Step::ChdirTo(directory.clone()), errno)
        }
        (Fault::Part(Part::Output, errno), _) => Failure::Output(Some(errno)).into(),
        (Fault::Part(part, errno), _) => Failure::System { attempt: of_part(part, plan, prepared, step), errno }.into(),
        (Fault::Ended(helper, ending), _) => {
            let helper = match helper {
                HelperPart::Binder => Helper::Binder,
                HelperPart::Mapper => Helper::Mapper,
                HelperPart::MapProgram(map) => Helper::MapProgram(ids_of_map(plan, map)),
            };
            RunFailure::Helper { helper, ending }
        }
    }
}

fn of_part(part: Part, plan: &Plan, prepared: &Prepared, step: Option<&Step>) -> Attempt {
    let pid = prepared.target.pid;
    match part {
        Part::Number(number) => of_number(number, plan, prepared, step).unwrap_or(Attempt::Connect),
        Part::Signals => Attempt::Signals,
        Part::BlockSignals => Attempt::BlockSignals,
        Part::RestoreSignals => Attempt::RestoreSignals,
        Part::ControlSocket => Attempt::ControlSocket,
        Part::OpenSetting => Attempt::OpenSetting(step.and_then(Step::path).unwrap_or_default()),
        Part::ReadSetting => Attempt::Read(step.and_then(Step::path).unwrap_or_default()),
        Part::ChdirToRootHandle => Attempt::ChdirToOpenedRoot,
        Part::ChdirToRoot => Attempt::ChdirToRoot,
        Part::Capabilities(call) => Attempt::ChangeCapabilities(call),
        Part::Fork | Part::MapProgram { .. } => Attempt::Fork,
        Part::Channel => Attempt::Connect,
        Part::Wait(pid) => Attempt::Wait(pid),
        Part::ControllingTerminal => Attempt::TakeTerminal,
        Part::Input => Attempt::ReadInput,
        Part::OwnDirectory | Part::OwnPid => without_proc(prepared, step),
        Part::Target => Attempt::FindProcess { pid, first: prepared.target.first_wanted },
        Part::TargetIds => Attempt::AskIds(pid),
        Part::TargetFile(kind) => {
            let path = prepared.target.file(&prepared.handles, kind);
            let path = path.map(|path| OsStr::from_bytes(path.as_c_str().to_bytes()).into());
            Attempt::Open(path.unwrap_or_else(|_| PathBuf::from(format!("/proc/{pid}/ns/{kind}"))))
        }
        Part::Namespace(kind) => Attempt::Enter(KindSet::EMPTY.with(kind)),
        // These are told in another way.
        Part::Id(_) | Part::NoDirectory | Part::Output => Attempt::Connect,
    }
}

/// A helper found no proc. It was to do with it what fails then in util-linux, which has no helper that looks first.
fn without_proc(prepared: &Prepared, step: Option<&Step>) -> Attempt {
    match step {
        Some(Step::StartBinder(persists)) => match persists.first() {
            Some(Persist { kind: Kind::Mount, .. }) => {
                Attempt::Stat(PathBuf::from(format!("/proc/{}/ns/mnt", prepared.pid)))
            }
            Some(Persist { kind, file }) => Attempt::Keep { kind: *kind, file: file.clone(), pid: prepared.pid },
            None => Attempt::Open(PathBuf::from("/proc/self")),
        },
        Some(Step::StartMapper(jobs)) => {
            Attempt::OpenSetting(own_map(jobs.first().map_or(IdKind::User, |job| job.ids)))
        }
        _ => Attempt::Open(PathBuf::from("/proc/self")),
    }
}

/// One of several of which a step is made, or the step that let a helper do it.
fn of_number(number: u32, plan: &Plan, prepared: &Prepared, step: Option<&Step>) -> Option<Attempt> {
    match step? {
        Step::Plain(PlainStep::SetLimits(limits)) => Some(Attempt::TakeLimit(limits.get(number as usize)?.name)),
        Step::JoinCgroups(cgroups) => Some(Attempt::Write(cgroups.get(number as usize)?.path().into())),
        Step::StartMapper(_) | Step::ReleaseMapper => Some(Attempt::Write(own_map(ids_of_map(plan, number)))),
        _ => {
            let Persist { kind, file } = plan.steps.iter().find_map(|step| match step {
                Step::StartBinder(persists) => persists.get(number as usize),
                _ => None,
            })?;
            Some(Attempt::Keep { kind: *kind, file: file.clone(), pid: prepared.pid })
        }
    }
}

fn own_map(ids: IdKind) -> PathBuf {
    Path::new("/proc/self").join(ids.map_file())
}

/// Whose ids the map with this number is for, of those that the mapper writes.
fn ids_of_map(plan: &Plan, number: u32) -> IdKind {
    let jobs = plan.steps.iter().find_map(|step| match step {
        Step::StartMapper(jobs) => jobs.get(number as usize),
        _ => None,
    });
    jobs.map_or(IdKind::User, |job| job.ids)
}
