//! The order of a tree: depth first, each row with what its branch looks like.

use super::Line;

/// A row's place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreePlace {
    /// Which row.
    pub line: usize,
    /// How many rows are above it.
    pub depth: usize,
    /// Whether it is the last under its parent.
    pub last: bool,
    /// Whether rows hang under it.
    pub has_children: bool,
}

/// The rows, each followed by those that hang under it.
pub fn depth_first(lines: &[Line]) -> Vec<TreePlace> {
    let mut children = vec![Vec::new(); lines.len()];
    let mut roots = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match line.parent {
            Some(parent) => children[parent].push(at),
            None => roots.push(at),
        }
    }
    let mut places = Vec::with_capacity(lines.len());
    let mut pending = Vec::new();
    push(&mut pending, &roots, 0);
    while let Some((line, depth, last)) = pending.pop() {
        places.push(TreePlace { line, depth, last, has_children: !children[line].is_empty() });
        push(&mut pending, &children[line], depth + 1);
    }
    places
}

/// Last in, first out.
fn push(pending: &mut Vec<(usize, usize, bool)>, siblings: &[usize], depth: usize) {
    for (at, line) in siblings.iter().enumerate().rev() {
        pending.push((*line, depth, at + 1 == siblings.len()));
    }
}

/// The lines of a tree.
#[derive(Clone, Copy, Debug)]
pub struct Glyphs {
    /// To a row that others follow.
    pub branch: &'static str,
    /// To the last one.
    pub corner: &'static str,
    /// Past rows that lie deeper.
    pub bar: &'static str,
}

/// Each takes two columns.
pub const UNICODE: Glyphs = Glyphs { branch: "├─", corner: "└─", bar: "│ " };

/// The same for locales without them.
pub const ASCII: Glyphs = Glyphs { branch: "|-", corner: "`-", bar: "| " };

/// Tracks, during the depth-first walk, which of the branches above the row go on below it.
#[derive(Debug, Default)]
pub struct Branches(Vec<bool>);

impl Branches {
    /// Goes to the next row.
    pub fn go(&mut self, place: &TreePlace) {
        self.0.truncate(place.depth);
        self.0.push(!place.last);
    }

    /// The text before the row's cell, on its first line or on a further one.
    pub fn prefix(&self, place: &TreePlace, glyphs: &Glyphs, first: bool) -> String {
        let mut prefix = String::new();
        // The outermost rows have no branch.
        let above = self.0.get(1..place.depth).unwrap_or_default();
        for goes_on in above {
            prefix.push_str(if *goes_on { glyphs.bar } else { "  " });
        }
        if place.depth > 0 {
            prefix.push_str(match (first, place.last) {
                (true, false) => glyphs.branch,
                (true, true) => glyphs.corner,
                (false, false) => glyphs.bar,
                (false, true) => "  ",
            });
        }
        if !first && place.has_children {
            prefix.push_str(glyphs.bar);
        }
        prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::view::render::Mark;

    #[test]
    fn a_tree_is_drawn() {
        let line = |parent| Line { cells: Vec::new(), parent, mark: Mark::None, key: None };
        let parents = [None, Some(0), Some(0), Some(1), Some(3), None, Some(5), Some(2)];
        let lines: Vec<_> = parents.into_iter().map(line).collect();
        let mut branches = Branches::default();
        let mut drawn = Vec::new();
        for place in depth_first(&lines) {
            branches.go(&place);
            drawn.push(format!("{}{}", branches.prefix(&place, &ASCII, true), place.line));
        }
        assert_eq!(drawn, ["0", "|-1", "| `-3", "|   `-4", "`-2", "  `-7", "5", "`-6"]);
    }
}
