//! Whole plans, from the command line, against literals: all the order there is.

use std::path::PathBuf;

use nskit::internals::cli::Parsed;
use nskit::internals::cli::unshare::resolve;
use nskit::internals::enter::environment::Environment;
use nskit::internals::enter::program::Program;
use nskit::internals::enter::setting::{Clock, MapJob, Persist, Propagation, Setgroups, SignalPolicy};
use nskit::internals::enter::step::{PlainStep, Plan, Step};
use nskit::internals::enter::unshare::plan;
use nskit::internals::ids::map::{Extent, IdKind};
use nskit::internals::namespace::{Kind, KindSet};
use nskit::internals::sys::capability::CapabilitySet;
use nskit::internals::sys::signal::{SignalNumber, SignalSet};

use crate::common::Directory;

/// The steps that a command line makes, before the program `true`.
pub fn of(line: &[&str]) -> Vec<Step> {
    let plan = plan_of(line);
    assert_eq!((plan.environment, plan.program), (Environment::Inherited, Some(run_true())), "{line:?}");
    plan.steps
}

/// The plan that a command line makes.
fn plan_of(line: &[&str]) -> Plan {
    match nskit::internals::cli::unshare::parse(line.iter().map(Into::into).collect()) {
        Ok(Parsed::Run(args)) => plan(resolve(args).unwrap()),
        other => panic!("{line:?}: {other:?}"),
    }
}

fn run_true() -> Program {
    Program { file: c"true".into(), argv: vec![c"true".into()] }
}

pub fn unshare(kinds: &[Kind]) -> Step {
    Step::Unshare(kinds.iter().copied().collect::<KindSet>())
}

pub fn private() -> Step {
    Step::Propagate(Propagation::Private, "/".into())
}

pub const FORK: Step = Step::Fork(SignalPolicy::LeaveToChild);
const DIE: Step = Step::DieWithParent(SignalNumber(9));

/// The line of a map of one id, which is our own outside.
fn own(ids: IdKind, inner: u32) -> Extent {
    let outer = match ids {
        IdKind::User => nix::unistd::geteuid().as_raw(),
        IdKind::Group => nix::unistd::getegid().as_raw(),
    };
    Extent { inner, outer, count: 1 }
}

fn job(ids: IdKind, lines: &[Extent]) -> MapJob {
    MapJob { ids, lines: lines.to_vec() }
}

fn extent(inner: u32, outer: u32, count: u32) -> Extent {
    Extent { inner, outer, count }
}

scene_test!(nothing_asked_is_nothing_done_but_the_program);
fn nothing_asked_is_nothing_done_but_the_program() {
    assert_eq!(of(&["true"]), []);
    assert_eq!(plan_of(&[]), Plan::default());
    assert_eq!(of(&["--propagation=shared", "true"]), []);
    assert_eq!(of(&["--keep-caps", "true"]), []);
}

scene_test!(all_kinds_in_one_call);
fn all_kinds_in_one_call() {
    let all = [Kind::Mount, Kind::Uts, Kind::Ipc, Kind::Net, Kind::Pid, Kind::User, Kind::Cgroup, Kind::Time];
    assert_eq!(of(&["-muinpUCT", "true"]), [unshare(&all), private()]);
}

scene_test!(the_child_signal_is_reset_only_for_children);
fn the_child_signal_is_reset_only_for_children() {
    assert_eq!(of(&["-f", "true"]), [Step::DefaultChildSignal, FORK]);
    assert_eq!(of(&["-u", "true"]), [unshare(&[Kind::Uts])]);
}

scene_test!(single_maps_are_ours_to_write_and_deny_setgroups_once_before_the_group_map);
fn single_maps_are_ours_to_write_and_deny_setgroups_once_before_the_group_map() {
    let maps = [
        Step::MapOwnId(IdKind::User, own(IdKind::User, 0)),
        Step::Setgroups(Setgroups::Deny),
        Step::MapOwnId(IdKind::Group, own(IdKind::Group, 0)),
    ];
    let expected = [&[unshare(&[Kind::User])][..], &maps].concat();
    assert_eq!(of(&["-r", "true"]), expected);
    assert_eq!(of(&["-r", "--setgroups=deny", "true"]), expected);
    assert_eq!(
        of(&["--map-user=5", "--setgroups=allow", "true"]),
        [unshare(&[Kind::User]), Step::MapOwnId(IdKind::User, own(IdKind::User, 5)), Step::Setgroups(Setgroups::Allow)]
    );
}

scene_test!(blocks_are_the_mappers_to_write_after_setgroups_and_before_anything_else);
fn blocks_are_the_mappers_to_write_after_setgroups_and_before_anything_else() {
    let jobs = vec![job(IdKind::User, &[extent(0, 100000, 10)]), job(IdKind::Group, &[extent(0, 200000, 10)])];
    assert_eq!(
        of(&[
            "-fT",
            "--monotonic=1",
            "--setgroups=deny",
            "--map-users=0:100000:10",
            "--map-groups=0:200000:10",
            "true"
        ]),
        [
            Step::DefaultChildSignal,
            Step::StartMapper(jobs),
            unshare(&[Kind::User, Kind::Time]),
            Step::Setgroups(Setgroups::Deny),
            Step::ReleaseMapper,
            Step::OffsetClock(Clock::Monotonic, 1),
            FORK
        ]
    );
}

scene_test!(users_and_groups_are_decided_apart);
fn users_and_groups_are_decided_apart() {
    let line = own(IdKind::User, 0);
    assert_eq!(
        of(&["-r", "--map-users=1:4000000:10", "true"]),
        [
            Step::DefaultChildSignal,
            Step::StartMapper(vec![job(IdKind::User, &[line, extent(1, 4000000, 10)])]),
            unshare(&[Kind::User]),
            Step::ReleaseMapper,
            Step::Setgroups(Setgroups::Deny),
            Step::MapOwnId(IdKind::Group, own(IdKind::Group, 0))
        ]
    );
}

scene_test!(the_owner_is_taken_on_after_the_helpers_have_started);
fn the_owner_is_taken_on_after_the_helpers_have_started() {
    let keep = Directory::new();
    let file = keep.path().join("user");
    std::fs::write(&file, "").unwrap();
    let jobs = vec![job(IdKind::User, &[own(IdKind::User, 0)]), job(IdKind::Group, &[own(IdKind::Group, 0)])];
    assert_eq!(
        of(&["--owner=1000:1001", "-r", &format!("--user={}", file.display()), "true"]),
        [
            Step::DefaultChildSignal,
            Step::StartBinder(vec![Persist { kind: Kind::User, file }]),
            Step::StartMapper(jobs),
            Step::DropGroups,
            Step::Plain(PlainStep::SetGid(1001)),
            Step::Plain(PlainStep::SetUid(1000)),
            Step::SetDumpable(true),
            unshare(&[Kind::User]),
            Step::ReleaseMapper,
            Step::Bind
        ]
    );
}

scene_test!(namespaces_are_bound_after_the_fork_that_makes_the_pid_namespace);
fn namespaces_are_bound_after_the_fork_that_makes_the_pid_namespace() {
    let keep = Directory::new();
    let files = ["pid", "uts"].map(|name| {
        let file = keep.path().join(name);
        std::fs::write(&file, "").unwrap();
        file
    });
    let [pid, uts] = &files;
    let line = [&*format!("--pid={}", pid.display()), &*format!("--uts={}", uts.display()), "-f", "true"];
    assert_eq!(
        of(&line),
        [
            Step::DefaultChildSignal,
            Step::StartBinder(vec![
                Persist { kind: Kind::Uts, file: uts.clone() },
                Persist { kind: Kind::Pid, file: pid.clone() }
            ]),
            unshare(&[Kind::Uts, Kind::Pid]),
            FORK,
            Step::Bind
        ]
    );
}

scene_test!(new_namespaces_get_their_settings_before_anyone_can_enter_them_and_before_our_rights_end);
fn new_namespaces_get_their_settings_before_anyone_can_enter_them_and_before_our_rights_end() {
    let keep = Directory::new();
    let file = keep.path().join("net");
    std::fs::write(&file, "").unwrap();
    let net = format!("--net={}", file.display());
    assert_eq!(
        of(&["--domainname=lab", "--hostname=box", "--loopback", "-f", &net, "-rT", "--boottime=1", "-S1", "true"]),
        [
            Step::DefaultChildSignal,
            Step::StartBinder(vec![Persist { kind: Kind::Net, file }]),
            unshare(&[Kind::Uts, Kind::Net, Kind::User, Kind::Time]),
            Step::Plain(PlainStep::BringUpLoopback),
            Step::Plain(PlainStep::SetHostname("box".into())),
            Step::Plain(PlainStep::SetDomainname("lab".into())),
            Step::OffsetClock(Clock::Boottime, 1),
            FORK,
            Step::Bind,
            Step::MapOwnId(IdKind::User, own(IdKind::User, 0)),
            Step::Setgroups(Setgroups::Deny),
            Step::MapOwnId(IdKind::Group, own(IdKind::Group, 0)),
            Step::Plain(PlainStep::SetUid(1))
        ]
    );
    assert_eq!(of(&["--loopback", "true"]), [unshare(&[Kind::Net]), Step::Plain(PlainStep::BringUpLoopback)]);
    assert_eq!(of(&["--hostname=a", "true"]), [unshare(&[Kind::Uts]), Step::Plain(PlainStep::SetHostname("a".into()))]);
}

scene_test!(capabilities_go_after_the_ids_the_bounding_set_first_and_no_new_privileges_last);
fn capabilities_go_after_the_ids_the_bounding_set_first_and_no_new_privileges_last() {
    let dropped = CapabilitySet::EMPTY.with(0).with(8);
    let bounding = |or_no_new_privileges| Step::Plain(PlainStep::DropBounding { dropped, or_no_new_privileges });
    let root = Step::Plain(PlainStep::KeepCapabilitiesUnlessRoot);
    let list = "--cap-drop=chown,setpcap,21";
    assert_eq!(
        of(&["--no-new-privs", "--kill-child", "--cap-add=sys_admin", list, "-S1", "-G2", "true"]),
        [
            Step::DefaultChildSignal,
            Step::RememberParent,
            FORK,
            DIE,
            Step::DropGroups,
            Step::Plain(PlainStep::SetGid(2)),
            Step::Plain(PlainStep::RetainCapabilities),
            Step::Plain(PlainStep::SetUid(1)),
            DIE,
            bounding(true),
            Step::Plain(PlainStep::DropCapabilities(dropped)),
            root.clone(),
            Step::Plain(PlainStep::NoNewPrivileges)
        ]
    );
    assert_eq!(
        of(&[list, "--cap-add=21", "true"]),
        [bounding(false), Step::Plain(PlainStep::DropCapabilities(dropped)), root]
    );
    assert_eq!(
        of(&["-U", "--keep-caps", list, "--cap-add=21", "true"])[1..],
        [bounding(false), Step::Plain(PlainStep::DropCapabilities(dropped)), Step::Plain(PlainStep::KeepCapabilities)]
    );
    assert_eq!(of(&["--no-new-privs", "true"]), [Step::Plain(PlainStep::NoNewPrivileges)]);
}

scene_test!(boottime_is_written_before_monotonic);
fn boottime_is_written_before_monotonic() {
    assert_eq!(
        of(&["-T", "--monotonic=-2", "--boottime=3", "true"]),
        [unshare(&[Kind::Time]), Step::OffsetClock(Clock::Boottime, 3), Step::OffsetClock(Clock::Monotonic, -2)]
    );
}

scene_test!(a_clock_that_is_to_show_something_is_set_last_before_the_fork);
fn a_clock_that_is_to_show_something_is_set_last_before_the_fork() {
    let set = [Step::SetClock(Clock::Boottime, 3), Step::SetClock(Clock::Monotonic, 0)];
    let [boottime, monotonic] = set.clone();
    assert_eq!(
        of(&["-T", "--monotonic=@0", "--boottime=@3", "true"]),
        [unshare(&[Kind::Time]), boottime.clone(), monotonic.clone()]
    );
    let jobs = vec![job(IdKind::User, &[extent(0, 100000, 10)])];
    assert_eq!(
        of(&[
            "-fT",
            "--monotonic=@0",
            "--boottime=@3",
            "--map-users=0:100000:10",
            "--kill-child",
            "--hostname=box",
            "true"
        ]),
        [
            Step::DefaultChildSignal,
            Step::StartMapper(jobs),
            unshare(&[Kind::Uts, Kind::User, Kind::Time]),
            Step::Plain(PlainStep::SetHostname("box".into())),
            Step::ReleaseMapper,
            Step::RememberParent,
            boottime,
            monotonic.clone(),
            FORK,
            DIE
        ]
    );
    // An offset stays where it was.
    assert_eq!(
        of(&["-fT", "--monotonic=@0", "--boottime=3", "--init", "true"])[2..5],
        [Step::OffsetClock(Clock::Boottime, 3), Step::OpenChannel, monotonic]
    );
}

scene_test!(the_death_signal_is_asked_for_first_and_again_after_the_ids_have_changed);
fn the_death_signal_is_asked_for_first_and_again_after_the_ids_have_changed() {
    assert_eq!(of(&["--kill-child", "true"]), [Step::DefaultChildSignal, Step::RememberParent, FORK, DIE]);
    assert_eq!(
        of(&["--kill-child", "--forward-signals", "-S1", "-G2", "true"]),
        [
            Step::DefaultChildSignal,
            Step::RememberParent,
            Step::Fork(SignalPolicy::Forward(SignalSet::TERM_INT)),
            DIE,
            Step::DropGroups,
            Step::Plain(PlainStep::SetGid(2)),
            Step::Plain(PlainStep::SetUid(1)),
            DIE
        ]
    );
}

scene_test!(the_fork_says_which_signals_are_passed_on);
fn the_fork_says_which_signals_are_passed_on() {
    let policy = |line: &str| of(&[line, "true"]).pop();
    let fork = |signals: &[i32]| {
        let signals = signals.iter().copied().map(SignalNumber).collect();
        Some(Step::Fork(SignalPolicy::Forward(signals)))
    };
    assert_eq!(policy("--forward-signals"), fork(&[15, 2]));
    assert_eq!(policy("--forward-signals=HUP,RTMAX"), fork(&[1, 64]));
    let all: Vec<i32> = [1, 2, 3, 15, 10, 12, 14, 28, 18, 20].into_iter().chain(34..=64).collect();
    assert_eq!(policy("--forward-signals=all"), fork(&all));
}

scene_test!(a_terminal_is_opened_when_all_else_is_done);
fn a_terminal_is_opened_when_all_else_is_done() {
    let leads = [Step::OpenTerminal, Step::SetDumpable(false), Step::BecomeInit, Step::TakeForeground];
    let fork = |policy: fn(SignalSet) -> SignalPolicy| Step::Fork(policy(SignalSet::default()));
    assert_eq!(
        of(&["--pty", "true"]),
        [
            &[Step::PrepareTerminal, Step::DefaultChildSignal, Step::OpenChannel, fork(SignalPolicy::ThroughLeader)][..],
            &leads
        ]
        .concat()
    );
    // The program is process 1, and leads itself.
    assert_eq!(
        of(&["--pty", "-p", "-S1", "--no-new-privs", "true"]),
        [
            Step::PrepareTerminal,
            Step::DefaultChildSignal,
            unshare(&[Kind::Pid]),
            Step::OpenChannel,
            FORK,
            Step::Plain(PlainStep::SetUid(1)),
            Step::Plain(PlainStep::NoNewPrivileges),
            Step::OpenTerminal
        ]
    );
    let steps = of(&["--pty", "--init", "--kill-child", "true"]);
    assert_eq!(steps[5], Step::Fork(SignalPolicy::ThroughInit(SignalSet::messages())));
    assert_eq!(steps[6..], [&[DIE], &leads[..]].concat());
    // Without a PID namespace, the end of the leader is not the end of the program.
    let steps = of(&["--pty", "--kill-child", "true"]);
    let remember = [Step::OpenTerminal, Step::SetDumpable(false), Step::RememberParent, Step::BecomeInit];
    assert_eq!(steps[6..], [&remember[..], &[DIE, Step::TakeForeground]].concat());
}

scene_test!(process_1_forks_the_program_last_when_it_has_no_more_rights_than_that);
fn process_1_forks_the_program_last_when_it_has_no_more_rights_than_that() {
    let fork = Step::Fork(SignalPolicy::ThroughInit(SignalSet::messages()));
    assert_eq!(
        of(&["--init", "true"]),
        [
            Step::DefaultChildSignal,
            unshare(&[Kind::Pid]),
            Step::OpenChannel,
            fork.clone(),
            Step::SetDumpable(false),
            Step::BecomeInit
        ]
    );
    assert_eq!(
        of(&["--init", "--kill-child", "-c", "--keep-caps", "--mount-proc", "-S1", "-G2", "true"]),
        [
            Step::DefaultChildSignal,
            unshare(&[Kind::Mount, Kind::Pid, Kind::User]),
            Step::RememberParent,
            Step::OpenChannel,
            fork,
            DIE,
            Step::MapOwnId(IdKind::User, own(IdKind::User, nix::unistd::geteuid().as_raw())),
            Step::Setgroups(Setgroups::Deny),
            Step::MapOwnId(IdKind::Group, own(IdKind::Group, nix::unistd::getegid().as_raw())),
            private(),
            Step::MountProc("/proc".into()),
            Step::DropGroups,
            Step::Plain(PlainStep::SetGid(2)),
            Step::Plain(PlainStep::SetUid(1)),
            DIE,
            Step::Plain(PlainStep::KeepCapabilities),
            // From here on nobody inside looks at what process 1 holds. Its own files in /proc have been written.
            Step::SetDumpable(false),
            Step::BecomeInit
        ]
    );
    // What else is to be passed on comes besides.
    let pipe = SignalSet::of(&[SignalNumber(libc::SIGPIPE)]);
    let policy = Step::Fork(SignalPolicy::ThroughInit(SignalSet::messages().union(pipe)));
    assert_eq!(of(&["--init", "--forward-signals=PIPE", "true"])[3], policy);
}

scene_test!(the_descriptor_is_taken_over_first_and_told_last);
fn the_descriptor_is_taken_over_first_and_told_last() {
    use std::os::fd::AsRawFd;
    let file = std::fs::File::options().write(true).open("/dev/null").unwrap();
    let fd = file.as_raw_fd();
    let option = format!("--status-fd={fd}");
    let open = Step::OpenStatus(fd);
    assert_eq!(
        of(&[&option, "-u", "-S1", "true"]),
        [open.clone(), unshare(&[Kind::Uts]), Step::Plain(PlainStep::SetUid(1)), Step::ReportStart]
    );
    assert_eq!(
        of(&[&option, "-f", "true"]),
        [open.clone(), Step::DefaultChildSignal, Step::OpenChannel, FORK, Step::ReportStart]
    );
    let steps = of(&[&option, "--init", "true"]);
    assert_eq!(steps[0], open);
    assert_eq!(steps[steps.len() - 2..], [Step::BecomeInit, Step::ReportStart]);
}

scene_test!(the_way_from_the_namespaces_to_the_program);
fn the_way_from_the_namespaces_to_the_program() {
    let line = ["--whitelist-env=A", "--keep-caps", "-S1", "-G2", "-w/w", "-R/r", "--mount-proc=/p", "-r", "true"];
    let plan = plan_of(&line);
    assert_eq!((plan.environment, plan.program), (Environment::Only(vec!["A".into()]), Some(run_true())));
    assert_eq!(
        plan.steps,
        [
            unshare(&[Kind::Mount, Kind::User]),
            Step::MapOwnId(IdKind::User, own(IdKind::User, 0)),
            Step::Setgroups(Setgroups::Deny),
            Step::MapOwnId(IdKind::Group, own(IdKind::Group, 0)),
            private(),
            Step::Chroot("/r".into()),
            Step::Chdir("/".into()),
            Step::Chdir("/w".into()),
            Step::MountProc("/p".into()),
            Step::DropGroups,
            Step::Plain(PlainStep::SetGid(2)),
            Step::Plain(PlainStep::SetUid(1)),
            Step::Plain(PlainStep::KeepCapabilities),
        ]
    );
}

scene_test!(the_working_directory_is_the_new_root_unless_another_is_asked_for);
fn the_working_directory_is_the_new_root_unless_another_is_asked_for() {
    assert_eq!(of(&["-R/r", "true"]), [Step::Chroot("/r".into()), Step::Chdir("/".into())]);
    assert_eq!(of(&["-w/w", "true"]), [Step::Chdir("/w".into())]);
}

scene_test!(the_place_of_proc_is_made_private_where_the_propagation_does_not_do_it);
fn the_place_of_proc_is_made_private_where_the_propagation_does_not_do_it() {
    let expected = |steps: &[Step]| [&[unshare(&[Kind::Mount])][..], steps].concat();
    let proc = || PathBuf::from("/proc");
    assert_eq!(of(&["--mount-proc", "true"]), expected(&[private(), Step::MountProc(proc())]));
    assert_eq!(
        of(&["--mount-proc", "--propagation=unchanged", "true"]),
        expected(&[Step::MakePrivateIfMounted(proc()), Step::MountProc(proc())])
    );
    assert_eq!(
        of(&["--mount-proc", "--propagation=slave", "true"]),
        expected(&[
            Step::Propagate(Propagation::Slave, "/".into()),
            Step::MakePrivateIfMounted(proc()),
            Step::MountProc(proc())
        ])
    );
    assert_eq!(
        of(&["--mount-proc", "--propagation=slave", "-R/r", "true"]),
        expected(&[
            Step::Propagate(Propagation::Slave, "/".into()),
            Step::Chroot("/r".into()),
            Step::Chdir("/".into()),
            Step::MountProc(proc())
        ])
    );
}

scene_test!(an_interpreter_is_registered_after_binfmt_misc_is_mounted);
fn an_interpreter_is_registered_after_binfmt_misc_is_mounted() {
    let binfmt = || PathBuf::from("/proc/sys/fs/binfmt_misc");
    let register = |binfmt: PathBuf, text: &str| Step::RegisterInterpreter { binfmt, interpreter: text.into() };
    let unshare = unshare(&[Kind::Mount, Kind::User]);
    assert_eq!(
        of(&["-l", ":a:M::b::/c:", "true"]),
        [
            unshare.clone(),
            private(),
            Step::MountProc("/proc".into()),
            Step::MountBinfmt(binfmt()),
            register(binfmt(), ":a:M::b::/c:")
        ]
    );
    assert_eq!(
        of(&["-l", ":a:M::b::/c:", "--mount-binfmt=/b", "true"]),
        [unshare.clone(), private(), Step::MountBinfmt("/b".into()), register("/b".into(), ":a:M::b::/c:")]
    );
    // With F, the interpreter is opened now, and is one of outside.
    assert_eq!(
        of(&["-l", ":a:M::b::/c:OF", "-R/r", "true"]),
        [
            unshare,
            private(),
            Step::MountBinfmt(binfmt()),
            register(binfmt(), ":a:M::b::/c:OF"),
            Step::Chroot("/r".into()),
            Step::Chdir("/".into()),
            Step::MountProc("/proc".into()),
            Step::MountBinfmt(binfmt())
        ]
    );
}
