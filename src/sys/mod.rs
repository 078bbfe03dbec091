//! Calls of the kernel and of the C library that nix lacks, one thin safe function each. Only this room has `unsafe`
//! code.

#![allow(unsafe_code)]

pub mod at;
pub mod bpf;
pub mod capability;
pub mod entry;
mod error_text;
pub mod exec;
pub mod file;
pub mod limit;
pub mod locale;
pub mod mask;
pub mod memory;
pub mod mount;
pub mod mount_tree;
pub mod netdevice;
pub mod nsfs;
pub mod path_of;
pub mod pidfd;
pub mod process;
pub mod scheduling;
pub mod seccomp;
pub mod signal;
pub mod socket;
pub mod stat;
pub mod terminal;
pub mod tracing;
pub mod uts;

use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

pub use error_text::error_text;

/// Turns the -1 of a C function into the errno it left.
fn check(result: libc::c_long) -> nix::Result<libc::c_long> {
    if result == -1 { Err(Errno::last()) } else { Ok(result) }
}

/// Owns the descriptor that a system call has made, or returns the errno that it left.
///
/// # Safety
/// `result` is what a call returned that makes a descriptor, which nothing else has taken yet.
unsafe fn new_descriptor(result: libc::c_long) -> nix::Result<OwnedFd> {
    // A descriptor is a C int, even if syscall(2) returns a long.
    let fd = check(result)? as RawFd;
    // SAFETY: it has just been made and belongs to nobody else, as our caller says.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
