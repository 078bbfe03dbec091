//! What all test binaries of one `cargo test` have run and not run. Each notes it in a file of that run; the binary that
//! comes last, tests/yet_to_run.rs, adds it up.

use std::fs::{OpenOptions, read_dir, read_to_string, remove_file};
use std::io::Write;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};

use super::left_out::{NotRun, closing_line};

const DIRECTORY: &str = env!("CARGO_TARGET_TMPDIR");
const PREFIX: &str = "of-run-";

/// The file of the cargo that has started this process: its PID, and when it started, as PIDs come again.
fn file() -> Option<PathBuf> {
    let cargo = parent_id();
    let started = started(cargo)?;
    Some(Path::new(DIRECTORY).join(format!("{PREFIX}{cargo}-{started}")))
}

fn started(pid: u32) -> Option<String> {
    let stat = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(String::from)
}

/// Notes what this binary has run and not run. Where that cannot be written, the sum lacks it.
pub(super) fn note_down(run: usize, not_run: &[&NotRun]) {
    let lines: String = not_run.iter().map(|one| format!("{}\n", one.to_line())).collect();
    let file = file().and_then(|path| OpenOptions::new().append(true).create(true).open(path).ok());
    // Written at once and whole: cargo may be told to run several binaries at a time.
    let _ = file.map(|mut file| file.write_all(format!("{run}\n{lines}").as_bytes()));
}

/// How many tests of the whole run were run, and the closing line for those that were not.
pub fn sum_up() -> String {
    let path = file();
    let noted = path.as_ref().and_then(|path| read_to_string(path).ok()).unwrap_or_default();
    forget_runs_that_are_over(path.as_deref());
    add_up(&noted)
}

fn add_up(noted: &str) -> String {
    if noted.is_empty() {
        return "no other test binary was run before this one".to_string();
    }
    let run: usize = noted.lines().filter_map(|line| line.parse::<usize>().ok()).sum();
    let not_run: Vec<NotRun> = noted.lines().filter_map(NotRun::from_line).collect();
    let closing_line = closing_line(&not_run.iter().collect::<Vec<_>>());
    format!("all test binaries together, beside the unit tests: {run} tests were run; {closing_line}")
}

scene_test!(what_each_binary_has_noted_is_added_up);
fn what_each_binary_has_noted_is_added_up() {
    let start = "all test binaries together, beside the unit tests:";
    assert_eq!(add_up("7\n5\n"), format!("{start} 12 tests were run; all tests were run"));
    let noted = "7\nSkipped\tneeds root\nOptional\tonly with A=1: b\n5\nSkipped\tneeds root\n";
    assert_eq!(
        add_up(noted),
        format!(
            "{start} 12 tests were run; not run: 2 skipped (NSKIT_TEST_STRICT=1 has them fail): 2 × needs root; \
             1 optional: 1 × only with A=1: b"
        )
    );
}

fn forget_runs_that_are_over(own: Option<&Path>) {
    for entry in read_dir(DIRECTORY).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let of_run = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-'));
        let is_over = of_run.is_some_and(|(pid, start)| pid.parse().ok().and_then(started).as_deref() != Some(start));
        if is_over || own == Some(&*entry.path()) {
            let _ = remove_file(entry.path());
        }
    }
}
