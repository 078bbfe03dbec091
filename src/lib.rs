//! Linux namespaces: run programs in new ones (unshare), enter those of others (nsenter), list them all (lsns).
//!
//! The two flows of the crate, each in one direction:
//!
//! ```text
//! argv ─parse─▶ Args ─resolve─▶ Request ─plan─▶ Plan = [Step] ─run─▶ system calls in order ─▶ exec
//!       pure           reads only         pure                 acts, never decides
//!
//! /proc ─scan─▶ Snapshot ─relate─▶ Graph ─select─▶ rows ─render─▶ bytes on stdout
//!       reads only          ioctls           pure        pure
//! ```
//!
//! - [`cli`]: what was typed. [`enter`]: requests, plans and the loop that carries them out. [`list`]: the second flow.
//! - [`namespace`]: the vocabulary. [`mountinfo`]: what is mounted. [`users`]: names and numbers. [`error`], [`hint`], [`report`]: what went wrong,
//!   why it probably did, and how it is said. [`sys`]: system calls that nix lacks.
//!
//! The binaries are the functions here with an entry point each.

pub mod cli;
pub mod enter;
pub mod error;
pub mod hint;
pub mod list;
pub mod mountinfo;
pub mod namespace;
pub mod report;
pub mod sys;
pub mod users;

use std::ffi::{CStr, OsStr};
use std::path::Path;

use cli::{Parsed, help};
use error::{Failure, Status};
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
            let failure = Failure::Request(error);
            return report::failure(
                &program,
                &failure,
                hint::before_unshare(&failure).as_deref(),
            );
        }
    };
    unshare_with(&program, request, &environment)
}

fn unshare_with(
    program: &OsStr,
    request: enter::unshare::Request,
    environment: &[&CStr],
) -> Status {
    let situation = hint::Situation::of_unshare(&request);
    match enter::run(enter::unshare::plan(request), environment) {
        Ok(status) => status,
        Err(failure) => report::failure(
            program,
            &failure,
            hint::unshare(&failure, &situation).as_deref(),
        ),
    }
}

/// lsns(8): lists namespaces, or the processes in one.
pub fn lsns(invocation: Invocation) -> Status {
    let program = &invocation.program;
    let args = match cli::lsns::parse(invocation.arguments) {
        Ok(Parsed::Run(args)) => args,
        Ok(Parsed::Help) => {
            return print(
                program,
                &help::render(&cli::lsns::PAGE, &cli::lsns::OPTIONS),
            );
        }
        Ok(Parsed::Version) => return print(program, &help::version(program)),
        Err(error) => return report::failure(program, &error.into(), None),
    };
    match lsns_output(args, &invocation.environment) {
        Ok(output) => print(program, output),
        Err(failure) => report::failure(program, &failure, None),
    }
}

fn lsns_output(args: cli::lsns::Args, environment: &[&CStr]) -> Result<Vec<u8>, Failure> {
    let list_columns = args.list_columns;
    let request = list::request::resolve(args)?;
    if list_columns {
        return Ok(list::render::columns(request.format));
    }
    let listing = list::list(&request, Path::new("/proc"))?;
    let style = list::render::Style {
        format: request.format,
        headings: request.headings,
        wrap: request.wrap,
        width: report::terminal_width(environment).filter(|_| request.truncate),
        charset: list::render::Charset::of(environment),
    };
    Ok(list::render::render(&listing, &style))
}

fn print(program: &OsStr, text: impl AsRef<[u8]>) -> Status {
    match report::output(text.as_ref()) {
        Ok(()) => Status::SUCCESS,
        Err(failure) => report::failure(program, &failure, None),
    }
}
