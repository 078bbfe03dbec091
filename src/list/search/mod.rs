//! `--find`: looks for things in the namespaces of a graph, and says what each is there.

mod cgroups;
mod mounts;
mod networks;
mod resolve;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::PathBuf;

use super::inside::Inside;
use super::model::graph::Graph;
use super::model::snapshot::SeenHolder;
use super::query::wanted::Wanted;
use super::value::Value;
use crate::container::names::Names;
use crate::namespace::{Kind, KindSet};
use crate::proc::link::Inode;

/// What was found, and where was looked.
#[derive(Debug, Default)]
pub struct Findings {
    found: HashMap<Inode, Vec<Vec<u8>>>,
    /// Paths that do not exist here, of which only the mount above was found.
    pub missing: Vec<MissingPath>,
    /// Where was looked.
    pub looked: Looked,
}

/// A path that does not exist here, and in whose place a mount above it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingPath {
    /// The path.
    pub path: PathBuf,
    /// The mount point.
    pub above: PathBuf,
}

/// Where was looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Mount namespaces.
    mounts: Option<Counts>,
    /// Network namespaces.
    networks: Option<Counts>,
    /// How many processes' cgroups were.
    cgroups: Option<usize>,
    /// How many processes' namespaces, threads and descriptors were.
    processes: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    all: usize,
    /// Those that we could not look into.
    closed: usize,
}

impl Counts {
    fn add(&mut self, is_open: bool) {
        self.all += 1;
        self.closed += usize::from(!is_open);
    }

    fn text(self, kind: &str) -> String {
        let (all, plural) = (self.all, if self.all == 1 { "" } else { "s" });
        match self.closed {
            0 => format!("{all} {kind} namespace{plural}"),
            closed => format!("{all} {kind} namespace{plural} ({closed} not open to us)"),
        }
    }
}

/// `12 mount namespaces, 5 network namespaces (2 not open to us), the cgroups of 200 processes`.
impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.mounts.map(|counts| counts.text("mount")),
            self.networks.map(|counts| counts.text("network")),
            self.cgroups.map(|count| format!("the cgroups of {count} processes")),
            self.processes.map(|count| format!("what {count} processes keep")),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "no namespace" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

impl Findings {
    /// Looks for all of `wanted` in the namespaces of these kinds.
    pub fn of(wanted: &[Wanted], kinds: KindSet, graph: &Graph, inside: &Inside<'_>, containers: &Names) -> Findings {
        let mut findings = Findings::default();
        let any = |has: fn(&Wanted) -> bool| wanted.iter().any(has);
        if any(|wanted| wanted.mount.is_some()) && kinds.contains(Kind::Mount) {
            mounts::search(wanted, graph, inside, &mut findings);
        }
        if any(|wanted| wanted.link.is_some() || wanted.address.is_some()) && kinds.contains(Kind::Net) {
            networks::search(wanted, graph, inside, &mut findings);
        }
        if any(|wanted| wanted.container.is_some() || wanted.unit.is_some()) {
            cgroups::search(wanted, graph, inside, containers, &mut findings);
        }
        for pid in wanted.iter().filter_map(|wanted| wanted.pid) {
            findings.kept_by(pid, graph);
        }
        findings
    }

    /// What process `pid` keeps.
    fn kept_by(&mut self, pid: i32, graph: &Graph) {
        let snapshot = &graph.snapshot;
        self.looked.processes = Some(snapshot.processes.len());
        if let Some(process) = snapshot.process(pid) {
            for inode in process.namespaces.iter().flatten() {
                self.add(*inode, format!("process {pid}").into_bytes());
            }
        }
        for (inode, namespace) in &snapshot.namespaces {
            let mut seen = HashSet::new();
            for holder in namespace.holders.iter().filter(|holder| seen.insert(*holder)) {
                let by = match holder {
                    SeenHolder::Thread { pid, tid } => [Some(*pid), Some(*tid)],
                    SeenHolder::Children { pid, tid } => [Some(*pid), *tid],
                    SeenHolder::Descriptor(fd) | SeenHolder::Socket(fd) | SeenHolder::Tap(fd) => [Some(fd.pid), fd.tid],
                    SeenHolder::Mount(_) | SeenHolder::MountElsewhere { .. } | SeenHolder::Namespace(_) => [None, None],
                };
                if by.contains(&Some(pid)) {
                    self.add(*inode, snapshot.text(holder));
                }
            }
        }
    }

    fn add(&mut self, inode: Inode, what: Vec<u8>) {
        let found = self.found.entry(inode).or_default();
        if !found.contains(&what) {
            found.push(what);
        }
    }

    /// Whether something was found there.
    pub fn has(&self, inode: Inode) -> bool {
        self.found.contains_key(&inode)
    }

    /// Whether nothing was found anywhere.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found there.
    pub fn cell(&self, inode: Inode) -> Value {
        Value::lines(self.found.get(&inode).cloned().unwrap_or_default())
    }
}

/// The namespaces of that kind.
fn of_kind(graph: &Graph, kind: Kind) -> impl Iterator<Item = Inode> {
    let all = graph.snapshot.namespaces.iter();
    all.filter(move |(_, namespace)| namespace.kind == kind).map(|(inode, _)| *inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_where_was_looked() {
        let mut looked = Looked::default();
        assert_eq!(looked.to_string(), "no namespace");
        looked.mounts = Some(Counts { all: 1, closed: 0 });
        looked.networks = Some(Counts { all: 5, closed: 2 });
        looked.cgroups = Some(200);
        assert_eq!(
            looked.to_string(),
            "1 mount namespace, 5 network namespaces (2 not open to us), the cgroups of 200 processes"
        );
    }
}
