//! Reads /proc/PID/cgroup, see cgroups(7), and finds a cgroup in a mount of its hierarchy. Paths are bytes, because the name
//! of a cgroup may hold any.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::mountinfo::Mount;

/// In bytes. Enough for the cgroups of every hierarchy with the longest path.
pub const LONGEST: usize = 64 * 1024;

/// A line: the cgroup of the process in one hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership<'t> {
    /// The number of the hierarchy: `0` for version 2.
    pub hierarchy: &'t [u8],
    /// Its controllers, comma-separated, or its name as `name=systemd`; none for version 2.
    pub controllers: &'t [u8],
    /// The cgroup, relative to the root of the reader's cgroup namespace.
    pub path: &'t [u8],
}

/// The lines of a cgroup file, `HIERARCHY:CONTROLLERS:PATH`. Malformed lines are skipped.
pub fn memberships(text: &[u8]) -> impl Iterator<Item = Membership<'_>> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.splitn(3, |byte| *byte == b':');
        Some(Membership { hierarchy: fields.next()?, controllers: fields.next()?, path: fields.next()? })
    })
}

/// The path of a process's cgroup, see [`foremost`].
pub fn path(text: &[u8]) -> Option<&[u8]> {
    foremost(text).map(|one| one.path)
}

/// The cgroup in which a process is managed, from the text of its /proc/PID/cgroup: the one of version 2; otherwise that of
/// systemd's hierarchy; otherwise the first that is not the root.
pub fn foremost(text: &[u8]) -> Option<Membership<'_>> {
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
    best.copied()
}

/// The parts of a cgroup path, from the root.
pub fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty())
}

/// Whether the mount shows the hierarchy of a membership: of version 1, its options name the controllers.
pub fn is_shown_by(membership: Membership<'_>, mount: &Mount) -> bool {
    if membership.controllers.is_empty() {
        return mount.fstype == "cgroup2";
    }
    let options: Vec<_> = mount.super_options.as_bytes().split(|byte| *byte == b',').collect();
    let mut controllers = membership.controllers.split(|byte| *byte == b',');
    mount.fstype == "cgroup" && controllers.all(|controller| options.contains(&controller))
}

/// Where a mount of its hierarchy shows the cgroup, if it does.
pub fn directory_in(mount: &Mount, path: &[u8]) -> Option<PathBuf> {
    let below = Path::new(OsStr::from_bytes(path)).strip_prefix(&mount.root).ok()?;
    // A cgroup outside of our cgroup namespace begins with `..`: refuse it, for the path would lead elsewhere.
    let inside = below.components().all(|component| matches!(component, Component::Normal(_)));
    inside.then(|| mount.mount_point.join(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_hold_what_separates_fields() {
        let membership = |hierarchy, controllers, path| Membership { hierarchy, controllers, path };
        let text = b"3:cpu,cpuacct:/a:b\nnonsense\n0::/\n";
        assert_eq!(
            memberships(text).collect::<Vec<_>>(),
            [membership(&b"3"[..], &b"cpu,cpuacct"[..], &b"/a:b"[..]), membership(b"0", b"", b"/")]
        );
    }

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
