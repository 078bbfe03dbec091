//! nsenter's hints.

mod credentials;
mod names;
mod not_run;
mod note;
mod options;
mod process;
mod setns;

pub use note::{note_for_all, notes};
pub use options::hint as usage_hint;

use std::ffi::{CStr, OsString};
use std::path::PathBuf;

use nix::errno::Errno;

use super::limits;
use super::refusal::bounding_set_stays;
use super::{SystemView, not_of_proc, process_1_has_ended};
use crate::cli::nsenter::NsenterArgs;
use crate::enter::failure::RunFailure;
use crate::enter::nsenter::NamespaceSource;
use crate::enter::nsenter::NsenterRequest;
use crate::enter::step::{PlainStep, Step};
use crate::enter::target_source::TargetSource;
use crate::error::Shown;
use crate::error::{Attempt, Failure, RequestError};
use crate::namespace::{Kind, KindSet};
use crate::proc::environ;
use crate::sys::capability::{CAP_SYS_ADMIN, CAP_SYS_RESOURCE, CapabilityCall};
use crate::sys::file::NOT_PROC;

/// The parts of the request that may be the reason for a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NsenterContext {
    /// The target, if there is one.
    pub target: Option<i32>,
    /// The namespaces that are entered.
    pub kinds: KindSet,
    /// Those of them that are the target's.
    pub of_target: KindSet,
    /// Those of the target's that are our own as well, and that nobody has named.
    pub own: KindSet,
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
    /// What was typed.
    pub typed: Typed,
}

/// The parts of the command line that a hint may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// Whether --all was given.
    pub all: bool,
    /// The namespaces to enter, and the source of each.
    pub namespaces: Vec<(Kind, NamespaceSource)>,
    /// --root and --wd, each with its directory.
    pub directories: [Option<Option<PathBuf>>; 2],
    /// Whether the request needs anything of the target besides namespaces and directories.
    pub other_of_target: bool,
    /// Whether an option was given that util-linux does not have, and that says which process is meant, or that the program
    /// is to be as the target is.
    pub of_ours: bool,
    /// Whether the program gets a session of its own, without a terminal.
    pub no_terminal: bool,
    /// The program.
    pub program: Option<OsString>,
}

/// The long options of [`Typed::directories`].
const DIRECTORIES: [(&str, u8); 2] = [("root", b'r'), ("wd", b'w')];

impl Typed {
    /// The file that the namespace of this kind was given by.
    pub fn file_of(&self, kind: Kind) -> Option<&PathBuf> {
        self.namespaces.iter().find_map(|(given, source)| match source {
            NamespaceSource::File(path) if *given == kind => Some(path),
            _ => None,
        })
    }
}

impl NsenterContext {
    /// What is known from the command line alone.
    pub fn typed(args: &NsenterArgs) -> NsenterContext {
        let follows = |id: &Option<_>| *id == Some(crate::cli::nsenter::IdArgument::Follow);
        let typed = Typed {
            all: args.all || args.like_target,
            no_terminal: args.like_target && !args.pty,
            of_ours: args.like_target
                || matches!(&args.target, Some(source) if !matches!(source, TargetSource::Process(_))),
            namespaces: args.namespaces.clone(),
            directories: [args.root.clone(), args.working_directory.clone()],
            other_of_target: args.environment
                || args.join_cgroup
                || args.follow_context
                || args.like_target
                || args.net_socket.is_some()
                || args.user_parent > 0
                || follows(&args.uid)
                || follows(&args.gid),
            program: args.program.first().cloned(),
        };
        let target = match &args.target {
            Some(TargetSource::Process(target)) => Some(target.pid),
            // That is known once the name has been looked up.
            _ => None,
        };
        NsenterContext { target, typed, ..NsenterContext::default() }
    }

    /// The same, with what the request has resolved.
    #[must_use]
    pub fn resolved(self, request: &NsenterRequest, target: Option<i32>, environment: &[&CStr]) -> NsenterContext {
        let path = match &request.environment {
            None => environ::value(environment, b"PATH").map(<[u8]>::to_vec),
            Some(entries) => {
                let entries: Vec<&CStr> = entries.iter().map(AsRef::as_ref).collect();
                environ::value(&entries, b"PATH").map(<[u8]>::to_vec)
            }
        };
        NsenterContext {
            target,
            kinds: request.join.kinds(),
            of_target: request.join.of_target,
            own: request.join.if_permitted,
            root: request.root.is_some(),
            path: path.map(|path| String::from_utf8_lossy(&path).into_owned()),
            become_root: request.become_root,
            gid: request.gid.is_some(),
            uid: request.uid.is_some(),
            ..self
        }
    }

    /// The kinds of which a hint may need our own namespace, as it is before anything is entered.
    pub fn to_be_held(&self) -> KindSet {
        self.of_target.intersection(KindSet::EMPTY.with(Kind::Mount))
    }
}

/// The hint for a failure of nsenter.
pub fn hint(failure: &RunFailure, context: &NsenterContext, view: &SystemView) -> Option<String> {
    match failure {
        RunFailure::Step { step, errno } => of_step(step, *errno, context, view),
        RunFailure::Other(failure) => of_other(failure, context, view),
        // After a change of the user, the kernel checks RLIMIT_NPROC in execve(2).
        RunFailure::Program { errno: Errno::EAGAIN, .. } => limits::of_user(view),
        RunFailure::Program { program, errno } => not_run::not_run(program, *errno, context, view),
        _ => None,
    }
}

fn of_step(step: &Step, errno: Errno, context: &NsenterContext, view: &SystemView) -> Option<String> {
    match (step, errno) {
        (Step::ChrootTo(_), Errno::EPERM) => Some(setns::chroot_refused(context, view)),
        (Step::DropGroups, Errno::EPERM) => credentials::groups_refused(context, view),
        (Step::SetContext(_), NOT_PROC) => Some(not_of_proc()),
        (Step::SetContext(_), Errno::EROFS) => {
            Some("proc is mounted read-only on /proc: remount it (mount -o remount,rw /proc)".to_string())
        }
        (Step::Plain(PlainStep::SetUid(_)), Errno::EINVAL) => Some(credentials::unmapped_user(context)),
        (Step::Plain(PlainStep::SetGid(_)), Errno::EINVAL) => Some(credentials::unmapped_group(context)),
        _ => None,
    }
}

/// What is opened before the plan, and calls that are not the main one of a step.
fn of_other(failure: &Failure, context: &NsenterContext, view: &SystemView) -> Option<String> {
    match failure {
        Failure::System { attempt, errno } => system(attempt, *errno, context, view),
        Failure::Request(RequestError::PausedCgroup { cgroup, file, text }) => Some(format!(
            "the program would stop there before it starts: let the cgroup run on ('docker unpause', 'podman unpause', or \
             write {text} to {}/{file}), or leave --join-cgroup out",
            cgroup.shown()
        )),
        Failure::Request(RequestError::UnknownUser(name) | RequestError::UnknownGroup(name)) => {
            options::swallowed(name)
        }
        Failure::Request(RequestError::NeedsTarget { .. }) => {
            names::argument_apart(context.typed.program.as_deref()?, context, view)
        }
        _ => None,
    }
}

fn system(attempt: &Attempt, errno: Errno, context: &NsenterContext, view: &SystemView) -> Option<String> {
    match (attempt, errno) {
        (Attempt::Enter(kinds), errno) => {
            // One of our own would have been left if there were no other.
            let others = context.of_target.difference(context.own);
            let kind = kinds.difference(context.own).iter().chain(others.iter()).next()?;
            match errno {
                Errno::EPERM => Some(setns::not_permitted(kind, context, view)),
                Errno::EINVAL => setns::not_valid(kind, context, view),
                _ => None,
            }
        }
        (Attempt::Open(path) | Attempt::Read(path) | Attempt::Stat(path), Errno::EACCES | Errno::EPERM) => {
            process::not_to_look_into(path, view)
        }
        (Attempt::FindProcess { pid, .. }, Errno::EACCES) => {
            process::not_to_look_into(format!("/proc/{pid}/ns").as_ref(), view)
        }
        (Attempt::Open(path) | Attempt::Read(path) | Attempt::Stat(path), Errno::ENOENT) => {
            process::missing(path, context, view)
                .or_else(|| names::missing(path, context, view))
                .or_else(|| names::no_network(path))
        }
        (Attempt::OpenSocketNamespace { pid, fd, .. }, Errno::EPERM) => Some(format!(
            "taking descriptor {fd} needs the right to trace process {pid} (CAP_SYS_PTRACE), its network namespace \
             CAP_NET_ADMIN"
        )),
        (Attempt::FindProcess { pid, .. }, Errno::ESRCH) => Some(process::none(*pid, view)),
        (Attempt::FindProcess { pid, .. }, Errno::ENOENT) => {
            process::missing(format!("/proc/{pid}/ns").as_ref(), context, view)
        }
        (Attempt::Fork, Errno::ENOMEM) if context.kinds.contains(Kind::Pid) => {
            Some(process_1_has_ended("that was entered"))
        }
        (Attempt::Fork, Errno::EAGAIN) => {
            // Our rights in the initial user namespace count, not those in a user namespace that we have entered.
            let outside = view.link("/proc/self/ns/user").as_deref() == Some(process::FIRST_USER_NAMESPACE);
            let has = |capability| outside && view.has_capability(capability) == Some(true);
            limits::of_processes(has(CAP_SYS_ADMIN) || has(CAP_SYS_RESOURCE), view)
        }
        (Attempt::TakeLimit(_), Errno::EPERM) => {
            Some("to raise a hard limit needs CAP_SYS_RESOURCE outside of all user namespaces".to_string())
        }
        (Attempt::ChangeCapabilities(CapabilityCall::Bounding), Errno::EPERM) => Some(bounding_set_stays(view)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
