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

/// All namespaces that this process may see, wherever something keeps one. Root sees all but what only a protected process keeps.
/// An ordinary user sees those that their own processes are in or keep, those that a mount in our mount namespace keeps, and what
/// the kernel tells everybody: [`Namespaces::unreadable`] says how many processes hide theirs.
///
/// ```
/// # fn main() -> nskit::Result<()> {
/// for ns in &nskit::namespaces()? {
///     let first = ns.holders().first().map(ToString::to_string).unwrap_or_default();
///     println!("{ns} has {} processes; held by {first} and {} more", ns.processes(), ns.holders().len().saturating_sub(1));
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

    /// Only those of these kinds; no kind finds nothing.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = Kind>) -> Listing {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// Looks only here. Fewer places are looked at faster; what is only elsewhere is not found, and no place finds nothing.
    /// Without [`Source::Process`], no namespace has processes or a leader. [`Source::Bpf`] adds no place: it is a way to look at
    /// processes and descriptors.
    pub fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Listing {
        self.sources = sources.into_iter().fold(SourceSet::NONE, SourceSet::with);
        self
    }

    /// Looks at this proc, such as that of another PID namespace. PIDs are those that it shows.
    pub fn proc(mut self, directory: impl Into<PathBuf>) -> Listing {
        self.proc = Some(directory.into());
        self
    }

    /// Only those that this process is in. Errors of [`Listing::scan`]: the process does not exist, or has ended.
    pub fn of_process(mut self, pid: u32) -> Listing {
        self.process = Some(pid);
        self
    }

    /// Only those that no process is in.
    pub fn without_processes(mut self) -> Listing {
        self.without_processes = true;
        self
    }

    /// Only those that have this in them. Given more than once, one of them is enough.
    ///
    /// | text | finds |
    /// | --- | --- |
    /// | `10.0.0.7`, `fe80::1`, `02:42:ac:11:00:02` | the network namespaces where an interface has this address |
    /// | `10.0.0.0/8` | those where one has an address of this network |
    /// | `eth0`, `link:eth0` | those that have an interface of this name |
    /// | `/dev/sda1`, `8:1`, `mount:overlay` | the mount namespaces that have this device or source mounted |
    /// | `/srv/data`, `mount:/srv/data` | those with a mount on this path, or of the file system that it lies on here; if it is not here, the nearest mount above it other than `/` |
    /// | `web`, `container:web` | the namespaces of the container of this name or id |
    /// | `nginx.service`, `unit:nginx.service` | those of the processes of this unit of systemd |
    /// | `pid:7` | those that process 7 keeps: not only those that it is in, as [`Listing::of_process`], but also by its threads, descriptors and sockets |
    ///
    /// A text without a word before it means all of these that it can. A namespace that we may not look into counts as one that does
    /// not have it.
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
            let links = wanted.iter().filter_map(|wanted| wanted.link.clone());
            let inside = Inside::new(&graph, &opener, root).looking_for(links);
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
