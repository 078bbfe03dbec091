//! Request → [`Printout`]: scans, selects, and fills the cells.

use std::collections::HashMap;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::column::Column;
use super::inside::Inside;
use super::locate_process;
use super::model::graph::{self, Graph};
use super::model::opener::Opener;
use super::model::snapshot::Snapshot;
use super::query::request::{self, Format, ListRequest, Subject};
use super::query::scan_plan::{ScanPlan, scan_plan, short_plan, wider_plan};
use super::query::select::{self, Item};
use super::scan::{self, Scope};
use super::search::Findings;
use super::view::cells::{Cells, Sources};
use super::view::fill::Fill;
use super::view::render::{Line, Mark, Printout};
use crate::container::names::Names;
use crate::error::{Attempt, Failure, RequestError, ResultExt};
use crate::namespace::Kind;
use crate::proc::link::Inode;
use crate::proc::status;
use crate::sys::file::{self, NOT_PROC};

/// Makes the listing that `request` asks for, from the /proc at `root`. Errors: /proc cannot be opened or listed;
/// descriptors or memory run out; the process or namespace asked for does not exist; the filter compares what cannot be
/// compared; ENOTTY before Linux 4.9, which cannot tell owners.
///
/// If no process shows all mounts of a mount namespace, a child of ours enters it, and ends before this returns. A
/// caller that waits for any child (waitpid(2) with -1) may see it end. The caller may have threads.
pub fn list(request: &ListRequest, root: &Path) -> Result<Printout, Failure> {
    check_proc(request, root)?;
    let opener = Opener::new(root)?;
    let graph = look(request, root, &opener)?;
    check(request, root, &graph.snapshot)?;
    let task = match request.subject {
        Subject::Namespaces { task, .. } => task.and_then(|pid| graph.snapshot.process(pid)),
        Subject::Members(_) => None,
    };
    let links = request.find.iter().filter_map(|wanted| wanted.link.clone());
    let inside = Inside::new(&graph, &opener, root).looking_for(links);
    let containers = Names::new(Path::new("/"), root);
    let search = || Findings::of(&request.find, request.kinds, &graph, &inside, &containers);
    let found = (!request.find.is_empty()).then(search);
    let found = found.as_ref();
    let sources =
        Sources { opener: &opener, root, inside: &inside, containers: &containers, cuts_ids: request.truncate, found };
    let mut cells = Cells::new(&graph, sources, task);
    let all = graph.snapshot.namespaces.keys().copied();
    let users_first = request.filter.columns().contains(&Column::User);
    if users_first {
        cells.look_up_users(candidates(&graph.snapshot, request, all));
    }
    let rows = select::select(&graph, request, found, |item| {
        request.filter.holds(|column| cells.fill(item, column, Fill::Whole))
    });
    if !users_first && request.columns.contains(&Column::User) {
        cells.look_up_users(rows.iter().map(|row| row.item));
    }
    let fill = match request.format {
        Format::Json => Fill::Whole,
        Format::Table if request.on_terminal => Fill::ForPerson,
        _ => Fill::Short,
    };
    let mut own = HashMap::new();
    let mut own = |kind: Kind| *own.entry(kind).or_insert_with(|| opener.own(kind));
    let mut mark = |item: Item| match item {
        Item::Namespace(inode) if request.coloured => mark(&graph.snapshot, &mut own, inode),
        _ => Mark::None,
    };
    let mut line = |row: &select::Row| Line {
        cells: request.columns.iter().map(|column| cells.fill(row.item, *column, fill)).collect(),
        parent: row.parent,
        mark: mark(row.item),
        key: request.watched.then(|| cells.key(row.item)).flatten(),
    };
    Ok(Printout {
        lines: rows.iter().map(&mut line).collect(),
        columns: request.columns.clone(),
        tree: request.tree.filter(|_| request.drawn).map(request::tree_column),
        unreadable: graph.snapshot.unreadable,
        no_bpf: graph.snapshot.no_bpf.clone(),
        processes: graph.snapshot.processes.len(),
        missing: found.map(|found| found.missing.clone()).unwrap_or_default(),
        missed: found.filter(|found| found.is_empty()).map(|found| found.looked),
    })
}

/// What colours tell of the row of a namespace.
fn mark(snapshot: &Snapshot, mut own: impl FnMut(Kind) -> Option<Inode>, inode: Inode) -> Mark {
    match snapshot.namespaces.get(&inode) {
        Some(namespace) if namespace.processes == 0 => Mark::Processless,
        Some(namespace) if own(namespace.kind) == Some(inode) => Mark::Own,
        _ => Mark::None,
    }
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

/// Carries out the plan of the scan (where the kernel lists all, first the short one), and the wider one if that did not find the one namespace that the request names.
fn look(request: &ListRequest, root: &Path, opener: &Opener) -> Result<Graph, Failure> {
    let scope = |plan: ScanPlan| Scope { root, sources: plan.sources, kinds: plan.processes, held: plan.holders };
    let carry_out = |plan: ScanPlan| graph::relate(scan::scan(&scope(plan), opener)?, opener, plan.relations);
    if let Some(short) = short_plan(request).filter(|short| scan::kernel_lists_all(&scope(short.plan))) {
        let graph = carry_out(short.plan)?;
        // The kernel's list comes last: what was made while we looked at processes is on it, and asks for the rest.
        if short.suffices(&graph.snapshot) {
            return Ok(graph);
        }
    }
    let graph = carry_out(scan_plan(request))?;
    match (request.subject, wider_plan(request)) {
        (Subject::Members(inode), Some(wider)) if !graph.snapshot.namespaces.contains_key(&inode) => carry_out(wider),
        _ => Ok(graph),
    }
}

/// Checks that /proc is a whole proc, and that the mount table is readable if it is printed: an empty list would pass for a
/// complete one. A directory other than /proc only has to look like it.
fn check_proc(request: &ListRequest, root: &Path) -> Result<(), Failure> {
    let mounts = file::own_directory(root).join("mountinfo");
    let is_there = root != Path::new("/proc") || file::is_root_of_proc(root);
    if is_there && !request.needs(Column::Nsfs) {
        return Ok(());
    }
    match file::open_retrying(&mounts, OFlag::O_RDONLY) {
        Ok(_) if is_there => Ok(()),
        Ok(_) => Err(NOT_PROC).attempt(|| Attempt::ReadMounts),
        Err(errno) => Err(errno).attempt(|| Attempt::ReadMounts),
    }
}

/// Checks that the process or namespace that the request names exists.
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

/// The process of the thread with this directory in /proc; `None` if the thread does not exist.
fn process_of_thread(directory: &Path) -> Option<i32> {
    let text = file::read_bounded(&directory.join("status"), status::LONGEST).ok()?;
    status::process_of_thread(&text)
}

fn check_process(request: &ListRequest, pid: i32, root: &Path, snapshot: &Snapshot) -> Result<(), Failure> {
    let directory = root.join(pid.to_string());
    match snapshot.process(pid) {
        Some(process) if request.kinds.iter().any(|kind| process.namespace(kind).is_some()) => return Ok(()),
        Some(_) => {}
        // Each thread has a directory in /proc too, which readdir(3) does not list.
        None => match process_of_thread(&directory) {
            Some(process) if process != pid => return Err(RequestError::IsThread { tid: pid, process }.into()),
            _ if !directory.exists() => return Err(RequestError::UnknownProcess(pid).into()),
            _ => {}
        },
    }
    // If we may not look into the process, we see none of its namespaces, and the list would be empty.
    let refused = request.kinds.iter().find_map(|kind| {
        let link = directory.join(format!("ns/{kind}"));
        let errno = nix::fcntl::readlink(&link).err().filter(|errno| matches!(errno, Errno::EACCES | Errno::EPERM))?;
        Some(Failure::System { attempt: Attempt::Open(link), errno })
    });
    refused.map_or(Ok(()), Err)
}

/// Replaces the PIDs of --task and --find, which are those of our own PID namespace, by the PIDs in /proc, which may show
/// another namespace. Errors: the process does not exist, or /proc does not show it.
pub fn locate(request: &mut ListRequest) -> Result<(), Failure> {
    for pid in request.find.iter_mut().filter_map(|wanted| wanted.pid.as_mut()) {
        locate_process(pid)?;
    }
    match &mut request.subject {
        Subject::Namespaces { task: Some(pid), .. } => locate_process(pid),
        _ => Ok(()),
    }
}
