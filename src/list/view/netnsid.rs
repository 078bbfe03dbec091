//! The ids that our network namespace has given to others: RTM_GETNSID of rtnetlink(7).

use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

/// <linux/rtnetlink.h> and <linux/net_namespace.h>.
const RTM_NEWNSID: u16 = 88;
const RTM_GETNSID: u16 = 90;
const NLM_F_REQUEST: u16 = 1;
const NETNSA_NSID: u16 = 1;
const NETNSA_FD: u16 = 3;

/// struct nlmsghdr: length, type, flags, sequence number, port. struct rtgenmsg: one byte, padded to four.
const HEADER: usize = 16;
const GENERIC: usize = 4;
/// struct nlattr: length, type.
const ATTRIBUTE: usize = 4;

/// The id that our network namespace has for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetNsId {
    /// This one.
    Assigned(u32),
    /// It has none.
    Unassigned,
}

/// A conversation with the kernel.
pub struct Client {
    socket: OwnedFd,
    sequence: u32,
}

impl Client {
    /// Errors of socket(2): EAFNOSUPPORT, EPROTONOSUPPORT where the kernel has no rtnetlink.
    pub fn new() -> nix::Result<Client> {
        let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
        Ok(Client { socket, sequence: 0 })
    }

    /// The id of an open network namespace, `None` if the kernel does not say.
    pub fn ask(&mut self, namespace: &OwnedFd) -> Option<NetNsId> {
        self.sequence += 1;
        let request = request(self.sequence, namespace.as_raw_fd());
        send(self.socket.as_raw_fd(), &request, MsgFlags::empty()).ok()?;
        let mut reply = [0; 512];
        loop {
            // The kernel answers before send(2) returns, so that recv(2) need not block.
            let length = recv(self.socket.as_raw_fd(), &mut reply, MsgFlags::MSG_DONTWAIT).ok()?;
            let reply = reply.get(..length)?;
            if word(reply, 8)? == self.sequence {
                return read(reply);
            }
        }
    }
}

fn request(sequence: u32, fd: RawFd) -> Vec<u8> {
    let mut request = Vec::with_capacity(HEADER + GENERIC + ATTRIBUTE + 4);
    let length = (HEADER + GENERIC + ATTRIBUTE + 4) as u32;
    request.extend(length.to_ne_bytes());
    request.extend(RTM_GETNSID.to_ne_bytes());
    request.extend(NLM_F_REQUEST.to_ne_bytes());
    request.extend(sequence.to_ne_bytes());
    request.extend(0u32.to_ne_bytes());
    request.extend([0; GENERIC]);
    request.extend((ATTRIBUTE as u16 + 4).to_ne_bytes());
    request.extend(NETNSA_FD.to_ne_bytes());
    request.extend(fd.to_ne_bytes());
    request
}

/// Parses a reply; `None` for anything but an answer, such as an error (NLMSG_ERROR).
fn read(reply: &[u8]) -> Option<NetNsId> {
    if half(reply, 4)? != RTM_NEWNSID {
        return None;
    }
    let mut rest = reply.get(HEADER + GENERIC..)?;
    while let Some(length) = half(rest, 0).map(usize::from)
        && length >= ATTRIBUTE
    {
        if half(rest, 2)? == NETNSA_NSID {
            let id = word(rest, ATTRIBUTE)? as i32;
            return Some(u32::try_from(id).map_or(NetNsId::Unassigned, NetNsId::Assigned));
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reply(id: i32) -> Vec<u8> {
        let mut reply = request(1, id);
        reply[4..6].copy_from_slice(&RTM_NEWNSID.to_ne_bytes());
        reply[22..24].copy_from_slice(&NETNSA_NSID.to_ne_bytes());
        reply
    }

    #[test]
    fn an_answer_is_read() {
        assert_eq!(read(&reply(7)), Some(NetNsId::Assigned(7)));
        assert_eq!(read(&reply(-1)), Some(NetNsId::Unassigned));
        assert_eq!(read(&reply(7)[..20]), None);
        assert_eq!(read(&request(1, 7)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(mut bytes: Vec<u8>) {
            let _ = read(&bytes);
            if let Some(kind) = bytes.get_mut(4..6) {
                kind.copy_from_slice(&RTM_NEWNSID.to_ne_bytes());
            }
            let _ = read(&bytes);
        }
    }
}
