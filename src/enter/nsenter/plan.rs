//! [`Request`] → plan: all the order there is in nsenter.

use super::Request;
use crate::enter::environment::Environment;
use crate::enter::step::{Plan, SignalPolicy, Step, TargetId};

/// The steps of a request: all the order there is.
pub fn plan(request: Request) -> Plan {
    // From the first setns(2) on, processes inside may see us: they must not get at what we hold.
    let mut plan = vec![Step::Hide];
    if request.become_root {
        // Where the namespace denies setgroups(2), this is the last chance.
        plan.push(Step::DropGroupsIfPermitted);
    }
    if !request.of_target.is_empty() || !request.of_files.is_empty() {
        // Twice: what needs the rights that we have, then what needs those that the user namespace gives.
        plan.push(Step::EnterWhatWeMay { of_target: request.of_target, of_files: request.of_files });
        plan.push(Step::EnterTheRest);
    }
    directories(&request, &mut plan);
    plan.extend(request.environment.map(|entries| Step::Environment(Environment::Given(entries))));
    if request.join_cgroup {
        plan.push(Step::JoinCgroups);
    }
    if request.fork {
        plan.push(Step::DefaultChildSignal);
        plan.push(Step::Fork(SignalPolicy::Terminal));
    }
    if request.become_root || request.gid.is_some() {
        plan.push(Step::DropGroups);
    }
    let root = request.become_root.then_some(TargetId::Number(0));
    plan.extend(request.gid.or(root).map(Step::set_gid));
    plan.extend(request.uid.or(root).map(Step::set_uid));
    if request.keep_capabilities {
        plan.push(Step::KeepCapabilities);
    }
    plan.extend(request.context.map(Step::SetContext));
    plan.push(Step::Execute(request.program));
    plan
}

fn directories(request: &Request, plan: &mut Plan) {
    let inside = request.working_directory_inside.clone();
    let kept = request.root && !request.working_directory && inside.is_none();
    if kept {
        // Before the root is changed: it may lie outside of the new one.
        plan.push(Step::OpenWorkingDirectory(".".into()));
    }
    if request.root {
        plan.push(Step::ChrootToOpened);
    }
    let opened_by_now = kept || request.working_directory || inside.is_some();
    plan.extend(inside.map(Step::OpenWorkingDirectory));
    if opened_by_now {
        plan.push(Step::ChdirToOpened);
    }
}
