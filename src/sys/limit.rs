//! Resource limits, see getrlimit(2).

use super::check;

/// The value of a limit that limits nothing.
pub const UNLIMITED: u64 = u64::MAX;

/// A limit of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name in /proc/PID/limits.
    pub name: &'static str,
    /// What the kernel enforces.
    pub soft: u64,
    /// How far the process itself may raise that.
    pub hard: u64,
}

// The type of these numbers differs between C libraries.
#[allow(trivial_numeric_casts)]
const fn row(name: &'static str, number: libc::c_long) -> (&'static str, libc::c_long) {
    (name, number)
}

/// All limits, with the names of /proc/PID/limits. Their numbers differ between architectures.
const NAMES: [(&str, libc::c_long); 16] = [
    row("Max cpu time", libc::RLIMIT_CPU as libc::c_long),
    row("Max file size", libc::RLIMIT_FSIZE as libc::c_long),
    row("Max data size", libc::RLIMIT_DATA as libc::c_long),
    row("Max stack size", libc::RLIMIT_STACK as libc::c_long),
    row("Max core file size", libc::RLIMIT_CORE as libc::c_long),
    row("Max resident set", libc::RLIMIT_RSS as libc::c_long),
    row("Max processes", libc::RLIMIT_NPROC as libc::c_long),
    row("Max open files", libc::RLIMIT_NOFILE as libc::c_long),
    row("Max locked memory", libc::RLIMIT_MEMLOCK as libc::c_long),
    row("Max address space", libc::RLIMIT_AS as libc::c_long),
    row("Max file locks", libc::RLIMIT_LOCKS as libc::c_long),
    row("Max pending signals", libc::RLIMIT_SIGPENDING as libc::c_long),
    row("Max msgqueue size", libc::RLIMIT_MSGQUEUE as libc::c_long),
    row("Max nice priority", libc::RLIMIT_NICE as libc::c_long),
    row("Max realtime priority", libc::RLIMIT_RTPRIO as libc::c_long),
    row("Max realtime timeout", libc::RLIMIT_RTTIME as libc::c_long),
];

/// The names of all limits, as /proc/PID/limits has them.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

/// Sets a limit of this process. By the kernel's own call, whose numbers have 64 bits everywhere. Errors of prlimit(2): EPERM
/// without CAP_SYS_RESOURCE in the initial user namespace if the hard limit rises, or for more open files than fs.nr_open.
pub fn set(limit: Limit) -> nix::Result<()> {
    let number = NAMES.iter().find(|(name, _)| *name == limit.name).map(|(_, number)| *number);
    let number = number.ok_or(nix::errno::Errno::EINVAL)?;
    let values = [limit.soft, limit.hard];
    // SAFETY: plain numbers, a structure of two numbers that is only read, and nothing to write to.
    check(unsafe { libc::syscall(libc::SYS_prlimit64, 0, number, values.as_ptr(), std::ptr::null_mut::<u64>()) })
        .map(drop)
}
