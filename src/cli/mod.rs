//! The command lines of the three tools: what was typed, and the request that it means. No other room knows argv.
//!
//! Each tool has a file with its table of options, each row with what it does to the arguments; `read`, below, goes
//! through a line for all of them. Its `resolve` makes the request. [`getopt`] takes argv apart in the ways of getopt_long(3), over the table; clap lays
//! out `--help` from the same table ([`help`]). clap does not parse: it has other rules for abbreviated
//! names, it cannot take `-mu` as `-m` with the value `u` where `--mount FILE` is an option and an operand, and building
//! its parser would be a fifth of our start-up.

pub mod getopt;
pub mod help;
pub mod lsns;
pub mod nsenter;
pub mod unshare;
pub mod value;

pub use getopt::UsageError;

use std::ffi::OsString;

use getopt::{Action, Getopt, Opt, Order};

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed<A> {
    /// `-h`, `--help`, behind these: what they name must be there all the same.
    Help(A),
    /// `-V`, `--version`, alike.
    Version(A),
    /// The work of the tool.
    Run(A),
}

/// Reads a command line, argv without its first, into what was typed: each option acts as its row says, in the order of
/// writing; `finish` is given the operands once the options have come to their end. `-h` and `-V` end the reading where they
/// stand: what is wrong behind them is not looked at. Errors: the first that is met.
fn read<A: Default>(
    table: &[Opt<A>],
    order: Order,
    arguments: Vec<OsString>,
    finish: fn(&mut A, Vec<OsString>) -> Result<(), UsageError>,
) -> Result<Parsed<A>, UsageError> {
    let mut getopt = Getopt::new(table, order, arguments);
    let mut args = A::default();
    while let Some(matched) = getopt.next_option()? {
        match matched.opt.action {
            Action::Help => return Ok(Parsed::Help(args)),
            Action::Version => return Ok(Parsed::Version(args)),
            Action::Switch(set) => set(&mut args),
            Action::Store(set) => set(&mut args, matched.value),
            Action::Read(set) => set(&mut args, matched)?,
        }
    }
    finish(&mut args, getopt.operands())?;
    Ok(Parsed::Run(args))
}

/// What `parse` makes of a line, for the tests of each tool's options: anything but arguments is an error as text.
#[cfg(test)]
pub(crate) fn typed<A: std::fmt::Debug>(
    parse: fn(Vec<OsString>) -> Result<Parsed<A>, UsageError>,
    line: &[&str],
) -> Result<A, String> {
    match parse(line.iter().map(OsString::from).collect()) {
        Ok(Parsed::Run(args)) => Ok(args),
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.to_string()),
    }
}
