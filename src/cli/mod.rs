//! The command lines of the three tools: what was typed, and nothing more.
//!
//! [`getopt`] reads argv in the ways of getopt_long(3), over a table of options; clap lays out `--help` from the same
//! table ([`help`]). clap does not parse: it knows neither abbreviations that an exact name ends, nor `-mu` as one
//! option with the value `u` beside `--mount FILE` as an option and an operand, and building its parser would be a
//! fifth of our start-up.

pub mod getopt;
pub mod help;
pub mod lsns;
pub mod nsenter;
pub mod unshare;
pub mod value;

pub use getopt::UsageError;

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed<A> {
    /// `-h`, `--help`.
    Help,
    /// `-V`, `--version`.
    Version,
    /// The work of the tool.
    Run(A),
}
