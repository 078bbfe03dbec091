//! The plans of nsenter, compared with literals: the order of effects.

#![allow(clippy::unwrap_used)]

use std::ffi::CString;

use nskit::enter::environment::Environment;
use nskit::enter::nsenter::{Request, plan};
use nskit::enter::program::Program;
use nskit::enter::step::{SignalPolicy, Step, TargetId};
use nskit::namespace::{Kind, KindSet};

fn kinds(kinds: &[Kind]) -> KindSet {
    kinds.iter().copied().collect()
}

#[test]
fn even_where_nothing_is_entered_we_hide() {
    assert_eq!(plan(Request::default()), [Step::Hide, Step::Execute(None)]);
}

#[test]
fn namespaces_are_entered_in_two_passes() {
    let request =
        Request { of_target: kinds(&[Kind::Net, Kind::Uts]), of_files: kinds(&[Kind::Ipc]), ..Request::default() };
    let expected = [
        Step::Hide,
        Step::EnterWhatWeMay { of_target: kinds(&[Kind::Net, Kind::Uts]), of_files: kinds(&[Kind::Ipc]) },
        Step::EnterTheRest,
        Step::Execute(None),
    ];
    assert_eq!(plan(request), expected);
}

#[test]
fn all_at_once_has_this_order() {
    let program = Program { file: CString::from(c"x"), argv: vec![CString::from(c"x")] };
    let request = Request {
        of_target: kinds(&[Kind::User, Kind::Pid]),
        of_files: KindSet::EMPTY,
        root: true,
        working_directory: true,
        working_directory_inside: None,
        environment: Some(vec![c"A=1".to_owned()]),
        join_cgroup: true,
        fork: true,
        become_root: true,
        gid: Some(TargetId::Followed),
        uid: None,
        keep_capabilities: true,
        context: Some(b"c".to_vec()),
        program: Some(program.clone()),
    };
    let expected = [
        Step::Hide,
        Step::DropGroupsIfPermitted,
        Step::EnterWhatWeMay { of_target: kinds(&[Kind::User, Kind::Pid]), of_files: KindSet::EMPTY },
        Step::EnterTheRest,
        Step::ChrootToOpened,
        Step::ChdirToOpened,
        Step::Environment(Environment::Given(vec![c"A=1".to_owned()])),
        Step::JoinCgroups,
        Step::DefaultChildSignal,
        Step::Fork(SignalPolicy::Terminal),
        Step::DropGroups,
        Step::SetGidOfTarget,
        Step::SetUid(0),
        Step::KeepCapabilities,
        Step::SetContext(b"c".to_vec()),
        Step::Execute(Some(program)),
    ];
    assert_eq!(plan(request), expected);
}

#[test]
fn with_a_root_alone_the_working_directory_is_opened_before_it() {
    let request = Request { root: true, ..Request::default() };
    let expected = [
        Step::Hide,
        Step::OpenWorkingDirectory(".".into()),
        Step::ChrootToOpened,
        Step::ChdirToOpened,
        Step::Execute(None),
    ];
    assert_eq!(plan(request), expected);
}

#[test]
fn the_working_directory_inside_is_opened_behind_the_root() {
    let request = Request { root: true, working_directory_inside: Some("d".into()), ..Request::default() };
    let expected = [
        Step::Hide,
        Step::ChrootToOpened,
        Step::OpenWorkingDirectory("d".into()),
        Step::ChdirToOpened,
        Step::Execute(None),
    ];
    assert_eq!(plan(request), expected);
}

#[test]
fn a_user_alone_leaves_the_groups() {
    let request = Request { uid: Some(TargetId::Number(5)), ..Request::default() };
    assert_eq!(plan(request), [Step::Hide, Step::SetUid(5), Step::Execute(None)]);
    let request = Request { gid: Some(TargetId::Number(5)), uid: Some(TargetId::Followed), ..Request::default() };
    let expected = [Step::Hide, Step::DropGroups, Step::SetGid(5), Step::SetUidOfTarget, Step::Execute(None)];
    assert_eq!(plan(request), expected);
}
