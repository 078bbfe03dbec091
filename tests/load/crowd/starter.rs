//! Starts many programs, some side by side, and tells how each ended; and what such a program tells of itself.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};

/// So many run at a time.
const SIDE_BY_SIDE: usize = 8;

/// Reads lines `NUMBER FILE PROGRAM ARGUMENT…` from standard input, parted by tabs, and runs each program. FILE is `-`, or is
/// made before, and unmounted and removed afterwards. For each that has ended, a line `ended NUMBER STATUS MEMORY KEPT`
/// (status `-` if a signal killed it, KiB that it and its children had at most, the inode number of what was mounted on FILE), and in
/// the end `most N`, so many of them at a time.
pub fn start() {
    let mut running: HashMap<i32, (String, String)> = HashMap::new();
    let mut most = 0;
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split('\t').collect();
        let [number, file, program @ ..] = &words[..] else {
            panic!("what is '{line}'?");
        };
        if *file != "-" {
            File::create(file).unwrap();
        }
        if running.len() == SIDE_BY_SIDE {
            wait_for_one(&mut running);
        }
        let child = Command::new(program[0]).args(&program[1..]).spawn();
        running.insert(child.unwrap().id() as i32, (number.to_string(), file.to_string()));
        most = most.max(running.len());
    }
    while !running.is_empty() {
        wait_for_one(&mut running);
    }
    say(&format!("most\t{most}"));
}

fn wait_for_one(running: &mut HashMap<i32, (String, String)>) {
    let (pid, status, memory) = wait();
    // Orphans do not come to us: all that ends is what was started.
    let (number, file) = running.remove(&pid).expect("one that was started");
    let status = status.code().map_or("-".to_string(), |code| code.to_string());
    let mut kept = 0;
    if file != "-" {
        kept = std::fs::metadata(&file).unwrap().ino();
        super::unmount(&file);
        std::fs::remove_file(&file).unwrap();
    }
    say(&format!("ended\t{number}\t{status}\t{memory}\t{kept}"));
}

/// PID, end and peak memory in KiB of the next child that ends.
fn wait() -> (i32, ExitStatus, libc::c_long) {
    // SAFETY: variables to write to; an all-zero rusage is a valid one.
    unsafe {
        let mut status = 0;
        let mut usage: libc::rusage = std::mem::zeroed();
        let pid = super::check("wait4", libc::wait4(-1, &mut status, 0, &mut usage));
        (pid, ExitStatus::from_raw(status), usage.ru_maxrss)
    }
}

/// Says the number, the user and the namespaces of this process, and exits with the number modulo 251.
pub fn tell(number: &str) {
    let mut words = vec!["told".to_string(), number.to_string()];
    // SAFETY: no arguments.
    words.push(format!("uid:[{}]", unsafe { libc::getuid() }));
    for entry in std::fs::read_dir("/proc/self/ns").unwrap() {
        let entry = entry.unwrap();
        let inode = std::fs::metadata(entry.path()).map_or(0, |file| file.ino());
        words.push(format!("{}:[{inode}]", entry.file_name().display()));
    }
    say(&words.join("\t"));
    std::process::exit(number.parse::<i32>().unwrap() % 251);
}

/// One line by one write(2), so that no other comes in between.
fn say(line: &str) {
    let line = format!("{line}\n");
    let written = std::io::stdout().lock().write(line.as_bytes());
    assert_eq!(written.unwrap(), line.len());
}

/// Runs a program, writes its peak memory in KiB into `file`, and ends as it did.
// wait() is told of the child that is started here.
#[allow(clippy::zombie_processes)]
pub fn measure(file: &Path, program: &[&str]) {
    Command::new(program[0]).args(&program[1..]).spawn().unwrap_or_else(|error| panic!("{}: {error}", program[0]));
    let (_, status, memory) = wait();
    std::fs::write(file, memory.to_string()).unwrap();
    match status.code() {
        Some(code) => std::process::exit(code),
        None => panic!("{status}"),
    }
}
