//! Reads a command line as getopt_long(3) does: abbreviations, clusters, attached and optional arguments, over bytes
//! that need not be UTF-8.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

pub use crate::error::{UsageError, Wording};

/// Whether an option takes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HasArg {
    /// None.
    No,
    /// One, attached or next.
    Required,
    /// One, attached only.
    Optional,
}

/// What an option does.
#[derive(Clone, Copy, Debug)]
pub enum Action<A> {
    /// Ask for the text of `--help`.
    Help,
    /// Ask for the text of `--version`.
    Version,
    /// Set something in the tool's arguments.
    Switch(fn(&mut A)),
    /// Put its argument there as it is.
    Store(fn(&mut A, Option<OsString>)),
    /// Read its argument, or check it against others.
    Read(Reader<A>),
}

/// What reads an option into a tool's arguments.
pub type Reader<A> = fn(&mut A, Matched<'_, A>) -> Result<(), UsageError>;

/// The version that introduced an option. An abbreviation keeps its meaning from version to version: of the options
/// that begin with it, only the oldest count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Since {
    /// util-linux has it in 2.38.
    Ever,
    /// util-linux has it in a newer version.
    Newer,
    /// Only nskit has it.
    Ours,
}

/// A row of a tool's table of options: everything about one option, including its effect on the tool's arguments, `A`.
#[derive(Debug)]
pub struct Opt<A> {
    /// What it does to the tool's arguments.
    pub action: Action<A>,
    /// Its letter.
    pub short: Option<u8>,
    /// Its name.
    pub long: &'static str,
    /// What the name takes.
    pub has_arg: HasArg,
    /// What the letter takes.
    pub short_has_arg: HasArg,
    /// Whether `=` between letter and argument is dropped: `-r=/dir`.
    pub drops_equals: bool,
    /// Since when there is such an option.
    pub since: Since,
    /// The argument's name, for --help.
    pub value: &'static str,
    /// The words that completions offer for the argument.
    pub words: &'static [&'static str],
    /// Whether a second use adds to the first.
    pub repeatable: bool,
    /// What the option does, for --help and the completions.
    pub help: &'static str,
}

impl<A> Opt<A> {
    /// `-h`, `--help`, which every tool has.
    pub const HELP: Opt<A> = Opt::new(Action::Help, "help", "Print this help").short(b'h');

    /// `-V`, `--version`, which every tool has.
    pub const VERSION: Opt<A> = Opt::new(Action::Version, "version", "Print the version").short(b'V');

    /// An option that is given or not.
    pub const fn switch(long: &'static str, help: &'static str, set: fn(&mut A)) -> Opt<A> {
        Opt::new(Action::Switch(set), long, help)
    }

    /// An option whose argument can be anything.
    pub const fn store(long: &'static str, help: &'static str, set: fn(&mut A, Option<OsString>)) -> Opt<A> {
        Opt::new(Action::Store(set), long, help)
    }

    /// An option that can be wrong.
    pub const fn read(long: &'static str, help: &'static str, set: Reader<A>) -> Opt<A> {
        Opt::new(Action::Read(set), long, help)
    }

    const fn new(action: Action<A>, long: &'static str, help: &'static str) -> Opt<A> {
        Opt {
            action,
            short: None,
            long,
            has_arg: HasArg::No,
            short_has_arg: HasArg::No,
            drops_equals: false,
            since: Since::Ever,
            value: "",
            words: &[],
            repeatable: false,
            help,
        }
    }

    /// With a letter.
    #[must_use]
    pub const fn short(mut self, letter: u8) -> Opt<A> {
        self.short = Some(letter);
        self
    }

    /// With an argument that must be there.
    #[must_use]
    pub const fn required(mut self, value: &'static str) -> Opt<A> {
        self.has_arg = HasArg::Required;
        self.short_has_arg = HasArg::Required;
        self.value = value;
        self
    }

    /// With an argument that may be attached to name or letter.
    #[must_use]
    pub const fn optional(mut self, value: &'static str) -> Opt<A> {
        self.has_arg = HasArg::Optional;
        self.short_has_arg = HasArg::Optional;
        self.drops_equals = true;
        self.value = value;
        self
    }

    /// With an argument that may be attached to the name; the letter takes none.
    #[must_use]
    pub const fn optional_long(mut self, value: &'static str) -> Opt<A> {
        self.has_arg = HasArg::Optional;
        self.value = value;
        self
    }

    /// With words that the argument may be.
    #[must_use]
    pub const fn words(mut self, words: &'static [&'static str]) -> Opt<A> {
        self.words = words;
        self
    }

    /// Adding to what was given before.
    #[must_use]
    pub const fn repeatable(mut self) -> Opt<A> {
        self.repeatable = true;
        self
    }

    /// Newer than 2.38.
    #[must_use]
    pub const fn newer(mut self) -> Opt<A> {
        self.since = Since::Newer;
        self
    }

    /// Of nskit's own.
    #[must_use]
    pub const fn ours(mut self) -> Opt<A> {
        self.since = Since::Ours;
        self
    }

    /// With `=` dropped between letter and argument.
    #[must_use]
    pub const fn dropping_equals(mut self) -> Opt<A> {
        self.drops_equals = true;
        self
    }
}

/// Where the options end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// At the first operand: the rest belongs to the program.
    UntilOperand,
    /// Only at `--`: options and operands may be mixed.
    Mixed,
}

/// An option as it was met.
#[derive(Debug)]
pub struct Matched<'t, A> {
    /// Its row of the table.
    pub opt: &'t Opt<A>,
    /// Its argument.
    pub value: Option<OsString>,
}

impl<A> Matched<'_, A> {
    /// Parses the argument with `reader`. The error names the argument, in this wording, and what would have been
    /// right.
    pub fn read<T>(
        &self,
        wording: Wording,
        expected: &'static str,
        reader: impl FnOnce(&OsStr) -> Option<T>,
    ) -> Result<T, UsageError> {
        let value = self.value.as_deref().unwrap_or_default();
        reader(value).ok_or_else(|| self.bad_value(wording.of(value), expected))
    }

    /// The error that says `said` of the argument.
    pub fn bad_value(&self, said: String, expected: &'static str) -> UsageError {
        let value = self.value.clone().unwrap_or_default();
        UsageError::BadValue { said, option: self.opt.to_string(), value, expected }
    }
}

/// As messages name it: `-S/--setuid`.
impl<A> fmt::Display for Opt<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(letter) = self.short {
            write!(f, "-{}/", letter as char)?;
        }
        write!(f, "--{}", self.long)
    }
}

/// Reads a command line one option at a time.
pub struct Getopt<'t, A> {
    table: &'t [Opt<A>],
    order: Order,
    arguments: std::vec::IntoIter<OsString>,
    /// The rest of a cluster of letters, not yet read.
    cluster: std::vec::IntoIter<u8>,
    operands: Vec<OsString>,
}

impl<'t, A> Getopt<'t, A> {
    /// Over `arguments`, argv without its first.
    pub fn new(table: &'t [Opt<A>], order: Order, arguments: Vec<OsString>) -> Getopt<'t, A> {
        Getopt { table, order, arguments: arguments.into_iter(), cluster: Vec::new().into_iter(), operands: Vec::new() }
    }

    /// The operands, after the last option.
    pub fn operands(mut self) -> Vec<OsString> {
        self.operands.extend(self.arguments);
        self.operands
    }

    /// The next option, `None` at their end.
    pub fn next_option(&mut self) -> Result<Option<Matched<'t, A>>, UsageError> {
        if let Some(letter) = self.cluster.next() {
            return self.letter(letter).map(Some);
        }
        while let Some(argument) = self.arguments.next() {
            match argument.as_bytes() {
                b"--" => return Ok(None),
                [b'-', b'-', name @ ..] => return self.long(name).map(Some),
                [b'-', letter, cluster @ ..] => {
                    self.cluster = Vec::from(cluster).into_iter();
                    return self.letter(*letter).map(Some);
                }
                _ => self.operands.push(argument),
            }
            if self.order == Order::UntilOperand {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn long(&mut self, argument: &[u8]) -> Result<Matched<'t, A>, UsageError> {
        let mut parts = argument.splitn(2, |byte| *byte == b'=');
        let name = parts.next().unwrap_or_default();
        let attached = parts.next().map(|value| OsStr::from_bytes(value).to_os_string());
        let opt = self.find(name, argument)?;
        let value = match (opt.has_arg, attached) {
            (HasArg::No, Some(_)) => return Err(UsageError::NeedlessArgument(opt.long)),
            (HasArg::Required, None) => {
                let next = self.arguments.next();
                Some(next.ok_or(UsageError::MissingArgument(opt.long))?)
            }
            (_, attached) => attached,
        };
        Ok(Matched { opt, value })
    }

    /// The option with that name, or the only one that it abbreviates, among the oldest options. Errors show the
    /// argument as typed, with its value.
    fn find(&self, name: &[u8], typed: &[u8]) -> Result<&'t Opt<A>, UsageError> {
        if let Some(exact) = self.table.iter().find(|opt| opt.long.as_bytes() == name) {
            return Ok(exact);
        }
        let begin_so = || self.table.iter().filter(|opt| opt.long.as_bytes().starts_with(name));
        let oldest = begin_so().map(|opt| opt.since).min();
        let candidates: Vec<_> = begin_so().filter(|opt| Some(opt.since) == oldest).collect();
        let typed = OsStr::from_bytes(typed).to_os_string();
        match candidates[..] {
            [only] => Ok(only),
            [] => Err(UsageError::UnknownName(typed)),
            _ => Err(UsageError::Ambiguous(typed, candidates.iter().map(|opt| opt.long).collect())),
        }
    }

    /// An option by its letter, with the rest of the cluster as its argument if it takes one.
    fn letter(&mut self, letter: u8) -> Result<Matched<'t, A>, UsageError> {
        let opt = self.table.iter().find(|opt| opt.short == Some(letter));
        let opt = opt.ok_or(UsageError::UnknownLetter(letter))?;
        if opt.short_has_arg == HasArg::No {
            return Ok(Matched { opt, value: None });
        }
        let cluster = std::mem::take(&mut self.cluster);
        let bytes = |value: &[u8]| OsStr::from_bytes(value).to_os_string();
        let value = match (opt.short_has_arg, cluster.as_slice()) {
            (HasArg::Required, []) => Some(self.arguments.next().ok_or(UsageError::MissingArgumentOfLetter(letter))?),
            (_, []) => None,
            (_, [b'=', value @ ..]) if opt.drops_equals => Some(bytes(value)),
            (_, value) => Some(bytes(value)),
        };
        Ok(Matched { opt, value })
    }
}

#[cfg(test)]
mod tests;
