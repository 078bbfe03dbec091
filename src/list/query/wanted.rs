//! `--find`: what is looked for in namespaces. Pure: nothing is read here.

use std::ffi::{OsStr, OsString};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

use crate::number::parse_decimal;

/// What is looked for. Each part is what the text may mean; without a word in front it may mean several things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// As it was typed.
    pub text: OsString,
    /// A device, a source, a mount point or a path.
    pub mount: Option<Vec<u8>>,
    /// A name of an interface: its own, or an alternative one.
    pub link: Option<Vec<u8>>,
    /// An address of an interface.
    pub address: Option<WantedAddress>,
    /// The name or id of a container.
    pub container: Option<Vec<u8>>,
    /// The name of a systemd unit.
    pub unit: Option<Vec<u8>>,
    /// A process, by its PID.
    pub pid: Option<i32>,
}

/// An address, or all of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedAddress {
    /// An IP address, of which only the first bits count if their number is given.
    Ip(IpAddr, Option<u8>),
    /// A MAC address.
    Hardware([u8; 6]),
}

/// ALTIFNAMSIZ of <linux/if.h>, which counts the NUL.
const LONGEST_LINK: usize = 127;

impl Wanted {
    /// Reads `WORD:TEXT` or `TEXT`; `None` if the text is empty or not what the word asks for.
    pub fn parse(typed: &OsStr) -> Option<Wanted> {
        let text = typed.as_bytes();
        let colon = text.iter().position(|byte| *byte == b':');
        let (word, rest) = colon.map_or((&b""[..], text), |at| (&text[..at], &text[at + 1..]));
        let mut wanted = Wanted::nothing(typed);
        let some = |text: &[u8]| Some(text.to_vec()).filter(|text| !text.is_empty());
        match word {
            b"mount" => wanted.mount = Some(some(rest)?),
            b"link" => wanted.link = Some(some(rest)?),
            b"address" => wanted.address = Some(address(rest)?),
            b"container" => wanted.container = Some(some(rest)?),
            b"unit" => wanted.unit = Some(some(rest)?),
            b"pid" => wanted.pid = Some(parse_decimal(rest).filter(|pid| *pid > 0)?),
            _ => wanted.may_mean(some(text)?),
        }
        Some(wanted)
    }

    fn nothing(typed: &OsStr) -> Wanted {
        Wanted {
            text: typed.to_os_string(),
            mount: None,
            link: None,
            address: None,
            container: None,
            unit: None,
            pid: None,
        }
    }

    fn may_mean(&mut self, text: Vec<u8>) {
        self.address = address(&text);
        if self.address.is_some() {
            return;
        }
        let is_path = text.contains(&b'/');
        let is_link = text.len() <= LONGEST_LINK && !text.iter().any(|byte| matches!(byte, b':' | b' '));
        self.link = (!is_path && is_link).then(|| text.clone());
        self.container = (!is_path).then(|| text.clone());
        self.unit = (!is_path).then(|| text.clone());
        self.mount = Some(text);
    }
}

fn address(text: &[u8]) -> Option<WantedAddress> {
    let text = std::str::from_utf8(text).ok()?;
    if let Some(bytes) = hardware_address(text) {
        return Some(WantedAddress::Hardware(bytes));
    }
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(parse_decimal(prefix.as_bytes())?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix: u8| prefix <= bits).then_some(WantedAddress::Ip(address, prefix))
}

fn hardware_address(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut bytes {
        let part = parts.next().filter(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(bytes)
}

impl WantedAddress {
    /// Whether this IP address is the one, or in the network.
    pub fn is_ip(self, found: IpAddr) -> bool {
        let WantedAddress::Ip(wanted, prefix) = self else {
            return false;
        };
        let same = |one: u128, other: u128, bits: u8| {
            let rest = bits - prefix.unwrap_or(bits).min(bits);
            // A shift by all bits of the number is none at all.
            (one ^ other).checked_shr(rest.into()).unwrap_or(0) == 0
        };
        match (wanted, found) {
            (IpAddr::V4(wanted), IpAddr::V4(found)) => same(wanted.to_bits().into(), found.to_bits().into(), 32),
            (IpAddr::V6(wanted), IpAddr::V6(found)) => same(wanted.to_bits(), found.to_bits(), 128),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words whose things it may mean.
    fn meanings(text: &str) -> String {
        let Some(wanted) = Wanted::parse(OsStr::new(text)) else {
            return "error".to_string();
        };
        let parts = [
            ("mount", wanted.mount.is_some()),
            ("link", wanted.link.is_some()),
            ("address", wanted.address.is_some()),
            ("container", wanted.container.is_some()),
            ("unit", wanted.unit.is_some()),
            ("pid", wanted.pid.is_some()),
        ];
        parts.iter().filter(|(_, is_it)| *is_it).map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn without_a_word_it_is_all_that_it_may_be() {
        for (text, expected) in [
            ("eth0", "mount link container unit"),
            ("a-very-long-name.service", "mount link container unit"),
            (&"x".repeat(127), "mount link container unit"),
            (&"x".repeat(128), "mount container unit"),
            ("/dev/sdb1", "mount"),
            ("tank/data", "mount"),
            ("server:/export", "mount"),
            ("8:17", "mount container unit"),
            ("10.0.0.1", "address"),
            ("10.0.0.0/8", "address"),
            ("fd00::7", "address"),
            ("02:42:ac:11:00:02", "address"),
            ("02-42-AC-11-00-02", "address"),
            ("mount:10.0.0.1", "mount"),
            ("mount:mount:/export", "mount"),
            ("link:10.0.0.1", "link"),
            ("container:web", "container"),
            ("unit:ssh.service", "unit"),
            ("pid:7", "pid"),
            ("address:::1", "address"),
            ("", "error"),
            ("link:", "error"),
            ("mount:", "error"),
            ("pid:0", "error"),
            ("pid:-7", "error"),
            ("pid:7 ", "error"),
            ("address:eth0", "error"),
            ("address:10.0.0.0/33", "error"),
            ("address:10.0.0.0/", "error"),
            ("address:02:42:ac:11:00", "error"),
        ] {
            assert_eq!(meanings(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_prefix_is_all_of_its_network() {
        for (wanted, found, expected) in [
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("10.1.2.0/24", "10.1.2.4", true),
            ("10.1.2.0/24", "10.1.3.4", false),
            ("10.1.2.3/0", "1.1.1.1", true),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("10.1.2.3/32", "10.1.2.2", false),
            ("::/0", "fe80::1", true),
            ("::/0", "10.1.2.3", false),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("fd00::1/128", "fd00::1", true),
        ] {
            let wanted_address = address(wanted.as_bytes()).expect("an address");
            assert_eq!(wanted_address.is_ip(found.parse().expect("one too")), expected, "{wanted} {found}");
        }
    }
}
