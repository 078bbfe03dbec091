//! Looks for namespaces.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::error::{Error, ErrorKind, Result};
use super::held::Holder;
use super::listed::{Identity, NamespaceInfo, Namespaces, number};
use crate::container::names::Names;
use crate::error::{Failure, RequestError};
use crate::list::inside::Inside;
use crate::list::model::graph::{self, Depth, Graph};
use crate::list::model::opener::{self, Opener};
use crate::list::query::reach::reach;
use crate::list::query::wanted::Wanted;
use crate::list::scan::{self, Scope, SourceSet};
use crate::list::search::Findings;
use crate::list::{check_directory, locate_process};
use crate::namespace::{Kind, KindSet};
use crate::proc::link::Inode;
use crate::sys::pidfd;

pub use crate::list::scan::Source;

/// All namespaces that this process may see, wherever something keeps one: root sees all, an ordinary user those of their own
/// processes.
///
/// ```
/// # fn main() -> nskit::Result<()> {
/// for ns in nskit::namespaces()? {
///     println!("{} {} {:?} {:?}", ns.kind(), ns.inode(), ns.leader(), ns.holders());
/// }
/// # Ok(())
/// # }
/// ```
///
/// Errors: /proc cannot be read; descriptors or memory run out.
pub fn namespaces() -> Result<Namespaces> {
    Listing::new().scan()
}

/// Which namespaces are looked for, and where: as lsns(8) with its options.
///
/// ```
/// use nskit::{Kind, Listing};
///
/// # fn main() -> nskit::Result<()> {
/// let mine = Listing::new().kinds([Kind::Net]).of_process(std::process::id()).scan()?;
/// assert_eq!(mine.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Listing {
    kinds: KindSet,
    sources: SourceSet,
    proc: Option<PathBuf>,
    process: Option<u32>,
    without_processes: bool,
    wanted: Vec<OsString>,
}

impl Default for Listing {
    fn default() -> Listing {
        Listing {
            kinds: KindSet::ALL,
            sources: SourceSet::DEFAULT,
            proc: None,
            process: None,
            without_processes: false,
            wanted: Vec::new(),
        }
    }
}

impl Listing {
    /// All namespaces.
    pub fn new() -> Listing {
        Listing::default()
    }

    /// Only those of these kinds.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = Kind>) -> Listing {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// Looks only here. Fewer places are looked at faster; what is only elsewhere is not found.
    pub fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Listing {
        self.sources = sources.into_iter().fold(SourceSet::NONE, SourceSet::with);
        self
    }

    /// Looks at this proc, such as that of another PID namespace. PIDs are those that it shows.
    pub fn proc(mut self, directory: impl Into<PathBuf>) -> Listing {
        self.proc = Some(directory.into());
        self
    }

    /// Only those that this process is in.
    pub fn of_process(mut self, pid: u32) -> Listing {
        self.process = Some(pid);
        self
    }

    /// Only those that no process is in.
    pub fn without_processes(mut self) -> Listing {
        self.without_processes = true;
        self
    }

    /// Only those that have this in them: a device, mount, path, interface, address, container, unit or `pid:N`, as `--find`
    /// of lsns(8) takes it. Given more than once, one of them is enough.
    pub fn find(mut self, what: impl Into<OsString>) -> Listing {
        self.wanted.push(what.into());
        self
    }

    /// Looks. Errors: /proc cannot be read; the process does not exist; descriptors or memory run out; nobody can look for
    /// what [`Listing::find`] was given.
    pub fn scan(&self) -> Result<Namespaces> {
        self.look()?
    }

    /// The inner error is that of [`Listing::of_process`]: no such process exists, or not any more.
    pub(super) fn look(&self) -> Result<Result<Namespaces>> {
        let root = self.proc.as_deref().unwrap_or(Path::new("/proc"));
        let mut wanted = self.wanted()?;
        let mut process = self.process.map(|pid| i32::try_from(pid).unwrap_or(i32::MAX));
        match &self.proc {
            Some(directory) => check_directory(directory).map_err(Error::of_look)?,
            // What /proc shows may be another PID namespace than ours.
            None => {
                let mut pids = wanted.iter_mut().filter_map(|wanted| wanted.pid.as_mut());
                pids.try_for_each(locate_process).map_err(Error::of_look)?;
                match process.as_mut().map_or(Ok(()), locate_process) {
                    Err(gone @ Failure::Request(RequestError::UnknownProcess(_))) => {
                        return Ok(Err(Error::of_look(gone)));
                    }
                    found => found.map_err(Error::of_look)?,
                }
                if let Some(pid) = self.process.filter(|pid| is_zombie(*pid)) {
                    let gone = Error::invalid(format!("process {pid} has ended")).with_kind(ErrorKind::NotFound);
                    return Ok(Err(gone.with_hint("its parent has not waited for it yet (it is a zombie)")));
                }
            }
        }
        let opener = Opener::new(root).map_err(Error::of_look)?;
        let plan = reach(self.kinds, self.sources, Depth::Holders, false);
        let scope = Scope { root, sources: plan.sources, kinds: plan.processes, held: plan.holders };
        let seen = scan::scan(&scope, &opener).map_err(Error::of_look)?;
        let graph = graph::relate(seen, &opener, plan.relations).map_err(Error::of_look)?;
        if let Some(pid) = process.filter(|pid| graph.snapshot.process(*pid).is_none()) {
            return Ok(Err(Error::of_look(RequestError::UnknownProcess(pid).into())));
        }
        let found = (!wanted.is_empty()).then(|| {
            let inside = Inside::new(&graph, &opener, root);
            Findings::of(&wanted, self.kinds, &graph, &inside, &Names::new(Path::new("/"), root))
        });
        let mut members = members(&graph);
        let all = graph.snapshot.namespaces.keys().copied();
        let all = all.filter(|inode| self.lists(&graph, *inode, process, found.as_ref()));
        let all = all.map(|inode| info(&graph, &opener, inode, members.remove(&inode).unwrap_or_default()));
        Ok(Ok(Namespaces::new(all.collect(), graph.snapshot.unreadable)))
    }

    fn wanted(&self) -> Result<Vec<Wanted>> {
        let read = |text: &OsString| {
            let wrong = || Error::invalid(format!("nobody can look for '{}'", text.display()));
            Wanted::parse(text).ok_or_else(wrong)
        };
        self.wanted.iter().map(read).collect()
    }

    fn lists(&self, graph: &Graph, inode: Inode, process: Option<i32>, found: Option<&Findings>) -> bool {
        let Some(namespace) = graph.snapshot.namespaces.get(&inode) else { return false };
        let is_of_process =
            |pid| graph.snapshot.process(pid).and_then(|seen| seen.namespace(namespace.kind)) == Some(inode);
        self.kinds.contains(namespace.kind)
            && (!self.without_processes || namespace.processes == 0)
            && process.is_none_or(is_of_process)
            && found.is_none_or(|found| found.has(inode))
    }
}

/// Whether a process has ended, and still has its PID.
fn is_zombie(pid: u32) -> bool {
    let process = i32::try_from(pid).ok().and_then(|pid| pidfd::open(pid).ok());
    process.is_some_and(|process| pidfd::has_ended(&process).unwrap_or(false))
}

/// The processes in each namespace: one walk over all.
fn members(graph: &Graph) -> HashMap<Inode, Vec<Holder>> {
    let mut members: HashMap<Inode, Vec<Holder>> = HashMap::new();
    for process in &graph.snapshot.processes {
        for inode in process.namespaces.iter().flatten() {
            members.entry(*inode).or_default().push(Holder::Process { pid: process.pid.unsigned_abs() });
        }
    }
    members
}

fn info(graph: &Graph, opener: &Opener, inode: Inode, mut holders: Vec<Holder>) -> NamespaceInfo {
    let snapshot = &graph.snapshot;
    let seen = &snapshot.namespaces[&inode];
    let relations = graph.relations(inode);
    for holder in seen.holders.iter().map(Holder::of) {
        if !holders.contains(&holder) {
            holders.push(holder);
        }
    }
    let ask = || opener::id(opener.open(snapshot, inode)?).ok();
    NamespaceInfo {
        identity: Identity { kind: seen.kind, inode: number(inode), id: seen.id.or_else(ask) },
        leader: snapshot.leader(inode).map(|process| process.pid.unsigned_abs()),
        processes: seen.processes,
        holders,
        parent: relations.parent.map(number),
        owner: relations.owner.map(number),
        owner_uid: relations.owner_uid,
    }
}
