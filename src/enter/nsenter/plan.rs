//! [`NsenterRequest`] → plan: the whole order of nsenter's actions.

use super::{NsenterRequest, like_steps};
use crate::enter::capability_steps;
use crate::enter::environment::Environment;
use crate::enter::handles::Handle;
use crate::enter::setting::{SignalPolicy, TargetId};
use crate::enter::step::{PlainStep, Plan, Step};
use crate::enter::terminal_steps;

/// The steps of a request, in their order.
pub fn plan(request: NsenterRequest) -> Plan {
    let mut steps = Vec::new();
    // While what our caller sees is in its place.
    steps.extend(request.pty.then_some(Step::PrepareTerminal));
    let like = request.like.as_ref();
    steps.extend(like.into_iter().flat_map(like_steps::before_hiding));
    // From the first setns(2) on, processes inside may see us: they must not get at what we hold.
    steps.push(Step::SetDumpable(false));
    if request.become_root {
        // The user namespace may deny setgroups(2): this is the last chance.
        steps.push(Step::DropGroupsIfPermitted);
    }
    steps.extend(like.and_then(like_steps::groups_outside));
    if !request.join.kinds().is_empty() {
        // In two passes: first what our present rights allow, then what needs those that the user namespace gives.
        steps.extend([Step::JoinTolerant(request.join.clone()), Step::JoinStrict(request.join.clone())]);
    }
    places(&request, &mut steps);
    if !request.cgroups.is_empty() {
        steps.push(Step::JoinCgroups(request.cgroups.clone()));
    }
    // Only now: the processors may be those of the cgroup.
    steps.extend(like.and_then(|like| like.processors.clone()).map(PlainStep::SetProcessors).map(Step::Plain));
    fork(&request, &mut steps);
    steps.extend(request.kill_child.map(Step::DieWithParent));
    if let Some(like) = like {
        steps.extend(like_steps::groups_inside(like));
    } else if request.become_root || request.gid.is_some() {
        steps.push(Step::DropGroups);
    }
    let root = request.become_root.then_some(TargetId::Number(0));
    steps.extend(request.gid.or(root).map(set_gid));
    let uid = request.uid.or(root);
    let changed = request.capabilities.or(like.map(|like| like.bounding));
    steps.extend(capability_steps::before_change_of_user(changed, uid.is_some()));
    steps.extend(uid.map(set_uid));
    // Once more: the kernel has forgotten it if an id has changed.
    if request.become_root || request.gid.is_some() || request.uid.is_some() {
        steps.extend(request.kill_child.map(Step::DieWithParent));
    }
    steps.extend(match like {
        Some(like) => like_steps::capabilities(like, &request),
        None => {
            capability_steps::for_program(request.capabilities, request.keep_capabilities, request.no_new_privileges)
        }
    });
    if request.pty {
        steps.extend(terminal_steps::for_program(true, request.kill_child));
    } else if like.is_some() {
        steps.push(Step::Plain(PlainStep::NewSession));
    }
    steps.extend(request.context.clone().map(Step::SetContext));
    if let Some(like) = like {
        steps.extend(like_steps::last(like, &request));
    } else if request.no_new_privileges {
        steps.push(Step::Plain(PlainStep::NoNewPrivileges));
    }
    let environment = match request.environment {
        None => Environment::Inherited,
        Some(entries) if like.is_some_and(|like| like.callers_term) => Environment::GivenWithTerm(entries),
        Some(entries) => Environment::Given(entries),
    };
    Plan { steps, environment, program: request.program }
}

/// Its root, mounts and working directory.
fn places(request: &NsenterRequest, steps: &mut Vec<Step>) {
    match &request.private_mounts {
        None => directories(request, steps),
        Some(mounts) => {
            // The kernel takes the working directory along into the new mount namespace, but no file that is open.
            steps.extend(request.working_directory.clone().map(Step::ChdirTo));
            let first = request.first_free_handle();
            steps.extend(mounts.steps(first));
            let inside = request.working_directory_inside.as_ref();
            let inside = inside.map(|path| Handle::new(first + 1 + mounts.binds.len(), path));
            steps.extend(inside.clone().map(Step::OpenDirectory));
            steps.extend(inside.map(Step::ChdirTo));
        }
    }
}

/// The child that the program runs as.
fn fork(request: &NsenterRequest, steps: &mut Vec<Step>) {
    if request.fork {
        steps.push(Step::DefaultChildSignal);
        // With this pidfd, the child can see whether its parent has died.
        steps.extend(request.kill_child.map(|_| Step::RememberParent));
        steps.extend(request.pty.then_some(Step::OpenChannel));
        let policy = match like_steps::forwarded(request) {
            signals if request.pty => SignalPolicy::ThroughLeader(signals.unwrap_or_default()),
            Some(signals) => SignalPolicy::ForwardOrTerminal(signals),
            None => SignalPolicy::Terminal,
        };
        steps.push(Step::Fork(policy));
    }
}

fn directories(request: &NsenterRequest, steps: &mut Vec<Step>) {
    let inside = &request.working_directory_inside;
    let kept = request.root.is_some() && request.working_directory.is_none() && inside.is_none();
    // Open it before chroot(2): it may be outside of the new root.
    let kept = kept.then(|| request.handle_of_step("."));
    steps.extend(kept.clone().map(Step::OpenDirectory));
    steps.extend(request.root.clone().map(Step::ChrootTo));
    let inside = inside.as_ref().map(|path| request.handle_of_step(path));
    steps.extend(inside.clone().map(Step::OpenDirectory));
    // The one that was opened last.
    steps.extend(inside.or(kept).or(request.working_directory.clone()).map(Step::ChdirTo));
}

/// setgid(2).
fn set_gid(gid: TargetId) -> Step {
    match gid {
        TargetId::Number(gid) => Step::Plain(PlainStep::SetGid(gid)),
        TargetId::Followed => Step::SetGidOfTarget,
    }
}

/// setuid(2).
fn set_uid(uid: TargetId) -> Step {
    match uid {
        TargetId::Number(uid) => Step::Plain(PlainStep::SetUid(uid)),
        TargetId::Followed => Step::SetUidOfTarget,
    }
}
