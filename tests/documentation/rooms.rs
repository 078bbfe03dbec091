//! The rooms of src: each knows only those before it in the line that docs/how-it-works.md draws, and `unsafe` is in one of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::registered::below;
use crate::{concerns_ours, project};

/// The rooms in their order, as that page draws them.
fn order() -> Vec<String> {
    let text = fs::read_to_string(project("docs/how-it-works.md")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("number ←")).unwrap();
    ["number"].into_iter().chain(line.split('←').map(str::trim)).map(String::from).collect()
}

/// A file without its tests and comments.
fn production(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms that the code names by `crate::`, alone or in braces.
fn named(code: &str) -> BTreeSet<String> {
    let words = |text: &str| -> Vec<String> {
        text.split(|character: char| !character.is_alphanumeric() && character != '_').map(String::from).collect()
    };
    let after = code.split("crate::").skip(1);
    after
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => words(list.split_once('}').unwrap().0),
            None => words(rest).into_iter().take(1).collect(),
        })
        .collect()
}

scene_test!(rooms_know_only_those_before_them);
fn rooms_know_only_those_before_them() {
    concerns_ours();
    let order = order();
    let mut files = Vec::new();
    below(&project("src"), &mut files);
    let mut seen = BTreeSet::new();
    for file in &files {
        let inside = file.strip_prefix(project("src")).unwrap();
        let room = Path::new(inside.iter().next().unwrap()).file_stem().unwrap().to_str().unwrap().to_string();
        let is_test = inside.iter().any(|part| part == "tests.rs" || part == "tests");
        if room == "lib" || room == "internals" || is_test {
            continue;
        }
        let rank = |name: &str| order.iter().position(|known| known == name);
        let own = rank(&room).unwrap_or_else(|| panic!("{} is in none of the rooms {order:?}", inside.display()));
        for other in named(&production(file)) {
            let is_before = rank(&other).is_none_or(|other| other <= own);
            assert!(is_before, "{} is in {room}, and knows {other}", inside.display());
        }
        seen.insert(room);
    }
    assert_eq!(seen, order.into_iter().collect());
}

scene_test!(unsafe_code_is_in_one_room);
fn unsafe_code_is_in_one_room() {
    concerns_ours();
    let mut files = Vec::new();
    below(&project("src"), &mut files);
    let is_unsafe = |file: &PathBuf| production(file).contains("unsafe {");
    let rooms: BTreeSet<_> = files.iter().filter(|file| is_unsafe(file)).map(|file| file.parent().unwrap()).collect();
    assert_eq!(rooms, BTreeSet::from([&*project("src/sys")]));
}
