//! The options as --help, the man pages and the completions tell them, held against the tables that the parsers read: each
//! option of a table is in all of them, and what they name is in the table.

#![allow(clippy::unwrap_used)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod completions;
mod differences;
mod examples;
mod face;
mod library;
mod readers;
mod registered;
mod rooms;
mod scripts;
mod supply_chain;
mod translations;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{note, on_purpose, skip};
use completions::Row;
use nskit::internals::cli;
use nskit::internals::cli::getopt::{Opt, UsageError};
use nskit::internals::cli::help::{self, Page};
use nskit::internals::list::column::COLUMNS;
use nskit::internals::list::scan::{Source, SourceSet};
use readers::{columns_in, in_help, in_man_page, shell_words};

/// A tool as its own tables describe it.
struct Tool {
    page: &'static Page,
    name: &'static str,
    section: u8,
    options: Vec<Row>,
    help: String,
    /// Whether its parser takes a command line.
    reads: fn(Vec<OsString>) -> Result<(), UsageError>,
}

fn tools() -> Vec<Tool> {
    vec![
        tool(1, &cli::unshare::PAGE, cli::unshare::OPTIONS, |line| cli::unshare::parse(line).map(drop)),
        tool(1, &cli::nsenter::PAGE, cli::nsenter::OPTIONS, |line| cli::nsenter::parse(line).map(drop)),
        tool(8, &cli::lsns::PAGE, cli::lsns::OPTIONS, |line| cli::lsns::parse(line).map(drop)),
    ]
}

fn tool<Id>(
    section: u8,
    page: &'static Page,
    table: &[Opt<Id>],
    reads: fn(Vec<OsString>) -> Result<(), UsageError>,
) -> Tool {
    Tool {
        page,
        name: page.tool,
        section,
        options: table.iter().map(Row::from).collect(),
        help: help::render(page, table),
        reads,
    }
}

impl Tool {
    fn man_page(&self) -> PathBuf {
        project(&format!("man/{}.{}", self.name, self.section))
    }

    fn page_source(&self) -> String {
        read(&self.man_page())
    }
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn concerns_ours() {
    on_purpose("documentation only concerns ours");
}

#[track_caller]
fn same<T: Ord + Debug>(where_: &str, found: &BTreeSet<T>, table: &BTreeSet<T>) {
    let missing: Vec<_> = table.difference(found).collect();
    let unknown: Vec<_> = found.difference(table).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "{where_}: missing {missing:?}, not in the table {unknown:?}");
}

scene_test!(every_option_is_documented_and_nothing_else);
fn every_option_is_documented_and_nothing_else() {
    concerns_ours();
    for tool in tools() {
        let table: BTreeSet<String> = tool.options.iter().flat_map(Row::names).collect();
        same(&format!("{} --help", tool.name), &in_help(&tool.help), &table);
        let (described, named) = in_man_page(&tool.page_source());
        let page = tool.man_page().display().to_string();
        same(&page, &described, &table);
        same(&page, &named, &table);
        completions::check(tool.name, &tool.options);
        note(&format!(
            "{}: {} options in --help, {}({}) and three completions",
            tool.name,
            table.len(),
            tool.name,
            tool.section
        ));
    }
}

scene_test!(help_fits_a_terminal_and_names_each_option_once);
fn help_fits_a_terminal_and_names_each_option_once() {
    concerns_ours();
    for tool in tools() {
        let wide: Vec<&str> = tool.help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{}: wider than a terminal: {wide:#?}", tool.name);
        let mut grouped: Vec<&str> = tool.page.groups.iter().flat_map(|group| group.options).copied().collect();
        grouped.sort_unstable();
        let mut table: Vec<&str> = tool.options.iter().map(|row| row.long).collect();
        table.sort_unstable();
        assert_eq!(grouped, table, "{}", tool.name);
        let (_, examples) = tool.help.split_once("\nExamples:\n").unwrap();
        let lines: Vec<&str> = examples.lines().map_while(|line| line.strip_prefix("  ")).collect();
        assert_eq!(lines.len(), 3, "{}", tool.name);
        for line in lines {
            let command = line.split("  ").next().unwrap();
            let (_, words) = command.split_once(&format!("{} ", tool.name)).unwrap_or_else(|| panic!("{line}"));
            (tool.reads)(shell_words(words)).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }
}

scene_test!(every_column_is_documented_and_nothing_else);
fn every_column_is_documented_and_nothing_else() {
    concerns_ours();
    let table: BTreeSet<String> = COLUMNS.iter().map(|column| column.name.to_string()).collect();
    let page = read(&project("man/lsns.8"));
    let page = page.split_once(".Sh COLUMNS").unwrap().1.split("\n.Sh").next().unwrap();
    let items = page.lines().filter_map(|line| line.strip_prefix(".It "));
    // What a column may hold is described by a list of its own.
    let described = items.filter(|item| !item.starts_with("Li "));
    same("lsns.8", &described.map(String::from).collect(), &table);
    for (file, start, end) in [
        ("completions/bash/lsns", "local columns='", "'\n"),
        ("completions/zsh/_lsns", "local -a columns=(", "\n)"),
        ("completions/fish/nskit.fish", "function __nskit_lsns_columns\n", "\nend"),
    ] {
        same(file, &columns_in(&read(&project(file)), start, end), &table);
    }
    note(&format!("lsns: {} columns in lsns(8) and three completions", table.len()));
}

scene_test!(every_source_is_documented_and_nothing_else);
fn every_source_is_documented_and_nothing_else() {
    concerns_ours();
    let page = read(&project("man/lsns.8"));
    let page = page.split_once(".Sh SOURCES").unwrap().1;
    let page = page.split(".El").next().unwrap();
    let items = page.lines().filter_map(|line| line.strip_prefix(".It Cm "));
    let described: Vec<&str> = items.collect();
    let all = SourceSet::parse(described.join(",").as_bytes(), SourceSet::NONE);
    assert_eq!(all, Some(SourceSet::ALL.with(Source::Bpf)), "{described:?}");
    let mut offered: BTreeSet<&str> = described.iter().copied().collect();
    offered.insert("all");
    for (file, start, end) in [
        ("completions/bash/lsns", "local -a sources=(", ")"),
        ("completions/zsh/_lsns", "local -a sources=(", "\n)"),
        ("completions/fish/nskit.fish", "for source in ", "\n        set "),
    ] {
        let text = read(&project(file));
        let list = text.split_once(start).unwrap().1.split(end).next().unwrap();
        // Words stand alone, or in `'word:description'`, or before a tab and `'description'`.
        let words: BTreeSet<&str> = match file.contains("fish") {
            true => list
                .split('\'')
                .step_by(2)
                .filter_map(|word| word.trim_end_matches("\\t").split_whitespace().last())
                .collect(),
            false => list
                .split_whitespace()
                .filter(|word| file.contains("bash") || word.starts_with('\''))
                .map(|word| word.trim_matches('\'').split(':').next().unwrap())
                .collect(),
        };
        same(file, &words, &offered);
    }
    note(&format!("lsns: {} sources in lsns(8) and three completions", described.len()));
}

/// What a line of 80 columns holds behind the indentation and the prompt.
const LONGEST_EXAMPLE: usize = 66;

scene_test!(examples_are_command_lines_of_the_tools);
fn examples_are_command_lines_of_the_tools() {
    concerns_ours();
    let tools = tools();
    let mut read = 0;
    for page in &tools {
        let source = page.page_source();
        let examples = source.split_once(".Sh EXAMPLES").unwrap().1;
        let examples = examples.split("\n.Sh").next().unwrap();
        let lines = examples.lines().filter_map(|line| {
            let line = line.strip_prefix(".Dl ").unwrap_or(line);
            line.strip_prefix("$ ").or(line.strip_prefix("# "))
        });
        for line in lines {
            let line = line.replace("\\(dq", "\"");
            // Longer ones are broken in the middle, by blanks that may be a part of a word.
            assert!(line.len() < LONGEST_EXAMPLE, "too long for a line: {line}");
            let Some((name, rest)) = line.split_once(' ') else {
                continue;
            };
            // What a substitution or a variable gives is not known.
            let Some(tool) =
                tools.iter().find(|tool| tool.name == name && !line.contains("$(") && !line.contains("\"$"))
            else {
                continue;
            };
            let words = shell_words(&rest.replace("$$", "1"));
            (tool.reads)(words).unwrap_or_else(|error| panic!("{line}: {error}"));
            read += 1;
        }
    }
    note(&format!("man pages: {read} examples read by the parsers"));
}

scene_test!(man_pages_are_clean);
fn man_pages_are_clean() {
    concerns_ours();
    let pages = ["unshare.1", "nsenter.1", "lsns.8", "nskit-compatibility.7"].map(|page| project("man").join(page));
    let lint = Command::new("mandoc").args(["-Tlint", "-W", "warning"]).args(&pages).output();
    match lint {
        Err(error) => skip(&format!("mandoc: {error}")),
        Ok(lint) => {
            let said = String::from_utf8_lossy(&lint.stdout);
            assert!(lint.status.success() && said.is_empty(), "{said}");
            note(&format!("man pages: {} read by mandoc without a warning", pages.len()));
        }
    }
}

scene_test!(what_is_counted_in_the_sources_is_the_number_that_the_pages_tell);
/// How many scenes of fault injection and how many patches there are.
fn what_is_counted_in_the_sources_is_the_number_that_the_pages_tell() {
    concerns_ours();
    let cases = read(&project("tests/faults/cases.rs"));
    let table = cases.split_once("pub const CASES").unwrap().1;
    let begins = |line: &&str| ["unshare(", "nsenter(", "lsns("].iter().any(|tool| line.trim_start().starts_with(tool));
    let scenes = table.lines().filter(begins).count();
    let files = std::fs::read_dir(project("tests/broken")).unwrap();
    let is_patch = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "patch");
    let patches = files.map(|file| file.unwrap().path()).filter(is_patch).count();
    for (page, told) in [
        ("SECURITY.md", format!("| Fault injection | {scenes} scenes")),
        ("CONTRIBUTING.md", format!("every system call of {scenes} ways of running")),
        ("SECURITY.md", format!("| Broken on purpose | {patches} patches")),
    ] {
        assert!(read(&project(page)).contains(&told), "{page}: {told}");
    }
}

fn main() -> std::process::ExitCode {
    common::main()
}
