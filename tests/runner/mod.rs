//! Runs a tool to its end under a watchdog, and tells all that came of it: how it ended, what it and the program said, which
//! of the processes that it started outlive it, and which mounts are there afterwards. On request the tool is traced
//! ([`tracer`]), and one of its system calls made to fail.
//!
//! Each run has a process of its own, the *runner*, which adopts every orphan below it (PR_SET_CHILD_SUBREAPER): when it has
//! no child any more, nothing of the run is left. The test must have a single thread, since the runner is forked from it.

#![allow(dead_code, unsafe_code)]

pub mod random;
mod registers;
mod report;
pub mod stage;
pub mod tracer;

use std::collections::BTreeSet;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::common::{Ending, NotRun, Pty, User, skip, tell_panics_at_once};
use tracer::{Call, Fault};

/// How long a run of ours may take before it counts as one that hangs.
const WATCHDOG_SECONDS: i64 = 20;

/// A descriptor that is open in the tool, above all that it opens itself.
const PASSED_ON: RawFd = 40;

/// The status of a worker that finds that the test cannot be run here.
const NOT_RUN: i32 = 77;

/// The supplementary groups of the tool.
const GROUPS: [u32; 2] = [4, 50];

/// What is to be run.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// The tool.
    pub tool: PathBuf,
    /// Its arguments, without argv[0].
    pub args: Vec<OsString>,
    /// Its environment, entry for entry.
    pub environment: Vec<OsString>,
    /// Who runs it, if not root.
    pub user: Option<User>,
    /// PID of a process in the mount namespace to start in.
    pub scene: i32,
    /// PID of a process all of whose namespaces but the user's it starts in, in place of that mount namespace alone.
    pub inside: Option<i32>,
    /// The working directory there.
    pub directory: PathBuf,
    /// Whether it runs in a copy of that mount namespace, made for this run.
    pub copied: Option<Propagation>,
    /// Signals that it finds ignored, and blocked.
    pub ignored: Vec<i32>,
    pub blocked: Vec<i32>,
    /// Whether its standard input is a terminal, in the foreground of which it runs.
    pub terminal: bool,
    /// After how many seconds it counts as hanging, if not as usual.
    pub patience: Option<i64>,
    /// Whether its system calls are traced.
    pub traced: bool,
    /// Which of them is to fail, and how.
    pub fault: Option<Fault>,
}

/// How the mounts of a copied mount namespace propagate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    Private,
    Shared,
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How the tool ended; `None` if the watchdog had to kill it.
    pub ending: Option<Ending>,
    /// What it and the program wrote.
    pub stdout: String,
    pub stderr: String,
    /// The processes that outlived the tool until the watchdog killed them.
    pub left: Vec<String>,
    /// The mount namespace that it was started in, as /proc/PID/ns/mnt tells it.
    pub mount_namespace: String,
    /// The mounts there afterwards.
    pub mounts: Vec<String>,
    /// Whether it has left the terminal set up otherwise than it was.
    pub terminal_changed: bool,
    /// The system calls, if traced, in the order of their beginnings.
    pub calls: Vec<Call>,
    /// Whether the call that was to fail was reached.
    pub hit: bool,
}

/// Does the work in several processes side by side (`NSKIT_JOBS`, by default 2), each of which is told its number and theirs
/// in all; panics unless all went well. Processes, not threads: a runner is forked from a process with a single one.
pub fn workers(work: impl Fn(usize, usize) -> bool + std::panic::RefUnwindSafe) {
    let jobs = std::env::var("NSKIT_JOBS").map_or(2, |jobs| jobs.parse().expect("NSKIT_JOBS"));
    let reason = memory_file("reason");
    let start = |index| {
        // SAFETY: this process has a single thread.
        let pid = unsafe { libc::fork() };
        check("fork", pid);
        if pid == 0 {
            stay_on_one_processor(index);
            tell_panics_at_once();
            let status = match std::panic::catch_unwind(|| work(index, jobs)) {
                Ok(well) => i32::from(!well),
                Err(payload) => payload.downcast::<NotRun>().map_or(1, |not_run| {
                    std::io::Write::write_all(&mut &reason, format!("{}\n", not_run.why).as_bytes()).unwrap();
                    NOT_RUN
                }),
            };
            std::process::exit(status);
        }
        pid
    };
    let workers: Vec<i32> = (0..jobs).map(start).collect();
    let mut all_well = true;
    for worker in workers {
        let mut status = 0;
        // SAFETY: a plain number and a variable to write to.
        let waited = unsafe { libc::waitpid(worker, &mut status, 0) };
        if waited == worker && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == NOT_RUN {
            skip(&reasons(&content(&reason)));
        }
        all_well &= waited == worker && status == 0;
    }
    assert!(all_well, "what stands above went wrong");
}

/// The reasons of several workers, a line each, in one: each of them once.
fn reasons(lines: &str) -> String {
    let reasons: BTreeSet<&str> = lines.lines().collect();
    reasons.into_iter().collect::<Vec<_>>().join("; ")
}

/// Linux 6.18 gives out the ids of namespaces to each processor in batches, and lets a mount namespace be bound only where
/// one with a lower id is: with two processors that is chance.
fn stay_on_one_processor(index: usize) {
    // SAFETY: sets of processors, which may be all zero, with their size; a process 0 is the caller.
    unsafe {
        let mut may: libc::cpu_set_t = std::mem::zeroed();
        check("sched_getaffinity", libc::sched_getaffinity(0, size_of_val(&may), &mut may));
        let mut processors = (0..libc::CPU_SETSIZE as usize).filter(|cpu| libc::CPU_ISSET(*cpu, &may));
        let count = libc::CPU_COUNT(&may) as usize;
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processors.nth(index % count).unwrap(), &mut one);
        check("sched_setaffinity", libc::sched_setaffinity(0, size_of_val(&one), &one));
    }
}

/// Runs the job to its end.
pub fn run(job: &Job) -> Outcome {
    let files = ["stdout", "stderr", "report"].map(memory_file);
    // SAFETY: this process has a single thread: the child may do whatever it could.
    let runner = unsafe { libc::fork() };
    assert!(runner >= 0, "fork: {}", std::io::Error::last_os_error());
    if runner == 0 {
        let result = std::panic::catch_unwind(|| {
            let text = supervise(job, [files[0].as_raw_fd(), files[1].as_raw_fd()]);
            std::io::Write::write_all(&mut &files[2], text.as_bytes()).unwrap();
        });
        // SAFETY: ends this process without running what belongs to its parent.
        unsafe { libc::_exit(i32::from(result.is_err())) };
    }
    let mut status = 0;
    // SAFETY: a plain number and a variable to write to.
    let waited = unsafe { libc::waitpid(runner, &mut status, 0) };
    assert!(waited == runner && status == 0, "a runner failed: {job:?}");
    let [stdout, stderr, report] = files.map(|file| content(&file));
    let mut outcome = report::read(&report);
    outcome.stdout = stdout;
    outcome.stderr = stderr;
    outcome
}

/// The /proc that the test started with; what the runner enters may have another, which does not know it.
static PROC: OnceLock<File> = OnceLock::new();

/// A file of that /proc, opened for reading.
fn open_proc(path: &str) -> std::io::Result<File> {
    let path = CString::new(path).unwrap();
    let proc = PROC.get_or_init(|| File::open("/proc").unwrap());
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    // SAFETY: an open directory, a C string and flags in; the descriptor that comes out belongs to nobody else.
    unsafe {
        match libc::openat(proc.as_raw_fd(), path.as_ptr(), flags) {
            -1 => Err(std::io::Error::last_os_error()),
            fd => Ok(File::from_raw_fd(fd)),
        }
    }
}

/// The runner's life. Returns the report.
fn supervise(job: &Job, outputs: [RawFd; 2]) -> String {
    let before;
    // SAFETY: plain numbers, and a handler that does nothing but interrupt waitpid(2).
    unsafe {
        check("prctl", libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
        let (process, kinds) = match job.inside {
            Some(process) => (process, ["pid", "mnt", "uts", "ipc", "net", "cgroup", "time"].as_slice()),
            None => (job.scene, ["mnt"].as_slice()),
        };
        // All are opened first: afterwards /proc is another one.
        let open = |kind: &&str| open_proc(&format!("{process}/ns/{kind}")).unwrap();
        for namespace in kinds.iter().map(open).collect::<Vec<_>>() {
            check("setns", libc::setns(namespace.as_raw_fd(), 0));
        }
        if let Some(propagation) = job.copied {
            check("unshare", libc::unshare(libc::CLONE_NEWNS));
            let flag = match propagation {
                Propagation::Private => libc::MS_PRIVATE,
                Propagation::Shared => libc::MS_SHARED,
            };
            let null = std::ptr::null();
            let flags = libc::MS_REC | flag;
            check("mount", libc::mount(c"none".as_ptr(), c"/".as_ptr(), null, flags, null.cast()));
        }
        before = mounts();
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = watchdog as *const () as usize;
        check("sigaction", libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut()));
    }
    let terminal = job.terminal.then(Pty::new);
    if let Some(terminal) = &terminal {
        // The runner is the session's leader: when a leader ends, the kernel sets its terminal up anew.
        // SAFETY: plain numbers and an open descriptor.
        unsafe {
            check("setsid", libc::setsid());
            check("ioctl", libc::ioctl(terminal.slave().as_raw_fd(), libc::TIOCSCTTY, 0));
        }
    }
    let settings = terminal.as_ref().map(Pty::settings);
    set_watchdog(job.patience.unwrap_or(WATCHDOG_SECONDS));
    let (main, start) = start(job, outputs, terminal.as_ref());
    let mut report = tracer::follow(main, start, job.traced, job.fault.as_ref());
    set_watchdog(0);
    if terminal.as_ref().map(Pty::settings) != settings {
        report::line(&mut report, "terminal", &[]);
    }
    // As the session's leader we would get it when the terminal goes.
    // SAFETY: plain numbers.
    unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
    let after = mounts();
    if job.copied.is_none() {
        take_back(&before, &after);
    }
    use std::os::unix::fs::MetadataExt;
    let namespace = open_proc("self/ns/mnt").unwrap().metadata().unwrap().ino();
    report::line(&mut report, "namespace", &[&format!("mnt:[{namespace}]")]);
    for mount in &after {
        report::line(&mut report, "mount", &[&mount.text()]);
    }
    report
}

extern "C" fn watchdog(_: libc::c_int) {}

fn set_watchdog(seconds: i64) {
    // After the first ring it rings every second, so that whoever waits again is woken again.
    let timer = libc::itimerval {
        it_value: libc::timeval { tv_sec: seconds, tv_usec: 0 },
        it_interval: libc::timeval { tv_sec: 1, tv_usec: 0 },
    };
    // SAFETY: a whole structure in, nothing out.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) };
}

/// Forks the process that becomes the tool once a byte arrives in the pipe that is returned.
fn start(job: &Job, outputs: [RawFd; 2], terminal: Option<&Pty>) -> (i32, OwnedFd) {
    let c = |text: &OsStr| CString::new(text.as_bytes()).unwrap();
    let tool = c(job.tool.as_os_str());
    let argv: Vec<CString> = std::iter::once(tool.clone()).chain(job.args.iter().map(|arg| c(arg))).collect();
    let envp: Vec<CString> = job.environment.iter().map(|entry| c(entry)).collect();
    let pointers = |list: &[CString]| {
        let ends = std::iter::once(std::ptr::null());
        list.iter().map(|text| text.as_ptr()).chain(ends).collect::<Vec<_>>()
    };
    let (argv, envp) = (pointers(&argv), pointers(&envp));
    let directory = c(job.directory.as_os_str());
    let terminal = terminal.map(Pty::slave);
    let mut pipe = [0; 2];
    // SAFETY: system calls on numbers and on strings that live on; the descriptors of the pipe belong to nobody else.
    unsafe {
        check("pipe2", libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC));
        let child = libc::fork();
        check("fork", child);
        if child != 0 {
            libc::close(pipe[0]);
            return (child, OwnedFd::from_raw_fd(pipe[1]));
        }
        check("setpgid", libc::setpgid(0, 0));
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        // The test's own runtime ignores it.
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        check("chdir", libc::chdir(directory.as_ptr()));
        // What the test itself was started with is nothing that a program could count on; one descriptor stands for all
        // that a caller may pass on.
        check("close_range", libc::close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC as i32));
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        let input = terminal.as_ref().map_or(null, |terminal| terminal.as_raw_fd());
        if terminal.is_some() {
            libc::signal(libc::SIGTTOU, libc::SIG_IGN);
            check("tcsetpgrp", libc::tcsetpgrp(input, libc::getpid()));
            libc::signal(libc::SIGTTOU, libc::SIG_DFL);
        }
        for (at, fd) in [(0, input), (1, outputs[0]), (2, outputs[1]), (PASSED_ON, null)] {
            check("dup2", libc::dup2(fd, at));
        }
        // Groups that are to be dropped must be there.
        check("setgroups", libc::setgroups(GROUPS.len(), GROUPS.as_ptr()));
        if let Some(User { uid, gid, .. }) = job.user {
            check("setresgid", libc::setresgid(gid, gid, gid));
            check("setresuid", libc::setresuid(uid, uid, uid));
        }
        for signal in &job.ignored {
            libc::signal(*signal, libc::SIG_IGN);
        }
        let mut set: libc::sigset_t = std::mem::zeroed();
        for signal in &job.blocked {
            libc::sigaddset(&mut set, *signal);
        }
        libc::sigprocmask(libc::SIG_SETMASK, &set, std::ptr::null_mut());
        libc::close(pipe[1]);
        let mut byte = 0u8;
        libc::read(pipe[0], (&raw mut byte).cast(), 1);
        libc::execve(tool.as_ptr(), argv.as_ptr(), envp.as_ptr());
        libc::_exit(99)
    }
}

/// A mount, by its place in the tree and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MountLine {
    id: String,
    on: String,
    rest: String,
}

impl MountLine {
    /// Without numbers that differ from run to run.
    fn text(&self) -> String {
        format!("{} {}", self.on, self.rest)
    }
}

/// The mounts of the runner's namespace.
fn mounts() -> Vec<MountLine> {
    let text = std::io::read_to_string(open_proc("self/mountinfo").unwrap()).unwrap();
    let read = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        MountLine { id: fields[0].to_string(), on: fields[4].to_string(), rest: stable(&fields) }
    };
    text.lines().map(read).collect()
}

/// The fields of a mountinfo line but for ids, and inode numbers of namespaces.
fn stable(fields: &[&str]) -> String {
    let words = fields[5..].iter().map(|word| word.split_once(':').map_or(*word, |(tag, _)| tag));
    let root = fields[3].split(":[").next().unwrap_or_default();
    std::iter::once(root).chain(words).collect::<Vec<_>>().join(" ")
}

/// Unmounts what the run has added.
fn take_back(before: &[MountLine], after: &[MountLine]) {
    for mount in after.iter().rev().filter(|mount| !before.iter().any(|old| old.id == mount.id)) {
        let on = CString::new(mount.on.as_bytes()).unwrap();
        // SAFETY: a C string and a flag.
        check("umount2", unsafe { libc::umount2(on.as_ptr(), libc::MNT_DETACH) });
    }
}

fn memory_file(name: &str) -> File {
    let name = CString::new(name).unwrap();
    // SAFETY: a C string and a flag in, a new descriptor out, which belongs to nobody else.
    unsafe {
        let fd = libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC);
        check("memfd_create", fd);
        File::from_raw_fd(fd)
    }
}

fn content(mut file: &File) -> String {
    use std::io::{Read, Seek};
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Ends the test where its own preparations fail.
#[track_caller]
fn check(what: &str, result: libc::c_int) {
    assert!(result != -1, "{what}: {}", std::io::Error::last_os_error());
}
