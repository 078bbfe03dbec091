//! Maps of user and group ids, see user_namespaces(7): turns the `--map-*` options into lines of uid_map.

use std::fmt::Write as _;

use crate::number::parse_decimal;

/// Which of the two maps of a user namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// uid_map.
    User,
    /// gid_map.
    Group,
}

impl IdKind {
    /// The file in /proc/PID.
    pub const fn map_file(self) -> &'static str {
        match self {
            IdKind::User => "uid_map",
            IdKind::Group => "gid_map",
        }
    }

    /// The file of subordinate ids, see subuid(5), subgid(5). Both are keyed by *user*.
    pub const fn subordinate_file(self) -> &'static str {
        match self {
            IdKind::User => "/etc/subuid",
            IdKind::Group => "/etc/subgid",
        }
    }

    /// The set-user-ID program that writes the map for an unprivileged user.
    pub const fn map_program(self) -> &'static str {
        match self {
            IdKind::User => "newuidmap",
            IdKind::Group => "newgidmap",
        }
    }
}

/// A line of a map: `count` ids from `inner` on inside are those from `outer` on outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The first id inside.
    pub inner: u32,
    /// The first id outside.
    pub outer: u32,
    /// How many, at least 1.
    pub count: u32,
}

/// In bytes. The kernel takes a map of less than a page, in at most [`MOST_LINES`] lines, see user_namespaces(7).
pub const LONGEST_MAP: usize = 4095;
/// Since Linux 4.15; five before.
pub const MOST_LINES: usize = 340;
/// In bytes. The kernel writes each line as three fields of ten digits.
pub const LONGEST_MAP_READ: usize = MOST_LINES * 33;

/// How many ids there are: 0 to 4294967294.
const IDS: u64 = u32::MAX as u64;

impl Extent {
    /// Whether no id of it lies beyond the highest.
    pub fn is_in_range(&self) -> bool {
        let end = |first: u32| u64::from(first) + u64::from(self.count);
        self.count > 0 && end(self.inner) <= IDS && end(self.outer) <= IDS
    }
}

/// A block of ids to map beside a single id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The ids.
    pub extent: Extent,
    /// `auto`: if the single map takes an inner id of the block, whether the inner side grows beyond `count`, so that
    /// no outer id is left over.
    pub open_ended: bool,
}

/// The lines of a map: first the single map, which wins over the blocks, then the blocks in the order given.
///
/// In each block, the inner ids without the single inner one are paired in order with the outer ids without the single
/// outer one. Ids left over at the top are dropped.
pub fn lines(single: Option<Extent>, blocks: &[Block]) -> Vec<Extent> {
    let mut lines: Vec<Extent> = single.into_iter().collect();
    for block in blocks {
        let Extent { inner, outer, count } = block.extent;
        let inner_end = if block.open_ended { IDS } else { u64::from(inner) + u64::from(count) };
        let inner_ids = without(u64::from(inner)..inner_end, single.map(|single| single.inner));
        let outer_end = u64::from(outer) + u64::from(count);
        let outer_ids = without(u64::from(outer)..outer_end, single.map(|single| single.outer));
        pair_off(inner_ids, outer_ids, &mut lines);
    }
    lines
}

type Range = std::ops::Range<u64>;

/// The range without one id: what is below it, and what is above.
fn without(range: Range, id: Option<u32>) -> [Range; 2] {
    match id.map(u64::from) {
        Some(id) if range.contains(&id) => [range.start..id, id + 1..range.end],
        _ => [range.clone(), range.end..range.end],
    }
}

fn pair_off(mut inner: [Range; 2], mut outer: [Range; 2], lines: &mut Vec<Extent>) {
    let (mut at_inner, mut at_outer) = (0, 0);
    while at_inner < 2 && at_outer < 2 {
        let (ins, outs) = (&mut inner[at_inner], &mut outer[at_outer]);
        let count = (ins.end - ins.start).min(outs.end - outs.start);
        if count > 0 {
            // All three are at most IDS, which fits.
            lines.push(Extent { inner: ins.start as u32, outer: outs.start as u32, count: count as u32 });
            ins.start += count;
            outs.start += count;
        }
        at_inner += usize::from(ins.is_empty());
        at_outer += usize::from(outs.is_empty());
    }
}

/// The text for uid_map or gid_map.
pub fn text(lines: &[Extent]) -> String {
    let mut text = String::new();
    for Extent { inner, outer, count } in lines {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{inner} {outer} {count}");
    }
    text
}

/// The well-formed lines of a uid_map or gid_map.
pub fn extents(map: &[u8]) -> Vec<Extent> {
    map.split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
            let mut next = || parse_decimal(fields.next()?);
            Some(Extent { inner: next()?, outer: next()?, count: next()? })
        })
        .collect()
}

/// The inner ids of the lines of a uid_map or gid_map, each mapped to itself.
pub fn inner_ids(map: &[u8]) -> Vec<Extent> {
    let to_itself = |extent: Extent| Extent { outer: extent.inner, ..extent };
    extents(map).into_iter().map(to_itself).collect()
}

/// Whether the uid_map or gid_map maps the outer `id`.
pub fn has_outer(map: &[u8], id: u32) -> bool {
    let holds = |extent: &Extent| is_within(id, extent.outer, extent.count);
    extents(map).iter().any(holds)
}

/// Whether the uid_map or gid_map maps the inner `id`.
pub fn has_inner(map: &[u8], id: u32) -> bool {
    let holds = |extent: &Extent| is_within(id, extent.inner, extent.count);
    extents(map).iter().any(holds)
}

fn is_within(id: u32, first: u32, count: u32) -> bool {
    id.checked_sub(first).is_some_and(|offset| offset < count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extent(inner: u32, outer: u32, count: u32) -> Extent {
        Extent { inner, outer, count }
    }

    fn closed(inner: u32, outer: u32, count: u32) -> Block {
        Block { extent: extent(inner, outer, count), open_ended: false }
    }

    fn auto(outer: u32, count: u32) -> Block {
        Block { extent: extent(0, outer, count), open_ended: true }
    }

    #[test]
    fn the_single_map_wins_over_blocks() {
        for (single, block, expected) in [
            (extent(0, 1001, 1), auto(100000, 65536), "0 1001 1\n1 100000 65536\n"),
            (extent(1001, 1001, 1), auto(100000, 65536), "1001 1001 1\n0 100000 1001\n1002 101001 64535\n"),
            (extent(0, 1001, 1), closed(100000, 100000, 65536), "0 1001 1\n100000 100000 65536\n"),
            (extent(500, 1001, 1), closed(0, 100000, 1000), "500 1001 1\n0 100000 500\n501 100500 499\n"),
            (extent(1000, 1001, 1), closed(0, 100000, 1000), "1000 1001 1\n0 100000 1000\n"),
            (extent(5, 0, 1), closed(0, 100000, 10), "5 0 1\n0 100000 5\n6 100005 4\n"),
            (extent(0, 0, 1), auto(0, 10), "0 0 1\n1 1 9\n"),
            (extent(0, 0, 1), closed(0, 0, u32::MAX), "0 0 1\n1 1 4294967294\n"),
            (extent(9, 105, 1), closed(0, 100, 10), "9 105 1\n0 100 5\n5 106 4\n"),
            (extent(3, 7, 1), closed(3, 7, 1), "3 7 1\n"),
        ] {
            assert_eq!(text(&lines(Some(single), &[block])), expected, "{single:?} {block:?}");
        }
    }

    #[test]
    fn blocks_add_up_in_their_order() {
        let blocks = [closed(10, 100, 5), closed(0, 200, 5)];
        assert_eq!(text(&lines(None, &blocks)), "10 100 5\n0 200 5\n");
    }

    /// The rule of [`lines`] taken word by word, an id at a time.
    fn slowly(single: Extent, block: Block) -> Vec<(u32, u32)> {
        let Extent { inner, outer, count } = block.extent;
        let inner_end = if block.open_ended { inner + count + 1 } else { inner + count };
        let inner_ids = (inner..inner_end).filter(|id| *id != single.inner);
        inner_ids.zip((outer..outer + count).filter(|id| *id != single.outer)).collect()
    }

    proptest! {
        #[test]
        fn lines_follow_the_rule(
            inner in 0u32..20, outer in 0u32..20, count in 1u32..20, one in 0u32..50, other in 0u32..50, open_ended: bool
        ) {
            let single = extent(one, other, 1);
            let block = Block { extent: extent(inner, outer, count), open_ended };
            let lines = lines(Some(single), &[block]);
            prop_assert_eq!(lines[0], single);
            let pairs: Vec<_> = lines[1..]
                .iter()
                .flat_map(|line| (line.inner..line.inner + line.count).zip(line.outer..))
                .collect();
            prop_assert_eq!(pairs, slowly(single, block));
        }

        #[test]
        fn a_line_is_read_back(inner in 0u32..1 << 31, outer in 0u32..1 << 31, count in 1u32..1 << 31) {
            let line = format!("  {inner}  {outer} {count}\n");
            prop_assert_eq!(extents(line.as_bytes()), [extent(inner, outer, count)]);
            prop_assert_eq!(inner_ids(line.as_bytes()), [extent(inner, inner, count)]);
            prop_assert!(has_outer(line.as_bytes(), outer) && has_outer(line.as_bytes(), outer + count - 1));
            prop_assert!(!has_outer(line.as_bytes(), outer + count));
            prop_assert!(has_inner(line.as_bytes(), inner) && !has_inner(line.as_bytes(), inner + count));
        }
    }
}
