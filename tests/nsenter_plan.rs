//! The plans of nsenter, compared with literals: the order of effects.

#![allow(clippy::unwrap_used)]

use std::ffi::CString;

use nskit::internals::enter::environment::Environment;
use nskit::internals::enter::handles::Handle;
use nskit::internals::enter::nsenter::{NsenterRequest, PrivateMounts, plan};
use nskit::internals::enter::program::Program;
use nskit::internals::enter::setting::{Join, MountPoint, Propagation, SignalPolicy, TargetId};
use nskit::internals::enter::step::{Plan, Step};
use nskit::internals::namespace::{Kind, KindSet};
use nskit::internals::sys::capability::CapabilitySet;
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
        Step::RetainCapabilities,
        Step::SetUid(0),
        Step::DropBounding { dropped: CapabilitySet::EMPTY.with(13), or_no_new_privileges: true },
        Step::DropCapabilities(CapabilitySet::EMPTY.with(13)),
        Step::KeepCapabilities,
        Step::SetContext(b"c".to_vec()),
        Step::NoNewPrivileges,
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
    assert_eq!(steps(request), [HIDE, Step::SetUid(5)]);
    let request =
        NsenterRequest { gid: Some(TargetId::Number(5)), uid: Some(TargetId::Followed), ..NsenterRequest::default() };
    assert_eq!(steps(request), [HIDE, Step::DropGroups, Step::SetGid(5), Step::SetUidOfTarget]);
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
    assert_eq!(steps(request), [&forked[..], &[Step::SetUid(5), die]].concat());
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
        Step::SetUid(5),
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
