//! Mounts by descriptor, not by path: nobody who changes a path meanwhile can change what is mounted or where.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::{check, new_descriptor};

const OPEN_TREE_CLONE: libc::c_uint = 1;
const OPEN_TREE_CLOEXEC: libc::c_uint = libc::O_CLOEXEC as libc::c_uint;

const MOVE_MOUNT_F_EMPTY_PATH: libc::c_uint = 0x4;
const MOVE_MOUNT_T_EMPTY_PATH: libc::c_uint = 0x40;

/// A detached mount of the file at `path`: open_tree(2). It ends when the descriptor is closed, unless [`attach`] has
/// attached it. Errors: ENOSYS before Linux 5.2, EPERM without CAP_SYS_ADMIN over the mount namespace.
pub fn detached_bind(path: &CStr) -> nix::Result<OwnedFd> {
    let flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    // SAFETY: a C string and plain numbers in, a new descriptor out.
    unsafe {
        let tree = libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags);
        new_descriptor(tree)
    }
}

/// Attaches a detached mount to an open file: move_mount(2). Errors: ENOENT if the file has been removed, EINVAL if one
/// is a directory and the other is not.
pub fn attach(mount: impl AsFd, on: impl AsFd) -> nix::Result<()> {
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    // SAFETY: open descriptors, empty C strings and a plain number.
    check(unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            on.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
        )
    })
    .map(drop)
}
