//! Runs a program in all namespaces of a process, among eight threads: `run_inside PID PROGRAM…`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};
use nskit::{Command, Target};

fn run(pid: u32, program: &[String]) -> Result<ExitCode> {
    let (name, arguments) = program.split_first().context("usage: run_inside PID PROGRAM…")?;
    let status = Command::new(name).args(arguments).target(Target::pid(pid)?).all().status()?;
    // As a shell has it.
    Ok(status.code().map_or(ExitCode::FAILURE, |code| ExitCode::from(code as u8)))
}

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let pid = arguments.first().context("usage: run_inside PID PROGRAM…")?.parse().context("PID is a number")?;
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    drop(std::hint::black_box(vec![0u8; 1000]));
                    thread::yield_now();
                }
            });
        }
        let ended = run(pid, &arguments[1..]);
        stop.store(true, Ordering::Relaxed);
        ended
    })
}
