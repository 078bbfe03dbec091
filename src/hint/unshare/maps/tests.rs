//! What is said of id maps, on systems made up for it.

use super::*;
use crate::enter::failure::{Helper, RunFailure};
use crate::hint::made::Made;
use crate::hint::program::Search;

const PASSWD: (&str, &str) = ("/etc/passwd", "root:x:0:0::/:\nalice:x:1001:1001::/:\n");

/// Alice, who asks for these lines and finds no newuidmap in her `PATH`.
fn alice(lines: &[(u32, u32, u32)]) -> UnshareContext {
    let line = |(inner, outer, count): &(u32, u32, u32)| Extent { inner: *inner, outer: *outer, count: *count };
    let users = lines.iter().map(line).collect();
    let search = Search { path: Some("/no/such".into()), place: None };
    UnshareContext { users, uid: Some(1001), gid: Some(1001), search, ..UnshareContext::default() }
}

fn hint(ending: Status, files: &[(&str, &str)]) -> Option<String> {
    program(IdKind::User, ending, &alice(&[]), &Made::of(files).view())
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
    let other = RunFailure::Helper { helper: Helper::Mapper, ending: Some(Status::Exited(127)) };
    assert_eq!(super::super::hint(&other, &alice(&[]), &Made::of(&[]).view()), None);
}

#[test]
fn all_ranges_of_the_user_are_allowed() {
    let text = "bob:1:1\nalice:100000:65536\n1001:700000:10\nalice:x:1\n";
    assert_eq!(
        refused(text).unwrap(),
        "/etc/subuid allows this user 100000 to 165535, 700000 to 700009, and their own id"
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
