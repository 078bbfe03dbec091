//! What --help and man pages tell, read out of their sources.

use std::collections::BTreeSet;
use std::ffi::OsString;

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
