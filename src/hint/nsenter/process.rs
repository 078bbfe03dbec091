//! A process that does not exist, or that we may not look into.

use std::path::{Component, Path};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::super::SystemView;
use super::NsenterContext;
use crate::number::parse_decimal;
use crate::proc::status;
use crate::sys::capability::CAP_SYS_PTRACE;

/// The number of the initial user namespace on every machine (PROC_USER_INIT_INO of <linux/proc_ns.h>).
pub const FIRST_USER_NAMESPACE: &str = "user:[4026531837]";

/// The process whose directory in /proc the path is below.
fn process_of(path: &Path) -> Option<i32> {
    let mut names = path.strip_prefix("/proc").ok()?.components();
    let Some(Component::Normal(name)) = names.next() else {
        return None;
    };
    parse_decimal(name.as_encoded_bytes())
}

/// We may not open or read a file of a process in /proc: EACCES, EPERM.
pub fn not_to_look_into(path: &Path, view: &SystemView) -> Option<String> {
    let pid = process_of(path)?;
    // If we may look up its root, we may look up the rest of it: the refusal concerns the target of a link.
    if view.follow(&format!("/proc/{pid}/root"), OFlag::O_PATH).is_some() {
        return None;
    }
    let user = view.link("/proc/self/ns/user");
    if user.is_some_and(|user| user != FIRST_USER_NAMESPACE) && view.has_capability(CAP_SYS_PTRACE) == Some(true) {
        return Some(format!(
            "process {pid} is outside of our user namespace (or protected): nobody can go back from a user namespace into \
             the one around it, so run nsenter there"
        ));
    }
    Some(format!(
        "process {pid} may be looked into only by its own user, while it is not protected, or with CAP_SYS_PTRACE over it"
    ))
}

/// The process does not exist: ESRCH.
pub fn none(pid: i32, view: &SystemView) -> String {
    let own = std::process::id().to_string();
    match view.link("/proc/self") {
        Some(shown) if shown != own => {
            return format!("/proc shows another PID namespace than ours, and ours has no process {pid}");
        }
        _ => {}
    }
    match is_zombie(&format!("/proc/{pid}"), view) {
        true => zombie(pid),
        false => format!("no process has the PID {pid} in our PID namespace, or it has ended"),
    }
}

/// A file of a process in /proc does not exist: ENOENT.
pub fn missing(path: &Path, context: &NsenterContext, view: &SystemView) -> Option<String> {
    let is_below_proc = path.starts_with("/proc");
    let pid = process_of(path);
    let of_process = pid.and_then(|pid| {
        // hidepid=2 shows the directory, and nothing in it.
        match view.exists(&format!("/proc/{pid}/status")) {
            true => has_ended(pid, view),
            // A given path names the process by its PID in the PID namespace of that proc.
            false => hidden(pid, context.target.unwrap_or(pid), view),
        }
    });
    of_process.or_else(|| no_proc(view).filter(|_| is_below_proc)).or_else(|| {
        let pid = pid.filter(|pid| context.target.is_none() && !view.exists(&format!("/proc/{pid}")))?;
        Some(none(pid, view))
    })
}

/// No proc is mounted on /proc.
pub fn no_proc(view: &SystemView) -> Option<String> {
    (!view.exists("/proc/self") && !view.is_of_proc("/proc")).then(|| {
        "no proc file system is mounted on /proc, where processes are looked up: mount one (mount -t proc proc /proc)".to_string()
    })
}

/// proc(5): mounted with hidepid, it hides the processes of other users.
fn hidden(pid: i32, ours: i32, view: &SystemView) -> Option<String> {
    let lives = matches!(kill(Pid::from_raw(ours), None), Ok(()) | Err(Errno::EPERM));
    if ours <= 0 || !lives {
        return None;
    }
    let mounts = view.mounts();
    let mount = mounts.iter().rev().find(|mount| mount.mount_point == Path::new("/proc") && mount.fstype == "proc")?;
    let options = mount.super_options.to_string_lossy();
    let mut options = options.split(',');
    let value = options.clone().find_map(|option| option.strip_prefix("hidepid="))?;
    let whose = match value {
        "2" | "invisible" => "the processes of other users",
        "4" | "ptraceable" => "processes that we may not trace",
        _ => return None,
    };
    let group = match options.find_map(|option| option.strip_prefix("gid=")) {
        Some(group) => format!(" or as a member of group {group}"),
        None => String::new(),
    };
    Some(format!(
        "/proc is mounted with hidepid={value}, which hides {whose}, process {pid} too: run it as root{group}"
    ))
}

fn zombie(pid: i32) -> String {
    format!("process {pid} has ended, and its parent has not waited for it yet (it is a zombie)")
}

/// A thread that has ended has no namespaces, and the directory of the process shows those of its first thread.
fn has_ended(pid: i32, view: &SystemView) -> Option<String> {
    let directory = format!("/proc/{pid}");
    if !is_zombie(&directory, view) {
        return None;
    }
    let threads = view.numbers(&format!("{directory}/task"));
    let running = threads.into_iter().find(|tid| !is_zombie(&format!("{directory}/task/{tid}"), view));
    Some(match running {
        None => zombie(pid),
        Some(tid) => format!(
            "the first thread of process {pid} has ended, and others of it run on: give the number of one of them \
             (-t {tid})"
        ),
    })
}

fn is_zombie(directory: &str, view: &SystemView) -> bool {
    let status = view.text(&format!("{directory}/status")).unwrap_or_default();
    let state = status::field(status.as_bytes(), "State");
    state.is_some_and(|state| matches!(state.first(), Some(b'Z' | b'X')))
}
