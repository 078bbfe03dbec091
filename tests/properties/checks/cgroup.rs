//! /proc/PID/cgroup: where nsenter joins, and the unit and container that lsns reads off a path.

use std::path::{Component, Path};

use nskit::internals::container::unit;
use nskit::internals::container::{Evidence, container};
use nskit::internals::enter::cgroup::directories;
use nskit::internals::proc::cgroup::path;
use nskit::internals::proc::mountinfo::{Mount, mounts};

use super::memory::bounded;
use super::{Check, assert_said};

/// The check.
pub const CHECK: Check = Check {
    name: "cgroup",
    tokens: &[
        "0::/",
        "\n",
        ":",
        "/",
        "\0",
        "..",
        "12:cpu,cpuacct:/a",
        "1:name=systemd:/s",
        ".service",
        ".slice",
        ".scope",
        "system.slice",
        "user@1000.service",
        "docker-",
        "docker",
        "libpod-",
        "libpod-conmon-",
        "cri-containerd-",
        "crio-",
        "lxc.payload.",
        "lxc",
        "machine-",
        "systemd-nspawn@",
        "\\x2d",
        "kubepods",
        "libpod-payload-",
        "lxc.payload-",
        "buildkit",
        "buildah-buildah1",
        "othbeqxo0ze93v1j1zq1ag8a7",
        "runc-",
        "nomad.slice",
        "ecs/t/t-1",
        "garden",
        "app-flatpak-",
        "snap.a.b.",
        ":cri-containerd:",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "1 1 0:1 / /cg rw - cgroup2 cgroup2 rw\n",
        "2 1 0:2 /a /cpu rw - cgroup cgroup rw,cpu,cpuacct\n",
    ],
    run: check,
};

/// NUL parts the target's memberships, our own, and the table of mounts.
fn check(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (target, own, mounted) = (part(), part(), part());
    check_path(target);
    check_names(bytes);
    if let Some(path) = path(target) {
        check_names(path);
    }
    let mounted: Vec<Mount> = mounts(mounted).collect();
    check_directories(target, own, &mounted);
}

fn check_path(memberships: &[u8]) {
    let Some(found) = bounded(memberships.len(), 128, 512, || path(memberships)) else {
        return assert!(
            memberships
                .split(|byte| *byte == b'\n')
                .all(|line| { line.iter().filter(|byte| **byte == b':').count() < 2 })
        );
    };
    let of_version_2 = memberships.split(|byte| *byte == b'\n').find_map(|line| {
        let path = line.strip_prefix(b"0:")?;
        Some(&path[path.iter().position(|byte| *byte == b':')? + 1..])
    });
    if let Some(of_version_2) = of_version_2.filter(|path| *path != b"/") {
        assert_eq!(found, of_version_2);
    }
}

fn check_names(path: &[u8]) {
    // No runtime has left a file.
    let evidence = Evidence::new(Path::new("/nonexistent"), Path::new("/nonexistent"));
    let (unit, container) = bounded(path.len(), 512, 1024, || (unit(path, &evidence), container(path, &evidence)));
    let mut parts = path.split(|byte| *byte == b'/');
    if let Some(unit) = unit {
        assert!(parts.clone().any(|part| part == unit));
        let dot = unit.iter().rposition(|byte| *byte == b'.').unwrap();
        assert!(dot > 0);
        // A slice only where there is nothing better, but for what is inside a container.
        let better = parts.any(|part| part.len() > 8 && part.ends_with(b".service"));
        assert!(!better || container.is_some() || unit[dot..] != *b".slice");
    }
    if let Some(container) = container {
        let colon = container.name().iter().position(|byte| *byte == b':').unwrap();
        assert!(container.name().len() <= path.len() + 16 && colon > 0);
        assert!(container.at < path.split(|byte| *byte == b'/').count());
    }
}

fn check_directories(target: &[u8], own: &[u8], mounted: &[Mount]) {
    match directories(target, own, mounted) {
        Ok(found) => {
            for directory in &found {
                let mount = mounted.iter().find(|mount| {
                    let below = directory.strip_prefix(&mount.mount_point);
                    // Nothing that the target is called leads out of the mount.
                    below.is_ok_and(|below| below.components().all(|part| matches!(part, Component::Normal(_))))
                });
                assert!(mount.is_some(), "{directory:?}");
            }
            assert!(found.len() <= target.split(|byte| *byte == b'\n').count());
        }
        Err(error) => drop(assert_said(error)),
    }
    // Where we are already, there is nothing to join.
    assert_eq!(directories(target, target, mounted), Ok(vec![]));
}
