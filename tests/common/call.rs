//! Commands, and what becomes of them.

mod held;
mod processes;
mod setup;

pub use processes::Descendant;
pub(super) use setup::{check, first_processor, pin};

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::left_out::{is_root, needs_root};
use super::pty::Pty;
use super::scene::User;
use super::seen::Seen;
use processes::{Listed, has_ended, pidfd, processes};
use setup::Setup;

/// How long anything may take before the test gives it up. No test measures time.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until `condition` holds.
#[track_caller]
pub fn poll_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A command that is being put together. It runs in a process group of its own, with an environment of `PATH` and
/// `LC_ALL` only, standard input from /dev/null, and the other two going to files in memory.
pub struct Call {
    command: Command,
    setup: Setup,
    leashed: bool,
    output_given: bool,
}

impl Call {
    /// A command outside of any scene.
    pub fn new(program: impl AsRef<OsStr>) -> Call {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
        command.stdin(Stdio::null());
        Call { command, setup: Setup::default(), leashed: false, output_given: false }
    }

    /// In the namespaces of these descriptors, entered in this order, which live longer than the call; in this directory
    /// there.
    pub(super) fn inside(mut self, namespaces: Vec<RawFd>, directory: &Path) -> Call {
        self.setup.namespaces = namespaces;
        self.setup.only_root = !is_root();
        self.directory(directory)
    }

    /// With these arguments, after those given before.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Call {
        self.command.args(args);
        self
    }

    /// The same command, for which this system call fails with this errno where its first argument has one of the bits of
    /// `mask`, or always where that is 0.
    pub fn refused(self, scene: &super::Scene, number: i64, errno: i32, mask: i32) -> Call {
        let numbers = [number, errno.into(), mask.into()].map(|number| number.to_string());
        self.under(scene, "bin/probe", ["refuse".to_string()].into_iter().chain(numbers))
    }

    /// The same command, run by this program of the scene with these arguments before it, and argv[0] as ever.
    pub fn under<A: AsRef<OsStr>>(
        self,
        scene: &super::Scene,
        program: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Call {
        let call = scene.call(program, args).args([self.command.get_program()]);
        let mut call = call.args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            call = match value {
                Some(value) => call.env(name, value),
                None => call,
            };
        }
        call
    }

    /// With another argv[0] than the path of the program.
    pub fn arg0(mut self, name: impl AsRef<OsStr>) -> Call {
        self.command.arg0(name);
        self
    }

    /// In this directory.
    pub fn directory(mut self, directory: impl AsRef<Path>) -> Call {
        self.setup.directory = Some(c_string(directory.as_ref()));
        self
    }

    /// As this user, without supplementary groups. Skips the test where that cannot be, as do the groups.
    pub fn user(mut self, user: User) -> Call {
        if user.uid != 0 {
            needs_root("commands of other users");
        }
        self.setup.user = Some(user);
        self
    }

    /// With these supplementary groups.
    pub fn groups(mut self, groups: &[u32]) -> Call {
        needs_root("supplementary groups");
        self.setup.groups = groups.to_vec();
        self
    }

    /// With this variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Call {
        self.command.env(name, value);
        self
    }

    /// Without any variable, those set before included.
    pub fn no_env(mut self) -> Call {
        self.command.env_clear();
        self
    }

    /// With this umask.
    pub fn umask(mut self, umask: u32) -> Call {
        self.setup.umask = Some(umask);
        self
    }

    /// With `signal` ignored.
    pub fn ignoring(mut self, signal: i32) -> Call {
        self.setup.ignored.push(signal);
        self
    }

    /// With `signal` blocked.
    pub fn blocking(mut self, signal: i32) -> Call {
        self.setup.blocked.push(signal);
        self
    }

    /// With this descriptor closed.
    pub fn closed(mut self, fd: RawFd) -> Call {
        self.setup.closed.push(fd);
        self
    }

    /// With `file` as descriptor `fd`, which is to be below 300.
    pub fn given(mut self, fd: RawFd, file: impl Into<OwnedFd>) -> Call {
        // Moved out of the way, so that it is neither `fd` itself nor overwritten by another one.
        // SAFETY: an open descriptor and a number; the new descriptor belongs to nobody else.
        let file = unsafe {
            let moved = libc::fcntl(file.into().as_raw_fd(), libc::F_DUPFD_CLOEXEC, 300);
            assert!(moved >= 300 && fd < 300);
            OwnedFd::from_raw_fd(moved)
        };
        self.setup.given.push((file, fd));
        self
    }

    /// With core files of at most this size.
    pub fn core_limit(mut self, bytes: u64) -> Call {
        self.setup.core_limit = Some(bytes);
        self
    }

    /// On the processor that the scene's mount namespace was made on.
    ///
    /// Linux lets a mount namespace be bound only where an older one is in use, and 6.18 tells their age by numbers that
    /// each processor takes from a stock of its own: made on another one, a newer namespace may count as older (EINVAL).
    pub fn on_the_scenes_processor(mut self) -> Call {
        self.setup.processor = Some(first_processor());
        self
    }

    /// With this file as standard input.
    pub fn stdin(mut self, file: impl Into<Stdio>) -> Call {
        self.command.stdin(file);
        self
    }

    /// With this file as standard output.
    pub fn stdout(mut self, file: impl Into<OwnedFd>) -> Call {
        self.output_given = true;
        self.command.stdout(Stdio::from(file.into()));
        self
    }

    /// With a pipe as standard input that closes when the [`Process`] is dropped, if not before: programs that read it
    /// to its end cannot stay behind.
    pub fn leashed(mut self) -> Call {
        self.leashed = true;
        self.command.stdin(Stdio::piped());
        self
    }

    /// In a session of its own with this as its terminal, in the foreground.
    pub fn terminal(mut self, pty: &Pty) -> Call {
        let side = || Stdio::from(pty.slave());
        self.command.stdin(side()).stdout(side()).stderr(side());
        self.setup.terminal = true;
        self.output_given = true;
        self
    }

    /// Starts it.
    #[track_caller]
    pub fn spawn(self) -> Process {
        let Call { mut command, setup, output_given, .. } = self;
        let (stdout, stderr) = (memory_file("stdout"), memory_file("stderr"));
        if !output_given {
            command.stdout(stdout.try_clone().unwrap());
        }
        if !setup.terminal {
            command.stderr(stderr.try_clone().unwrap());
        }
        // SAFETY: between fork and exec only system calls are made, on what was allocated before.
        unsafe { command.pre_exec(move || setup.carry_out()) };
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let pidfd = pidfd(child.id() as i32).expect("an unreaped child has a pidfd");
        Process { leash: child.stdin.take(), child, pidfd, stdout, stderr, reaped: false }
    }

    /// Runs it to its end. Fails if a process that it has started outlives it.
    #[track_caller]
    pub fn run(self) -> Outcome {
        self.spawn().finish()
    }

    /// Runs it to its end: standard output, if the status is 0 and nothing was said on standard error.
    #[track_caller]
    pub fn ok(self) -> String {
        self.run().ok()
    }

    /// The probe's report.
    #[track_caller]
    pub fn seen(self) -> Seen {
        Seen::read(&self.ok())
    }
}

fn c_string(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

fn memory_file(name: &str) -> File {
    let name = CString::new(name).unwrap();
    // SAFETY: a C string and a flag in, a new descriptor out, which belongs to nobody else.
    unsafe {
        let fd = libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC);
        assert!(fd >= 0, "memfd_create: {}", std::io::Error::last_os_error());
        File::from_raw_fd(fd)
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

/// What a command that has ended has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Outcome {
    /// Standard output, if the status is 0 and nothing was said on standard error.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.ending == Ending::Exited(0) && self.stderr.is_empty(), "{self:#?}");
        self.stdout
    }

    /// Asserts that it failed with `status`, silent on standard output, and that the first line on standard error is `line`.
    /// Returns the lines below.
    #[track_caller]
    pub fn says(&self, status: i32, line: &str) -> Vec<&str> {
        assert!(self.ending == Ending::Exited(status) && self.stdout.is_empty(), "{self:#?}");
        let mut lines = self.stderr.lines();
        assert_eq!(lines.next().unwrap_or_default(), line, "{self:#?}");
        lines.collect()
    }

    /// Asserts that it failed with `status`, silent on standard output, with one message of `tool` that holds all of
    /// `words`. Returns the lines below that message.
    #[track_caller]
    pub fn failed(&self, tool: &str, status: i32, words: &[&str]) -> Vec<&str> {
        assert!(self.ending == Ending::Exited(status) && self.stdout.is_empty(), "{self:#?}");
        let mut lines = self.stderr.lines();
        let message = lines.next().unwrap_or_default();
        let named = words.iter().all(|word| message.contains(word));
        assert!(message.starts_with(&format!("{tool}: ")) && named, "not all of {words:?}: {self:#?}");
        lines.collect()
    }
}

/// A running command. Dropped, its process group is killed and it is reaped.
pub struct Process {
    child: Child,
    leash: Option<ChildStdin>,
    pidfd: OwnedFd,
    stdout: File,
    stderr: File,
    reaped: bool,
}

impl Process {
    /// Its PID.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// What it has written to standard output so far.
    pub fn stdout(&self) -> String {
        content(&self.stdout)
    }

    /// What it has written to standard error so far.
    pub fn stderr(&self) -> String {
        content(&self.stderr)
    }

    /// Waits until standard output holds `text`.
    #[track_caller]
    pub fn expect(&self, text: &str) {
        let found = || self.stdout().contains(text);
        poll_until(&format!("'{text}'"), || found() || self.has_ended());
        assert!(found(), "ended without '{text}': {:?} {:?}", self.stdout(), self.stderr());
    }

    /// Writes to its standard input, which must be leashed.
    pub fn write(&mut self, text: &str) {
        self.leash.as_mut().expect("leashed").write_all(text.as_bytes()).unwrap();
    }

    /// Ends its standard input.
    pub fn release(&mut self) {
        self.leash = None;
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        assert!(!self.reaped);
        // SAFETY: plain numbers; the process is not reaped, so that the number is still its own.
        assert_eq!(unsafe { libc::kill(self.pid(), signal) }, 0);
    }

    /// Whether it has ended (it may not have been reaped).
    pub fn has_ended(&self) -> bool {
        has_ended(&self.pidfd)
    }

    /// Waits until it is stopped, and returns the signal that did it. Fails if it ends instead.
    #[track_caller]
    pub fn wait_for_stop(&self) -> i32 {
        let mut signal = 0;
        poll_until("a stop", || {
            assert!(!self.has_ended(), "ended: {:?} {:?}", self.stdout(), self.stderr());
            // SAFETY: a structure that may be all zero and is only written to.
            unsafe {
                let mut info: libc::siginfo_t = std::mem::zeroed();
                let options = libc::WSTOPPED | libc::WNOHANG;
                libc::waitid(libc::P_PID, self.pid() as u32, &mut info, options);
                signal = if info.si_pid() == 0 { 0 } else { info.si_status() };
            }
            signal != 0
        });
        signal
    }

    /// The letter of its state in /proc/PID/stat.
    pub fn state(&self) -> char {
        processes::state(self.pid())
    }

    /// Its children, oldest first.
    pub fn children(&self) -> Vec<i32> {
        let children = processes().into_iter().filter(|process| process.parent == self.pid());
        children.map(|process| process.pid).collect()
    }

    /// Its only child, once it has one, as a descriptor that tells whether that lives.
    #[track_caller]
    pub fn child(&self) -> Descendant {
        let mut found = Vec::new();
        poll_until("a child", || {
            found = self.children();
            !found.is_empty()
        });
        let pid = match found[..] {
            [only] => only,
            _ => panic!("{} children", found.len()),
        };
        Descendant { pid, pidfd: pidfd(pid).expect("a child") }
    }

    /// Waits for its end, however long that takes, while what `progress` tells goes on changing.
    #[track_caller]
    pub fn work(&self, mut progress: impl FnMut() -> u64) {
        let mut last = (progress(), Instant::now());
        while !self.has_ended() {
            std::thread::sleep(Duration::from_millis(20));
            let now = progress();
            if now != last.0 {
                last = (now, Instant::now());
            }
            assert!(last.1.elapsed() < DEADLINE, "stands still at {now}");
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(&mut self) -> Ending {
        let mut poll = libc::pollfd { fd: self.pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure, as said.
        let ready = unsafe { libc::poll(&mut poll, 1, DEADLINE.as_millis() as i32) };
        assert!(ready == 1, "does not end: {:?} {:?}", self.stdout(), self.stderr());
        // SAFETY: a structure that may be all zero and is only written to. The process stays a zombie, so that nobody
        // else gets the number of its group.
        let info = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let options = libc::WEXITED | libc::WNOWAIT;
            assert_eq!(libc::waitid(libc::P_PID, self.pid() as u32, &mut info, options), 0);
            (info.si_code, info.si_status())
        };
        match info {
            (libc::CLD_EXITED, status) => Ending::Exited(status),
            (_, signal) => Ending::Killed(signal),
        }
    }

    /// Waits for its end, and for that of all that it has started.
    #[track_caller]
    pub fn finish(mut self) -> Outcome {
        let ending = self.wait();
        let mut left = Vec::new();
        poll_until("processes left behind to end", || {
            left = self.left_behind();
            left.is_empty()
        });
        Outcome { ending, stdout: self.stdout(), stderr: self.stderr() }
    }

    /// Processes of its group other than itself.
    pub fn left_behind(&self) -> Vec<i32> {
        let group = |process: &Listed| process.group == self.pid() && process.pid != self.pid();
        processes().into_iter().filter(|process| group(process) && process.lives).map(|process| process.pid).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.leash = None;
        if !self.reaped {
            // SAFETY: plain numbers. The process is not reaped, so that the number of its group is still its own.
            unsafe { libc::kill(-self.pid(), libc::SIGKILL) };
            let _ = self.child.wait();
            self.reaped = true;
        }
    }
}

fn content(file: &File) -> String {
    let mut bytes = vec![0; file.metadata().unwrap().len() as usize];
    let length = file.read_at(&mut bytes, 0).unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}
