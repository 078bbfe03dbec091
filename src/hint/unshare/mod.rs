//! unshare's hints.

mod calls;
mod keep;
mod maps;
mod mounts;

use std::path::Path;

use nix::errno::Errno;

use super::{View, not_of_proc, process_1_has_ended};
use crate::enter::unshare::{IdMap, Request};
use crate::error::{Attempt, Failure, RequestError};
use crate::namespace::{Kind, KindSet};
use crate::sys::capability::CAP_SYS_ADMIN;
use crate::sys::file::NOT_PROC;

/// What was asked for, as far as it may be the reason for a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    /// The namespaces that were unshared, or were to be.
    pub kinds: KindSet,
    /// Whether the program runs as a child.
    pub forks: bool,
    /// Whether the shell is run, for lack of a program.
    pub runs_shell: bool,
    /// Whether the caller's group alone is mapped, by ourselves.
    pub maps_own_group: bool,
    /// Our effective UID before anything was done.
    pub uid: u32,
}

impl Situation {
    /// That of a request.
    pub fn of(request: &Request) -> Situation {
        Situation {
            kinds: request.kinds,
            forks: request.fork.is_some(),
            runs_shell: request.program.is_none(),
            maps_own_group: matches!(request.gid_map, IdMap::Own(_)),
            uid: nix::unistd::geteuid().as_raw(),
        }
    }
}

/// The system as the hints of a request see it. The mount table of where we start is held where the request leads to
/// another root directory, or may fail in a new mount namespace with a file that is outside of it.
pub fn view_for(request: &Request) -> View {
    let view = View::of_system();
    let keeps_from_new_mounts = !request.keep.is_empty() && request.kinds.contains(Kind::Mount);
    if request.root.is_some() || keeps_from_new_mounts { view.holding_mounts() } else { view }
}

/// The hint for a request that makes no sense.
pub fn before(error: &RequestError) -> Option<String> {
    match error {
        RequestError::NoSubordinateIds { user, file } => Some(maps::add_subordinates(user, file)),
        RequestError::Unreadable { path, errno: Errno::ENOENT } if path.starts_with("/etc") => Some(
            "give the user subordinate ids: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER"
                .to_string(),
        ),
        _ => None,
    }
}

/// A note before an interactive shell starts that cannot be what was meant: after its first child has ended, it cannot
/// fork any more (ENOMEM, pid_namespaces(7)).
pub fn shell_stays_outside(situation: Situation) -> Option<String> {
    let pid = situation.kinds.contains(Kind::Pid);
    (pid && !situation.forks && situation.runs_shell).then(|| {
        "the shell itself stays outside of the new PID namespace, and once its first child has ended it cannot fork: \
         add --fork"
            .to_string()
    })
}

/// The hint for a failure of unshare's plan.
pub fn hint(failure: &Failure, situation: Situation, view: &View) -> Option<String> {
    match failure {
        Failure::System { attempt, errno } => system(attempt, *errno, situation, view),
        Failure::Helper { name, ending } => maps::program(name, (*ending)?, situation.uid, view),
        _ => None,
    }
}

fn system(attempt: &Attempt, errno: Errno, situation: Situation, view: &View) -> Option<String> {
    let user = situation.kinds.contains(Kind::User);
    // AppArmor's rule is for those who are not privileged.
    let apparmor = || calls::apparmor(view).filter(|_| user && situation.uid != 0);
    match (attempt, errno) {
        (Attempt::Unshare(_), Errno::EPERM) if user => Some(calls::no_user_namespace(view)),
        (Attempt::Unshare(_), Errno::EPERM) => Some(calls::no_right(view)),
        (Attempt::Unshare(kinds), Errno::ENOSPC) => Some(calls::limits(*kinds, view)),
        (Attempt::Unshare(kinds), Errno::EINVAL) => calls::missing_kinds(*kinds, view),
        (Attempt::Write { path, .. }, Errno::EPERM) if path.ends_with("uid_map") => apparmor(),
        (Attempt::Write { path, text }, Errno::EINVAL) if path.ends_with("uid_map") || path.ends_with("gid_map") => {
            maps::overlapping(&text.replace("; ", "\n"))
        }
        (Attempt::Mount { fstype: "proc", .. }, Errno::EPERM) => {
            apparmor().or_else(|| mounts::no_proc(situation, view))
        }
        (Attempt::Mount { .. } | Attempt::Propagate { .. }, Errno::EPERM) => apparmor(),
        (Attempt::Propagate { at, .. }, Errno::EINVAL) if at == Path::new("/") => mounts::no_mount_point(view),
        (Attempt::Keep { kind, file }, Errno::EINVAL) => keep::refused(*kind, file, view.place_of(file)),
        (Attempt::Fork, Errno::ENOMEM) if !situation.kinds.contains(Kind::Pid) => children_elsewhere(view),
        (Attempt::Write { .. }, NOT_PROC) => Some(not_of_proc()),
        (Attempt::Keep { .. }, Errno::EPERM) if view.has_capability(CAP_SYS_ADMIN) == Some(false) || user => Some(
            "binding a file needs CAP_SYS_ADMIN where unshare was started; a new user namespace does not give it there"
                .to_string(),
        ),
        (Attempt::DropGroups, Errno::EPERM) if situation.maps_own_group => Some(
            "setgroups(2) is denied where only one's own group is mapped: map a block of groups as well (--map-auto, \
             --map-groups)"
                .to_string(),
        ),
        _ => None,
    }
}

/// fork(2) without a new PID namespace: ENOMEM.
fn children_elsewhere(view: &View) -> Option<String> {
    let own = view.link("/proc/self/ns/pid")?;
    let childrens = view.link("/proc/self/ns/pid_for_children")?;
    (own != childrens).then(|| process_1_has_ended("that our children are to be in"))
}

#[cfg(test)]
mod tests;
