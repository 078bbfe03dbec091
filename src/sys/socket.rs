//! Messages between processes that tell who has sent them, and that may carry open files, see unix(7).

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

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

/// The two files that a message may carry.
pub type Files = [OwnedFd; 2];

/// Bytes that two descriptors take.
const TWO: libc::c_uint = (2 * size_of::<libc::c_int>()) as libc::c_uint;

/// Room for the credentials of one sender and for two files, aligned as their headers want it.
#[repr(C, align(8))]
struct Control([u8; 64]);

/// A message that has come.
pub struct Packet {
    /// Its length, which may be more than fitted.
    pub length: usize,
    /// The PID of its sender in our PID namespace; 0 if the socket does not tell (SO_PASSCRED).
    pub sender: i32,
    /// What it carries.
    pub files: Option<Files>,
}

/// Sends a message, with these files or without. It waits for no room. Errors of sendmsg(2): EAGAIN without room, EPIPE
/// (and no signal) where the far end is gone.
pub fn send(socket: impl AsFd, message: &[u8], files: Option<&Files>) -> nix::Result<()> {
    let mut control = Control([0; 64]);
    let mut part = libc::iovec { iov_base: message.as_ptr().cast_mut().cast(), iov_len: message.len() };
    // SAFETY: an all-zero header is a valid value, and all that it is made to point to lives on. The control data has room
    // for a header and two numbers, which need not be aligned there.
    let sent = unsafe {
        let mut header: libc::msghdr = std::mem::zeroed();
        header.msg_iov = &mut part;
        header.msg_iovlen = 1;
        if let Some([one, other]) = files {
            header.msg_control = control.0.as_mut_ptr().cast();
            header.msg_controllen = libc::CMSG_SPACE(TWO) as _;
            let first = libc::CMSG_FIRSTHDR(&header);
            (*first).cmsg_level = libc::SOL_SOCKET;
            (*first).cmsg_type = libc::SCM_RIGHTS;
            (*first).cmsg_len = libc::CMSG_LEN(TWO) as _;
            libc::CMSG_DATA(first).cast::<[libc::c_int; 2]>().write_unaligned([one.as_raw_fd(), other.as_raw_fd()]);
        }
        libc::sendmsg(socket.as_fd().as_raw_fd(), &header, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT)
    };
    check(sent as libc::c_long).map(drop)
}

/// Takes the next message, if one has come. Errors of recvmsg(2): EAGAIN without a message.
pub fn receive(socket: impl AsFd, message: &mut [u8]) -> nix::Result<Packet> {
    let mut control = Control([0; 64]);
    let mut part = libc::iovec { iov_base: message.as_mut_ptr().cast(), iov_len: message.len() };
    // SAFETY: an all-zero header is a valid value, and all that it is made to point to lives on and may be written to.
    unsafe {
        let mut header: libc::msghdr = std::mem::zeroed();
        header.msg_iov = &mut part;
        header.msg_iovlen = 1;
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = control.0.len() as _;
        let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC | libc::MSG_CMSG_CLOEXEC;
        let length = check(libc::recvmsg(socket.as_fd().as_raw_fd(), &mut header, flags) as libc::c_long)?;
        let (sender, files) = carried_by(&header);
        Ok(Packet { length: length as usize, sender, files })
    }
}

/// The sender, and the files. More than two do not fit, and fewer are closed again.
///
/// # Safety
/// The header is one that recvmsg(2) has just filled.
unsafe fn carried_by(header: &libc::msghdr) -> (i32, Option<Files>) {
    let (mut sender, mut files) = (0, None);
    // SAFETY: these macros stay within the control data that the header says it has; what it holds need not be aligned
    // there. The descriptors are new and belong to nobody else.
    unsafe {
        let mut part = libc::CMSG_FIRSTHDR(header);
        while !part.is_null() {
            let data = libc::CMSG_DATA(part);
            match ((*part).cmsg_level, (*part).cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) => sender = data.cast::<libc::ucred>().read_unaligned().pid,
                (libc::SOL_SOCKET, libc::SCM_RIGHTS) => {
                    let mut taken = [None, None];
                    let count = ((*part).cmsg_len as usize).saturating_sub(libc::CMSG_LEN(0) as usize) / 4;
                    for (at, place) in taken.iter_mut().enumerate().take(count) {
                        let number = data.cast::<libc::c_int>().add(at).read_unaligned();
                        *place = Some(OwnedFd::from_raw_fd(number));
                    }
                    if let [Some(one), Some(other)] = taken {
                        files = Some([one, other]);
                    }
                }
                _ => {}
            }
            part = libc::CMSG_NXTHDR(header, part);
        }
    }
    (sender, files)
}
