//! Calls of the kernel and of the C library that nix lacks, one thin safe function each. Only this room has `unsafe`
//! code.

#![allow(unsafe_code)]

pub mod at;
pub mod capability;
pub mod entry;
pub mod exec;
pub mod file;
pub mod locale;
pub mod memory;
pub mod mount;
pub mod mount_tree;
pub mod netdevice;
pub mod nsfs;
pub mod pidfd;
pub mod process;
pub mod signal;
pub mod socket;
pub mod stat;
pub mod terminal;
pub mod uts;

use std::ffi::CStr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

/// The C library's text for this error, as in strerror(3): `Operation not permitted`.
pub fn error_text(errno: Errno) -> String {
    let mut text = [0 as libc::c_char; 256];
    // SAFETY: the buffer is writable for the length given, and strerror_r ends what it writes with a NUL.
    let failed = unsafe { libc::strerror_r(errno as i32, text.as_mut_ptr(), text.len()) } != 0;
    if failed {
        return format!("Unknown error {}", errno as i32);
    }
    // SAFETY: see above: the text is ended within the buffer.
    unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned()
}

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
