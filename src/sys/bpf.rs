//! bpf(2), as far as a BPF iterator needs it: a program that the kernel runs once for each task or file, when somebody
//! reads a descriptor. It is attached to nothing, and is gone with its descriptors.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::new_descriptor;

// Commands of bpf(2), and the kind of program, of <linux/bpf.h>.
const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_LINK_CREATE: libc::c_int = 28;
const BPF_ITER_CREATE: libc::c_int = 33;
const BPF_PROG_TYPE_TRACING: u32 = 26;
const BPF_TRACE_ITER: u32 = 28;

/// An instruction, struct bpf_insn of <linux/bpf.h>.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BpfInstruction {
    /// What it does.
    pub code: u8,
    /// Two registers of four bits each, see [`registers`].
    pub registers: u8,
    /// Of a load or store; of a jump.
    pub offset: i16,
    /// A number.
    pub number: i32,
}

/// The destination and the source, as bit fields of C lie.
pub const fn registers(destination: u8, source: u8) -> u8 {
    match cfg!(target_endian = "big") {
        true => destination << 4 | source,
        false => destination | source << 4,
    }
}

/// The head of union bpf_attr, for BPF_PROG_LOAD.
#[repr(C)]
#[derive(Default)]
struct ProgramAttributes {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    interface: u32,
    attach_type: u32,
    btf: u32,
    function_size: u32,
    functions: u64,
    function_count: u32,
    line_size: u32,
    lines: u64,
    line_count: u32,
    attach_to: u32,
}

/// For BPF_LINK_CREATE.
#[repr(C)]
struct LinkAttributes {
    program: u32,
    target: u32,
    attach_type: u32,
    flags: u32,
    spare: [u64; 2],
}

/// For BPF_ITER_CREATE.
#[repr(C)]
struct IteratorAttributes {
    link: u32,
    flags: u32,
}

/// # Safety
/// The attributes are those of the command, which makes a descriptor.
unsafe fn bpf<A>(command: libc::c_int, attributes: &A) -> nix::Result<OwnedFd> {
    let attributes: *const A = attributes;
    // SAFETY: as our caller says. The kernel makes these descriptors close-on-exec.
    unsafe { new_descriptor(libc::syscall(libc::SYS_bpf, command, attributes, size_of::<A>())) }
}

fn number(file: &OwnedFd) -> u32 {
    file.as_fd().as_raw_fd().cast_unsigned()
}

/// A program that the kernel has taken, to run for each thing that an iterator goes through.
#[derive(Debug)]
pub struct LoadedProgram(OwnedFd);

/// Loads a program for the iterator with the number `iterator`, that of a function in the kernel's BTF. Errors of bpf(2):
/// EPERM without CAP_BPF and CAP_PERFMON or CAP_SYS_ADMIN; EINVAL, EACCES if the kernel does not take the program; ENOSYS.
pub fn load(program: &[BpfInstruction], iterator: u32) -> nix::Result<LoadedProgram> {
    let attributes = ProgramAttributes {
        kind: BPF_PROG_TYPE_TRACING,
        count: program.len() as u32,
        instructions: program.as_ptr() as u64,
        // bpf_seq_write() is for programs under the GPL, and the kernel knows this name of ours.
        license: c"Dual MIT/GPL".as_ptr() as u64,
        attach_type: BPF_TRACE_ITER,
        attach_to: iterator,
        ..ProgramAttributes::default()
    };
    // SAFETY: the program and the licence live beyond the call, and are only read.
    let program = unsafe { bpf(BPF_PROG_LOAD, &attributes)? };
    let attributes =
        LinkAttributes { program: number(&program), target: 0, attach_type: BPF_TRACE_ITER, flags: 0, spare: [0; 2] };
    // SAFETY: plain numbers.
    let link = unsafe { bpf(BPF_LINK_CREATE, &attributes)? };
    Ok(LoadedProgram(link))
}

impl LoadedProgram {
    /// A descriptor that is read for what the program writes: the kernel goes through everything once. Errors of bpf(2).
    pub fn iterate(&self) -> nix::Result<OwnedFd> {
        // SAFETY: plain numbers.
        unsafe { bpf(BPF_ITER_CREATE, &IteratorAttributes { link: number(&self.0), flags: 0 }) }
    }
}
