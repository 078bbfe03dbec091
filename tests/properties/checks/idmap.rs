//! `--map-users` and its kin, and the uid_map of our own user namespace.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nskit::internals::cli::value::{BlockArgument, block_argument};
use nskit::internals::ids::map::{Block, Extent, inner_ids, lines, text};
use nskit::internals::ids::subid::Subordinates;

use super::memory::bounded;
use super::{Check, lines_of};

/// The check.
pub const CHECK: Check = Check {
    name: "idmap",
    tokens: &[
        "0",
        "1",
        "10",
        "1000",
        "65536",
        "4294967294",
        "4294967295",
        "4294967296",
        ":",
        ",",
        " ",
        "\n",
        "\0",
        "auto",
        "ranges",
        "subids",
        "all",
        "0:0:1",
        "1,0,5",
        "         0          0 4294967295\n",
    ],
    run: check,
};

/// NUL parts arguments; all of it is a map, too.
fn check(bytes: &[u8]) {
    check_map(bytes);
    let mut extents = Vec::new();
    for argument in bytes.split(|byte| *byte == 0) {
        let read = bounded(argument.len(), 8, 256, || block_argument(OsStr::from_bytes(argument)));
        assert_eq!(read, model(argument), "{}", argument.escape_ascii());
        if let Some(block) = read {
            let written = lines_of::block_argument(block);
            assert_eq!(block_argument(OsStr::new(&written)), read);
        }
        if let Some(BlockArgument::Block(extent)) = read {
            extents.push(extent);
        }
    }
    check_lines(&extents);
}

/// `INNER:OUTER:COUNT` or `OUTER,INNER,COUNT`, of what strtoul(3) takes for a number without a minus.
fn model(argument: &[u8]) -> Option<BlockArgument> {
    let text = std::str::from_utf8(argument).ok()?;
    match text {
        "auto" => return Some(BlockArgument::Auto),
        "ranges" => return Some(BlockArgument::Ranges),
        "subids" => return Some(BlockArgument::Subids),
        "all" => return Some(BlockArgument::All),
        _ => {}
    }
    let separator = if text.contains(':') { ':' } else { ',' };
    let fields: Vec<&str> = text.split(separator).collect();
    let blanks = [' ', '\t', '\n', '\u{b}', '\u{c}', '\r'];
    let numbers = fields.iter().map(|field| field.trim_start_matches(blanks).parse::<u32>().ok());
    let numbers: Vec<u32> = numbers.collect::<Option<_>>()?;
    let [first, second, count] = numbers[..] else {
        return None;
    };
    let (inner, outer) = if separator == ':' { (first, second) } else { (second, first) };
    let end = |id: u32| u64::from(id) + u64::from(count);
    let fits = count > 0 && end(inner) < 1 << 32 && end(outer) < 1 << 32;
    let extent = Extent { inner, outer, count };
    fits.then_some(BlockArgument::Block(extent))
}

fn check_map(bytes: &[u8]) {
    let extents = bounded(bytes.len(), 16, 256, || inner_ids(bytes));
    for extent in &extents {
        assert_eq!(extent.inner, extent.outer);
    }
    assert_eq!(inner_ids(text(&extents).as_bytes()), extents);
}

/// The first extent gives the single id, the others are blocks in turn as they are, and ranges from 0 on.
fn check_lines(extents: &[Extent]) {
    let Some((first, rest)) = extents.split_first() else {
        return;
    };
    let single = Extent { count: 1, ..*first };
    let from_zero = |extent: &Extent| Subordinates { first: extent.outer, count: extent.count };
    let (closed, ranges): (Vec<_>, Vec<_>) = rest.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let mut blocks: Vec<Block> = closed.into_iter().map(|(_, extent)| Block::Closed(*extent)).collect();
    let sum = |blocks: &[Block]| -> u64 {
        let count = |block: &Block| match block {
            Block::Closed(extent) => u64::from(extent.count),
            Block::FromZero(ranges) => ranges.iter().map(|ids| u64::from(ids.count)).sum::<u64>().min(u32::MAX.into()),
        };
        blocks.iter().map(count).sum()
    };
    blocks.push(Block::FromZero(ranges.into_iter().map(|(_, extent)| from_zero(extent)).collect()));
    let made = bounded(rest.len() + 1, 256, 256, || lines(Some(single), &blocks));
    assert_eq!(made[0], single);
    assert!(made.len() <= 1 + 3 * (rest.len() + 1));
    assert!(made.iter().all(Extent::is_in_range));
    let within = |id: u32, first: u32, count: u32| (first..first + count).contains(&id);
    for line in &made[1..] {
        assert!(!within(single.inner, line.inner, line.count));
        assert!(!within(single.outer, line.outer, line.count));
    }
    // All outer ids are mapped but for the single one, and those for which no inner one is left.
    let outer: u64 = made[1..].iter().map(|line| u64::from(line.count)).sum();
    let most = sum(&blocks);
    assert!(outer <= most && outer + 2 * (rest.len() as u64 + 1) >= most);
    let written = text(&made);
    let read: Vec<_> = inner_ids(written.as_bytes()).iter().map(|line| (line.inner, line.count)).collect();
    assert_eq!(read, made.iter().map(|line| (line.inner, line.count)).collect::<Vec<_>>());
}
