//! Containers and systemd units, by the cgroups of processes.

use std::collections::HashMap;

use super::Findings;
use crate::list::container::{Evidence, container, unit};
use crate::list::inside::Inside;
use crate::list::model::graph::Graph;
use crate::list::query::wanted::Wanted;
use crate::list::value::as_word;
use crate::proc::cgroup;
use crate::proc::link::Inode;

/// As many digits of a container's id as docker(1) and its like show.
const SHORT_ID: usize = 12;

pub(super) fn search(
    wanted: &[Wanted],
    graph: &Graph,
    inside: &Inside<'_>,
    evidence: &Evidence,
    findings: &mut Findings,
) {
    let mut counts: HashMap<(Inode, Vec<u8>), usize> = HashMap::new();
    let mut names: HashMap<Vec<u8>, Vec<Vec<u8>>> = HashMap::new();
    for process in &graph.snapshot.processes {
        *findings.looked.cgroups.get_or_insert_default() += 1;
        let memberships = inside.cgroups(process.pid);
        let Some(path) = cgroup::path(&memberships) else {
            continue;
        };
        // Many processes share a cgroup.
        let found = names.entry(path.to_vec()).or_insert_with(|| named(path, wanted, evidence));
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
fn named(path: &[u8], wanted: &[Wanted], evidence: &Evidence) -> Vec<Vec<u8>> {
    let container = container(path, evidence).map(|container| container.name);
    let unit = unit(path, evidence);
    let is_container = |wanted: &Wanted| {
        let (text, name) = (wanted.container.as_deref()?, container.as_deref()?);
        is_of(text, name).then_some([&b"container "[..], &as_word(name)].concat())
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

/// Whether that is what a container is called, `RUNTIME:ID`: all of it, its id, or the beginning of an id.
fn is_of(text: &[u8], name: &[u8]) -> bool {
    let id = name.iter().position(|byte| *byte == b':').map_or(name, |at| &name[at + 1..]);
    let is_hexadecimal = |text: &[u8]| text.iter().all(u8::is_ascii_hexdigit);
    name == text || id == text || (text.len() >= SHORT_ID && is_hexadecimal(id) && id.starts_with(text))
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
            (b"docker:0123456789ab", false),
            (b"docker", false),
        ] {
            assert_eq!(is_of(text, name), expected, "{text:?}");
        }
        assert!(is_of(b"web", b"lxc:web"));
        assert!(!is_of(b"web-and-more-of", b"lxc:web-and-more-of-it"));
    }
}
