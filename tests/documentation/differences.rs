//! The differences from util-linux: the tables of docs/differences.md and nskit-compatibility(7) tell the same ones.
//!
//! Each item of the page is followed by comments that quote the first cells of the rows that it tells.

use std::collections::BTreeSet;

use crate::common::{differences, note};
use crate::{concerns_ours, project, read, same};

const PAGE: &str = "man/nskit-compatibility.7";

const QUOTE: &str = ".\\\" differences: ";

/// The sections of the page, and the tools whose differences they tell; `None` is all three.
const SECTIONS: [(&str, Option<&str>); 4] =
    [("ALL THREE TOOLS", None), ("UNSHARE", Some("unshare")), ("NSENTER", Some("nsenter")), ("LSNS", Some("lsns"))];

/// What the items of a section quote.
fn quoted(page: &str, title: &str) -> BTreeSet<String> {
    let (_, section) = page.split_once(&format!("\n.Sh {title}\n")).unwrap();
    let section = section.split("\n.Sh ").next().unwrap();
    let mut quoted = BTreeSet::new();
    for item in section.split("\n.It\n").skip(1) {
        let rows: Vec<&str> = item.lines().map_while(|line| line.strip_prefix(QUOTE)).collect();
        assert!(!rows.is_empty(), "{title} quotes no row: {item}");
        for row in rows {
            assert!(quoted.insert(row.to_string()), "{title} twice: {row}");
        }
    }
    quoted
}

scene_test!(the_man_page_tells_the_differences_of_the_table_and_no_others);
fn the_man_page_tells_the_differences_of_the_table_and_no_others() {
    concerns_ours();
    let rows = differences::differences();
    let page = read(&project(PAGE));
    for (title, tool) in SECTIONS {
        let told: BTreeSet<String> = rows.iter().filter(|row| row.tool == tool).map(|row| row.what.clone()).collect();
        assert!(!told.is_empty());
        same(&format!("{PAGE}, {title}"), &quoted(&page, title), &told);
    }
    note(&format!("{} differences from util-linux in docs/differences.md and {PAGE}", rows.len()));
}
