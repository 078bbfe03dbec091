//! lsns from its command line to its exit status.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::watch::Watcher;
use super::{HintedFailure, Invocation, Tool, print, report, start};
use crate::cli;
use crate::error::Failure;
use crate::error::{RequestError, Shown};
use crate::hint::{self, SystemView};
use crate::list;
use crate::list::query::request::{Colour, Format, Subject};
use crate::list::search::MissingPath;
use crate::list::view::render;
use crate::sys::locale::Locale;
use crate::sys::process::Status;

/// lsns(8): lists namespaces, or the processes in one.
pub fn lsns(invocation: Invocation) -> Status {
    use cli::lsns::{OPTIONS, PAGE, parse};
    let (meant, look_up) = (hint::lsns::usage, |_: &_| Ok(()));
    start(Tool { page: PAGE, options: OPTIONS, parse, meant, look_up, work: do_lsns }, invocation)
}

fn do_lsns(args: cli::lsns::LsnsArgs, caller: &Invocation) -> Result<Status, HintedFailure> {
    let (list_columns, colour, watch) = (args.list_columns, args.colour, args.watch);
    let proc = args.proc.clone().map(PathBuf::from);
    let width = report::terminal_width(&caller.environment);
    let explain = |failure: Failure| {
        let hint = hint::lsns::hint(&failure, &SystemView::of_system());
        HintedFailure { failure: failure.into(), hint }
    };
    let mut request = cli::lsns::resolve(args).map_err(|error| explain(error.into()))?;
    if list_columns {
        return print(&render::columns(request.format));
    }
    request.on_terminal = width.is_some();
    request.coloured = has_colours(colour, caller);
    match &proc {
        None => list::locate(&mut request).map_err(explain)?,
        Some(directory) => {
            list::check_directory(directory).map_err(explain)?;
            if !list::scan::pids_are_ours(directory) {
                report::note(caller, &other_pids(directory));
            }
        }
    }
    let root = proc.as_deref().unwrap_or(Path::new("/proc"));
    let locale = Locale::of_environment();
    let style = render::Style {
        format: request.format,
        look: request.look,
        headings: request.headings,
        wrap: request.wrap,
        width: width.filter(|_| request.truncate),
        colour: request.coloured,
        locale: &locale,
    };
    if let Some(interval) = watch {
        let interval = Duration::from_millis(interval);
        let on_screen = request.on_terminal && request.format == Format::Table;
        let mut is_first = true;
        let look = || {
            let listing = list::list(&request, root).map_err(explain)?;
            if std::mem::take(&mut is_first) {
                notes(caller, &listing);
            }
            Ok(listing)
        };
        return Watcher { interval, style, on_screen, look }.run();
    }
    let listing = list::list(&request, root).map_err(explain)?;
    notes(caller, &listing);
    let root_asks = nix::unistd::geteuid().is_root();
    report::note_for_person(caller, unreadable(&listing, &request.subject).filter(|_| !root_asks));
    report::output_of(|stdout| render::write(&listing, &style, stdout))?;
    match listing.missed {
        None => Ok(Status::SUCCESS),
        Some(looked) => {
            let wanted = request.find.into_iter().map(|wanted| wanted.text).collect();
            Err(explain(RequestError::NothingFound { wanted, looked: looked.to_string() }.into()))
        }
    }
}

fn has_colours(when: Colour, caller: &Invocation) -> bool {
    match when {
        Colour::Auto => report::shows_colours(&caller.environment),
        Colour::Always => true,
        Colour::Never => false,
    }
}

/// Says why /proc was read in spite of `--scan=+bpf`, and which paths of --find do not exist.
fn notes(caller: &Invocation, listing: &render::Printout) {
    if let Some(reason) = &listing.no_bpf {
        report::note(caller, &format!("processes were read from /proc, not by BPF: {reason}"));
    }
    report::notes_for_person(caller, || listing.missing.iter().map(found_above).collect());
}

/// Rows that a misspelt path would have as well.
fn found_above(missing: &MissingPath) -> String {
    let (path, above) = (missing.path.shown(), missing.above.shown());
    format!("{path} does not exist here: listed are namespaces with the mount around it ({above})")
}

/// What is left out with --proc.
fn other_pids(directory: &Path) -> String {
    let directory = directory.shown();
    format!(
        "{directory} shows another PID namespace than ours: sockets, TAP devices and the descriptor tables of threads are left out"
    )
}

/// Tells an ordinary user why the list may be short. Not for --task: of one process, we see all namespaces or none.
fn unreadable(listing: &render::Printout, subject: &Subject) -> Option<String> {
    let (unreadable, processes) = (listing.unreadable, listing.processes);
    let verb = if unreadable == 1 { "is" } else { "are" };
    let may_be_short = unreadable > 0 && !matches!(subject, Subject::Namespaces { task: Some(_), .. });
    may_be_short.then(|| format!("{unreadable} of {processes} processes {verb} not readable: run as root to see all"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_may_be_short_says_so() {
        let listing = |unreadable| render::Printout {
            columns: Vec::new(),
            lines: Vec::new(),
            tree: None,
            processes: 293,
            unreadable,
            missed: None,
            missing: Vec::new(),
            no_bpf: None,
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
