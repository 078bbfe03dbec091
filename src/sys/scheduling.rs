//! How the kernel shares the processors and disks out, see sched(7) and ioprio_set(2).

use nix::errno::Errno;

use super::check;

/// IOPRIO_WHO_PROCESS of <linux/ioprio.h>.
const WHO_PROCESS: libc::c_long = 1;

/// In an I/O priority, the class stands above these bits.
const CLASS_SHIFT: u32 = 13;

/// The nice value of this process from now on, see setpriority(2). Errors: EACCES if it falls, without CAP_SYS_NICE in the
/// initial user namespace and below RLIMIT_NICE.
pub fn set_nice(nice: i32) -> nix::Result<()> {
    // By the kernel's own call: C libraries differ in the type of the first argument.
    // SAFETY: plain numbers.
    check(unsafe { libc::syscall(libc::SYS_setpriority, libc::PRIO_PROCESS as libc::c_long, 0, nice) }).map(drop)
}

/// The I/O priority of a process, or of this one for 0; `None` where the kernel has none. 0 if it has no class of its own:
/// then it follows the nice value. Errors of ioprio_get(2): ESRCH.
pub fn io_priority(pid: i32) -> nix::Result<Option<u32>> {
    // SAFETY: plain numbers.
    match check(unsafe { libc::syscall(libc::SYS_ioprio_get, WHO_PROCESS, pid) }) {
        Ok(priority) if priority >> CLASS_SHIFT == 0 => Ok(Some(0)),
        Ok(priority) => Ok(Some(priority as u32)),
        Err(Errno::ENOSYS) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// The I/O priority of this process from now on. Errors of ioprio_set(2): EPERM for the class of real time.
pub fn set_io_priority(priority: u32) -> nix::Result<()> {
    // SAFETY: plain numbers.
    check(unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, priority) }).map(drop)
}

/// The processors that this process may run on from now on, a bit a processor, see sched_setaffinity(2). Errors: EINVAL if
/// none of them is there for it.
pub fn set_processors(mask: &[libc::c_ulong]) -> nix::Result<()> {
    // SAFETY: plain numbers, and a mask of the length said, which is only read.
    check(unsafe { libc::syscall(libc::SYS_sched_setaffinity, 0, size_of_val(mask), mask.as_ptr()) }).map(drop)
}
