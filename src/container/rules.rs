//! How runtimes name the cgroups of their containers.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::{Container, Evidence};
use crate::proc::cgroup::parts;

/// The container that a part of a cgroup path names.
pub fn named(path: &Path<'_>, at: usize, evidence: &Evidence) -> Option<Container> {
    let place = Place { path, at };
    let (runtime, id) = RULES.iter().find_map(|rule| rule(&place, evidence))?;
    Some(Container { runtime, id, at })
}

/// A cgroup path in parts.
pub struct Path<'p> {
    /// From the root on.
    pub parts: Vec<&'p [u8]>,
    /// How many of them are `..`: the process is outside of our cgroup namespace.
    above: usize,
    /// How many slices are below those, before anything else.
    slices: usize,
    /// The first part that is the kubelet's.
    kubepods: Option<usize>,
    /// Where nomad.slice is.
    nomad: Option<usize>,
}

impl<'p> Path<'p> {
    /// Of the text of a path.
    pub fn of(path: &'p [u8]) -> Path<'p> {
        let parts: Vec<_> = parts(path).collect();
        let above = parts.iter().take_while(|part| ***part == *b"..").count();
        let slices = parts[above..].iter().take_while(|part| part.ends_with(b".slice")).count();
        let kubepods = parts.iter().position(|part| part.starts_with(b"kubepods"));
        let nomad = parts.iter().position(|part| *part == b"nomad.slice");
        Path { parts, above, slices, kubepods, nomad }
    }
}

/// A part of a path that may name a container.
struct Place<'p> {
    path: &'p Path<'p>,
    at: usize,
}

impl<'p> Place<'p> {
    fn part(&self) -> &'p [u8] {
        self.path.parts[self.at]
    }

    /// The parts above it, the nearest first.
    fn above(&self) -> impl Iterator<Item = &'p [u8]> {
        self.path.parts[..self.at].iter().rev().copied()
    }

    fn parent(&self) -> Option<&'p [u8]> {
        self.above().next()
    }

    /// The path down to it, without the `..` that begin it; `None` if it is one of them.
    fn down_to_here(&self) -> Option<PathBuf> {
        let parts = self.path.parts.get(self.path.above..=self.at)?;
        (!parts.is_empty()).then(|| parts.iter().map(|part| OsStr::from_bytes(part)).collect())
    }

    /// Whether it is the `depth`-th part from the root: only root makes cgroups there.
    fn is_at(&self, depth: usize) -> bool {
        self.at == self.path.above + depth
    }

    /// Whether only slices are above it, as above a unit of the system's own systemd.
    fn is_below_slices_only(&self) -> bool {
        self.is_at(self.path.slices)
    }
}

/// Runtime and id.
type Name = (Vec<u8>, Vec<u8>);

/// What a part may be, the surer first.
const RULES: [fn(&Place<'_>, &Evidence) -> Option<Name>; 13] = [
    affixed,
    lxc,
    in_directory,
    with_colons,
    kubelet,
    nomad,
    ecs,
    machine,
    application,
    containerd,
    runc,
    low_level,
    bare,
];

fn name(runtime: &str, id: &[u8]) -> Option<Name> {
    Some((runtime.into(), id.into()))
}

/// What is between `start` and `end`, if there is something.
fn between<'t>(part: &'t [u8], start: &str, end: &str) -> Option<&'t [u8]> {
    let inner = part.strip_prefix(start.as_bytes())?.strip_suffix(end.as_bytes())?;
    Some(inner).filter(|inner| !inner.is_empty())
}

/// 64 hexadecimal digits.
pub fn is_hash(id: &[u8]) -> bool {
    id.len() == 64 && id.iter().all(u8::is_ascii_hexdigit)
}

/// A build of BuildKit's: 25 digits and lower-case letters.
fn is_build(id: &[u8]) -> bool {
    id.len() == 25 && id.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// Either of them: an id that no person has chosen.
pub fn is_hash_or_build(id: &[u8]) -> bool {
    is_hash(id) || is_build(id)
}

fn is_name(_: &[u8]) -> bool {
    true
}

/// The id that `buildah run` gives: `buildah` and digits.
fn is_buildahs(id: &[u8]) -> bool {
    between(id, "buildah", "").is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

/// How an id must look.
type Look = fn(&[u8]) -> bool;

/// Scopes and directories that runtimes make, with the id between two ends, and how it must look. The monitor of a
/// container (`libpod-conmon-…`) is not in it.
const AFFIXED: &[(&str, &[&str], &str, Look)] = &[
    ("docker-", SCOPE, "docker", is_hash_or_build),
    ("libpod-payload-", DIRECTORY, "podman", is_hash),
    ("libpod-", EITHER, "podman", is_hash),
    ("cri-containerd-", SCOPE, "containerd", is_hash),
    ("nerdctl-", SCOPE, "containerd", is_hash),
    ("crio-", EITHER, "cri-o", is_hash),
    ("buildah-", EITHER, "buildah", is_buildahs),
    ("runc-", SCOPE, "runc", is_name),
    ("crun-", SCOPE, "crun", is_name),
    ("apptainer-", SCOPE, "apptainer", is_name),
];

/// The ends of a scope of systemd, of a directory that a runtime has made itself, and of a place that may be either.
const SCOPE: &[&str] = &[".scope"];
const DIRECTORY: &[&str] = &[""];
const EITHER: &[&str] = &[".scope", ""];

fn affixed(place: &Place<'_>, _: &Evidence) -> Option<Name> {
    AFFIXED.iter().find_map(|(start, ends, runtime, looks)| {
        let id = ends.iter().find_map(|end| between(place.part(), start, end).filter(|id| looks(id)))?;
        name(runtime, id)
    })
}

/// `lxc.payload.NAME`, or `lxc.payload-NAME` of older versions. Where that name was taken, a number is added.
fn lxc(place: &Place<'_>, evidence: &Evidence) -> Option<Name> {
    if let Some(id) = between(place.part(), "lxc.payload-", "") {
        return name("lxc", id);
    }
    let id = between(place.part(), "lxc.payload.", "")?;
    let dash = id.iter().rposition(|byte| *byte == b'-').filter(|dash| *dash > 0);
    let numbered = dash.filter(|dash| id[dash + 1..].iter().all(u8::is_ascii_digit) && dash + 1 < id.len());
    match numbered {
        Some(dash) if !evidence.runs_lxc(id) && evidence.runs_lxc(&id[..dash]) => name("lxc", &id[..dash]),
        _ => name("lxc", id),
    }
}

/// Directories below which each entry is a container, with the look of its id.
const DIRECTORIES: &[(&str, &str, Look)] = &[
    ("docker", "docker", is_hash_or_build),
    ("buildkit", "buildkit", is_hash_or_build),
    ("lxc", "lxc", is_name),
    ("lxc.payload", "lxc", is_name),
    ("garden", "garden", is_name),
    ("vc", "kata", is_hash),
    ("kata_overhead", "kata", is_name),
];

fn in_directory(place: &Place<'_>, _: &Evidence) -> Option<Name> {
    let parent = place.parent()?;
    let (_, runtime, _) =
        DIRECTORIES.iter().find(|(directory, _, looks)| parent == directory.as_bytes() && looks(place.part()))?;
    name(runtime, place.part())
}

/// SLICE:RUNTIME:ID, where a runtime is told to use systemd and does not.
fn with_colons(place: &Place<'_>, _: &Evidence) -> Option<Name> {
    let mut fields = place.part().rsplitn(3, |byte| *byte == b':');
    let (id, runtime, _) = (fields.next()?, fields.next()?, fields.next()?);
    if !is_hash_or_build(id) || runtime.is_empty() {
        return None;
    }
    match runtime {
        b"cri-containerd" => name("containerd", id),
        b"crio" => name("cri-o", id),
        _ => Some((runtime.into(), id.into())),
    }
}

/// The kubelet's own directories do not say which runtime it is.
fn kubelet(place: &Place<'_>, _: &Evidence) -> Option<Name> {
    let in_kubepods = place.path.kubepods.is_some_and(|kubepods| kubepods < place.at);
    if is_hash(place.part()) && in_kubepods { name("kubernetes", place.part()) } else { None }
}

/// Below nomad.slice, ALLOCATION.TASK.scope.
fn nomad(place: &Place<'_>, _: &Evidence) -> Option<Name> {
    let task = between(place.part(), "", ".scope").filter(|task| task.contains(&b'.'))?;
    if place.path.nomad.is_some_and(|nomad| nomad < place.at) { name("nomad", task) } else { None }
}

/// Of Fargate: ecs/TASK/TASK-NUMBER.
fn ecs(place: &Place<'_>, _: &Evidence) -> Option<Name> {
    let mut above = place.above();
    let (task, ecs) = (above.next()?, above.next()?);
    let number = place.part().strip_prefix(task)?.strip_prefix(b"-")?;
    let is_number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    if ecs == b"ecs" && is_number { name("ecs", place.part()) } else { None }
}

/// A machine of systemd-machined: `machine-NAME.scope`, a service of systemd-nspawn, or the unit that it is told to stay
/// in, of which machined's own file tells the name.
fn machine(place: &Place<'_>, evidence: &Evidence) -> Option<Name> {
    let scope = between(place.part(), "machine-", ".scope");
    let registered = || {
        let is_unit = place.part().ends_with(b".service") || place.part().ends_with(b".scope");
        let machine = (is_unit && place.is_below_slices_only()).then(|| evidence.machine_of_unit(place.part()));
        machine.flatten()
    };
    let named = scope.or_else(|| between(place.part(), "systemd-nspawn@", ".service")).map(unescape);
    let machine = named.or_else(registered)?;
    // qemu-1-NAME of libvirt's is a virtual machine.
    if machine.starts_with(b"qemu-") { None } else { name("machine", &machine) }
}

/// Scopes of flatpak and snap.
fn application(place: &Place<'_>, _: &Evidence) -> Option<Name> {
    if let Some(flatpak) = between(place.part(), "app-flatpak-", ".scope") {
        let dash = flatpak.iter().rposition(|byte| *byte == b'-')?;
        return name("flatpak", &unescape(&flatpak[..dash]));
    }
    let snap = between(place.part(), "snap.", ".scope")?;
    let dot = snap.iter().position(|byte| *byte == b'.').filter(|dot| *dot > 0)?;
    name("snap", &snap[..dot])
}

/// NAMESPACE/ID right below the root, as ctr and nerdctl make them without systemd.
fn containerd(place: &Place<'_>, evidence: &Evidence) -> Option<Name> {
    let namespace = place.parent().filter(|_| place.is_at(1))?;
    if evidence.runs_containerd(namespace, place.part()) { name("containerd", place.part()) } else { None }
}

/// NAME right below the root, as runc makes them without systemd.
fn runc(place: &Place<'_>, evidence: &Evidence) -> Option<Name> {
    if place.is_at(0) && evidence.runs_runc(place.part()) { name("runc", place.part()) } else { None }
}

/// Wherever runc or crun have been told to make it: NAME, which is the whole of its part. Most parts are in no list of theirs.
fn low_level(place: &Place<'_>, evidence: &Evidence) -> Option<Name> {
    let here = place.down_to_here()?;
    let runtime = evidence.made_by_low_level(place.part(), &here)?;
    name(runtime, place.part())
}

/// An id that does not say of which runtime, below whatever parent was asked for (`docker run --cgroup-parent`).
fn bare(place: &Place<'_>, _: &Evidence) -> Option<Name> {
    if is_hash(place.part()) { name("oci", place.part()) } else { None }
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
