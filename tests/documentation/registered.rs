//! The tests that the front of ours runs (tests/common/harness.rs) are those that `scene_test!` names. `#[test]` names one
//! to libtest only: without that the compiler drops the function, and nobody would miss it.

use std::path::{Path, PathBuf};

use crate::{concerns_ours, project, read};

/// The source of each test binary without libtest, and what they share.
fn sources() -> Vec<PathBuf> {
    let manifest = read(&project("Cargo.toml"));
    let of_ours =
        manifest.split("\n[[").filter(|table| table.starts_with("test]]") && table.contains("harness = false"));
    let paths = of_ours.map(|table| {
        let (_, path) = table.split_once("path = \"").expect("a path");
        path.split('"').next().unwrap().to_string()
    });
    let mut found = Vec::new();
    for path in paths.chain(["tests/common/mod.rs".to_string()]) {
        let path = project(&path);
        match path.parent().filter(|_| path.ends_with("main.rs") || path.ends_with("mod.rs")) {
            Some(directory) => below(directory, &mut found),
            None => found.push(path),
        }
    }
    found
}

/// The sources in a directory, and in those in it.
pub fn below(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => below(&path, found),
            false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            false => {}
        }
    }
}

scene_test!(no_test_is_lost);
fn no_test_is_lost() {
    concerns_ours();
    let sources = sources();
    let texts: Vec<(String, String)> = sources.iter().map(|path| (path.display().to_string(), read(path))).collect();
    for (path, text) in &texts {
        let lost = text.lines().position(|line| line.trim() == "#[test]").map(|at| format!("{path}:{}", at + 1));
        assert_eq!(lost, None, "write scene_test!(name); above the function instead");
    }
    let tests = texts.iter().flat_map(|(_, text)| text.lines()).filter(|line| line.starts_with("scene_test!(")).count();
    assert!(tests > 400, "{tests} tests");
}
