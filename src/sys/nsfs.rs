//! The ioctls on namespace files, see ioctl_ns(2). Kernels that lack one answer ENOTTY.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::{request_code_none, request_code_read};

use super::{check, new_descriptor};
use crate::namespace::{Kind, KindSet};

// Architectures encode directions differently, so the numbers are made by the target's own rule, as _IO and _IOR of
// <linux/ioctl.h> make them.
const NS_GET_USERNS: libc::Ioctl = request_code_none!(NSIO, 1) as libc::Ioctl;
const NS_GET_PARENT: libc::Ioctl = request_code_none!(NSIO, 2) as libc::Ioctl;
const NS_GET_NSTYPE: libc::Ioctl = request_code_none!(NSIO, 3) as libc::Ioctl;
const NS_GET_OWNER_UID: libc::Ioctl = request_code_none!(NSIO, 4) as libc::Ioctl;
const NS_GET_ID: libc::Ioctl = request_code_read!(NSIO, 13, size_of::<u64>()) as libc::Ioctl;
/// A plain number, the same on every architecture.
const SIOCGSKNS: libc::Ioctl = 0x894c;

/// The letter of the requests on namespace files.
pub const NSIO: u8 = 0xb7;

/// Whether the target is one of those whose _IO and _IOR are other numbers.
const OTHER: bool = cfg!(any(
    target_arch = "powerpc",
    target_arch = "powerpc64",
    target_arch = "mips",
    target_arch = "mips64",
    target_arch = "sparc64"
));
/// _IOC_READ of <asm/ioctl.h>, where it stands in a number.
pub(super) const READ: u32 = if OTHER { 2 << 29 } else { 2 << 30 };

// A second opinion, which `cargo check` for any target asks for: the bits of <asm/ioctl.h>.
const _: () = {
    let none = if OTHER { 1 << 29 } else { 0 };
    assert!(NS_GET_USERNS as u32 == none | 0xb701 && NS_GET_PARENT as u32 == none | 0xb702);
    assert!(NS_GET_NSTYPE as u32 == none | 0xb703 && NS_GET_OWNER_UID as u32 == none | 0xb704);
    assert!(NS_GET_ID as u32 == READ | 8 << 16 | 0xb70d);
};

/// An ioctl that takes nothing and returns a descriptor, which the kernel makes close-on-exec.
fn descriptor(fd: impl AsFd, request: libc::Ioctl) -> nix::Result<OwnedFd> {
    // SAFETY: these requests take no argument and make a descriptor.
    unsafe { new_descriptor(libc::ioctl(fd.as_fd().as_raw_fd(), request).into()) }
}

/// The user namespace that owns a namespace. Errors: EPERM if the caller may not see it.
pub fn owner(namespace: impl AsFd) -> nix::Result<OwnedFd> {
    descriptor(namespace, NS_GET_USERNS)
}

/// The parent of a user or PID namespace. Errors: EPERM as [`owner`] and for the initial one, EINVAL for other kinds.
pub fn parent(namespace: impl AsFd) -> nix::Result<OwnedFd> {
    descriptor(namespace, NS_GET_PARENT)
}

/// The network namespace of a socket. Errors: EPERM without CAP_NET_ADMIN over it, ENOTTY if it is not a socket.
pub fn of_socket(socket: impl AsFd) -> nix::Result<OwnedFd> {
    descriptor(socket, SIOCGSKNS)
}

/// The type of nsfs in statfs(2), NSFS_MAGIC of <linux/magic.h>.
pub const NSFS_MAGIC: u32 = 0x6e73_6673;

/// Whether this is a file of nsfs, however it was opened. Errors count as no.
pub fn is_on_nsfs(file: impl AsFd) -> bool {
    nix::sys::statfs::fstatfs(file).is_ok_and(|statfs| statfs.filesystem_type() == nix::sys::statfs::NSFS_MAGIC)
}

/// The kind of a namespace; `None` for a kind that we do not know. Errors: ENOTTY if it is not a namespace file.
pub fn kind(namespace: impl AsFd) -> nix::Result<Option<Kind>> {
    // SAFETY: this request takes no argument.
    let flag = check(unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), NS_GET_NSTYPE) }.into())?;
    Ok(Kind::from_clone_flag(flag as u32))
}

/// The UID, in the caller's user namespace, of the owner of a user namespace. Errors: EINVAL for other kinds.
pub fn owner_uid(namespace: impl AsFd) -> nix::Result<u32> {
    let mut uid: libc::uid_t = 0;
    // SAFETY: this request writes one uid_t.
    let result = unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), NS_GET_OWNER_UID, &mut uid) };
    check(result.into())?;
    Ok(uid)
}

/// FD_NSFS_ROOT of <linux/fcntl.h>: the root of nsfs, for open_by_handle_at(2).
const FD_NSFS_ROOT: libc::c_int = -10003;
/// FILEID_NSFS of the kernel's exportfs.
const FILEID_NSFS: libc::c_int = 0xf1;

/// struct file_handle of open_by_handle_at(2), with the handle of nsfs.
#[repr(C)]
struct FileHandle {
    bytes: libc::c_uint,
    kind: libc::c_int,
    // A file_handle is packed behind its header; the id stands at offset 8, where it is aligned anyway.
    id: u64,
    clone_flag: u32,
    ino: u32,
}

/// The facts of a namespace to open by handle. Kernels before 6.19 require all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandleFacts {
    /// Its kind.
    pub kind: Kind,
    /// Its inode number.
    pub ino: u32,
}

/// Opens the namespace with this 64-bit id. Errors: ESTALE if none has it, or (before Linux 6.19) if the other facts
/// are not given; EPERM without the rights; EINVAL, EBADF or ENOTSUP before Linux 6.18.
pub fn open_by_id(id: u64, facts: Option<HandleFacts>) -> nix::Result<OwnedFd> {
    let mut handle = FileHandle {
        bytes: 16,
        kind: FILEID_NSFS,
        id,
        clone_flag: facts.map_or(0, |facts| facts.kind.clone_flag()),
        ino: facts.map_or(0, |facts| facts.ino),
    };
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    // SAFETY: the handle has the layout that its header announces, and is only read; a descriptor is made.
    unsafe { new_descriptor(libc::syscall(libc::SYS_open_by_handle_at, FD_NSFS_ROOT, &mut handle, flags)) }
}

/// The 64-bit id of a namespace, unique since boot. Errors: ENOTTY before Linux 6.18.
pub fn id(namespace: impl AsFd) -> nix::Result<u64> {
    let mut id = 0u64;
    // SAFETY: this request writes one 64-bit number.
    let result = unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), NS_GET_ID, &mut id) };
    check(result.into())?;
    Ok(id)
}

/// listns(2), the same number on every architecture.
const SYS_LISTNS: libc::c_long = 470;

/// struct ns_id_req of <linux/nsfs.h>.
#[repr(C)]
struct NsIdRequest {
    size: u32,
    spare: u32,
    /// The last id seen.
    cursor: u64,
    clone_flags: u32,
    spare2: u32,
    owner: u64,
}

/// The size of [`NsIdRequest`], as the kernel tells versions apart.
const LIST_REQUEST_SIZE: u32 = 32;

/// The ids of all namespaces of these kinds that the caller may know of. Errors: ENOSYS before Linux 6.19, EPERM.
pub fn list(kinds: KindSet) -> nix::Result<Vec<u64>> {
    let clone_flags = kinds.clone_flags().bits().cast_unsigned();
    let mut request = NsIdRequest { size: LIST_REQUEST_SIZE, spare: 0, cursor: 0, clone_flags, spare2: 0, owner: 0 };
    let mut all = Vec::new();
    let mut ids = [0u64; 512];
    loop {
        // SAFETY: the request has the size that it says, the buffer that of the number given.
        let count = match check(unsafe { libc::syscall(SYS_LISTNS, &request, ids.as_mut_ptr(), ids.len(), 0) }) {
            // There is none behind the last one.
            Err(Errno::ENOENT) => return Ok(all),
            result => result?,
        };
        let found = ids.get(..count as usize).ok_or(Errno::EIO)?;
        all.extend_from_slice(found);
        match found.last() {
            Some(last) if *last > request.cursor => request.cursor = *last,
            _ => return Ok(all),
        }
    }
}
