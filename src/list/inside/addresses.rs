//! The addresses of a network namespace: RTM_GETADDR of rtnetlink(7), by a socket that was made in it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{MsgFlags, recv, send};

use super::netlink::{DONE, DUMP, Message, REQUEST, attributes, messages, request, word};

/// <linux/rtnetlink.h> and <linux/if_addr.h>.
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;

/// struct ifaddrmsg: family, length of the prefix, flags, scope, index.
const HEAD: usize = 8;

/// More than anybody has given to a network namespace. Whoever owns one decides how many there are.
const MOST: usize = 65_536;

/// The kernel puts no more into one message.
const ROOM: usize = 64 * 1024;

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The index of the interface.
    pub interface: u32,
    /// The address.
    pub address: IpAddr,
    /// How many of its bits are those of its network.
    pub prefix: u8,
}

/// All addresses.
pub(super) fn all(socket: &OwnedFd) -> Vec<Address> {
    const NUMBER: u32 = 1;
    let mut found = Vec::new();
    if send(socket.as_raw_fd(), &request(RTM_GETADDR, REQUEST | DUMP, NUMBER, &[0; HEAD]), MsgFlags::empty()).is_err() {
        return found;
    }
    let mut reply = vec![0; ROOM];
    // The kernel answers before send(2) and recv(2) return, so that recv(2) need not block.
    while let Ok(length) = recv(socket.as_raw_fd(), &mut reply, MsgFlags::MSG_DONTWAIT)
        && length > 0
        && found.len() < MOST
    {
        for message in messages(reply.get(..length).unwrap_or_default()) {
            match message.kind {
                RTM_NEWADDR => found.extend(read(message)),
                DONE => return found,
                _ => {}
            }
        }
    }
    found
}

fn read(message: Message<'_>) -> Option<Address> {
    let (&family, &prefix) = (message.body.first()?, message.body.get(1)?);
    let value = |wanted| attributes(message.body, HEAD).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
    // Of a point-to-point link, IFA_ADDRESS is the other end's.
    let address = value(IFA_LOCAL).or_else(|| value(IFA_ADDRESS))?;
    let address = match i32::from(family) {
        libc::AF_INET => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?)),
        libc::AF_INET6 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?)),
        _ => return None,
    };
    Some(Address { interface: word(message.body, 4)?, address, prefix })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::list::inside::netlink::attribute;
    use proptest::prelude::*;

    fn message(family: i32, attributes: &[Vec<u8>]) -> Vec<u8> {
        let head = [&[family as u8, 24, 0, 0][..], &7u32.to_ne_bytes()].concat();
        request(RTM_NEWADDR, 0, 1, &[head, attributes.concat()].concat())
    }

    fn parsed(bytes: &[u8]) -> Option<Address> {
        messages(bytes).next().and_then(read)
    }

    #[test]
    fn the_near_end_counts() {
        let far = attribute(IFA_ADDRESS, [10, 0, 0, 2]);
        let near = attribute(IFA_LOCAL, [10, 0, 0, 1]);
        let address = |last| Some(Address { interface: 7, address: Ipv4Addr::new(10, 0, 0, last).into(), prefix: 24 });
        assert_eq!(parsed(&message(libc::AF_INET, &[far.clone(), near])), address(1));
        assert_eq!(parsed(&message(libc::AF_INET, std::slice::from_ref(&far))), address(2));
        assert_eq!(parsed(&message(libc::AF_INET6, std::slice::from_ref(&far))), None);
        assert_eq!(parsed(&message(libc::AF_INET, &[])), None);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(mut bytes: Vec<u8>) {
            let length = bytes.len() as u32;
            if let Some(head) = bytes.get_mut(..6) {
                head[..4].copy_from_slice(&length.to_ne_bytes());
                head[4..].copy_from_slice(&RTM_NEWADDR.to_ne_bytes());
            }
            let _ = parsed(&bytes);
        }
    }
}
