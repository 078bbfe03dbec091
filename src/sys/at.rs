//! System calls relative to an open directory, into buffers of the caller. A walk over /proc makes a hundred thousand
//! of them.

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

/// What a file is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// The device of its file system, as in `st_dev` of stat(2).
    pub device: u64,
    /// Its inode number.
    pub ino: u64,
    /// The major and minor number of a character device.
    pub character_device: Option<(u32, u32)>,
    /// The same of a block device.
    pub block_device: Option<(u32, u32)>,
    /// Whether it is a directory.
    pub is_directory: bool,
}

/// What `path` below `directory` leads to, as far as the kernel knows. We call statx(2) with AT_STATX_DONT_SYNC and an
/// empty mask: the kernel then does not ask the server of a network or user-space file system, which may never answer,
/// and still returns the facts that it has. Errors: those of [`read_link`]; ENOSYS before Linux 4.11.
pub fn facts(directory: impl AsFd, path: &CStr) -> nix::Result<FileFacts> {
    facts_with(directory, path, 0)
}

/// The same of an open file.
pub fn facts_of(file: impl AsFd) -> nix::Result<FileFacts> {
    facts_with(file, c"", libc::AT_EMPTY_PATH)
}

fn facts_with(directory: impl AsFd, path: &CStr, more: libc::c_int) -> nix::Result<FileFacts> {
    let flags = libc::AT_STATX_DONT_SYNC | libc::AT_NO_AUTOMOUNT | more;
    // SAFETY: an all-zero statx structure is a valid value.
    let mut found: libc::statx = unsafe { std::mem::zeroed() };
    let directory = directory.as_fd().as_raw_fd();
    // SAFETY: the path is NUL-terminated and the structure writable. Called by its number, because musl before 1.2.5
    // lacks the function.
    check(unsafe { libc::syscall(libc::SYS_statx, directory, path.as_ptr(), flags, 0, &mut found) })?;
    let is_of_type = |wanted| u32::from(found.stx_mode) & libc::S_IFMT == wanted;
    let is_device = |wanted| is_of_type(wanted).then_some((found.stx_rdev_major, found.stx_rdev_minor));
    Ok(FileFacts {
        device: libc::makedev(found.stx_dev_major, found.stx_dev_minor),
        ino: found.stx_ino,
        character_device: is_device(libc::S_IFCHR),
        block_device: is_device(libc::S_IFBLK),
        is_directory: is_of_type(libc::S_IFDIR),
    })
}

/// Offsets in struct linux_dirent64 of getdents64(2).
const RECORD_LENGTH: usize = 16;
const TYPE: usize = 18;
const NAME: usize = 19;

/// Calls `visit` with each name in `directory`, including `.` and `..`, from its current offset on. Errors of
/// getdents64(2): ENOENT once the process of a /proc directory has ended.
pub fn for_each_name(directory: impl AsFd, buffer: &mut [u8], mut visit: impl FnMut(&CStr)) -> nix::Result<()> {
    for_each_entry(directory, buffer, |name, _| visit(name))
}

/// The same, and whether the entry may be a directory. Errors: the same.
pub fn for_each_entry(directory: impl AsFd, buffer: &mut [u8], mut visit: impl FnMut(&CStr, bool)) -> nix::Result<()> {
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
                visit(name, matches!(rest[TYPE], libc::DT_DIR | libc::DT_UNKNOWN));
            }
            rest = &rest[record..];
        }
    }
}
