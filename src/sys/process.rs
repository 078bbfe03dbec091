//! Making processes and waiting for them.

use std::cmp::Ordering;
use std::ffi::CStr;

use nix::errno::Errno;

use super::check;
use super::signal::{SignalNumber, die_of};

/// Which of the two processes returns from [`fork`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkResult {
    /// The caller, with the PID of its child.
    Parent {
        /// PID of the child, in the caller's PID namespace.
        child: i32,
    },
    /// The new process.
    Child,
}

/// Makes a copy of this process, see fork(2). Errors: EAGAIN (limit of processes), ENOMEM (also: the PID namespace for
/// children has lost its init, pid_namespaces(7)).
///
/// The tools call this with a single thread: then the child may do whatever its parent could. If the process has more
/// threads, the child may make only async-signal-safe calls (signal-safety(7)).
pub fn fork() -> nix::Result<ForkResult> {
    // SAFETY: the child continues with a copy of everything; no other thread of the tools can have held a lock.
    match unsafe { nix::unistd::fork() }? {
        nix::unistd::ForkResult::Parent { child } => Ok(ForkResult::Parent { child: child.as_raw() }),
        nix::unistd::ForkResult::Child => Ok(ForkResult::Child),
    }
}

/// As [`fork`], with one descriptor table for both (CLONE_FILES): what the child opens, its parent has open, too. The
/// child must not close what its parent holds, so it drops nothing and ends by [`exit_now`].
pub fn fork_sharing_files() -> nix::Result<ForkResult> {
    let flags = libc::c_long::from(libc::CLONE_FILES | libc::SIGCHLD);
    // Only s390 takes the stack first; 0 stands for a copy of ours.
    let (first, second) = if cfg!(target_arch = "s390x") { (0, flags) } else { (flags, 0) };
    // SAFETY: no memory is shared, and as of fork(2) the child continues with a copy of everything.
    match check(unsafe { libc::syscall(libc::SYS_clone, first, second, 0, 0, 0) })? {
        0 => Ok(ForkResult::Child),
        child => Ok(ForkResult::Parent { child: child as i32 }),
    }
}

/// KCMP_FILES of <linux/kcmp.h>.
const KCMP_FILES: libc::c_long = 2;

/// The kernel's order of the descriptor tables of two threads: equal if they share one, see kcmp(2). Errors: ESRCH if
/// one has ended, EPERM without ptrace rights over both, ENOSYS from a kernel without CONFIG_KCMP.
pub fn compare_files(one: i32, other: i32) -> nix::Result<Ordering> {
    // SAFETY: plain numbers.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, one, other, KCMP_FILES, 0, 0) };
    match check(order)? {
        0 => Ok(Ordering::Equal),
        1 => Ok(Ordering::Less),
        2 => Ok(Ordering::Greater),
        _ => Err(Errno::EOPNOTSUPP),
    }
}

/// Ends this process at once, without flushing or running anything: for helpers that share our caller's descriptors.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: _exit(2) has no precondition.
    unsafe { libc::_exit(status) }
}

/// What became of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildEvent {
    /// It ended with this exit status.
    Exited(u8),
    /// It died of this signal.
    Killed(SignalNumber),
    /// This signal stopped it, and it stands still.
    Stopped(SignalNumber),
}

/// Waits until `child` ends, see waitid(2). EINTR is retried. Errors: ECHILD if it is not our child.
pub fn wait_for_end(child: i32) -> nix::Result<ChildEvent> {
    loop {
        if let Some(event) = wait_id(child, libc::WEXITED)?.and_then(event) {
            return Ok(event);
        }
    }
}

/// What has happened to `child` since the last call, if anything, see waitid(2). Errors as [`wait_for_end`].
pub fn poll_child(child: i32) -> nix::Result<Option<ChildEvent>> {
    let news = wait_id(child, libc::WEXITED | libc::WSTOPPED | libc::WNOHANG)?;
    Ok(news.and_then(event))
}

/// Whether `child` has been continued after a stop since the last call: WCONTINUED of waitid(2).
pub fn has_continued(child: i32) -> bool {
    matches!(wait_id(child, libc::WCONTINUED | libc::WNOHANG), Ok(Some(_)))
}

/// The signal by which `child` has been stopped since that was asked last, also by [`poll_child`]: WSTOPPED of waitid(2).
pub fn new_stop(child: i32) -> Option<SignalNumber> {
    match wait_id(child, libc::WSTOPPED | libc::WNOHANG) {
        Ok(Some((_, signal))) => Some(SignalNumber(signal)),
        _ => None,
    }
}

/// Whether `child` has ended, and nobody has waited for it yet.
pub fn has_ended(child: i32) -> bool {
    matches!(wait_id(child, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT), Ok(Some(_)))
}

/// The PID of any child that has ended and that nobody has waited for yet, see waitid(2).
pub fn ended_child() -> Option<i32> {
    let (_, pid, _) = wait_any(libc::P_ALL, 0, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT).ok()??;
    Some(pid)
}

/// The code and the status of a child from waitid(2); `None` if nothing has happened (WNOHANG).
fn wait_id(child: i32, options: libc::c_int) -> nix::Result<Option<(libc::c_int, libc::c_int)>> {
    let news = wait_any(libc::P_PID, child as libc::id_t, options)?;
    Ok(news.map(|(code, _, status)| (code, status)))
}

/// Code, PID and status.
type News = (libc::c_int, i32, libc::c_int);

fn wait_any(which: libc::idtype_t, id: libc::id_t, options: libc::c_int) -> nix::Result<Option<News>> {
    loop {
        // SAFETY: an all-zero siginfo_t is a valid value, and waitid only writes to it.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: plain numbers and a writable structure.
        let result = unsafe { libc::waitid(which, id, &mut info, options) };
        match check(result.into()) {
            Ok(_) => {}
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno),
        }
        // SAFETY: waitid succeeded, so the structure is that of SIGCHLD, or all zero if nothing happened (WNOHANG).
        let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
        return Ok((pid != 0).then_some((info.si_code, pid, status)));
    }
}

fn event((code, status): (libc::c_int, libc::c_int)) -> Option<ChildEvent> {
    match code {
        // _exit(2) keeps the lowest 8 bits.
        libc::CLD_EXITED => Some(ChildEvent::Exited(status as u8)),
        libc::CLD_KILLED | libc::CLD_DUMPED => Some(ChildEvent::Killed(SignalNumber(status))),
        libc::CLD_STOPPED => Some(ChildEvent::Stopped(SignalNumber(status))),
        _ => None,
    }
}

/// Makes the kernel send `signal` to this process when its parent dies: PR_SET_PDEATHSIG of prctl(2). The kernel
/// forgets it when the process changes its credentials.
pub fn set_parent_death_signal(signal: SignalNumber) -> nix::Result<()> {
    // SAFETY: this prctl takes plain numbers.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal.0 as libc::c_ulong, 0, 0, 0) }.into()).map(drop)
}

/// The first two numbers of the kernel's version, see uname(2).
pub fn kernel_version() -> (u32, u32) {
    // SAFETY: an all-zero structure is a valid value, which uname(2) fills with C strings.
    let release = unsafe {
        let mut names: libc::utsname = std::mem::zeroed();
        libc::uname(&mut names);
        names.release
    };
    let mut numbers = [0; 2];
    let mut at = 0;
    for byte in release {
        match (byte as u8, numbers.get_mut(at)) {
            (digit @ b'0'..=b'9', Some(number)) => *number = *number * 10 + u32::from(digit - b'0'),
            (b'.', Some(_)) => at += 1,
            _ => break,
        }
    }
    (numbers[0], numbers[1])
}

/// Exactly these supplementary groups, see setgroups(2). Errors: EPERM without CAP_SETGID, or where it is denied; EINVAL for one
/// that has no id here.
pub fn set_groups(groups: &[u32]) -> nix::Result<()> {
    // SAFETY: an array of the length given, which is only read.
    check(unsafe { libc::setgroups(groups.len(), groups.as_ptr()) }.into()).map(drop)
}

/// What this thread is called in /proc/PID/comm, at most 15 bytes: PR_SET_NAME of prctl(2).
pub fn set_name(name: &CStr) -> nix::Result<()> {
    // SAFETY: a C string, of which the kernel copies 16 bytes at most and none behind its end.
    check(unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) }.into()).map(drop)
}

/// Sets whether other processes of the same user may trace this one and read its /proc files: PR_SET_DUMPABLE of
/// prctl(2). execve(2) resets it.
pub fn set_dumpable(dumpable: bool) -> nix::Result<()> {
    // SAFETY: this prctl takes plain numbers.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, libc::c_ulong::from(dumpable), 0, 0, 0) }.into()).map(drop)
}

/// How a tool ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// With this exit status.
    Exited(u8),
    /// By this signal, as the program that it ran.
    Killed(SignalNumber),
}

impl Status {
    /// All went well.
    pub const SUCCESS: Status = Status::Exited(0);
    /// We failed.
    pub const FAILURE: Status = Status::Exited(1);

    /// Dies of the signal, or returns the value that `main` must return.
    pub fn conclude(self) -> i32 {
        match self {
            Status::Exited(status) => i32::from(status),
            Status::Killed(signal) => {
                die_of(signal);
                // We get here only with a signal that does not end a process. This is the status that a shell would
                // give.
                128 + signal.0
            }
        }
    }
}
