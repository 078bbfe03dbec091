//! What a command will do, to look at before it is done.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use super::Command;
use crate::enter::step::Plan as Steps;
use crate::error::Shown;
use crate::face::error::Result;
use crate::face::stdio::Stdio;

/// What a [`Command`] does, step by step. It displays one step a line, the program last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Vec<String>);

impl Plan {
    /// The steps, the program last.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Command {
    /// What [`Command::spawn`] would do, without doing it: a list of steps, each of which makes one change.
    ///
    /// ```
    /// # fn main() -> nskit::Result<()> {
    /// let mut command = nskit::Command::new("sh");
    /// command.unshare([nskit::Kind::Pid]).mount_proc("/proc");
    /// assert_eq!(command.plan()?.to_string(), "\
    /// block no signal, and give SIGPIPE its default
    /// give SIGCHLD its default
    /// unshare mnt, pid
    /// take a pidfd of this process for its child
    /// fork: the child goes on, and the parent waits for it
    /// die with the parent, by signal 9
    /// make the mounts from / on private
    /// mount proc on /proc
    /// execute sh");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Names are looked up and files opened, nothing is changed. Errors: what
    /// is asked for contradicts itself, or names something that is not there.
    pub fn plan(&self) -> Result<Plan> {
        let environment = self.environment.of_ours().map_err(super::ready::of_request)?;
        let ready = self.ready(&environment)?;
        let stdio = (0..).zip(&self.stdio).filter_map(|(number, file)| Some((number, file.as_ref()?)));
        let words = |(number, file): (u8, &Stdio)| Some((number, file.name()?));
        Ok(lines(&super::ready::with_standard(ready.plan, stdio.filter_map(words))))
    }
}

fn lines(plan: &Steps) -> Plan {
    let mut lines: Vec<String> = plan.steps.iter().map(|step| step.described().to_string()).collect();
    if let Some(program) = &plan.program {
        let words: Vec<_> =
            program.argv.iter().map(|word| OsStr::from_bytes(word.to_bytes()).shown().to_string()).collect();
        lines.push(format!("execute {}", words.join(" ")));
    }
    Plan(lines)
}
