//! The three tools from their command line to their exit status: each reads its line, works, and says what went wrong.

pub mod entry;
mod lsns;
mod nsenter;
mod report;
mod screen;
mod unshare;
mod watch;

pub use lsns::lsns;
pub use nsenter::nsenter;
pub use unshare::unshare;

use std::ffi::OsString;

use crate::cli::getopt::Opt;
use crate::cli::{Parsed, UsageError, help};
use crate::enter::RunFailure;
use crate::error::RequestError;
use crate::hint;
use crate::sys::process::Status;
use entry::Invocation;

/// What makes one tool another than the next.
struct Tool<A: 'static> {
    page: help::Page,
    options: &'static [Opt<A>],
    parse: fn(Vec<OsString>) -> Result<Parsed<A>, UsageError>,
    /// Guesses what the user meant by a command line that we cannot parse.
    meant: fn(&UsageError) -> Option<String>,
    /// Looks up the users and groups that are named before `--help` or `--version`. An unknown name is the first error
    /// of such a line, just as an invalid number is.
    look_up: fn(&A) -> Result<(), RequestError>,
    work: fn(A, &Invocation) -> Result<Status, HintedFailure>,
}

/// A failure with its hint.
struct HintedFailure {
    failure: RunFailure,
    hint: Option<String>,
}

impl<F: Into<RunFailure>> From<F> for HintedFailure {
    fn from(failure: F) -> HintedFailure {
        HintedFailure { failure: failure.into(), hint: None }
    }
}

fn start<A>(tool: Tool<A>, mut invocation: Invocation) -> Status {
    let arguments = std::mem::take(&mut invocation.arguments);
    let done = match (tool.parse)(arguments) {
        Ok(Parsed::Run(args)) => (tool.work)(args, &invocation),
        Ok(Parsed::Help(args)) => print_behind(&tool, &args, help::render(&tool.page, tool.options).as_bytes()),
        Ok(Parsed::Version(args)) => print_behind(&tool, &args, help::version(&invocation.program).as_bytes()),
        Err(error) => {
            let names = tool.options.iter().map(|option| option.long);
            let hint = (tool.meant)(&error).or_else(|| hint::usage::hint(&error, names));
            Err(HintedFailure { failure: error.into(), hint })
        }
    };
    done.unwrap_or_else(|HintedFailure { failure, hint }| report::failure(&invocation, &failure, hint))
}

/// Prints what the option after these asks for.
fn print_behind<A>(tool: &Tool<A>, args: &A, text: &[u8]) -> Result<Status, HintedFailure> {
    (tool.look_up)(args)?;
    print(text)
}

fn print(text: &[u8]) -> Result<Status, HintedFailure> {
    report::output(text)?;
    Ok(Status::SUCCESS)
}
