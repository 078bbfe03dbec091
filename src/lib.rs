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
//! use std::path::Path;
//!
//! use nskit::list::model::opener::Opener;
//! use nskit::list::scan::{Scope, Source, SourceSet, scan};
//! use nskit::namespace::{Kind, KindSet};
//!
//! let root = Path::new("/proc");
//! let scope = Scope {
//!     root,
//!     // SourceSet::ALL also finds namespaces without a process.
//!     sources: SourceSet::of(&[Source::Process]),
//!     kinds: KindSet::ALL,
//!     held: KindSet::EMPTY,
//! };
//! let snapshot = scan(&scope, &Opener::new(root)?)?;
//! for (inode, namespace) in &snapshot.namespaces {
//!     println!("{}:[{inode}] {} processes", namespace.kind, namespace.processes);
//! }
//! // We are in one ourselves.
//! assert!(snapshot.namespaces.values().any(|namespace| namespace.kind == Kind::Net));
//! # Ok::<(), nskit::enter::RunFailure>(())
//! ```
//!
//! # Entering one
//!
//! A request makes a plan, which you can inspect before anything is done:
//!
//! ```
//! use nskit::enter::nsenter::{NsenterRequest, plan};
//! use nskit::enter::program::Program;
//! use nskit::enter::setting::Join;
//! use nskit::enter::step::Step;
//! use nskit::namespace::{Kind, KindSet};
//!
//! let program = Program::from_operands(&["ip".into(), "address".into()])?;
//! let net = Join { of_target: KindSet::EMPTY.with(Kind::Net), files: Vec::new() };
//! let request = NsenterRequest { join: net.clone(), program: program.clone(), ..NsenterRequest::default() };
//! let plan = plan(request);
//! assert_eq!(
//!     plan.steps,
//!     [
//!         // From the first setns(2) on, processes inside may see us: they must not get at what we hold.
//!         Step::SetDumpable(false),
//!         Step::JoinTolerant(net.clone()),
//!         Step::JoinStrict(net),
//!     ]
//! );
//! assert_eq!(plan.program, program);
//! # Ok::<(), nskit::error::RequestError>(())
//! ```
//!
//! [`cli::nsenter::resolve`] opens the namespaces and directories to enter, and [`enter::run`] enters them. That
//! changes the calling process, which must have a single thread, and turns it into the program. [`enter::spawn`] does
//! it in a child, and the calling process may have any number of threads:
//!
//! ```no_run
//! use nskit::cli::nsenter::{NsenterArgs, resolve};
//! use nskit::enter::nsenter::{NamespaceSource, plan};
//! use nskit::enter::target::TargetArgument;
//! use nskit::namespace::Kind;
//!
//! let args = NsenterArgs {
//!     target: Some(TargetArgument { pid: 4711, inode: None }),
//!     namespaces: vec![(Kind::Net, NamespaceSource::Target)],
//!     program: vec!["ip".into(), "address".into()],
//!     ..NsenterArgs::default()
//! };
//! let (request, handles, _left_out) = resolve(args)?;
//! // Returns only if the program ran as a child, with its status, or if something failed.
//! let status = nskit::enter::run(&plan(request), handles, &[c"PATH=/usr/sbin:/usr/bin"])?;
//! println!("{status:?}");
//! # Ok::<(), nskit::enter::RunFailure>(())
//! ```
//!
//! # Starting a program in new ones
//!
//! ```
//! use nskit::enter::program::Program;
//! use nskit::enter::setting::{Propagation, SignalPolicy};
//! use nskit::enter::step::Step;
//! use nskit::enter::unshare::{Fork, UnshareRequest, plan};
//! use nskit::namespace::{Kind, KindSet};
//!
//! let kinds = KindSet::EMPTY.with(Kind::Mount).with(Kind::Pid);
//! let program = Program::from_operands(&["sh".into()])?;
//! let request = UnshareRequest {
//!     kinds,
//!     fork: Some(Fork::default()),
//!     proc: Some("/proc".into()),
//!     program: program.clone(),
//!     ..UnshareRequest::default()
//! };
//! let plan = plan(request);
//! assert_eq!(
//!     plan.steps,
//!     [
//!         Step::DefaultChildSignal,
//!         Step::Unshare(kinds),
//!         // Only children are in the new PID namespace, and only they can mount its proc.
//!         Step::Fork(SignalPolicy::LeaveToChild),
//!         Step::Propagate(Propagation::Private, "/".into()),
//!         Step::MountProc("/proc".into()),
//!     ]
//! );
//! assert_eq!(plan.program, program);
//! # Ok::<(), nskit::error::RequestError>(())
//! ```
//!
//! With the rights for it (root's, or those that [`namespace::Kind::User`] gives), under the same conditions as above:
//!
//! ```no_run
//! use nskit::enter::handles::Handles;
//! use nskit::enter::unshare::{UnshareRequest, plan};
//!
//! # let request = UnshareRequest::default();
//! let status = nskit::enter::run(&plan(request), Handles::default(), &[c"PATH=/usr/bin:/bin"])?;
//! println!("{status:?}");
//! # Ok::<(), nskit::enter::RunFailure>(())
//! ```
//!
//! # Where is what
//!
//! Rooms know only the rooms before them, and tests/documentation holds them to it:
//!
//! ```text
//! number ← namespace ← sys ← proc ← ids ← error ← list ← enter ← cli ← hint ← tool ← bin
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
//! | [`mod@list::column`], [`list::value`], [`list::container`] | what is in the rows |
//! | [`list::view`] | fills cells from files of /proc and from rtnetlink, and prints them |
//! | [`namespace`] | the vocabulary: the table of kinds, sets of kinds |
//! | [`error`], [`hint`] | what went wrong, and why it probably did |
//! | [`ids`] | who is who: id maps, subordinate ids, and the names of users and groups |
//! | [`proc`], `number` | what the files of /proc say, as values |
//! | [`sys`] | the calls of the kernel and of the C library that nix lacks, and all `unsafe` code |
//!
//! `tests/` runs the tools as a user does, against the installed util-linux too; `tests/common/` builds the scenes.

pub mod cli;
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
