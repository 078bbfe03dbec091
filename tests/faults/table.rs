//! What can befall each system call on Linux.

use libc::*;

use crate::runner::tracer::{Call, Effect};

/// A system call by name, with the errnos that it can give.
pub struct Row {
    pub number: i64,
    pub name: &'static str,
    errnos: &'static [i32],
    /// Whether fewer bytes than asked for may go through.
    short: bool,
    /// Why no errno is given.
    left_out: &'static str,
}

const fn row(number: c_long, name: &'static str, errnos: &'static [i32]) -> Row {
    Row { number, name, errnos, short: false, left_out: "" }
}

const fn short(number: c_long, name: &'static str, errnos: &'static [i32]) -> Row {
    Row { short: true, ..row(number, name, errnos) }
}

const fn never(number: c_long, name: &'static str, why: &'static str) -> Row {
    Row { left_out: why, ..row(number, name, &[]) }
}

const CANNOT_FAIL: &str = "cannot fail";
const OWN_ARGUMENTS: &str = "fails for bad arguments only, which are constants";
const ALLOCATOR: &str = "the allocator's, which ends a program that has no memory left";
const NEW_FD: &[i32] = &[EMFILE, ENFILE, ENOMEM];
const LOOKUP: &[i32] = &[ENOENT, EACCES, ENOMEM, ELOOP];

const ROWS: &[Row] = &[
    row(SYS_openat, "openat", &[EMFILE, ENFILE, ENOMEM, EACCES, ENOENT, EINTR, EIO, EPERM]),
    row(SYS_open, "open", &[EMFILE, ENFILE, ENOMEM, EACCES, ENOENT, EINTR, EIO, EPERM]),
    row(SYS_openat2, "openat2", &[EMFILE, ENFILE, ENOMEM, EACCES, ENOENT, EINTR, EAGAIN, EXDEV, ENOSYS, EPERM]),
    short(SYS_read, "read", &[EIO, EINTR, ENOMEM, ESRCH, EACCES]),
    short(SYS_pread64, "pread64", &[EIO, EINTR, ENOMEM]),
    short(SYS_write, "write", &[EIO, ENOSPC, EPERM, EINVAL, EINTR, ENOMEM]),
    row(SYS_close, "close", &[EINTR, EIO]),
    row(SYS_fork, "fork", &[EAGAIN, ENOMEM]),
    row(SYS_vfork, "vfork", &[EAGAIN, ENOMEM]),
    row(SYS_clone, "clone", &[EAGAIN, ENOMEM, EPERM]),
    row(SYS_clone3, "clone3", &[EAGAIN, ENOMEM, ENOSYS, EPERM]),
    row(SYS_unshare, "unshare", &[EPERM, EINVAL, ENOMEM, ENOSPC, EUSERS]),
    row(SYS_setns, "setns", &[EPERM, EINVAL, ENOMEM, ESRCH]),
    row(SYS_mount, "mount", &[EPERM, EINVAL, ENOMEM, EBUSY, ENOENT, ENOTDIR, EACCES, ELOOP, ENODEV, ENOSPC]),
    row(SYS_open_tree, "open_tree", &[ENOSYS, EPERM, ENOMEM, EMFILE, ENOENT, EACCES]),
    row(SYS_move_mount, "move_mount", &[EPERM, EINVAL, ENOMEM, EBUSY, ENOENT, ENOSPC]),
    row(SYS_mount_setattr, "mount_setattr", &[ENOSYS, EPERM, EINVAL, ENOMEM, EBUSY]),
    row(SYS_fsopen, "fsopen", &[ENOSYS, EPERM, ENODEV, EMFILE, ENFILE, ENOMEM]),
    row(SYS_fsconfig, "fsconfig", &[ENOSYS, EPERM, EINVAL, ENOMEM, EBUSY]),
    row(SYS_fsmount, "fsmount", &[ENOSYS, EPERM, EINVAL, ENOMEM, EMFILE]),
    row(SYS_pivot_root, "pivot_root", &[EPERM, EINVAL, EBUSY, ENOTDIR, ENOMEM]),
    row(SYS_mkdirat, "mkdirat", &[EACCES, EEXIST, ENOSPC, ENOMEM, EDQUOT, EROFS]),
    row(SYS_symlinkat, "symlinkat", &[EACCES, EEXIST, ENOSPC, ENOMEM, EDQUOT, EROFS]),
    row(SYS_umount2, "umount2", &[EPERM, EINVAL, ENOMEM, EBUSY]),
    row(SYS_chroot, "chroot", &[EPERM, EACCES, ENOENT, ENOTDIR, ENOMEM, EIO]),
    row(SYS_chdir, "chdir", &[EACCES, ENOENT, ENOTDIR, ENOMEM, EIO]),
    row(SYS_fchdir, "fchdir", &[EACCES, ENOTDIR, EIO]),
    row(SYS_setgroups, "setgroups", &[EPERM, ENOMEM]),
    row(SYS_setgid, "setgid", &[EPERM, EINVAL]),
    row(SYS_setuid, "setuid", &[EPERM, EINVAL, EAGAIN]),
    row(SYS_setresgid, "setresgid", &[EPERM, EINVAL]),
    row(SYS_setresuid, "setresuid", &[EPERM, EINVAL, EAGAIN]),
    row(SYS_sethostname, "sethostname", &[EPERM]),
    row(SYS_setdomainname, "setdomainname", &[EPERM]),
    row(SYS_capset, "capset", &[EPERM, ENOMEM]),
    row(SYS_capget, "capget", &[EPERM, EINVAL]),
    row(SYS_prctl, "prctl", &[EINVAL, EPERM]),
    row(SYS_pidfd_open, "pidfd_open", &[EMFILE, ENFILE, ENOMEM, ENOSYS, EINVAL, ESRCH]),
    row(SYS_pidfd_getfd, "pidfd_getfd", &[EMFILE, ENFILE, ENOSYS, EPERM, EBADF, ESRCH]),
    row(SYS_pidfd_send_signal, "pidfd_send_signal", &[EPERM, ESRCH, ENOSYS]),
    row(SYS_ioctl, "ioctl", &[ENOTTY, EPERM, ENOMEM, EMFILE]),
    row(SYS_socketpair, "socketpair", &[EMFILE, ENFILE, ENOMEM, ENOBUFS, EAFNOSUPPORT]),
    row(SYS_socket, "socket", &[EMFILE, ENFILE, ENOMEM, EACCES, EAFNOSUPPORT]),
    row(457, "statmount", &[ENOSYS, EPERM, ENOMEM, ENOENT]),
    row(458, "listmount", &[ENOSYS, EPERM, ENOMEM, ENOENT]),
    row(470, "listns", &[ENOSYS, EPERM, ENOMEM, EINVAL]),
    row(SYS_kcmp, "kcmp", &[ENOSYS, EPERM, ESRCH]),
    row(SYS_pipe2, "pipe2", NEW_FD),
    row(SYS_dup, "dup", &[EMFILE]),
    row(SYS_dup2, "dup2", &[EINTR]),
    row(SYS_sendto, "sendto", &[EINTR, ENOMEM, ENOBUFS, EPIPE, ECONNRESET]),
    row(SYS_recvfrom, "recvfrom", &[EINTR, ENOMEM, ECONNRESET]),
    row(SYS_sendmsg, "sendmsg", &[EINTR, ENOMEM, ENOBUFS, EPIPE, ECONNRESET]),
    row(SYS_recvmsg, "recvmsg", &[EINTR, ENOMEM, ECONNRESET]),
    row(SYS_setsockopt, "setsockopt", &[ENOMEM, ENOPROTOOPT]),
    row(SYS_getsockopt, "getsockopt", &[ENOTSOCK, ENOPROTOOPT, ENOMEM]),
    row(SYS_close_range, "close_range", &[ENOSYS, EPERM]),
    row(SYS_wait4, "wait4", &[EINTR]),
    row(SYS_waitid, "waitid", &[EINTR]),
    row(SYS_poll, "poll", &[EINTR, ENOMEM]),
    row(SYS_ppoll, "ppoll", &[EINTR, ENOMEM]),
    row(SYS_clock_nanosleep, "clock_nanosleep", &[EINTR]),
    row(SYS_restart_syscall, "restart_syscall", &[EINTR]),
    row(SYS_signalfd4, "signalfd4", &[EMFILE, ENFILE, ENOMEM, ENOSYS, EPERM]),
    row(SYS_rt_sigtimedwait, "rt_sigtimedwait", &[EINTR]),
    row(SYS_stat, "stat", LOOKUP),
    row(SYS_lstat, "lstat", LOOKUP),
    row(SYS_newfstatat, "newfstatat", LOOKUP),
    row(SYS_statx, "statx", &[ENOENT, EACCES, ENOMEM, ELOOP, ENOSYS]),
    row(SYS_fstat, "fstat", &[ENOMEM, EIO]),
    row(SYS_statfs, "statfs", &[ENOENT, EACCES, ENOMEM, EIO]),
    row(SYS_fstatfs, "fstatfs", &[ENOSYS, ENOMEM, EIO]),
    row(SYS_readlink, "readlink", LOOKUP),
    row(SYS_readlinkat, "readlinkat", LOOKUP),
    row(SYS_access, "access", LOOKUP),
    row(SYS_faccessat2, "faccessat2", &[ENOENT, EACCES, ENOMEM, ELOOP, ENOSYS, EPERM]),
    row(SYS_getdents64, "getdents64", &[EIO, ENOMEM, ENOENT]),
    row(SYS_lseek, "lseek", &[EINVAL, ESPIPE]),
    row(SYS_getcwd, "getcwd", &[ENOENT, ENOMEM, EACCES]),
    row(SYS_execve, "execve", &[ENOENT, EACCES, ENOMEM, E2BIG, ETXTBSY, EIO, EPERM]),
    row(SYS_kill, "kill", &[ESRCH, EPERM]),
    row(SYS_setsid, "setsid", &[EPERM]),
    row(SYS_setpgid, "setpgid", &[EPERM, EACCES, ESRCH]),
    row(SYS_getpgid, "getpgid", &[ESRCH, EPERM]),
    row(SYS_getsid, "getsid", &[ESRCH, EPERM]),
    row(SYS_getgroups, "getgroups", &[EINVAL]),
    row(SYS_prlimit64, "prlimit64", &[EPERM]),
    row(SYS_ptrace, "ptrace", &[EPERM, ESRCH, EIO]),
    row(SYS_seccomp, "seccomp", &[EACCES, EINVAL, ENOMEM, ENOSYS]),
    row(SYS_setpriority, "setpriority", &[EACCES, EPERM]),
    row(SYS_ioprio_get, "ioprio_get", &[EPERM, ESRCH]),
    row(SYS_ioprio_set, "ioprio_set", &[EPERM, EINVAL]),
    row(SYS_sched_setaffinity, "sched_setaffinity", &[EINVAL, EPERM]),
    row(SYS_open_by_handle_at, "open_by_handle_at", &[EMFILE, ENOMEM, EPERM, ESTALE]),
    never(SYS_fcntl, "fcntl", "fails for a descriptor that is not open only"),
    never(SYS_uname, "uname", CANNOT_FAIL),
    never(SYS_umask, "umask", CANNOT_FAIL),
    never(SYS_getpid, "getpid", CANNOT_FAIL),
    never(SYS_getppid, "getppid", CANNOT_FAIL),
    never(SYS_gettid, "gettid", CANNOT_FAIL),
    never(SYS_getuid, "getuid", CANNOT_FAIL),
    never(SYS_geteuid, "geteuid", CANNOT_FAIL),
    never(SYS_getgid, "getgid", CANNOT_FAIL),
    never(SYS_getegid, "getegid", CANNOT_FAIL),
    never(SYS_getpgrp, "getpgrp", CANNOT_FAIL),
    never(SYS_exit, "exit", CANNOT_FAIL),
    never(SYS_futex, "futex", "waits for a thread of ours, and is asked again whatever it says"),
    never(SYS_exit_group, "exit_group", CANNOT_FAIL),
    never(SYS_set_tid_address, "set_tid_address", CANNOT_FAIL),
    never(SYS_arch_prctl, "arch_prctl", OWN_ARGUMENTS),
    never(SYS_set_robust_list, "set_robust_list", OWN_ARGUMENTS),
    never(SYS_rseq, "rseq", OWN_ARGUMENTS),
    never(SYS_rt_sigprocmask, "rt_sigprocmask", OWN_ARGUMENTS),
    never(SYS_rt_sigaction, "rt_sigaction", OWN_ARGUMENTS),
    never(SYS_rt_sigpending, "rt_sigpending", OWN_ARGUMENTS),
    never(SYS_rt_sigreturn, "rt_sigreturn", CANNOT_FAIL),
    never(SYS_tgkill, "tgkill", "raises a signal in its own process"),
    never(SYS_getrandom, "getrandom", "the seed of a hash map: the runtime has other sources"),
    never(SYS_brk, "brk", ALLOCATOR),
    never(SYS_mmap, "mmap", ALLOCATOR),
    never(SYS_munmap, "munmap", ALLOCATOR),
    never(SYS_mremap, "mremap", ALLOCATOR),
    never(SYS_mprotect, "mprotect", ALLOCATOR),
    never(SYS_madvise, "madvise", ALLOCATOR),
];

/// Signals that arrive: one that ends a process, one that does nothing but interrupt, and one that nobody can hold back.
const SIGNALS: [i32; 3] = [SIGTERM, SIGCONT, SIGKILL];

/// The row of a call.
pub fn row_of(call: &Call) -> Option<&'static Row> {
    // musl's getpgrp(2), which cannot fail either.
    let is_getpgrp = call.number == SYS_getpgid && call.args[0] == 0;
    let number = if is_getpgrp { SYS_getpgrp } else { call.number };
    ROWS.iter().find(|row| row.number == number)
}

/// What is to befall the call, one after the other. (ENOEXEC of execve(2) has a case of its own, since it is no error.)
pub fn effects(call: &Call, row: &Row) -> Vec<Effect> {
    // Linux has closed the descriptor, whatever it answers.
    let effect = if call.number == SYS_close { Effect::LateError } else { Effect::Error };
    let errnos = row.errnos.iter().map(|errno| effect(*errno));
    let count = call.args[2];
    // A map without its last digit is a map as well.
    let shorter =
        if call.number == SYS_write { vec![1, count.saturating_sub(1), count.saturating_sub(2)] } else { vec![1] };
    let short = shorter.into_iter().filter(|less| row.short && *less > 0 && *less < count).map(Effect::Bytes);
    let signals = if row.left_out == ALLOCATOR { &[] } else { &SIGNALS[..] };
    let signals = signals.iter().map(|signal| Effect::Signal(*signal));
    errnos.chain(short).chain(signals).collect()
}

impl Row {
    /// Why no error is given by this call, if so.
    pub fn left_out(&self) -> Option<&'static str> {
        (!self.left_out.is_empty()).then_some(self.left_out)
    }
}
