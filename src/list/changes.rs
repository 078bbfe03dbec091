//! Two listings → what has come and gone in between. Pure.

use std::collections::HashMap;

use super::value::Value;
use super::view::render::{Key, Line, Printout};
use crate::proc::link::Inode;

/// What has changed from one listing to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowChanges {
    /// Rows that are not there any more, as they were.
    pub gone: Vec<Line>,
    /// Rows that are new, by their place in the later listing.
    pub come: Vec<usize>,
}

/// The changes from `before` to `now`. A row is the same if it is of the same namespace, whatever its cells say. What is known
/// from `before` alone is filled in.
pub fn changes(before: &Printout, now: &mut Printout) -> RowChanges {
    let old = by_number(before);
    now.lines.iter_mut().for_each(|line| fill_in(line, &old));
    let new = by_number(now);
    let is_in = |rows: &HashMap<Inode, &Line>, line: &Line| {
        let is_same =
            |key: &Key| rows.get(&key.inode).and_then(|row| row.key.as_ref()).is_some_and(|row| row.is_same(key));
        line.key.as_ref().is_none_or(is_same)
    };
    let gone = before.lines.iter().filter(|line| !is_in(&new, line));
    let come = now.lines.iter().enumerate().filter(|(_, line)| !is_in(&old, line));
    RowChanges {
        // What it hung under is of the earlier listing.
        gone: gone.map(|line| Line { parent: None, ..line.clone() }).collect(),
        come: come.map(|(at, _)| at).collect(),
    }
}

/// Each namespace has one row.
fn by_number(listing: &Printout) -> HashMap<Inode, &Line> {
    listing.lines.iter().filter_map(|line| Some((line.key.as_ref()?.inode, line))).collect()
}

/// The process that holds a namespace may end while we look: we have seen it there, and can then no longer ask for the id, or for
/// what other cells show. Without the id from the row before, this would be another namespace.
fn fill_in(line: &mut Line, before: &HashMap<Inode, &Line>) {
    let Some(key) = line.key.as_mut().filter(|key| key.id.is_none()) else {
        return;
    };
    let earlier =
        before.get(&key.inode).and_then(|row| Some((row, row.key.as_ref().filter(|known| known.is_same(key))?)));
    let Some((row, Key { id: Some(id), .. })) = earlier else {
        return;
    };
    key.id = Some(*id);
    for (cell, known) in line.cells.iter_mut().zip(&row.cells).filter(|(cell, _)| **cell == Value::Empty) {
        cell.clone_from(known);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::list::column::Column;
    use crate::list::view::render::Mark;

    /// A row for each: number, id, holder.
    fn listing(rows: &[(u32, Option<u64>, &str)]) -> Printout {
        let line = |(inode, id, holder): &(u32, Option<u64>, &str)| Line {
            cells: vec![Value::text(holder.as_bytes()), id.map_or(Value::Empty, Value::Number)],
            parent: Some(0),
            mark: Mark::None,
            key: Some(Key { inode: Inode::new(*inode).unwrap(), id: *id, holder: Some(holder.as_bytes().to_vec()) }),
        };
        Printout {
            columns: vec![Column::HeldBy, Column::NsId],
            lines: rows.iter().map(line).collect(),
            tree: None,
            processes: 0,
            unreadable: 0,
            missed: None,
            missing: Vec::new(),
            no_bpf: None,
        }
    }

    /// The numbers of the rows that have gone, and the places of those that have come.
    fn changed(before: &Printout, now: &mut Printout) -> (Vec<u32>, Vec<usize>) {
        let changes = changes(before, now);
        assert!(changes.gone.iter().all(|line| line.parent.is_none()));
        (changes.gone.iter().map(|line| line.key.as_ref().unwrap().inode.get()).collect(), changes.come)
    }

    #[test]
    fn a_number_that_is_used_again_is_another_namespace() {
        let before = listing(&[(1, Some(1), "a"), (2, Some(2), "b"), (3, Some(3), "c")]);
        let mut now = listing(&[(1, Some(1), "x"), (3, Some(4), "c"), (5, Some(5), "d")]);
        assert_eq!(changed(&before, &mut now), (vec![2, 3], vec![1, 2]));
    }

    #[test]
    fn without_ids_what_holds_it_decides() {
        let before = listing(&[(1, None, "a"), (2, None, "b")]);
        let mut now = listing(&[(1, None, "a"), (2, None, "c")]);
        assert_eq!(changed(&before, &mut now), (vec![2], vec![1]));
    }

    #[test]
    fn a_process_that_ends_during_the_look_leaves_the_namespace_the_same() {
        let before = listing(&[(1, Some(1), "a"), (2, Some(2), "b")]);
        let mut during = listing(&[(1, None, "a"), (2, None, "c")]);
        assert_eq!(changed(&before, &mut during), (vec![2], vec![1]));
        // As it was, not as little as could still be seen.
        assert_eq!(during.lines[0], before.lines[0]);
        // Its number is used again at once.
        let mut after = listing(&[(1, Some(7), "a")]);
        assert_eq!(changed(&during, &mut after), (vec![1, 2], vec![0]));
        assert_eq!(changed(&during, &mut listing(&[])), (vec![1, 2], vec![]));
    }
}
