//! /proc/PID/mountinfo.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nskit::internals::proc::mountinfo::{Mount, mounts};

use super::Check;
use super::memory::bounded;

/// The check.
pub const CHECK: Check = Check {
    name: "mountinfo",
    tokens: &[
        "36 35 98:0 / /mnt rw,noatime shared:7 master:1 - ext3 /dev/root rw\n",
        "37 36 0:4 net:[4026532179] /run/n rw - nsfs nsfs rw\n",
        " - nsfs ",
        "\\040",
        "\\012",
        "\\134",
        "\\777",
        "\\",
        " ",
        "\n",
        "-",
        " - ",
        "shared:",
        "4294967296",
        "cgroup2",
        "cgroup cgroup rw,cpu,cpuacct",
        "unbindable",
    ],
    run: check,
};

fn check(bytes: &[u8]) {
    let read: Vec<Mount> = bounded(bytes.len(), 128, 1024, || mounts(bytes).collect());
    let lines = bytes.split(|byte| *byte == b'\n');
    let full = lines.filter(|line| line.iter().filter(|byte| **byte == b' ').count() >= 6);
    assert!(read.len() <= full.count());
    for mount in &read {
        let line = line_of(mount);
        assert_eq!(mounts(&line).collect::<Vec<_>>(), std::slice::from_ref(mount), "{}", line.escape_ascii());
    }
    check_hostile_path(bytes);
}

/// As the kernel writes it, see proc_pid_mountinfo(5).
fn line_of(mount: &Mount) -> Vec<u8> {
    let (major, minor) = mount.device;
    let mut line = format!("{} {} {major}:{minor} ", mount.id, mount.parent).into_bytes();
    escape(&mount.root, &mut line);
    line.push(b' ');
    escape(mount.mount_point.as_os_str(), &mut line);
    line.push(b' ');
    line.extend(mount.options.as_bytes());
    line.push(b' ');
    if let Some(group) = mount.shared {
        line.extend(format!("shared:{group} ").bytes());
    }
    line.extend(b"master:9 - ");
    escape(&mount.fstype, &mut line);
    line.push(b' ');
    escape(&mount.source, &mut line);
    line.push(b' ');
    escape(&mount.super_options, &mut line);
    line
}

fn escape(text: &OsStr, line: &mut Vec<u8>) {
    for byte in text.as_bytes() {
        match byte {
            b' ' | b'\n' | b'\t' | b'\\' | b'#' => line.extend(format!("\\{byte:03o}").bytes()),
            _ => line.push(*byte),
        }
    }
}

/// A mount point of any bytes is read back, and makes no other mount of itself.
fn check_hostile_path(bytes: &[u8]) {
    let mount = Mount {
        id: 1,
        parent: 2,
        device: (8, 17),
        root: "net:[1]".into(),
        mount_point: OsStr::from_bytes(bytes).into(),
        options: "rw,relatime".into(),
        shared: Some(7),
        fstype: "nsfs".into(),
        source: OsStr::from_bytes(bytes).into(),
        super_options: "rw".into(),
    };
    let line = line_of(&mount);
    assert_eq!(mounts(&line).collect::<Vec<_>>(), [mount]);
}
