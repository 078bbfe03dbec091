//! The scripts: `--help` prints the comment that one begins with, and what is no option is refused before it does anything.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::Directory;
use crate::{concerns_ours, project, read};

/// Directories of the project that have scripts.
const PLACES: [&str; 7] = [".ci", "benches", "contrib", "fuzz", "packaging", "tests/broken", "tests/kernels"];

/// The programs of this project that sh or bash runs, but those that dpkg calls.
fn scripts() -> Vec<PathBuf> {
    let mut found =
        ["tests/evidence", "tests/architectures", "tests/engines/check", "tests/peers"].map(project).to_vec();
    for place in PLACES {
        below(&project(place), &mut found);
    }
    found.retain(|path| {
        let is_program = path.metadata().unwrap().permissions().mode() & 0o111 != 0;
        let of_dpkg = path.parent().is_some_and(|directory| directory.ends_with("packaging/debian"));
        is_program && !of_dpkg && read(path).lines().next().is_some_and(|line| line.ends_with("sh"))
    });
    found
}

fn below(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        match entry.file_name() == "target" || entry.file_name() == "corpus" {
            false if kind.is_dir() => below(&entry.path(), found),
            false if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

/// Runs a script where it finds only the programs that it needs to read its own beginning.
fn run(script: &Path, programs: &Path, words: &[&str]) -> Output {
    Command::new("/bin/bash").arg(script).args(words).env("PATH", programs).output().unwrap()
}

/// The comment that a script begins with, without its first line.
fn comment(text: &str) -> String {
    let lines = text.lines().skip(1).map_while(|line| line.strip_prefix('#'));
    lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

scene_test!(scripts_tell_what_they_are_for_and_refuse_other_options);
fn scripts_tell_what_they_are_for_and_refuse_other_options() {
    concerns_ours();
    let programs = Directory::new();
    for program in ["sed", "dirname"] {
        let found =
            ["/usr/bin", "/bin"].map(|place| Path::new(place).join(program)).into_iter().find(|path| path.exists());
        std::os::unix::fs::symlink(found.unwrap(), programs.path().join(program)).unwrap();
    }
    let scripts = scripts();
    assert!(scripts.len() >= 20, "{scripts:?}");
    for script in scripts {
        let name = script.file_name().unwrap().to_str().unwrap();
        for words in [&["--help"][..], &["file", "--help"]] {
            let help = run(&script, programs.path(), words);
            assert_eq!(String::from_utf8_lossy(&help.stdout), comment(&read(&script)), "{script:?} {words:?}");
            assert!(help.status.success() && help.stderr.is_empty(), "{script:?}: {help:?}");
        }
        for words in [&["--hepl"][..], &["file", "--hepl"]] {
            let refused = run(&script, programs.path(), words);
            assert_eq!(String::from_utf8_lossy(&refused.stderr), format!("{name}: there is no option --hepl\n"));
            assert_eq!((refused.status.code(), refused.stdout.len()), (Some(1), 0), "{script:?} {words:?}");
        }
    }
}
