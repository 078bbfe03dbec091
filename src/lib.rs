//! Linux namespaces: run programs in new ones (unshare), enter those of others (nsenter), list them all (lsns).
//!
//! The two flows of the crate, each in one direction:
//!
//! ```text
//! argv ─parse─▶ Args ─resolve─▶ Request ─plan─▶ Plan = [Step] ─run─▶ system calls in order ─▶ exec
//!       pure           reads only         pure                 acts, never decides
//!
//! /proc ─scan─▶ Snapshot ─relate─▶ Graph ─select─▶ rows ─render─▶ bytes on stdout
//!       reads only          ioctls           pure        pure
//! ```
//!
//! - [`cli`]: what was typed. [`enter`]: the first flow. [`list`]: the second.
//! - [`namespace`]: the vocabulary. [`mountinfo`]: what is mounted. [`users`]: names and numbers.
//! - [`error`], [`hint`], [`report`]: what went wrong, why it probably did, and how it is said.
//! - [`sys`]: the system calls that nix lacks, and all `unsafe` code.
//! - [`unshare`], [`nsenter`], [`lsns`]: the tools from command line to exit status; the binaries are these with an
//!   entry point each.

pub mod cli;
pub mod enter;
pub mod error;
pub mod hint;
pub mod list;
pub mod mountinfo;
pub mod namespace;
pub mod report;
pub mod sys;
mod tools;
pub mod users;

pub use tools::{lsns, nsenter, unshare};
