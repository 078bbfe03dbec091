//! Fault injection: every system call of every way of running the tools fails in turn.
//!
//! Each case of `cases.rs` runs once undisturbed, under ptrace(2), to learn the system calls that the tool and its helpers
//! make between the start of `main` and the execve(2) of the program. Then it runs again for each of them and for each thing
//! that can befall it (`table.rs`: errnos, a short read or write, a signal). Whatever happens, the result must be a clear
//! error, or the same as undisturbed, as the program sees it (`judge.rs`).
//!
//! All of them, which `cargo test` runs as well:
//!
//! ```sh
//! cargo test --test faults
//! ```
//!
//! `NSKIT_FAULTS=NUMBER` chooses that many by chance, `NSKIT_SEED` repeats a choice, `NSKIT_CASE=TEXT` takes the cases with
//! that text in their names only, `NSKIT_JOBS` runs so many side by side.

// A test, though without the harness that clippy knows one by.
#![allow(unsafe_code, clippy::unwrap_used)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;
#[path = "../runner/mod.rs"]
mod runner;

mod cases;
mod inject;
mod judge;
mod table;

use std::process::ExitCode;

use common::on_purpose;
use runner::random::seed;
use runner::workers;

fn main() -> ExitCode {
    common::main_of_one("fault_injection", fault_injection)
}

fn fault_injection() {
    on_purpose("fault injection is a test of ours");
    let seed = seed();
    println!("fault injection, NSKIT_SEED={seed}");
    workers(|index, jobs| inject::work(index, jobs, seed))
}
