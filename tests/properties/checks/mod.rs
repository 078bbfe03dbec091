//! What must hold of each parser, whatever bytes it is given: one check a parser or small group of them. `cargo test` runs
//! them on random bytes and on the corpus, fuzz/ under libFuzzer; they stand here once.
//!
//! A check panics where something does not hold. Where the C library has the same parser, that is the second opinion;
//! else a plain second way of working the result out, or a way back from it.

mod argv;
mod btf;
mod cgroup;
mod environ;
mod expression;
mod filter;
mod getopt;
mod idmap;
mod lines_of;
mod links;
mod lists;
pub mod memory;
mod mountinfo;
mod output;
mod passwd;
mod pattern;
mod row;
mod stat;
mod subid;
mod values;

/// A check.
#[derive(Clone, Copy)]
pub struct Check {
    /// That of its fuzz target, and of the directory of its corpus.
    pub name: &'static str,
    /// What random inputs are put together from, besides random bytes.
    pub tokens: &'static [&'static str],
    /// Panics if something does not hold for these bytes.
    pub run: fn(&[u8]),
}

/// All of them.
pub const CHECKS: [Check; 18] = [
    argv::UNSHARE,
    argv::NSENTER,
    argv::LSNS,
    values::CHECK,
    idmap::CHECK,
    subid::CHECK,
    passwd::CHECK,
    mountinfo::CHECK,
    btf::CHECK,
    stat::CHECK,
    environ::CHECK,
    cgroup::CHECK,
    links::CHECK,
    lists::CHECK,
    filter::CHECK,
    expression::CHECK,
    pattern::CHECK,
    output::CHECK,
];

/// The check of that name.
pub fn named(name: &str) -> Check {
    let found = CHECKS.into_iter().find(|check| check.name == name);
    found.unwrap_or_else(|| panic!("no check is called {name}"))
}

/// Bytes as a message shows them: each that is of no character as `\xff`.
fn shown(bytes: &[u8]) -> String {
    let chunks = bytes.utf8_chunks();
    chunks
        .map(|chunk| {
            chunk.valid().to_string() + &chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>()
        })
        .collect()
}

/// Whether a failure says what is wrong on one line of its own, and gives status 1.
fn assert_said(failure: impl Into<nskit::internals::error::Failure>) -> String {
    let failure = failure.into();
    assert_eq!(failure.status(), nskit::internals::sys::process::Status::FAILURE);
    let said = failure.to_string();
    assert!(!said.is_empty());
    said
}
