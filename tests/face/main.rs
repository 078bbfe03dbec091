//! The library as its users see it: nothing here is of the inside.

#![allow(clippy::unwrap_used)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod command;
mod errors;
mod listing;
mod namespace;
mod threads;
mod user;

use std::process::Child;

use common::{needs_root, on_purpose};

/// Skips what is not about the tools.
fn concerns_ours() {
    on_purpose("a test of our library");
}

/// A program that sleeps, started by unshare(1) with these options; ended when dropped.
struct Sleeper(Child);

impl Sleeper {
    fn new(options: &[&str]) -> Sleeper {
        needs_root("to make namespaces");
        let child = std::process::Command::new("unshare").args(options).args(["sleep", "1000"]).spawn().unwrap();
        let pid = child.id();
        let sleeper = Sleeper(child);
        let runs = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n");
        common::poll_until("the program runs", || runs(pid) || children(pid).into_iter().any(runs));
        sleeper
    }

    /// The PID of the program, or of its parent.
    fn pid(&self) -> u32 {
        self.0.id()
    }

    /// The inode number of its namespace.
    fn inode(&self, kind: &str) -> u64 {
        inode(&self.pid().to_string(), kind)
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The children of a process with one thread.
fn children(pid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().map(|child| child.parse().unwrap()).collect()
}

/// The inode number in the link of /proc.
fn inode(process: &str, kind: &str) -> u64 {
    let link = std::fs::read_link(format!("/proc/{process}/ns/{kind}")).unwrap();
    let link = link.to_str().unwrap();
    link.split_once(":[").unwrap().1.trim_end_matches(']').parse().unwrap()
}

fn main() -> std::process::ExitCode {
    common::main()
}
