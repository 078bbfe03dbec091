//! What lsns does, as its user sees it.

#![allow(clippy::unwrap_used, unsafe_code)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod bidi;
mod bpf;
mod churn;
mod containers;
mod differential;
mod elsewhere;
mod find;
mod held;
mod hints;
mod holders;
mod hostile;
mod inside;
mod locale;
mod open_files;
mod output;
mod paths;
mod proc;
mod relatives;
mod style;
mod task;
mod terminal;
mod watch;
mod words;

fn main() -> std::process::ExitCode {
    common::main()
}
