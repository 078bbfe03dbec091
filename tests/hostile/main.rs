//! What all three tools do where somebody is out to mislead whoever runs them: by names, by what stands in /proc, by the
//! place and the environment in which they are run.

#![allow(clippy::unwrap_used)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod getent;
mod names;
mod proc;

use common::scene_with_our_unshare as scene;

fn main() -> std::process::ExitCode {
    common::main()
}
