//! Large numbers: of processes, namespaces and descriptors for lsns, and of starts for unshare and nsenter. Facts are
//! asserted, never times: that what was made is listed, all of it and nothing else; that nothing is lost or left behind;
//! that memory stays within a bound.
//!
//! `cargo test` makes a twentieth of each. All of them, with the figures printed:
//!
//! ```sh
//! NSKIT_LOAD=full cargo test --release --test load -- --nocapture
//! ```

#![allow(clippy::unwrap_used, unsafe_code)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod lists;
mod starts;
mod state;
mod watch;

use std::sync::{Mutex, MutexGuard, PoisonError};

use common::note;

/// How many of something to make.
fn size(full: usize) -> usize {
    match std::env::var("NSKIT_LOAD").as_deref() {
        Ok("full") => full,
        Err(_) | Ok("") => full / 20,
        Ok(other) => panic!("NSKIT_LOAD is '{other}', not full"),
    }
}

/// As [`size`], and no more than `limit`, which has this name: where that is less, that is said.
fn size_within(full: usize, limit: usize, name: &str) -> usize {
    let size = size(full);
    if limit < size {
        note(&format!("{limit} instead of {size}, for {name} allows no more"));
    }
    size.min(limit)
}

/// The scenes come one after another: there is place for one of them.
fn alone() -> MutexGuard<'static, ()> {
    static PLACE: Mutex<()> = Mutex::new(());
    PLACE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number from below /proc/sys.
fn limit(name: &str) -> usize {
    let text = std::fs::read_to_string(format!("/proc/sys/{name}")).unwrap();
    text.trim().parse().unwrap()
}

fn main() -> std::process::ExitCode {
    common::main()
}
