//! Signals by number: their dispositions, sending them, waiting for one and dying of one.

use nix::errno::Errno;
use nix::sys::signal::SigSet;

use super::check;

/// A signal number, real-time ones included (nix's `Signal` has none of those).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalNumber(pub i32);

impl SignalNumber {
    /// SIGKILL.
    pub const KILL: SignalNumber = SignalNumber(libc::SIGKILL);
    /// SIGCONT.
    pub const CONT: SignalNumber = SignalNumber(libc::SIGCONT);
    /// SIGCHLD.
    pub const CHLD: SignalNumber = SignalNumber(libc::SIGCHLD);
    /// SIGSTOP, which no program can catch.
    pub const STOP: SignalNumber = SignalNumber(libc::SIGSTOP);
    /// SIGTSTP, that of Ctrl-Z.
    pub const TSTP: SignalNumber = SignalNumber(libc::SIGTSTP);
}

/// The first and the last real-time signal that the C library leaves to programs.
pub fn real_time_range() -> (i32, i32) {
    (libc::SIGRTMIN(), libc::SIGRTMAX())
}

/// Gives `signal` its default disposition, see sigaction(2).
fn set_default(signal: SignalNumber) -> nix::Result<()> {
    // SAFETY: an all-zero sigaction is SIG_DFL with an empty mask and no flags; no handler is installed.
    let result = unsafe {
        let action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal.0, &action, std::ptr::null_mut())
    };
    check(result.into()).map(drop)
}

/// Whether this process ignores `signal`.
pub fn is_ignored(signal: SignalNumber) -> bool {
    // SAFETY: an all-zero sigaction is a valid value, which sigaction(2) only writes to; nothing is installed.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let asked = libc::sigaction(signal.0, std::ptr::null(), &mut action);
        asked == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// SIGCHLD to its default, so that ended children can be waited for.
pub fn set_child_signal_default() -> nix::Result<()> {
    set_default(SignalNumber::CHLD)
}

/// Sends `signal` to process `pid` (never 0 or negative: no group), see kill(2). Errors: ESRCH, EPERM.
pub fn send(pid: i32, signal: SignalNumber) -> nix::Result<()> {
    if pid <= 0 {
        return Err(Errno::ESRCH);
    }
    // SAFETY: plain numbers.
    check(unsafe { libc::kill(pid, signal.0) }.into()).map(drop)
}

/// Stops this process by `signal`, one that a terminal sends (SIGTSTP, SIGTTIN, SIGTTOU), and returns once it has been
/// continued.
///
/// It does nothing if a blocked SIGCONT says that it has been stopped and continued already, if our caller ignores or blocks
/// the signal, or if no shell would continue our process group: then the kernel passes over the signal (setpgid(2), orphaned
/// process groups).
///
/// Another stop that comes meanwhile, of the same Ctrl-Z, does not stop it once more: it is blocked until this one is
/// pending, and the next SIGCONT takes both away (signal(7)).
pub fn stop_unless_continued(signal: SignalNumber) {
    let stops = set_of(&[libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU].map(SignalNumber));
    // SAFETY: initialised sets, of which the second is written to; raise takes a plain number.
    unsafe {
        let mut before = set_of(&[]);
        libc::sigprocmask(libc::SIG_BLOCK, &stops, &mut before);
        if !is_pending(SignalNumber::CONT) {
            libc::raise(signal.0);
        }
        libc::sigprocmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
    }
}

/// Where a signal came from, as far as it matters to pass it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Which signal.
    pub signal: SignalNumber,
    /// Sent by the kernel itself, as the terminal driver does on Ctrl-C, not by a process.
    pub from_kernel: bool,
}

/// Waits for one of `signals`, which must be blocked, see sigwaitinfo(2). EINTR is retried.
pub fn wait_for(signals: &SigSet) -> nix::Result<Received> {
    loop {
        // SAFETY: an all-zero siginfo_t is a valid value, and sigwaitinfo only writes to it.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the set is initialised, the structure writable.
        match check(unsafe { libc::sigwaitinfo(signals.as_ref(), &mut info) }.into()) {
            Ok(number) => return Ok(received(number, &info)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Whether `signal`, which our caller blocks then, has been sent to us, see sigpending(2).
pub fn is_pending(signal: SignalNumber) -> bool {
    // SAFETY: an all-zero set is a valid value, which sigpending(2) fills.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigpending(&mut set) == 0 && libc::sigismember(&set, signal.0) == 1
    }
}

/// Takes a pending `signal` away; whether there was one, see sigtimedwait(2).
pub fn take_pending(signal: SignalNumber) -> bool {
    take_of(&set_of(&[signal])).is_some()
}

/// Takes away one of `signals` that is pending, see sigtimedwait(2). `None` if there is none.
pub fn take_any_pending(signals: &SigSet) -> Option<Received> {
    take_of(signals.as_ref())
}

fn take_of(set: &libc::sigset_t) -> Option<Received> {
    let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        // SAFETY: an all-zero siginfo_t is a valid value, and sigtimedwait only writes to it.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: an initialised set, a writable structure, and no time to wait.
        match check(unsafe { libc::sigtimedwait(set, &mut info, &at_once) }.into()) {
            Ok(number) => return Some(received(number, &info)),
            Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

fn received(number: libc::c_long, info: &libc::siginfo_t) -> Received {
    Received { signal: SignalNumber(number as i32), from_kernel: info.si_code == libc::SI_KERNEL }
}

fn set_of(signals: &[SignalNumber]) -> libc::sigset_t {
    // SAFETY: the set is initialised before numbers are added to it; one that is no signal is refused.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for signal in signals {
            libc::sigaddset(&mut set, signal.0);
        }
        set
    }
}

/// Ends this process by `signal` as a child ended by it would appear to our caller, without a core dump of ours.
/// Returns only where the signal does not end a process.
pub fn die_of(signal: SignalNumber) {
    let _ = set_default(signal);
    let set = set_of(&[signal]);
    // SAFETY: a whole rlimit, an initialised set; raise takes a plain number.
    unsafe {
        // Whatever core the child left must not be overwritten by one of ours.
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &none);
        libc::raise(signal.0);
        libc::sigprocmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
    }
}
