//! A crate of its own that does the four tasks with the face alone, and without the tools' dependencies.

use std::path::Path;
use std::process::Command;

use crate::common::needs_root;
use crate::concerns_ours;

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    cargo.args(arguments).args(["--quiet", "--offline", "--locked"]);
    cargo.arg("--manifest-path").arg(project.join("tests/library/Cargo.toml")).current_dir(project);
    cargo
}

scene_test!(a_crate_of_its_own_does_the_four_tasks);
fn a_crate_of_its_own_does_the_four_tasks() {
    concerns_ours();
    needs_root("to make namespaces");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    let output = cargo(&["run"]).arg("--target-dir").arg(target).output().unwrap();
    let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{complaint}");
    assert_eq!(said.lines().last(), Some("all four tasks are done"), "{said}");
    assert!(said.contains("\nbring up the loopback device\n"), "{said}");
}

scene_test!(the_library_alone_needs_no_parser_and_no_tables);
fn the_library_alone_needs_no_parser_and_no_tables() {
    concerns_ours();
    let output = cargo(&["tree", "--edges=normal", "--prefix=none"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.contains("\nnix v"), "{tree}");
    for package in ["clap", "comfy-table", "regex-lite", "serde v"] {
        assert!(!tree.lines().any(|line| line.starts_with(package)), "{package}: {tree}");
    }
}

/// Names and versions of the packages in a lock file, but for our own.
fn locked(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let packages = text.split("[[package]]\n").skip(1).map(|package| {
        let mut lines = package.lines();
        format!("{} {}", lines.next().unwrap(), lines.next().unwrap())
    });
    packages.filter(|package| !package.starts_with("name = \"nskit")).collect()
}

scene_test!(its_lock_file_is_in_step_with_ours);
fn its_lock_file_is_in_step_with_ours() {
    concerns_ours();
    let ours = locked("Cargo.lock");
    for package in locked("tests/library/Cargo.lock") {
        assert!(
            ours.contains(&package),
            "{package}: run cargo update --workspace in tests/library, after copying Cargo.lock"
        );
    }
}
