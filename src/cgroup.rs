//! Reads /proc/PID/cgroup, see cgroups(7). Paths are bytes, whatever a maker of cgroups chose to call them.

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

/// The lines of a cgroup file, `HIERARCHY:CONTROLLERS:PATH`. Lines that are none are passed over.
pub fn memberships(text: &[u8]) -> impl Iterator<Item = Membership<'_>> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.splitn(3, |byte| *byte == b':');
        Some(Membership { hierarchy: fields.next()?, controllers: fields.next()?, path: fields.next()? })
    })
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
}
