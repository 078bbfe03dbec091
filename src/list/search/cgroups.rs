//! Containers and systemd units, by the cgroups of processes.

use std::collections::HashMap;

use super::Findings;
use crate::container::names::Names;
use crate::container::{container, unit};
use crate::list::inside::Inside;
use crate::list::model::graph::Graph;
use crate::list::query::wanted::Wanted;
use crate::list::value::as_word;
use crate::proc::cgroup::{self, Membership};
use crate::proc::link::Inode;

/// As many digits of a container's id as docker(1) and its like show.
const SHORT_ID: usize = 12;

pub(super) fn search(
    wanted: &[Wanted],
    graph: &Graph,
    inside: &Inside<'_>,
    containers: &Names,
    findings: &mut Findings,
) {
    let mut counts: HashMap<(Inode, Vec<u8>), usize> = HashMap::new();
    let mut names: HashMap<Vec<u8>, Vec<Vec<u8>>> = HashMap::new();
    for process in &graph.snapshot.processes {
        *findings.looked.cgroups.get_or_insert_default() += 1;
        let memberships = inside.cgroups(process.pid);
        let Some(membership) = cgroup::foremost(&memberships) else {
            continue;
        };
        // Many processes share a cgroup.
        let found = names.entry(membership.path.to_vec()).or_insert_with(|| named(membership, wanted, containers));
        for name in found {
            for inode in process.namespaces.iter().flatten() {
                *counts.entry((*inode, name.clone())).or_default() += 1;
            }
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort();
    for ((inode, name), count) in counts {
        let plural = if count == 1 { "" } else { "es" };
        findings.add(inode, [name, format!(" ({count} process{plural})").into_bytes()].concat());
    }
}

/// Those of the wanted containers and units that a cgroup path belongs to.
fn named(membership: Membership<'_>, wanted: &[Wanted], containers: &Names) -> Vec<Vec<u8>> {
    let label = containers.of(membership);
    // Its id, where the label has the name.
    let by_id = container(membership.path, containers.evidence()).map(|container| container.name());
    let unit = unit(membership.path, containers.evidence());
    let is_container = |wanted: &Wanted| {
        let (text, label) = (wanted.container.as_deref()?, label.as_deref()?);
        let is_it = is_of(text, label) || by_id.as_deref().is_some_and(|name| is_of(text, name));
        is_it.then_some([&b"container "[..], &as_word(label)].concat())
    };
    let is_unit = |wanted: &Wanted| {
        let (text, name) = (wanted.unit.as_deref()?, unit.as_deref()?);
        let is_it = name == text || name.strip_suffix(b".service") == Some(text);
        is_it.then_some([&b"unit "[..], &as_word(name)].concat())
    };
    let mut found: Vec<_> =
        wanted.iter().flat_map(|wanted| [is_container(wanted), is_unit(wanted)]).flatten().collect();
    found.sort();
    found.dedup();
    found
}

/// Whether that is what a container is called, `RUNTIME:ID`: all of it, its id, or the beginning of an id, also behind the
/// runtime.
fn is_of(text: &[u8], name: &[u8]) -> bool {
    let start = name.iter().position(|byte| *byte == b':').map_or(0, |at| at + 1);
    let (runtime, id) = name.split_at(start);
    let begun = text.strip_prefix(runtime).unwrap_or(text);
    let is_hexadecimal = |text: &[u8]| text.iter().all(u8::is_ascii_hexdigit);
    name == text || id == text || (begun.len() >= SHORT_ID && is_hexadecimal(id) && id.starts_with(begun))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_called_by_its_id_or_enough_of_it() {
        let name = b"docker:0123456789abcdef0123456789abcdef";
        for (text, expected) in [
            (&name[..], true),
            (b"0123456789abcdef0123456789abcdef", true),
            (b"0123456789ab", true),
            (b"0123456789a", false),
            (b"123456789abc", false),
            (b"docker:0123456789ab", true),
            (b"podman:0123456789ab", false),
            (b"docker:0123456789a", false),
            (b"docker", false),
        ] {
            assert_eq!(is_of(text, name), expected, "{text:?}");
        }
        assert!(is_of(b"web", b"lxc:web"));
        assert!(!is_of(b"web-and-more-of", b"lxc:web-and-more-of-it"));
    }
}
