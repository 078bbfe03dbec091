//! newuidmap(1) and newgidmap(1), and the files that they read.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::super::SystemView;
use super::super::ids::{inside, listed, outside_of};
use super::UnshareContext;
use super::map_program::MapProgram;
use crate::ids::map::{Extent, IdKind, extents};
use crate::ids::passwd::for_each_entry;
use crate::ids::subid::blocks;
use crate::namespace::Kind;
use crate::sys::capability::{CAP_SETFCAP, CAP_SETGID, CAP_SETUID};
use crate::sys::process::Status;

/// The proposal to a user without subordinate ids.
const PROPOSED: (u32, u32) = (100_000, 65536);

/// What to do for a user without subordinate ids.
pub fn add_subordinates(user: &str, file: &str, view: &SystemView) -> String {
    let option = if file.ends_with("gid") { "--add-subgids" } else { "--add-subuids" };
    let map = view.bytes("/proc/self/uid_map").unwrap_or_default();
    let mapped: Vec<_> = extents(&map).into_iter().map(|Extent { inner, count, .. }| (inner, count)).collect();
    if mapped.is_empty() || outside_of(PROPOSED, &mapped).is_none() {
        return format!("give {user} a range that nobody else has, as root: usermod {option} 100000-165535 {user}");
    }
    if mapped.iter().all(|(_, count)| *count == 1) {
        return "subordinate ids are not mapped in the user namespace that we are in: make it with them, in one command, as \
                unshare -r --map-auto does"
            .to_string();
    }
    format!(
        "give {user} a range that nobody else has of the ids that the user namespace maps that we are in ({}), as root: \
         usermod {option} FIRST-LAST {user}",
        listed(&mapped)
    )
}

/// What to do for a user without a name: newuidmap(1) and usermod(8) require one.
pub fn no_account(uid: u32) -> String {
    format!(
        "subordinate ids are for users that have an account, and {uid} has none: make one, as root (useradd -u {uid} NAME), or \
         map your own id alone (-r)"
    )
}

/// newuidmap or newgidmap has failed.
pub fn program(ids: IdKind, ending: Status, context: &UnshareContext, view: &SystemView) -> Option<String> {
    let name = ids.map_program();
    match ending {
        Status::Exited(127) => Some(format!(
            "{name} was not found in $PATH: install it (Debian, Ubuntu: package uidmap; Fedora: shadow-utils)"
        )),
        Status::Exited(126) => Some(format!(
            "there is a {name} in $PATH, but it cannot be run: it is not executable for us, or the interpreter that it \
             names is missing"
        )),
        Status::Exited(_) => refused_by_program(ids, context, view),
        Status::Killed(_) => None,
    }
}

/// newuidmap ran, and ended with this status.
fn refused_by_program(ids: IdKind, context: &UnshareContext, view: &SystemView) -> Option<String> {
    let name = ids.map_program();
    if view.status("NoNewPrivs").as_deref() == Some("1") {
        return Some(format!(
            "no_new_privs is set (NoNewPrivileges= of systemd, docker run --security-opt no-new-privileges), under which \
             {name} gets no rights of its set-user-ID bit or its file capabilities"
        ));
    }
    let program = context.map_programs.iter().find(|program| program.file.ends_with(name));
    program
        .and_then(MapProgram::without_rights)
        // In the order in which the program and then the kernel look.
        .or_else(|| allowed(ids, context, view))
        .or_else(|| overlapping(context.map(ids)))
        .or_else(|| not_there_outside(ids, context, view))
}

/// The ids that the file of subordinate ids allows the user, if these do not cover the request.
fn allowed(ids: IdKind, context: &UnshareContext, view: &SystemView) -> Option<String> {
    let file = ids.subordinate_file();
    // If nsswitch.conf(5) names a service for subordinate ids, the file does not count.
    let services = view.text("/etc/nsswitch.conf").unwrap_or_default();
    let other = |line: &str| line.trim().strip_prefix("subid:").is_some_and(|service| service.trim() != "files");
    if services.lines().any(other) {
        return None;
    }
    let user = context.uid?;
    let name = name_of(user, view);
    let text = view.bytes(file).unwrap_or_default();
    let ranges: Vec<_> = blocks(&text, user, name.as_deref()).map(|block| (block.first, block.count)).collect();
    let own = match ids {
        IdKind::User => Some(user),
        IdKind::Group => context.gid,
    };
    let map = context.map(ids);
    let missing = map.iter().find_map(|line| match (line.outer, line.count) {
        (id, 1) if Some(id) == own => None,
        range => outside_of(range, &ranges),
    });
    // If the file allows all of it, the file is not the reason.
    let missing = missing.map(|range| listed(&[range]));
    let missing = match (missing, map.is_empty()) {
        (Some(missing), _) => format!(", and not {missing}"),
        (None, true) => String::new(),
        (None, false) => return None,
    };
    if !ranges.is_empty() {
        return Some(format!("{file} allows this user {}, and their own id{missing}", listed(&ranges)));
    }
    // We cannot see which lines are the user's without the name, which need not be in /etc/passwd.
    let name = name?;
    Some(format!("{file} allows this user nothing: {}", add_subordinates(&name.to_string_lossy(), file, view)))
}

/// Outer ids that do not exist in the user namespace that we come from.
fn not_there_outside(ids: IdKind, context: &UnshareContext, view: &SystemView) -> Option<String> {
    let file = format!("/proc/self/{}", ids.map_file());
    let outer = extents(view.held(&file)?);
    let mapped: Vec<_> = outer.iter().map(|line| (line.inner, line.count)).collect();
    let missing = context.map(ids).iter().find_map(|line| outside_of((line.outer, line.count), &mapped))?;
    let alone = match mapped.iter().all(|(_, count)| *count == 1) {
        true => ": make that one with all that is needed, in one command, as unshare -r --map-auto does",
        false => "",
    };
    Some(format!(
        "the ids {} outside are not mapped in the user namespace that we are in, which has {}{alone}",
        listed(&[missing]),
        listed(&mapped)
    ))
}

/// write(2) of a map: EPERM.
pub fn map_refused(ids: IdKind, context: &UnshareContext, view: &SystemView) -> Option<String> {
    let lines = context.map(ids);
    if let Some(hint) = not_there_outside(ids, context, view) {
        return Some(hint);
    }
    let lacks = |capability| context.has(capability, view) == Some(false);
    let maps_root = lines.iter().any(|line| line.outer == 0);
    if ids == IdKind::User && maps_root && lacks(CAP_SETFCAP) && !view.is_older_than((5, 12)) {
        return Some(
            "mapping root of outside (user 0) needs CAP_SETFCAP since Linux 5.12, which we lack: in a container, give it that \
             (docker run --cap-add SETFCAP), or run unshare as another user"
                .to_string(),
        );
    }
    let (capability, name) = match ids {
        IdKind::User => (CAP_SETUID, "CAP_SETUID"),
        IdKind::Group => (CAP_SETGID, "CAP_SETGID"),
    };
    let others = lines.iter().any(|line| line.count > 1) || lines.len() > 1;
    (others && lacks(capability)).then(|| format!("a map of more than your own id needs {name}, which we lack"))
}

/// setuid(2), setgid(2): EINVAL.
pub fn no_such_id(ids: IdKind, id: u32, context: &UnshareContext, view: &SystemView) -> Option<String> {
    let (what, map) = match ids {
        IdKind::User => ("user", "--map-user or --map-users"),
        IdKind::Group => ("group", "--map-group or --map-groups"),
    };
    let new = context.kinds.contains(Kind::User);
    let namespace = if new { "the new user namespace" } else { "the user namespace that we are in" };
    let mapped = inside(&view.bytes_now(&format!("/proc/self/{}", ids.map_file()))?);
    Some(match (mapped, new) {
        (Some(mapped), true) => {
            format!(
                "{what} {id} is not mapped in {namespace}, which has {mapped}: choose one of these, or map it with {map}"
            )
        }
        (Some(mapped), false) => format!("{what} {id} is not mapped in {namespace}, which has {mapped}"),
        (None, true) => format!("no {what} is mapped in {namespace}: map root with -r, or another one with {map}"),
        (None, false) => format!("no {what} is mapped in {namespace}"),
    })
}

/// The kernel takes no map in which two lines share ids (EINVAL, user_namespaces(7)).
pub fn overlapping(lines: &[Extent]) -> Option<String> {
    let pairs = lines.iter().enumerate().flat_map(|(at, one)| lines[at + 1..].iter().map(move |other| (one, other)));
    let outer = |extent: &Extent| (extent.outer, extent.count);
    let inner = |extent: &Extent| (extent.inner, extent.count);
    pairs.into_iter().find_map(|(one, other)| {
        let shared = [("outside", outer(one), outer(other)), ("inside", inner(one), inner(other))];
        shared.into_iter().find_map(|(side, one, other)| {
            let (first, end) = intersection(one, other)?;
            Some(format!("two blocks share the ids {first} to {} {side}", end - 1))
        })
    })
}

/// The ids that two ranges (first id and count) share, as the first id and the one after the last.
fn intersection(one: (u32, u32), other: (u32, u32)) -> Option<(u64, u64)> {
    let end = |(first, count): (u32, u32)| u64::from(first) + u64::from(count);
    let first = u64::from(one.0.max(other.0));
    let end = end(one).min(end(other));
    (first < end).then_some((first, end))
}

/// The name of the user in /etc/passwd. We ask no name service, because a hint starts no program.
fn name_of(user: u32, view: &SystemView) -> Option<OsString> {
    let mut name = None;
    // Reading from memory does not fail.
    let _ = for_each_entry(&*view.bytes("/etc/passwd")?, |entry| {
        if entry.id == user {
            name = Some(OsString::from_vec(entry.name));
        }
        name.is_none()
    });
    name
}

#[cfg(test)]
mod tests;
