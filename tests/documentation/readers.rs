//! What --help, man pages and completions tell, read out of their sources.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use nskit::cli::getopt::Takes;

/// Options as they are written, with what they take.
pub type Options = BTreeMap<String, Takes>;

/// The options that the lines of --help begin with.
pub fn in_help(help: &str) -> BTreeSet<String> {
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
    let words: Vec<&str> = line.strip_prefix('.').unwrap_or_default().split_whitespace().collect();
    let follow = words.windows(2).filter(|pair| pair[0] == "Fl");
    let flags: Vec<_> = follow.map(|pair| format!("-{}", pair[1])).collect();
    flags.into_iter()
}

/// The options that a man page describes, and all that it names.
pub fn in_man_page(source: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let described = source.lines().filter(|line| line.starts_with(".It Fl"));
    (described.flat_map(flags).collect(), source.lines().flat_map(flags).collect())
}

/// `options='--long -s= --other[=]'` of a completion for bash.
pub fn in_bash(source: &str) -> Options {
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
pub fn in_zsh(source: &str) -> Options {
    let lines = source.lines().filter_map(|line| line.strip_prefix("  '")?.split_once('[').map(|(name, _)| name));
    let names = lines.map(|name| name.trim_start_matches('*'));
    let names = names.map(|name| name.rsplit_once(')').map_or(name, |(_, name)| name));
    let options = names.filter(|name| name.starts_with('-'));
    options
        .map(|written| {
            let long = written.starts_with("--");
            let (name, takes) = match (long, written) {
                (true, _) if written.ends_with("=-") => (&written[..written.len() - 2], Takes::Optional),
                (true, _) if written.ends_with('=') => (&written[..written.len() - 1], Takes::Required),
                (false, _) if written.ends_with('+') => (&written[..2], Takes::Required),
                (false, _) if written.len() == 3 => (&written[..2], Takes::Optional),
                _ => (written, Takes::Nothing),
            };
            (name.to_string(), takes)
        })
        .collect()
}

/// The `complete` commands of fish.
pub fn in_fish(source: &str) -> Options {
    let mut options = Options::new();
    for line in source.lines().filter(|line| line.starts_with("complete -c")) {
        // Descriptions and conditions hold words that are no options of fish.
        let unquoted: Vec<&str> = line.split(['\'', '"']).step_by(2).collect();
        let words: Vec<&str> = unquoted.iter().flat_map(|part| part.split_whitespace()).collect();
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

/// The words in `source` from `start` to `end` that are names of columns by their form: capitals, and at least two.
pub fn columns_in(source: &str, start: &str, end: &str) -> BTreeSet<String> {
    let list = source.split_once(start).unwrap().1.split(end).next().unwrap();
    let words = list.split(|character: char| !character.is_ascii_alphabetic() && character != '-');
    let capitals = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '-');
    words.filter(capitals).map(String::from).collect()
}

/// The words of a command line of the shell, up to a pipe or the end of a substitution.
pub fn shell_words(line: &str) -> Vec<OsString> {
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
