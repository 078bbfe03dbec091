//! Puts the instructions of a BPF program together, see the kernel's documentation of its instruction set.

use super::btf::FieldPath;
use crate::sys::bpf::{BpfInstruction, registers};

/// A register: 0 has the result of a call, 1 to 5 its arguments; 6 to 9 outlive it.
pub type Register = u8;

/// The end of the stack.
pub const FRAME: Register = 10;

/// Numbers of helpers, enum bpf_func_id of <linux/bpf.h>.
#[derive(Clone, Copy, Debug)]
pub enum KernelFunction {
    /// bpf_probe_read_kernel(destination, size, place).
    ProbeReadKernel = 113,
    /// bpf_seq_write(seq_file, data, size).
    SeqWrite = 127,
    /// bpf_sock_from_file(file); Linux 5.11.
    SockFromFile = 162,
}

const LOAD: u8 = 0x61;
const STORE: u8 = 0x63;
const STORE_NUMBER: u8 = 0x62;
const MOVE: u8 = 0xbf;
const MOVE_NUMBER: u8 = 0xb7;
const ADD: u8 = 0x0f;
const ADD_NUMBER: u8 = 0x07;
const MULTIPLY_NUMBER: u8 = 0x27;
const AND_NUMBER: u8 = 0x57;
const JUMP: u8 = 0x05;
const JUMP_IF_EQUAL: u8 = 0x1d;
const JUMP_IF_NUMBER: u8 = 0x15;
const JUMP_UNLESS_NUMBER: u8 = 0x55;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;

/// The bits of a load or store that say how much, for 4 bytes: none.
const fn size_bits(size: u32) -> u8 {
    match size {
        1 => 0x10,
        2 => 0x08,
        4 => 0x00,
        _ => 0x18,
    }
}

/// A jump whose end is not known yet.
#[must_use]
pub struct Jump(usize);

/// A program that grows.
#[derive(Default)]
pub struct Assembler(Vec<BpfInstruction>);

impl Assembler {
    fn push(&mut self, code: u8, (to, from): (Register, Register), offset: i16, number: i32) {
        self.0.push(BpfInstruction { code, registers: registers(to, from), offset, number });
    }

    /// Reads `size` bytes at an address with an offset.
    pub fn load(&mut self, size: u32, to: Register, from: Register, offset: i16) {
        self.push(LOAD | size_bits(size), (to, from), offset, 0);
    }

    /// Follows a path that starts at the address in `from`.
    pub fn follow(&mut self, to: Register, from: Register, path: &FieldPath) {
        let mut from = from;
        for (at, offset) in path.offsets.iter().enumerate() {
            let is_last = at + 1 == path.offsets.len();
            // The reader of paths has seen to it that they are in reach.
            self.load(if is_last { path.size } else { 8 }, to, from, offset.cast_signed());
            from = to;
        }
    }

    /// Writes `size` bytes of a register to the stack.
    pub fn store(&mut self, size: u32, at: i16, from: Register) {
        self.push(STORE | size_bits(size), (FRAME, from), at, 0);
    }

    /// Writes a number of `size` bytes to the stack.
    pub fn store_number(&mut self, size: u32, at: i16, number: i32) {
        self.push(STORE_NUMBER | size_bits(size), (FRAME, 0), at, number);
    }

    /// `to = from`.
    pub fn copy(&mut self, to: Register, from: Register) {
        self.push(MOVE, (to, from), 0, 0);
    }

    /// `to = number`.
    pub fn set(&mut self, to: Register, number: i32) {
        self.push(MOVE_NUMBER, (to, 0), 0, number);
    }

    /// `to += from`.
    pub fn add(&mut self, to: Register, from: Register) {
        self.push(ADD, (to, from), 0, 0);
    }

    /// `to += number`.
    pub fn add_number(&mut self, to: Register, number: i32) {
        self.push(ADD_NUMBER, (to, 0), 0, number);
    }

    /// `to &= mask; to *= number`: what the kernel sees to be small.
    pub fn scale(&mut self, to: Register, mask: i32, number: i32) {
        self.push(AND_NUMBER, (to, 0), 0, mask);
        self.push(MULTIPLY_NUMBER, (to, 0), 0, number);
    }

    fn jump_with(&mut self, code: u8, registers: (Register, Register), number: i32) -> Jump {
        self.push(code, registers, 0, number);
        Jump(self.0.len() - 1)
    }

    /// Jumps.
    pub fn jump(&mut self) -> Jump {
        self.jump_with(JUMP, (0, 0), 0)
    }

    /// Jumps if the registers are equal.
    pub fn if_equal(&mut self, one: Register, other: Register) -> Jump {
        self.jump_with(JUMP_IF_EQUAL, (one, other), 0)
    }

    /// Jumps if the register is that number.
    pub fn if_number(&mut self, register: Register, number: i32) -> Jump {
        self.jump_with(JUMP_IF_NUMBER, (register, 0), number)
    }

    /// Jumps if the register is not that number.
    pub fn unless_number(&mut self, register: Register, number: i32) -> Jump {
        self.jump_with(JUMP_UNLESS_NUMBER, (register, 0), number)
    }

    /// The end of a jump is here.
    pub fn land(&mut self, Jump(from): Jump) {
        let here = self.0.len();
        if let Some(jump) = self.0.get_mut(from) {
            // Our programs are some hundred instructions long.
            jump.offset = (here - from - 1) as i16;
        }
    }

    /// Calls a helper.
    pub fn call(&mut self, helper: KernelFunction) {
        self.push(CALL, (0, 0), 0, helper as i32);
    }

    /// Ends the program, after all of `jumps` or from before.
    pub fn end(mut self, jumps: Vec<Jump>) -> Vec<BpfInstruction> {
        for jump in jumps {
            self.land(jump);
        }
        // Go on with the next task or file.
        self.set(0, 0);
        self.push(EXIT, (0, 0), 0, 0);
        self.0
    }
}
