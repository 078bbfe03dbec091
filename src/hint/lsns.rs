//! lsns' hints.

#[cfg(feature = "cli")]
mod usage;

#[cfg(feature = "cli")]
pub use usage::usage;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;

use super::SystemView;
use crate::error::FilterError;
use crate::error::Shown;
use crate::error::{Attempt, Failure, RequestError};
use crate::sys::pidfd;

/// The hint for a failure.
pub fn hint(failure: &Failure, view: &SystemView) -> Option<String> {
    match failure {
        Failure::Request(error) => request(error, view),
        Failure::System { attempt: Attempt::ReadMounts, .. } => no_mounts(view),
        Failure::System { attempt: Attempt::Open(path), errno: Errno::EACCES | Errno::EPERM } => not_to_look_into(path),
        _ => None,
    }
}

fn request(error: &RequestError, view: &SystemView) -> Option<String> {
    match error {
        RequestError::UnknownColumn(_) => Some("-H (--list-columns) lists the columns".to_string()),
        RequestError::UnknownNamespace(number) => {
            let is_process = view.exists(&format!("/proc/{number}/ns"));
            is_process.then(|| format!("{number} is the PID of a process: its namespaces are listed with -p {number}"))
        }
        RequestError::UnknownProcess(pid) => hidden(*pid, view),
        RequestError::NotInProc(_) => {
            Some("mount the proc of our own PID namespace, or enter the one that /proc shows (nsenter -p)".to_string())
        }
        RequestError::NothingFound { wanted, .. } => wanted.iter().find_map(|text| path_without_slash(text)),
        RequestError::Filter { error: FilterError::UnknownColumn { name, .. }, .. } => Some(format!(
            "a word without quotes is the name of a column: write \"{name}\" for the string; -H lists the columns"
        )),
        RequestError::Filter { error: FilterError::Unexpected { found: Some(found), .. }, .. } if found == "=" => {
            Some("values are compared with == , and strings stand in quotes: 'TYPE == \"net\"'".to_string())
        }
        _ => None,
    }
}

/// `--find notes`, where there is a file of that name: a path is told from other names by its slash.
fn path_without_slash(text: &OsStr) -> Option<String> {
    let name = text.as_bytes().strip_prefix(b"mount:").unwrap_or(text.as_bytes());
    let name = Path::new(OsStr::from_bytes(name));
    let is_file_here = !name.as_os_str().as_bytes().contains(&b'/') && name.symlink_metadata().is_ok();
    is_file_here.then(|| format!("a path has a slash: for the file of this directory, --find ./{}", name.shown()))
}

/// A process that has no directory in /proc.
fn hidden(pid: i32, view: &SystemView) -> Option<String> {
    let mounts = view.mounts();
    let proc = mounts.iter().rev().find(|mount| mount.mount_point == Path::new("/proc"))?;
    let options = proc.super_options.as_bytes().split(|byte| *byte == b',');
    let hides = options
        .into_iter()
        .any(|option| matches!(option, b"hidepid=2" | b"hidepid=invisible" | b"hidepid=4" | b"hidepid=ptraceable"));
    // Asked of the kernel, which hides nothing.
    let is_there = pidfd::open(pid).is_ok();
    (hides && is_there).then(|| {
        format!("process {pid} is there, but /proc is mounted with hidepid and hides the processes of others: run lsns as root")
    })
}

fn no_mounts(view: &SystemView) -> Option<String> {
    // A process has no such file: a part of a proc is none.
    let hint = match (view.exists("/proc/uptime"), view.link("/proc/self")) {
        (false, _) => "no proc is mounted on /proc: mount -t proc proc /proc",
        (true, None) => {
            "/proc shows another PID namespace than ours: mount a proc of ours, or enter that one (nsenter -p)"
        }
        (true, Some(_)) => return None,
    };
    Some(hint.to_string())
}

/// A process that may not be looked into.
fn not_to_look_into(path: &Path) -> Option<String> {
    let pid = path.strip_prefix("/proc").ok()?.iter().next()?;
    Some(format!(
        "process {} may be looked into by its own user, while it is not protected, or with CAP_SYS_PTRACE: run lsns as \
         root",
        pid.shown()
    ))
}

#[cfg(test)]
mod tests {
    use super::super::made::Made;
    use super::*;
    use crate::cli::lsns::parse;

    fn of_line(line: &[&str]) -> Option<String> {
        let error = parse(line.iter().map(Into::into).collect()).unwrap_err();
        usage(&error)
    }

    #[test]
    fn a_command_line_that_is_almost_right() {
        for (line, expected) in [
            (&["-t", "net,mnt"][..], "-t takes one kind, and may be repeated: -t net -t mnt"),
            (&["-t", "network"], "the kinds are mnt, net, ipc, user, pid, uts, cgroup and time"),
            (&["net"], "the namespaces of one kind are listed with -t net"),
            (&["-T", "owner"], "-T takes its argument without a blank: -Towner"),
            (&["-Tpid"], "-T takes process, parent or owner"),
            (&["x"], "a namespace is given by its inode number, as the column NS shows it"),
        ] {
            assert_eq!(of_line(line).as_deref(), Some(expected), "{line:?}");
        }
        assert_eq!(of_line(&["-p", "x"]), None);
        assert_eq!(of_line(&["-J", "-r"]), None);
    }

    #[test]
    fn a_pid_in_the_place_of_a_namespace() {
        let made = Made::of(&[("/proc/77/ns/net", "")]);
        let hint_of = |number| hint(&RequestError::UnknownNamespace(number).into(), &made.view());
        assert_eq!(hint_of(77).as_deref(), Some("77 is the PID of a process: its namespaces are listed with -p 77"));
        assert_eq!(hint_of(78), None);
    }

    #[test]
    fn a_proc_that_hides_or_is_none() {
        let pid = std::process::id() as i32;
        let mounted = |options| {
            let line = format!("21 20 0:5 / /proc rw - proc proc {options}\n");
            let made = Made::of(&[("/proc/self/mountinfo", &*line)]);
            hint(&RequestError::UnknownProcess(pid).into(), &made.view())
        };
        assert_eq!(mounted("rw"), None);
        assert_eq!(mounted("rw,hidepid=noaccess"), None);
        assert!(mounted("rw,hidepid=invisible").unwrap().contains("is there"));
        let no_mounts =
            |made: Made| hint(&Failure::System { attempt: Attempt::ReadMounts, errno: Errno::ENOENT }, &made.view());
        assert!(no_mounts(Made::of(&[])).unwrap().starts_with("no proc is mounted"));
        assert!(no_mounts(Made::of(&[("/proc/uptime", "")])).unwrap().starts_with("/proc shows another"));
    }
}
