//! The differences from util-linux: the tables of docs/differences.md and the COMPATIBILITY of the man pages tell the same ones.
//!
//! Each item of a page is followed by comments that quote the first cells of the rows that it tells.

use std::collections::BTreeSet;

use crate::common::{differences, note};
use crate::{Tool, concerns_ours, same, tools};

const QUOTE: &str = ".\\\" differences: ";

/// What the items of a page quote.
fn quoted(tool: &Tool) -> BTreeSet<String> {
    let source = tool.page_source();
    let (_, section) = source.split_once("\n.Sh COMPATIBILITY\n").unwrap();
    let section = section.split("\n.Sh ").next().unwrap();
    let mut quoted = BTreeSet::new();
    for item in section.split("\n.It\n").skip(1) {
        let rows: Vec<&str> = item.lines().map_while(|line| line.strip_prefix(QUOTE)).collect();
        assert!(!rows.is_empty(), "{} quotes no row: {item}", tool.name);
        for row in rows {
            assert!(quoted.insert(row.to_string()), "{} twice: {row}", tool.name);
        }
    }
    quoted
}

scene_test!(the_man_pages_tell_the_differences_of_the_table_and_no_others);
fn the_man_pages_tell_the_differences_of_the_table_and_no_others() {
    concerns_ours();
    let rows = differences::differences();
    for tool in tools() {
        let told = rows.iter().filter(|row| row.tool.is_none_or(|name| name == tool.name));
        let told: BTreeSet<String> = told.map(|row| row.what.clone()).collect();
        assert!(!told.is_empty());
        same(&tool.man_page().display().to_string(), &quoted(&tool), &told);
    }
    note(&format!("{} differences from util-linux in docs/differences.md and the man pages", rows.len()));
}
