//! Linux namespaces: list them, enter one, run programs in new ones or in those of others, and see them come and go.
//!
//! This is the library below `lsns`, `nsenter` and `unshare` of nskit. A program may have any number of threads, and errors say
//! why ([`Error::hint`]). Without the tools it needs no parser of command lines:
//!
//! ```toml
//! nskit = { version = "0.1", default-features = false }
//! ```
//!
//! # What namespaces there are
//!
//! Root sees all of them, whatever keeps them alive; an ordinary user those of their own processes.
//!
//! ```
//! use nskit::{Kind, Listing};
//!
//! # fn main() -> nskit::Result<()> {
//! let all = nskit::namespaces()?;
//! for ns in &all {
//!     println!("{} {} {:?} {:?}", ns.kind(), ns.inode(), ns.leader(), ns.holders());
//! }
//! for (depth, ns) in all.owner_tree() {
//!     println!("{:1$}{ns}", "", 2 * depth);
//! }
//! let kept = Listing::new().kinds([Kind::Net]).without_processes().scan()?;
//! # let _ = kept;
//! # Ok(())
//! # }
//! ```
//!
//! # One of them
//!
//! An open handle, equal to every other handle of the same namespace. A visit takes place in a thread that is thrown away.
//!
//! ```
//! use nskit::{Kind, Namespace};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let net = Namespace::of(std::process::id(), Kind::Net)?;
//! assert_eq!(net, Namespace::current(Kind::Net)?);
//! println!("{net} {:?} belongs to {:?}", net.id(), net.owner());
//! # if std::fs::metadata("/proc/1/ns/net").is_ok() {
//! let devices = net.visit(|| std::fs::read_to_string("/proc/thread-self/net/dev"))??;
//! # drop(devices);
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # A program in new ones, or in those of another process
//!
//! [`Command`] is [`std::process::Command`] with namespaces: what unshare(1) and nsenter(1) do is a method.
//!
//! ```no_run
//! use nskit::{Command, Kind, Target};
//!
//! # fn main() -> nskit::Result<()> {
//! let out = Command::new("ip").args(["-brief", "link"]).unshare([Kind::User, Kind::Net]).map_root().loopback().output()?;
//! print!("{}", String::from_utf8_lossy(&out.stdout));
//!
//! let mut command = Command::new("sh");
//! command.target(Target::pid(4711)?).all();
//! println!("{}", command.plan()?); // one step a line, to look at before it is run
//! let mut child = command.spawn()?;
//! child.wait()?;
//! # Ok(())
//! # }
//! ```
//!
//! # What comes and goes
//!
//! ```no_run
//! use std::time::Duration;
//!
//! # fn main() -> nskit::Result<()> {
//! for change in nskit::watch(Duration::from_secs(1))? {
//!     println!("{:?}", change?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! The crate is this library and three binaries of three lines each. It has two flows, each in one direction:
//!
//! ```text
//! argv ─parse─▶ Args ─resolve─▶ Request ─plan─▶ Plan ─prepare─▶ Prepared ─run─▶ system calls in order ─▶ exec
//!       pure      ▲    reads only         pure         all memory           acts
//!              Command
//!
//! /proc ─scan─▶ Snapshot ─relate─▶ Graph ─select─▶ rows ─fill─▶ cells ─render─▶ bytes on stdout
//!       reads only          ioctls  │        pure        reads only   pure
//!                                   └─▶ Namespaces
//! ```
//!
//! **The plan is data.** A [`Command`] becomes a list of steps, each of which makes one change, and [`Command::plan`] shows
//! them:
//!
//! ```
//! # fn main() -> nskit::Result<()> {
//! let mut command = nskit::Command::new("sh");
//! command.unshare([nskit::Kind::Pid]).mount_proc("/proc");
//! assert_eq!(command.plan()?.to_string(), "\
//! block no signal, and give SIGPIPE its default
//! give SIGCHLD its default
//! unshare mnt, pid
//! take a pidfd of this process for its child
//! fork: the child goes on, and the parent waits for it
//! die with the parent, by signal 9
//! make the mounts from / on private
//! mount proc on /proc
//! execute sh");
//! # Ok(())
//! # }
//! ```
//!
//! **All memory is taken before the fork.** Another thread may hold the allocator's lock at the fork, so the child makes system
//! calls only. What fails there comes back through a pipe as the number of the step and its errno, and becomes an [`Error`] here.
//! The process that waits for a program in a new PID namespace closes what this process has open, so that no pipe stays open.
//!
//! **A target is pinned.** What is read of a process counts only if its pidfd says afterwards that it is still there. A namespace
//! that is found by its number is asked for its number once more when it is open.
//!
//! Rooms of src know only the rooms before them, and tests/documentation holds them to it:
//!
//! ```text
//! number ← namespace ← sys ← proc ← ids ← error ← container ← list ← enter ← cli ← hint ← face ← tool ← bin
//! ```
//!
//! | place | its job |
//! | --- | --- |
//! | `src/face/` | what a user of the library sees |
//! | `src/bin/`, `src/tool/` | each tool from its command line to its exit status; messages on stderr, output on stdout |
//! | `src/cli/` | parse and resolve: the tables of options, the arguments as typed, and the request that they mean |
//! | `src/enter/unshare/`, `src/enter/nsenter/` | each tool's request, the files opened for it, and its plan: the order of its steps |
//! | `src/enter/setting.rs` | the words that requests and steps are made of |
//! | `src/enter/step.rs`, `handles.rs`, `run/` | all steps, the open files that they use, and the loop that carries them out |
//! | `src/enter/`, the rest | what steps are made of: the target, the program, its environment; helper processes and waiting |
//! | `src/list/scan/` | the only reader of the process table, a file for each source of namespaces |
//! | `src/list/model/` | what it has seen; parents and owners; opening a namespace through its holders; a child that enters a mount namespace which nothing else can show |
//! | `src/list/query/` | the request of a listing, the plan of the scan for it, and which rows answer it: filters, and finding a namespace by its number |
//! | `src/list/column.rs`, `value.rs`, `view/` | what is in the rows; fills cells from files of /proc and from rtnetlink, and prints them |
//! | `src/list/inside/`, `search/` | what lies inside of a namespace, asked by a thread or a child that enters it; what `--find` looks for |
//! | `src/container/` | which container a cgroup belongs to, and the process that the name of a container or a unit means |
//! | `src/namespace.rs` | the vocabulary: the table of kinds, sets of kinds |
//! | `src/error/`, `src/hint/` | what went wrong, and why it probably did |
//! | `src/ids/` | who is who: id maps, subordinate ids, and the names of users and groups |
//! | `src/proc/`, `src/number.rs` | what the files of /proc say, as values |
//! | `src/sys/` | the calls of the kernel and of the C library that nix lacks, and all `unsafe` code |
//!
//! `tests/` runs the tools as a user does, against the installed util-linux too, and `tests/face/` the library; `tests/common/`
//! builds the scenes.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod face;
#[doc(hidden)]
pub mod internals;

#[cfg(feature = "cli")]
use internals::tool;
use internals::{cli, container, enter, error, hint, ids, list, namespace, number, proc, sys};

pub use face::*;
pub use namespace::{Kind, UnknownKind};
