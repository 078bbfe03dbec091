//! Joins the cgroups of a process in every hierarchy that is mounted here, version 2 and each of version 1, see
//! cgroups(7).

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::frozen::check_runs;
use super::target::PinnedTarget;
use crate::error::{Attempt, Failure, RequestError, ResultExt};
use crate::proc::cgroup::{directory_in, is_shown_by, memberships};
use crate::proc::mountinfo::{Mount, mounts};
use crate::sys::file::{open_retrying, read_bounded};

/// We read no more than this of /proc/PID/cgroup and mountinfo.
const LONGEST: usize = 4 << 20;

/// Opens the cgroup.procs files of the target's cgroups for writing. Errors: those of open(2); one is paused.
pub fn open(target: &PinnedTarget) -> Result<Vec<(PathBuf, OwnedFd)>, Failure> {
    let own = |name: &str| {
        let path = Path::new("/proc/self").join(name);
        read_bounded(&path, LONGEST).attempt(|| Attempt::Read(path))
    };
    let mounted: Vec<Mount> = mounts(&own("mountinfo")?).collect();
    let directories = directories(&target.read("cgroup", LONGEST)?, &own("cgroup")?, &mounted)?;
    directories.iter().try_for_each(|directory| check_runs(directory))?;
    let open = |directory: PathBuf| {
        let path = directory.join("cgroup.procs");
        let file = open_retrying(&path, OFlag::O_WRONLY).attempt(|| Attempt::Open(path.clone()))?;
        Ok((path, file))
    };
    directories.into_iter().map(open).collect()
}

/// The directories of the cgroups that the target is in and we are not, by the texts of both their /proc/PID/cgroup.
/// Hierarchies that are not mounted are left out, unless none is.
///
/// Errors: no mount shows a cgroup, or none of them.
pub fn directories(target: &[u8], own: &[u8], mounted: &[Mount]) -> Result<Vec<PathBuf>, RequestError> {
    let own: Vec<_> = memberships(own).collect();
    let elsewhere: Vec<_> = memberships(target).filter(|membership| !own.contains(membership)).collect();
    let mut directories = Vec::new();
    let mut unreached = None;
    for membership in elsewhere {
        let of_hierarchy: Vec<_> = mounted.iter().filter(|mount| is_shown_by(membership, mount)).collect();
        let name = || String::from_utf8_lossy(membership.path).into_owned();
        match of_hierarchy.iter().rev().find_map(|mount| directory_in(mount, membership.path)) {
            Some(directory) => directories.push(directory),
            None if of_hierarchy.is_empty() => unreached = unreached.or_else(|| Some(name())),
            None => return Err(RequestError::CgroupOutOfSight(name())),
        }
    }
    match unreached {
        Some(name) if directories.is_empty() => Err(RequestError::NoCgroups(name)),
        _ => Ok(directories),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(fstype: &str, root: &str, point: &str, options: &str) -> Mount {
        Mount {
            id: 1,
            parent: 0,
            device: (0, 3),
            root: root.into(),
            mount_point: point.into(),
            options: "rw".into(),
            shared: None,
            fstype: fstype.into(),
            source: "none".into(),
            super_options: options.into(),
        }
    }

    fn found(target: &str, own: &str, mounts: &[Mount]) -> Result<Vec<String>, RequestError> {
        let paths = directories(target.as_bytes(), own.as_bytes(), mounts)?;
        Ok(paths.iter().map(|path| path.display().to_string()).collect())
    }

    #[test]
    fn every_mounted_hierarchy_of_both_versions_is_joined() {
        let mounts = [
            mount("cgroup2", "/", "/cg/unified", "rw"),
            mount("cgroup", "/", "/cg/cpu", "rw,cpu,cpuacct"),
            mount("cgroup", "/", "/cg/systemd", "rw,xattr,name=systemd"),
        ];
        let target = "3:cpu,cpuacct:/a\n2:name=systemd:/x:y\n1:pids:/p\n0::/b/c\n";
        let expected = ["/cg/cpu/a", "/cg/systemd/x:y", "/cg/unified/b/c"].map(String::from);
        assert_eq!(found(target, "3:cpu,cpuacct:/\n2:name=systemd:/\n1:pids:/\n0::/\n", &mounts), Ok(expected.into()));
    }

    #[test]
    fn a_cgroup_that_we_are_in_is_left_alone() {
        let mounts = [mount("cgroup2", "/", "/cg", "rw")];
        assert_eq!(found("0::/a\n", "0::/a\n", &mounts), Ok(vec![]));
    }

    #[test]
    fn paths_are_resolved_by_the_root_of_the_mount() {
        let of = |path: &str, root: &str| {
            found(&format!("0::{path}\n"), "0::/own\n", &[mount("cgroup2", root, "/cg", "rw")])
        };
        let out_of_sight = |path: &str| Err(RequestError::CgroupOutOfSight(path.to_string()));
        assert_eq!(of("/a/b", "/a"), Ok(vec!["/cg/b".to_string()]));
        assert_eq!(of("/", "/"), Ok(vec!["/cg/".to_string()]));
        assert_eq!(of("/ab", "/a"), out_of_sight("/ab"));
        assert_eq!(of("/../x", "/"), out_of_sight("/../x"));
        assert_eq!(of("/../x", "/.."), Ok(vec!["/cg/x".to_string()]));
        assert_eq!(found("0::/a\n", "0::/\n", &[]), Err(RequestError::NoCgroups("/a".to_string())));
    }
}
