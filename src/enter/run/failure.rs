//! From the number of a step and a [`Fault`] to a failure in words: made in a process that may take memory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::prepared::{Prepared, path_of};
use crate::enter::fault::{Fault, HelperPart, Part};
use crate::enter::setting::Persist;
use crate::enter::step::{Plan, Step};
use crate::error::{Attempt, Failure, Helper};
use crate::ids::map::IdKind;
use crate::namespace::{Kind, KindSet};
use crate::sys::capability::CapabilityCall;

/// What the step with this number failed with; the number behind the last is that of the program.
pub fn of(plan: &Plan, prepared: &Prepared, step: usize, fault: Fault) -> Failure {
    let step = plan.steps.get(step);
    match (fault, step) {
        (Fault::Refused(errno), Some(step)) => Failure::System { attempt: of_step(step), errno },
        (Fault::Refused(errno), None) => {
            let name = prepared.program.as_ref().map(|program| program.name().to_bytes()).unwrap_or_default();
            Failure::Program { program: OsStr::from_bytes(name).to_os_string(), errno }
        }
        (Fault::Part(Part::MapProgram { map, found }, errno), _) => {
            Failure::HelperProgram { ids: ids_of_map(plan, map), found, errno }
        }
        (Fault::Part(part, errno), _) => Failure::System { attempt: of_part(part, plan, prepared, step), errno },
        (Fault::Ended(helper, ending), _) => {
            let helper = match helper {
                HelperPart::Binder => Helper::Binder,
                HelperPart::Mapper => Helper::Mapper,
                HelperPart::MapProgram(map) => Helper::MapProgram(ids_of_map(plan, map)),
            };
            Failure::Helper { helper, ending }
        }
    }
}

/// What a step is there for.
fn of_step(step: &Step) -> Attempt {
    match step {
        Step::SetDumpable(true) => Attempt::MakeDumpable,
        Step::SetDumpable(false) => Attempt::Hide,
        Step::Unshare(kinds) => Attempt::Unshare(*kinds),
        Step::JoinTolerant(join) | Step::JoinStrict(join) => Attempt::Enter(join.kinds()),
        Step::BringUpLoopback => Attempt::BringUpLoopback,
        Step::SetHostname(_) => Attempt::SetHostname,
        Step::SetDomainname(_) => Attempt::SetDomainname,
        Step::RememberParent | Step::DieWithParent(_) => Attempt::ParentDeathSignal,
        Step::OffsetClock(..) | Step::MapOwnId(..) | Step::Setgroups(_) | Step::RegisterInterpreter { .. } => {
            Attempt::Write(path_of(step).unwrap_or_default())
        }
        Step::Propagate(propagation, at) => {
            Attempt::Propagate { mode: propagation.flag().map_or("unchanged", |(_, mode)| mode), at: at.clone() }
        }
        Step::MakePrivateIfMounted(at) => Attempt::Propagate { mode: "private", at: at.clone() },
        Step::MountProc(on) => Attempt::Mount { fstype: "proc", on: on.clone() },
        Step::MountBinfmt(on) => Attempt::Mount { fstype: "binfmt_misc", on: on.clone() },
        Step::CloneTree(tree) => Attempt::Clone(tree.path().into()),
        Step::OpenRoot(root) => Attempt::Chroot(root.path().into()),
        Step::BindRoot(root) | Step::PivotRoot(root) => Attempt::PivotRoot(root.path().into()),
        Step::AttachTree { on, .. } => Attempt::Mount { fstype: "bind", on: on.path.clone() },
        Step::MountNew(filesystem, on) => Attempt::Mount { fstype: filesystem.name(), on: on.path.clone() },
        Step::FillDevices(at) => Attempt::Mount { fstype: "tmpfs", on: at.path.clone() },
        Step::Chroot(path) => Attempt::Chroot(path.clone()),
        Step::Chdir(path) => Attempt::Chdir(path.clone()),
        Step::OpenDirectory(handle) => Attempt::OpenWorkingDirectory(handle.path().into()),
        Step::ChrootTo(handle) => Attempt::ChrootToOpened(handle.path().into()),
        Step::ChdirTo(handle) => Attempt::ChdirToOpened(handle.path().into()),
        Step::DropGroupsIfPermitted | Step::DropGroups => Attempt::DropGroups,
        Step::SetGid(gid) => Attempt::SetGid(*gid),
        Step::SetUid(uid) => Attempt::SetUid(*uid),
        Step::SetContext(_) => Attempt::SetContext,
        Step::KeepCapabilities | Step::KeepCapabilitiesUnlessRoot => Attempt::KeepCapabilities(CapabilityCall::Ambient),
        Step::DropBounding { .. } => Attempt::KeepCapabilities(CapabilityCall::Bounding),
        Step::DropCapabilities(_) => Attempt::KeepCapabilities(CapabilityCall::Set),
        Step::RetainCapabilities => Attempt::RetainCapabilities,
        Step::NoNewPrivileges => Attempt::NoNewPrivileges,
        // These fail with a part only.
        Step::SetGidOfTarget | Step::SetUidOfTarget | Step::JoinCgroups(_) => Attempt::Connect,
        Step::StartBinder(_) | Step::StartMapper(_) | Step::ReleaseMapper | Step::Bind => Attempt::Connect,
        Step::OpenChannel | Step::ReportStart => Attempt::Connect,
        Step::OpenStatus(fd) => Attempt::TakeOver(*fd),
        Step::Fork(_) | Step::BecomeInit => Attempt::Fork,
        Step::DefaultChildSignal => Attempt::Signals,
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
        Part::OpenSetting => Attempt::OpenSetting(step.and_then(path_of).unwrap_or_default()),
        Part::ChdirToRootHandle => Attempt::ChdirToOpenedRoot(PathBuf::new()),
        Part::ChdirToRoot => Attempt::ChdirToRoot,
        Part::NoDirectory => Attempt::ChdirToOpened(step.and_then(path_of).unwrap_or_default()),
        Part::Capabilities(call) => Attempt::KeepCapabilities(call),
        Part::Fork | Part::MapProgram { .. } => Attempt::Fork,
        Part::Channel => Attempt::Connect,
        Part::Wait(pid) => Attempt::Wait(pid),
        Part::OwnDirectory | Part::OwnPid => without_proc(prepared, step),
        Part::Target => Attempt::FindProcess { pid, first: prepared.target.first_wanted },
        Part::TargetIds => Attempt::AskIds(pid),
        Part::TargetFile(kind) => {
            let path = prepared.target.file(kind);
            Attempt::Open(path.map_or_else(|_| PathBuf::new(), |path| OsStr::from_bytes(path.to_bytes()).into()))
        }
        Part::Namespace(kind) => Attempt::Enter(KindSet::EMPTY.with(kind)),
        Part::Id(id) if matches!(step, Some(Step::SetGidOfTarget)) => Attempt::SetGid(id),
        Part::Id(id) => Attempt::SetUid(id),
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
