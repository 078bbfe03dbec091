//! What keeps a namespace alive, as text: the columns HELD-BY, HOLDERS and THREADS.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::bidi::in_octal;
use super::fill::Fill;
use crate::list::model::graph::Graph;
use crate::list::model::snapshot::{Process, SeenHolder, SeenNamespace, Snapshot};
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
pub(super) fn first(graph: &Graph, namespace: &SeenNamespace, process: Option<&Process>, how: Fill) -> Value {
    match process {
        Some(process) => Value::Lines(vec![member(process.pid)]),
        None => Value::lines(others(graph, namespace, how)),
    }
}

/// The first process or, for a namespace without processes, the first of what else keeps it alive.
pub(super) fn very_first(graph: &Graph, namespace: &SeenNamespace, process: Option<&Process>) -> Option<Vec<u8>> {
    let other = || namespace.holders.first().map(|holder| graph.snapshot.text(holder));
    process.map(|process| member(process.pid)).or_else(other)
}

/// HOLDERS: all processes (or the first of them and the number of the others), and everything else that keeps it alive.
pub(super) fn all(graph: &Graph, (inode, namespace): (Inode, &SeenNamespace), members: &Members, how: Fill) -> Value {
    let members = members.0.get(&inode).map_or(&[][..], Vec::as_slice);
    let named = if how == Fill::Whole { members.len() } else { members.len().min(NAMED) };
    let mut lines: Vec<Vec<u8>> = members[..named].iter().map(|pid| member(*pid)).collect();
    if named < members.len() {
        lines.push(format!("and {} more", members.len() - named).into_bytes());
    }
    lines.extend(others(graph, namespace, how));
    Value::lines(lines)
}

/// THREADS: the threads whose process is in another namespace, or the first of them and the number of the others.
pub(super) fn threads(namespace: &SeenNamespace, whole: bool) -> Value {
    let threads = namespace.holders.iter().filter_map(|holder| match holder {
        SeenHolder::Thread { pid, tid } => Some(format!("{pid}/{tid}").into_bytes()),
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

fn others(graph: &Graph, namespace: &SeenNamespace, how: Fill) -> Vec<Vec<u8>> {
    let mut seen = HashSet::new();
    let holders = namespace.holders.iter().filter(|holder| seen.insert(*holder));
    if how == Fill::ForPerson {
        return folded(graph, holders);
    }
    holders.map(|holder| graph.snapshot.text(holder)).collect()
}

/// With one line for each mount point, in however many mount namespaces something is mounted there.
fn folded<'h>(graph: &Graph, holders: impl Iterator<Item = &'h SeenHolder>) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut points: HashMap<&Path, (usize, HashSet<Option<Inode>>)> = HashMap::new();
    for holder in holders {
        let (path, namespace) = match holder {
            SeenHolder::Mount(path) => (path.as_path(), None),
            SeenHolder::MountElsewhere { path, namespace, .. } => (path.as_path(), Some(*namespace)),
            _ => {
                lines.push(graph.snapshot.text(holder));
                continue;
            }
        };
        let (_, namespaces) = points.entry(path).or_insert_with(|| {
            lines.push(graph.snapshot.text(holder));
            (lines.len() - 1, HashSet::new())
        });
        namespaces.insert(namespace);
    }
    for (line, namespaces) in points.into_values() {
        match namespaces.len() - 1 {
            0 => {}
            1 => lines[line].extend(b" (and in 1 other mount namespace)"),
            more => lines[line].extend(format!(" (and in {more} other mount namespaces)").bytes()),
        }
    }
    lines
}

/// On a terminal, COMMAND of a namespace without processes: what keeps it alive first, in brackets.
pub(super) fn in_place_of_command(graph: &Graph, namespace: &SeenNamespace) -> Value {
    let text = namespace.holders.first().map(|holder| graph.snapshot.text(holder));
    text.map_or(Value::Empty, |text| Value::text(&[b"(", &in_octal(&text)[..], b")"].concat()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::list::model::snapshot::Fd;
    use crate::namespace::Kind;

    fn shown(holders: Vec<SeenHolder>, how: Fill) -> Vec<String> {
        let namespace = SeenNamespace { holders, ..SeenNamespace::new(Kind::Net) };
        let lines = others(&Graph::default(), &namespace, how).into_iter();
        lines.map(|line| String::from_utf8(line).unwrap()).collect()
    }

    #[test]
    fn a_person_reads_each_mount_point_once() {
        let fd = || SeenHolder::Descriptor(Fd { pid: 1, tid: None, fd: 7 });
        let here = || SeenHolder::Mount("/a".into());
        let elsewhere = |path: &str, number, witness| {
            let namespace = Inode::new(number).unwrap();
            SeenHolder::MountElsewhere { path: path.into(), namespace, witness }
        };
        let all = || vec![fd(), here(), elsewhere("/a", 5, None), elsewhere("/a", 6, None), elsewhere("/b", 5, None)];
        assert_eq!(shown(all(), Fill::Short).len(), 5);
        let folded = ["fd 1:7", "mount /a (and in 2 other mount namespaces)", "mount /b in mnt:[5]"];
        assert_eq!(shown(all(), Fill::ForPerson), folded);
        // Several processes have shown one.
        let twice = vec![elsewhere("/b", 5, Some(1)), elsewhere("/b", 5, Some(2)), elsewhere("/b", 6, None)];
        assert_eq!(shown(twice, Fill::ForPerson), ["mount /b in mnt:[5] (and in 1 other mount namespace)"]);
    }
}
