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
//! # Listing namespaces
//!
//! One look at /proc; [`list::graph::relate`] adds parents and owners, [`list::list`] makes rows of columns of it. As an
//! ordinary user, one sees what belongs to one.
//!
//! ```
//! use std::path::Path;
//!
//! use nskit::list::open::Opener;
//! use nskit::list::scan::{Scope, Source, SourceSet, scan};
//! use nskit::namespace::{Kind, KindSet};
//!
//! let root = Path::new("/proc");
//! let scope = Scope {
//!     root,
//!     // SourceSet::ALL finds those as well that no process is in.
//!     sources: SourceSet::of(&[Source::Process]),
//!     kinds: Kind::ALL.into_iter().collect(),
//!     held: KindSet::EMPTY,
//! };
//! let snapshot = scan(&scope, &Opener::new(root)?)?;
//! for (inode, namespace) in &snapshot.namespaces {
//!     println!("{}:[{inode}] {} processes", namespace.kind, namespace.processes);
//! }
//! // We are in one ourselves.
//! assert!(snapshot.namespaces.values().any(|namespace| namespace.kind == Kind::Net));
//! # Ok::<(), nskit::error::Failure>(())
//! ```
//!
//! # Entering one
//!
//! A request makes a plan, which can be looked at before anything is done:
//!
//! ```
//! use nskit::enter::nsenter::{Request, plan};
//! use nskit::enter::program::Program;
//! use nskit::enter::step::Step;
//! use nskit::namespace::{Kind, KindSet};
//!
//! let program = Program::from_operands(&["ip".into(), "address".into()])?;
//! let net = KindSet::EMPTY.with(Kind::Net);
//! let request = Request { of_target: net, program: program.clone(), ..Request::default() };
//! assert_eq!(
//!     plan(request),
//!     [
//!         Step::Hide,
//!         Step::EnterWhatWeMay { of_target: net, of_files: KindSet::EMPTY },
//!         Step::EnterTheRest,
//!         Step::Execute(program),
//!     ]
//! );
//! # Ok::<(), nskit::error::RequestError>(())
//! ```
//!
//! [`enter::nsenter::resolve`] opens what is to be entered, and [`enter::run`] acts. That changes the calling process,
//! which must have a single thread, and turns it into the program:
//!
//! ```no_run
//! use nskit::cli::nsenter::{Args, Source, TargetArgument};
//! use nskit::enter::nsenter::{plan, resolve};
//! use nskit::namespace::Kind;
//!
//! let args = Args {
//!     target: Some(TargetArgument { pid: 4711, inode: None }),
//!     namespaces: vec![(Kind::Net, Source::Target)],
//!     program: vec!["ip".into(), "address".into()],
//!     ..Args::default()
//! };
//! let (request, opened, _left_out) = resolve(args)?;
//! // Comes back where the program ran as a child, with its status, or where something failed.
//! let status = nskit::enter::run(plan(request), opened, &[c"PATH=/usr/sbin:/usr/bin"])?;
//! println!("{status:?}");
//! # Ok::<(), nskit::error::Failure>(())
//! ```
//!
//! # Starting a program in new ones
//!
//! ```
//! use nskit::enter::program::Program;
//! use nskit::enter::step::{Propagation, Reaction, Step};
//! use nskit::enter::unshare::{Fork, Request, plan};
//! use nskit::namespace::{Kind, KindSet};
//!
//! let kinds = KindSet::EMPTY.with(Kind::Mount).with(Kind::Pid);
//! let program = Program::from_operands(&["sh".into()])?;
//! let request = Request {
//!     kinds,
//!     fork: Some(Fork::default()),
//!     proc: Some("/proc".into()),
//!     program: program.clone(),
//!     ..Request::default()
//! };
//! assert_eq!(
//!     plan(request),
//!     [
//!         Step::DefaultChildSignal,
//!         Step::Unshare(kinds),
//!         // The PID namespace is for children, and only from within can its proc be mounted.
//!         Step::Fork(Reaction::LeaveToChild),
//!         Step::Propagate(Propagation::Private, "/".into()),
//!         Step::MountProc("/proc".into()),
//!         Step::Execute(program),
//!     ]
//! );
//! # Ok::<(), nskit::error::RequestError>(())
//! ```
//!
//! With the rights for it (root's, or those that [`namespace::Kind::User`] gives), under the same conditions as above:
//!
//! ```no_run
//! use nskit::enter::entering::Opened;
//! use nskit::enter::unshare::{Request, plan};
//!
//! # let request = Request::default();
//! let status = nskit::enter::run(plan(request), Opened::default(), &[c"PATH=/usr/bin:/bin"])?;
//! println!("{status:?}");
//! # Ok::<(), nskit::error::Failure>(())
//! ```
//!
//! # Where is what
//!
//! - [`cli`]: what was typed. [`enter`]: the first flow. [`list`]: the second.
//! - [`namespace`]: the vocabulary. [`mountinfo`]: what is mounted. [`users`]: who is called how.
//! - [`error`], [`hint`]: what went wrong, and why it probably did.
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
mod report;
pub mod sys;
mod tools;
pub mod users;

pub use tools::{lsns, nsenter, unshare};
