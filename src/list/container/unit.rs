//! The systemd unit that a cgroup path belongs to. We ask no daemon.

use super::{Evidence, outermost};
use crate::proc::cgroup::parts;

/// The suffixes of unit names, see systemd.unit(5), except for slices, which only group units.
const UNITS: [&[u8]; 6] = [b".service", b".scope", b".socket", b".mount", b".swap", b".timer"];
const SLICE: &[u8] = b".slice";

/// The innermost unit in a cgroup path, or the innermost slice if the path names no other unit. Parts below the one
/// that names a container do not count: they may be units of a systemd inside, which nobody here knows.
pub fn unit(path: &[u8], evidence: &Evidence) -> Option<Vec<u8>> {
    let container = outermost(path, evidence);
    let parts: Vec<_> = parts(path).take(container.map_or(usize::MAX, |container| container.at + 1)).collect();
    let is_unit = |part: &&[u8]| UNITS.iter().any(|end| part.len() > end.len() && part.ends_with(end));
    let is_slice = |part: &&[u8]| part.len() > SLICE.len() && part.ends_with(SLICE);
    let mut innermost_first = parts.iter().rev().copied();
    let found = innermost_first.clone().find(is_unit).or_else(|| innermost_first.find(is_slice));
    found.map(<[u8]>::to_vec)
}
