//! The face of the library as text: what users see is in tests/documentation/face.txt, so that a change of it is seen in review.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::registered::below;
use crate::{concerns_ours, project, read};

const LIST: &str = "tests/documentation/face.txt";

const START: &str = "# The face of the library: types and functions with their methods, fields and variants, and the traits that they have.
# `NSKIT_WRITE=1 cargo test --test documentation` writes it; a change of it wants to be looked at.
";

/// At most so many types and functions are public.
const MOST: usize = 90;

/// The files in which something of the face is defined: the room itself, and those that it takes words from.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    below(&project("src/face"), &mut files);
    files.extend(["src/namespace.rs", "src/enter/setting.rs", "src/list/scan/source.rs"].map(project));
    files.sort();
    files
}

/// The names that src/lib.rs and src/face/mod.rs hand on.
fn names() -> BTreeSet<String> {
    let text = read(&project("src/face/mod.rs")) + &read(&project("src/lib.rs"));
    let uses = text.split("\npub use ").skip(1).map(|rest| rest.split(';').next().unwrap());
    uses.filter(|path| !path.ends_with('*'))
        .flat_map(|path| {
            let last = path.split_once("::").unwrap().1;
            last.trim_matches(['{', '}']).split(',').map(|name| name.trim().to_string()).collect::<Vec<_>>()
        })
        .collect()
}

/// An item, from its first line to where its body begins, in one line.
fn signature(lines: &[&str], first: usize) -> String {
    let mut text = String::new();
    for line in &lines[first..] {
        text.push_str(line.trim());
        text.push(' ');
        if line.ends_with(['{', ';', '}', ',']) && text.matches('(').count() == text.matches(')').count() {
            break;
        }
    }
    let text = text.trim().trim_end_matches(['{', ';', ',']).replace("( ", "(").replace(", )", ")");
    text.trim().to_string()
}

/// The lines of the face that a file defines, and those of its signatures that name something of another crate.
fn of_file(text: &str, names: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let foreign: BTreeMap<&str, ()> = text
        .lines()
        .filter(|line| ["use nix", "use libc", "use clap", "use procfs"].iter().any(|start| line.starts_with(start)))
        .flat_map(|line| line.split(|character: char| !character.is_alphanumeric() && character != '_'))
        .filter(|word| word.starts_with(char::is_uppercase))
        .map(|word| (word, ()))
        .collect();
    let lines: Vec<&str> = text.lines().collect();
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    // The type whose body or methods we are in, and whether all of its lines are public.
    let (mut inside, mut is_enum): (Option<String>, bool) = (None, false);
    for (at, line) in lines.iter().enumerate() {
        let is_hidden = lines[..at]
            .iter()
            .rev()
            .take_while(|line| line.trim().starts_with("#["))
            .any(|line| line.contains("doc(hidden)"));
        let word_after = |start: &str| {
            let rest = line.split_once(start)?.1;
            Some(rest.split(|character: char| !character.is_alphanumeric() && character != '_').next()?.to_string())
        };
        let mut entry = None;
        if line.starts_with("pub ") {
            let name = ["pub struct ", "pub enum ", "pub fn "]
                .iter()
                .find_map(|start| word_after(start).filter(|_| line.starts_with(start)));
            if let Some(name) = name.filter(|name| names.contains(name)) {
                entry = Some(
                    signature(&lines, at)
                        .split('(')
                        .next()
                        .filter(|_| line.contains("struct"))
                        .map_or_else(|| signature(&lines, at), String::from),
                );
                let attributes = lines[..at]
                    .iter()
                    .rev()
                    .take_while(|line| line.starts_with("#["))
                    .filter(|line| !line.contains("allow"));
                entry = entry.map(|entry| attributes.fold(entry, |entry, attribute| format!("{entry} {attribute}")));
                inside = line.ends_with('{').then_some(name);
                is_enum = line.starts_with("pub enum");
            }
        } else if line.starts_with("impl") && line.ends_with(['{', '}']) {
            let of =
                line.trim_end_matches(" {}").trim_end_matches(" {").rsplit(' ').next().unwrap().trim_start_matches('&');
            let name = of.split('<').next().unwrap().to_string();
            let is_ours = names.contains(&name);
            let is_about_ours =
                line.split(|character: char| !character.is_alphanumeric()).any(|word| names.contains(word));
            match line.contains(" for ") {
                true if is_about_ours => entry = Some(line.trim_end_matches(" {}").trim_end_matches(" {").to_string()),
                false if is_ours => inside = Some(name),
                _ => {}
            }
            is_enum = false;
        } else if *line == "}" {
            inside = None;
        } else if let Some(of) = &inside {
            let is_variant = is_enum && line.starts_with("    ") && line.trim().starts_with(char::is_uppercase);
            if !is_hidden
                && (line.starts_with("    pub fn ")
                    || line.starts_with("    pub const ")
                    || is_variant
                    || (line.starts_with("    pub ") && line.contains(": ")))
            {
                entry = Some(format!("{of}: {}", signature(&lines, at)));
            }
        }
        if let Some(entry) = entry.filter(|_| !is_hidden) {
            let words = entry.split(|character: char| !character.is_alphanumeric() && character != '_');
            if words.into_iter().any(|word| foreign.contains_key(word)) || entry.contains("nix::") {
                wrong.push(entry.clone());
            }
            found.push(entry);
        }
    }
    (found, wrong)
}

scene_test!(the_face_is_what_the_list_says);
fn the_face_is_what_the_list_says() {
    concerns_ours();
    let names = names();
    let (mut lines, mut wrong) = (BTreeSet::new(), Vec::new());
    for file in files() {
        let (found, foreign) = of_file(&fs::read_to_string(file).unwrap(), &names);
        lines.extend(found);
        wrong.extend(foreign);
    }
    assert!(wrong.is_empty(), "these name a type of another crate: {wrong:#?}");
    let defined = |name: &String| {
        let ends =
            |line: &String, start: &str| line.strip_prefix(start).is_some_and(|rest| rest.starts_with(name.as_str()));
        ["pub struct ", "pub enum ", "pub fn ", "pub type "]
            .iter()
            .any(|start| lines.iter().any(|line| ends(line, start)))
    };
    let lost: Vec<_> = names.iter().filter(|name| *name != "Result" && !defined(name)).collect();
    assert!(lost.is_empty(), "not found: {lost:?}");
    assert!(names.len() <= MOST, "{} types and functions are public", names.len());
    let text = START.to_string() + &lines.into_iter().collect::<Vec<_>>().join("\n") + "\n";
    if std::env::var_os("NSKIT_WRITE").is_some() {
        fs::write(project(LIST), &text).unwrap();
    }
    let listed = read(&project(LIST));
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (listed.lines().collect(), text.lines().collect());
    let (gone, come): (Vec<_>, Vec<_>) = (old.difference(&new).collect(), new.difference(&old).collect());
    assert!(gone.is_empty() && come.is_empty(), "the face has changed; gone: {gone:#?}; new: {come:#?}; {START}");
}

scene_test!(a_change_of_the_face_is_seen);
fn a_change_of_the_face_is_seen() {
    concerns_ours();
    let names = BTreeSet::from(["Thing".to_string(), "make".to_string()]);
    let text = "use nix::errno::Errno;\n\n#[derive(Debug)]\npub struct Thing {\n    pub size: u8,\n    secret: u8,\n}\n\nimpl Thing {\n    /// Text.\n    pub fn grow(\n        \
                &self,\n        by: u8,\n    ) -> u8 {\n        1\n    }\n\n    #[doc(hidden)]\n    pub fn inner(&self) {}\n\n    pub(crate) fn crate_only() {}\n}\n\nimpl Clone for \
                Thing {\n}\n\nimpl Eq for Thing {}\n\npub fn make() -> Result<Thing, Errno> {\n}\n\npub fn other() {\n}\n\nimpl Other {\n    pub fn none(&self) {}\n}\n";
    let (found, wrong) = of_file(text, &names);
    let expected = [
        "pub struct Thing #[derive(Debug)]",
        "Thing: pub size: u8",
        "Thing: pub fn grow(&self, by: u8) -> u8",
        "impl Clone for Thing",
        "impl Eq for Thing",
        "pub fn make() -> Result<Thing, Errno>",
    ];
    assert_eq!(found, expected);
    assert_eq!(wrong, ["pub fn make() -> Result<Thing, Errno>"]);
}
