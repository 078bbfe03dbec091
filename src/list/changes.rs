//! Two listings → what has come and gone in between. Pure.

use std::collections::HashSet;

use super::view::render::{Key, Line, Printout};

/// What has changed from one listing to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowChanges {
    /// Rows that are not there any more, as they were.
    pub gone: Vec<Line>,
    /// Rows that are new, by their place in the later listing.
    pub come: Vec<usize>,
}

/// The changes from `before` to `now`. A row is the same if it is of the same namespace, whatever its cells say.
pub fn changes(before: &Printout, now: &Printout) -> RowChanges {
    let keys =
        |listing: &Printout| -> HashSet<Key> { listing.lines.iter().filter_map(|line| line.key.clone()).collect() };
    let (old, new) = (keys(before), keys(now));
    let is_in = |keys: &HashSet<Key>, line: &Line| line.key.as_ref().is_none_or(|key| keys.contains(key));
    let gone = before.lines.iter().filter(|line| !is_in(&new, line));
    let come = now.lines.iter().enumerate().filter(|(_, line)| !is_in(&old, line));
    RowChanges {
        // What it hung under is of the earlier listing.
        gone: gone.map(|line| Line { parent: None, ..line.clone() }).collect(),
        come: come.map(|(at, _)| at).collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::list::column::Column;
    use crate::list::value::Value;
    use crate::list::view::render::Mark;
    use crate::proc::link::Inode;

    fn listing(rows: &[(u32, &str, u64)]) -> Printout {
        let line = |(inode, key, cell): &(u32, &str, u64)| Line {
            cells: vec![Value::Number(*cell)],
            parent: Some(0),
            mark: Mark::None,
            key: Some(Key(Inode::new(*inode).unwrap(), key.as_bytes().to_vec())),
        };
        Printout {
            columns: vec![Column::NProcs],
            lines: rows.iter().map(line).collect(),
            tree: None,
            processes: 0,
            unreadable: 0,
            missed: None,
            missing: Vec::new(),
            no_bpf: None,
        }
    }

    #[test]
    fn a_number_that_is_used_again_is_another_namespace() {
        let before = listing(&[(1, "id 1", 1), (2, "id 2", 1), (3, "id 3", 1)]);
        let now = listing(&[(1, "id 1", 7), (3, "id 4", 1), (5, "id 5", 1)]);
        let changes = changes(&before, &now);
        assert_eq!(changes.come, [1, 2]);
        let gone: Vec<_> = changes.gone.iter().map(|line| (line.key.clone().unwrap().1, line.parent)).collect();
        assert_eq!(gone, [(b"id 2".to_vec(), None), (b"id 3".to_vec(), None)]);
    }
}
