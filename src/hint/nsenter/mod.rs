//! nsenter's hints.

mod credentials;
mod setns;

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::{View, not_of_proc, process_1_has_ended};
use crate::digits::digits;
use crate::enter::environment;
use crate::enter::nsenter::Request;
use crate::enter::program::DEFAULT_PATH;
use crate::error::{Attempt, Failure};
use crate::namespace::{Kind, KindSet};
use crate::sys::file::NOT_PROC;

/// What was asked for, as far as it may be the reason for a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    /// The target, if there is one.
    pub target: Option<i32>,
    /// The namespaces that are entered.
    pub kinds: KindSet,
    /// Those of them that are the target's.
    pub of_target: KindSet,
    /// Whether the root directory is changed.
    pub root: bool,
    /// Where the program is looked for.
    pub path: Option<String>,
    /// Whether user and group default to root, and the groups are dropped.
    pub become_root: bool,
    /// Whether a group was given.
    pub gid: bool,
    /// Whether a user was given.
    pub uid: bool,
}

impl Situation {
    /// That of a request.
    pub fn of(request: &Request, target: Option<i32>, environment: &[&CStr]) -> Situation {
        let path = match &request.environment {
            None => environment::value(environment, b"PATH").map(<[u8]>::to_vec),
            Some(entries) => {
                let entries: Vec<&CStr> = entries.iter().map(AsRef::as_ref).collect();
                environment::value(&entries, b"PATH").map(<[u8]>::to_vec)
            }
        };
        Situation {
            target,
            kinds: request.of_target.union(request.of_files),
            of_target: request.of_target,
            root: request.root,
            path: path.map(|path| String::from_utf8_lossy(&path).into_owned()),
            become_root: request.become_root,
            gid: request.gid.is_some(),
            uid: request.uid.is_some(),
        }
    }
}

/// A note before the program runs where the target is probably not the process that was meant: `unshare --fork` itself
/// stays outside of the PID namespace that it has made for its child.
pub fn target_stays_outside(situation: &Situation, view: &View) -> Option<String> {
    let target = situation.target.filter(|_| situation.of_target.contains(Kind::Pid))?;
    let link = |path: &str| view.link(path);
    let own = link("/proc/self/ns/pid")?;
    let theirs = link(&format!("/proc/{target}/ns/pid"))?;
    let childrens = link(&format!("/proc/{target}/ns/pid_for_children"))?;
    (theirs == own && childrens != own).then(|| {
        format!(
            "process {target} is in our own PID namespace, only its children are in {childrens}: one of those is \
             probably meant (pgrep -P {target})"
        )
    })
}

/// The hint for a failure of nsenter.
pub fn hint(failure: &Failure, situation: &Situation, view: &View) -> Option<String> {
    match failure {
        Failure::System { attempt, errno } => system(attempt, *errno, situation, view),
        Failure::Program { program, errno: Errno::ENOENT } => not_found_inside(program, situation),
        _ => None,
    }
}

fn system(attempt: &Attempt, errno: Errno, situation: &Situation, view: &View) -> Option<String> {
    match (attempt, errno) {
        (Attempt::Enter(kinds), errno) => {
            let kind = kinds.iter().next()?;
            match errno {
                Errno::EPERM => Some(setns::not_permitted(kind, situation, view)),
                Errno::EINVAL => setns::not_valid(kind, situation, view),
                _ => None,
            }
        }
        (Attempt::Open(path) | Attempt::Read(path), Errno::EACCES | Errno::EPERM) => not_to_look_into(path, view),
        (Attempt::OpenSocketNamespace { pid, fd }, Errno::EPERM) => Some(format!(
            "taking descriptor {fd} needs the right to trace process {pid} (CAP_SYS_PTRACE), its network namespace \
             CAP_NET_ADMIN"
        )),
        (Attempt::FindProcess(pid), Errno::ESRCH) => Some(no_such_process(*pid, view)),
        (Attempt::Fork, Errno::ENOMEM) if situation.kinds.contains(Kind::Pid) => {
            Some(process_1_has_ended("that was entered"))
        }
        (Attempt::DropGroups, Errno::EPERM) => credentials::groups_refused(situation, view),
        (Attempt::SetContext, NOT_PROC) => Some(not_of_proc()),
        (Attempt::SetUid(_), Errno::EINVAL) => Some(credentials::unmapped_user(situation)),
        (Attempt::SetGid(_), Errno::EINVAL) => Some(credentials::unmapped_group(situation)),
        _ => None,
    }
}

/// The program is not there, nor in the place that we came from: nothing of that is seen inside.
fn not_found_inside(program: &OsStr, situation: &Situation) -> Option<String> {
    let place = match situation.root {
        true => "below the root directory that was entered",
        false if situation.kinds.contains(Kind::Mount) => {
            "inside the file system of the mount namespace that was entered"
        }
        false => return None,
    };
    if program.as_bytes().contains(&b'/') {
        return Some(format!("it was looked for {place}, and so was the interpreter that it may name"));
    }
    let path = situation.path.as_deref().unwrap_or(DEFAULT_PATH);
    Some(format!("it was looked for {place}, with PATH={path}"))
}

/// A file of a process in /proc cannot be opened or read: EACCES, EPERM.
fn not_to_look_into(path: &Path, view: &View) -> Option<String> {
    let mut names = path.strip_prefix("/proc").ok()?.components();
    let Some(Component::Normal(name)) = names.next() else {
        return None;
    };
    let pid: i32 = digits(name.as_bytes())?;
    // Where its root can be looked up, so can the rest of it: the refusal is about what is behind a link.
    let seen = view.follow(&format!("/proc/{pid}/root"), OFlag::O_PATH);
    seen.is_none().then(|| {
        format!(
            "process {pid} may be looked into only by its own user, while it is not protected, or with CAP_SYS_PTRACE \
             over it"
        )
    })
}

fn no_such_process(pid: i32, view: &View) -> String {
    let own = std::process::id().to_string();
    match view.link("/proc/self") {
        Some(shown) if shown != own => {
            format!("/proc shows another PID namespace than ours: there is no process {pid} in ours")
        }
        _ => format!("no process has the PID {pid} in our PID namespace, or it has ended"),
    }
}

#[cfg(test)]
mod tests;
