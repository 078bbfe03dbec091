//! What can be wrong with a command line.

use std::ffi::OsString;
use std::fmt;

/// A command line that cannot be read. The tool then points to --help and ends with status 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageError {
    /// No option has this letter.
    UnknownLetter(u8),
    /// No option has this name (without `--`).
    UnknownName(OsString),
    /// More than one option has a name that begins so.
    Ambiguous(OsString, Vec<&'static str>),
    /// The argument is missing, of an option as it was written.
    MissingArgument(String),
    /// An argument was given to an option that takes none.
    NeedlessArgument(&'static str),
    /// The argument of an option says nothing that the option knows.
    BadValue {
        /// The option, with its dashes.
        option: String,
        /// What was given.
        value: OsString,
        /// What would have been right.
        expected: &'static str,
    },
    /// A value says nothing that its option or operand knows, in the words that util-linux has for it.
    Words {
        /// What stands before the value.
        before: &'static str,
        /// What was given.
        value: OsString,
        /// What stands behind it.
        after: &'static str,
    },
    /// Two options exclude each other.
    Exclusive(&'static str, &'static str),
    /// The same, in the words that util-linux has for these.
    Apart(&'static str),
    /// An option was given more than once that may not be.
    Repeated(&'static str),
}

impl UsageError {
    /// Whether the syntax itself is wrong, so that --help is worth pointing to.
    pub fn points_to_help(&self) -> bool {
        !matches!(
            self,
            UsageError::BadValue { .. }
                | UsageError::Words { .. }
                | UsageError::Exclusive(..)
                | UsageError::Apart(_)
                | UsageError::Repeated(_)
        )
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UsageError::UnknownLetter(letter) => {
                write!(f, "invalid option -- '{}'", letter.escape_ascii())
            }
            UsageError::UnknownName(name) => {
                write!(f, "unrecognized option '--{}'", name.display())
            }
            UsageError::Ambiguous(name, names) => {
                write!(f, "option '--{}' is ambiguous; possibilities:", name.display())?;
                names.iter().try_for_each(|name| write!(f, " '--{name}'"))
            }
            UsageError::MissingArgument(option) => {
                write!(f, "option '{option}' requires an argument")
            }
            UsageError::NeedlessArgument(name) => {
                write!(f, "option '--{name}' doesn't allow an argument")
            }
            UsageError::BadValue { option, value, expected } => {
                write!(f, "{option}: '{}' is not {expected}", value.display())
            }
            UsageError::Words { before, value, after } => write!(f, "{before}{}{after}", value.display()),
            UsageError::Exclusive(one, other) => write!(f, "mutually exclusive arguments: {one} {other}"),
            UsageError::Apart(sentence) => f.write_str(sentence),
            UsageError::Repeated(option) => write!(f, "{option} may be given only once"),
        }
    }
}
