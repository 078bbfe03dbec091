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
    /// No option has this name: all that was typed, without `--`.
    UnknownName(OsString),
    /// More than one option has a name that begins so: all that was typed, without `--`, and the options.
    Ambiguous(OsString, Vec<&'static str>),
    /// The argument is missing, of an option given by its name.
    MissingArgument(&'static str),
    /// The argument is missing, of an option given by its letter.
    MissingArgumentOfLetter(u8),
    /// An argument was given to an option that takes none.
    NeedlessArgument(&'static str),
    /// The argument of an option says nothing that the option knows.
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
    /// A value says nothing that its option or operand knows, in the words that util-linux has for it.
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
    /// An option was given more than once that may not be.
    Repeated(&'static str),
}

/// How util-linux speaks of a bad value, which goes in place of `X`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// `failed to parse uid: 'X'`; of a number that is beyond what the option takes, `Numerical result out of range` besides.
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

/// Whether strtol(3) would take it as a whole, were there no limit.
fn is_number(text: &[u8]) -> bool {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    let digits = match &text[blanks..] {
        [b'+' | b'-', digits @ ..] => digits,
        digits => digits,
    };
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

impl UsageError {
    /// Whether getopt(3) is who says it: with argv\[0\] as it was given, and a pointer to --help below.
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
