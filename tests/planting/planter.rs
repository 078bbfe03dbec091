//! Plants namespaces in every place where one can hide, and holds them until its standard input ends.
//!
//! - `planter plant DIRECTORY`: a line for each namespace, `KIND INODE ID PLACE HOLDER` with tabs between (the 64-bit id is
//!   `-` where the kernel tells none), `HOLDER` being what lsns has to show in HELD-BY; `lacks KIND` for a kind that the
//!   kernel does not have; then `ready`. What is mounted is mounted on DIRECTORY, in a mount namespace of its own.
//! - `planter without CALL=ERRNO,… PROGRAM ARGUMENT…`: runs a program for which these calls fail, as on an older kernel.
//!   CALL is one of [`CALLS`].
//! - `planter inode PID`: the inode number of a pidfd of this process.
//!
//! Each namespace has exactly one holder. So whatever lives on is started before anything is mounted in a place where it
//! would be copied from, descriptors are opened in processes without children, and nobody stays a zombie unwanted.

#![allow(unsafe_code, clippy::unwrap_used)]

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nskit::namespace::Kind;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["plant", directory] => plant(Path::new(directory)),
        ["without", calls, program, arguments @ ..] => {
            refuse(&calls.split(',').map(rule).collect::<Vec<_>>());
            panic!("{}", Command::new(program).args(arguments).exec());
        }
        ["inode", pid] => {
            // SAFETY: plain numbers, and a descriptor that belongs to nobody else.
            let pidfd = unsafe {
                let pid: i32 = pid.parse().unwrap();
                let fd = libc::syscall(libc::SYS_pidfd_open, pid, 0);
                File::from_raw_fd(check("pidfd_open", fd as i32))
            };
            println!("{}", pidfd.metadata().unwrap().ino());
        }
        _ => panic!("plant DIRECTORY | without CALL=ERRNO,… PROGRAM ARGUMENT… | inode PID"),
    }
}

/// The kinds that this kernel has.
fn kinds() -> Vec<Kind> {
    let has = |kind: &Kind| Path::new(&format!("/proc/self/ns/{kind}")).exists();
    Kind::ALL.into_iter().filter(has).collect()
}

/// Those of them that are owned by our user namespace whoever makes them: all but user namespaces.
fn ordinary_kinds() -> Vec<Kind> {
    let mut kinds = kinds();
    kinds.retain(|kind| *kind != Kind::User);
    kinds
}

fn plant(directory: &Path) {
    for kind in Kind::ALL {
        if !kinds().contains(&kind) {
            println!("lacks {kind}");
        }
    }
    // SAFETY: plain numbers. Orphans come to us.
    check("prctl", unsafe {
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1)
    });
    stay_on_one_processor();
    unshare(&[Kind::Mount]);
    mount(Some(Path::new("none")), directory, Some("tmpfs"), 0);

    let mut keepers = vec![
        keep(in_processes),
        keep(in_a_thread),
        keep(in_a_thread_without_leader),
        keep(for_children),
        keep(behind_descriptors),
        keep(behind_a_socket),
        keep(|report| {
            unshare(&[Kind::Mount]);
            let inside = format!(" in {}", own(Kind::Mount));
            bind(report, directory, "mounted elsewhere", &inside);
        }),
        keep(as_parents),
        keep(as_owners),
    ];
    // In a mount namespace that will have no process.
    let inner = keep(|report| {
        unshare(&[Kind::Mount]);
        let inside = format!(" in {}", own(Kind::Mount));
        bind(report, directory, "mounted nowhere", &inside);
    });
    // In one that is mounted in one that will have no process.
    let outer = keep(|report| {
        unshare(&[Kind::Mount]);
        let inside = format!(" in {}", own(Kind::Mount));
        let inner = keep(|report| {
            unshare(&[Kind::Mount]);
            let inside = format!(" in {}", own(Kind::Mount));
            bind(report, directory, "mounted two deep", &inside);
        });
        report.pass_on(&inner);
        let link = namespace_of(inner.pid, "mnt");
        bind_one(report, &link, directory, "mounted one deep", &inside);
        inner.end();
    });
    let mut report = Report::default();
    for keeper in keepers.iter().chain([&inner, &outer]) {
        report.pass_on(keeper);
    }
    bind(&mut report, directory, "mounted here", "");
    for (keeper, place) in [
        (inner, "mounted here, seen through"),
        (outer, "mounted here, seen through twice"),
    ] {
        let link = namespace_of(keeper.pid, "mnt");
        bind_one(&mut report, &link, directory, place, "");
        keeper.end();
    }

    println!("{}ready", report.0.concat());
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    for keeper in keepers.drain(..) {
        keeper.end();
    }
    // What they have left to us.
    for pid in children() {
        kill(pid);
    }
}

/// A mount namespace can be mounted only in one with a lower id, so that there is no circle. Each processor gives out ids
/// from a range of its own (Linux 6.18): only those that one processor gives rise with time.
fn stay_on_one_processor() {
    // SAFETY: a set may be all zero, and is of the size given.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(libc::sched_getcpu() as usize, &mut set);
        let result = libc::sched_setaffinity(0, size_of_val(&set), &set);
        check("sched_setaffinity", result);
    }
}

/// What has been planted, a line each.
#[derive(Default)]
struct Report(Vec<String>);

impl Report {
    /// The namespace that the link `at` leads to.
    fn add(&mut self, at: &Path, place: &str, holder: &str) {
        let file = File::open(at).unwrap_or_else(|error| panic!("{}: {error}", at.display()));
        let name = name_of(at);
        let (kind, inode) = name
            .strip_suffix(']')
            .and_then(|name| name.split_once(":["))
            .unwrap();
        let id = nskit::list::open::id(&file);
        let id = id.map_or("-".to_string(), |id| id.to_string());
        self.0
            .push(format!("{kind}\t{inode}\t{id}\t{place}\t{holder}\n"));
    }

    fn pass_on(&mut self, keeper: &Keeper) {
        self.0.push(keeper.report.clone());
    }
}

/// `mnt:[4026531840]`.
fn own(kind: Kind) -> String {
    name_of(&namespace_of(own_pid(), kind.name()))
}

/// A process in a new namespace of each kind.
fn in_processes(report: &mut Report) {
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let member = Member::new(&kinds).alone();
        for kind in kinds {
            let holder = format!("process {member}");
            report.add(&namespace_of(member, kind.name()), "process", &holder);
        }
    }
}

/// A thread in new namespaces, its leader in the old ones. Its own PIDs and clocks a thread cannot change, but those of its
/// children.
fn in_a_thread(report: &mut Report) {
    let mut kinds = ordinary_kinds();
    let unshared = kinds.clone();
    let (say, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        unshare(&unshared);
        wait(fork(|| {}));
        // SAFETY: no arguments.
        say.send(unsafe { libc::gettid() }).unwrap();
        pause();
    });
    let tid = hear.recv().unwrap();
    let pid = own_pid();
    kinds.sort_by_key(|kind| kind.has_for_children());
    for kind in kinds {
        let (place, holder) = match kind.has_for_children() {
            true => ("thread's children", "children-of"),
            false => ("thread", "thread"),
        };
        let at = format!("/proc/{pid}/task/{tid}/ns/{}", kind.name_for_children());
        report.add(at.as_ref(), place, &format!("{holder} {pid}/{tid}"));
    }
}

/// A process in new namespaces, of which only a second thread still runs. Of a leader that has exited /proc still tells the
/// user namespace and the PID namespace.
fn in_a_thread_without_leader(report: &mut Report) {
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let spawn = || drop(std::thread::spawn(pause));
        // SAFETY: ends this thread only. Its stack stays, and what it was to drop lives as long as the process.
        let end = || unsafe { libc::syscall(libc::SYS_exit, 0) };
        let pid = Member::running(&kinds, spawn, || {
            end();
        })
        .alone();
        let stat = format!("/proc/{pid}/stat");
        while !std::fs::read_to_string(&stat).unwrap().contains(") Z ") {
            std::thread::yield_now();
        }
        let threads = numbers_in(format!("/proc/{pid}/task").as_ref());
        let thread = *threads.iter().find(|tid| **tid != pid).unwrap();
        for kind in kinds {
            let holder = match kind {
                Kind::User | Kind::Pid => format!("process {pid}"),
                _ => format!("thread {pid}/{thread}"),
            };
            let at = format!("/proc/{pid}/task/{thread}/ns/{kind}");
            report.add(at.as_ref(), "thread without leader", &holder);
        }
    }
}

/// Namespaces that nobody is in and the next child would be. The one for PIDs has to have had a process, or it could not
/// be seen at all.
fn for_children(report: &mut Report) {
    let mut kinds = kinds();
    kinds.retain(|kind| kind.has_for_children());
    unshare(&kinds);
    let pid = fork(|| {});
    wait(pid);
    let pid = own_pid();
    for kind in kinds {
        let place = kind.name_for_children();
        report.add(
            &namespace_of(pid, place),
            place,
            &format!("children-of {pid}"),
        );
    }
}

fn behind_descriptors(report: &mut Report) {
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let member = Member::new(&kinds);
        for kind in kinds {
            behind_a_descriptor(report, &member.namespace(kind), "descriptor");
        }
        member.end();
    }
}

fn behind_a_descriptor(report: &mut Report, at: &Path, place: &str) {
    let fd = File::open(at).unwrap().into_raw_fd();
    report.add(at, place, &format!("fd {}:{fd}", own_pid()));
}

fn behind_a_socket(report: &mut Report) {
    let ours = File::open("/proc/self/ns/net").unwrap();
    unshare(&[Kind::Net]);
    // SAFETY: plain numbers.
    let fd = check("socket", unsafe {
        libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0)
    });
    let holder = format!("socket {}:{fd}", own_pid());
    report.add("/proc/self/ns/net".as_ref(), "socket", &holder);
    set_namespace(&ours);
}

/// The parent of a user namespace that has a process, and that of a PID namespace that has none: where the parent has lost
/// its first process, nobody can be in it nor below.
fn as_parents(report: &mut Report) {
    let member = Member::running(&[Kind::User], || unshare(&[Kind::User]), pause);
    let child = member.name(Kind::User);
    let parent = namespace_of(member.launcher, "user");
    report.add(&parent, "parent", &format!("namespace {child}"));
    member.alone();

    let with_child = || {
        unshare(&[Kind::Pid]);
        fork(pause);
    };
    let member = Member::running(&[Kind::Pid], with_child, pause);
    let child = namespace_of(member.pid, "pid_for_children");
    behind_a_descriptor(report, &child, "descriptor of a child");
    let holder = format!("namespace {}", name_of(&child));
    report.add(&member.namespace(Kind::Pid), "parent", &holder);
    member.end();
}

/// The owner of a namespace that has a process, and that of one that has none.
fn as_owners(report: &mut Report) {
    let pid = own_pid();
    let member = Member::new(&[Kind::User, Kind::Uts]);
    set_namespace(&File::open(member.namespace(Kind::Uts)).unwrap());
    let holder = format!("namespace {}", member.name(Kind::Uts));
    report.add(&member.namespace(Kind::User), "owner", &holder);
    let holder = format!("process {pid}");
    report.add(
        &member.namespace(Kind::Uts),
        "process of another user namespace",
        &holder,
    );
    member.end();

    let member = Member::new(&[Kind::User, Kind::Net]);
    behind_a_descriptor(
        report,
        &member.namespace(Kind::Net),
        "descriptor, owner elsewhere",
    );
    let holder = format!("namespace {}", member.name(Kind::Net));
    report.add(&member.namespace(Kind::User), "owner", &holder);
    member.end();
}

/// A namespace of each kind that is held by a mount only.
fn bind(report: &mut Report, directory: &Path, place: &str, inside: &str) {
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let member = Member::new(&kinds);
        for kind in kinds {
            bind_one(report, &member.namespace(kind), directory, place, inside);
        }
        member.end();
    }
}

fn bind_one(report: &mut Report, at: &Path, directory: &Path, place: &str, inside: &str) {
    let kind = name_of(at).split(':').next().unwrap().to_string();
    let point = directory.join(format!("{}-{kind}", place.replace([' ', ','], "-")));
    File::create(&point).unwrap();
    mount(Some(at), &point, None, libc::MS_BIND);
    report.add(at, place, &format!("mount {}{inside}", point.display()));
}

/// A process in new namespaces, and the one that has made them and is in most of them as well.
struct Member {
    /// Its PID.
    pid: i32,
    launcher: i32,
    commands: File,
}

impl Member {
    /// One that does nothing.
    fn new(kinds: &[Kind]) -> Member {
        Member::running(kinds, || {}, pause)
    }

    /// One that prepares itself, and then does something without end.
    fn running(kinds: &[Kind], prepare: impl FnOnce(), then: impl FnOnce()) -> Member {
        let (mut hear, mut say) = pipe();
        let (mut commanded, commands) = pipe();
        let launcher = fork(|| {
            unshare(kinds);
            let mut told = say.try_clone().unwrap();
            let pid = fork(|| {
                prepare();
                told.write_all(b"ready").unwrap();
                then();
            });
            say.write_all(&pid.to_ne_bytes()).unwrap();
            if bytes::<1>(&mut commanded) != *b"a" {
                kill(pid);
                wait(pid);
            }
        });
        // Either of the two may be the first to say what it has to.
        let said = bytes::<9>(&mut hear);
        let number = match said.strip_prefix(b"ready") {
            Some(number) => number,
            None => &said[..4],
        };
        Member {
            pid: i32::from_ne_bytes(number.try_into().unwrap()),
            launcher,
            commands,
        }
    }

    fn namespace(&self, kind: Kind) -> PathBuf {
        namespace_of(self.pid, kind.name())
    }

    fn name(&self, kind: Kind) -> String {
        name_of(&self.namespace(kind))
    }

    /// Its PID; who has made its namespaces is gone.
    fn alone(mut self) -> i32 {
        self.commands.write_all(b"a").unwrap();
        wait(self.launcher);
        self.pid
    }

    /// Ends both.
    fn end(mut self) {
        self.commands.write_all(b"e").unwrap();
        wait(self.launcher);
    }
}

/// A process that has planted something and keeps it.
struct Keeper {
    pid: i32,
    report: String,
}

/// The end of the report of a keeper that has done its work.
const DONE: &str = "done\n";

fn keep(work: impl FnOnce(&mut Report)) -> Keeper {
    let (mut hear, mut say) = pipe();
    let pid = fork(|| {
        let mut report = Report::default();
        work(&mut report);
        say.write_all(report.0.concat().as_bytes()).unwrap();
        say.write_all(DONE.as_bytes()).unwrap();
        pause();
    });
    drop(say);
    let mut report = String::new();
    // Its children have the other end of the pipe as well, so its end is told by a word.
    while !report.ends_with(DONE) {
        let mut bytes = [0; 4096];
        let length = hear.read(&mut bytes).unwrap();
        assert!(length > 0, "a keeper has failed");
        report.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
    }
    report.truncate(report.len() - DONE.len());
    Keeper { pid, report }
}

impl Keeper {
    fn end(self) {
        kill(self.pid);
        wait(self.pid);
    }
}

/// Unshares these, as one that is mapped to itself in a new user namespace.
fn unshare(kinds: &[Kind]) {
    let flags = kinds
        .iter()
        .fold(0, |flags, kind| flags | kind.clone_flag());
    // SAFETY: plain numbers.
    check("unshare", unsafe { libc::unshare(flags as i32) });
    if kinds.contains(&Kind::User) {
        std::fs::write("/proc/self/setgroups", "deny").unwrap();
        std::fs::write("/proc/self/uid_map", "0 0 1").unwrap();
        std::fs::write("/proc/self/gid_map", "0 0 1").unwrap();
    }
    if kinds.contains(&Kind::Mount) {
        mount(None, Path::new("/"), None, libc::MS_REC | libc::MS_PRIVATE);
    }
}

fn set_namespace(file: &File) {
    // SAFETY: plain numbers.
    check("setns", unsafe { libc::setns(file.as_raw_fd(), 0) });
}

fn mount(source: Option<&Path>, on: &Path, fstype: Option<&str>, flags: libc::c_ulong) {
    let text = |path: &Path| CString::new(path.to_str().unwrap()).unwrap();
    let source = source.map_or(c"none".into(), text);
    let fstype = fstype.map_or(c"none".into(), |name| CString::new(name).unwrap());
    let on = text(on);
    // SAFETY: strings that live on, and no data.
    check("mount", unsafe {
        libc::mount(
            source.as_ptr(),
            on.as_ptr(),
            fstype.as_ptr(),
            flags,
            std::ptr::null(),
        )
    });
}

/// `mnt:[4026531840]`, of the namespace that this link leads to.
fn name_of(link: &Path) -> String {
    let file = File::open(link).unwrap_or_else(|error| panic!("{}: {error}", link.display()));
    let name = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
    name.to_str().unwrap().to_string()
}

fn namespace_of(pid: i32, name: &str) -> PathBuf {
    format!("/proc/{pid}/ns/{name}").into()
}

/// Forks; the child ends behind `work`, if that ends.
fn fork(work: impl FnOnce()) -> i32 {
    // SAFETY: where there is another thread, it sleeps without a lock, and `work` does nothing.
    match check("fork", unsafe { libc::fork() }) {
        0 => {
            // A child that unwound into what its parent was to do would do harm.
            let status =
                i32::from(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err());
            // SAFETY: ends the process.
            unsafe { libc::_exit(status) }
        }
        pid => pid,
    }
}

fn pause() {
    loop {
        // SAFETY: no arguments.
        unsafe { libc::pause() };
    }
}

fn kill(pid: i32) {
    // SAFETY: plain numbers; the process is our child, and not reaped.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

fn wait(pid: i32) {
    // SAFETY: a null pointer, as the status is not wanted.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
}

fn own_pid() -> i32 {
    std::process::id() as i32
}

fn pipe() -> (File, File) {
    let mut fds = [0; 2];
    // SAFETY: an array of two, and new descriptors that belong to nobody else.
    unsafe {
        check("pipe", libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC));
        (File::from_raw_fd(fds[0]), File::from_raw_fd(fds[1]))
    }
}

fn bytes<const N: usize>(from: &mut File) -> [u8; N] {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).unwrap();
    bytes
}

#[track_caller]
fn check(call: &str, result: i32) -> i32 {
    assert!(result >= 0, "{call}: {}", std::io::Error::last_os_error());
    result
}

fn numbers_in(directory: &Path) -> Vec<i32> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .collect()
}

fn children() -> Vec<i32> {
    let own = own_pid().to_string();
    let parent = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(stat.rsplit(") ").next()?.split(' ').nth(1)?.to_string())
    };
    numbers_in(Path::new("/proc"))
        .into_iter()
        .filter(|pid| parent(*pid).as_ref() == Some(&own))
        .collect()
}

/// What can be made to fail: a name, the number of the system call, the ioctls meant if it is ioctl(2).
const CALLS: [(&str, i64, &[u32]); 9] = [
    (
        "mnt-ioctls",
        libc::SYS_ioctl,
        &[0x8010_b70a, 0x8010_b70b, 0x8010_b70c, 0x8008_b705],
    ),
    ("id-ioctl", libc::SYS_ioctl, &[0x8008_b70d]),
    ("statmount", 457, &[]),
    ("listmount", 458, &[]),
    ("listns", 470, &[]),
    ("open_by_handle_at", libc::SYS_open_by_handle_at, &[]),
    ("name_to_handle_at", libc::SYS_name_to_handle_at, &[]),
    ("pidfd_open", libc::SYS_pidfd_open, &[]),
    ("pidfd_getfd", libc::SYS_pidfd_getfd, &[]),
];

/// The instructions that make `CALL=ERRNO` true.
fn rule(text: &str) -> Vec<libc::sock_filter> {
    let (name, errno) = text.split_once('=').unwrap();
    let (_, call, ioctls) = CALLS.iter().find(|call| call.0 == name).unwrap();
    let errno = match errno {
        "ENOSYS" => libc::ENOSYS,
        "ENOTTY" => libc::ENOTTY,
        "EPERM" => libc::EPERM,
        "EINVAL" => libc::EINVAL,
        _ => panic!("what is {errno}?"),
    };
    let step = |code: u32, jt, jf, k: u32| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let load = |at| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, at);
    let equal = |value, jt, jf| step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, jt, jf, value);
    let fail = step(
        libc::BPF_RET | libc::BPF_K,
        0,
        0,
        libc::SECCOMP_RET_ERRNO | errno as u32,
    );
    // Of struct seccomp_data: the number stands at 0, the second argument (its lower half) at 24.
    let mut steps = vec![load(0)];
    if ioctls.is_empty() {
        steps.extend([equal(*call as u32, 0, 1), fail]);
    } else {
        let rest = ioctls.len() as u8 * 2 + 1;
        steps.extend([equal(*call as u32, 0, rest), load(24)]);
        for ioctl in *ioctls {
            steps.extend([equal(*ioctl, 0, 1), fail]);
        }
    }
    steps
}

fn refuse(rules: &[Vec<libc::sock_filter>]) {
    let mut program = rules.concat();
    program.push(libc::sock_filter {
        code: (libc::BPF_RET | libc::BPF_K) as u16,
        jt: 0,
        jf: 0,
        k: libc::SECCOMP_RET_ALLOW,
    });
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: a program of the length that is said, and plain numbers.
    unsafe {
        check("prctl", libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        check(
            "prctl",
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &filter),
        );
    }
}
