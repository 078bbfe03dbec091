//! The interfaces of all network namespaces, and which of them are the two ends of a veth(4) pair.
//!
//! RTM_GETLINK of rtnetlink(7) would tell all of this. But its answer gives an id to each network namespace in which an
//! interface has its other end (RTM_NEWNSID), and so to look would be to change. We read /proc/PID/net/dev instead, ask
//! about each interface by ioctl(2), and match the two ends of a pair by their indexes.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::addresses::{self, Address};
use super::visit::{Answer, in_thread};
use super::{names, netlink};
use crate::list::value::as_word;
use crate::proc::link::Inode;
use crate::proc::net_dev;
use crate::sys::capability::{CapabilitySet, drop_capabilities};
use crate::sys::file::read_fd_bounded;
use crate::sys::netdevice::{self, Statistics};

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name: any bytes but blanks, `:` and `/`.
    pub name: Vec<u8>,
    /// Its index in its network namespace.
    pub index: u32,
    /// Whether it is up.
    pub is_up: bool,
    /// Its MAC address.
    pub hardware_address: Option<[u8; 6]>,
    /// The index of its other end, wherever that is, if it is one end of a veth pair.
    peer: Option<u32>,
}

/// What is in a network namespace.
#[derive(Debug, Default)]
pub struct Devices {
    /// The interfaces.
    pub links: Vec<Interface>,
    /// Their addresses.
    pub addresses: Vec<Address>,
    /// Those of the names asked for that are alternative names, and the index of the interface that has each.
    pub other_names: Vec<(u32, Vec<u8>)>,
}

impl Devices {
    /// The name of the interface with that index, as one word.
    pub fn name(&self, index: u32) -> Vec<u8> {
        match self.links.iter().find(|link| link.index == index) {
            Some(link) => as_word(&link.name),
            None => format!("if{index}").into_bytes(),
        }
    }

    /// `eth0 10.0.0.1/24`.
    pub fn text(&self, of: &Address) -> Vec<u8> {
        [self.name(of.interface), format!(" {}/{}", of.address, of.prefix).into_bytes()].concat()
    }
}

/// What is asked in each: its list of devices, a socket to ask about them, and one for rtnetlink.
pub(super) fn open_sources(own: &OwnedFd, answer: &mut Answer) {
    answer.write_file(openat(own, c"net/dev", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()));
    answer.write_file(netdevice::control_socket());
    answer.write_file(netlink::open());
}

/// The same, and a socket to look for names.
pub(super) fn open_sources_for_names(own: &OwnedFd, answer: &mut Answer) {
    open_sources(own, answer);
    answer.write_file(names::open());
}

/// Reads what [`open_sources`] has opened, and looks for interfaces of these names.
///
/// The kernel takes the name of a device that it does not find for that of a module, if we have CAP_NET_ADMIN or
/// CAP_SYS_MODULE. A device may be gone by now, and its owner chose its name: so a thread without rights asks.
pub(super) fn read(sources: [Option<OwnedFd>; 4], wanted: &[Vec<u8>]) -> Option<Devices> {
    let [Some(list), Some(control), Some(netlink), generic] = sources else {
        return None;
    };
    let ask = || {
        if drop_capabilities(CapabilitySet::ALL).is_err() {
            return Devices::default();
        }
        let list = read_fd_bounded(&list, net_dev::LONGEST).unwrap_or_default();
        let mut statistics = Statistics::new();
        let links = net_dev::names(&list).filter_map(|name| link(name, &control, &mut statistics));
        let links: Vec<Interface> = links.collect();
        let mut other_names = names::found(wanted, &control, generic);
        other_names.retain(|(_, name)| links.iter().all(|link| link.name != *name));
        Devices { links, addresses: addresses::all(&netlink), other_names }
    };
    Some(in_thread(ask).unwrap_or_default())
}

/// `None` if it is gone.
fn link(name: &[u8], socket: &OwnedFd, statistics: &mut Statistics) -> Option<Interface> {
    Some(Interface {
        name: name.to_vec(),
        index: netdevice::index(socket, name).ok()?,
        is_up: netdevice::is_up(socket, name).ok()?,
        hardware_address: netdevice::hardware_address(socket, name).ok().flatten(),
        peer: statistics.peer_of_veth(socket, name).ok().flatten(),
    })
}

/// The network namespaces that we may look into.
#[derive(Debug, Default)]
pub struct Networks {
    inside: HashMap<Inode, Devices>,
    /// Each end of a veth pair, by its own index and that of the other end.
    ends: HashMap<(u32, u32), Vec<(Inode, usize)>>,
}

impl Networks {
    /// Those with the given contents.
    pub fn of(inside: HashMap<Inode, Devices>) -> Networks {
        let mut ends: HashMap<_, Vec<_>> = HashMap::new();
        for (inode, devices) in &inside {
            for (at, link) in devices.links.iter().enumerate() {
                if let Some(peer) = link.peer {
                    ends.entry((link.index, peer)).or_default().push((*inode, at));
                }
            }
        }
        Networks { inside, ends }
    }

    /// What is in one; `None` if we could not look.
    pub fn devices(&self, namespace: Inode) -> Option<&Devices> {
        self.inside.get(&namespace)
    }

    /// The other end of an end of a veth pair: the one whose indexes are the same, the other way round. `None` if several
    /// ends have the same two indexes, on one side or the other: of those, one may be out of our sight.
    fn other_end(&self, namespace: Inode, link: &Interface) -> Option<(Inode, &Interface)> {
        let peer = link.peer?;
        let others = self.ends.get(&(peer, link.index))?;
        let (inode, at) = if peer == link.index {
            let [one, other] = others.as_slice() else {
                return None;
            };
            if one.0 == namespace { other } else { one }
        } else {
            let ([_], [other]) = (self.ends.get(&(link.index, peer))?.as_slice(), others.as_slice()) else {
                return None;
            };
            other
        };
        Some((*inode, self.inside.get(inode)?.links.get(*at)?))
    }

    /// As [`Networks::text`], of an interface that has the name `wanted`: if that is an alternative one, with it; `None` if
    /// it is not its name.
    pub fn text_by_name(&self, namespace: Inode, link: &Interface, wanted: &[u8]) -> Option<Vec<u8>> {
        if link.name == wanted {
            return Some(self.text(namespace, link));
        }
        let mut others = self.devices(namespace)?.other_names.iter();
        others.find(|(index, name)| *index == link.index && name == wanted)?;
        Some([&self.text(namespace, link), &b" altname "[..], &as_word(wanted)].concat())
    }

    /// `eth0@if7 -> vethab12 in net:[4026531833]`, `br0`, `lo (down)`.
    pub fn text(&self, namespace: Inode, link: &Interface) -> Vec<u8> {
        let mut text = as_word(&link.name);
        if let Some(peer) = link.peer {
            text.extend(format!("@if{peer}").bytes());
        }
        if !link.is_up {
            text.extend(b" (down)");
        }
        if let Some((inode, other)) = self.other_end(namespace, link) {
            text.extend(b" -> ");
            text.extend(as_word(&other.name));
            if inode != namespace {
                text.extend(format!(" in net:[{inode}]").bytes());
            }
        }
        text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn inode(number: u32) -> Inode {
        Inode::new(number).unwrap()
    }

    fn link(name: &str, index: u32, peer: Option<u32>, is_up: bool) -> Interface {
        Interface { name: name.into(), index, is_up, hardware_address: None, peer }
    }

    fn shown(namespaces: &[(u32, &[Interface])]) -> Vec<String> {
        let devices = |links: &[Interface]| Devices { links: links.to_vec(), ..Devices::default() };
        let networks =
            Networks::of(namespaces.iter().map(|(number, links)| (inode(*number), devices(links))).collect());
        let text = |number: u32, link| String::from_utf8(networks.text(inode(number), link)).unwrap();
        namespaces.iter().flat_map(|(number, links)| links.iter().map(|link| text(*number, link))).collect()
    }

    #[test]
    fn the_other_end_is_the_one_that_says_so_too() {
        let host = [link("lo", 1, None, true), link("vethA", 7, Some(2), true), link("vethB", 8, Some(2), false)];
        let a = [link("lo", 1, None, false), link("eth0", 2, Some(7), true)];
        let b = [link("eth0", 2, Some(8), true), link("x", 3, Some(4), true), link("y", 4, Some(3), true)];
        assert_eq!(
            shown(&[(10, &host), (11, &a), (12, &b)]),
            [
                "lo",
                "vethA@if2 -> eth0 in net:[11]",
                "vethB@if2 (down) -> eth0 in net:[12]",
                "lo (down)",
                "eth0@if7 -> vethA in net:[10]",
                "eth0@if8 -> vethB in net:[10]",
                "x@if4 -> y",
                "y@if3 -> x",
            ]
        );
    }

    #[test]
    fn pairs_with_the_same_indexes_are_not_told_apart() {
        let end = |name| [link(name, 2, Some(2), true)];
        assert_eq!(shown(&[(1, &end("a")), (2, &end("b"))]), ["a@if2 -> b in net:[2]", "b@if2 -> a in net:[1]"]);
        assert_eq!(
            shown(&[(1, &end("a")), (2, &end("b")), (3, &end("c")), (4, &end("d"))]),
            ["a@if2", "b@if2", "c@if2", "d@if2"]
        );
        // The other end cannot be seen.
        assert_eq!(shown(&[(1, &end("a"))]), ["a@if2"]);
        assert_eq!(shown(&[(1, &[link("a", 2, Some(7), true)])]), ["a@if7"]);
        // That of a cannot be seen, and it may be another pair's that is in sight.
        let pair = [link("z0", 2, Some(3), true), link("z1", 3, Some(2), true)];
        let of_a = [link("a", 2, Some(3), true)];
        assert_eq!(shown(&[(1, &of_a), (2, &pair)]), ["a@if3", "z0@if3", "z1@if2"]);
    }

    #[test]
    fn a_name_reads_as_one_interface() {
        assert_eq!(shown(&[(1, &[link("a,b\\", 1, None, true)])]), ["a\\054b\\134"]);
    }
}
