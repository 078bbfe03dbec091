//! [`Request`] → plan: all the order there is in unshare.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{BINFMT, IdMap, Request};
use crate::enter::environment::Environment;
use crate::enter::idmap::IdKind;
use crate::enter::step::{MapJob, Plan, Propagation, Setgroups, SignalPolicy, Step};
use crate::namespace::Kind;

/// The steps of a request: all the order there is.
pub fn plan(request: Request) -> Plan {
    let mut plan = Plan::new();
    before_unshare(&request, &mut plan);
    if !request.kinds.is_empty() {
        plan.push(Step::Unshare(request.kinds));
    }
    after_unshare(&request, &mut plan);
    let kill_child = request.fork.and_then(|fork| fork.kill_child);
    if let Some(fork) = request.fork {
        // The child is to be able to see whether its parent has died.
        plan.extend(kill_child.map(|_| Step::RememberParent));
        let policy = if fork.forward_signals { SignalPolicy::Forward } else { SignalPolicy::LeaveToChild };
        plan.push(Step::Fork(policy));
    }
    // After the fork: the PID namespace for children comes to be with the first child.
    if !request.keep.is_empty() {
        plan.push(Step::Bind);
    }
    plan.extend(kill_child.map(Step::DieWithParent));
    own_maps(&request, &mut plan);
    mounts(&request, &mut plan);
    if let Some(gid) = request.gid {
        plan.extend([Step::DropGroups, Step::SetGid(gid)]);
    }
    // The user last: it may be the end of our rights.
    plan.extend(request.uid.map(Step::SetUid));
    // Once more: the kernel has forgotten it if an id has changed.
    if request.gid.is_some() || request.uid.is_some() {
        plan.extend(kill_child.map(Step::DieWithParent));
    }
    if request.keep_capabilities && request.kinds.contains(Kind::User) {
        plan.push(Step::KeepCapabilities);
    }
    plan.extend(request.variables.map(|names| Step::Environment(Environment::Only(names))));
    plan.push(Step::Execute(request.program));
    plan
}

/// The helpers, who are to stay in the namespaces and with the rights that we have now, then the owner.
fn before_unshare(request: &Request, plan: &mut Plan) {
    let jobs = mapper_jobs(request);
    if request.fork.is_some() || !request.keep.is_empty() || !jobs.is_empty() {
        plan.push(Step::DefaultChildSignal);
    }
    if !request.keep.is_empty() {
        plan.push(Step::StartBinder(request.keep.clone()));
    }
    if !jobs.is_empty() {
        plan.push(Step::StartMapper(jobs));
    }
    if let Some((uid, gid)) = request.owner {
        // The groups go while we may still change them, the user last. Changed ids hide our own /proc files from us.
        plan.extend([Step::DropGroups, Step::SetGid(gid), Step::SetUid(uid), Step::MakeDumpable]);
    }
}

/// What must be decided before any process is inside: maps by the mapper, offsets of clocks.
fn after_unshare(request: &Request, plan: &mut Plan) {
    // A group map that the mapper writes must find setgroups decided: afterwards the kernel refuses to deny it.
    if maps_groups_by_mapper(request) {
        plan.extend(request.setgroups.map(Step::Setgroups));
    }
    if !mapper_jobs(request).is_empty() {
        plan.push(Step::ReleaseMapper);
    }
    plan.extend(request.offsets.iter().map(|(clock, seconds)| Step::OffsetClock(*clock, *seconds)));
}

/// The maps of our own ids alone, which we write ourselves.
fn own_maps(request: &Request, plan: &mut Plan) {
    if let IdMap::Own(line) = request.uid_map {
        plan.push(Step::MapOwnId(IdKind::User, line));
    }
    let own_group = match request.gid_map {
        IdMap::Own(line) => Some(line),
        _ => None,
    };
    if !maps_groups_by_mapper(request) {
        // The kernel takes the map of one's own group only once setgroups(2) is denied.
        let needed = own_group.map(|_| Setgroups::Deny);
        plan.extend(request.setgroups.or(needed).map(Step::Setgroups));
    }
    plan.extend(own_group.map(|line| Step::MapOwnId(IdKind::Group, line)));
}

fn mounts(request: &Request, plan: &mut Plan) {
    if request.kinds.contains(Kind::Mount) && request.propagation != Propagation::Unchanged {
        plan.push(Step::Propagate(request.propagation, "/".into()));
    }
    let register = |binfmt: &Path| {
        let binfmt = binfmt.to_path_buf();
        request.interpreter.clone().map(|interpreter| Step::RegisterInterpreter { binfmt, interpreter })
    };
    // The kernel opens such an interpreter when it is registered: that must be while it can still be reached.
    let registered_outside = request.root.is_some() && request.interpreter.as_deref().is_some_and(opens_at_once);
    if registered_outside {
        plan.push(Step::MountBinfmt(BINFMT.into()));
        plan.extend(register(Path::new(BINFMT)));
    }
    plan.extend(request.root.clone().map(Step::Chroot));
    // Else a relative working directory would be one of the old root, out of which `..` leads anywhere.
    plan.extend(request.root.as_ref().map(|_| Step::Chdir("/".into())));
    plan.extend(request.working_directory.clone().map(Step::Chdir));
    if let Some(directory) = &request.proc {
        // Else the new proc would appear in the old namespace as well, over the old one.
        if request.propagation != Propagation::Private && request.root.is_none() {
            plan.push(Step::MakePrivateIfMounted(directory.clone()));
        }
        plan.push(Step::MountProc(directory.clone()));
    }
    if let Some(directory) = &request.binfmt {
        plan.push(Step::MountBinfmt(directory.clone()));
        if !registered_outside {
            plan.extend(register(directory));
        }
    }
}

/// Whether `F` is among the flags, the last field of a registration, whose first byte is what separates its fields.
fn opens_at_once(interpreter: &OsStr) -> bool {
    let Some(separator) = interpreter.as_bytes().first() else {
        return false;
    };
    let flags = interpreter.as_bytes().rsplit(|byte| byte == separator).next();
    flags.is_some_and(|flags| flags.contains(&b'F'))
}

fn mapper_jobs(request: &Request) -> Vec<MapJob> {
    let maps = [(IdKind::User, &request.uid_map), (IdKind::Group, &request.gid_map)];
    let by_mapper = maps.into_iter().filter_map(|(ids, map)| match map {
        IdMap::ByMapper(lines) => Some(MapJob { ids, lines: lines.clone() }),
        _ => None,
    });
    by_mapper.collect()
}

fn maps_groups_by_mapper(request: &Request) -> bool {
    matches!(request.gid_map, IdMap::ByMapper(_))
}
