//! Linux namespaces: run programs in new ones (unshare), enter those of others (nsenter), list them all (lsns).
//!
//! The two flows of the crate, each in one direction:
//!
//! ```text
//! argv ─parse─▶ Args ─resolve─▶ Request ─plan─▶ Plan = [Step] ─run─▶ system calls in order ─▶ exec
//!       pure           reads only         pure                 acts, never decides
//! ```
//!
//! - [`cli`]: what was typed. [`enter`]: requests, plans and the loop that carries them out.
//! - [`namespace`]: the vocabulary. [`mountinfo`]: what is mounted. [`users`]: names and numbers. [`error`], [`hint`], [`report`]: what went wrong,
//!   why it probably did, and how it is said. [`sys`]: system calls that nix lacks.
//!
//! The binaries are the functions here with an entry point each.

pub mod cli;
pub mod enter;
pub mod error;
pub mod hint;
pub mod mountinfo;
pub mod namespace;
pub mod report;
pub mod sys;
pub mod users;

use std::ffi::OsStr;

use cli::{Parsed, help};
use enter::entering::Opened;
use error::Status;
use hint::View;
use sys::entry::Invocation;

/// unshare(1): runs a program in new namespaces. Returns only where the program runs as a child, or not at all.
pub fn unshare(invocation: Invocation) -> Status {
    let Invocation {
        program,
        arguments,
        environment,
    } = invocation;
    let args = match cli::unshare::parse(arguments) {
        Ok(Parsed::Run(args)) => args,
        Ok(Parsed::Help) => {
            return print(
                &program,
                &help::render(&cli::unshare::PAGE, &cli::unshare::OPTIONS),
            );
        }
        Ok(Parsed::Version) => return print(&program, &help::version(&program)),
        Err(error) => return report::failure(&program, &error.into(), None),
    };
    let request = match enter::unshare::resolve(args) {
        Ok(request) => request,
        Err(error) => {
            let hint = hint::unshare::before(&error);
            return report::failure(&program, &error.into(), hint.as_deref());
        }
    };
    let situation = hint::unshare::Situation::of(&request);
    report::note_for_person(&program, hint::unshare::shell_stays_outside(situation));
    match enter::run(
        enter::unshare::plan(request),
        Opened::default(),
        &environment,
    ) {
        Ok(status) => status,
        Err(failure) => {
            let hint = hint::unshare::hint(&failure, situation, &View::of_system());
            report::failure(&program, &failure, hint.as_deref())
        }
    }
}

/// nsenter(1): runs a program in the namespaces of another process. Returns as [`unshare`] does.
pub fn nsenter(invocation: Invocation) -> Status {
    let Invocation {
        program,
        arguments,
        environment,
    } = invocation;
    let args = match cli::nsenter::parse(arguments) {
        Ok(Parsed::Run(args)) => args,
        Ok(Parsed::Help) => {
            return print(
                &program,
                &help::render(&cli::nsenter::PAGE, &cli::nsenter::OPTIONS),
            );
        }
        Ok(Parsed::Version) => return print(&program, &help::version(&program)),
        Err(error) => return report::failure(&program, &error.into(), None),
    };
    let view = View::of_system();
    let target = args.target.map(|target| target.pid);
    let (request, opened, left_out) = match enter::nsenter::resolve(args) {
        Ok(resolved) => resolved,
        Err(failure) => {
            let situation = hint::nsenter::Situation {
                target,
                ..Default::default()
            };
            let hint = hint::nsenter::hint(&failure, &situation, &view);
            return report::failure(&program, &failure, hint.as_deref());
        }
    };
    let situation = hint::nsenter::Situation::of(&request, target, &environment);
    if !left_out.is_empty() {
        let names = left_out.join(", ");
        let note = format!("note: left out of the target's environment: {names}");
        report::message(&program, &note, None);
    }
    let note = hint::nsenter::target_stays_outside(&situation, &view);
    report::note_for_person(&program, note);
    match enter::run(enter::nsenter::plan(request), opened, &environment) {
        Ok(status) => status,
        Err(failure) => {
            let hint = hint::nsenter::hint(&failure, &situation, &view);
            report::failure(&program, &failure, hint.as_deref())
        }
    }
}

fn print(program: &OsStr, text: &str) -> Status {
    match report::output(text.as_bytes()) {
        Ok(()) => Status::SUCCESS,
        Err(failure) => report::failure(program, &failure, None),
    }
}
