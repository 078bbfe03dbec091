//! Graph → rows: what is listed, in which order, and what hangs under what.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::request::{ListRequest, Subject};
use crate::list::model::graph::Graph;
use crate::list::model::snapshot::SeenNamespace;
use crate::list::query::request::Tree;
use crate::list::search::Findings;
use crate::proc::link::Inode;

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

/// The rows of the listing, of the namespaces in `found` if that is given. `holds` says which pass the filter. It is called once for each row, before a tree changes
/// the order: for namespaces in the order of the listing, for processes by PID.
pub fn select(
    graph: &Graph,
    request: &ListRequest,
    found: Option<&Findings>,
    mut holds: impl FnMut(Item) -> bool,
) -> Vec<Row> {
    let found = match request.subject {
        Subject::Members(inode) => members(graph, inode),
        Subject::Namespaces { .. } if request.tree_of_namespaces() => {
            with_relatives(graph, request, namespaces(graph, request, found))
        }
        Subject::Namespaces { .. } => namespaces(graph, request, found),
    };
    let mut items: Vec<Item> = found.into_iter().filter(|item| holds(*item)).collect();
    if request.tree == Some(Tree::Process) && matches!(request.subject, Subject::Members(_)) {
        items = parents_first(graph, items);
    }
    match (request.subject, request.tree) {
        _ if !request.drawn => flat(items),
        (_, Some(Tree::Process)) => below_processes(graph, items),
        (Subject::Namespaces { .. }, Some(tree)) => below_namespaces(graph, items, tree),
        _ => flat(items),
    }
}

fn members(graph: &Graph, inode: Inode) -> Vec<Item> {
    let Some(kind) = graph.snapshot.namespaces.get(&inode).map(|found| found.kind) else {
        return Vec::new();
    };
    let processes = graph.snapshot.processes.iter().enumerate();
    processes
        .filter(|(_, process)| process.namespace(kind) == Some(inode))
        .map(|(at, _)| Item::Member { namespace: inode, process: at })
        .collect()
}

/// The namespaces that options name, by number.
fn namespaces(graph: &Graph, request: &ListRequest, found: Option<&Findings>) -> Vec<Item> {
    let Subject::Namespaces { task, persistent } = request.subject else {
        return Vec::new();
    };
    let of_task = task.map(|pid| graph.snapshot.process(pid).map_or(Default::default(), |process| process.namespaces));
    let wanted = |inode: Inode, namespace: &SeenNamespace| {
        request.kinds.contains(namespace.kind)
            && (!persistent || namespace.processes == 0)
            && found.is_none_or(|found| found.has(inode))
            && of_task.is_none_or(|of_task| of_task[namespace.kind as usize] == Some(inode))
    };
    let all = graph.snapshot.namespaces.iter();
    all.filter(|(inode, namespace)| wanted(**inode, namespace)).map(|(inode, _)| Item::Namespace(*inode)).collect()
}

/// Adds the parents and owners of each namespace, whatever else was asked for: a tree needs its trunk. Parents come
/// before children. In a listing of all namespaces, every owner and parent is added, sorted by number as far as that
/// order allows. In that of one task, only the way to the top is added.
fn with_relatives(graph: &Graph, request: &ListRequest, items: Vec<Item>) -> Vec<Item> {
    let Some(tree) = request.tree else {
        return items;
    };
    let mut inodes: Vec<Inode> = items.into_iter().filter_map(inode).collect();
    if !matches!(request.subject, Subject::Namespaces { task: Some(_), .. }) {
        let mut all: BTreeSet<Inode> = inodes.iter().copied().collect();
        while let Some(inode) = inodes.pop() {
            let found = [above(graph, inode, tree), graph.relations(inode).owner];
            let found = found.into_iter().flatten();
            inodes.extend(found.filter(|relative| all.insert(*relative)));
        }
        inodes = all.into_iter().collect();
    }
    let mut seen = HashSet::new();
    let mut ordered = Vec::with_capacity(inodes.len());
    for inode in inodes {
        let mut line = Vec::new();
        let mut next = Some(inode);
        while let Some(inode) = next
            && seen.insert(inode)
        {
            line.push(Item::Namespace(inode));
            next = above(graph, inode, tree).or(graph.relations(inode).owner);
        }
        ordered.extend(line.into_iter().rev());
    }
    ordered
}

/// The namespace above this one in a tree of namespaces.
fn above(graph: &Graph, inode: Inode, tree: Tree) -> Option<Inode> {
    let relations = graph.relations(inode);
    match tree {
        Tree::Parent => relations.parent,
        Tree::Owner | Tree::Process => relations.owner,
    }
}

/// The namespace of a row that is about one.
fn inode(item: Item) -> Option<Inode> {
    match item {
        Item::Namespace(inode) => Some(inode),
        Item::Member { .. } => None,
    }
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

/// Puts each row under the latest one before it that shows its process's parent.
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

/// Sorts processes so that each comes after its parent, even if the parent has the higher PID.
fn parents_first(graph: &Graph, items: Vec<Item>) -> Vec<Item> {
    let by_pid: HashMap<i32, Item> = items.iter().filter_map(|item| Some((process(graph, *item)?.0, *item))).collect();
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

/// Puts each row under that of its namespace's parent or owner, which comes before it.
fn below_namespaces(graph: &Graph, items: Vec<Item>, tree: Tree) -> Vec<Row> {
    let mut places = HashMap::new();
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let inode = inode(item);
        let above = inode.and_then(|inode| above(graph, inode, tree));
        let parent = above.and_then(|above| places.get(&above).copied());
        places.extend(inode.map(|inode| (inode, rows.len())));
        rows.push(Row { item, parent });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::lsns::LsnsArgs;
    use crate::cli::lsns::resolve;
    use crate::list::model::snapshot::Process;
    use crate::namespace::Kind;

    /// Numbers are not in the order in which namespaces were made: those of ended ones are given again.
    fn shuffled() -> Graph {
        let mut graph = Graph::made_up(&[
            (1, Kind::User, None, None),
            (2, Kind::Pid, None, Some(1)),
            (3, Kind::Pid, Some(2), Some(4)),
            (4, Kind::User, Some(1), Some(1)),
            (5, Kind::Net, None, Some(1)),
            (6, Kind::Net, None, Some(4)),
        ]);
        let mut namespaces = [None; Kind::ALL.len()];
        namespaces[Kind::Pid as usize] = Inode::new(3);
        namespaces[Kind::Net as usize] = Inode::new(5);
        graph.snapshot.processes.push(Process { pid: 7, parent: 1, uid: 0, namespaces });
        graph
    }

    /// Numbers of the namespaces, and of what each hangs under.
    #[track_caller]
    fn assert_rows(tree: Tree, kinds: &[Kind], task: Option<i32>, expected: &[(u32, Option<u32>)]) {
        let request =
            resolve(LsnsArgs { tree: Some(tree), kinds: kinds.iter().copied().collect(), task, ..LsnsArgs::default() });
        let rows = select(&shuffled(), &request.unwrap(), None, |_| true);
        let number = |row: &Row| inode(row.item).unwrap().get();
        let found: Vec<_> =
            rows.iter().map(|row| (number(row), row.parent.map(|parent| number(&rows[parent])))).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn owners_come_by_number_as_well() {
        let expected = [(1, None), (4, Some(1)), (5, Some(1)), (6, Some(4))];
        assert_rows(Tree::Owner, &[Kind::Net], None, &expected);
    }

    #[test]
    fn what_is_above_comes_first_whatever_its_number() {
        let expected = [(1, None), (2, Some(1)), (4, Some(1)), (3, Some(4))];
        assert_rows(Tree::Owner, &[Kind::Pid], None, &expected);
    }

    #[test]
    fn the_tree_of_parents_lists_owners_too() {
        let expected = [(1, None), (2, None), (3, Some(2)), (4, Some(1))];
        assert_rows(Tree::Parent, &[Kind::Pid], None, &expected);
    }

    #[test]
    fn a_tree_of_one_process_lists_its_namespaces_and_their_ancestors() {
        let kinds = [Kind::Pid, Kind::Net];
        let expected = [(1, None), (2, None), (3, Some(2)), (5, None)];
        assert_rows(Tree::Parent, &kinds, Some(7), &expected);
        let expected = [(1, None), (4, Some(1)), (3, Some(4)), (5, Some(1))];
        assert_rows(Tree::Owner, &kinds, Some(7), &expected);
    }
}
