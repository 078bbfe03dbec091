//! The program that cannot be run.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::super::SystemView;
use super::super::program::{Search, lacking, not_executable};
use super::{NsenterContext, names};
use crate::enter::program::DEFAULT_PATH;
use crate::namespace::Kind;
use crate::sys::stat::{fstat, stat};

/// execve(2) failed.
pub fn not_run(program: &OsStr, errno: Errno, context: &NsenterContext, view: &SystemView) -> Option<String> {
    // A program of the library was typed by nobody.
    let typed = context.typed.program.as_ref().map(|_| program);
    let apart = || names::argument_apart(typed?, context, view);
    match errno {
        Errno::ENOENT => apart()
            .or_else(|| taken_for_program(typed?, context))
            .or_else(|| lacking(program, &search(context)))
            .or_else(|| not_found(program, context, view)),
        // A directory, or a file of a namespace.
        Errno::EACCES => apart().or_else(|| not_executable(program, &search(context))),
        _ => None,
    }
}

fn search(context: &NsenterContext) -> Search {
    let place = match (context.root, context.kinds.contains(Kind::Mount)) {
        (true, _) => Some("below the root directory that was entered"),
        (false, true) => Some("inside the mount namespace that was entered"),
        (false, false) => None,
    };
    Search { path: context.path.as_ref().map(Into::into), place: place.map(str::to_string) }
}

/// `nsenter 1234`: the user meant the process with this number.
fn taken_for_program(program: &OsStr, context: &NsenterContext) -> Option<String> {
    let text = program.to_str()?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(match context.target {
        None => format!("{text} was taken for the program to run: write -t {text} for the process with this PID"),
        Some(target) => {
            format!("{text} was taken for the program to run: -t takes one PID, which is {target} here")
        }
    })
}

/// The program exists where we come from, but nothing of that file system is visible inside.
fn not_found(program: &OsStr, context: &NsenterContext, view: &SystemView) -> Option<String> {
    let by_path = program.as_bytes().contains(&b'/');
    let how = || match by_path {
        true => ", and so was the interpreter that it may name".to_string(),
        false => format!(", with PATH={}", context.path.as_deref().unwrap_or(DEFAULT_PATH)),
    };
    if context.root {
        return Some(format!("it was looked for below the root directory that was entered{}", how()));
    }
    if !context.kinds.contains(Kind::Mount) {
        return None;
    }
    if let Some(target) = context.target
        && is_our_own(Kind::Mount, target, context, view)
    {
        let container = match target {
            1 => {
                ": if this is a container, it was started without the PID namespace of its host (docker run --pid=host, \
                 hostPID: true), and process 1 is its own"
            }
            _ => "",
        };
        return Some(format!(
            "process {target} is in our own mount namespace, so it was looked for here{}{container}",
            how()
        ));
    }
    // Held on to or not, which tells whether /proc shows the target.
    let shown = context.target.filter(|_| view.held_namespace(Kind::Mount).is_some());
    if let Some(target) = shown.filter(|target| root_is_another(*target, view)) {
        return Some(format!(
            "it was looked for below the root of the mount namespace that was entered, and process {target} has another \
             root directory: add --root"
        ));
    }
    let remedy = remedy(context);
    Some(format!("it was looked for inside the file system of the mount namespace that was entered{}: {remedy}", how()))
}

/// What to do if a container lacks the program.
fn remedy(context: &NsenterContext) -> String {
    let leave_out = match context.typed.all && !context.typed.namespaces.iter().any(|(kind, _)| *kind == Kind::Mount) {
        false => "leave --mount out to run the machine's own".to_string(),
        true => {
            // Those that are our own need not be entered, and may be refused by name.
            let others = context.kinds.without(Kind::Mount).difference(context.own);
            let others = others.iter().map(|kind| format!("-{}", char::from(kind.letter())));
            let others = others.collect::<Vec<_>>().join(" ");
            format!("write {others} instead of -a to run the machine's own")
        }
    };
    match stat("/bin/sh") {
        Ok(_) => format!("{leave_out}, or run /bin/sh, which is there"),
        Err(_) => leave_out,
    }
}

/// Whether the target's namespace is the one that we were in before we entered anything, as far as we know.
pub fn is_our_own(kind: Kind, target: i32, context: &NsenterContext, view: &SystemView) -> bool {
    let own = view.held_namespace(kind);
    context.of_target.contains(kind) && own.is_some() && own == view.link(&format!("/proc/{target}/ns/{kind}"))
}

/// Whether the target's root directory differs from our present one.
fn root_is_another(target: i32, view: &SystemView) -> bool {
    let theirs = view.follow(&format!("/proc/{target}/root"), OFlag::O_PATH);
    let (Some(Ok(theirs)), Ok(ours)) = (theirs.map(fstat), stat(Path::new("/"))) else {
        return false;
    };
    (theirs.st_dev, theirs.st_ino) != (ours.st_dev, ours.st_ino)
}
