//! What can be wrong with a filter.

use std::fmt;

/// The longest text of a filter, in bytes.
pub const MOST_BYTES: usize = 1024;
/// The most nodes, each operator, parenthesis and operand being one.
pub const MOST_NODES: usize = 256;
/// The longest pattern of `=~`, in bytes.
pub const MOST_PATTERN_BYTES: usize = 256;

/// Why a filter cannot be read. Positions count bytes, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterError {
    /// More than `MOST_BYTES`.
    TooLong,
    /// More than `MOST_NODES`.
    TooManyNodes,
    /// A pattern longer than `MOST_PATTERN_BYTES`, or one that would take too much memory.
    PatternTooLong,
    /// Something stands where it must not.
    Unexpected {
        /// The text at that position; `None` at the end.
        found: Option<String>,
        /// Where.
        at: usize,
        /// What could have stood there.
        expected: &'static str,
    },
    /// A string without its closing quote.
    OpenString {
        /// Where it begins.
        at: usize,
    },
    /// A number that is too large.
    NumberTooLarge {
        /// As it is written.
        text: String,
        /// Where.
        at: usize,
    },
    /// A name that no column has.
    UnknownColumn {
        /// As it is written.
        name: String,
        /// Where.
        at: usize,
    },
    /// A pattern that is not an extended regular expression.
    Pattern {
        /// As it is written.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FilterError::TooLong => write!(f, "the expression is longer than {MOST_BYTES} bytes"),
            FilterError::TooManyNodes => {
                write!(f, "the expression has more than {MOST_NODES} operators and operands")
            }
            FilterError::PatternTooLong => {
                write!(f, "a pattern is longer than {MOST_PATTERN_BYTES} bytes, or repeats too much")
            }
            FilterError::Unexpected { found: Some(found), at, expected } => {
                write!(f, "syntax error, unexpected '{found}' at {at}, expecting {expected}")
            }
            FilterError::Unexpected { found: None, at, expected } => {
                write!(f, "syntax error, unexpected end at {at}, expecting {expected}")
            }
            FilterError::OpenString { at } => {
                write!(f, "syntax error, the string that begins at {at} has no closing quote")
            }
            FilterError::NumberTooLarge { text, at } => {
                write!(f, "syntax error, the number '{text}' at {at} is too large")
            }
            FilterError::UnknownColumn { name, at } => {
                write!(f, "syntax error, no column is called '{name}' (at {at})")
            }
            FilterError::Pattern { pattern, reason } => {
                write!(f, "Invalid regular expression: '{pattern}': {reason}")
            }
        }
    }
}
