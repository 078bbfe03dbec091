//! unshare's hints.

use std::path::Path;

use nix::errno::Errno;

use super::{View, not_of_proc};
use crate::enter::unshare::{IdMap, Request};
use crate::error::{Attempt, Failure, RequestError, Status};
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

/// The PID namespaces that may be nested, see pid_namespaces(7).
const DEEPEST_PID: usize = 32;

/// Mounts that hide nothing of proc: itself, and what is mounted on directories that are always empty.
const VISIBLE_PROC: [&str; 3] = ["/proc", "/proc/sys/fs/binfmt_misc", "/proc/fs/nfsd"];

/// The hint for a request that makes no sense.
pub fn before(error: &RequestError) -> Option<String> {
    match error {
        RequestError::NoSubordinateIds { user, file } => Some(add_subordinates(user, file)),
        RequestError::Unreadable {
            path,
            errno: Errno::ENOENT,
        } if path.starts_with("/etc") => Some(
            "give the user subordinate ids: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER"
                .to_string(),
        ),
        _ => None,
    }
}

fn add_subordinates(user: &str, file: &str) -> String {
    let option = if file.ends_with("gid") {
        "--add-subgids"
    } else {
        "--add-subuids"
    };
    format!(
        "give {user} a range that nobody else has, as root: usermod {option} 100000-165535 {user}"
    )
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
        Failure::Helper { name, ending } => map_program(name, (*ending)?, situation.uid, view),
        _ => None,
    }
}

fn system(attempt: &Attempt, errno: Errno, situation: Situation, view: &View) -> Option<String> {
    let user = situation.kinds.contains(Kind::User);
    match (attempt, errno) {
        (Attempt::Unshare(_), Errno::EPERM) if user => Some(no_user_namespace(view)),
        (Attempt::Unshare(_), Errno::EPERM) => Some(no_right_to_unshare(view)),
        (Attempt::Unshare(kinds), Errno::ENOSPC) => Some(limits(*kinds, view)),
        (Attempt::Unshare(kinds), Errno::EINVAL) => missing_kinds(*kinds, view),
        (Attempt::Write { path, .. }, Errno::EPERM) if user && path.ends_with("uid_map") => apparmor(view),
        (Attempt::Mount { fstype: "proc", .. }, Errno::EPERM) => {
            apparmor(view).filter(|_| user).or_else(|| no_proc(situation, view))
        }
        (Attempt::Mount { .. } | Attempt::Propagate { .. }, Errno::EPERM) if user => apparmor(view),
        (Attempt::Keep { kind, file }, Errno::EINVAL) => {
            on_shared_mount(file, view).or_else(|| (*kind == Kind::Mount).then(younger_place))
        }
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

/// unshare(2) without a user namespace: EPERM.
fn no_right_to_unshare(view: &View) -> String {
    match view.has_capability(CAP_SYS_ADMIN) {
        Some(true) => other_refusal(view),
        _ => "this needs CAP_SYS_ADMIN: run it as root, or add --user --map-root-user (-r) for a user namespace of \
              one's own"
            .to_string(),
    }
}

/// unshare(2) with a user namespace: EPERM.
fn no_user_namespace(view: &View) -> String {
    let privileged = view.has_capability(CAP_SYS_ADMIN) == Some(true);
    if !privileged && view.number("/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        return "kernel.unprivileged_userns_clone is 0: only root may make user namespaces here"
            .to_string();
    }
    if view
        .text("/proc/self/uid_map")
        .is_some_and(|map| map.is_empty())
    {
        return "our user is not mapped in the user namespace that we are in: give that one a map first (-r)"
            .to_string();
    }
    let mounts = view.mounts();
    let root_is_mounted = mounts
        .iter()
        .any(|mount| mount.mount_point == Path::new("/"));
    if !mounts.is_empty() && !root_is_mounted {
        return "we are in a chroot: the kernel makes no user namespaces there; enter the root by pivot_root(2) instead"
            .to_string();
    }
    if mounts.is_empty() || view.differ("/proc/1/root", "/") {
        return format!(
            "either we are in a chroot, where the kernel makes no user namespaces, or it is {}",
            refusers(view)
        );
    }
    other_refusal(view)
}

/// What is left where no rule of the kernel's own explains EPERM.
fn other_refusal(view: &View) -> String {
    format!("probably it is {}", refusers(view))
}

fn refusers(view: &View) -> &'static str {
    match view.status("Seccomp").as_deref() {
        Some("2") => {
            "the seccomp filter of this container or service, or a security module, that refuses it"
        }
        Some(_) => "a security module (AppArmor, SELinux) that refuses it",
        None => "a seccomp filter or a security module that refuses it",
    }
}

/// Ubuntu 23.10 and later: the user namespace is made, but gives no rights.
fn apparmor(view: &View) -> Option<String> {
    if view.number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") != Some(1) {
        return None;
    }
    let profile = view.text("/proc/self/attr/current").unwrap_or_default();
    let under = if profile.is_empty() {
        String::new()
    } else {
        format!(" (we run under '{profile}')")
    };
    Some(format!(
        "AppArmor takes the rights out of user namespaces that unprivileged programs make{under}: give this binary a \
         profile with 'userns,', or set kernel.apparmor_restrict_unprivileged_userns to 0"
    ))
}

/// unshare(2): ENOSPC.
fn limits(kinds: KindSet, view: &View) -> String {
    let values = kinds.iter().filter_map(|kind| {
        let name = format!("user.max_{kind}_namespaces");
        let value = view.number(&format!("/proc/sys/user/max_{kind}_namespaces"))?;
        Some((name, value))
    });
    let values: Vec<_> = values.collect();
    if let Some((name, _)) = values.iter().find(|(_, value)| *value == 0) {
        return format!("{name} is 0: no such namespace may be made here");
    }
    let depth = view
        .status("NSpid")
        .map_or(0, |pids| pids.split_whitespace().count());
    if kinds.contains(Kind::Pid) && depth >= DEEPEST_PID {
        return format!(
            "PID namespaces may be nested {DEEPEST_PID} deep, and we are in number {depth}"
        );
    }
    let values: Vec<_> = values
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    let nesting = match (kinds.contains(Kind::User), kinds.contains(Kind::Pid)) {
        (true, _) => "; or user namespaces are nested too deep (about 32)",
        (false, true) => "; or PID namespaces are nested too deep (32)",
        _ => "",
    };
    format!(
        "a limit is reached, here or in a user namespace around this one: {}{nesting}",
        values.join(", ")
    )
}

/// unshare(2): EINVAL.
fn missing_kinds(kinds: KindSet, view: &View) -> Option<String> {
    let missing = kinds
        .iter()
        .filter(|kind| !view.exists(&format!("/proc/self/ns/{kind}")));
    let missing: KindSet = missing.collect();
    if missing.is_empty() || !view.exists("/proc/self/ns") {
        return None;
    }
    Some(format!("this kernel has no {missing} namespaces"))
}

/// mount(2) of proc: EPERM.
fn no_proc(situation: Situation, view: &View) -> Option<String> {
    if !situation.kinds.contains(Kind::Pid) {
        return situation.kinds.contains(Kind::User).then(|| {
            "proc shows the PID namespace that we are in, which does not belong to the new user namespace: add --pid \
             --fork"
                .to_string()
        });
    }
    if !situation.forks {
        return situation
            .kinds
            .contains(Kind::User)
            .then(|| "the new PID namespace holds for children only: add --fork".to_string());
    }
    let mounts = view.mounts();
    if mounts.is_empty() {
        return None;
    }
    if !mounts
        .iter()
        .any(|mount| mount.fstype == "proc" && mount.root == "/")
    {
        return Some(
            "in a user namespace, the kernel mounts proc only where a whole one can be seen already, and here is none"
                .to_string(),
        );
    }
    let mask = mounts.iter().find(|mount| {
        let place = &mount.mount_point;
        place.starts_with("/proc")
            && !VISIBLE_PROC
                .iter()
                .any(|visible| place == Path::new(visible))
    })?;
    Some(format!(
        "proc is partly masked here ({} is covered, as in a container): the kernel refuses a new one, which would show \
         what is hidden",
        mask.mount_point.display()
    ))
}

/// Binding a mount namespace: EINVAL.
fn on_shared_mount(file: &Path, view: &View) -> Option<String> {
    let file = file.canonicalize().ok()?;
    let mount = view.mount_of(&file)?;
    mount.shared?;
    let directory = mount.mount_point.display();
    Some(format!(
        "{directory} is a shared mount, from which the new namespace would propagate into itself: make it private first \
         (mount --make-private {directory}, after mount --bind {directory} {directory} if it is no mount of its own)"
    ))
}

/// The kernel lets a mount namespace be kept in older ones only, and tells the older by its id. Linux 6.18 hands out ids
/// from a range for each processor, so that a newer one may have the lower id.
fn younger_place() -> String {
    "a mount namespace can be kept only in one that is older; Linux 6.18 takes the lower id for that, which depends on the \
     processor: it may help to try again, or under taskset -c 0"
        .to_string()
}

/// newuidmap or newgidmap has failed.
fn map_program(name: &str, ending: Status, user: u32, view: &View) -> Option<String> {
    let file = match name {
        "newuidmap" => "/etc/subuid",
        "newgidmap" => "/etc/subgid",
        _ => return None,
    };
    if ending == Status::Exited(127) {
        return Some(format!(
            "{name} was not found in $PATH: install it (Debian, Ubuntu: package uidmap; Fedora: shadow-utils)"
        ));
    }
    let name_of_user = crate::users::names_by_uid(&[user]).remove(&user);
    let text = view.text(file).unwrap_or_default();
    match crate::enter::subid::first_block(text.as_bytes(), user, name_of_user.as_deref()) {
        Some(block) => Some(format!(
            "{file} allows this user {} to {}, and one's own id",
            block.first,
            u64::from(block.first) + u64::from(block.count) - 1
        )),
        None => {
            let user =
                name_of_user.map_or_else(|| user.to_string(), |name| name.display().to_string());
            Some(format!(
                "{file} allows this user nothing: {}",
                add_subordinates(&user, file)
            ))
        }
    }
}

#[cfg(test)]
mod tests;
