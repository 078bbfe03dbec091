//! The options as --help, the man pages and the completions tell them, held against the tables that the parsers read: each
//! option of a table is in all of them, and what they name is in the table.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Debug;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{on_purpose, skip};
use nskit::cli;
use nskit::cli::getopt::{Opt, Takes, UsageError};
use nskit::cli::help::{self, Page};
use nskit::list::column::COLUMNS;
use nskit::list::scan::SourceSet;

/// Options as they are written, with what they take.
type Options = BTreeMap<String, Takes>;

/// What reads the options out of a completion.
type Reader = fn(&str) -> Options;

/// A tool as its own tables describe it.
struct Tool {
    name: &'static str,
    section: u8,
    options: Options,
    help: String,
    /// Whether its parser takes a command line.
    reads: fn(Vec<OsString>) -> Result<(), UsageError>,
}

fn tools() -> Vec<Tool> {
    vec![
        tool(1, &cli::unshare::PAGE, &cli::unshare::OPTIONS, |line| {
            cli::unshare::parse(line).map(drop)
        }),
        tool(1, &cli::nsenter::PAGE, &cli::nsenter::OPTIONS, |line| {
            cli::nsenter::parse(line).map(drop)
        }),
        tool(8, &cli::lsns::PAGE, &cli::lsns::OPTIONS, |line| {
            cli::lsns::parse(line).map(drop)
        }),
    ]
}

fn tool<Id>(
    section: u8,
    page: &Page,
    table: &[Opt<Id>],
    reads: fn(Vec<OsString>) -> Result<(), UsageError>,
) -> Tool {
    let mut options = Options::new();
    for opt in table {
        options.insert(format!("--{}", opt.long), opt.takes);
        if let Some(letter) = opt.short {
            options.insert(format!("-{}", letter as char), opt.short_takes);
        }
    }
    Tool {
        name: page.tool,
        section,
        options,
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

/// Past the test harness, which would keep it to itself.
fn say(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

fn concerns_theirs() -> bool {
    on_purpose("documentation only concerns ours")
}

/// The options that the lines of --help begin with.
fn in_help(help: &str) -> BTreeSet<String> {
    let lines = help.lines().map(str::trim_start);
    lines
        .filter(|line| line.starts_with('-'))
        .flat_map(|line| {
            let options = line.split("  ").next().unwrap().split(", ");
            options.map(|option| option.split(['[', ' ']).next().unwrap().to_string())
        })
        .collect()
}

/// The arguments of the macro `Fl` in a line of mdoc, each an option without its first dash.
fn flags(line: &str) -> impl Iterator<Item = String> {
    let words: Vec<&str> = line
        .strip_prefix('.')
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let follow = words.windows(2).filter(|pair| pair[0] == "Fl");
    let flags: Vec<_> = follow.map(|pair| format!("-{}", pair[1])).collect();
    flags.into_iter()
}

/// The options that a man page describes, and all that it names.
fn in_man_page(source: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let described = source.lines().filter(|line| line.starts_with(".It Fl"));
    (
        described.flat_map(flags).collect(),
        source.lines().flat_map(flags).collect(),
    )
}

/// `options='--long -s= --other[=]'` of a completion for bash.
fn in_bash(source: &str) -> Options {
    let list = source.split_once("local options='").unwrap().1;
    let list = list.split('\'').next().unwrap().split_whitespace();
    list.map(|word| {
        let end = word.find(['[', '=']).unwrap_or(word.len());
        let takes = match &word[end..] {
            "" => Takes::Nothing,
            "=" => Takes::Required,
            "[=]" => Takes::Optional,
            other => panic!("{word}: {other}"),
        };
        (word[..end].to_string(), takes)
    })
    .collect()
}

/// The specifications of zsh's _arguments: `(excluded)--name=[description]:message:action`.
fn in_zsh(source: &str) -> Options {
    let lines = source.lines().filter_map(|line| {
        line.strip_prefix("  '")?
            .split_once('[')
            .map(|(name, _)| name)
    });
    let names = lines.map(|name| name.trim_start_matches('*'));
    let names = names.map(|name| name.rsplit_once(')').map_or(name, |(_, name)| name));
    let options = names.filter(|name| name.starts_with('-'));
    options
        .map(|written| {
            let long = written.starts_with("--");
            let (name, takes) = match (long, written) {
                (true, _) if written.ends_with("=-") => {
                    (&written[..written.len() - 2], Takes::Optional)
                }
                (true, _) if written.ends_with('=') => {
                    (&written[..written.len() - 1], Takes::Required)
                }
                (false, _) if written.ends_with('+') => (&written[..2], Takes::Required),
                (false, _) if written.len() == 3 => (&written[..2], Takes::Optional),
                _ => (written, Takes::Nothing),
            };
            (name.to_string(), takes)
        })
        .collect()
}

/// The `complete` commands of fish.
fn in_fish(source: &str) -> Options {
    let mut options = Options::new();
    for line in source
        .lines()
        .filter(|line| line.starts_with("complete -c"))
    {
        // Descriptions and conditions hold words that are no options of fish.
        let unquoted: Vec<&str> = line.split(['\'', '"']).step_by(2).collect();
        let words: Vec<&str> = unquoted
            .iter()
            .flat_map(|part| part.split_whitespace())
            .collect();
        let takes = match () {
            () if words.contains(&"-x") || words.contains(&"-rF") => Takes::Required,
            () if words.contains(&"-f") || words.contains(&"-F") => Takes::Optional,
            () => Takes::Nothing,
        };
        for pair in words.windows(2) {
            match pair[0] {
                "-s" => options.insert(format!("-{}", pair[1]), takes),
                "-l" => options.insert(format!("--{}", pair[1]), takes),
                _ => continue,
            };
        }
    }
    options
}

#[track_caller]
fn same<T: Ord + Debug>(where_: &str, found: &BTreeSet<T>, table: &BTreeSet<T>) {
    let missing: Vec<_> = table.difference(found).collect();
    let unknown: Vec<_> = found.difference(table).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "{where_}: missing {missing:?}, not in the table {unknown:?}"
    );
}

#[test]
fn every_option_is_documented_and_nothing_else() {
    if concerns_theirs() {
        return;
    }
    for tool in tools() {
        let table: BTreeSet<String> = tool.options.keys().cloned().collect();
        same(
            &format!("{} --help", tool.name),
            &in_help(&tool.help),
            &table,
        );
        let (described, named) = in_man_page(&tool.page_source());
        let page = tool.man_page().display().to_string();
        same(&page, &described, &table);
        same(&page, &named, &table);
        for (file, reader) in completions(tool.name) {
            let found = reader(&read(&project(&file)));
            let with_takes = |options: &Options| -> BTreeSet<String> {
                options
                    .iter()
                    .map(|(name, takes)| format!("{name} {takes:?}"))
                    .collect()
            };
            same(&file, &with_takes(&found), &with_takes(&tool.options));
        }
        say(&format!(
            "{}: {} options in --help, {}({}) and three completions",
            tool.name,
            table.len(),
            tool.name,
            tool.section
        ));
    }
}

/// The files of a tool's completions, and what reads each.
fn completions(name: &str) -> [(String, Reader); 3] {
    [
        (format!("completions/bash/{name}"), in_bash),
        (format!("completions/zsh/_{name}"), in_zsh),
        (format!("completions/fish/{name}.fish"), in_fish),
    ]
}

/// The words in `source` from `start` to `end` that are names of columns by their form: capitals, and at least two.
fn columns_in(source: &str, start: &str, end: &str) -> BTreeSet<String> {
    let list = source
        .split_once(start)
        .unwrap()
        .1
        .split(end)
        .next()
        .unwrap();
    let words = list.split(|character: char| !character.is_ascii_alphabetic() && character != '-');
    let capitals =
        |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '-');
    words.filter(capitals).map(String::from).collect()
}

#[test]
fn every_column_is_documented_and_nothing_else() {
    if concerns_theirs() {
        return;
    }
    let table: BTreeSet<String> = COLUMNS
        .iter()
        .map(|column| column.name.to_string())
        .collect();
    let page = read(&project("man/lsns.8"));
    let page = page
        .split_once(".Sh COLUMNS")
        .unwrap()
        .1
        .split("\n.Sh")
        .next()
        .unwrap();
    let items = page.lines().filter_map(|line| line.strip_prefix(".It "));
    // What a column may hold is described by a list of its own.
    let described = items.filter(|item| !item.starts_with("Li "));
    same("lsns.8", &described.map(String::from).collect(), &table);
    for (file, start, end) in [
        ("completions/bash/lsns", "local columns='", "'\n"),
        ("completions/zsh/_lsns", "local -a columns=(", "\n)"),
        (
            "completions/fish/nskit.fish",
            "function __nskit_lsns_columns\n",
            "\nend",
        ),
    ] {
        same(file, &columns_in(&read(&project(file)), start, end), &table);
    }
    say(&format!(
        "lsns: {} columns in lsns(8) and three completions",
        table.len()
    ));
}

#[test]
fn every_source_is_documented_and_nothing_else() {
    if concerns_theirs() {
        return;
    }
    let page = read(&project("man/lsns.8"));
    let page = page.split_once(".Sh SOURCES").unwrap().1;
    let page = page.split(".El").next().unwrap();
    let items = page.lines().filter_map(|line| line.strip_prefix(".It Cm "));
    let described: Vec<&str> = items.collect();
    let all = SourceSet::parse(described.join(",").as_bytes(), SourceSet::NONE);
    assert_eq!(all, Some(SourceSet::ALL), "{described:?}");
    let mut offered: BTreeSet<&str> = described.iter().copied().collect();
    offered.insert("all");
    for (file, start, end) in [
        ("completions/bash/lsns", "local -a sources=(", ")"),
        ("completions/zsh/_lsns", "local -a sources=(", "\n)"),
        (
            "completions/fish/nskit.fish",
            "for source in ",
            "\n        set ",
        ),
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
    say(&format!(
        "lsns: {} sources in lsns(8) and three completions",
        described.len()
    ));
}

/// Where the program begins, fish's completion tells by a list of its own.
#[test]
fn fish_knows_which_options_take_the_next_word() {
    if concerns_theirs() {
        return;
    }
    for tool in tools() {
        let source = read(&project(&format!("completions/fish/{}.fish", tool.name)));
        let Some((_, list)) = source.split_once("    __nskit_program ") else {
            continue;
        };
        let list = list.split("\nend").next().unwrap().split_whitespace();
        let found: BTreeSet<String> = list
            .filter(|word| *word != "\\")
            .map(String::from)
            .collect();
        let table = tool.options.iter().filter_map(|(name, takes)| match takes {
            Takes::Required => Some(name.clone()),
            Takes::Optional if !name.starts_with("--") => Some(format!("{name}=")),
            _ => None,
        });
        same(tool.name, &found, &table.collect());
    }
}

/// The words of a command line of the shell, up to a pipe or the end of a substitution.
fn shell_words(line: &str) -> Vec<OsString> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (None, '|' | ';') => break,
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.map(OsString::from).collect()
}

#[test]
fn examples_are_command_lines_of_the_tools() {
    if concerns_theirs() {
        return;
    }
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
            let Some((name, rest)) = line.split_once(' ') else {
                continue;
            };
            // What a substitution gives is not known.
            let Some(tool) = tools
                .iter()
                .find(|tool| tool.name == name && !line.contains("$("))
            else {
                continue;
            };
            let words = shell_words(&rest.replace("$$", "1"));
            (tool.reads)(words).unwrap_or_else(|error| panic!("{line}: {error}"));
            read += 1;
        }
    }
    say(&format!("man pages: {read} examples read by the parsers"));
}

#[test]
fn man_pages_are_clean() {
    if concerns_theirs() {
        return;
    }
    let pages = ["unshare.1", "nsenter.1", "lsns.8"].map(|page| project("man").join(page));
    let lint = Command::new("mandoc")
        .args(["-Tlint", "-W", "warning"])
        .args(&pages)
        .output();
    match lint {
        Err(error) => skip(&format!("mandoc: {error}")),
        Ok(lint) => {
            let said = String::from_utf8_lossy(&lint.stdout);
            assert!(lint.status.success() && said.is_empty(), "{said}");
            say(&format!(
                "man pages: {} read by mandoc without a warning",
                pages.len()
            ));
        }
    }
}
