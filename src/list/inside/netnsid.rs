//! The ids that our network namespace has given to others: RTM_GETNSID of rtnetlink(7).

use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::sys::socket::{MsgFlags, recv, send};

use super::netlink::{self, Message, attributes, messages, word};

/// <linux/rtnetlink.h> and <linux/net_namespace.h>.
const RTM_NEWNSID: u16 = 88;
const RTM_GETNSID: u16 = 90;
const NETNSA_NSID: u16 = 1;
const NETNSA_FD: u16 = 3;

/// struct rtgenmsg: one byte, padded to four.
const GENERIC: usize = 4;

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
        let socket = netlink::open()?;
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
            let message = messages(reply).next()?;
            if message.sequence == self.sequence {
                return read(message);
            }
        }
    }
}

fn request(sequence: u32, fd: RawFd) -> Vec<u8> {
    let body = [[0; GENERIC].to_vec(), netlink::attribute(NETNSA_FD, fd.to_ne_bytes())].concat();
    netlink::request(RTM_GETNSID, netlink::REQUEST, sequence, &body)
}

/// Parses a reply; `None` for anything but an answer, such as an error (NLMSG_ERROR).
fn read(reply: Message<'_>) -> Option<NetNsId> {
    if reply.kind != RTM_NEWNSID {
        return None;
    }
    let (_, value) = attributes(reply.body, GENERIC).find(|(kind, _)| *kind == NETNSA_NSID)?;
    let id = word(value, 0)?.cast_signed();
    Some(u32::try_from(id).map_or(NetNsId::Unassigned, NetNsId::Assigned))
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

    fn parsed(reply: &[u8]) -> Option<NetNsId> {
        messages(reply).next().and_then(read)
    }

    #[test]
    fn an_answer_is_read() {
        assert_eq!(parsed(&reply(7)), Some(NetNsId::Assigned(7)));
        assert_eq!(parsed(&reply(-1)), Some(NetNsId::Unassigned));
        assert_eq!(parsed(&reply(7)[..20]), None);
        assert_eq!(parsed(&request(1, 7)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(mut bytes: Vec<u8>) {
            let _ = parsed(&bytes);
            let length = bytes.len() as u32;
            if let Some(head) = bytes.get_mut(..6) {
                head[..4].copy_from_slice(&length.to_ne_bytes());
                head[4..].copy_from_slice(&RTM_NEWNSID.to_ne_bytes());
            }
            let _ = parsed(&bytes);
        }
    }
}
