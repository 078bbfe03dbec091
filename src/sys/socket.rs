//! Messages between processes that tell who has sent them, see unix(7).

use std::os::fd::{AsFd, AsRawFd};

use super::check;

/// The number of the socket's network namespace that no other one ever has, until the machine is started again:
/// SO_NETNS_COOKIE, Linux 5.14. Errors: ENOTSOCK, ENOPROTOOPT before.
pub fn network_cookie(socket: impl AsFd) -> nix::Result<u64> {
    let mut cookie: u64 = 0;
    let mut length = size_of_val(&cookie) as libc::socklen_t;
    let (fd, value) = (socket.as_fd().as_raw_fd(), (&raw mut cookie).cast());
    // SAFETY: the value may be written to for the length given.
    let asked = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_NETNS_COOKIE, value, &mut length) };
    check(asked.into())?;
    Ok(cookie)
}

/// Room for the credentials of one sender, aligned as their header wants it.
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Takes the next message, if one has come: its length, which may be more than fits, and the PID of the sender in our
/// PID namespace; 0 if the socket does not tell (SO_PASSCRED). Errors of recvmsg(2): EAGAIN without a message.
pub fn receive_from(socket: impl AsFd, message: &mut [u8]) -> nix::Result<(usize, i32)> {
    let mut control = Control([0; 64]);
    let mut part = libc::iovec { iov_base: message.as_mut_ptr().cast(), iov_len: message.len() };
    // SAFETY: an all-zero header is a valid value, and all that it is made to point to lives on and may be written to.
    let (length, sender) = unsafe {
        let mut header: libc::msghdr = std::mem::zeroed();
        header.msg_iov = &mut part;
        header.msg_iovlen = 1;
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = control.0.len() as _;
        let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC | libc::MSG_CMSG_CLOEXEC;
        let length = check(libc::recvmsg(socket.as_fd().as_raw_fd(), &mut header, flags) as libc::c_long)?;
        (length as usize, sender_in(&header))
    };
    Ok((length, sender))
}

/// # Safety
/// The header is one that recvmsg(2) has filled.
unsafe fn sender_in(header: &libc::msghdr) -> i32 {
    // SAFETY: these macros stay within the control data that the header says it has; credentials need not be aligned there.
    unsafe {
        let mut part = libc::CMSG_FIRSTHDR(header);
        while !part.is_null() {
            if (*part).cmsg_level == libc::SOL_SOCKET && (*part).cmsg_type == libc::SCM_CREDENTIALS {
                return libc::CMSG_DATA(part).cast::<libc::ucred>().read_unaligned().pid;
            }
            part = libc::CMSG_NXTHDR(header, part);
        }
    }
    0
}
