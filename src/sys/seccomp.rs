//! Seccomp filters: those of another process, and for this one, see seccomp(2) and ptrace(2).

use nix::errno::Errno;

use super::check;
use super::tracing::Stopped;

/// BPF_MAXINSNS of <linux/bpf_common.h>: a filter has no more instructions.
const MOST_INSTRUCTIONS: usize = 4096;

/// MAX_INSNS_PER_PATH of kernel/seccomp.c: all filters of a process together have no more.
const MOST_IN_ALL: usize = 32768;

/// PTRACE_SECCOMP_GET_FILTER of <linux/ptrace.h>, Linux 4.4.
const GET_FILTER: libc::c_long = 0x420c;
/// PTRACE_SECCOMP_GET_METADATA, Linux 4.16.
const GET_METADATA: libc::c_long = 0x420d;

/// SECCOMP_FILTER_FLAG_LOG of <linux/seccomp.h>, the only flag that the kernel tells.
const FLAG_LOG: u64 = 2;

/// SECCOMP_SET_MODE_FILTER.
const SET_MODE_FILTER: libc::c_long = 1;

/// A filter: a program that the kernel runs before each system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeccompFilter {
    /// Its instructions, each as the kernel lays struct sock_filter out.
    pub instructions: Vec<[u8; 8]>,
    /// Whether what it refuses is logged.
    pub log: bool,
}

/// struct seccomp_metadata.
#[repr(C)]
struct Metadata {
    number: u64,
    flags: u64,
}

/// The filters of a process that stands still, oldest first. Errors: EACCES without CAP_SYS_ADMIN in the initial user
/// namespace, or if we are filtered ourselves; EIO if the kernel cannot tell (CONFIG_CHECKPOINT_RESTORE); EMEDIUMTYPE for a
/// filter of another sort; EINVAL if the process has none.
pub fn filters_of(process: &Stopped) -> nix::Result<Vec<SeccompFilter>> {
    let mut filters = Vec::new();
    let mut left = MOST_IN_ALL;
    // Room for as many as one can have: another thread of the process may exchange its filters meanwhile.
    let mut room = vec![[0u8; 8]; MOST_INSTRUCTIONS];
    loop {
        let number = filters.len();
        // SAFETY: there is room for as many instructions as a filter can have.
        let length = match unsafe { process.ask(GET_FILTER, number, room.as_mut_ptr().cast()) } {
            // The one before was the last.
            Err(Errno::ENOENT) => return Ok(filters),
            length => usize::try_from(length?).map_err(|_| Errno::EIO)?,
        };
        let instructions = room.get(..length).filter(|_| length <= left).ok_or(Errno::E2BIG)?.to_vec();
        left -= length;
        filters.push(SeccompFilter { instructions, log: is_logged(process, number)? });
    }
}

fn is_logged(process: &Stopped, number: usize) -> nix::Result<bool> {
    let mut metadata = Metadata { number: number as u64, flags: 0 };
    // SAFETY: a structure of the size said.
    match unsafe { process.ask(GET_METADATA, size_of::<Metadata>(), std::ptr::from_mut(&mut metadata).cast()) } {
        Ok(_) => Ok(metadata.flags & FLAG_LOG != 0),
        // Before Linux 4.16, which has no flag that is told. (4.14 had this one already.)
        Err(Errno::EIO) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// struct sock_fprog.
#[repr(C)]
struct Program {
    length: libc::c_ushort,
    instructions: *const [u8; 8],
}

/// Puts a filter on this process, for good. Errors: EACCES without CAP_SYS_ADMIN in our user namespace and without
/// no_new_privs; EINVAL if it is none.
pub fn install(filter: &SeccompFilter) -> nix::Result<()> {
    let length = libc::c_ushort::try_from(filter.instructions.len()).map_err(|_| Errno::EINVAL)?;
    let program = Program { length, instructions: filter.instructions.as_ptr() };
    let flags = if filter.log { FLAG_LOG } else { 0 };
    // SAFETY: a structure that points to a filter of the length said, both of which live on. The kernel copies them, wherever
    // they lie.
    check(unsafe { libc::syscall(libc::SYS_seccomp, SET_MODE_FILTER, flags as libc::c_ulong, &program) }).map(drop)
}
