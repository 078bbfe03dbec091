//! unshare's hints.

mod calls;
mod keep;
mod map_program;
mod maps;
mod mounts;

mod context;

use std::path::Path;

use nix::errno::Errno;

use super::limits;
use super::program::not_run;
use super::refusal::{bounding_set_stays, forbidden, other_refusal};
use super::view::MOUNTS;
use super::{SystemView, not_of_proc, process_1_has_ended};
use crate::enter::failure::{Helper, RunFailure};
use crate::enter::step::{PlainStep, Step};
use crate::enter::unshare::{MapMethod, UnshareRequest};
use crate::error::{Attempt, Failure, RequestError, Shown};
use crate::ids::map::IdKind;
use crate::namespace::Kind;
use crate::sys::capability::{CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN, CAP_SYS_CHROOT, CAP_SYS_RESOURCE, CapabilityCall};
use crate::sys::file::NOT_PROC;
use crate::sys::process::Status;

pub use context::UnshareContext;

/// The system as the hints of a request see it. It keeps what /proc shows differently later: the id maps around a new
/// user namespace, and our mount table, if the request enters another root directory or may fail in a new mount
/// namespace with a file that is outside of it.
pub fn view_for(request: &UnshareRequest) -> SystemView {
    let mut view = SystemView::of_system();
    if request.root.is_some() || !request.keep.is_empty() {
        view = view.holding(&[MOUNTS]);
    }
    for keep in &request.keep {
        view = view.holding_place_of(&keep.file);
    }
    let by_mapper = |map: &MapMethod| matches!(map, MapMethod::ByMapper(_));
    if by_mapper(&request.uid_map) || by_mapper(&request.gid_map) {
        view = view.holding(&["/proc/self/uid_map", "/proc/self/gid_map"]);
    }
    view
}

/// The hint for a request that makes no sense.
pub fn before(error: &RequestError) -> Option<String> {
    match error {
        RequestError::NoSubordinateIds { name: Some(name), file, .. } => {
            Some(maps::add_subordinates(name, file, &SystemView::of_system()))
        }
        RequestError::NoSubordinateIds { uid, name: None, .. } => Some(maps::no_account(*uid)),
        RequestError::Unreadable { path, errno: Errno::ENOENT } if path.starts_with("/etc") => {
            Some(maps::add_subordinates("USER", &path.to_string_lossy(), &SystemView::of_system()))
        }
        RequestError::Unreadable { path, errno } if path.starts_with("/proc") => {
            calls::no_file_of_proc(*errno, &SystemView::of_system())
        }
        RequestError::KeepFile { kind, file, errno } => keep::no_file(*kind, file, *errno),
        _ => None,
    }
}

/// A note before a program starts that will be of little use: after its first child has ended, it cannot fork any more
/// (ENOMEM, pid_namespaces(7)).
pub fn program_stays_outside(context: &UnshareContext) -> Option<String> {
    let pid = context.kinds.contains(Kind::Pid);
    (pid && !context.forks).then(|| {
        let program = match &context.program {
            None => "the shell".to_string(),
            Some(name) => name.shown().to_string(),
        };
        format!(
            "{program} itself stays outside of the new PID namespace, and once its first child has ended it cannot fork: add \
             --fork"
        )
    })
}

/// The hint for a failure of unshare's plan.
pub fn hint(failure: &RunFailure, context: &UnshareContext, view: &SystemView) -> Option<String> {
    match failure {
        RunFailure::Step { step, errno } => of_step(step, *errno, context, view),
        RunFailure::Other(Failure::System { attempt, errno }) => system(attempt, *errno, context, view),
        RunFailure::HelperProgram { ids, errno: Errno::ENOENT, found: false } => {
            maps::program(*ids, Status::Exited(127), context, view)
        }
        RunFailure::HelperProgram { ids, .. } => maps::program(*ids, Status::Exited(126), context, view),
        RunFailure::Helper { helper: Helper::MapProgram(ids), ending } => {
            maps::program(*ids, (*ending)?, context, view)
        }
        // After a change of the user, the kernel checks RLIMIT_NPROC in execve(2).
        RunFailure::Program { errno: Errno::EAGAIN, .. } => limits::of_user(view),
        RunFailure::Program { program, errno } => {
            context.operand_of_option(program).or_else(|| not_run(program, *errno, &context.search))
        }
        _ => None,
    }
}

fn of_step(step: &Step, errno: Errno, context: &UnshareContext, view: &SystemView) -> Option<String> {
    match step {
        Step::Unshare(kinds) => match errno {
            Errno::EPERM if kinds.contains(Kind::User) => Some(calls::no_user_namespace(context, view)),
            Errno::EPERM => Some(calls::no_right(context, view)),
            // EUSERS before Linux 4.9.
            Errno::ENOSPC | Errno::EUSERS => Some(calls::limits(*kinds, view)),
            Errno::EINVAL => calls::not_valid(*kinds, view),
            Errno::EACCES => Some(forbidden("making namespaces", view)),
            _ => None,
        },
        Step::OffsetClock(..)
        | Step::SetClock(..)
        | Step::MapOwnId(..)
        | Step::Setgroups(_)
        | Step::RegisterInterpreter { .. } => write(&step.path()?, errno, context, view),
        Step::CloneTree(_) | Step::BindRoot(_) | Step::PivotRoot(_) => mounts::by_descriptor(step, errno, view),
        // We have every right over the namespace that we have just made.
        Step::Plain(PlainStep::BringUpLoopback | PlainStep::SetHostname(_) | PlainStep::SetDomainname(_))
            if errno == Errno::EPERM =>
        {
            apparmor(context, view).or_else(|| Some(other_refusal(view)))
        }
        Step::Propagate(_, at) | Step::MakePrivateIfMounted(at) => propagation(at, errno, context, view),
        _ => match step.mount() {
            Some((fstype, on)) => mount(fstype, on, errno, context, view),
            None => credentials(step, errno, context, view),
        },
    }
}

fn system(attempt: &Attempt, errno: Errno, context: &UnshareContext, view: &SystemView) -> Option<String> {
    match attempt {
        Attempt::Write(path) | Attempt::OpenSetting(path) => write(path, errno, context, view),
        Attempt::Open(path) | Attempt::Read(path) | Attempt::Stat(path) if path.starts_with("/proc") => {
            calls::no_file_of_proc(errno, view)
        }
        Attempt::Keep { kind, file, .. } => match errno {
            Errno::EINVAL => keep::refused(*kind, file, view.place_of(file)),
            Errno::EACCES => Some(forbidden("binding a namespace on a file", view)),
            Errno::EPERM if context.has(CAP_SYS_ADMIN, view) == Some(true) => Some(other_refusal(view)),
            Errno::EPERM => Some(
                "binding a file needs CAP_SYS_ADMIN where unshare was started; a new user namespace does not give it there"
                    .to_string(),
            ),
            // The namespace has a path too, in /proc.
            Errno::ENOENT => {
                calls::no_file_of_proc(errno, view).or_else(|| keep::no_file(*kind, file, errno))
            }
            _ => keep::no_file(*kind, file, errno),
        },
        Attempt::Fork => match errno {
            Errno::ENOMEM if !context.kinds.contains(Kind::Pid) => children_elsewhere(view),
            Errno::EAGAIN => {
                let has = |capability| context.has(capability, view) == Some(true);
                limits::of_processes(has(CAP_SYS_ADMIN) || has(CAP_SYS_RESOURCE), view)
            }
            _ => None,
        },
        Attempt::ControlSocket if errno == Errno::EPERM => Some(other_refusal(view)),
        Attempt::ChangeCapabilities(CapabilityCall::Bounding) if errno == Errno::EPERM => {
            Some(bounding_set_stays(view))
        }
        _ => None,
    }
}

/// A setting of the new namespaces.
fn write(path: &Path, errno: Errno, context: &UnshareContext, view: &SystemView) -> Option<String> {
    let ids = [IdKind::User, IdKind::Group].into_iter().find(|ids| path.ends_with(ids.map_file()));
    match (ids, errno) {
        (_, NOT_PROC) => Some(not_of_proc()),
        (_, Errno::ENOENT | Errno::EROFS) if path.starts_with("/proc") => calls::no_file_of_proc(errno, view),
        (Some(ids), Errno::EPERM) => apparmor(context, view).or_else(|| maps::map_refused(ids, context, view)),
        (Some(ids), Errno::EINVAL) => maps::overlapping(context.map(ids)),
        _ if path.ends_with("timens_offsets") => calls::no_offset(errno, context, view),
        (_, Errno::EPERM | Errno::EACCES) if path.ends_with("setgroups") && !context.kinds.contains(Kind::User) => {
            Some("--setgroups is a setting of a new user namespace: add --user (-U), or -r".to_string())
        }
        _ => None,
    }
}

/// AppArmor's rule is for unprivileged processes.
fn apparmor(context: &UnshareContext, view: &SystemView) -> Option<String> {
    let concerned = context.kinds.contains(Kind::User) && context.uid != Some(0);
    calls::apparmor(view).filter(|_| concerned)
}

fn propagation(at: &Path, errno: Errno, context: &UnshareContext, view: &SystemView) -> Option<String> {
    match errno {
        Errno::EACCES => mounts::forbidden_here(at, view),
        Errno::EINVAL if at == Path::new("/") => mounts::no_mount_point(view),
        // We have every right over the mount namespace that we have made.
        Errno::EPERM if context.kinds.contains(Kind::Mount) => {
            apparmor(context, view).or_else(|| Some(other_refusal(view)))
        }
        _ => None,
    }
}

fn mount(fstype: &str, on: &Path, errno: Errno, context: &UnshareContext, view: &SystemView) -> Option<String> {
    match (fstype, errno) {
        (_, Errno::EACCES) => mounts::forbidden_here(on, view),
        ("proc", Errno::EPERM) => apparmor(context, view).or_else(|| mounts::no_proc(context, view)),
        ("binfmt_misc", Errno::EPERM | Errno::ENODEV) => {
            apparmor(context, view).or_else(|| mounts::no_binfmt(errno, view))
        }
        (_, Errno::ENOSYS) => Some(mounts::too_old()),
        (_, Errno::EOVERFLOW) => mounts::no_ids(context),
        ("bind", Errno::ENOENT) => Some(format!(
            "{} is not there inside, and is made only in a tmpfs that --tmpfs or --mount-dev has mounted before",
            on.shown()
        )),
        ("bind", _) => None,
        (_, Errno::ENOENT | Errno::ENOTDIR) => mounts::no_directory(on, errno, context),
        _ => None,
    }
}

/// Another root directory, user or group.
fn credentials(step: &Step, errno: Errno, context: &UnshareContext, view: &SystemView) -> Option<String> {
    let user = context.kinds.contains(Kind::User);
    let lacks = |capability| context.has(capability, view) == Some(false);
    let needs_root = |what: &str| Some(format!("{what}, which needs root (CAP_SETUID and CAP_SETGID)"));
    match (step, errno) {
        (Step::Chroot(_) | Step::OpenRoot(_), Errno::EPERM) if user || !lacks(CAP_SYS_CHROOT) => Some(other_refusal(view)),
        (Step::Chroot(_) | Step::OpenRoot(_), Errno::EPERM) => Some(
            "--root needs CAP_SYS_CHROOT: run it as root, or add --map-root-user (-r) to do it in your own user namespace"
                .to_string(),
        ),
        (Step::DropGroups | Step::Plain(PlainStep::SetGid(_) | PlainStep::SetUid(_)), Errno::EPERM)
            if context.owned && (lacks(CAP_SETUID) || lacks(CAP_SETGID)) =>
        {
            needs_root("--owner makes unshare itself that user and group")
        }
        (Step::DropGroups, Errno::EPERM) if user && (context.maps_own_group || context.groups.is_empty()) => Some(
            "setgroups(2) is denied if only your own group is mapped: map a block of groups as well (--map-auto, \
             --map-groups)"
                .to_string(),
        ),
        (Step::DropGroups | Step::Plain(PlainStep::SetGid(_)), Errno::EPERM) if !user && lacks(CAP_SETGID) => {
            needs_root("-G changes the group and drops the supplementary ones")
        }
        (Step::Plain(PlainStep::SetUid(_)), Errno::EPERM) if !user && lacks(CAP_SETUID) => needs_root("-S changes the user"),
        (Step::Plain(PlainStep::SetUid(id)), Errno::EINVAL) => maps::no_such_id(IdKind::User, *id, context, view),
        (Step::Plain(PlainStep::SetGid(id)), Errno::EINVAL) => maps::no_such_id(IdKind::Group, *id, context, view),
        _ => None,
    }
}

/// fork(2) without a new PID namespace: ENOMEM.
fn children_elsewhere(view: &SystemView) -> Option<String> {
    let own = view.link("/proc/self/ns/pid")?;
    let childrens = view.link("/proc/self/ns/pid_for_children")?;
    (own != childrens).then(|| process_1_has_ended("that our children are to be in"))
}

#[cfg(test)]
mod tests;
