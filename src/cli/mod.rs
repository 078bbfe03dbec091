//! The command lines of the three tools: the arguments as typed, and the request that they mean. No other room knows
//! argv.
//!
//! Each tool has a file with its table of options; a row includes the option's effect on the arguments. `read`, below,
//! reads the command line of every tool, and each tool's `resolve` makes the request. [`getopt`] splits argv as
//! getopt_long(3) does, with the table; clap lays out `--help` from the same table ([`help`]). clap does not parse: it
//! has other rules for abbreviated names, it cannot take `-mu` as `-m` with the value `u` where `--mount FILE` is an
//! option and an operand, and building its parser would be a fifth of our start-up.

pub mod capabilities;
pub mod getopt;
pub mod help;
#[cfg(feature = "cli")]
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
    /// `-h` or `--help`, after these arguments: the users and groups that they name must exist all the same.
    Help(A),
    /// `-V`, `--version`, alike.
    Version(A),
    /// The work of the tool.
    Run(A),
}

/// Reads a command line, argv without argv\[0\], into arguments. Each option acts as its row says, in the order of the
/// line; `finish` then gets the operands. `-h` and `-V` end the reading: we ignore any error after them. Errors: the
/// first one in the line.
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

/// The arguments that `parse` reads from a line, for tests. Anything but arguments is an error, as text.
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
