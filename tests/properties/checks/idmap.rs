//! `--map-users` and its kin, and the uid_map of our own user namespace.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nskit::cli::value::{BlockArgument, block_argument};
use nskit::ids::map::{Block, Extent, inner_ids, lines, text};

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

/// The first extent gives the single id, the others are blocks in turn as they are and without an end.
fn check_lines(extents: &[Extent]) {
    let Some((first, rest)) = extents.split_first() else {
        return;
    };
    let single = Extent { count: 1, ..*first };
    let blocks: Vec<Block> =
        rest.iter().enumerate().map(|(at, extent)| Block { extent: *extent, open_ended: at % 2 == 1 }).collect();
    let made = bounded(blocks.len(), 256, 256, || lines(Some(single), &blocks));
    assert_eq!(made[0], single);
    assert!(made.len() <= 1 + 3 * blocks.len());
    assert!(made.iter().all(Extent::is_in_range));
    let within = |id: u32, first: u32, count: u32| (first..first + count).contains(&id);
    for line in &made[1..] {
        assert!(!within(single.inner, line.inner, line.count));
        assert!(!within(single.outer, line.outer, line.count));
    }
    // All outer ids are mapped but for the single one, and those for which no inner one is left.
    let outer: u64 = made[1..].iter().map(|line| u64::from(line.count)).sum();
    let most: u64 = blocks.iter().map(|block| u64::from(block.extent.count)).sum();
    assert!(outer <= most && outer + 2 * blocks.len() as u64 >= most);
    let written = text(&made);
    let read: Vec<_> = inner_ids(written.as_bytes()).iter().map(|line| (line.inner, line.count)).collect();
    assert_eq!(read, made.iter().map(|line| (line.inner, line.count)).collect::<Vec<_>>());
}
