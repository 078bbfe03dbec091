//! What keeps a namespace alive, as text: the columns HELD-BY, HOLDERS and THREADS.

use std::collections::{HashMap, HashSet};

use crate::list::model::graph::Graph;
use crate::list::model::snapshot::{Holder, Namespace, Process, Snapshot};
use crate::list::value::Value;
use crate::proc::link::Inode;

/// A short cell names at most so many processes or threads.
const NAMED: usize = 5;

/// The processes in each namespace, by PID.
pub(super) struct Members(HashMap<Inode, Vec<i32>>);

impl Members {
    /// One walk over all processes, whatever the number of namespaces.
    pub fn of(snapshot: &Snapshot) -> Members {
        let mut members: HashMap<Inode, Vec<i32>> = HashMap::new();
        for process in &snapshot.processes {
            for inode in process.namespaces.iter().flatten() {
                members.entry(*inode).or_default().push(process.pid);
            }
        }
        Members(members)
    }
}

/// HELD-BY: the first process; for a namespace without processes, everything else that keeps it alive.
pub(super) fn first(graph: &Graph, namespace: &Namespace, process: Option<&Process>) -> Value {
    match process {
        Some(process) => Value::Lines(vec![member(process.pid)]),
        None => Value::lines(others(graph, namespace)),
    }
}

/// HOLDERS: all processes (or the first of them and the number of the others), and everything else that keeps it alive.
pub(super) fn all(graph: &Graph, (inode, namespace): (Inode, &Namespace), members: &Members, whole: bool) -> Value {
    let members = members.0.get(&inode).map_or(&[][..], Vec::as_slice);
    let named = if whole { members.len() } else { members.len().min(NAMED) };
    let mut lines: Vec<Vec<u8>> = members[..named].iter().map(|pid| member(*pid)).collect();
    if named < members.len() {
        lines.push(format!("and {} more", members.len() - named).into_bytes());
    }
    lines.extend(others(graph, namespace));
    Value::lines(lines)
}

/// THREADS: the threads whose process is in another namespace, or the first of them and the number of the others.
pub(super) fn threads(namespace: &Namespace, whole: bool) -> Value {
    let threads = namespace.holders.iter().filter_map(|holder| match holder {
        Holder::Thread { pid, tid } => Some(format!("{pid}/{tid}").into_bytes()),
        _ => None,
    });
    let mut lines: Vec<_> = threads.collect();
    let more = lines.len().saturating_sub(if whole { lines.len() } else { NAMED });
    if more > 0 {
        lines.truncate(NAMED);
        lines.push(format!("and {more} more").into_bytes());
    }
    Value::lines(lines)
}

fn member(pid: i32) -> Vec<u8> {
    format!("process {pid}").into_bytes()
}

fn others(graph: &Graph, namespace: &Namespace) -> Vec<Vec<u8>> {
    let mut seen = HashSet::new();
    let holders = namespace.holders.iter().filter(|holder| seen.insert(*holder));
    holders.map(|holder| graph.snapshot.text(holder)).collect()
}
