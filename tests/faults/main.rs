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

#[path = "../common/mod.rs"]
mod common;
#[path = "../runner/mod.rs"]
mod runner;

mod cases;
mod inject;
mod judge;
mod table;

use std::process::ExitCode;

use common::{Under, under_test};
use runner::random::seed;

fn main() -> ExitCode {
    if under_test() == Under::Theirs {
        println!("left out: fault injection is a test of ours");
        return ExitCode::SUCCESS;
    }
    let seed = seed();
    println!("fault injection, NSKIT_SEED={seed}");
    let jobs = std::env::var("NSKIT_JOBS").map_or(2, |jobs| jobs.parse().expect("NSKIT_JOBS"));
    // Processes, not threads: a runner is forked from a process with a single thread.
    let workers: Vec<i32> = (0..jobs)
        .map(|index| start_worker(index, jobs, seed))
        .collect();
    let all_well = workers.into_iter().fold(true, |well, worker| {
        let mut status = 0;
        // SAFETY: a plain number and a variable to write to.
        well & (unsafe { libc::waitpid(worker, &mut status, 0) } == worker && status == 0)
    });
    if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn start_worker(index: usize, jobs: usize, seed: u64) -> i32 {
    // SAFETY: this process has a single thread.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let well = std::panic::catch_unwind(|| inject::work(index, jobs, seed)).unwrap_or(false);
        std::process::exit(i32::from(!well));
    }
    pid
}
