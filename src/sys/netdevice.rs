//! Network devices, see netdevice(7).

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::{check, new_descriptor};

/// A socket by which the devices of our network namespace can be configured. The kernel takes one of any family, and one of
/// AF_UNIX also where it has no IPv4. Errors of socket(2): EMFILE, ENFILE, ENOMEM.
pub fn control_socket() -> nix::Result<OwnedFd> {
    // SAFETY: plain numbers; the descriptor is new.
    unsafe { new_descriptor(libc::socket(libc::AF_UNIX, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0).into()) }
}

/// Brings up `lo` (SIOCSIFFLAGS). The kernel keeps the flags that say what sort of device it is. Errors: EPERM without
/// CAP_NET_ADMIN over the network namespace.
pub fn bring_up_loopback(socket: impl AsFd) -> nix::Result<()> {
    // SAFETY: an all-zero ifreq is a valid value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
        *place = *byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    // SAFETY: this request only reads the structure given, whose name ends within it.
    check(unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::SIOCSIFFLAGS as _, &request) }.into()).map(drop)
}
