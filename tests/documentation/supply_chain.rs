//! What the tools are made of: each package comes from the one registry, with a checksum, under a license that allows it to
//! be passed on; and what is compiled into the tools is what packaging/dependencies.txt lists.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::common::{note, skip};
use crate::{concerns_ours, project, read, same};

const LIST: &str = "packaging/dependencies.txt";

const START: &str = "# What is compiled into the tools beside nskit itself, Rust's standard library and the C library, with the license.
# `NSKIT_WRITE=1 cargo test --test documentation` writes it; a change of it wants to be looked at.
";

/// Licenses under which we may pass a program on that has the code in it.
const ALLOWED: [&str; 7] =
    ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "Unicode-3.0", "Unlicense"];

/// Whether an expression of licenses, such as `(MIT OR GPL-2.0) AND Unicode-3.0`, can be met with those that are allowed.
fn is_allowed(license: &str) -> bool {
    // `/` is an older way to write OR. The parentheses that occur are around parts of an AND.
    let license = license.replace('/', " OR ");
    let any = |part: &str| part.split(" OR ").any(|one| ALLOWED.contains(&one.trim()));
    match license.contains('(') {
        true => license.split(" AND ").all(|part| any(part.trim().trim_start_matches('(').trim_end_matches(')'))),
        // AND binds more tightly than OR.
        false => license.split(" OR ").any(|all| all.split(" AND ").all(any)),
    }
}

/// What cargo tells of the packages that are needed on this platform.
fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut call = Command::new(cargo);
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    call.args(["metadata", "--locked", "--offline", "--format-version=1", "--filter-platform", &platform]);
    match call.current_dir(project("")).output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice(&output.stdout).unwrap()
        }
        Err(error) => skip(&format!("cargo cannot be run: {error}")),
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// The packages that the tools are compiled from: what `root` needs in order to run, not to be built or tested.
fn compiled_in<'m>(metadata: &'m Value, root: &'m str) -> BTreeSet<&'m str> {
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"], "nodes").iter().map(|node| (text(node, "id"), node)).collect();
    let (mut found, mut pending) = (BTreeSet::new(), vec![root]);
    while let Some(package) = pending.pop() {
        if found.insert(package) {
            let needed = list(nodes[package], "deps").iter();
            let to_run = needed.filter(|needed| list(needed, "dep_kinds").iter().any(|kind| kind["kind"].is_null()));
            pending.extend(to_run.map(|needed| text(needed, "pkg")));
        }
    }
    found
}

scene_test!(what_is_compiled_into_the_tools_is_listed);
fn what_is_compiled_into_the_tools_is_listed() {
    concerns_ours();
    let metadata = metadata();
    let root = text(&metadata["resolve"], "root");
    let compiled_in = compiled_in(&metadata, root);
    let mut lines = BTreeSet::new();
    for package in list(&metadata, "packages") {
        let (id, license) = (text(package, "id"), text(package, "license"));
        assert!(is_allowed(license), "{id} has the license '{license}'");
        if id != root && compiled_in.contains(id) {
            lines.insert(format!("{} {}: {license}", text(package, "name"), text(package, "version")));
        }
    }
    assert!(lines.len() > 3, "{lines:?}");
    let file = project(LIST);
    if std::env::var_os("NSKIT_WRITE").is_some() {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&file, format!("{START}{lines}")).unwrap();
    }
    let listed = read(&file).lines().filter(|line| !line.starts_with('#')).map(str::to_string).collect();
    same(LIST, &listed, &lines);
    let all = list(&metadata, "packages").len();
    note(&format!("{all} packages with licenses that allow it, {} of them compiled in", lines.len()));
}

scene_test!(every_package_comes_from_the_registry_with_a_checksum);
fn every_package_comes_from_the_registry_with_a_checksum() {
    concerns_ours();
    let mut sources = BTreeSet::new();
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"].map(project) {
        // A package of ours has no fuzz targets.
        if !lock.exists() && lock.ends_with("fuzz/Cargo.lock") {
            continue;
        }
        let packages = read(&lock);
        for package in packages.split("\n[[package]]\n").skip(1) {
            let value = |key: &str| package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
            let name = value("name").unwrap();
            match value("source") {
                Some(source) => {
                    assert!(source.starts_with("\"registry+"), "{name} comes from {source}");
                    assert!(value("checksum").is_some_and(|sum| sum.len() == 66), "{name} has no checksum");
                    sources.insert(source.to_string());
                }
                None => assert!(["\"nskit\"", "\"nskit-fuzz\""].contains(&name), "{name} comes from a directory"),
            }
        }
    }
    assert_eq!(sources.len(), 1, "{sources:?}");
}

scene_test!(licenses_are_read_as_they_are_meant);
fn licenses_are_read_as_they_are_meant() {
    concerns_ours();
    for license in
        ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0", "MIT AND Unlicense"]
    {
        assert!(is_allowed(license), "{license}");
    }
    for license in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-2.0", "GPL-2.0 OR MIT AND LGPL-3.0"]
    {
        assert!(!is_allowed(license), "{license}");
    }
}
