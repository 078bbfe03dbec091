//! The registers of a process that is stopped at a system call: on x86-64; elsewhere no call is seen, and none can be
//! made to fail.

pub use imp::*;

#[cfg(target_arch = "x86_64")]
mod imp {
    pub use libc::user_regs_struct as Registers;

    /// The registers of a stopped process; `None` if it has been killed meanwhile.
    pub fn get(pid: i32) -> Option<Registers> {
        let null = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: a structure of plain numbers, which may be all zero, to write to.
        unsafe {
            let mut registers: Registers = std::mem::zeroed();
            (libc::ptrace(libc::PTRACE_GETREGS, pid, null, &mut registers) == 0).then_some(registers)
        }
    }

    /// Changes the registers of a stopped process.
    pub fn set(pid: i32, registers: &Registers) {
        let null = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: a whole structure to read from.
        unsafe { libc::ptrace(libc::PTRACE_SETREGS, pid, null, registers) };
    }

    /// The number of the call that begins.
    pub fn number(registers: &Registers) -> i64 {
        registers.orig_rax as i64
    }

    /// Its arguments.
    pub fn arguments(r: &Registers) -> [u64; 6] {
        [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9]
    }

    /// Has the kernel do nothing: it knows no call of this number.
    pub fn skip_call(registers: &mut Registers) {
        registers.orig_rax = u64::MAX;
    }

    /// Has the call that ends give an error.
    pub fn answer(registers: &mut Registers, errno: i32) {
        registers.rax = -i64::from(errno) as u64;
    }

    /// Lowers the third argument, and returns what it was. A text with numbers in it may be shorter than in the run before: the
    /// call is made with fewer bytes than the program has given it this time.
    pub fn set_count(registers: &mut Registers, count: u64) -> u64 {
        let given = registers.rdx;
        registers.rdx = count.min(given.saturating_sub(1)).max(1);
        given
    }

    /// Which argument of the call is a path: of mount(2), the place.
    pub fn path_argument(number: i64) -> Option<usize> {
        match number {
            libc::SYS_open
            | libc::SYS_stat
            | libc::SYS_lstat
            | libc::SYS_readlink
            | libc::SYS_chdir
            | libc::SYS_chroot
            | libc::SYS_execve
            | libc::SYS_umount2
            | libc::SYS_access => Some(0),
            libc::SYS_openat | libc::SYS_newfstatat | libc::SYS_statx | libc::SYS_readlinkat | libc::SYS_mount => {
                Some(1)
            }
            _ => None,
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod imp {
    pub struct Registers;

    pub fn get(_: i32) -> Option<Registers> {
        None
    }

    pub fn set(_: i32, _: &Registers) {}

    pub fn number(_: &Registers) -> i64 {
        -1
    }

    pub fn arguments(_: &Registers) -> [u64; 6] {
        [0; 6]
    }

    pub fn skip_call(_: &mut Registers) {}

    pub fn answer(_: &mut Registers, _: i32) {}

    pub fn set_count(_: &mut Registers, _: u64) -> u64 {
        0
    }

    pub fn path_argument(_: i64) -> Option<usize> {
        None
    }
}
