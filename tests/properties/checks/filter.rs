//! The text of `--filter`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nskit::internals::error::FilterError;
use nskit::internals::error::RequestError;
use nskit::internals::list::query::filter::{Filter, MOST_BYTES, MOST_NODES};

use super::memory::bounded;
use super::row::ROWS;
use super::{Check, assert_said};

/// The check.
pub const CHECK: Check = Check {
    name: "filter",
    tokens: &[
        "PID",
        "TYPE",
        "COMMAND",
        "NSFS",
        "netnsid",
        "and",
        "or",
        "not",
        "(",
        ")",
        "==",
        "!=",
        "<",
        "<=",
        "=~",
        "!~",
        "!",
        "&&",
        "||",
        "EQ",
        "ne",
        "1",
        "0",
        "2K",
        "5KiB",
        "1.5",
        "16E",
        "'a'",
        "\"b\"",
        "'",
        "\"",
        "true",
        "FALSE",
        " ",
        "'[[:alpha:]]+'",
        "'(a|b){2,3}$'",
        "'\\<x'",
        "99999999999999999999",
    ],
    run: check,
};

/// What the patterns that fit into a filter may take to be compiled: a few dozen, each with its own bound.
const PATTERNS: usize = 64 << 20;

fn check(bytes: &[u8]) {
    let read = bounded(bytes.len(), 512, PATTERNS, || Filter::parse(OsStr::from_bytes(bytes)));
    let filter = match read {
        Ok(filter) => filter,
        Err(error) => return check_error(error, bytes),
    };
    assert!(bytes.len() <= MOST_BYTES && filter.columns().len() <= MOST_NODES);
    for cell in ROWS {
        let mut asked = Vec::new();
        filter.holds(|column| {
            asked.push(column);
            cell(column)
        });
        // No cell is filled for nothing.
        assert!(asked.iter().all(|column| filter.columns().contains(column)));
    }
}

/// Whether it names what is wrong as it was typed, and where.
fn check_error(error: FilterError, bytes: &[u8]) {
    let said =
        assert_said(RequestError::Filter { expression: OsStr::from_bytes(bytes).to_os_string(), error: error.clone() });
    let stands = |found: &str, at: usize| {
        assert!(said.contains(found));
        let there = super::shown(&bytes[at - 1..]);
        assert!(there.starts_with(found), "{found:?} is not at {at}");
    };
    match error {
        FilterError::TooLong => assert!(bytes.len() > MOST_BYTES),
        FilterError::TooManyNodes => assert!(bytes.len() > MOST_NODES),
        FilterError::Unexpected { found: Some(found), at, .. } => stands(&found, at),
        FilterError::Unexpected { found: None, at, .. } => assert_eq!(at, bytes.len() + 1),
        FilterError::OpenString { at } => assert!(matches!(bytes[at - 1], b'"' | b'\'')),
        FilterError::NumberTooLarge { text, at } => stands(&text, at),
        FilterError::UnknownColumn { name, at } => stands(&name, at),
        FilterError::Pattern { pattern, .. } => {
            assert!(said.contains(&pattern) && super::shown(bytes).contains(&pattern));
        }
        FilterError::PatternTooLong => {}
    }
}
