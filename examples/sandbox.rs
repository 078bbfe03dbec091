//! Runs a program that sees /usr, writes only to a /tmp that nobody else sees, and has no network, no rights and no other process:
//! `sandbox PROGRAM…`. Eight of them at once, from eight threads, with `sandbox -8 PROGRAM…`.

use std::path::Path;
use std::thread;

use anyhow::{Context, Result, ensure};
use nskit::{Command, Kind};

fn sandbox(program: &[String]) -> Result<String> {
    let (name, arguments) = program.split_first().context("usage: sandbox [-8] PROGRAM…")?;
    let mut command = Command::new(name);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .unshare([Kind::User, Kind::Net, Kind::Ipc, Kind::Uts, Kind::Cgroup])
        .map_current()
        .hostname("sandbox")
        .loopback()
        .init()
        // A directory that is empty until something is mounted in it.
        .pivot_root("/mnt")
        .tmpfs("/")
        .capabilities([])
        .no_new_privs()
        .current_dir("/tmp");
    for directory in ["/usr", "/bin", "/lib", "/lib64"].into_iter().filter(|directory| Path::new(directory).exists()) {
        command.bind_read_only(directory, directory);
    }
    command.tmpfs("/tmp").devices("/dev").mount_proc("/proc");
    let output = command.output()?;
    ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn main() -> Result<()> {
    let mut program: Vec<String> = std::env::args().skip(1).collect();
    let count = if program.first().is_some_and(|word| word == "-8") { 8 } else { 1 };
    if count == 8 {
        program.remove(0);
    }
    let program = &program;
    let said: Result<Vec<String>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(|| sandbox(program))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    });
    print!("{}", said?.concat());
    Ok(())
}
