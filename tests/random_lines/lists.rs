//! Command lines of lsns: each run by both in the same process table, which stands still, so that every byte of standard
//! output can be compared.

use std::collections::BTreeMap;

use crate::FIRST_LINE;
use crate::common::{ALL_KINDS, COLUMNS_OF_OLD, Call, Frozen, Outcome, ours, theirs};
use crate::differences::OF_LISTS;
use crate::generate::{Line, list};
use crate::runner::random::Random;

/// The row of docs/differences.md is that of the difference in [`OF_LISTS`].
const NO_PID: &str = "a PID below 1 is the first error of the line, as since 2.42";

const LOCALES: [&str; 3] = ["C", "C.UTF-8", ""];

/// What both came to.
pub struct Both {
    /// The arguments, in one.
    pub line: String,
    words: Vec<String>,
    locale: &'static str,
    /// What came of it.
    pub ours: Outcome,
    /// What came of it.
    pub theirs: Outcome,
}

impl Both {
    fn run(frozen: &Frozen, locale: &'static str, line: &Line) -> Both {
        let args = with_columns_of_old(line);
        let args: Vec<String> = args.iter().map(|arg| frozen.expand(arg)).collect();
        let run = |tool: &std::path::Path| {
            let path = tool.parent().unwrap().to_str().unwrap();
            let args = args.iter().map(String::as_str);
            let call: Call = frozen.run(path, ["lsns"].into_iter().chain(args));
            call.env("LC_ALL", locale).run()
        };
        let (ours, theirs) = (run(&ours("lsns")), run(&theirs("lsns")));
        Both { line: args.join(" "), words: args, locale, ours, theirs }
    }

    /// The options as they were read, if they can be.
    pub fn args(&self) -> Option<nskit::internals::cli::lsns::LsnsArgs> {
        match nskit::internals::cli::lsns::parse(self.words.iter().map(Into::into).collect()) {
            Ok(nskit::internals::cli::Parsed::Run(args)) => Some(args),
            _ => None,
        }
    }

    /// What of it is not the same.
    pub fn differs(&self) -> Vec<&'static str> {
        let (ours, theirs) = (&self.ours, &self.theirs);
        let parts = [
            ("exit status", ours.ending != theirs.ending),
            ("standard output", ours.stdout != theirs.stdout),
            (FIRST_LINE, first_line(ours) != first_line(theirs)),
        ];
        let different = parts.into_iter().filter(|(_, differs)| *differs);
        different.map(|(part, _)| part).collect()
    }

    fn known(&self) -> Option<&'static str> {
        let mut known = OF_LISTS.iter();
        let found = known.find(|difference| (difference.explains)(self));
        found.map(|difference| difference.why)
    }

    /// Whether ours refuses a PID below 1, and theirs says the same of the line with one that may be, or without, where ours
    /// does as theirs, or otherwise for a known reason.
    fn fails_as_theirs_with_a_process(&self, frozen: &Frozen) -> bool {
        let before_pid = |word: &String| {
            let before = ["-1", "+0", "-0", "0"].into_iter().find_map(|pid| word.strip_suffix(pid));
            before.filter(|before| before.is_empty() || before.ends_with(['p', '='])).map(str::to_string)
        };
        let (mut with, mut without): (Vec<String>, Vec<String>) = Default::default();
        for word in &self.words {
            let Some(before) = before_pid(word) else {
                with.push(word.clone());
                without.push(word.clone());
                continue;
            };
            with.push(format!("{before}1"));
            if before.is_empty() {
                // The option, too.
                without.pop();
            }
        }
        let says_the_same = |words: Vec<String>| {
            let both = Both::run(frozen, self.locale, &vec![words]);
            // The rest of the line may be a difference of its own.
            first_line(&both.theirs) == first_line(&self.theirs)
                && (both.differs().is_empty() || both.known().is_some())
        };
        self.ours.stderr.contains("invalid PID argument") && (says_the_same(with) || says_the_same(without))
    }

    fn print(&self) {
        println!("FAILED: lsns {}: {:?} differ; locale '{}'", self.line, self.differs(), self.locale);
        for (name, outcome) in [("ours", &self.ours), ("theirs", &self.theirs)] {
            let Outcome { ending, stdout, stderr } = outcome;
            println!("    {name}: {ending:?} {}\n{stdout}", stderr.trim_end());
        }
    }
}

/// What programs read. argv[0] has no directory here.
fn first_line(outcome: &Outcome) -> Option<&str> {
    outcome.stderr.lines().next()
}

/// The arguments with the columns of 2.38 named where all are asked for: ours has more.
fn with_columns_of_old(line: &Line) -> Vec<String> {
    let all_columns = |part: &[String]| part[0].len() > 8 && "--output-all".starts_with(&part[0]);
    let mut args = Vec::new();
    for part in line {
        if all_columns(part) {
            // First, so that whatever else is said of columns counts.
            args.insert(0, format!("-o{COLUMNS_OF_OLD}"));
        }
        args.extend(part.iter().cloned());
    }
    if line.iter().any(|part| all_columns(part)) {
        for arg in &mut args {
            let sign = arg.find('+');
            let is_list = |at: usize| !arg[at + 1..].starts_with(|c: char| c.is_ascii_digit());
            if let Some(at) = sign.filter(|at| is_list(*at)) {
                arg.replace_range(at..=at, &format!("{COLUMNS_OF_OLD},"));
            }
        }
    }
    args
}

/// Compares so many lines by chance.
pub fn work(index: usize, lines: usize, mut random: Random) -> bool {
    let frozen = Frozen::new(ALL_KINDS);
    let mut known: BTreeMap<&'static str, usize> = BTreeMap::new();
    let (mut listed, mut different) = (0, 0);
    for _ in 0..lines {
        let locale = *random.pick(&LOCALES);
        let line = list(&mut random);
        let both = Both::run(&frozen, locale, &line);
        listed += usize::from(!both.ours.stdout.is_empty());
        if both.differs().is_empty() {
            continue;
        }
        let least = reduce(&frozen, both, line);
        match least.known() {
            Some(why) => *known.entry(why).or_default() += 1,
            None if least.fails_as_theirs_with_a_process(&frozen) => *known.entry(NO_PID).or_default() += 1,
            None => {
                different += 1;
                least.print();
            }
        }
    }
    println!(
        "worker {index}: {lines} command lines of lsns, {listed} of them with a list, {different} unknown differences"
    );
    for (why, count) in known {
        println!("worker {index}: {count} known: {why}");
    }
    frozen.end();
    different == 0
}

/// The line without all that the difference does not need.
fn reduce(frozen: &Frozen, mut both: Both, mut line: Line) -> Both {
    let mut at = 0;
    while at < line.len() {
        let mut shorter = line.clone();
        shorter.remove(at);
        let with_less = Both::run(frozen, both.locale, &shorter);
        if with_less.differs() == both.differs() {
            (line, both) = (shorter, with_less);
        } else {
            at += 1;
        }
    }
    both
}
