//! Runs every command of docs/walkthrough.md for real, each block in throw-away namespaces, and compares what it prints.
#![allow(clippy::unwrap_used)]

#[macro_use]
mod common;

use std::io::Write;
use std::process::{Command, Stdio};

/// Where a block is run: nothing that it makes stays.
///
/// The tools come along, so that ordinary users reach them wherever they were built.
const SCENE: &str = r#"mount -t tmpfs none /mnt && mkdir /mnt/bin /mnt/walk &&
    cp "$1/unshare" "$1/nsenter" "$1/lsns" /mnt/bin && cd /mnt/walk &&
    PATH=/mnt/bin:$PATH exec bash -euo pipefail"#;

/// A block of commands, and what it prints.
struct Block {
    line: usize,
    commands: String,
    expected: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let into_commands = match line {
            "```sh" => true,
            "```text" => false,
            _ => continue,
        };
        let body: String = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .flat_map(|line| [line, "\n"])
            .collect();
        match blocks.last_mut() {
            Some(block) if !into_commands => block.expected = body,
            _ => blocks.push(Block { line: number + 1, commands: body, expected: String::new() }),
        }
    }
    blocks
}

/// Whether a line is as expected, `…` standing for anything.
fn matches(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether bash says here that a job was ended by a signal: it does so at a moment of its own, or not at all.
fn is_notice(line: &str) -> bool {
    let line = match line.strip_prefix("bash: line ") {
        Some(notice) => notice.trim_start_matches(|letter: char| " :".contains(letter) || letter.is_ascii_digit()),
        None => line,
    };
    ["Terminated", "Killed"].iter().any(|word| line.split("  ").next() == Some(word))
}

fn run(block: &Block) -> String {
    let unshare = common::ours("unshare");
    let tools = unshare.parent().unwrap().display().to_string();
    let mut child = Command::new(&unshare)
        .args(["-mpuin", "--fork", "--kill-child", "--mount-proc", "sh", "-c", SCENE, "sh", &tools])
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One stream, in the order of writing.
    let commands = format!("exec 2>&1\n{}", block.commands);
    child.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        text.push_str(&format!("(ended with {})\n", output.status));
    }
    text
}

/// What the page uses beside our tools, and cannot do without.
const PROGRAMS: [&str; 6] = ["bash", "busybox", "ip", "ipcmk", "ping", "setpriv"];

fn missing() -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &&str| std::env::split_paths(&path).any(|directory| directory.join(program).exists());
    PROGRAMS.iter().find(|program| !is_there(program)).map(|program| format!("there is no {program} here"))
}

scene_test!(every_command_of_the_walk_does_what_the_page_says);
fn every_command_of_the_walk_does_what_the_page_says() {
    common::on_purpose("the walk is one with our tools");
    common::needs_root("the walk is one for root");
    if let Some(why) = missing() {
        common::skip(&why);
    }
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/walkthrough.md")).unwrap();
    let blocks = blocks(&text);
    let mut wrong = Vec::new();
    for block in &blocks {
        let printed = run(block);
        let (expected, lines): (Vec<_>, Vec<_>) =
            (block.expected.lines().collect(), printed.lines().filter(|line| !is_notice(line)).collect());
        let same = expected.len() == lines.len()
            && expected.iter().zip(&lines).all(|(expected, line)| matches(expected, line));
        if !same {
            wrong.push(format!("line {}:\n{}\nprinted:\n{printed}", block.line, block.expected));
        }
    }
    let commands: usize =
        blocks.iter().map(|block| block.commands.lines().filter(|line| !line.is_empty()).count()).sum();
    common::note(&format!("walk-through: {} blocks with {commands} lines of commands run", blocks.len()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn main() -> std::process::ExitCode {
    common::main()
}
