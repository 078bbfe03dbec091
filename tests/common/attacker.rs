//! An attacker inside of a container, its PID 1: tries in a tight loop to get hold of each process that comes into its PID
//! namespace while that is still the one that enters, not yet the program that it will run.
//!
//! `attacker DEV:INO` (of the entering program's file) says `ready` and ends with its standard input, saying
//! `seen N exe N fd N ptrace N`: how many processes it has met, and of how many it has
//!
//! - opened the executable file, /proc/PID/exe;
//! - opened what one of its descriptors holds, by way of /proc/PID/fd;
//! - become the tracer before they executed the program, ptrace(2).

#![no_main]
#![allow(unsafe_code, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt};

use nskit::internals::sys::process::Status;
use nskit::internals::tool::entry::Invocation;

nskit::entry_point!(attacker);

/// PIDs of those that something has been got of.
#[derive(Default)]
struct Booty {
    seen: BTreeSet<i32>,
    exe: BTreeSet<i32>,
    fd: BTreeSet<i32>,
    ptrace: BTreeSet<i32>,
}

fn attacker(invocation: Invocation) -> Status {
    let entering = invocation.arguments[0].to_str().unwrap().to_string();
    let newest = File::open("/proc/loadavg").unwrap();
    let mut met = newest_pid(&newest);
    let mut booty = Booty::default();
    println!("ready");
    while !stdin_has_ended() {
        let last = newest_pid(&newest);
        for pid in met + 1..=last {
            attack(pid, &entering, &mut booty);
        }
        met = last;
    }
    let Booty { seen, exe, fd, ptrace } = booty;
    let line = format!("seen {} exe {} fd {} ptrace {}\n", seen.len(), exe.len(), fd.len(), ptrace.len());
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    Status::SUCCESS
}

/// The PID that was given last in this namespace: the last word of /proc/loadavg.
fn newest_pid(file: &File) -> i32 {
    let mut text = [0; 128];
    let length = file.read_at(&mut text, 0).unwrap();
    let text = std::str::from_utf8(&text[..length]).unwrap();
    text.trim().rsplit(' ').next().unwrap().parse().unwrap()
}

fn stdin_has_ended() -> bool {
    let mut poll = libc::pollfd { fd: 0, events: libc::POLLIN, revents: 0 };
    // SAFETY: one structure, as said.
    unsafe { libc::poll(&mut poll, 1, 0) == 1 }
}

/// Until the process is gone, or is the program for certain.
fn attack(pid: i32, entering: &str, booty: &mut Booty) {
    let directory = format!("/proc/{pid}");
    while std::fs::metadata(&directory).is_ok() {
        booty.seen.insert(pid);
        if let Some(exe) = executable(&directory) {
            if exe != entering {
                return;
            }
            booty.exe.insert(pid);
        }
        if opens_a_descriptor(&directory) && executable(&directory).as_deref() == Some(entering) {
            booty.fd.insert(pid);
        }
        if trace(pid) {
            // Attaching waits for the end of an execve(2) that is under way, so that it tells nothing by itself.
            if executable(&directory).as_deref() == Some(entering) {
                booty.ptrace.insert(pid);
            }
            wait_for_end(pid);
            return;
        }
    }
}

fn executable(directory: &str) -> Option<String> {
    let stat = File::open(format!("{directory}/exe")).ok()?.metadata().ok()?;
    Some(format!("{}:{}", stat.dev(), stat.ino()))
}

fn opens_a_descriptor(directory: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(format!("{directory}/fd")) else {
        return false;
    };
    let opens = |entry: std::fs::DirEntry| File::open(entry.path()).is_ok();
    entries.flatten().any(opens)
}

fn trace(pid: i32) -> bool {
    // SAFETY: plain numbers.
    unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, 0, 0) == 0 }
}

fn wait_for_end(pid: i32) {
    let mut status = 0;
    // SAFETY: plain numbers, and a status that is only written to.
    unsafe {
        while libc::waitpid(pid, &mut status, libc::__WALL) == pid && libc::WIFSTOPPED(status) {
            libc::ptrace(libc::PTRACE_CONT, pid, 0, 0);
        }
    }
}
