//! [`UnshareRequest`] → plan: what the user asks for, and the whole order of unshare's actions.

mod places;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{BINFMT, Fork, MapMethod, NewMount};
use crate::enter::capability_steps;
use crate::enter::environment::Environment;
use crate::enter::program::Program;
use crate::enter::setting::{Clock, ClockChange, MapJob, Persist, Propagation, Setgroups, SignalPolicy};
use crate::enter::step::{PlainStep, Plan, Step};
use crate::enter::terminal_steps;
use crate::ids::map::IdKind;
use crate::namespace::{Kind, KindSet};
use crate::sys::capability::CapabilitySet;
use crate::sys::signal::SignalSet;

/// The request in numbers and paths: everything is looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnshareRequest {
    /// The namespaces to unshare.
    pub kinds: KindSet,
    /// The files to keep them on.
    pub keep: Vec<Persist>,
    /// Whether the program runs as a child.
    pub fork: Option<Fork>,
    /// The descriptor of our caller's to which it is told that the program starts, and how it ends.
    pub status: Option<i32>,
    /// Of a new mount namespace.
    pub propagation: Propagation,
    /// uid_map.
    pub uid_map: MapMethod,
    /// gid_map.
    pub gid_map: MapMethod,
    /// The owner of the user namespace: UID and GID.
    pub owner: Option<(u32, u32)>,
    /// What is asked for /proc/self/setgroups.
    pub setgroups: Option<Setgroups>,
    /// What becomes of clocks, in the order of writing.
    pub clocks: Vec<(Clock, ClockChange)>,
    /// Whether the loopback device of a new network namespace is brought up.
    pub loopback: bool,
    /// The host name of a new UTS namespace.
    pub hostname: Option<OsString>,
    /// Its NIS domain name.
    pub domainname: Option<OsString>,
    /// Where to mount proc.
    pub proc: Option<PathBuf>,
    /// Where to mount binfmt_misc.
    pub binfmt: Option<PathBuf>,
    /// What to register with it.
    pub interpreter: Option<OsString>,
    /// The new root directory, by chroot(2).
    pub root: Option<PathBuf>,
    /// The new root directory, by pivot_root(2).
    pub pivot_root: Option<PathBuf>,
    /// What to mount, in this order.
    pub mounts: Vec<NewMount>,
    /// Whether the group that terminals belong to, [`TTY_GROUP`](super::TTY_GROUP), has an id inside.
    pub has_tty_group: bool,
    /// The new working directory.
    pub working_directory: Option<PathBuf>,
    /// The program's GID.
    pub gid: Option<u32>,
    /// The program's UID.
    pub uid: Option<u32>,
    /// Whether capabilities are kept.
    pub keep_capabilities: bool,
    /// The capabilities to drop; `None` where nothing is said of capabilities.
    pub capabilities: Option<CapabilitySet>,
    /// Whether PR_SET_NO_NEW_PRIVS is set.
    pub no_new_privileges: bool,
    /// The only variables that the program gets.
    pub variables: Option<Vec<OsString>>,
    /// The program; `None` for the login shell.
    pub program: Option<Program>,
}

impl UnshareRequest {
    /// The new root directory, however it is changed to.
    pub fn new_root(&self) -> Option<&PathBuf> {
        self.pivot_root.as_ref().or(self.root.as_ref())
    }
}

/// The steps of a request, in their order.
pub fn plan(request: UnshareRequest) -> Plan {
    let mut steps = Vec::new();
    before_unshare(&request, &mut steps);
    if !request.kinds.is_empty() {
        steps.push(Step::Unshare(request.kinds));
    }
    new_namespaces(&request, &mut steps);
    after_unshare(&request, &mut steps);
    fork(&request, &mut steps);
    let kill_child = request.fork.and_then(|fork| fork.kill_child);
    // After the fork: the new PID namespace exists only once it has its first process.
    if !request.keep.is_empty() {
        steps.push(Step::Bind);
    }
    steps.extend(kill_child.map(Step::DieWithParent));
    own_maps(&request, &mut steps);
    mounts(&request, &mut steps);
    if let Some(gid) = request.gid {
        steps.extend([Step::DropGroups, Step::Plain(PlainStep::SetGid(gid))]);
    }
    steps.extend(capability_steps::before_change_of_user(request.capabilities, request.uid.is_some()));
    // The user last: it may be the end of our rights.
    steps.extend(request.uid.map(PlainStep::SetUid).map(Step::Plain));
    // Once more: the kernel has forgotten it if an id has changed.
    if request.gid.is_some() || request.uid.is_some() {
        steps.extend(kill_child.map(Step::DieWithParent));
    }
    let keep = request.keep_capabilities && request.kinds.contains(Kind::User);
    steps.extend(capability_steps::for_program(request.capabilities, keep, request.no_new_privileges));
    if request.no_new_privileges {
        steps.push(Step::Plain(PlainStep::NoNewPrivileges));
    }
    // Last, when process 1 has no more rights than the program will have. Processes inside may look at what the program
    // holds, but not at what process 1 holds.
    if request.fork.is_some_and(|fork| fork.pty) {
        // With process 1, all of its namespace ends.
        let kill_program = kill_child.filter(|_| !request.kinds.contains(Kind::Pid));
        steps.extend(terminal_steps::for_program(has_leader(&request), kill_program));
    } else if request.fork.is_some_and(|fork| fork.init) {
        steps.extend([Step::SetDumpable(false), Step::BecomeInit]);
    }
    steps.extend(request.status.map(|_| Step::ReportStart));
    let environment = request.variables.map_or(Environment::Inherited, Environment::Only);
    Plan { steps, environment, program: request.program }
}

/// Whether a process other than the program leads the session of its terminal. The program itself leads it only if it is
/// process 1, which the kernel lets no terminal stop.
fn has_leader(request: &UnshareRequest) -> bool {
    request.fork.is_some_and(|fork| fork.pty && (fork.init || !request.kinds.contains(Kind::Pid)))
}

/// First the helpers, which keep our present namespaces and rights, then the owner.
fn before_unshare(request: &UnshareRequest, steps: &mut Vec<Step>) {
    // While what our caller sees is in its place.
    steps.extend(request.fork.filter(|fork| fork.pty).map(|_| Step::PrepareTerminal));
    // Before the helpers start, so that they do not pass the descriptor on to their programs; and while /proc is still
    // our caller's.
    steps.extend(request.status.map(Step::OpenStatus));
    let jobs = mapper_jobs(request);
    if request.fork.is_some() || !request.keep.is_empty() || !jobs.is_empty() {
        steps.push(Step::DefaultChildSignal);
    }
    if !request.keep.is_empty() {
        steps.push(Step::StartBinder(request.keep.clone()));
    }
    if !jobs.is_empty() {
        steps.push(Step::StartMapper(jobs));
    }
    if let Some((uid, gid)) = request.owner {
        // Drop the groups while we still may; change the user last. After a change of ids, our own /proc files belong
        // to root.
        steps.extend([
            Step::DropGroups,
            Step::Plain(PlainStep::SetGid(gid)),
            Step::Plain(PlainStep::SetUid(uid)),
            Step::SetDumpable(true),
        ]);
    }
}

/// Settings of the new namespaces. Made at once, so that a process that enters one by its file finds them, and while we
/// have every right over it: a change of user may end that.
fn new_namespaces(request: &UnshareRequest, steps: &mut Vec<Step>) {
    if request.loopback {
        steps.push(Step::Plain(PlainStep::BringUpLoopback));
    }
    steps.extend(request.hostname.clone().map(PlainStep::SetHostname).map(Step::Plain));
    steps.extend(request.domainname.clone().map(PlainStep::SetDomainname).map(Step::Plain));
}

/// Settings that must come before any process is inside: maps that the mapper writes, offsets of clocks.
fn after_unshare(request: &UnshareRequest, steps: &mut Vec<Step>) {
    // Deny setgroups before the mapper writes the group map: afterwards, the kernel refuses to.
    if maps_groups_by_mapper(request) {
        steps.extend(request.setgroups.map(Step::Setgroups));
    }
    if !mapper_jobs(request).is_empty() {
        steps.push(Step::ReleaseMapper);
    }
    steps.extend(request.clocks.iter().filter_map(|(clock, change)| match change {
        ClockChange::Offset(seconds) => Some(Step::OffsetClock(*clock, *seconds)),
        ClockChange::Reading(_) => None,
    }));
}

/// The fork, and what comes right before it.
fn fork(request: &UnshareRequest, steps: &mut Vec<Step>) {
    if let Some(fork) = request.fork {
        // With this pidfd, the child can see whether its parent has died.
        steps.extend(fork.kill_child.map(|_| Step::RememberParent));
        // Who is inside tells who stays outside: process 1 how the program ends, as it cannot die of a signal itself.
        if fork.init || fork.pty || request.status.is_some() {
            steps.push(Step::OpenChannel);
        }
    }
    // These clocks run on from here: as little as possible comes between them and the program. But once a process is inside,
    // the kernel refuses every change.
    steps.extend(request.clocks.iter().filter_map(|(clock, change)| match change {
        ClockChange::Offset(_) => None,
        ClockChange::Reading(seconds) => Some(Step::SetClock(*clock, *seconds)),
    }));
    steps.extend(request.fork.map(|fork| {
        Step::Fork(match fork.forward_signals {
            // Nobody but us can tell the program what is sent to us: process 1 is in between.
            signals if fork.init => SignalPolicy::ThroughInit(SignalSet::messages().union(signals.unwrap_or_default())),
            signals if has_leader(request) => SignalPolicy::ThroughLeader(signals.unwrap_or_default()),
            Some(signals) => SignalPolicy::Forward(signals),
            None => SignalPolicy::LeaveToChild,
        })
    }));
}

/// The maps of only our own ids, which we write ourselves.
fn own_maps(request: &UnshareRequest, steps: &mut Vec<Step>) {
    if let MapMethod::Own(line) = request.uid_map {
        steps.push(Step::MapOwnId(IdKind::User, line));
    }
    let own_group = match request.gid_map {
        MapMethod::Own(line) => Some(line),
        _ => None,
    };
    if !maps_groups_by_mapper(request) {
        // The kernel lets us map our own group only after setgroups(2) is denied (user_namespaces(7)).
        let needed = own_group.map(|_| Setgroups::Deny);
        steps.extend(request.setgroups.or(needed).map(Step::Setgroups));
    }
    steps.extend(own_group.map(|line| Step::MapOwnId(IdKind::Group, line)));
}

fn mounts(request: &UnshareRequest, steps: &mut Vec<Step>) {
    if request.kinds.contains(Kind::Mount) && request.propagation != Propagation::Unchanged {
        steps.push(Step::Propagate(request.propagation, "/".into()));
    }
    let register = |binfmt: &Path| {
        let binfmt = binfmt.to_path_buf();
        request.interpreter.clone().map(|interpreter| Step::RegisterInterpreter { binfmt, interpreter })
    };
    // With this flag, the kernel opens the interpreter at registration: register while its path can still be reached.
    let registered_outside = request.new_root().is_some() && request.interpreter.as_deref().is_some_and(opens_at_once);
    if registered_outside {
        steps.push(Step::MountBinfmt(BINFMT.into()));
        steps.extend(register(Path::new(BINFMT)));
    }
    // In a user namespace, the kernel mounts proc only where another one can be seen: before the old root goes.
    let proc_is_mounted = places::mounts(request, steps);
    steps.extend(request.root.clone().map(Step::Chroot));
    // Otherwise a relative --wd would start outside the new root, and `..` could leave it.
    steps.extend(request.root.as_ref().map(|_| Step::Chdir("/".into())));
    steps.extend(request.working_directory.clone().map(Step::Chdir));
    if let Some(directory) = request.proc.as_ref().filter(|_| !proc_is_mounted) {
        steps.extend(own_place_of_proc(request));
        steps.push(Step::MountProc(directory.clone()));
    }
    if let Some(directory) = &request.binfmt {
        steps.push(Step::MountBinfmt(directory.clone()));
        if !registered_outside {
            steps.extend(register(directory));
        }
    }
}

/// Otherwise the new proc would also appear in the old mount namespace, over the old one.
fn own_place_of_proc(request: &UnshareRequest) -> Option<Step> {
    let passes_on = request.propagation != Propagation::Private && request.new_root().is_none();
    request.proc.clone().filter(|_| passes_on).map(Step::MakePrivateIfMounted)
}

/// Whether the flags, the last field of a registration, include `F`. Its first byte is the separator of the fields.
fn opens_at_once(interpreter: &OsStr) -> bool {
    let Some(separator) = interpreter.as_bytes().first() else {
        return false;
    };
    let flags = interpreter.as_bytes().rsplit(|byte| byte == separator).next();
    flags.is_some_and(|flags| flags.contains(&b'F'))
}

fn mapper_jobs(request: &UnshareRequest) -> Vec<MapJob> {
    let maps = [(IdKind::User, &request.uid_map), (IdKind::Group, &request.gid_map)];
    let by_mapper = maps.into_iter().filter_map(|(ids, map)| match map {
        MapMethod::ByMapper(lines) => Some(MapJob { ids, lines: lines.clone() }),
        _ => None,
    });
    by_mapper.collect()
}

fn maps_groups_by_mapper(request: &UnshareRequest) -> bool {
    matches!(request.gid_map, MapMethod::ByMapper(_))
}
