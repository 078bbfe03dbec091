//! Random command lines, run by ours and by the installed tool side by side: each in a mount namespace made for it, and
//! compared by exit status, standard output, what the program sees and the first line on standard error. Those of lsns are
//! run in a process table that stands still. Options that theirs lacks have lines of their own (`ours.rs`).
//!
//! `cargo test` runs some hundreds. Several thousand of unshare and nsenter, and as many of lsns:
//!
//! ```sh
//! NSKIT_LINES=6000 cargo test --test random_lines
//! ```
//!
//! A seed is printed, and `NSKIT_SEED` repeats it. `NSKIT_JOBS` runs so many side by side. A line that makes a difference is
//! taken down to what it needs for it; it is fixed then, or stands in `differences.rs` with the reason, and in docs/differences.md.

// A test, though without the harness that clippy knows one by.
#![allow(unsafe_code, clippy::unwrap_used)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;
#[path = "../runner/mod.rs"]
mod runner;

mod differences;
mod faults;
mod generate;
mod lists;
mod ours;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use common::{ALICE, on_purpose, skip};
use differences::DIFFERENCES;
use generate::{Line, NSENTER, UNSHARE, line};
use runner::random::{Random, seed};
use runner::stage::{Stage, Whose};
use runner::{Outcome, Propagation, run, workers};

/// How many lines `cargo test` runs of unshare and nsenter, and as many of lsns.
const LINES: usize = 600;

/// The version whose options are generated, and whose bugs are known.
const THEIR_VERSION: &str = "2.38.1";

fn main() -> ExitCode {
    common::main_of_one("random_command_lines", random_command_lines)
}

fn random_command_lines() {
    on_purpose("random command lines compare ours with theirs already");
    differences::all_are_told();
    let version = std::process::Command::new(common::theirs("unshare")).arg("--version").output();
    if !version.is_ok_and(|version| String::from_utf8_lossy(&version.stdout).contains(THEIR_VERSION)) {
        skip(&format!("the installed util-linux is not {THEIR_VERSION}"));
    }
    let seed = seed();
    println!("random command lines, NSKIT_SEED={seed}");
    workers(|index, jobs| {
        let lines = lines() / jobs;
        let random = || Random::new(seed.wrapping_mul(1000) + index as u64);
        let well = work(index, lines, random());
        let well = ours::work(index, lines, random()) && well;
        lists::work(index, lines, random()) && well
    })
}

/// A difference that may have many causes, and is never ours to mend where ours has none.
const PROCESSES: &str = "processes left";

/// Whether it is still there when we look is chance.
const HELPER_LEFT: &str = "theirs leaves a helper behind where it fails";

/// What programs read.
pub const FIRST_LINE: &str = "the first line on standard error";

/// Under which circumstances a line is run.
#[derive(Clone, Debug)]
struct Setting {
    tool: &'static str,
    ordinary_user: bool,
    shared: bool,
    shell: Option<&'static str>,
    ignored: Vec<i32>,
    blocked: Vec<i32>,
}

impl Setting {
    fn new(random: &mut Random) -> Setting {
        let signals = [libc::SIGINT, libc::SIGTERM, libc::SIGCHLD, libc::SIGPIPE, libc::SIGHUP];
        let some = |random: &mut Random| match random.below(4) {
            0 => vec![*random.pick(&signals), *random.pick(&signals)],
            _ => vec![],
        };
        Setting {
            tool: if random.once_in(2) { "unshare" } else { "nsenter" },
            ordinary_user: random.once_in(3),
            shared: random.once_in(4),
            shell: (!random.once_in(3)).then_some("SHELL={dir}/bin/probe"),
            ignored: some(random),
            blocked: some(random),
        }
    }
}

/// What both came to.
pub struct Both {
    setting: Setting,
    /// The arguments, in one.
    pub line: String,
    /// What came of it.
    pub ours: Outcome,
    /// What came of it.
    pub theirs: Outcome,
    reports: [Vec<String>; 2],
    /// The arguments with all places filled in.
    pub words: Vec<String>,
    /// The first lines on standard error, without what is another at each run.
    pub first_lines: [String; 2],
}

impl Both {
    fn run(stage: &Stage, setting: &Setting, line: &Line) -> Both {
        let args: Vec<String> = line.concat();
        let [ours, theirs] = [Whose::Ours, Whose::Theirs].map(|whose| {
            let mut job = stage.job(whose, setting.tool, &args, setting.ordinary_user.then_some(ALICE));
            job.environment.extend(setting.shell.map(|shell| stage.fill(shell).into()));
            // Theirs leaves helpers behind where something fails: no test is to wait long for that.
            job.patience = (whose == Whose::Theirs).then_some(1);
            job.copied = Some(if setting.shared { Propagation::Shared } else { Propagation::Private });
            job.ignored = setting.ignored.clone();
            job.blocked = setting.blocked.clone();
            let outcome = run(&job);
            if outcome.ending.is_some() {
                return outcome;
            }
            // It may only be slow.
            job.patience = None;
            run(&job)
        });
        Both {
            setting: setting.clone(),
            line: args.join(" "),
            words: args.iter().map(|arg| stage.fill(arg)).collect(),
            reports: [report(stage, &ours), report(stage, &theirs)],
            first_lines: [(Whose::Ours, &ours), (Whose::Theirs, &theirs)]
                .map(|(whose, outcome)| first_line(&outcome.stderr, &stage.tool(whose, setting.tool))),
            ours,
            theirs,
        }
    }

    /// What of it is not the same.
    pub fn differs(&self) -> Vec<&'static str> {
        let (ours, theirs) = (&self.ours, &self.theirs);
        let parts = [
            ("exit status", ours.ending != theirs.ending),
            ("what the program sees", self.reports[0] != self.reports[1]),
            ("mounts afterwards", sorted(&ours.mounts) != sorted(&theirs.mounts)),
            (PROCESSES, ours.left != theirs.left),
            (FIRST_LINE, self.first_lines[0] != self.first_lines[1]),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect()
    }

    fn known(&self) -> Option<&'static str> {
        DIFFERENCES.iter().find(|difference| (difference.explains)(self)).map(|difference| difference.why)
    }

    fn print(&self) {
        let Both { setting, line, ours, theirs, reports, .. } = self;
        println!("FAILED: {} {line}: {:?} differ; {setting:?}", setting.tool, self.differs());
        for (name, outcome) in [("ours", ours), ("theirs", theirs)] {
            println!("    {name}: {:?} {:?} {}", outcome.ending, outcome.left, outcome.stderr.trim_end());
        }
        let lists = [(&reports[0], &reports[1]), (&ours.mounts, &theirs.mounts)];
        for (ours, theirs) in lists {
            missing(ours, theirs).iter().for_each(|line| println!("    ours:   {line}"));
            missing(theirs, ours).iter().for_each(|line| println!("    theirs: {line}"));
        }
    }

    /// The lines of the program's report that it gives for ours only.
    pub fn only_in_ours(&self) -> Vec<String> {
        missing(&self.reports[0], &self.reports[1])
    }

    /// The lines of the program's report that it gives for theirs only.
    pub fn only_in_theirs(&self) -> Vec<String> {
        missing(&self.reports[1], &self.reports[0])
    }
}

/// The first line, whole but for the path of the tool, which getopt(3) says as it was given, and the number of a process.
fn first_line(stderr: &str, tool: &Path) -> String {
    let line = stderr.lines().next().unwrap_or_default();
    let argv_0 = format!("{}: ", tool.display());
    let line = line.strip_prefix(&argv_0).map_or(line.to_string(), |said| format!("ARGV[0]: {said}"));
    let mut parts = line.split("/proc/");
    let mut stable = parts.next().unwrap_or_default().to_string();
    for part in parts {
        stable += "/proc/";
        let behind = part.trim_start_matches(|character: char| character.is_ascii_digit());
        stable += if behind.len() < part.len() { "PID" } else { "" };
        stable += behind;
    }
    stable
}

/// The program's report. In which order files come to keep namespaces does not matter to it.
fn report(stage: &Stage, outcome: &Outcome) -> Vec<String> {
    let (mounts, mut rest): (Vec<_>, Vec<_>) =
        stage.stable(outcome).into_iter().partition(|line| line.starts_with("mount "));
    rest.extend(sorted(&mounts));
    rest
}

fn sorted(lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    lines.sort();
    lines
}

/// The lines of `one` that are not in `other`.
fn missing(one: &[String], other: &[String]) -> Vec<String> {
    one.iter().filter(|line| !other.contains(line)).cloned().collect()
}

/// How many there are of unshare and nsenter, and again of lsns.
fn lines() -> usize {
    std::env::var("NSKIT_LINES").map_or(LINES, |lines| lines.parse().expect("NSKIT_LINES"))
}

fn work(index: usize, lines: usize, mut random: Random) -> bool {
    let Some(stage) = Stage::new() else {
        return true;
    };
    let mut known: BTreeMap<&'static str, usize> = BTreeMap::new();
    let (mut ran, mut different) = (0, 0);
    for _ in 0..lines {
        let setting = Setting::new(&mut random);
        let options = if setting.tool == "unshare" { UNSHARE } else { NSENTER };
        let line = line(options, &mut random);
        let both = Both::run(&stage, &setting, &line);
        ran += usize::from(both.ours.ending == Some(common::Ending::Exited(0)));
        if both.differs().is_empty() {
            continue;
        }
        if both.differs() == [PROCESSES] && both.ours.left.is_empty() {
            *known.entry(HELPER_LEFT).or_default() += 1;
            continue;
        }
        let (reduced, line) = reduce(&stage, &setting, line);
        // What comes by chance may not come again.
        let least = if reduced.differs().is_empty() { &both } else { &reduced };
        let is_helper = least.differs() == [PROCESSES] && least.ours.left.is_empty();
        let explained = least.known().or_else(|| both.known()).or(is_helper.then_some(HELPER_LEFT));
        match explained.or_else(|| faults::explain(&stage, least, &line)) {
            Some(why) => *known.entry(why).or_default() += 1,
            None => {
                different += 1;
                least.print();
            }
        }
    }
    println!("worker {index}: {lines} command lines, {ran} of them with status 0, {different} unknown differences");
    for (why, count) in known {
        println!("worker {index}: {count} known: {why}");
    }
    different == 0
}

/// The line without all that the difference does not need.
fn reduce(stage: &Stage, setting: &Setting, mut line: Line) -> (Both, Line) {
    let mut setting = setting.clone();
    let mut both = Both::run(stage, &setting, &line);
    for simpler in [
        Setting { ignored: vec![], ..setting.clone() },
        Setting { blocked: vec![], ..setting.clone() },
        Setting { ignored: vec![], blocked: vec![], shared: false, ..setting.clone() },
    ] {
        let with_less = Both::run(stage, &simpler, &line);
        if with_less.differs() == both.differs() {
            (setting, both) = (simpler, with_less);
        }
    }
    let mut at = 0;
    // The program is the last part, and stays.
    while at + 1 < line.len() {
        let mut shorter = line.clone();
        shorter.remove(at);
        let with_less = Both::run(stage, &setting, &shorter);
        if with_less.differs() == both.differs() {
            (line, both) = (shorter, with_less);
        } else {
            at += 1;
        }
    }
    (both, line)
}
