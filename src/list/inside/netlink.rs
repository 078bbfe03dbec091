//! Messages of netlink(7): to put one together, and to take an answer apart.

use std::os::fd::OwnedFd;

use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};

/// <linux/netlink.h>.
pub const REQUEST: u16 = 1;
/// NLM_F_DUMP: all of them.
pub const DUMP: u16 = 0x300;
/// NLMSG_DONE: the end of what DUMP has asked for.
pub const DONE: u16 = 3;

/// struct nlmsghdr: length, type, flags, sequence number, port.
const HEADER: usize = 16;
/// struct nlattr: length, type.
const ATTRIBUTE: usize = 4;

/// A socket for them. Errors of socket(2): EAFNOSUPPORT, EPROTONOSUPPORT where the kernel has no rtnetlink.
pub fn open() -> nix::Result<OwnedFd> {
    socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)
}

/// A socket for generic netlink. Errors: as [`open`].
pub fn open_generic() -> nix::Result<OwnedFd> {
    socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkGeneric)
}

/// A request: its type, its flags, its number, and what follows the header.
pub fn request(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut request = Vec::with_capacity(HEADER + body.len());
    request.extend(((HEADER + body.len()) as u32).to_ne_bytes());
    request.extend(kind.to_ne_bytes());
    request.extend(flags.to_ne_bytes());
    request.extend(sequence.to_ne_bytes());
    request.extend(0u32.to_ne_bytes());
    request.extend(body);
    request
}

/// An attribute, padded to four bytes.
pub fn attribute(kind: u16, value: impl AsRef<[u8]>) -> Vec<u8> {
    let value = value.as_ref();
    let mut attribute = Vec::with_capacity(ATTRIBUTE + value.len().next_multiple_of(4));
    attribute.extend(((ATTRIBUTE + value.len()) as u16).to_ne_bytes());
    attribute.extend(kind.to_ne_bytes());
    attribute.extend(value);
    attribute.resize(attribute.len().next_multiple_of(4), 0);
    attribute
}

/// A message of the kernel.
#[derive(Clone, Copy, Debug)]
pub struct Message<'m> {
    /// Its type.
    pub kind: u16,
    /// The number of the request that it answers.
    pub sequence: u32,
    /// What follows the header.
    pub body: &'m [u8],
}

/// The messages in what was received. Those that are cut off are left out.
pub fn messages(mut rest: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = word(rest, 0)? as usize;
        let body = rest.get(HEADER..length)?;
        let message = Message { kind: half(rest, 4)?, sequence: word(rest, 8)?, body };
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

/// The attributes behind the first `head` bytes of a message: type and value.
pub fn attributes(body: &[u8], head: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = body.get(head..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = usize::from(half(rest, 0)?);
        let attribute = (half(rest, 2)?, rest.get(ATTRIBUTE..length)?);
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(attribute)
    })
}

/// Two bytes as a number.
pub fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// Four bytes as a number.
pub fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
