//! The failure that README and its picture show is the one that the tools give.

use std::process::Command;

use crate::common::{ours, skip};
use crate::{concerns_ours, project, read};

scene_test!(the_failure_that_readme_shows_is_what_the_tool_says);
fn the_failure_that_readme_shows_is_what_the_tool_says() {
    concerns_ours();
    let readme = read(&project("README.md"));
    let (_, example) = readme.split_once("\n  $ unshare ").unwrap();
    let (example, _) = example.split_once("\n  ```").unwrap();
    let mut lines = example.lines().map(str::trim_start);
    let line = lines.next().unwrap();
    let shown: Vec<&str> = lines.collect();
    let outcome = Command::new(ours("unshare")).args(line.split(' ')).output().unwrap();
    let said = String::from_utf8(outcome.stderr).unwrap();
    if said.starts_with("unshare: unshare failed") || said.contains("masked") {
        skip("no user namespace can be made here, or proc is masked");
    }
    assert_eq!(said.lines().collect::<Vec<_>>(), shown);
    // Longer lines are broken there.
    let picture = read(&project("docs/session.svg"));
    assert!(picture.contains(&format!(">{}<", shown[0])), "docs/session.svg is old: {}", shown[0]);
}
