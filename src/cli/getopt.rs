//! getopt_long(3)'s ways of reading a command line: abbreviations, clusters, attached and optional arguments, over
//! bytes that need not be UTF-8.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

pub use crate::error::{UsageError, Wording};

/// Whether an option takes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// None.
    Nothing,
    /// One, attached or next.
    Required,
    /// One, attached only.
    Optional,
}

/// What an option asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks<Id> {
    /// The text of `--help`.
    Help,
    /// The text of `--version`.
    Version,
    /// What only the tool knows: its own name for the option.
    Own(Id),
}

/// Since when there is an option. An abbreviation means what it has meant in every version so far: of the options that begin
/// so, only the oldest ones count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Since {
    /// util-linux has it in 2.38.
    Ever,
    /// util-linux has it in a newer version.
    Newer,
    /// Only nskit has it.
    Ours,
}

/// A row of a tool's table of options.
#[derive(Debug)]
pub struct Opt<Id> {
    /// What it asks for.
    pub asks: Asks<Id>,
    /// Its letter.
    pub short: Option<u8>,
    /// Its name.
    pub long: &'static str,
    /// What the name takes.
    pub takes: Takes,
    /// What the letter takes.
    pub short_takes: Takes,
    /// Whether `=` between letter and argument is dropped: `-r=/dir`.
    pub drops_equals: bool,
    /// Since when there is such an option.
    pub since: Since,
    /// The argument's name, for --help.
    pub value: &'static str,
    /// The words that the argument may be, where completions are to offer these.
    pub words: &'static [&'static str],
    /// Whether giving it again adds to what was given.
    pub repeatable: bool,
    /// What the option does, for --help and the completions.
    pub help: &'static str,
}

impl<Id> Opt<Id> {
    /// `-h`, `--help`, which every tool has.
    pub const HELP: Opt<Id> = Opt::asking(Asks::Help, "help", "Print this help").short(b'h');

    /// `-V`, `--version`, which every tool has.
    pub const VERSION: Opt<Id> = Opt::asking(Asks::Version, "version", "Print the version").short(b'V');

    /// An option of the tool's own, with a name only and no argument.
    pub const fn new(id: Id, long: &'static str, help: &'static str) -> Opt<Id> {
        Opt::asking(Asks::Own(id), long, help)
    }

    const fn asking(asks: Asks<Id>, long: &'static str, help: &'static str) -> Opt<Id> {
        Opt {
            asks,
            short: None,
            long,
            takes: Takes::Nothing,
            short_takes: Takes::Nothing,
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
    pub const fn short(mut self, letter: u8) -> Opt<Id> {
        self.short = Some(letter);
        self
    }

    /// With an argument that must be there.
    #[must_use]
    pub const fn required(mut self, value: &'static str) -> Opt<Id> {
        self.takes = Takes::Required;
        self.short_takes = Takes::Required;
        self.value = value;
        self
    }

    /// With an argument that may be attached to name or letter.
    #[must_use]
    pub const fn optional(mut self, value: &'static str) -> Opt<Id> {
        self.takes = Takes::Optional;
        self.short_takes = Takes::Optional;
        self.drops_equals = true;
        self.value = value;
        self
    }

    /// With an argument that may be attached to the name; the letter takes none.
    #[must_use]
    pub const fn optional_long(mut self, value: &'static str) -> Opt<Id> {
        self.takes = Takes::Optional;
        self.value = value;
        self
    }

    /// With words that the argument may be.
    #[must_use]
    pub const fn words(mut self, words: &'static [&'static str]) -> Opt<Id> {
        self.words = words;
        self
    }

    /// Adding to what was given before.
    #[must_use]
    pub const fn repeatable(mut self) -> Opt<Id> {
        self.repeatable = true;
        self
    }

    /// Newer than 2.38.
    #[must_use]
    pub const fn newer(mut self) -> Opt<Id> {
        self.since = Since::Newer;
        self
    }

    /// Of nskit's own.
    #[must_use]
    pub const fn ours(mut self) -> Opt<Id> {
        self.since = Since::Ours;
        self
    }

    /// With `=` dropped between letter and argument.
    #[must_use]
    pub const fn dropping_equals(mut self) -> Opt<Id> {
        self.drops_equals = true;
        self
    }
}

/// Where the options end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// At the first operand: what follows belongs to the program that is run.
    UntilOperand,
    /// Nowhere but at `--`: options and operands may be mixed.
    Mixed,
}

/// An option as it was met.
#[derive(Debug)]
pub struct Met<'t, Id> {
    /// Its row of the table.
    pub opt: &'t Opt<Id>,
    /// Its argument.
    pub value: Option<OsString>,
}

impl<Id> Met<'_, Id> {
    /// What `reader` makes of the argument, or an error that names it, in this wording, and what would have been right.
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
impl<Id> fmt::Display for Opt<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(letter) = self.short {
            write!(f, "-{}/", letter as char)?;
        }
        write!(f, "--{}", self.long)
    }
}

/// Reads a command line one option at a time.
pub struct Getopt<'t, Id> {
    table: &'t [Opt<Id>],
    order: Order,
    arguments: std::vec::IntoIter<OsString>,
    /// The letters of a cluster that are still to be read.
    cluster: std::vec::IntoIter<u8>,
    operands: Vec<OsString>,
}

impl<'t, Id> Getopt<'t, Id> {
    /// Over `arguments`, argv without its first.
    pub fn new(table: &'t [Opt<Id>], order: Order, arguments: Vec<OsString>) -> Getopt<'t, Id> {
        Getopt { table, order, arguments: arguments.into_iter(), cluster: Vec::new().into_iter(), operands: Vec::new() }
    }

    /// The operands, once the options have come to their end.
    pub fn operands(mut self) -> Vec<OsString> {
        self.operands.extend(self.arguments);
        self.operands
    }

    /// The next option, `None` at their end.
    pub fn next_option(&mut self) -> Result<Option<Met<'t, Id>>, UsageError> {
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

    fn long(&mut self, argument: &[u8]) -> Result<Met<'t, Id>, UsageError> {
        let mut parts = argument.splitn(2, |byte| *byte == b'=');
        let name = parts.next().unwrap_or_default();
        let attached = parts.next().map(|value| OsStr::from_bytes(value).to_os_string());
        let opt = self.find(name, argument)?;
        let value = match (opt.takes, attached) {
            (Takes::Nothing, Some(_)) => return Err(UsageError::NeedlessArgument(opt.long)),
            (Takes::Required, None) => {
                let next = self.arguments.next();
                Some(next.ok_or(UsageError::MissingArgument(opt.long))?)
            }
            (_, attached) => attached,
        };
        Ok(Met { opt, value })
    }

    /// The option of that name, or of which alone it is an abbreviation, among those that have been there for longest.
    /// Errors speak of the argument as it was typed, with its value.
    fn find(&self, name: &[u8], typed: &[u8]) -> Result<&'t Opt<Id>, UsageError> {
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
    fn letter(&mut self, letter: u8) -> Result<Met<'t, Id>, UsageError> {
        let opt = self.table.iter().find(|opt| opt.short == Some(letter));
        let opt = opt.ok_or(UsageError::UnknownLetter(letter))?;
        if opt.short_takes == Takes::Nothing {
            return Ok(Met { opt, value: None });
        }
        let cluster = std::mem::take(&mut self.cluster);
        let bytes = |value: &[u8]| OsStr::from_bytes(value).to_os_string();
        let value = match (opt.short_takes, cluster.as_slice()) {
            (Takes::Required, []) => Some(self.arguments.next().ok_or(UsageError::MissingArgumentOfLetter(letter))?),
            (_, []) => None,
            (_, [b'=', value @ ..]) if opt.drops_equals => Some(bytes(value)),
            (_, value) => Some(bytes(value)),
        };
        Ok(Met { opt, value })
    }
}

#[cfg(test)]
mod tests;
