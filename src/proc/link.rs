//! Reads the text of links in /proc/PID/ns and /proc/PID/fd: names of namespaces and sockets, with their inode numbers.

use std::num::NonZeroU32;

use crate::namespace::Kind;
use crate::number::parse_decimal;

/// The inode number of a namespace: 32 bits, never 0. At any one time, no two namespaces share one, not even of
/// different kinds.
pub type Inode = NonZeroU32;

/// The number as an inode number of a namespace; `None` for 0 and beyond 32 bits.
pub fn inode(number: u64) -> Option<Inode> {
    u32::try_from(number).ok().and_then(Inode::new)
}

/// Parses the name of a namespace, `net:[4026531840]`, as links in /proc/PID/ns and /proc/PID/fd and the roots of nsfs
/// mounts have it. `None` for any other text.
pub fn parse_name(text: &[u8]) -> Option<(Kind, Inode)> {
    let (kind, inode) = split_name(text)?;
    Some((Kind::from_name(kind)?, self::inode(parse_decimal(inode)?)?))
}

/// The same for a text that must be the name of a namespace of `kind`.
pub fn parse_name_of(kind: Kind, text: &[u8]) -> Option<Inode> {
    let (name, inode) = split_name(text)?;
    self::inode(parse_decimal(inode)?).filter(|_| name == kind.name().as_bytes())
}

/// The inode number in `socket:[123]`.
pub fn parse_socket(text: &[u8]) -> Option<u64> {
    match split_name(text)? {
        (b"socket", inode) => parse_decimal(inode),
        _ => None,
    }
}

fn split_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    let inode = text[colon + 1..].strip_prefix(b"[")?.strip_suffix(b"]")?;
    Some((&text[..colon], inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_namespaces_and_sockets() {
        let inode = Inode::new(4026531840);
        assert_eq!(parse_name(b"net:[4026531840]"), inode.map(|inode| (Kind::Net, inode)));
        for text in ["", "net:[0]", "net:[]", "net:[1", "net:1", "/net:[1]", "foo:[1]", "net:[4294967296]"] {
            assert_eq!(parse_name(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_name_of(Kind::Net, b"net:[4026531840]"), inode);
        for text in ["", "net", "net:[0]", "net:[]", "net:[1", "net:1]", "nets:[1]", "mnt:[1]", "net:[4294967296]"] {
            assert_eq!(parse_name_of(Kind::Net, text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_socket(b"socket:[7]"), Some(7));
        assert_eq!(parse_socket(b"pipe:[7]"), None);
        assert_eq!(parse_socket(b"/tmp/socket:[7]"), None);
    }
}
