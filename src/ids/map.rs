//! Maps of user and group ids, see user_namespaces(7): turns the `--map-*` options into lines of uid_map.

use std::fmt::Write as _;

use super::subid::Subordinates;
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

    /// Whether the outer `id` is mapped.
    pub fn has_outer(&self, id: u32) -> bool {
        is_within(id, self.outer, self.count)
    }

    /// The inner id of the outer `id`, if it is mapped.
    pub fn inner_of(&self, id: u32) -> Option<u32> {
        self.has_outer(id).then(|| self.inner + (id - self.outer))
    }

    /// Whether the inner `id` is mapped.
    pub fn has_inner(&self, id: u32) -> bool {
        is_within(id, self.inner, self.count)
    }
}

/// A block of ids to map beside a single id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// These ids, and no others.
    Closed(Extent),
    /// These outer ids, one after the other, to the inner ids from 0 on. If the single map takes one of those, the inner
    /// side grows, so that no outer id is left over.
    FromZero(Vec<Subordinates>),
}

/// The lines of a map: first the single map, which wins over the blocks, then the blocks in the order given.
///
/// In each block, the inner ids without the single inner one are paired in order with the outer ids without the single
/// outer one. Ids left over at the top are dropped.
pub fn lines(single: Option<Extent>, blocks: &[Block]) -> Vec<Extent> {
    let mut lines: Vec<Extent> = single.into_iter().collect();
    let (inner_taken, outer_taken) = (single.map(|single| single.inner), single.map(|single| single.outer));
    for block in blocks {
        let (inner_ids, outer_ids) = match block {
            Block::Closed(Extent { inner, outer, count }) => (range(*inner, *count), vec![range(*outer, *count)]),
            Block::FromZero(outer) => (0..IDS, outer.iter().map(|ids| range(ids.first, ids.count)).collect()),
        };
        let outer_ids = outer_ids.into_iter().flat_map(|ids| without(ids, outer_taken)).collect();
        pair_off(without(inner_ids, inner_taken).to_vec(), outer_ids, &mut lines);
    }
    lines
}

type Range = std::ops::Range<u64>;

fn range(first: u32, count: u32) -> Range {
    u64::from(first)..u64::from(first) + u64::from(count)
}

/// The range without one id: what is below it, and what is above.
fn without(range: Range, id: Option<u32>) -> [Range; 2] {
    match id.map(u64::from) {
        Some(id) if range.contains(&id) => [range.start..id, id + 1..range.end],
        _ => [range.clone(), range.end..range.end],
    }
}

fn pair_off(mut inner: Vec<Range>, mut outer: Vec<Range>, lines: &mut Vec<Extent>) {
    let (mut at_inner, mut at_outer) = (0, 0);
    while let (Some(ins), Some(outs)) = (inner.get_mut(at_inner), outer.get_mut(at_outer)) {
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
    extents(map).iter().any(|extent| extent.has_outer(id))
}

/// Whether the uid_map or gid_map maps the inner `id`.
pub fn has_inner(map: &[u8], id: u32) -> bool {
    extents(map).iter().any(|extent| extent.has_inner(id))
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
        Block::Closed(extent(inner, outer, count))
    }

    fn auto(outer: u32, count: u32) -> Block {
        Block::FromZero(vec![Subordinates { first: outer, count }])
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
            assert_eq!(text(&lines(Some(single), std::slice::from_ref(&block))), expected, "{single:?} {block:?}");
        }
    }

    #[test]
    fn ranges_follow_one_another_and_leave_no_gap() {
        let ranges = |ranges: &[(u32, u32)]| {
            Block::FromZero(ranges.iter().map(|(first, count)| Subordinates { first: *first, count: *count }).collect())
        };
        let two = ranges(&[(100000, 10), (300000, 5)]);
        for (single, block, expected) in [
            (None, &two, "0 100000 10\n10 300000 5\n"),
            (Some(extent(0, 1001, 1)), &two, "0 1001 1\n1 100000 10\n11 300000 5\n"),
            (Some(extent(12, 1001, 1)), &two, "12 1001 1\n0 100000 10\n10 300000 2\n13 300002 3\n"),
            (Some(extent(0, 300002, 1)), &two, "0 300002 1\n1 100000 10\n11 300000 2\n13 300003 2\n"),
            (None, &ranges(&[(7, 1), (5, 1), (6, 1)]), "0 7 1\n1 5 1\n2 6 1\n"),
            (None, &ranges(&[]), ""),
        ] {
            assert_eq!(text(&lines(single, std::slice::from_ref(block))), expected, "{single:?} {block:?}");
        }
    }

    #[test]
    fn blocks_add_up_in_their_order() {
        let blocks = [closed(10, 100, 5), closed(0, 200, 5)];
        assert_eq!(text(&lines(None, &blocks)), "10 100 5\n0 200 5\n");
    }

    /// The rule of [`lines`] taken word by word, an id at a time.
    fn slowly(single: Extent, block: &Block) -> Vec<(u32, u32)> {
        let ids = |first: u32, count: u32| first..first + count;
        let (inner_ids, outer_ids): (_, Vec<u32>) = match block {
            Block::Closed(extent) => (ids(extent.inner, extent.count), ids(extent.outer, extent.count).collect()),
            Block::FromZero(ranges) => {
                (0..1000, ranges.iter().flat_map(|range| ids(range.first, range.count)).collect())
            }
        };
        let outer_ids = outer_ids.into_iter().filter(|id| *id != single.outer);
        inner_ids.filter(|id| *id != single.inner).zip(outer_ids).collect()
    }

    proptest! {
        #[test]
        fn lines_follow_the_rule(
            inner in 0u32..20,
            outer in 0u32..20,
            count in 1u32..20,
            one in 0u32..50,
            other in 0u32..50,
            ranges in proptest::option::of(proptest::collection::vec((0u32..50, 1u32..20), 0..5)),
        ) {
            let single = extent(one, other, 1);
            let block = match ranges {
                None => closed(inner, outer, count),
                Some(ranges) => {
                    Block::FromZero(ranges.into_iter().map(|(first, count)| Subordinates { first, count }).collect())
                }
            };
            let lines = lines(Some(single), std::slice::from_ref(&block));
            prop_assert_eq!(lines[0], single);
            let pairs: Vec<_> = lines[1..]
                .iter()
                .flat_map(|line| (line.inner..line.inner + line.count).zip(line.outer..))
                .collect();
            prop_assert_eq!(pairs, slowly(single, &block));
        }

        #[test]
        fn a_line_is_read_back(inner in 0u32..1 << 31, outer in 0u32..1 << 31, count in 1u32..1 << 31) {
            let line = format!("  {inner}  {outer} {count}\n");
            prop_assert_eq!(extents(line.as_bytes()), [extent(inner, outer, count)]);
            prop_assert_eq!(inner_ids(line.as_bytes()), [extent(inner, inner, count)]);
            prop_assert!(has_outer(line.as_bytes(), outer) && has_outer(line.as_bytes(), outer + count - 1));
            prop_assert!(!has_outer(line.as_bytes(), outer + count));
            let extent = extent(inner, outer, count);
            prop_assert_eq!(extent.inner_of(outer + count - 1), Some(inner + count - 1));
            prop_assert_eq!(extent.inner_of(outer + count), None);
            prop_assert!(has_inner(line.as_bytes(), inner) && !has_inner(line.as_bytes(), inner + count));
        }
    }
}
