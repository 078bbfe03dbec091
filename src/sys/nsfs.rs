//! The ioctls on namespace files, see ioctl_ns(2). Kernels that lack one answer ENOTTY.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use super::check;
use crate::namespace::Kind;

const NS_GET_USERNS: libc::Ioctl = 0xb701 as libc::Ioctl;
const NS_GET_PARENT: libc::Ioctl = 0xb702 as libc::Ioctl;
const NS_GET_NSTYPE: libc::Ioctl = 0xb703 as libc::Ioctl;
const NS_GET_OWNER_UID: libc::Ioctl = 0xb704 as libc::Ioctl;
const SIOCGSKNS: libc::Ioctl = 0x894c as libc::Ioctl;

/// An ioctl that takes nothing and returns a descriptor, which the kernel makes close-on-exec.
fn descriptor(fd: impl AsFd, request: libc::Ioctl) -> nix::Result<OwnedFd> {
    // SAFETY: these requests take no argument.
    let fd = check(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), request) }.into())?;
    // SAFETY: the descriptor has just been made and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// The user namespace that owns a namespace. Errors: EPERM if it is outside of what the caller may see.
pub fn owner(namespace: impl AsFd) -> nix::Result<OwnedFd> {
    descriptor(namespace, NS_GET_USERNS)
}

/// The parent of a user or PID namespace. Errors: EPERM as [`owner`] and for the initial one, EINVAL for other kinds.
pub fn parent(namespace: impl AsFd) -> nix::Result<OwnedFd> {
    descriptor(namespace, NS_GET_PARENT)
}

/// The network namespace of a socket. Errors: EPERM without CAP_NET_ADMIN over it, ENOTTY if it is no socket.
pub fn of_socket(socket: impl AsFd) -> nix::Result<OwnedFd> {
    descriptor(socket, SIOCGSKNS)
}

/// The kind of a namespace; `None` for one that we have no name for. Errors: ENOTTY if it is no namespace file.
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
