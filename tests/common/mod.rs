//! The scene builder of the behaviour tests.
//!
//! A *scene* ([`Scene`]) is a private mount namespace with made-up users and files of its own; commands ([`Call`]) run in
//! it, with the tool under test or any other program, as root or as one of those users. What a scene leaves behind, and
//! what a command leaves behind, ends with it.
//!
//! The same tests run against ours and, with `NSKIT_UNDER_TEST=theirs`, against the installed util-linux ([`tool`]). What
//! cannot run there says why with [`newer_than_theirs`], [`their_bug`] or [`on_purpose`]; what cannot run on this machine
//! says so with [`skip`]. Both print a line, and each test binary ends with their number.

// Each test binary uses a part of this, and all of it calls the system where std has nothing to call.
#![allow(dead_code, unused_imports, unsafe_code, clippy::unwrap_used)]

#[macro_use]
mod harness;

mod call;
mod cgroups;
pub mod differences;
mod frozen;
mod jobs;
mod left_out;
mod planted;
mod pty;
mod scene;
mod seen;
pub mod session;
mod storm;
mod tool;
mod whole_run;

pub use call::{Call, Descendant, Ending, Outcome, Process, poll_until};
pub use cgroups::Cgroups;
pub use frozen::{ALL_KINDS, COLUMNS_OF_OLD, Frozen, as_of_old, wait_for_first_look};
pub use harness::{Test, main, main_of_one, tell_panics_at_once};
pub use jobs::{SHELL, other_input, shell};
pub use left_out::{
    NotRun, cannot_be_had, is_root, needs_no_loader, needs_root, newer_than_theirs, note, on_purpose, only_listed,
    only_with, only_with_musl, otherwise_since, otherwise_with_musl, part, skip, their_bug, their_bug_since,
};
pub use planted::{Planted, entered, listed, read_planted};
pub use pty::Pty;
pub use scene::{
    ALICE, BOB, CAROL, Directory, Mount, ROOT, Scene, User, copy_to_run, mount_on, scene_with_our_unshare,
};
pub use seen::Seen;
pub use storm::{look_again_and_again, storm};
pub use tool::{Under, example, is_musl, ours, probe, theirs, tool, under_test};
pub use whole_run::sum_up;
