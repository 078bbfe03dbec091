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

/// The name of a unit as it was typed, with the suffix of a service if it has none.
pub fn whole_name(typed: &[u8]) -> Vec<u8> {
    let has_suffix = UNITS.iter().chain([&SLICE]).any(|end| typed.len() > end.len() && typed.ends_with(end));
    if has_suffix { typed.to_vec() } else { [typed, b".service"].concat() }
}

/// The unit that the last part of a cgroup path is of. systemd writes `_` before a name that the kernel might take for one
/// of its own files. What lies in a container is of another systemd.
pub fn named_by_last_part<'p>(path: &'p [u8], evidence: &Evidence) -> Option<&'p [u8]> {
    let last = parts(path).next_back()?;
    let depth = parts(path).count() - 1;
    let is_unit = UNITS.iter().chain([&SLICE]).any(|end| last.len() > end.len() && last.ends_with(end));
    let is_inside = outermost(path, evidence).is_some_and(|container| container.at < depth);
    (is_unit && !is_inside).then(|| last.strip_prefix(b"_").unwrap_or(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_name_without_a_suffix_is_a_service() {
        for (typed, whole) in [
            ("ssh", "ssh.service"),
            ("ssh.service", "ssh.service"),
            ("init.scope", "init.scope"),
            ("a.b", "a.b.service"),
            ("", ".service"),
            (".scope", ".scope.service"),
        ] {
            assert_eq!(whole_name(typed.as_bytes()), whole.as_bytes(), "{typed}");
        }
    }

    #[test]
    fn a_unit_of_another_systemd_is_none() {
        let evidence = Evidence::new(Path::new("/nonexistent"), Path::new("/nonexistent"));
        let of = |path: &'static str| named_by_last_part(path.as_bytes(), &evidence);
        assert_eq!(of("/system.slice/ssh.service"), Some(&b"ssh.service"[..]));
        assert_eq!(of("/system.slice/_cpu.service"), Some(&b"cpu.service"[..]));
        assert_eq!(of("/machine.slice/machine-box.scope"), Some(&b"machine-box.scope"[..]));
        for path in ["/", "/system.slice/ssh.service/x", "/lxc.payload.web/system.slice/ssh.service", "/.service"] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
