//! Interfaces by any of their names: an alternative one (IFLA_ALT_IFNAME) may have up to 127 bytes.
//!
//! RTM_GETLINK of rtnetlink(7) finds them, but changes the ids of network namespaces. ETHTOOL_MSG_FEATURES_GET of generic
//! netlink, of Linux 5.6, takes every name as well, anybody may ask, and the answer tells the index of the interface.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{MsgFlags, recv, send};

use super::netlink::{self, Message, REQUEST, attribute, attributes, half, messages, request, word};
use crate::sys::netdevice;

/// <linux/genetlink.h>.
const GENL_ID_CTRL: u16 = 0x10;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;

/// <linux/ethtool_netlink.h>.
const ETHTOOL_MSG_FEATURES_GET: u8 = 11;
const ETHTOOL_A_FEATURES_HEADER: u16 = 1;
const ETHTOOL_A_HEADER_DEV_INDEX: u16 = 1;
const ETHTOOL_A_HEADER_DEV_NAME: u16 = 2;

/// NLA_F_NESTED: the value is made of attributes.
const NESTED: u16 = 1 << 15;

/// struct genlmsghdr: command, version, two bytes to spare.
const HEAD: usize = 4;

/// More than the features of an interface fill.
const ROOM: usize = 64 * 1024;

/// IFNAMSIZ of netdevice(7), which counts the NUL.
const LONGEST_FOR_IOCTL: usize = 15;

/// Those of `names` by which the kernel finds an interface, with its index.
///
/// Call it without rights: to ask for a name by ioctl(2) may load a module.
pub(super) fn found(names: &[Vec<u8>], control: &OwnedFd, generic: Option<OwnedFd>) -> Vec<(u32, Vec<u8>)> {
    let mut client = generic.and_then(Client::of);
    let mut index = |name: &[u8]| {
        let by_ethtool = client.as_mut().and_then(|client| client.index(name));
        // The ioctl leaves out a colon, and what is behind it.
        let by_ioctl = || {
            let can_ask = name.len() <= LONGEST_FOR_IOCTL && !name.contains(&b':');
            netdevice::index(control, name).ok().filter(|_| can_ask)
        };
        by_ethtool.or_else(by_ioctl)
    };
    names.iter().filter_map(|name| Some((index(name)?, name.clone()))).collect()
}

/// A conversation with the kernel.
struct Client {
    socket: OwnedFd,
    /// The number of the ethtool family.
    family: u16,
    sequence: u32,
}

impl Client {
    /// `None` if the kernel has no such family.
    fn of(socket: OwnedFd) -> Option<Client> {
        let mut client = Client { socket, family: GENL_ID_CTRL, sequence: 0 };
        let reply = client.ask(CTRL_CMD_GETFAMILY, &attribute(CTRL_ATTR_FAMILY_NAME, b"ethtool\0"))?;
        client.family = half(value(&reply, CTRL_ATTR_FAMILY_ID)?, 0)?;
        Some(client)
    }

    /// The index of the interface that has this name.
    fn index(&mut self, name: &[u8]) -> Option<u32> {
        let header = attribute(ETHTOOL_A_HEADER_DEV_NAME, [name, b"\0"].concat());
        let reply = self.ask(ETHTOOL_MSG_FEATURES_GET, &attribute(ETHTOOL_A_FEATURES_HEADER | NESTED, header))?;
        word(value(value(&reply, ETHTOOL_A_FEATURES_HEADER)?, ETHTOOL_A_HEADER_DEV_INDEX)?, 0)
    }

    /// The attributes of the answer; `None` if it is an error.
    fn ask(&mut self, command: u8, attributes: &[u8]) -> Option<Vec<u8>> {
        self.sequence += 1;
        let body = [&[command, 1, 0, 0], attributes].concat();
        let question = request(self.family, REQUEST, self.sequence, &body);
        send(self.socket.as_raw_fd(), &question, MsgFlags::empty()).ok()?;
        let mut reply = vec![0; ROOM];
        loop {
            // The kernel answers before send(2) returns, so that recv(2) need not block.
            let length = recv(self.socket.as_raw_fd(), &mut reply, MsgFlags::MSG_DONTWAIT).ok()?;
            let message = messages(reply.get(..length)?).next()?;
            if message.sequence == self.sequence {
                return answer(message, self.family);
            }
        }
    }
}

fn answer(message: Message<'_>, family: u16) -> Option<Vec<u8>> {
    Some(message.body.get(HEAD..).filter(|_| message.kind == family)?.to_vec())
}

/// The value of an attribute.
fn value(all: &[u8], wanted: u16) -> Option<&[u8]> {
    attributes(all, 0).find(|(kind, _)| kind & !NESTED == wanted).map(|(_, value)| value)
}

/// A socket to ask by. Errors of socket(2): EAFNOSUPPORT, EPROTONOSUPPORT.
pub(super) fn open() -> nix::Result<OwnedFd> {
    netlink::open_generic()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_kernel_knows_lo_by_its_name() {
        let control = netdevice::control_socket().unwrap();
        let names = [b"lo".to_vec(), b"lo:1".to_vec(), vec![b'x'; 127], vec![b'x'; 200]];
        assert_eq!(found(&names, &control, open().ok()), [(1, b"lo".to_vec())]);
        assert_eq!(found(&names, &control, None), [(1, b"lo".to_vec())]);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(mut bytes: Vec<u8>) {
            let length = bytes.len() as u32;
            if let Some(head) = bytes.get_mut(..4) {
                head.copy_from_slice(&length.to_ne_bytes());
            }
            let answers = messages(&bytes).filter_map(|message| answer(message, message.kind));
            for answer in answers {
                let header = value(&answer, ETHTOOL_A_FEATURES_HEADER).unwrap_or_default();
                let _ = value(header, ETHTOOL_A_HEADER_DEV_INDEX).and_then(|index| word(index, 0));
            }
        }
    }
}
