//! What unshare does, as its user sees it: every option, against real namespaces.

#![allow(clippy::unwrap_used)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod capabilities;
mod clocks;
mod command_line;
mod credentials;
mod harness;
mod hints;
mod idmaps;
mod init;
mod keeping;
mod mounts;
mod namespaces;
mod owner;
mod passed_on;
mod places;
mod places_attack;
mod places_plan;
mod plan;
mod program;
mod pty;
mod pty_bytes;
mod ranges;
mod refusals;
mod same;
mod settings;
mod signals;
mod status;

/// Numbers of a table like uid_map, a blank between them and `; ` between lines.
fn squeeze(table: &str) -> String {
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    table.lines().map(line).collect::<Vec<_>>().join("; ")
}

fn main() -> std::process::ExitCode {
    common::main()
}
