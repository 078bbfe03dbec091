//! What the cgroup of a process tells of it: the unit of systemd's, and the container. Both are read off the path; no
//! daemon is asked.

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

/// The innermost unit in a cgroup path, or the innermost slice where there is no other.
pub fn unit(path: &[u8]) -> Option<Vec<u8>> {
    let is_unit = |part: &&[u8]| UNITS.iter().any(|end| part.len() > end.len() && part.ends_with(end));
    let is_slice = |part: &&[u8]| part.len() > SLICE.len() && part.ends_with(SLICE);
    let found = parts(path).rfind(is_unit).or_else(|| parts(path).rfind(is_slice));
    found.map(<[u8]>::to_vec)
}

fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty())
}

/// Names of scopes and directories that runtimes make: what is between the two ends is the id.
const RUNTIMES: [(&str, &str, &str); 8] = [
    ("docker-", ".scope", "docker"),
    ("libpod-", ".scope", "podman"),
    ("libpod-", "", "podman"),
    ("cri-containerd-", ".scope", "containerd"),
    ("nerdctl-", ".scope", "containerd"),
    ("crio-", ".scope", "cri-o"),
    ("crio-", "", "cri-o"),
    ("lxc.payload.", "", "lxc"),
];

/// Directories below which each entry is a container of that name.
const DIRECTORIES: [(&str, &str); 3] = [("docker", "docker"), ("lxc", "lxc"), ("lxc.payload", "lxc")];

/// Runtime and id of the innermost container in a cgroup path, as `docker:0123…`.
pub fn container(path: &[u8]) -> Option<Vec<u8>> {
    let parts: Vec<&[u8]> = parts(path).collect();
    let kubepods = parts.iter().position(|part| part.starts_with(b"kubepods"));
    (0..parts.len()).rev().find_map(|at| {
        let above = at.checked_sub(1).map(|at| parts[at]);
        container_of(parts[at], above, kubepods.is_some_and(|kubepods| kubepods < at))
    })
}

/// The container that a part of a path is, by itself, by the part right above it, and if it is of the kubelet's.
fn container_of(part: &[u8], above: Option<&[u8]>, in_kubepods: bool) -> Option<Vec<u8>> {
    let named = |runtime: &str, id: &[u8]| Some([runtime.as_bytes(), b":", id].concat());
    for (start, end, runtime) in RUNTIMES {
        let id = part.strip_prefix(start.as_bytes()).and_then(|rest| rest.strip_suffix(end.as_bytes()));
        // The monitor of a container (libpod-conmon-…) is not in it.
        if let Some(id) = id.filter(|id| runtime == "lxc" && !id.is_empty() || is_container_id(id)) {
            return named(runtime, id);
        }
    }
    if let Some((_, runtime)) = DIRECTORIES.iter().find(|(name, _)| above == Some(name.as_bytes())) {
        return named(runtime, part);
    }
    // SLICE:RUNTIME:ID, where a runtime is told to use systemd and does not.
    let mut colons = part.rsplitn(3, |byte| *byte == b':');
    if let (Some(id), Some(runtime), Some(_)) = (colons.next(), colons.next(), colons.next())
        && is_container_id(id)
        && !runtime.is_empty()
    {
        let runtime = match runtime {
            b"cri-containerd" => "containerd",
            b"crio" => "cri-o",
            _ => return Some([runtime, b":", id].concat()),
        };
        return named(runtime, id);
    }
    // The kubelet's own directories do not say which runtime it is.
    if in_kubepods && is_container_id(part) {
        return named("kubernetes", part);
    }
    machine(part)
}

/// A machine of systemd-machined: `machine-NAME.scope`, or a service of systemd-nspawn.
fn machine(part: &[u8]) -> Option<Vec<u8>> {
    let scope = part.strip_prefix(b"machine-").and_then(|rest| rest.strip_suffix(b".scope"));
    let nspawn = part.strip_prefix(b"systemd-nspawn@").and_then(|rest| rest.strip_suffix(b".service"));
    let name = unescape(scope.or(nspawn)?);
    Some([b"machine:", &name[..]].concat())
}

/// 64 hexadecimal digits.
fn is_container_id(id: &[u8]) -> bool {
    id.len() == 64 && id.iter().all(u8::is_ascii_hexdigit)
}

/// systemd writes `-` and others in names of units as `\xHH`, see systemd-escape(1).
fn unescape(name: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match tail {
            [b'x', high, low, after @ ..] if *first == b'\\' => match digit(*high).zip(digit(*low)) {
                Some((high, low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                None => bytes.push(*first),
            },
            _ => bytes.push(*first),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

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

    #[test]
    fn the_innermost_unit_counts() {
        for (path, expected) in [
            ("/system.slice/ssh.service", Some("ssh.service")),
            ("/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope", Some("a.scope")),
            ("/user.slice/user-1000.slice", Some("user-1000.slice")),
            ("/system.slice/ssh.service/inner", Some("ssh.service")),
            ("/.service", None),
            ("/", None),
        ] {
            assert_eq!(unit(path.as_bytes()), expected.map(|unit| unit.as_bytes().to_vec()), "{path}");
        }
    }

    #[test]
    fn containers_of_each_runtime() {
        for (path, expected) in [
            ("/docker/ID", "docker:ID"),
            ("/system.slice/docker-ID.scope", "docker:ID"),
            ("/machine.slice/libpod-ID.scope/container", "podman:ID"),
            ("/libpod_parent/libpod-ID", "podman:ID"),
            ("/kubepods.slice/kubepods-pod1.slice/cri-containerd-ID.scope", "containerd:ID"),
            ("/kubepods.slice/kubepods-pod1.slice/crio-ID.scope", "cri-o:ID"),
            ("/system.slice/x.service/kubepods-besteffort-pod1.slice:cri-containerd:ID", "containerd:ID"),
            ("/kubepods/burstable/pod7/ID", "kubernetes:ID"),
            ("/lxc.payload.web/system.slice/a.service", "lxc:web"),
            ("/lxc/web", "lxc:web"),
            ("/machine.slice/machine-my\\x2dbox.scope", "machine:my-box"),
            ("/machine.slice/systemd-nspawn@box.service", "machine:box"),
            ("/docker/ID/docker/ID/x", "docker:ID"),
        ] {
            let (path, expected) = (path.replace("ID", ID), expected.replace("ID", ID));
            assert_eq!(container(path.as_bytes()), Some(expected.into_bytes()), "{path}");
        }
        for path in [
            "/",
            "/system.slice/docker.service",
            "/machine.slice/libpod-conmon-ID.scope",
            "/ID",
            "/docker",
            "/a.slice::ID",
        ] {
            assert_eq!(container(path.replace("ID", ID).as_bytes()), None, "{path}");
        }
    }
}
