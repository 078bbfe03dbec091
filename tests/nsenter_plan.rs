//! The plans of nsenter, compared with literals: the order of effects.

#![allow(clippy::unwrap_used)]

use std::ffi::CString;

use nskit::internals::enter::environment::Environment;
use nskit::internals::enter::handles::Handle;
use nskit::internals::enter::nsenter::{Groups, Likeness, NsenterRequest, PrivateMounts, plan};
use nskit::internals::enter::program::Program;
use nskit::internals::enter::setting::{Join, MountPoint, Profile, Propagation, SignalPolicy, TargetId};
use nskit::internals::enter::step::{PlainStep, Plan, Step};
use nskit::internals::namespace::{Kind, KindSet};
use nskit::internals::sys::capability::CapabilitySet;
use nskit::internals::sys::limit::Limit;
use nskit::internals::sys::seccomp::SeccompFilter;
use nskit::internals::sys::signal::{SignalNumber, SignalSet};

fn kinds(kinds: &[Kind]) -> KindSet {
    kinds.iter().copied().collect()
}

/// The steps of a request for the login shell.
fn steps(request: NsenterRequest) -> Vec<Step> {
    let Plan { steps, environment, program } = plan(request);
    assert_eq!((environment, program), (Environment::Inherited, None));
    steps
}

const HIDE: Step = Step::SetDumpable(false);

#[test]
fn even_where_nothing_is_entered_we_hide() {
    assert_eq!(steps(NsenterRequest::default()), [HIDE]);
}

#[test]
fn namespaces_are_entered_in_two_passes() {
    let join = Join {
        of_target: kinds(&[Kind::Net, Kind::Uts]),
        files: vec![(Kind::Ipc, Handle::new(0, "/run/ns/ipc"))],
        ..Join::default()
    };
    let request = NsenterRequest { join: join.clone(), ..NsenterRequest::default() };
    assert_eq!(steps(request), [HIDE, Step::JoinTolerant(join.clone()), Step::JoinStrict(join)]);
}

#[test]
fn all_at_once_has_this_order() {
    let program = Program { file: CString::from(c"x"), argv: vec![CString::from(c"x")] };
    let join = Join { of_target: kinds(&[Kind::User, Kind::Pid]), ..Join::default() };
    let [root, directory, cgroup] =
        [(0, "/r"), (1, "/d"), (2, "/cg/cgroup.procs")].map(|(n, path)| Handle::new(n, path));
    let request = NsenterRequest {
        join: join.clone(),
        root: Some(root.clone()),
        working_directory: Some(directory.clone()),
        working_directory_inside: None,
        environment: Some(vec![c"A=1".to_owned()]),
        cgroups: vec![cgroup.clone()],
        fork: true,
        pty: false,
        kill_child: None,
        forward_signals: None,
        become_root: true,
        gid: Some(TargetId::Followed),
        uid: None,
        keep_capabilities: true,
        capabilities: Some(CapabilitySet::EMPTY.with(13)),
        no_new_privileges: true,
        private_mounts: None,
        context: Some(b"c".to_vec()),
        like: None,
        program: Some(program.clone()),
    };
    let expected = vec![
        HIDE,
        Step::DropGroupsIfPermitted,
        Step::JoinTolerant(join.clone()),
        Step::JoinStrict(join),
        Step::ChrootTo(root),
        Step::ChdirTo(directory),
        Step::JoinCgroups(vec![cgroup]),
        Step::DefaultChildSignal,
        Step::Fork(SignalPolicy::Terminal),
        Step::DropGroups,
        Step::SetGidOfTarget,
        Step::Plain(PlainStep::RetainCapabilities),
        Step::Plain(PlainStep::SetUid(0)),
        Step::Plain(PlainStep::DropBounding { dropped: CapabilitySet::EMPTY.with(13), or_no_new_privileges: true }),
        Step::Plain(PlainStep::DropCapabilities(CapabilitySet::EMPTY.with(13))),
        Step::Plain(PlainStep::KeepCapabilities),
        Step::SetContext(b"c".to_vec()),
        Step::Plain(PlainStep::NoNewPrivileges),
    ];
    let environment = Environment::Given(vec![c"A=1".to_owned()]);
    assert_eq!(plan(request), Plan { steps: expected, environment, program: Some(program) });
}

#[test]
fn with_a_root_alone_the_working_directory_is_opened_before_it() {
    let root = Handle::new(0, "/r");
    let request = NsenterRequest { root: Some(root.clone()), ..NsenterRequest::default() };
    // Its number is the first that stands for nothing else.
    let kept = Handle::new(1, ".");
    assert_eq!(steps(request), [HIDE, Step::OpenDirectory(kept.clone()), Step::ChrootTo(root), Step::ChdirTo(kept)]);
}

#[test]
fn the_working_directory_inside_is_opened_behind_the_root() {
    let root = Handle::new(4, "/r");
    let request = NsenterRequest {
        root: Some(root.clone()),
        working_directory_inside: Some("d".into()),
        ..NsenterRequest::default()
    };
    let inside = Handle::new(5, "d");
    let expected = [HIDE, Step::ChrootTo(root), Step::OpenDirectory(inside.clone()), Step::ChdirTo(inside)];
    assert_eq!(steps(request), expected);
}

#[test]
fn private_mounts_are_made_in_a_new_mount_namespace_that_has_our_working_directory() {
    let join = Join { files: vec![(Kind::Net, Handle::new(0, "/run/netns/blue"))], ..Join::default() };
    let directory = Handle::new(1, "/d");
    let request = NsenterRequest {
        join: join.clone(),
        working_directory: Some(directory.clone()),
        private_mounts: Some(PrivateMounts::default()),
        ..NsenterRequest::default()
    };
    let entered = [HIDE, Step::JoinTolerant(join.clone()), Step::JoinStrict(join)];
    let mounts = [
        Step::Unshare(kinds(&[Kind::Mount])),
        Step::Propagate(Propagation::Slave, "/".into()),
        Step::MountSys("/sys".into()),
    ];
    assert_eq!(steps(request.clone()), [&entered[..], &[Step::ChdirTo(directory)], &mounts].concat());
    // What is opened inside is opened behind the mounts.
    let (file, on) = ("/etc/netns/blue/hosts", "/etc/hosts");
    let binds = vec![(file.into(), on.into())];
    let request = NsenterRequest {
        working_directory: None,
        working_directory_inside: Some("i".into()),
        private_mounts: Some(PrivateMounts { binds, ..PrivateMounts::default() }),
        ..request
    };
    let [root, tree, inside] = [(1, "/"), (2, file), (3, "i")].map(|(number, path)| Handle::new(number, path));
    let bind = [
        Step::OpenRoot(root.clone()),
        Step::CloneTree(tree.clone()),
        Step::AttachTree { tree, on: MountPoint { root, path: on.into() }, read_only: false },
        Step::OpenDirectory(inside.clone()),
        Step::ChdirTo(inside),
    ];
    assert_eq!(steps(request), [&entered[..], &mounts, &bind].concat());
}

#[test]
fn a_user_alone_leaves_the_groups() {
    let request = NsenterRequest { uid: Some(TargetId::Number(5)), ..NsenterRequest::default() };
    assert_eq!(steps(request), [HIDE, Step::Plain(PlainStep::SetUid(5))]);
    let request =
        NsenterRequest { gid: Some(TargetId::Number(5)), uid: Some(TargetId::Followed), ..NsenterRequest::default() };
    assert_eq!(steps(request), [HIDE, Step::DropGroups, Step::Plain(PlainStep::SetGid(5)), Step::SetUidOfTarget]);
}

#[test]
fn the_death_signal_is_asked_for_after_the_fork_and_again_after_the_ids() {
    let fork = NsenterRequest { fork: true, kill_child: Some(SignalNumber::KILL), ..NsenterRequest::default() };
    let die = Step::DieWithParent(SignalNumber::KILL);
    let forked =
        [HIDE, Step::DefaultChildSignal, Step::RememberParent, Step::Fork(SignalPolicy::Terminal), die.clone()];
    assert_eq!(steps(fork.clone()), forked);
    // A change of ids makes the kernel forget it.
    let request = NsenterRequest { uid: Some(TargetId::Number(5)), ..fork };
    assert_eq!(steps(request), [&forked[..], &[Step::Plain(PlainStep::SetUid(5)), die]].concat());
}

#[test]
fn the_fork_says_which_signals_are_passed_on() {
    let request =
        NsenterRequest { fork: true, forward_signals: Some(SignalSet::TERM_INT), ..NsenterRequest::default() };
    let policy = SignalPolicy::ForwardOrTerminal(SignalSet::TERM_INT);
    assert_eq!(steps(request), [HIDE, Step::DefaultChildSignal, Step::Fork(policy)]);
}

#[test]
fn a_terminal_is_prepared_first_and_opened_last() {
    let request = NsenterRequest {
        fork: true,
        pty: true,
        kill_child: Some(SignalNumber::TERM),
        uid: Some(TargetId::Number(5)),
        context: Some(b"c".to_vec()),
        ..NsenterRequest::default()
    };
    let die = Step::DieWithParent(SignalNumber::TERM);
    let expected = [
        Step::PrepareTerminal,
        HIDE,
        Step::DefaultChildSignal,
        Step::RememberParent,
        Step::OpenChannel,
        Step::Fork(SignalPolicy::ThroughLeader(SignalSet::default())),
        die.clone(),
        Step::Plain(PlainStep::SetUid(5)),
        die.clone(),
        Step::OpenTerminal,
        HIDE,
        Step::RememberParent,
        Step::BecomeInit,
        die,
        Step::TakeForeground,
        Step::SetContext(b"c".to_vec()),
    ];
    assert_eq!(steps(request), expected);
    let request = NsenterRequest {
        fork: true,
        pty: true,
        forward_signals: Some(SignalSet::TERM_INT),
        ..NsenterRequest::default()
    };
    let policy = SignalPolicy::ThroughLeader(SignalSet::TERM_INT);
    assert_eq!(steps(request)[4], Step::Fork(policy));
}

const SYS_ADMIN: u32 = 21;
const FILES: &str = "Max open files";

fn set(capabilities: &[u32]) -> CapabilitySet {
    capabilities.iter().fold(CapabilitySet::EMPTY, |set, capability| set.with(*capability))
}

/// Two filters, the first the older one.
fn filters() -> Vec<SeccompFilter> {
    [false, true].map(|log| SeccompFilter { instructions: vec![[6, 0, 0, 0, 0, 0, 0xff, 0x7f]], log }).into()
}

/// A request for a program that is to be like its target in everything.
fn like_all() -> NsenterRequest {
    let limit = |soft, hard| Limit { name: FILES, soft, hard };
    let like = Likeness {
        raised: vec![limit(1, 9)],
        limits: vec![limit(5, 9)],
        nice: Some(3),
        io_priority: Some(16387),
        oom_score_adj: Some(500),
        processors: Some(vec![1]),
        groups: Some(Groups { outside: Some(vec![100044]), inside: Some(vec![44]) }),
        bounding: set(&[0, 1, 2]),
        permitted: set(&[0, 1]),
        effective: set(&[0]),
        ambient: set(&[1]),
        umask: Some(0o27),
        ignored: SignalSet::of(&[SignalNumber::PIPE]),
        profile: Some(Profile { name: b"box".to_vec(), attributes: "attr/apparmor" }),
        no_new_privileges: false,
        filters: filters(),
        callers_term: true,
        not_had: Vec::new(),
    };
    NsenterRequest {
        join: Join { of_target: kinds(&[Kind::User, Kind::Pid]), ..Join::default() },
        root: Some(Handle::new(0, "/r")),
        working_directory: Some(Handle::new(1, "/d")),
        environment: Some(vec![c"A=1".to_owned()]),
        cgroups: vec![Handle::new(2, "/cg/cgroup.procs")],
        fork: true,
        gid: Some(TargetId::Followed),
        uid: Some(TargetId::Followed),
        context: Some(b"c".to_vec()),
        like: Some(like),
        ..NsenterRequest::default()
    }
}

/// The steps, of which those around the fork and at the end are given.
fn like_steps(fork: &[Step], permitted: &[u32], effective: &[u32], session: &[Step], end: &[Step]) -> Vec<Step> {
    let join = like_all().join;
    let limit = |soft, hard| Limit { name: FILES, soft, hard };
    let before = [
        // With rights outside, and while our files in /proc are ours.
        Step::Plain(PlainStep::SetLimits(vec![limit(1, 9)])),
        Step::Plain(PlainStep::SetNice(3)),
        Step::Plain(PlainStep::SetIoPriority(16387)),
        Step::SetOomScore(500),
        HIDE,
        Step::SetGroupsIfPermitted(vec![100044]),
        Step::JoinTolerant(join.clone()),
        Step::JoinStrict(join),
        Step::ChrootTo(Handle::new(0, "/r")),
        Step::ChdirTo(Handle::new(1, "/d")),
        Step::JoinCgroups(vec![Handle::new(2, "/cg/cgroup.procs")]),
        Step::Plain(PlainStep::SetProcessors(vec![1])),
        Step::DefaultChildSignal,
    ];
    let ids = [
        Step::SetGroups(vec![44]),
        Step::SetGidOfTarget,
        Step::Plain(PlainStep::RetainCapabilities),
        Step::SetUidOfTarget,
        Step::Plain(PlainStep::DropBounding { dropped: set(&[0, 1, 2]).complement(), or_no_new_privileges: false }),
        Step::Plain(PlainStep::SetCapabilities {
            permitted: set(permitted),
            effective: set(effective),
            ambient: set(&[1]),
        }),
    ];
    let after = [
        Step::SetContext(b"c".to_vec()),
        Step::SetProfile(Profile { name: b"box".to_vec(), attributes: "attr/apparmor" }),
        Step::Plain(PlainStep::SetUmask(0o27)),
        Step::Plain(PlainStep::HeedSignals(SignalSet::of(&[SignalNumber::PIPE]))),
        Step::Plain(PlainStep::SetLimits(vec![limit(5, 9)])),
    ];
    [&before[..], fork, &ids, session, &after, end].concat()
}

#[test]
fn a_program_like_its_target_gets_all_in_the_order_that_the_kernel_allows() {
    // In a session of its own, it gets nothing that the terminal sends.
    let of_terminal = SignalSet::of(&[SignalNumber::HUP, SignalNumber::INT, SignalNumber::QUIT]);
    let fork = [Step::Fork(SignalPolicy::ForwardOrTerminal(of_terminal))];
    // Without no_new_privs, a filter is taken by who has CAP_SYS_ADMIN, and before that is gone: by execve(2).
    let end = [Step::Plain(PlainStep::InstallFilters(filters()))];
    let steps = like_steps(&fork, &[0, 1, SYS_ADMIN], &[0, SYS_ADMIN], &[Step::Plain(PlainStep::NewSession)], &end);
    let environment = Environment::GivenWithTerm(vec![c"A=1".to_owned()]);
    assert_eq!(plan(like_all()), Plan { steps, environment, program: None });
    // With it, that capability goes before.
    let mut request = like_all();
    request.like.as_mut().unwrap().no_new_privileges = true;
    let end = [Step::Plain(PlainStep::NoNewPrivileges), Step::Plain(PlainStep::InstallFilters(filters()))];
    let with = like_steps(&fork, &[0, 1], &[0], &[Step::Plain(PlainStep::NewSession)], &end);
    assert_eq!(plan(request).steps, with);
    // The same if it is our caller who wants it.
    assert_eq!(plan(NsenterRequest { no_new_privileges: true, ..like_all() }).steps, with);
    // Without filters, nothing is kept for them.
    let mut request = like_all();
    request.like.as_mut().unwrap().filters.clear();
    assert_eq!(plan(request).steps, like_steps(&fork, &[0, 1], &[0], &[Step::Plain(PlainStep::NewSession)], &[]));
}

#[test]
fn with_a_terminal_its_session_is_the_terminals() {
    let request = NsenterRequest { pty: true, kill_child: Some(SignalNumber::KILL), ..like_all() };
    let steps = plan(request).steps;
    let at = |wanted: &Step| steps.iter().position(|step| step == wanted).unwrap();
    assert!(!steps.contains(&Step::Plain(PlainStep::NewSession)));
    assert_eq!(steps[0], Step::PrepareTerminal);
    assert!(steps.contains(&Step::Fork(SignalPolicy::ThroughLeader(SignalSet::default()))));
    // Who opens it has the program's user by then, and no filter yet that could refuse it.
    assert!(at(&Step::SetUidOfTarget) < at(&Step::OpenTerminal));
    assert!(at(&Step::TakeForeground) < at(&Step::Plain(PlainStep::HeedSignals(SignalSet::of(&[SignalNumber::PIPE])))));
    assert_eq!(steps.last(), Some(&Step::Plain(PlainStep::InstallFilters(filters()))));
}

#[test]
fn what_is_dropped_besides_leaves_every_set() {
    let request = NsenterRequest { capabilities: Some(set(&[1])), ..like_all() };
    let steps = plan(request).steps;
    let dropped = set(&[0, 2]).complement();
    assert!(steps.contains(&Step::Plain(PlainStep::DropBounding { dropped, or_no_new_privileges: false })));
    let (permitted, effective) = (set(&[0, SYS_ADMIN]), set(&[0, SYS_ADMIN]));
    assert!(steps.contains(&Step::Plain(PlainStep::SetCapabilities {
        permitted,
        effective,
        ambient: CapabilitySet::EMPTY
    })));
}

#[test]
fn groups_that_are_not_mapped_inside_must_be_had_outside() {
    let with = |groups| {
        let mut request = like_all();
        request.like.as_mut().unwrap().groups = groups;
        let steps = plan(request).steps.into_iter();
        steps.filter(|step| matches!(step, Step::SetGroups(_) | Step::SetGroupsIfPermitted(_))).collect::<Vec<_>>()
    };
    let groups = |outside: Option<u32>, inside: Option<u32>| {
        let list = |group: Option<u32>| group.map(|group| vec![group]);
        Some(Groups { outside: list(outside), inside: list(inside) })
    };
    assert_eq!(with(None), []);
    assert_eq!(with(groups(Some(50), None)), [Step::SetGroups(vec![50])]);
    assert_eq!(with(groups(None, Some(0))), [Step::SetGroups(vec![0])]);
    assert_eq!(with(groups(Some(50), Some(0))), [Step::SetGroupsIfPermitted(vec![50]), Step::SetGroups(vec![0])]);
}
