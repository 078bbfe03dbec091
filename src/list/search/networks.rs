//! Interfaces and addresses.

use std::fmt::Write;

use super::{Findings, of_kind};
use crate::list::inside::Inside;
use crate::list::inside::network::Devices;
use crate::list::model::graph::Graph;
use crate::list::query::wanted::{Wanted, WantedAddress};
use crate::list::value::as_word;
use crate::namespace::Kind;

pub(super) fn search(wanted: &[Wanted], graph: &Graph, inside: &Inside<'_>, findings: &mut Findings) {
    let networks = inside.networks();
    for inode in of_kind(graph, Kind::Net) {
        let devices = networks.devices(inode);
        findings.looked.networks.get_or_insert_default().add(devices.is_some());
        let Some(devices) = devices else {
            continue;
        };
        for wanted in wanted {
            let by_name = |link| networks.text_by_name(inode, link, wanted.link.as_deref()?);
            for text in devices.links.iter().filter_map(by_name) {
                findings.add(inode, text);
            }
            for text in wanted.address.into_iter().flat_map(|address| addresses(devices, address)) {
                findings.add(inode, text);
            }
        }
    }
}

/// `eth0 10.0.0.1/24`, `eth0 02:42:ac:11:00:02`.
fn addresses(devices: &Devices, wanted: WantedAddress) -> Vec<Vec<u8>> {
    match wanted {
        WantedAddress::Ip(..) => {
            let found = devices.addresses.iter().filter(|found| wanted.is_ip(found.address));
            found.map(|found| devices.text(found)).collect()
        }
        WantedAddress::Hardware(bytes) => {
            let mut text = String::new();
            for (at, byte) in bytes.iter().enumerate() {
                let _ = write!(text, "{}{byte:02x}", if at == 0 { ' ' } else { ':' });
            }
            let found = devices.links.iter().filter(|link| link.hardware_address == Some(bytes));
            found.map(|link| [as_word(&link.name), text.clone().into_bytes()].concat()).collect()
        }
    }
}
