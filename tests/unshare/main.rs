//! What unshare does, as its user sees it.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod harness;
