//! Linux namespaces: run programs in new ones (unshare), enter those of others (nsenter), list them all (lsns).
//!
//! The crate is a library, the core, and three binaries of three lines each. It has two flows, each in one direction:
//!
//! ```text
//! argv ─parse─▶ Args ─resolve─▶ Request ─plan─▶ Plan ─prepare─▶ Prepared ─run─▶ system calls in order ─▶ exec
//!       pure           reads only         pure         all memory           acts, never decides
//!
//! /proc ─scan─▶ Snapshot ─relate─▶ Graph ─select─▶ rows ─fill─▶ cells ─render─▶ bytes on stdout
//!       reads only          ioctls           pure        reads only   pure
//! ```
//!
//! # Listing namespaces
//!
//! One look at /proc makes a snapshot; [`list::model::graph::relate`] adds parents and owners to it, and [`list::list`] goes all
//! the way to rows of cells. Root sees everything, an ordinary user the namespaces of their own processes.
//!
//! ```
#![doc = include_str!("../examples/list.rs")]
//! ```
//!
//! # Entering one
//!
//! A request makes a plan, which you can inspect before anything is done:
//!
//! ```
#![doc = include_str!("../examples/plan.rs")]
//! ```
//!
//! [`cli::nsenter::resolve`] opens the namespaces and directories to enter, and [`enter::run`] enters them. That
//! changes the calling process, which must have a single thread, and turns it into the program. [`enter::spawn`] does
//! it in a child, and the calling process may have any number of threads:
//!
//! ```
#![doc = include_str!("../examples/enter.rs")]
//! ```
//!
//! # Starting a program in new ones
//!
//! With the rights for it (root's, or those that [`namespace::Kind::User`] gives), under the same conditions as above:
//!
//! ```
#![doc = include_str!("../examples/start.rs")]
//! ```
//!
//! # Where is what
//!
//! Rooms know only the rooms before them, and tests/documentation holds them to it:
//!
//! ```text
//! number ← namespace ← sys ← proc ← ids ← error ← container ← list ← enter ← cli ← hint ← tool ← bin
//! ```
//!
//! Start with [`enter::unshare::plan`] or with [`list::list`], and with the table of options in [`cli::unshare`].
//!
//! | place | its job |
//! | --- | --- |
//! | `src/bin/`, [`tool`] | each tool from its command line to its exit status; messages on stderr, output on stdout |
//! | [`cli`] | parse and resolve: the tables of options, the arguments as typed, and the request that they mean |
//! | [`enter::unshare`], [`enter::nsenter`] | each tool's request, the files opened for it, and its plan: the order of its steps |
//! | [`enter::setting`] | the words that requests and steps are made of |
//! | [`enter::step`], [`enter::handles`], [`enter::run`] | all steps, the open files that they use, and the loop that carries them out |
//! | [`enter`], the rest | what steps are made of: the target, the program, its environment; in private rooms, helper processes and waiting |
//! | [`list::scan`] | the only reader of the process table, a file for each source of namespaces |
//! | [`list::model`] | what it has seen; parents and owners; opening a namespace through its holders; in the private file `mount_ns_probe`, a child that enters a mount namespace which nothing else can show |
//! | [`list::query`] | the request of a listing, the plan of the scan for it, and which rows answer it: filters, and finding a namespace by its number |
//! | [`mod@list::column`], [`list::value`] | what is in the rows |
//! | [`list::view`] | fills cells from files of /proc and from rtnetlink, and prints them |
//! | [`container`] | which container a cgroup belongs to, and the process that the name of a container or a unit means |
//! | [`namespace`] | the vocabulary: the table of kinds, sets of kinds |
//! | [`error`], [`hint`] | what went wrong, and why it probably did |
//! | [`ids`] | who is who: id maps, subordinate ids, and the names of users and groups |
//! | [`proc`], `number` | what the files of /proc say, as values |
//! | [`sys`] | the calls of the kernel and of the C library that nix lacks, and all `unsafe` code |
//!
//! `tests/` runs the tools as a user does, against the installed util-linux too; `tests/common/` builds the scenes.

pub mod cli;
pub mod container;
pub mod enter;
pub mod error;
pub mod hint;
pub mod ids;
pub mod list;
pub mod namespace;
mod number;
pub mod proc;
pub mod sys;
pub mod tool;

pub use tool::{lsns, nsenter, unshare};
