//! The three tools from their command line to their exit status.

use std::ffi::OsString;
use std::path::Path;

use crate::cli::getopt::Opt;
use crate::cli::{self, Parsed, UsageError, help};
use crate::enter::handles::Handles;
use crate::error::{Failure, Status};
use crate::hint::{self, View};
use crate::list::request::Subject;
use crate::list::{self, render};
use crate::sys::entry::Invocation;
use crate::sys::locale::Locale;
use crate::{enter, report};

/// What makes one tool another than the next.
struct Tool<A: 'static> {
    page: help::Page,
    options: &'static [Opt<A>],
    parse: fn(Vec<OsString>) -> Result<Parsed<A>, UsageError>,
    /// What was probably meant by a command line that cannot be read.
    meant: fn(&UsageError) -> Option<String>,
    work: fn(A, &Invocation) -> Result<Status, Explained>,
}

/// A failure with its hint.
struct Explained {
    failure: Failure,
    hint: Option<String>,
}

impl<F: Into<Failure>> From<F> for Explained {
    fn from(failure: F) -> Explained {
        Explained { failure: failure.into(), hint: None }
    }
}

/// unshare(1): runs a program in new namespaces. Returns only where the program runs as a child, or not at all.
pub fn unshare(invocation: Invocation) -> Status {
    use cli::unshare::{OPTIONS, PAGE, parse};
    start(Tool { page: PAGE, options: &OPTIONS, parse, meant: |_| None, work: do_unshare }, invocation)
}

fn do_unshare(args: cli::unshare::Args, caller: &Invocation) -> Result<Status, Explained> {
    let situation = hint::unshare::Situation::typed(&args);
    let request = enter::unshare::resolve(args).map_err(|error| {
        let hint = hint::unshare::before(&error);
        Explained { failure: error.into(), hint }
    })?;
    let situation = situation.resolved(&request, &caller.environment);
    // Before --root: hints are about the system that we run on.
    let view = hint::unshare::view_for(&request);
    report::note_for_person(caller, hint::unshare::program_stays_outside(&situation));
    let plan = enter::unshare::plan(request);
    enter::run(&plan, Handles::default(), &caller.environment).map_err(|failure| {
        let hint = hint::unshare::hint(&failure, &situation, &view);
        Explained { failure, hint }
    })
}

/// nsenter(1): runs a program in the namespaces of another process. Returns as [`unshare`] does.
pub fn nsenter(invocation: Invocation) -> Status {
    use cli::nsenter::{OPTIONS, PAGE, parse};
    start(Tool { page: PAGE, options: &OPTIONS, parse, meant: hint::nsenter::usage_hint, work: do_nsenter }, invocation)
}

fn do_nsenter(args: cli::nsenter::Args, caller: &Invocation) -> Result<Status, Explained> {
    let view = View::of_system();
    let situation = hint::nsenter::Situation::typed(&args);
    let (request, handles, left_out) = enter::nsenter::resolve(args).map_err(|failure| {
        let hint = hint::nsenter::hint(&failure, &situation, &view);
        Explained { failure, hint }
    })?;
    let situation = situation.resolved(&request, &caller.environment);
    let view = view.holding_namespaces(situation.to_be_held());
    if !left_out.is_empty() {
        report::note(caller, &left_out_note(&left_out));
    }
    report::notes_for_person(caller, || hint::nsenter::notes(&situation, &view));
    enter::run(&enter::nsenter::plan(request), handles, &caller.environment).map_err(|failure| {
        let hint = hint::nsenter::hint(&failure, &situation, &view);
        Explained { failure, hint }
    })
}

/// The first of the variables that were left out, and how many more: the target may have thousands.
fn left_out_note(names: &[String]) -> String {
    const MOST: usize = 12;
    const LONGEST: usize = 40;
    let shown = names.iter().take(MOST).map(|name| name.chars().take(LONGEST).collect::<String>());
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("left out of the target's environment: {shown}{more}")
}

/// lsns(8): lists namespaces, or the processes in one.
pub fn lsns(invocation: Invocation) -> Status {
    use cli::lsns::{OPTIONS, PAGE, parse};
    start(Tool { page: PAGE, options: &OPTIONS, parse, meant: hint::lsns::usage, work: do_lsns }, invocation)
}

fn do_lsns(args: cli::lsns::Args, caller: &Invocation) -> Result<Status, Explained> {
    let list_columns = args.list_columns;
    let explain = |failure| {
        let hint = hint::lsns::hint(&failure, &View::of_system());
        Explained { failure, hint }
    };
    let mut request = list::request::resolve(args).map_err(|error| explain(error.into()))?;
    if list_columns {
        return print(&render::columns(request.format));
    }
    list::locate(&mut request).map_err(explain)?;
    let listing = list::list(&request, Path::new("/proc")).map_err(explain)?;
    let root_asks = nix::unistd::geteuid().is_root();
    report::note_for_person(caller, unreadable(&listing, &request.subject).filter(|_| !root_asks));
    let style = render::Style {
        format: request.format,
        headings: request.headings,
        wrap: request.wrap,
        width: report::terminal_width(&caller.environment).filter(|_| request.truncate),
        locale: &Locale::of_environment(),
    };
    report::output_of(|stdout| render::write(&listing, &style, stdout))?;
    Ok(Status::SUCCESS)
}

/// Tells an ordinary user why the list may be short. The namespaces of one process are all there, or none is.
fn unreadable(listing: &render::Listing, subject: &Subject) -> Option<String> {
    let (unreadable, processes) = (listing.unreadable, listing.processes);
    let verb = if unreadable == 1 { "is" } else { "are" };
    let may_be_short = unreadable > 0 && !matches!(subject, Subject::Namespaces { task: Some(_), .. });
    may_be_short.then(|| format!("{unreadable} of {processes} processes {verb} not readable: run as root to see all"))
}

fn start<A>(tool: Tool<A>, mut invocation: Invocation) -> Status {
    let arguments = std::mem::take(&mut invocation.arguments);
    let done = match (tool.parse)(arguments) {
        Ok(Parsed::Run(args)) => (tool.work)(args, &invocation),
        Ok(Parsed::Help) => print(help::render(&tool.page, tool.options).as_bytes()),
        Ok(Parsed::Version) => print(help::version(&invocation.program).as_bytes()),
        Err(error) => {
            let names = tool.options.iter().map(|option| option.long);
            let hint = (tool.meant)(&error).or_else(|| hint::usage::hint(&error, names));
            Err(Explained { failure: error.into(), hint })
        }
    };
    done.unwrap_or_else(|Explained { failure, hint }| report::failure(&invocation, &failure, hint))
}

fn print(text: &[u8]) -> Result<Status, Explained> {
    report::output(text)?;
    Ok(Status::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_may_be_short_says_so() {
        let listing = |unreadable| render::Listing {
            columns: Vec::new(),
            lines: Vec::new(),
            tree: None,
            processes: 293,
            unreadable,
        };
        let all = Subject::Namespaces { task: None, persistent: false };
        let one = "1 of 293 processes is not readable: run as root to see all";
        assert_eq!(unreadable(&listing(1), &all).as_deref(), Some(one));
        let two = "2 of 293 processes are not readable: run as root to see all";
        assert_eq!(unreadable(&listing(2), &all).as_deref(), Some(two));
        assert_eq!(unreadable(&listing(0), &all), None);
        let of_one = Subject::Namespaces { task: Some(7), persistent: false };
        assert_eq!(unreadable(&listing(1), &of_one), None);
    }
}
