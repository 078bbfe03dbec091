//! Signals by number: sets dispositions, sends signals, waits for one, dies of one.

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow};

use super::check;
use super::mask::{self, is_member};

/// A signal number, including real-time ones, which nix's `Signal` lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalNumber(pub i32);

impl SignalNumber {
    /// SIGHUP.
    pub const HUP: SignalNumber = SignalNumber(libc::SIGHUP);
    /// SIGINT, that of Ctrl-C.
    pub const INT: SignalNumber = SignalNumber(libc::SIGINT);
    /// SIGQUIT, that of Ctrl-\.
    pub const QUIT: SignalNumber = SignalNumber(libc::SIGQUIT);
    /// SIGPIPE, for who writes where nobody reads.
    pub const PIPE: SignalNumber = SignalNumber(libc::SIGPIPE);
    /// SIGTERM.
    pub const TERM: SignalNumber = SignalNumber(libc::SIGTERM);
    /// SIGKILL.
    pub const KILL: SignalNumber = SignalNumber(libc::SIGKILL);
    /// SIGCONT.
    pub const CONT: SignalNumber = SignalNumber(libc::SIGCONT);
    /// SIGCHLD.
    pub const CHLD: SignalNumber = SignalNumber(libc::SIGCHLD);
    /// SIGWINCH: the terminal has another size.
    pub const WINCH: SignalNumber = SignalNumber(libc::SIGWINCH);
    /// SIGURG.
    pub const URG: SignalNumber = SignalNumber(libc::SIGURG);
    /// SIGSTOP, which no program can catch.
    pub const STOP: SignalNumber = SignalNumber(libc::SIGSTOP);
    /// SIGTSTP, that of Ctrl-Z.
    pub const TSTP: SignalNumber = SignalNumber(libc::SIGTSTP);
    /// SIGTTIN, for a background job that reads from the terminal.
    pub const TTIN: SignalNumber = SignalNumber(libc::SIGTTIN);
    /// SIGTTOU, for a background job that changes the terminal.
    pub const TTOU: SignalNumber = SignalNumber(libc::SIGTTOU);
}

impl SignalNumber {
    /// Its name in upper case, without `SIG`; `None` for real-time signals.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(_, number)| *number == self.0).map(|(name, _)| *name)
    }

    /// The first real-time signal.
    pub fn first_real_time() -> SignalNumber {
        SignalNumber(REAL_TIME_RANGE.0)
    }
}

/// The signals of signal(7) by name, without `SIG`. If two names share a number, the usual one comes first.
const NAMES: [(&str, i32); 35] = [
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ILL", libc::SIGILL),
    ("TRAP", libc::SIGTRAP),
    ("ABRT", libc::SIGABRT),
    ("IOT", libc::SIGIOT),
    ("BUS", libc::SIGBUS),
    ("FPE", libc::SIGFPE),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("SEGV", libc::SIGSEGV),
    ("USR2", libc::SIGUSR2),
    ("PIPE", libc::SIGPIPE),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("STKFLT", libc::SIGSTKFLT),
    ("CHLD", libc::SIGCHLD),
    ("CLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("STOP", libc::SIGSTOP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("VTALRM", libc::SIGVTALRM),
    ("PROF", libc::SIGPROF),
    ("WINCH", libc::SIGWINCH),
    ("IO", libc::SIGIO),
    ("POLL", libc::SIGPOLL),
    ("PWR", libc::SIGPWR),
    ("SYS", libc::SIGSYS),
    ("UNUSED", libc::SIGSYS),
];

/// The number of the signal with this name in upper case, without `SIG`. Real-time signals have no name here.
pub fn by_name(name: &str) -> Option<SignalNumber> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| SignalNumber(*number))
}

/// Several signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalSet(u64);

impl SignalSet {
    /// The set of these signals. An invalid number adds nothing.
    pub const fn of(signals: &[SignalNumber]) -> SignalSet {
        let (mut bits, mut at) = (0, 0);
        while at < signals.len() {
            bits |= SignalSet::bit(signals[at]);
            at += 1;
        }
        SignalSet(bits)
    }

    /// SIGTERM and SIGINT, which ask a process to end.
    pub const TERM_INT: SignalSet = SignalSet::of(&[SignalNumber::TERM, SignalNumber::INT]);

    /// The signals that processes send one another, including real-time ones: not those that a fault of the process
    /// raises, nor those by which the kernel reports children, limits and descriptors.
    pub fn messages() -> SignalSet {
        let (first, last) = REAL_TIME_RANGE;
        let standard = [
            libc::SIGHUP,
            libc::SIGINT,
            libc::SIGQUIT,
            libc::SIGTERM,
            libc::SIGUSR1,
            libc::SIGUSR2,
            libc::SIGALRM,
            libc::SIGWINCH,
            libc::SIGCONT,
            libc::SIGTSTP,
        ];
        standard.into_iter().chain(first..=last).map(SignalNumber).collect()
    }

    const fn bit(signal: SignalNumber) -> u64 {
        match signal.0 {
            1..=64 => 1 << (signal.0 - 1),
            _ => 0,
        }
    }

    /// The set of these bits, as /proc/PID/status shows it.
    pub const fn of_bits(bits: u64) -> SignalSet {
        SignalSet(bits)
    }

    /// Whether it is one of them.
    pub const fn contains(self, signal: SignalNumber) -> bool {
        self.0 & SignalSet::bit(signal) != 0
    }

    /// These and those.
    #[must_use]
    pub const fn union(self, other: SignalSet) -> SignalSet {
        SignalSet(self.0 | other.0)
    }

    /// These without that one.
    #[must_use]
    pub const fn without(self, signal: SignalNumber) -> SignalSet {
        SignalSet(self.0 & !SignalSet::bit(signal))
    }

    /// Every signal but those that the C libraries keep for themselves.
    pub const fn all() -> SignalSet {
        SignalSet(!(0b11 << 31))
    }

    /// Each of them, lowest number first.
    pub fn iter(self) -> impl Iterator<Item = SignalNumber> {
        (1..=64).map(SignalNumber).filter(move |signal| self.contains(*signal))
    }

    /// As calls of the kernel take it.
    pub fn to_mask(self) -> SigSet {
        mask::of_bits(self.0)
    }
}

impl FromIterator<SignalNumber> for SignalSet {
    fn from_iter<I: IntoIterator<Item = SignalNumber>>(signals: I) -> SignalSet {
        signals.into_iter().fold(SignalSet::default(), |set, signal| set.union(SignalSet::of(&[signal])))
    }
}

/// The first and the last real-time signal of the GNU C library, whatever ours is: those are the numbers that util-linux
/// and most programs mean by these names. musl has 35 to 64.
pub const REAL_TIME_RANGE: (i32, i32) = (34, 64);

/// What the kernel takes a disposition to be, at most: a handler, flags, a restorer and a mask.
type Disposition = [u64; 4];

/// The disposition of `signal`, after it has been set to `new`, see sigaction(2). Errors: EINVAL.
///
/// By the kernel's own call: the C library would refuse the signals that it keeps for itself (see [`mask`]).
fn disposition(signal: SignalNumber, new: Option<&Disposition>) -> nix::Result<libc::sighandler_t> {
    let mut old: Disposition = [0; 4];
    let new = new.map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: both are as long as what the kernel reads and writes, and `new` installs no handler: only we pass it.
    check(unsafe { libc::syscall(libc::SYS_rt_sigaction, signal.0, new, &mut old, mask::LENGTH) })?;
    // SAFETY: the handler comes first, and any bytes are a number.
    Ok(unsafe { std::ptr::from_ref(&old).cast::<libc::sighandler_t>().read() })
}

/// Gives `signal` its default disposition, see sigaction(2).
fn set_default(signal: SignalNumber) -> nix::Result<()> {
    // All zero: SIG_DFL, with an empty mask and no flags.
    disposition(signal, Some(&[0; 4])).map(drop)
}

/// Whether this process ignores `signal`.
pub fn is_ignored(signal: SignalNumber) -> bool {
    disposition(signal, None) == Ok(libc::SIG_IGN)
}

/// SIGCHLD to its default, so that ended children can be waited for.
pub fn set_child_signal_default() -> nix::Result<()> {
    set_default(SignalNumber::CHLD)
}

/// What a program expects that a process with a runtime starts: no signal is blocked, and SIGPIPE has its default.
pub fn reset_for_program() -> nix::Result<()> {
    set_default(SignalNumber::PIPE)?;
    mask::change(SigmaskHow::SIG_SETMASK, &SignalSet::default().to_mask()).map(drop)
}

/// Gives these signals, which are ignored, their default, and blocks none: what is ignored or blocked would stay so in the
/// program. Errors of sigaction(2) and sigprocmask(2).
pub fn heed_all(ignored: SignalSet) -> nix::Result<()> {
    ignored.iter().try_for_each(set_default)?;
    mask::change(SigmaskHow::SIG_SETMASK, &SignalSet::default().to_mask()).map(drop)
}

/// Sends `signal` to process `pid` (never 0 or negative: no group), see kill(2). Errors: ESRCH, EPERM.
pub fn send(pid: i32, signal: SignalNumber) -> nix::Result<()> {
    if pid <= 0 {
        return Err(Errno::ESRCH);
    }
    // SAFETY: plain numbers.
    check(unsafe { libc::kill(pid, signal.0) }.into()).map(drop)
}

/// Sends `signal` to process group `group`, see kill(2). Errors: ESRCH, EPERM.
pub fn send_to_group(group: i32, signal: SignalNumber) -> nix::Result<()> {
    if group <= 1 {
        return Err(Errno::ESRCH);
    }
    // SAFETY: plain numbers.
    check(unsafe { libc::kill(-group, signal.0) }.into()).map(drop)
}

/// Stops this process by `signal`, one that a terminal sends (SIGTSTP, SIGTTIN, SIGTTOU), and returns once it has been
/// continued.
///
/// It does nothing if a pending SIGCONT shows that the process has already been stopped and continued, if the signal is
/// ignored or our caller blocks it (`callers`; we may block more signals), or if our process group is orphaned
/// (setpgid(2)): then no shell would continue us, and the kernel ignores the signal.
///
/// A second stop signal from the same Ctrl-Z does not stop it again: it stays blocked until ours is pending, and the
/// next SIGCONT discards both (signal(7)).
pub fn stop_unless_continued(signal: SignalNumber, callers: &SigSet) {
    let kinds = [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];
    let kinds = kinds.map(SignalNumber);
    let Ok(before) = mask::change(SigmaskHow::SIG_BLOCK, &SignalSet::of(&kinds).to_mask()) else {
        return;
    };
    raise(signal);
    // One that comes from here on discards the signal.
    if is_pending(SignalNumber::CONT) {
        take_pending(signal);
    }
    let unblocked: SignalSet = kinds.into_iter().filter(|kind| !is_member(callers, kind.0)).collect();
    let _ = mask::change(SigmaskHow::SIG_UNBLOCK, &unblocked.to_mask());
    let _ = mask::change(SigmaskHow::SIG_SETMASK, &before);
}

/// Stops this process by `signal`, as [`stop_unless_continued`] does, for one that holds back what would end it. Meanwhile
/// we hold back nothing but SIGCONT: whoever ends a stopped process sends it a signal, then SIGCONT. If we held that signal
/// and stopped once more, nothing but SIGKILL would end us.
///
/// Returns whether the process has been continued; not if nobody would continue it.
pub fn stop_as_caller_blocks(signal: SignalNumber, callers: &SigSet) -> bool {
    if take_pending(SignalNumber::CONT) {
        return true;
    }
    if is_ignored(signal) || is_member(callers, signal.0) {
        return false;
    }
    let Ok(before) = mask::change(SigmaskHow::SIG_BLOCK, &SignalSet::of(&[signal, SignalNumber::CONT]).to_mask())
    else {
        return false;
    };
    raise(signal);
    let ours = (1..=64).map(SignalNumber).filter(|ours| *ours != SignalNumber::CONT && !is_member(callers, ours.0));
    let _ = mask::change(SigmaskHow::SIG_UNBLOCK, &ours.collect::<SignalSet>().to_mask());
    let is_continued = take_pending(SignalNumber::CONT);
    let _ = mask::change(SigmaskHow::SIG_SETMASK, &before);
    is_continued
}

/// Where a signal came from, which decides whether we pass it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Which signal.
    pub signal: SignalNumber,
    /// Sent by the kernel, such as by the terminal driver on Ctrl-C, not by a process.
    pub from_kernel: bool,
    /// The PID of the process that has sent it; 0 if that is in no PID namespace that we see, or if it was the kernel.
    pub sender: i32,
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

/// Whether `signal` is pending for us, which means that our caller blocks it, see sigpending(2).
pub fn is_pending(signal: SignalNumber) -> bool {
    // SAFETY: an all-zero set is a valid value, which sigpending(2) fills.
    let pending = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigpending(&mut set);
        SigSet::from_sigset_t_unchecked(set)
    };
    is_member(&pending, signal.0)
}

/// Sends `signal` to this thread.
fn raise(signal: SignalNumber) {
    // SAFETY: a plain number.
    unsafe { libc::raise(signal.0) };
}

/// Consumes a pending `signal`, see sigtimedwait(2). Returns whether one was pending.
pub fn take_pending(signal: SignalNumber) -> bool {
    take_any_pending(&SignalSet::of(&[signal]).to_mask()).is_some()
}

/// Consumes one of `signals` that is pending, see sigtimedwait(2). `None` if none is.
pub fn take_any_pending(signals: &SigSet) -> Option<Received> {
    let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        // SAFETY: an all-zero siginfo_t is a valid value, and sigtimedwait only writes to it.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: an initialised set, a writable structure, and no time to wait.
        match check(unsafe { libc::sigtimedwait(signals.as_ref(), &mut info, &at_once) }.into()) {
            Ok(number) => return Some(received(number, &info)),
            Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

fn received(number: libc::c_long, info: &libc::siginfo_t) -> Received {
    let from_process = [libc::SI_USER, libc::SI_QUEUE, libc::SI_TKILL].contains(&info.si_code);
    // SAFETY: a signal that a process has sent has a sender.
    let sender = if from_process { unsafe { info.si_pid() } } else { 0 };
    Received { signal: SignalNumber(number as i32), from_kernel: !from_process, sender }
}

/// Ends this process by `signal`, so that our caller sees what it would see of the child, but without a core dump.
/// Returns only if the signal does not end a process.
pub fn die_of(signal: SignalNumber) {
    let _ = set_default(signal);
    // Our core file must not overwrite the child's.
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a whole rlimit.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
    raise(signal);
    let _ = mask::change(SigmaskHow::SIG_UNBLOCK, &SignalSet::of(&[signal]).to_mask());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_is_put_into_it() {
        let set = SignalSet::of(&[SignalNumber(1), SignalNumber(64), SignalNumber(65), SignalNumber(0)]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [SignalNumber(1), SignalNumber(64)]);
        assert_eq!(
            set.without(SignalNumber(1)).union(SignalSet::TERM_INT).iter().map(|s| s.0).collect::<Vec<_>>(),
            [2, 15, 64]
        );
        let mask = set.to_mask();
        assert!(mask.contains(nix::sys::signal::Signal::SIGHUP) && !mask.contains(nix::sys::signal::Signal::SIGINT));
        let messages: Vec<i32> = SignalSet::messages().iter().map(|signal| signal.0).collect();
        assert_eq!(messages[..10], [1, 2, 3, 10, 12, 14, 15, 18, 20, 28]);
        assert_eq!(messages[10..], (34..=64).collect::<Vec<_>>());
    }
}
