//! Puts what the scan found together: each namespace once, with its members counted.

use std::collections::BTreeMap;

use crate::list::model::snapshot::{Process, SeenHolder, SeenNamespace, Snapshot, namespace_of};
use crate::namespace::Kind;
use crate::proc::link::Inode;

/// A snapshot of `processes`, which are sorted by PID, and of the namespaces that something else holds.
pub(super) fn snapshot(processes: Vec<Process>, held: Vec<(Kind, Inode, SeenHolder)>, unreadable: usize) -> Snapshot {
    let mut namespaces: BTreeMap<Inode, SeenNamespace> = BTreeMap::new();
    for kind in Kind::ALL {
        // Most processes share their namespaces with the one before.
        let mut run: Option<Run> = None;
        for (at, process) in processes.iter().enumerate() {
            let Some(inode) = process.namespace(kind) else {
                continue;
            };
            match &mut run {
                Some(run) if run.inode == inode => run.length += 1,
                _ => {
                    if let Some(run) = run.take() {
                        run.add_to(&mut namespaces, kind);
                    }
                    run = Some(Run { inode, first: at, length: 1 });
                }
            }
        }
        if let Some(run) = run {
            run.add_to(&mut namespaces, kind);
        }
    }
    for (kind, inode, holder) in held {
        if let Some(namespace) = namespace_of(&mut namespaces, kind, inode) {
            namespace.holders.push(holder);
        }
    }
    for namespace in namespaces.values_mut() {
        namespace.holders.sort_by_key(SeenHolder::rank);
    }
    Snapshot { processes, namespaces, unreadable, listed: false, no_bpf: None }
}

/// Neighbours in the process table that share a namespace.
struct Run {
    inode: Inode,
    first: usize,
    length: u32,
}

impl Run {
    fn add_to(self, namespaces: &mut BTreeMap<Inode, SeenNamespace>, kind: Kind) {
        if let Some(namespace) = namespace_of(namespaces, kind, self.inode) {
            namespace.processes += self.length;
            // Processes are sorted by PID, so the first member has the lowest.
            namespace.leader.get_or_insert(self.first);
        }
    }
}
