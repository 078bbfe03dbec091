//! Snapshot → [`Graph`]: which namespace is whose parent and owner, asked of the kernel once for each.

use std::collections::{HashMap, HashSet};
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::opener::{Opener, inode_of};
use super::snapshot::{SeenHolder, Snapshot};
use crate::error::{Attempt, Failure};
use crate::namespace::Kind;
use crate::proc::link::Inode;
use crate::sys::nsfs;

/// Which namespaces we ask for their parents and owners. We ask those that this brings to light in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Those without a process: nothing else may lead to their parents and owners.
    Processless,
    /// All.
    All,
    /// All; and each counts as a holder of its parent and owner, even if these have processes.
    Holders,
}

/// What a namespace belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    /// The parent of a user or PID namespace; `None` for the initial one, and if we may not see the parent.
    pub parent: Option<Inode>,
    /// The user namespace that owns it (of a user namespace: its parent); `None` if we may not see that.
    pub owner: Option<Inode>,
    /// Of a user namespace: the user that made it.
    pub owner_uid: Option<u32>,
}

/// The namespaces with their parents and owners.
#[derive(Debug, Default)]
pub struct Graph {
    /// The snapshot, with the parents and owners that came to light.
    pub snapshot: Snapshot,
    relations: HashMap<Inode, Relations>,
    all_holders: bool,
}

impl Graph {
    /// The parent and owner of a namespace; none, if we did not ask it or could not.
    pub fn relations(&self, inode: Inode) -> Relations {
        self.relations.get(&inode).copied().unwrap_or_default()
    }
}

#[cfg(test)]
impl Graph {
    /// A graph of these namespaces: number, kind, parent, owner.
    pub fn made_up(namespaces: &[(u32, Kind, Option<u32>, Option<u32>)]) -> Graph {
        let mut graph = Graph::default();
        for (inode, kind, parent, owner) in namespaces {
            let inode = Inode::new(*inode).unwrap();
            let namespaces = &mut graph.snapshot.namespaces;
            namespaces.insert(inode, super::snapshot::SeenNamespace::new(*kind));
            let relations =
                Relations { parent: parent.and_then(Inode::new), owner: owner.and_then(Inode::new), owner_uid: None };
            graph.relations.insert(inode, relations);
        }
        graph
    }
}

/// Asks the namespaces of the snapshot for their parents and owners, see ioctl_ns(2). Relations that we may not see
/// stay unknown. Errors: ENOTTY if the kernel lacks the ioctl.
pub fn relate(snapshot: Snapshot, opener: &Opener, depth: Depth) -> Result<Graph, Failure> {
    let seeds: Vec<Inode> = snapshot
        .namespaces
        .iter()
        .filter(|(_, namespace)| depth >= Depth::All || namespace.processes == 0)
        .map(|(inode, _)| *inode)
        .collect();
    let mut graph = Graph { snapshot, relations: HashMap::new(), all_holders: depth == Depth::Holders };
    let mut unopened = HashSet::new();
    for seed in seeds {
        match opener.open(&graph.snapshot, seed) {
            Some(fd) => graph.climb(seed, fd)?,
            None => {
                unopened.insert(seed);
            }
        }
    }
    graph.second_try(opener, unopened)?;
    Ok(graph)
}

impl Graph {
    /// Asks namespace `inode` for its relations, then the namespaces that this brings to light.
    fn climb(&mut self, inode: Inode, fd: OwnedFd) -> Result<(), Failure> {
        let mut open = vec![(inode, fd)];
        while let Some((inode, fd)) = open.pop() {
            let Some(kind) = self.snapshot.namespaces.get(&inode).map(|found| found.kind) else {
                continue;
            };
            let owner = answer("NS_GET_USERNS", nsfs::owner(&fd))?;
            let parent = match kind {
                Kind::Pid => answer("NS_GET_PARENT", nsfs::parent(&fd))?,
                _ => None,
            };
            let mut relations = Relations::default();
            relations.owner = self.meet(owner, Kind::User, inode, &mut open);
            relations.parent = match kind {
                Kind::User => relations.owner,
                _ => self.meet(parent, kind, inode, &mut open),
            };
            if kind == Kind::User {
                // The ioctl came with Linux 4.11. Only one column shows its answer, so a kernel without it still gets a
                // list.
                relations.owner_uid = nsfs::owner_uid(&fd).ok();
            }
            self.relations.insert(inode, relations);
        }
        Ok(())
    }

    /// The number of a parent or owner. If it is new, it joins the snapshot and is the next to be asked. If it has no
    /// process, each namespace below it counts as its holder.
    fn meet(
        &mut self,
        found: Option<OwnedFd>,
        kind: Kind,
        child: Inode,
        open: &mut Vec<(Inode, OwnedFd)>,
    ) -> Option<Inode> {
        let fd = found?;
        let inode = inode_of(&fd)?;
        let is_new = !self.snapshot.namespaces.contains_key(&inode);
        if self.all_holders || self.snapshot.leader(inode).is_none() {
            self.snapshot.add(kind, inode, SeenHolder::Namespace(child));
        }
        if is_new {
            open.push((inode, fd));
        }
        Some(inode)
    }

    /// If the leader of a namespace has ended meanwhile, tries its other members: one walk over all processes for all
    /// such namespaces.
    fn second_try(&mut self, opener: &Opener, mut unopened: HashSet<Inode>) -> Result<(), Failure> {
        unopened.retain(|inode| self.snapshot.namespaces.get(inode).is_some_and(|namespace| namespace.processes > 1));
        let mut at = 0;
        while !unopened.is_empty() && at < self.snapshot.processes.len() {
            let process = &self.snapshot.processes[at];
            let candidates: Vec<_> = Kind::ALL
                .into_iter()
                .filter_map(|kind| Some((kind, process.namespace(kind)?)))
                .filter(|(_, inode)| unopened.contains(inode))
                .map(|(kind, inode)| (process.pid, kind, inode))
                .collect();
            for (pid, kind, inode) in candidates {
                if let Some(fd) = opener.of_process(pid, kind, inode) {
                    unopened.remove(&inode);
                    self.climb(inode, fd)?;
                }
            }
            at += 1;
        }
        Ok(())
    }
}

/// The kernel's answer; `None` if it refuses one (EPERM) or none exists (EINVAL).
fn answer<T>(ioctl: &'static str, result: nix::Result<T>) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(errno @ Errno::ENOTTY) => Err(Failure::System { attempt: Attempt::AskRelations(ioctl), errno }),
        Err(_) => Ok(None),
    }
}
