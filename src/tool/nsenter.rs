//! nsenter from its command line to its exit status.

use super::{HintedFailure, Invocation, Tool, report, start};
use crate::error::listed;
use crate::error::{Attempt, ResultExt, Shown};
use crate::hint::{self, SystemView};
use crate::sys::file::fill_closed_descriptors;
use crate::sys::process::Status;
use crate::{cli, enter};

/// nsenter(1): runs a program in the namespaces of another process. Returns as [`unshare`](super::unshare()) does.
pub fn nsenter(invocation: Invocation) -> Status {
    use cli::nsenter::{OPTIONS, PAGE, parse};
    let meant = hint::nsenter::usage_hint;
    let look_up = |args: &_| cli::nsenter::look_up(args).map(drop);
    start(Tool { page: PAGE, options: OPTIONS, parse, meant, look_up, work: do_nsenter }, invocation)
}

fn do_nsenter(args: cli::nsenter::NsenterArgs, caller: &Invocation) -> Result<Status, HintedFailure> {
    if args.pty {
        // These become the program's, and must not be files of ours.
        fill_closed_descriptors().attempt(|| Attempt::TakeTerminal)?;
    }
    let view = SystemView::of_system();
    let context = hint::nsenter::NsenterContext::typed(&args);
    let (request, handles, left_out) = cli::nsenter::resolve(args).map_err(|failure| {
        let failure = failure.into();
        let hint = hint::nsenter::hint(&failure, &context, &view);
        HintedFailure { failure, hint }
    })?;
    let target = handles.target.as_ref().map(|target| target.pid());
    let context = context.resolved(&request, target, &caller.environment);
    let view = view.holding_namespaces(context.to_be_held());
    if !left_out.is_empty() {
        report::note(caller, &left_out_note(&left_out));
    }
    if let Some(mounts) = &request.private_mounts {
        for file in &mounts.without_place {
            report::note(caller, &format!("{} is left out: /etc has no file of this name", file.shown()));
        }
    }
    for not_had in request.like.iter().flat_map(|like| &like.not_had) {
        report::note(caller, &not_had.to_string());
    }
    if let Some(note) = hint::nsenter::note_for_all(&context, &view) {
        report::note(caller, &note);
    }
    report::notes_for_person(caller, || hint::nsenter::notes(&context, &view));
    enter::run(&enter::nsenter::plan(request), handles, &caller.environment).map_err(|failure| {
        let hint = hint::nsenter::hint(&failure, &context, &view);
        HintedFailure { failure, hint }
    })
}

/// The first of the variables that were left out, and the number of others: the target may have thousands.
fn left_out_note(names: &[String]) -> String {
    const MOST: usize = 12;
    const LONGEST: usize = 40;
    let shortened: Vec<String> = names.iter().map(|name| name.chars().take(LONGEST).collect()).collect();
    format!("left out of the target's environment: {}", listed(&shortened, MOST))
}
