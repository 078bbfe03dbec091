//! What keeps a namespace alive, as text: the columns HELD-BY and HOLDERS.

use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::list::model::graph::Graph;
use crate::list::model::snapshot::{Holder, Namespace, Process, Snapshot};
use crate::list::value::Value;
use crate::namespace::Kind;
use crate::proc::link::Inode;

/// A short cell names at most so many processes.
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

fn member(pid: i32) -> Vec<u8> {
    format!("process {pid}").into_bytes()
}

fn others(graph: &Graph, namespace: &Namespace) -> Vec<Vec<u8>> {
    let mut seen = HashSet::new();
    let holders = namespace.holders.iter().filter(|holder| seen.insert(*holder));
    holders.map(|holder| text(graph, holder)).collect()
}

fn text(graph: &Graph, holder: &Holder) -> Vec<u8> {
    let text = match holder {
        Holder::Thread { pid, tid } => format!("thread {pid}/{tid}"),
        Holder::Children { pid, tid: None } => format!("children-of {pid}"),
        Holder::Children { pid, tid: Some(tid) } => format!("children-of {pid}/{tid}"),
        Holder::Descriptor(fd) => format!("fd {fd}"),
        Holder::Socket(fd) => format!("socket {fd}"),
        Holder::Tap(fd) => format!("tap {fd}"),
        Holder::Mount(path) => return [b"mount ".to_vec(), escaped(path)].concat(),
        Holder::MountElsewhere { path, namespace, .. } => {
            let place = format!(" in {}:[{namespace}]", Kind::Mount);
            return [b"mount ".to_vec(), escaped(path), place.into_bytes()].concat();
        }
        Holder::Namespace(child) => {
            let kind = graph.snapshot.namespaces.get(child).map_or(Kind::User, |child| child.kind);
            format!("namespace {kind}:[{child}]")
        }
    };
    text.into_bytes()
}

/// Holders are separated by line ends or commas, and a user chooses the path of a mount: it must not read as more
/// holders. We write these characters and the backslash as three octal digits, as /proc/PID/mountinfo does.
fn escaped(path: &Path) -> Vec<u8> {
    let mut escaped = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'\n' | b',' | b'\\' => escaped.extend(format!("\\{byte:03o}").bytes()),
            _ => escaped.push(*byte),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_one_holder() {
        let path = Path::new("/a\nfd 1:99,process 1\\054 b");
        assert_eq!(escaped(path), b"/a\\012fd 1:99\\054process 1\\134054 b");
    }
}
