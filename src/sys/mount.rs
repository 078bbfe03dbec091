//! Mounts by descriptor, not by path: nobody who changes a path meanwhile can change what is mounted or where.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::ptr::null;

use super::{check, new_descriptor};

const AT_RECURSIVE: libc::c_uint = 0x8000;
const AT_EMPTY_PATH: libc::c_uint = libc::AT_EMPTY_PATH as libc::c_uint;

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

/// As [`detached_bind`], with all that is mounted below. In a user namespace the kernel refuses the mount alone where something
/// below it is locked (mount_namespaces(7)), but not the tree.
pub fn detached_tree(path: &CStr) -> nix::Result<OwnedFd> {
    let flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
    // SAFETY: a C string and plain numbers in, a new descriptor out.
    unsafe { new_descriptor(libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags)) }
}

/// As [`detached_tree`], of an open directory. Errors: the same.
pub fn detached_tree_of(directory: impl AsFd) -> nix::Result<OwnedFd> {
    let flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH;
    let directory = directory.as_fd().as_raw_fd();
    // SAFETY: an open descriptor, an empty C string and a plain number in, a new descriptor out.
    unsafe { new_descriptor(libc::syscall(libc::SYS_open_tree, directory, c"".as_ptr(), flags)) }
}

/// struct mount_attr of <linux/mount.h>.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// MOUNT_ATTR_RDONLY of mount_setattr(2).
const READ_ONLY: u64 = 1;

/// Makes a mount, and all below it, read-only: mount_setattr(2). Errors: ENOSYS before Linux 5.12.
pub fn make_read_only(tree: impl AsFd) -> nix::Result<()> {
    let attributes = Attributes { set: READ_ONLY, ..Attributes::default() };
    let tree = tree.as_fd().as_raw_fd();
    let flags = AT_EMPTY_PATH | AT_RECURSIVE;
    // SAFETY: an open descriptor, an empty C string, and a structure of the size given.
    check(unsafe {
        libc::syscall(libc::SYS_mount_setattr, tree, c"".as_ptr(), flags, &attributes, size_of::<Attributes>())
    })
    .map(drop)
}

const FSOPEN_CLOEXEC: libc::c_uint = 1;
const FSMOUNT_CLOEXEC: libc::c_uint = 1;
const FSCONFIG_SET_STRING: libc::c_uint = 1;
const FSCONFIG_CMD_CREATE: libc::c_uint = 6;

/// MOUNT_ATTR_NOSUID of fsmount(2).
pub const NO_SUID: libc::c_uint = 2;
/// MOUNT_ATTR_NODEV.
pub const NO_DEVICES: libc::c_uint = 4;
/// MOUNT_ATTR_NOEXEC.
pub const NO_EXECUTION: libc::c_uint = 8;

/// A new file system of this type, which is mounted nowhere and goes with the descriptor unless [`attach`] attaches it:
/// fsopen(2), fsconfig(2) and fsmount(2). Each option is a name and its value; `flags` are those above. Errors: ENODEV where
/// the kernel has no such type, EPERM without CAP_SYS_ADMIN over the mount namespace, ENOSYS before Linux 5.2.
pub fn new_filesystem(fstype: &CStr, options: &[(&CStr, &CStr)], flags: libc::c_uint) -> nix::Result<OwnedFd> {
    // SAFETY: a C string and a plain number in, a new descriptor out.
    let context = unsafe { new_descriptor(libc::syscall(libc::SYS_fsopen, fstype.as_ptr(), FSOPEN_CLOEXEC))? };
    let fd = context.as_raw_fd();
    // The type in place of a device, as mount(8) would have it in mountinfo.
    for (name, value) in [(c"source", fstype)].iter().chain(options) {
        let (name, value) = (name.as_ptr(), value.as_ptr());
        // SAFETY: an open descriptor, plain numbers and two C strings.
        check(unsafe { libc::syscall(libc::SYS_fsconfig, fd, FSCONFIG_SET_STRING, name, value, 0) })?;
    }
    let none = null::<libc::c_char>();
    // SAFETY: an open descriptor and plain numbers; this command takes neither name nor value.
    check(unsafe { libc::syscall(libc::SYS_fsconfig, fd, FSCONFIG_CMD_CREATE, none, none, 0) })?;
    // SAFETY: an open descriptor and plain numbers in, a new descriptor out.
    unsafe { new_descriptor(libc::syscall(libc::SYS_fsmount, fd, FSMOUNT_CLOEXEC, flags)) }
}
