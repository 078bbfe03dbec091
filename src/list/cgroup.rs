//! What the cgroup of a process tells of it: its path, and the unit of systemd's. No daemon is asked.

use super::container::{self, Evidence};
use crate::cgroup::{Membership, memberships};

/// The path of a process's cgroup, from the text of its /proc/PID/cgroup: of version 2, else of systemd's own hierarchy,
/// else of the first that is not the root.
pub fn path(text: &[u8]) -> Option<&[u8]> {
    let all: Vec<_> = memberships(text).collect();
    let unified = all.iter().find(|one| one.hierarchy == b"0");
    let systemd = all.iter().find(|one| one.controllers == b"name=systemd");
    let below_root = |one: &&Membership| one.path != b"/";
    let best = unified
        .filter(below_root)
        .or(systemd.filter(below_root))
        .or_else(|| all.iter().find(below_root))
        .or(unified)
        .or(all.first());
    best.map(|one| one.path)
}

/// Ends of the names of units, see systemd.unit(5), but for slices, which only group units.
const UNITS: [&[u8]; 6] = [b".service", b".scope", b".socket", b".mount", b".swap", b".timer"];
const SLICE: &[u8] = b".slice";

/// The innermost unit in a cgroup path, or the innermost slice where there is no other. A container may have a systemd of
/// its own, whose units nobody here knows: what is below the part that names the container does not count.
pub fn unit(path: &[u8], evidence: &Evidence) -> Option<Vec<u8>> {
    let container = container::outermost(path, evidence);
    let parts: Vec<_> = parts(path).take(container.map_or(usize::MAX, |container| container.at + 1)).collect();
    let is_unit = |part: &&[u8]| UNITS.iter().any(|end| part.len() > end.len() && part.ends_with(end));
    let is_slice = |part: &&[u8]| part.len() > SLICE.len() && part.ends_with(SLICE);
    let mut innermost_first = parts.iter().rev().copied();
    let found = innermost_first.clone().find(is_unit).or_else(|| innermost_first.find(is_slice));
    found.map(<[u8]>::to_vec)
}

/// The parts of a cgroup path, from the root.
pub fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unified_hierarchy_comes_first_then_systemds() {
        for (text, expected) in [
            ("0::/a\n", Some("/a")),
            ("5:cpu:/c\n1:name=systemd:/s\n0::/u\n", Some("/u")),
            ("5:cpu:/c\n1:name=systemd:/s:t\n0::/\n", Some("/s:t")),
            ("5:cpu:/c\n1:name=systemd:/\n0::/\n", Some("/c")),
            ("1:name=systemd:/\n0::/\n", Some("/")),
            ("", None),
        ] {
            assert_eq!(path(text.as_bytes()), expected.map(str::as_bytes), "{text:?}");
        }
    }
}
