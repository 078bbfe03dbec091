//! Processes that are in namespaces, and those that keep what has been planted.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use nskit::internals::namespace::Kind;

use super::calls::{bytes, check, name_of, namespace_of, numbers_in, own_pid, pipe, unshare};
use super::report::Report;

/// A process in new namespaces, and the one that has made them and is in most of them as well.
pub struct Member {
    /// Its PID.
    pub pid: i32,
    pub launcher: i32,
    commands: File,
}

impl Member {
    /// One that does nothing.
    pub fn new(kinds: &[Kind]) -> Member {
        Member::running(kinds, || {}, pause)
    }

    /// One that prepares itself, and then does something without end.
    pub fn running(kinds: &[Kind], prepare: impl FnOnce(), then: impl FnOnce()) -> Member {
        let (mut hear, mut say) = pipe();
        let (mut commanded, commands) = pipe();
        let launcher = fork(|| {
            unshare(kinds);
            let mut told = say.try_clone().unwrap();
            let pid = fork(|| {
                prepare();
                told.write_all(b"ready").unwrap();
                then();
            });
            say.write_all(&pid.to_ne_bytes()).unwrap();
            if bytes::<1>(&mut commanded) != *b"a" {
                kill(pid);
                wait(pid);
            }
        });
        // Either of the two may be the first to say what it has to.
        let said = bytes::<9>(&mut hear);
        let number = match said.strip_prefix(b"ready") {
            Some(number) => number,
            None => &said[..4],
        };
        Member { pid: i32::from_ne_bytes(number.try_into().unwrap()), launcher, commands }
    }

    pub fn namespace(&self, kind: Kind) -> PathBuf {
        namespace_of(self.pid, kind.name())
    }

    pub fn name(&self, kind: Kind) -> String {
        name_of(&self.namespace(kind))
    }

    /// Its PID; who has made its namespaces is gone.
    pub fn alone(mut self) -> i32 {
        self.commands.write_all(b"a").unwrap();
        wait(self.launcher);
        self.pid
    }

    /// Ends both.
    pub fn end(mut self) {
        self.commands.write_all(b"e").unwrap();
        wait(self.launcher);
    }
}

/// A process that has planted something and keeps it.
pub struct Keeper {
    pub pid: i32,
    pub report: String,
}

/// The end of the report of a keeper that has done its work.
pub const DONE: &str = "done\n";

pub fn keep(work: impl FnOnce(&mut Report)) -> Keeper {
    let (mut hear, mut say) = pipe();
    let pid = fork(|| {
        let mut report = Report::default();
        work(&mut report);
        say.write_all(report.0.concat().as_bytes()).unwrap();
        say.write_all(DONE.as_bytes()).unwrap();
        pause();
    });
    drop(say);
    let mut report = String::new();
    // Its children have the other end of the pipe as well, so its end is told by a word.
    while !report.ends_with(DONE) {
        let mut bytes = [0; 4096];
        let length = hear.read(&mut bytes).unwrap();
        assert!(length > 0, "a keeper has failed");
        report.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
    }
    report.truncate(report.len() - DONE.len());
    Keeper { pid, report }
}

impl Keeper {
    pub fn end(self) {
        kill(self.pid);
        wait(self.pid);
    }
}

/// Forks; the child ends behind `work`, if that ends.
pub fn fork(work: impl FnOnce()) -> i32 {
    // SAFETY: where there is another thread, it sleeps without a lock, and `work` does nothing.
    match check("fork", unsafe { libc::fork() }) {
        0 => {
            // A child that unwound into what its parent was to do would do harm.
            let status = i32::from(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
            // SAFETY: ends the process.
            unsafe { libc::_exit(status) }
        }
        pid => pid,
    }
}

pub fn pause() {
    loop {
        // SAFETY: no arguments.
        unsafe { libc::pause() };
    }
}

pub fn kill(pid: i32) {
    // SAFETY: plain numbers; the process is our child, and not reaped.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

pub fn wait(pid: i32) {
    // SAFETY: a null pointer, as the status is not wanted.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
}

pub fn children() -> Vec<i32> {
    let own = own_pid().to_string();
    let parent = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(stat.rsplit(") ").next()?.split(' ').nth(1)?.to_string())
    };
    numbers_in(Path::new("/proc")).into_iter().filter(|pid| parent(*pid).as_ref() == Some(&own)).collect()
}
