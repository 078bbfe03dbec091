//! stat(2) with 64-bit inode and device numbers. nix takes the C library's plain `stat`, whose inode numbers have 32 bits
//! on 32-bit glibc: a file with a larger one would be an error (EOVERFLOW) there.

use std::os::fd::{AsFd, AsRawFd};

use nix::NixPath;
use nix::sys::stat::SFlag;

use super::check;

/// What stat(2) tells: inode and device numbers have 64 bits on every target.
pub type FileStat = libc::stat64;

/// stat(2): follows a symbolic link. Errors of stat(2).
pub fn stat(path: &(impl NixPath + ?Sized)) -> nix::Result<FileStat> {
    // SAFETY: a C string and a writable structure.
    path.with_nix_path(|path| filled(|stat| unsafe { libc::stat64(path.as_ptr(), stat) }))?
}

/// lstat(2): what a symbolic link itself is. Errors of stat(2).
pub fn lstat(path: &(impl NixPath + ?Sized)) -> nix::Result<FileStat> {
    // SAFETY: a C string and a writable structure.
    path.with_nix_path(|path| filled(|stat| unsafe { libc::lstat64(path.as_ptr(), stat) }))?
}

/// fstat(2). Errors of stat(2).
pub fn fstat(fd: impl AsFd) -> nix::Result<FileStat> {
    // SAFETY: an open descriptor and a writable structure.
    filled(|stat| unsafe { libc::fstat64(fd.as_fd().as_raw_fd(), stat) })
}

/// fstatat(2) of `path` below `directory`; what a symbolic link itself is. Errors of stat(2).
pub fn lstat_at(directory: impl AsFd, path: &(impl NixPath + ?Sized)) -> nix::Result<FileStat> {
    let directory = directory.as_fd().as_raw_fd();
    path.with_nix_path(|path| {
        // SAFETY: an open descriptor, a C string and a writable structure.
        filled(|stat| unsafe { libc::fstatat64(directory, path.as_ptr(), stat, libc::AT_SYMLINK_NOFOLLOW) })
    })?
}

/// Whether it is a file of this type, `SFlag::S_IFDIR` and the like.
pub fn is_of_type(stat: &FileStat, wanted: SFlag) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == wanted
}

fn filled(call: impl FnOnce(&mut FileStat) -> libc::c_int) -> nix::Result<FileStat> {
    // SAFETY: an all-zero stat structure is a valid value.
    let mut stat = unsafe { std::mem::zeroed() };
    check(call(&mut stat).into())?;
    Ok(stat)
}
