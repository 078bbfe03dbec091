//! What can be wrong with a command line.

use super::shown::Shown;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

/// A command line that cannot be read. The tool then ends with status 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageError {
    /// No option has this letter.
    UnknownLetter(u8),
    /// No option has this name. Holds all that was typed, without `--`.
    UnknownName(OsString),
    /// Several options begin with this name. Holds all that was typed, without `--`, and the options.
    Ambiguous(OsString, Vec<&'static str>),
    /// An option given by its name lacks its argument.
    MissingArgument(&'static str),
    /// An option given by its letter lacks its argument.
    MissingArgumentOfLetter(u8),
    /// An argument was given to an option that takes none.
    NeedlessArgument(&'static str),
    /// An option does not know this argument.
    BadValue {
        /// What util-linux says of it.
        said: String,
        /// The option, as messages name it.
        option: String,
        /// What was given.
        value: OsString,
        /// What would have been right.
        expected: &'static str,
    },
    /// An option or operand does not know this value. The message is util-linux's.
    Words {
        /// How util-linux speaks of it.
        wording: Wording,
        /// What was given.
        value: OsString,
    },
    /// Two options exclude each other.
    Exclusive(&'static str, &'static str),
    /// The same, in the words that util-linux has for these.
    Apart(&'static str),
    /// An option was given twice that may be given only once.
    Repeated(&'static str),
}

/// The form of util-linux's message about a bad value, which takes the place of `X`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// `failed to parse uid: 'X'`, followed by `: Numerical result out of range` if the number is too large.
    Number(&'static str),
    /// `unsupported --setgroups argument 'X'`.
    Quoted(&'static str),
    /// `unknown signal: X`.
    Bare(&'static str),
    /// `failed to parse owner`.
    Alone(&'static str),
}

impl Wording {
    /// The message for this value.
    pub fn of(self, value: &OsStr) -> String {
        let shown = value.shown();
        match self {
            Wording::Number(what) if is_number(value.as_bytes()) => {
                format!("{what}: '{shown}': Numerical result out of range")
            }
            Wording::Number(what) => format!("{what}: '{shown}'"),
            Wording::Quoted(what) => format!("{what} '{shown}'"),
            Wording::Bare(what) => format!("{what}: {shown}"),
            Wording::Alone(what) => what.to_string(),
        }
    }
}

/// Whether strtol(3) would take all of it, if no number were too large.
fn is_number(text: &[u8]) -> bool {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    let digits = match &text[blanks..] {
        [b'+' | b'-', digits @ ..] => digits,
        digits => digits,
    };
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

impl UsageError {
    /// Whether getopt(3) prints this message in util-linux: it starts with argv\[0\] as it was given, and a line about
    /// --help follows.
    pub fn is_of_getopt(&self) -> bool {
        !matches!(
            self,
            UsageError::BadValue { .. }
                | UsageError::Words { .. }
                | UsageError::Exclusive(..)
                | UsageError::Apart(_)
                | UsageError::Repeated(_)
        )
    }

    /// What it says more than the message does.
    pub fn detail(&self) -> Option<String> {
        match self {
            UsageError::BadValue { option, expected, .. } => Some(format!("{option} takes {expected}")),
            _ => None,
        }
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UsageError::UnknownLetter(letter) => {
                write!(f, "invalid option -- '{}'", letter.escape_ascii())
            }
            UsageError::UnknownName(typed) => {
                write!(f, "unrecognized option '--{}'", typed.shown())
            }
            UsageError::Ambiguous(typed, names) => {
                write!(f, "option '--{}' is ambiguous; possibilities:", typed.shown())?;
                names.iter().try_for_each(|name| write!(f, " '--{name}'"))
            }
            UsageError::MissingArgument(name) => {
                write!(f, "option '--{name}' requires an argument")
            }
            UsageError::MissingArgumentOfLetter(letter) => {
                write!(f, "option requires an argument -- '{}'", letter.escape_ascii())
            }
            UsageError::NeedlessArgument(name) => {
                write!(f, "option '--{name}' doesn't allow an argument")
            }
            UsageError::BadValue { said, .. } => f.write_str(said),
            UsageError::Words { wording, value } => f.write_str(&wording.of(value)),
            UsageError::Exclusive(one, other) => write!(f, "mutually exclusive arguments: {one} {other}"),
            UsageError::Apart(sentence) => f.write_str(sentence),
            UsageError::Repeated(option) => write!(f, "option {option} may be given only once"),
        }
    }
}
