//! The examples of the man pages, run for real: each does what its title says.

#![allow(clippy::unwrap_used)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod tables;

use std::path::Path;

use common::note;
use common::session::{self, Stage};

use tables::{INSTEAD, LSNS, MACHINE, NSENTER, UNSHARE};

/// What an example must come to.
struct Expected {
    /// Its command lines, as on the page.
    commands: &'static str,
    /// What is typed into the shell that it runs.
    typed: &'static str,
    /// What is printed, the status behind it; with a `!` before it, what is not.
    prints: &'static [&'static str],
}

/// The examples of a page: command lines that belong together, with their prompt.
fn examples(page: &str) -> Vec<String> {
    let (_, section) = page.split_once(".Sh EXAMPLES").unwrap();
    let section = section.split("\n.Sh").next().unwrap().replace("\\(dq", "\"");
    let mut examples = Vec::new();
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        if let Some(example) = line.strip_prefix(".Dl ") {
            examples.push(example.to_string());
        } else if line.starts_with(".Bd") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != ".Ed").collect();
            examples.push(block.join("\n"));
        }
    }
    examples
}

/// The commands as they can be run here: what a kernel numbers, and what a machine has, is another one in each place.
fn script(example: &str, typed: &str) -> String {
    let commands: Vec<&str> = example.lines().map(|line| &line[2..]).collect();
    let mut script = commands.join("\n");
    for (page, here) in INSTEAD {
        script = script.replace(page, here);
    }
    format!("exec 2>&1\n{script}\n{typed}\necho \"status $?\"\n")
}

fn check(page: &str, table: &[Expected]) {
    session::needs_a_machine();
    let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let examples = examples(&source);
    let mut stage = Stage::new(page);
    let mut wrong = Vec::new();
    for example in &examples {
        let Some(expected) = table.iter().find(|expected| expected.commands == example) else {
            wrong.push(format!("no test of: {example}"));
            continue;
        };
        let printed = stage.play(MACHINE, &example[..1], &script(example, expected.typed));
        let is_right = |wanted: &&str| match wanted.strip_prefix('!') {
            Some(unwanted) => !printed.contains(unwanted),
            None => printed.contains(*wanted),
        };
        if !expected.prints.iter().all(is_right) {
            wrong.push(format!("{example}\nis to print {:?}, and printed:\n{printed}", expected.prints));
        }
    }
    for expected in table {
        if !examples.iter().any(|example| example == expected.commands) {
            wrong.push(format!("not on the page: {}", expected.commands));
        }
    }
    assert!(wrong.is_empty(), "{page}:\n{}", wrong.join("\n"));
    note(&format!("{page}: {} examples run", examples.len()));
}

scene_test!(the_examples_of_unshare_do_what_they_say);
fn the_examples_of_unshare_do_what_they_say() {
    check("man/unshare.1", UNSHARE);
}

scene_test!(the_examples_of_nsenter_do_what_they_say);
fn the_examples_of_nsenter_do_what_they_say() {
    check("man/nsenter.1", NSENTER);
}

scene_test!(the_examples_of_lsns_do_what_they_say);
fn the_examples_of_lsns_do_what_they_say() {
    check("man/lsns.8", LSNS);
}

fn main() -> std::process::ExitCode {
    common::main()
}
