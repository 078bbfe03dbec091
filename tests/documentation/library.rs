//! The programs on the crate's page, which are those of examples/: each does what the page says.

use std::fs::read_link;
use std::process::Command;

use crate::common::{example, needs_root, skip};
use crate::{concerns_ours, project, read};

/// What the example prints.
fn printed(name: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(example(name)).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn own(kind: &str) -> String {
    read_link(format!("/proc/self/ns/{kind}")).unwrap().into_os_string().into_string().unwrap()
}

scene_test!(every_program_of_the_page_is_one_that_runs_here);
fn every_program_of_the_page_is_one_that_runs_here() {
    concerns_ours();
    let page = read(&project("src/lib.rs"));
    let included: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("#![doc = include_str!(\"../examples/")?.strip_suffix(".rs\")]"))
        .collect();
    assert_eq!(included, ["list", "plan", "enter", "start"]);
    // No other code is on it.
    assert_eq!(page.lines().filter(|line| line.starts_with("//! ```")).count(), 2 * (included.len() + 2));
    assert_eq!(page.lines().filter(|line| line.starts_with("//! ```text")).count(), 2);
}

scene_test!(the_program_that_lists_finds_our_own_namespaces);
fn the_program_that_lists_finds_our_own_namespaces() {
    concerns_ours();
    let list = printed("list", &[]).unwrap();
    for kind in ["net", "mnt", "pid"] {
        assert!(list.lines().any(|line| line.starts_with(&format!("{} ", own(kind)))), "{kind}: {list}");
    }
}

scene_test!(the_program_that_plans_finds_its_plan);
fn the_program_that_plans_finds_its_plan() {
    concerns_ours();
    assert_eq!(printed("plan", &[]).as_deref(), Ok(""));
}

scene_test!(the_program_that_enters_runs_another_there);
fn the_program_that_enters_runs_another_there() {
    concerns_ours();
    needs_root("to enter a network namespace");
    let target = std::process::id().to_string();
    assert_eq!(printed("enter", &[&target]), Ok(format!("{}\n", own("net"))));
    assert!(printed("enter", &["999999999"]).unwrap_err().contains("FindProcess"));
}

scene_test!(the_program_that_starts_one_is_its_process_1);
fn the_program_that_starts_one_is_its_process_1() {
    concerns_ours();
    match printed("start", &[]) {
        Ok(said) => assert_eq!(said, "process 1 of /proc/1\nExited(0)\n"),
        Err(said) if said.contains("Unshare") || said.contains("MountProc") => {
            skip("no user namespace can be made here, or proc is masked")
        }
        Err(said) => panic!("{said}"),
    }
}
