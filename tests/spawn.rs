//! Plans that are carried out in a child of a process with several threads. There the child may make system calls only:
//! another thread may have held the allocator's lock at the fork. So the allocator of this program ends every child that
//! takes memory, or gives it back.

#![allow(unsafe_code, clippy::unwrap_used)]

#[macro_use]
mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::CString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use common::{Directory, needs_root, on_purpose};
use nix::errno::Errno;
use nskit::internals::cli::nsenter::{IdArgument, NsenterArgs, resolve};
use nskit::internals::enter::handles::Handles;
use nskit::internals::enter::nsenter::NamespaceSource;
use nskit::internals::enter::program::Program;
use nskit::internals::enter::setting::{MapJob, Persist, Propagation, Setgroups, SignalPolicy};
use nskit::internals::enter::step::{PlainStep, Plan, Step};
use nskit::internals::enter::target::TargetArgument;
use nskit::internals::enter::target_source::TargetSource;
use nskit::internals::enter::{RunFailure, SpawnedChild, nsenter, spawn};
use nskit::internals::error::{Attempt, Failure};
use nskit::internals::ids::map::{Extent, IdKind};
use nskit::internals::namespace::{Kind, KindSet};
use nskit::internals::sys::process::Status;
use nskit::internals::sys::process::{ForkResult, fork, wait_for_end};
use nskit::internals::sys::signal::{SignalNumber, SignalSet};

/// The system's allocator, for the process that the tests run in alone.
struct Guarded;

/// The process that may have memory; 0 until a test has told.
static OWNER: AtomicI32 = AtomicI32::new(0);

fn guard() {
    let owner = OWNER.load(Ordering::Relaxed);
    // SAFETY: neither has a precondition.
    unsafe {
        if owner != 0 && libc::getpid() != owner {
            libc::abort();
        }
    }
}

// SAFETY: all of it is done by the system's allocator.
unsafe impl GlobalAlloc for Guarded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        guard();
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        guard();
        // SAFETY: passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Guarded = Guarded;

/// What all children get.
const ENVIRONMENT: [&std::ffi::CStr; 2] = [c"PATH=/nowhere:/usr/sbin:/usr/bin:/sbin:/bin", c"LC_ALL=C"];

/// Children are watched from now on. Skips the test where it cannot run.
fn watch() {
    on_purpose("a test of our library");
    needs_root("plans that join and mount");
    OWNER.store(nix::unistd::getpid().as_raw(), Ordering::Relaxed);
}

fn kinds(kinds: &[Kind]) -> KindSet {
    kinds.iter().copied().collect()
}

fn shell(script: &str) -> Option<Program> {
    Program::from_operands(&["sh".into(), "-c".into(), script.into()]).unwrap()
}

/// Runs the steps, then the script, whose output is returned, with threads that take memory all the while.
fn output_of(steps: Vec<Step>, handles: Handles, script: &str) -> String {
    let directory = Directory::new();
    let file = directory.path().join("output");
    let program = shell(&format!("exec >{}; {script}", file.display()));
    let plan = Plan { steps, program, ..Plan::default() };
    let child = among_threads(|| spawn(&plan, handles, &ENVIRONMENT)).unwrap();
    assert_eq!(child.wait().unwrap(), Status::Exited(0));
    std::fs::read_to_string(file).unwrap()
}

/// Calls `call` while eight other threads take and give back memory.
fn among_threads<T>(call: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::black_box(vec![number; 1 + number * 1000]);
                    std::thread::yield_now();
                }
            });
        }
        let result = call();
        stop.store(true, Ordering::Relaxed);
        result
    })
}

fn failure_of(steps: Vec<Step>, program: Option<Program>) -> RunFailure {
    let plan = Plan { steps, program, ..Plan::default() };
    among_threads(|| spawn(&plan, Handles::default(), &ENVIRONMENT).map(SpawnedChild::wait)).unwrap_err()
}

fn refused(attempt: Attempt, errno: Errno) -> RunFailure {
    Failure::System { attempt, errno }.into()
}

/// The kind's namespace of a process.
fn link(pid: i32, kind: Kind) -> String {
    std::fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap().display().to_string()
}

scene_test!(a_child_that_takes_memory_is_caught);
fn a_child_that_takes_memory_is_caught() {
    watch();
    match fork().unwrap() {
        ForkResult::Child => {
            std::hint::black_box(vec![1; 100]);
            nskit::internals::sys::process::exit_now(0)
        }
        ForkResult::Parent { child } => {
            let end = wait_for_end(child).unwrap();
            assert_eq!(end, nskit::internals::sys::process::ChildEvent::Killed(SignalNumber(libc::SIGABRT)));
        }
    }
}

scene_test!(new_namespaces_are_made_among_threads);
fn new_namespaces_are_made_among_threads() {
    watch();
    let own = |ids, inner| Step::MapOwnId(ids, Extent { inner, outer: 0, count: 1 });
    let steps = vec![
        Step::DefaultChildSignal,
        Step::Unshare(kinds(&[Kind::User, Kind::Mount, Kind::Pid, Kind::Uts])),
        Step::RememberParent,
        Step::Fork(SignalPolicy::Forward(SignalSet::TERM_INT)),
        Step::DieWithParent(SignalNumber(libc::SIGKILL)),
        own(IdKind::User, 0),
        Step::Setgroups(Setgroups::Deny),
        own(IdKind::Group, 5),
        Step::Propagate(Propagation::Private, "/".into()),
        Step::MakePrivateIfMounted("/usr/bin".into()),
        Step::MountProc("/proc".into()),
        Step::Chdir("/usr/bin".into()),
        Step::Plain(PlainStep::KeepCapabilities),
    ];
    assert_eq!(output_of(steps, Handles::default(), "echo $$ $(id -u) $(id -g) $PWD"), "1 0 5 /usr/bin\n");
}

scene_test!(helpers_do_their_work_without_memory);
fn helpers_do_their_work_without_memory() {
    watch();
    let directory = Directory::new();
    let file = directory.path().join("uts");
    std::fs::write(&file, "").unwrap();
    let job = |ids, outer| MapJob { ids, lines: vec![Extent { inner: 0, outer, count: 10 }] };
    let steps = vec![
        Step::DefaultChildSignal,
        Step::StartBinder(vec![Persist { kind: Kind::Uts, file: file.clone() }]),
        Step::StartMapper(vec![job(IdKind::User, 0), job(IdKind::Group, 0)]),
        Step::Unshare(kinds(&[Kind::User, Kind::Uts])),
        Step::ReleaseMapper,
        Step::Bind,
        Step::DropGroups,
        Step::Plain(PlainStep::SetGid(3)),
        Step::Plain(PlainStep::SetUid(0)),
    ];
    let output = output_of(steps, Handles::default(), "echo $(id -u):$(id -g) $(cat /proc/self/uid_map)");
    assert_eq!(output, "0:3 0 0 10\n");
    let kept = nix::sys::statfs::statfs(&file).unwrap().filesystem_type();
    assert_eq!(kept, nix::sys::statfs::NSFS_MAGIC);
    nix::mount::umount(&file).unwrap();
}

scene_test!(a_process_is_joined_among_threads);
fn a_process_is_joined_among_threads() {
    watch();
    let steps = vec![Step::Unshare(kinds(&[Kind::User, Kind::Uts, Kind::Mount]))];
    let target = Plan { steps, program: shell("sleep 100"), ..Plan::default() };
    let target = spawn(&target, Handles::default(), &ENVIRONMENT).unwrap();
    let pid = target.pid();
    let net = PathBuf::from("/proc/self/ns/net");
    let args = NsenterArgs {
        target: Some(TargetSource::Process(TargetArgument { pid, inode: None })),
        namespaces: vec![
            (Kind::Uts, NamespaceSource::Target),
            (Kind::Mount, NamespaceSource::Target),
            (Kind::User, NamespaceSource::Target),
            (Kind::Net, NamespaceSource::File(net)),
        ],
        root: Some(Some("/".into())),
        preserve_credentials: true,
        program: vec!["sh".into()],
        ..NsenterArgs::default()
    };
    let (request, handles, _) = resolve(args).unwrap();
    let steps = nsenter::plan(request).steps;
    assert!(steps.iter().any(|step| matches!(step, Step::OpenDirectory(_))));
    let output = output_of(steps, handles, "readlink /proc/self/ns/uts /proc/self/ns/user");
    assert_eq!(output, format!("{}\n{}\n", link(pid, Kind::Uts), link(pid, Kind::User)));
    // By its files, where the pidfd does not do: the user namespace that it is in already is refused.
    let args = NsenterArgs {
        target: Some(TargetSource::Process(TargetArgument { pid: std::process::id() as i32, inode: None })),
        namespaces: vec![(Kind::User, NamespaceSource::Target), (Kind::Uts, NamespaceSource::Target)],
        gid: Some(IdArgument::Follow),
        program: vec!["true".into()],
        ..NsenterArgs::default()
    };
    let (request, handles, _) = resolve(args).unwrap();
    let plan = nsenter::plan(request);
    let failure = among_threads(|| spawn(&plan, handles, &ENVIRONMENT)).unwrap_err();
    assert_eq!(failure, refused(Attempt::Enter(kinds(&[Kind::User])), Errno::EINVAL));
    nskit::internals::sys::signal::send(pid, SignalNumber::KILL).unwrap();
    assert_eq!(target.wait().unwrap(), Status::Killed(SignalNumber::KILL));
}

scene_test!(a_failure_names_its_step_wherever_it_happens);
fn a_failure_names_its_step_wherever_it_happens() {
    watch();
    let missing = || PathBuf::from("/missing");
    let fork = [Step::DefaultChildSignal, Step::Unshare(kinds(&[Kind::Pid])), Step::Fork(SignalPolicy::LeaveToChild)];
    for before in [&[][..], &fork] {
        let refused = Step::Chroot(missing());
        let steps = [before, std::slice::from_ref(&refused)].concat();
        assert_eq!(failure_of(steps, shell("true")), RunFailure::refused(refused, Errno::ENOENT));
        let program = Program { file: c"missing".into(), argv: vec![CString::from(c"missing")] };
        let expected = RunFailure::Program { program: "missing".into(), errno: Errno::ENOENT };
        assert_eq!(failure_of(before.to_vec(), Some(program)), expected);
    }
    let keep = Persist { kind: Kind::Net, file: missing() };
    let expected =
        refused(Attempt::Keep { kind: Kind::Net, file: missing(), pid: std::process::id() as i32 }, Errno::ENOENT);
    assert_eq!(failure_of(vec![Step::StartBinder(vec![keep])], shell("true")), expected);
}

scene_test!(the_login_shell_is_looked_up_before_the_fork);
fn the_login_shell_is_looked_up_before_the_fork() {
    watch();
    let plan = Plan { steps: vec![Step::Unshare(kinds(&[Kind::Uts]))], ..Plan::default() };
    let child = among_threads(|| spawn(&plan, Handles::default(), &[c"SHELL=/bin/true"])).unwrap();
    assert_eq!(child.wait().unwrap(), Status::Exited(0));
}

scene_test!(what_users_of_the_library_start_takes_no_memory_either);
fn what_users_of_the_library_start_takes_no_memory_either() {
    watch();
    let sleep = |command: &mut nskit::Command| {
        let mut child = among_threads(|| command.spawn()).unwrap();
        assert!(child.wait().unwrap().success(), "{command:?}");
    };
    let root = Directory::new();
    let command = |program: &str| {
        let mut command = nskit::Command::new(program);
        command.stdin(nskit::Stdio::null()).stdout(nskit::Stdio::null()).env("A", "B").current_dir("/");
        command
    };
    sleep(&mut command("true"));
    sleep(command("true").unshare(Kind::ALL).map_root().mount_proc("/proc").loopback().hostname("a").init());
    sleep(command("true").uid(1).gid(1).capabilities(["chown"]).no_new_privs().keep_capabilities());
    let range = nskit::IdMap::Range { inner: 0, outer: 0, count: 5 };
    sleep(command("true").map_users(range).map_groups(range).unshare([Kind::Pid]).forward_signals([15]));
    let mut places = command("/usr/bin/true");
    places.pivot_root(root.path()).tmpfs("/").tmpfs("/tmp").devices("/dev");
    for directory in ["/usr", "/lib", "/lib64"] {
        places.bind_read_only(directory, directory);
    }
    sleep(&mut places);
    let mut target =
        nskit::Command::new("sleep").arg("100").unshare([Kind::Uts, Kind::Net]).map_root().spawn().unwrap();
    let pid = || nskit::Target::pid(target.id()).unwrap();
    sleep(command("true").target(pid()).all().root_of_target().cgroups_of_target().env_of_target());
    sleep(command("true").target(pid()).namespaces([Kind::User, Kind::Net]).ids_of_target());
    sleep(command("true").enter(&nskit::Namespace::of(target.id(), Kind::Uts).unwrap()));
    target.kill().unwrap();
    target.wait().unwrap();
    for wrong in [command("missing").unshare([Kind::Pid]), command("true").root("/missing")] {
        let error = among_threads(|| wrong.spawn()).unwrap_err();
        assert_eq!(error.errno(), Some(libc::ENOENT));
    }
}

scene_test!(nothing_of_ours_reaches_the_program);
fn nothing_of_ours_reaches_the_program() {
    watch();
    let script = "exec 2>/dev/null; ls /proc/self/fd";
    let directory = Directory::new();
    let file = directory.path().join("output");
    let output = std::fs::File::create(&file).unwrap();
    let by_std = std::process::Command::new("sh").args(["-c", &format!("exec >&1; {script}")]).stdout(output).status();
    assert!(by_std.unwrap().success());
    let expected = std::fs::read_to_string(file).unwrap();
    assert_eq!(output_of(vec![Step::RememberParent], Handles::default(), script), expected);
}

fn main() -> std::process::ExitCode {
    common::main()
}
