//! newuidmap(1) and newgidmap(1), and what they look at.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::super::View;
use crate::enter::idmap::{Extent, extents};
use crate::enter::subid::{Subordinates, blocks};
use crate::error::Status;
use crate::users::for_each_entry;

/// Of so many ranges no more are named.
const MOST_RANGES: usize = 5;

/// What to do for a user without subordinate ids.
pub fn add_subordinates(user: &str, file: &str) -> String {
    let option = if file.ends_with("gid") { "--add-subgids" } else { "--add-subuids" };
    format!("give {user} a range that nobody else has, as root: usermod {option} 100000-165535 {user}")
}

/// newuidmap or newgidmap has failed.
pub fn program(name: &str, ending: Status, user: u32, view: &View) -> Option<String> {
    let file = match name {
        "newuidmap" => "/etc/subuid",
        "newgidmap" => "/etc/subgid",
        _ => return None,
    };
    match ending {
        Status::Exited(127) => Some(format!(
            "{name} was not found in $PATH: install it (Debian, Ubuntu: package uidmap; Fedora: shadow-utils)"
        )),
        Status::Exited(126) => Some(format!(
            "there is a {name} in $PATH, but it cannot be run: it is not executable for us, or the interpreter that it \
             names is missing"
        )),
        Status::Exited(_) => allowed(file, user, view),
        Status::Killed(_) => None,
    }
}

/// The kernel takes no map in which two lines share ids (EINVAL, user_namespaces(7)). `text` is that of the map.
pub fn overlapping(text: &str) -> Option<String> {
    let lines = extents(text.as_bytes());
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

/// The ids that two ranges of a first id and a count share: the first, and the one behind the last.
fn intersection(one: (u32, u32), other: (u32, u32)) -> Option<(u64, u64)> {
    let end = |(first, count): (u32, u32)| u64::from(first) + u64::from(count);
    let first = u64::from(one.0.max(other.0));
    let end = end(one).min(end(other));
    (first < end).then_some((first, end))
}

/// What the file allows the user.
fn allowed(file: &str, user: u32, view: &View) -> Option<String> {
    let name = name_of(user, view);
    let text = view.bytes(file).unwrap_or_default();
    let ranges: Vec<_> = blocks(&text, user, name.as_deref()).take(MOST_RANGES + 1).collect();
    if !ranges.is_empty() {
        return Some(format!("{file} allows this user {}, and one's own id", listed(&ranges)));
    }
    // Without a name, which need not be in /etc/passwd, the lines with it cannot be told.
    let name = name?;
    Some(format!("{file} allows this user nothing: {}", add_subordinates(&name.to_string_lossy(), file)))
}

fn listed(ranges: &[Subordinates]) -> String {
    let text = |range: &Subordinates| {
        let last = u64::from(range.first) + u64::from(range.count) - 1;
        format!("{} to {last}", range.first)
    };
    let shown: Vec<_> = ranges.iter().take(MOST_RANGES).map(text).collect();
    let more = if ranges.len() > MOST_RANGES { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The name of the user in /etc/passwd. No more is asked: a hint starts no program.
fn name_of(user: u32, view: &View) -> Option<OsString> {
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
mod tests {
    use super::super::super::made::Made;
    use super::*;

    const PASSWD: (&str, &str) = ("/etc/passwd", "root:x:0:0::/:\nalice:x:1001:1001::/:\n");

    fn hint(ending: Status, files: &[(&str, &str)]) -> Option<String> {
        program("newuidmap", ending, 1001, &Made::of(files).view())
    }

    fn refused(subuid: &str) -> Option<String> {
        hint(Status::Exited(1), &[PASSWD, ("/etc/subuid", subuid)])
    }

    #[test]
    fn one_that_is_missing_is_told_from_one_that_cannot_be_run() {
        let missing = hint(Status::Exited(127), &[]).unwrap();
        assert!(missing.contains("not found") && missing.contains("package uidmap"), "{missing}");
        let there = hint(Status::Exited(126), &[]).unwrap();
        assert!(there.contains("cannot be run") && !there.contains("install"), "{there}");
        let other = program("the helper", Status::Exited(127), 0, &Made::of(&[]).view());
        assert_eq!(other, None);
    }

    #[test]
    fn all_ranges_of_the_user_are_allowed() {
        let text = "bob:1:1\nalice:100000:65536\n1001:700000:10\nalice:x:1\n";
        assert_eq!(
            refused(text).unwrap(),
            "/etc/subuid allows this user 100000 to 165535, 700000 to 700009, and one's own id"
        );
        let hint = refused(&"alice:10:5\n".repeat(9)).unwrap();
        assert_eq!(hint.matches("10 to 14").count(), 5, "{hint}");
        assert!(hint.contains("10 to 14, …, and"), "{hint}");
        let none = refused("bob:1:1\n").unwrap();
        assert!(none.contains("allows this user nothing") && none.ends_with(" alice"), "{none}");
    }

    #[test]
    fn nothing_is_said_of_a_user_without_a_name() {
        let lines = ("/etc/subuid", "carol:100000:5\n");
        assert_eq!(hint(Status::Exited(1), &[lines]), None);
        let number = ("/etc/subuid", "1001:100000:5\n");
        let hint = hint(Status::Exited(1), &[number]).unwrap();
        assert!(hint.contains("100000 to 100004"), "{hint}");
    }
}
