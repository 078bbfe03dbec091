//! Graph → rows: what is listed, in which order, and what hangs under what.

use std::collections::{HashMap, HashSet};

use super::filter::FilterError;
use super::graph::Graph;
use super::request::{Request, Subject};
use super::snapshot::{Inode, Namespace};
use crate::cli::lsns::Tree;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A namespace.
    Namespace(Inode),
    /// A process in a namespace.
    Member {
        /// The namespace.
        namespace: Inode,
        /// The process, by its place in the snapshot.
        process: usize,
    },
}

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is about.
    pub item: Item,
    /// The row that it hangs under; always an earlier one.
    pub parent: Option<usize>,
}

/// The rows of the listing. `holds` says which pass the filter; it is asked once for each, in the order of the listing.
pub fn select(
    graph: &Graph,
    request: &Request,
    mut holds: impl FnMut(Item) -> Result<bool, FilterError>,
) -> Result<Vec<Row>, FilterError> {
    let mut items = match request.subject {
        Subject::Members(inode) => members(graph, inode),
        Subject::Namespaces { .. } if request.tree_of_namespaces() => {
            with_relatives(graph, request, namespaces(graph, request))
        }
        Subject::Namespaces { .. } => namespaces(graph, request),
    };
    let mut failed = None;
    items.retain(|item| {
        failed.is_none()
            && holds(*item).unwrap_or_else(|error| {
                failed = Some(error);
                false
            })
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if request.tree == Some(Tree::Process) && matches!(request.subject, Subject::Members(_)) {
        items = parents_first(graph, items);
    }
    Ok(match (request.subject, request.tree) {
        _ if !request.drawn => flat(items),
        (_, Some(Tree::Process)) => below_processes(graph, items),
        (Subject::Namespaces { .. }, Some(tree)) => below_namespaces(graph, items, tree),
        _ => flat(items),
    })
}

fn members(graph: &Graph, inode: Inode) -> Vec<Item> {
    let Some(kind) = graph
        .snapshot
        .namespaces
        .get(&inode)
        .map(|found| found.kind)
    else {
        return Vec::new();
    };
    let processes = graph.snapshot.processes.iter().enumerate();
    processes
        .filter(|(_, process)| process.namespace(kind) == Some(inode))
        .map(|(at, _)| Item::Member {
            namespace: inode,
            process: at,
        })
        .collect()
}

/// The namespaces that options name, by number.
fn namespaces(graph: &Graph, request: &Request) -> Vec<Item> {
    let Subject::Namespaces { task, persistent } = request.subject else {
        return Vec::new();
    };
    let of_task = task.map(|pid| {
        let processes = &graph.snapshot.processes;
        match processes.binary_search_by_key(&pid, |process| process.pid) {
            Ok(at) => processes[at].namespaces,
            Err(_) => Default::default(),
        }
    });
    let wanted = |inode: Inode, namespace: &Namespace| {
        request.kinds.contains(namespace.kind)
            && (!persistent || namespace.processes == 0)
            && of_task.is_none_or(|of_task| of_task[namespace.kind as usize] == Some(inode))
    };
    let all = graph.snapshot.namespaces.iter();
    all.filter(|(inode, namespace)| wanted(**inode, namespace))
        .map(|(inode, _)| Item::Namespace(*inode))
        .collect()
}

/// Puts before each namespace what it belongs to, whatever else was asked for: a tree needs its trunk.
fn with_relatives(graph: &Graph, request: &Request, items: Vec<Item>) -> Vec<Item> {
    let mut seen = HashSet::new();
    let mut ordered = Vec::with_capacity(items.len());
    for item in items {
        let Item::Namespace(inode) = item else {
            continue;
        };
        // First in, last out: each above those that it brings in.
        let mut pending = vec![(inode, false)];
        while let Some((inode, relatives_done)) = pending.pop() {
            if relatives_done {
                ordered.push(Item::Namespace(inode));
            } else if seen.insert(inode) {
                pending.push((inode, true));
                let relations = graph.relations(inode);
                if request.tree == Some(Tree::Parent) {
                    pending.extend(relations.parent.map(|parent| (parent, false)));
                }
                pending.extend(relations.owner.map(|owner| (owner, false)));
            }
        }
    }
    ordered
}

fn flat(items: Vec<Item>) -> Vec<Row> {
    let row = |item| Row { item, parent: None };
    items.into_iter().map(row).collect()
}

/// PID and parent of the process that a row shows.
fn process(graph: &Graph, item: Item) -> Option<(i32, i32)> {
    let at = match item {
        Item::Namespace(inode) => graph.snapshot.namespaces.get(&inode)?.leader?,
        Item::Member { process, .. } => process,
    };
    let process = graph.snapshot.processes.get(at)?;
    Some((process.pid, process.parent))
}

/// Each row under the latest one before it that shows its process's parent.
fn below_processes(graph: &Graph, items: Vec<Item>) -> Vec<Row> {
    let mut latest = HashMap::new();
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let shown = process(graph, item);
        let parent = shown.and_then(|(_, parent)| latest.get(&parent).copied());
        if let Some((pid, _)) = shown {
            latest.insert(pid, rows.len());
        }
        rows.push(Row { item, parent });
    }
    rows
}

/// Processes so that each comes after its parent, even where that has the higher PID.
fn parents_first(graph: &Graph, items: Vec<Item>) -> Vec<Item> {
    let by_pid: HashMap<i32, Item> = items
        .iter()
        .filter_map(|item| Some((process(graph, *item)?.0, *item)))
        .collect();
    let mut seen = HashSet::new();
    let mut ordered = Vec::with_capacity(items.len());
    for item in items {
        let mut line = Vec::new();
        let mut next = Some(item);
        while let Some(item) = next
            && let Some((pid, parent)) = process(graph, item)
            && seen.insert(pid)
        {
            line.push(item);
            next = by_pid.get(&parent).copied();
        }
        ordered.extend(line.into_iter().rev());
    }
    ordered
}

/// Each row under that of what its namespace belongs to. Those that stand beside each other below the same come by number;
/// those at the top in the order in which they came to be.
fn below_namespaces(graph: &Graph, items: Vec<Item>, tree: Tree) -> Vec<Row> {
    let inodes: Vec<Inode> = items
        .iter()
        .filter_map(|item| match item {
            Item::Namespace(inode) => Some(*inode),
            Item::Member { .. } => None,
        })
        .collect();
    let listed: HashSet<Inode> = inodes.iter().copied().collect();
    let above = |inode: &Inode| {
        let relations = graph.relations(*inode);
        let above = match tree {
            Tree::Parent => relations.parent,
            _ => relations.owner,
        };
        above.filter(|above| listed.contains(above))
    };
    let (mut level, mut rest): (Vec<_>, Vec<_>) =
        inodes.into_iter().partition(|inode| above(inode).is_none());
    let mut places = HashMap::new();
    let mut rows = Vec::with_capacity(items.len());
    while !level.is_empty() {
        for inode in &level {
            let parent = above(inode).and_then(|above| places.get(&above).copied());
            places.insert(*inode, rows.len());
            rows.push(Row {
                item: Item::Namespace(*inode),
                parent,
            });
        }
        (level, rest) = rest
            .into_iter()
            .partition(|inode| above(inode).is_some_and(|above| places.contains_key(&above)));
        level.sort_unstable();
    }
    rows
}
