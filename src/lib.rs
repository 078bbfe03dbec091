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
//! Root sees all of them, whatever keeps them alive. An ordinary user sees those that their own processes keep, and those that
//! are mounted here.
//!
//! ```
//! use nskit::{Kind, Listing};
//!
//! # fn main() -> nskit::Result<()> {
//! let all = nskit::namespaces()?;
//! for ns in &all {
//!     println!("{ns}: {} processes, {} holders", ns.processes(), ns.holders().len());
//!     for holder in ns.holders().iter().take(3) {
//!         println!("  {holder}");
//!     }
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
//! A [`Namespace`] is an open handle, equal to every other handle of the same namespace. A visit runs in a new thread, which ends
//! afterwards.
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
//! [`Command`] is [`std::process::Command`] with namespaces. It has a method for each thing that unshare(1) and nsenter(1) do. In a
//! new PID namespace the program is process 1, and gets no signal from inside that it does not handle: [`Command::init`] puts another
//! process 1 before it.
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
//! # What it needs
//!
//! | call | kernel | rights |
//! | --- | --- | --- |
//! | [`namespaces`], [`Listing`], [`watch`] | since Linux 4.9 for owners and parents; 64-bit ids since 6.18 | none; root sees all |
//! | [`Namespace::of`], [`Target::pid`] | pidfds since 5.3 pin a process, 6.9 until it is entered | those to trace the process: root, or its own user |
//! | [`Namespace::visit`] | any | CAP_SYS_ADMIN here and in the owner of the namespace |
//! | [`Command::unshare`] | 3.8, time namespaces 5.6 | none for [`Kind::User`], which gives the rights for the others |
//! | [`Command::pivot_root`], [`bind`](Command::bind), [`tmpfs`](Command::tmpfs), [`devices`](Command::devices) | 5.6 | as for [`Kind::Mount`] |
//! | [`Command::target`], [`Command::enter`] | any; [`net_of_socket`](Command::net_of_socket) 5.6 | CAP_SYS_ADMIN in the owner, which entering a user namespace of ours gives |
//!
//! An administrator may forbid user namespaces to ordinary users: [`Error::hint`] says so then.
//!
//! Features: `cli` (default) is for the three tools, and adds clap, tables and regular expressions. `serde` makes what a listing
//! returns serializable. The library needs neither.
//!
//! All types are [`Send`] and [`Sync`]. Nothing here changes the namespaces, directories or signals of the calling process.
//!
//! docs/how-it-works.md says how the library is built.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod face;
#[doc(hidden)]
pub mod internals;

#[cfg(feature = "cli")]
use internals::tool;
use internals::{cli, container, enter, error, hint, ids, list, namespace, number, proc, sys};

pub use face::*;
pub use namespace::{Kind, UnknownKind};
