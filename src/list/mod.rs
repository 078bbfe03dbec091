//! lsns: what namespaces there are.
//!
//! ```text
//! /proc ─scan─▶ Snapshot ─relate─▶ Graph ─select─▶ rows ─fill─▶ cells ─render─▶ bytes on stdout
//!       reads only          ioctls           pure        reads only   pure
//! ```
//!
//! - [`scan`] is the only reader of the process table; [`model`] holds what it has seen, asks the kernel for parents and
//!   owners, and opens a namespace by way of one of its holders.
//! - [`query`]: what is asked for, what must be scanned for that, and which rows answer it.
//! - [`mod@column`], [`value`]: what rows have. [`view`] fills cells, from files of processes and with what rtnetlink(7)
//!   tells, and prints them. [`container`]: what runtimes call a cgroup.

pub mod column;
pub mod container;
pub mod model;
pub mod query;
pub mod scan;
pub mod value;
pub mod view;

use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::error::{Attempt, Failure, RequestError, ResultExt};
use crate::proc::link::Inode;
use crate::proc::status;
use crate::sys::file::{self, NOT_PROC};
use crate::sys::pidfd;
use column::Column;
use model::graph::{self, Graph};
use model::opener::Opener;
use model::snapshot::Snapshot;
use query::request::{self, Format, ListRequest, Subject};
use query::scan_plan::{ScanPlan, scan_plan, wider_plan};
use query::select::{self, Item};
use scan::Scope;
use view::cells::{Cells, Fill};
use view::render::{Line, Listing};

/// Makes the listing that is asked for, of the /proc at `root`. Errors: that cannot be opened or listed, descriptors or
/// memory run out, the process or namespace asked for is not there, the filter compares what cannot be compared; ENOTTY
/// before Linux 4.9, which knows no owners.
///
/// Where a mount namespace has no process that shows all its mounts, a child of ours goes there, waits, and ends before this
/// returns: whoever waits for children of any number will meet it. The caller may have threads.
pub fn list(request: &ListRequest, root: &Path) -> Result<Listing, Failure> {
    check_proc(request, root)?;
    let opener = Opener::new(root)?;
    let graph = look(request, root, &opener)?;
    check(request, root, &graph.snapshot)?;
    let task = match request.subject {
        Subject::Namespaces { task, .. } => task.and_then(|pid| graph.snapshot.process(pid)),
        Subject::Members(_) => None,
    };
    let mut cells = Cells::new(&graph, &opener, root, task);
    let all = graph.snapshot.namespaces.keys().copied();
    let users_first = request.filter.columns().contains(&Column::User);
    if users_first {
        cells.look_up_users(candidates(&graph.snapshot, request, all));
    }
    let rows =
        select::select(&graph, request, |item| request.filter.holds(|column| cells.fill(item, column, Fill::Whole)));
    if !users_first && request.columns.contains(&Column::User) {
        cells.look_up_users(rows.iter().map(|row| row.item));
    }
    let fill = if request.format == Format::Json { Fill::Whole } else { Fill::Short };
    let line = |row: &select::Row| Line {
        cells: request.columns.iter().map(|column| cells.fill(row.item, *column, fill)).collect(),
        parent: row.parent,
    };
    Ok(Listing {
        lines: rows.iter().map(line).collect(),
        columns: request.columns.clone(),
        tree: request.tree.filter(|_| request.drawn).map(request::tree_column),
        unreadable: graph.snapshot.unreadable,
        processes: graph.snapshot.processes.len(),
    })
}

/// What a filter may be asked about.
fn candidates(
    snapshot: &Snapshot,
    request: &ListRequest,
    namespaces: impl Iterator<Item = Inode>,
) -> impl Iterator<Item = Item> {
    let of = match request.subject {
        Subject::Members(inode) => Some(inode),
        Subject::Namespaces { .. } => None,
    };
    let members =
        (0..snapshot.processes.len()).filter_map(move |process| Some(Item::Member { namespace: of?, process }));
    namespaces.filter(move |_| of.is_none()).map(Item::Namespace).chain(members)
}

/// Carries out the plan of the scan, and the wider one if that did not find the one namespace that the request names.
fn look(request: &ListRequest, root: &Path, opener: &Opener) -> Result<Graph, Failure> {
    let carry_out = |plan: ScanPlan| {
        let scope = Scope { root, sources: plan.sources, kinds: plan.processes, held: plan.holders };
        graph::relate(scan::scan(&scope, opener)?, opener, plan.relations)
    };
    let graph = carry_out(scan_plan(request))?;
    match (request.subject, wider_plan(request)) {
        (Subject::Members(inode), Some(wider)) if !graph.snapshot.namespaces.contains_key(&inode) => carry_out(wider),
        _ => Ok(graph),
    }
}

/// Whether there is a proc to look at, with the mount table where that is printed: an empty list would pass for a whole
/// one. A tree that only looks like /proc is as good.
fn check_proc(request: &ListRequest, root: &Path) -> Result<(), Failure> {
    let mounts = root.join("self/mountinfo");
    let is_there = root != Path::new("/proc") || file::is_of_proc(root);
    if is_there && !request.needs(Column::Nsfs) {
        return Ok(());
    }
    match file::open_retrying(&mounts, OFlag::O_RDONLY) {
        Ok(_) if is_there => Ok(()),
        Ok(_) => Err(NOT_PROC).attempt(|| Attempt::ReadMounts),
        Err(errno) => Err(errno).attempt(|| Attempt::ReadMounts),
    }
}

/// Whether what was named is there.
fn check(request: &ListRequest, root: &Path, snapshot: &Snapshot) -> Result<(), Failure> {
    match request.subject {
        Subject::Namespaces { task: Some(pid), .. } => check_process(request, pid, root, snapshot),
        Subject::Members(inode) => match snapshot.namespaces.get(&inode) {
            Some(namespace) if request.kinds.contains(namespace.kind) => Ok(()),
            _ => Err(RequestError::UnknownNamespace(inode.get().into()).into()),
        },
        _ => Ok(()),
    }
}

/// The process that the thread with this directory of /proc belongs to; `None` if there is no such thread.
fn process_of_thread(directory: &Path) -> Option<i32> {
    let text = file::read_bounded(&directory.join("status"), status::LONGEST).ok()?;
    status::process_of_thread(&text)
}

fn check_process(request: &ListRequest, pid: i32, root: &Path, snapshot: &Snapshot) -> Result<(), Failure> {
    let directory = root.join(pid.to_string());
    match snapshot.process(pid) {
        Some(process) if request.kinds.iter().any(|kind| process.namespace(kind).is_some()) => return Ok(()),
        Some(_) => {}
        // Each thread has a directory, which is not among those that /proc lists.
        None => match process_of_thread(&directory) {
            Some(process) if process != pid => return Err(RequestError::IsThread { tid: pid, process }.into()),
            _ if !directory.exists() => return Err(RequestError::UnknownProcess(pid).into()),
            _ => {}
        },
    }
    // Of a process that may not be looked into, no namespace is seen, and none would be listed.
    let refused = request.kinds.iter().find_map(|kind| {
        let link = directory.join(format!("ns/{kind}"));
        let errno = nix::fcntl::readlink(&link).err().filter(|errno| matches!(errno, Errno::EACCES | Errno::EPERM))?;
        Some(Failure::System { attempt: Attempt::Open(link), errno })
    });
    refused.map_or(Ok(()), Err)
}

/// Finds out what /proc calls the process that was asked for, whose PID is one of our own PID namespace: /proc may show
/// another one. Errors: there is no such process, or it has no number there.
pub fn locate(request: &mut ListRequest) -> Result<(), Failure> {
    let Subject::Namespaces { task: Some(pid), .. } = &mut request.subject else {
        return Ok(());
    };
    // Where there is no proc, the look at it will tell.
    let process = match pidfd::open(*pid) {
        _ if !file::is_of_proc(Path::new("/proc")) => return Ok(()),
        Ok(process) => process,
        Err(Errno::ESRCH) => return Err(RequestError::UnknownProcess(*pid).into()),
        // The kernel has none, a seccomp filter does not know them, or this is a thread and no process: /proc tells.
        Err(_) => return Ok(()),
    };
    match pidfd::pid_in_proc(&process) {
        Ok(shown) => *pid = shown,
        Err(_) if pidfd::has_ended(&process).unwrap_or(false) => {}
        Err(Errno::ESRCH | Errno::ENOENT) => return Err(RequestError::NotInProc(*pid).into()),
        Err(_) => {}
    }
    Ok(())
}
