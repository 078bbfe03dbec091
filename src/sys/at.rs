//! System calls relative to an open directory, into buffers of the caller: what a walk over /proc makes by the hundred
//! thousand.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

use super::check;

/// The target of the symbolic link `path` below `directory`, cut at the length of the buffer, see readlinkat(2). Links
/// of /proc need the ptrace rights of proc_pid_ns(5) and proc_pid_fd(5): EACCES, EPERM; ENOENT once the process ended.
pub fn read_link<'b>(directory: impl AsFd, path: &CStr, buffer: &'b mut [u8]) -> nix::Result<&'b [u8]> {
    // SAFETY: the path is NUL-terminated and the buffer is writable for the length given.
    let length = check(unsafe {
        libc::readlinkat(directory.as_fd().as_raw_fd(), path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len())
            as libc::c_long
    })?;
    Ok(&buffer[..length as usize])
}

/// Offsets in struct linux_dirent64 of getdents64(2).
const RECORD_LENGTH: usize = 16;
const NAME: usize = 19;

/// Calls `visit` with each name in `directory`, `.` and `..` included, from where it stands. Errors of getdents64(2):
/// ENOENT once the process of a /proc directory has ended.
pub fn for_each_name(directory: impl AsFd, buffer: &mut [u8], mut visit: impl FnMut(&CStr)) -> nix::Result<()> {
    loop {
        // SAFETY: the buffer is writable for the length given.
        let length = match check(unsafe {
            libc::syscall(libc::SYS_getdents64, directory.as_fd().as_raw_fd(), buffer.as_mut_ptr(), buffer.len())
        }) {
            Ok(0) => return Ok(()),
            Ok(length) => length as usize,
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno),
        };
        let mut rest = &buffer[..length];
        while let Some(&[low, high]) = rest.get(RECORD_LENGTH..RECORD_LENGTH + 2) {
            let record = usize::from(u16::from_ne_bytes([low, high]));
            if record <= NAME || record > rest.len() {
                break;
            }
            if let Ok(name) = CStr::from_bytes_until_nul(&rest[NAME..record]) {
                visit(name);
            }
            rest = &rest[record..];
        }
    }
}
