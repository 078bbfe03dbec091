//! unshare from its command line to its exit status.

use super::{HintedFailure, Invocation, Tool, report, start};
use crate::enter::handles::Handles;
use crate::error::{Attempt, ResultExt};
use crate::hint::{self, SystemView};
use crate::sys::file::fill_closed_descriptors;
use crate::sys::process::Status;
use crate::{cli, enter};

/// unshare(1): runs a program in new namespaces. Returns only where the program runs as a child, or not at all.
pub fn unshare(invocation: Invocation) -> Status {
    use cli::unshare::look_up;
    use cli::unshare::{OPTIONS, PAGE, parse};
    start(Tool { page: PAGE, options: OPTIONS, parse, meant: |_| None, look_up, work: do_unshare }, invocation)
}

fn do_unshare(args: cli::unshare::UnshareArgs, caller: &Invocation) -> Result<Status, HintedFailure> {
    if args.pty {
        // These become the program's, and must not be files of ours.
        fill_closed_descriptors().attempt(|| Attempt::TakeTerminal)?;
    }
    let context = hint::unshare::UnshareContext::typed(&args);
    let kinds = args.request.kinds;
    let request = cli::unshare::resolve(args).map_err(|error| match enter::unshare::fails_before(&error, kinds) {
        Some(failure) => {
            let hint = hint::unshare::hint(&failure, &context, &SystemView::of_system());
            HintedFailure { failure, hint }
        }
        None => {
            let hint = hint::unshare::before(&error);
            HintedFailure { failure: error.into(), hint }
        }
    })?;
    let context = context.resolved(&request, &caller.environment);
    // Opened before --root takes effect: hints are about the system that we run on.
    let view = hint::unshare::view_for(&request);
    report::note_for_person(caller, hint::unshare::program_stays_outside(&context));
    let plan = enter::unshare::plan(request);
    enter::run(&plan, Handles::default(), &caller.environment).map_err(|failure| {
        let hint = hint::unshare::hint(&failure, &context, &view);
        HintedFailure { failure, hint }
    })
}
