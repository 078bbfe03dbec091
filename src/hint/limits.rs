//! Which limit keeps a process from being made: fork(2), and execve(2) after a change of the user, with EAGAIN.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use super::SystemView;
use crate::error::Shown;
use crate::proc::cgroup::{Membership, memberships};
use crate::proc::mountinfo::Mount;

/// PROC_CGROUP_INIT_INO of the kernel: the number of the initial cgroup namespace.
const FIRST_CGROUP_NAMESPACE: &str = "cgroup:[4026531835]";

/// EAGAIN of fork(2). `unbounded`: whether we are exempt from RLIMIT_NPROC, as root of the initial user namespace and
/// processes with CAP_SYS_ADMIN or CAP_SYS_RESOURCE are (getrlimit(2)).
pub fn of_processes(unbounded: bool, view: &SystemView) -> Option<String> {
    let groups = cgroups(view);
    if let Some(full) = groups.iter().find(|group| group.current >= group.most) {
        return Some(format!(
            "the cgroup {} is full: its pids.max allows {} processes and threads, and it has {}",
            full.path, full.most, full.current
        ));
    }
    let user = (!unbounded).then(|| processes_of_user(view)).flatten();
    match (user, groups.first()) {
        (Some(_), None) if sees_all_cgroups(view) => of_user(view),
        (Some(limit), _) => Some(format!(
            "either our user has as many processes and threads as it may, {limit} (RLIMIT_NPROC, ulimit -u), or a cgroup has \
             as many as its pids.max allows"
        )),
        (None, Some(group)) => {
            Some(format!("probably the cgroup {} was full: its pids.max is {}", group.path, group.most))
        }
        (None, None) => None,
    }
}

/// RLIMIT_NPROC, if that is the limit that we have reached.
pub fn of_user(view: &SystemView) -> Option<String> {
    let limit = processes_of_user(view)?;
    Some(format!("our user has as many processes and threads as it may: {limit} (RLIMIT_NPROC, ulimit -u)"))
}

/// Whether we can see every cgroup around ours. In a cgroup namespace, such as a container's, we cannot.
fn sees_all_cgroups(view: &SystemView) -> bool {
    view.link("/proc/self/ns/cgroup").as_deref() == Some(FIRST_CGROUP_NAMESPACE)
        && view.mounts().iter().any(|mount| {
            let limits = mount.fstype == "cgroup2" || has_pids(b"pids", mount);
            limits && mount.root == "/"
        })
}

/// The soft limit; `None` if it is unlimited or we cannot see it.
fn processes_of_user(view: &SystemView) -> Option<u64> {
    let limits = view.text("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max processes"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A cgroup with a limit.
struct Group {
    path: String,
    most: u64,
    current: u64,
}

/// Those of our cgroup and the ones around it that have a limit, the innermost first.
fn cgroups(view: &SystemView) -> Vec<Group> {
    let mounts = view.mounts();
    let lines = view.text("/proc/self/cgroup").unwrap_or_default();
    let mut groups = Vec::new();
    for Membership { controllers, path, .. } in memberships(lines.as_bytes()) {
        let hierarchy = mounts.iter().find(|mount| match controllers {
            b"" => mount.fstype == "cgroup2",
            _ => mount.fstype == "cgroup" && has_pids(controllers, mount),
        });
        let Some((mount, inside)) = hierarchy.and_then(|mount| Some((mount, below(path, mount)?))) else {
            continue;
        };
        for group in inside.ancestors() {
            let directory = mount.mount_point.join(group);
            let number = |file: &str| view.number(directory.join(file).to_str()?);
            if let (Some(most), Some(current)) = (number("pids.max"), number("pids.current")) {
                groups.push(Group { path: directory.shown().to_string(), most, current });
            }
        }
    }
    groups
}

fn has_pids(controllers: &[u8], mount: &Mount) -> bool {
    let has = |list: &[u8]| list.split(|byte| *byte == b',').any(|controller| controller == b"pids");
    has(controllers) && has(mount.super_options.as_bytes())
}

/// The path of a cgroup below the root of the mount; `None` if the mount does not show it.
fn below<'p>(path: &'p [u8], mount: &Mount) -> Option<&'p Path> {
    let inside = Path::new(OsStr::from_bytes(path)).strip_prefix(&mount.root).ok()?;
    inside.components().all(|component| matches!(component, Component::Normal(_))).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::super::made::Made;
    use super::*;

    const LIMITS: &str = "Limit  Soft Limit  Hard Limit  Units\nMax processes  17  100  processes\n";
    const UNLIMITED: &str = "Max processes  unlimited  unlimited  processes\n";
    const MOUNTS: &str =
        "1 0 8:1 / / rw - ext4 a rw\n2 1 0:5 / /cg rw - cgroup2 c rw\n3 1 0:6 /a /v1 rw - cgroup c rw,pids\n";

    fn hint(unbounded: bool, limits: &str, cgroup: &str, files: &[(&str, &str)]) -> Option<String> {
        let own = [("/proc/self/limits", limits), ("/proc/self/mountinfo", MOUNTS), ("/proc/self/cgroup", cgroup)];
        let made = Made::of(&[&own, files].concat()).with_link("/proc/self/ns/cgroup", FIRST_CGROUP_NAMESPACE);
        of_processes(unbounded, &made.view())
    }

    #[test]
    fn the_limit_of_the_user_counts_for_users_only() {
        let user = "our user has as many processes and threads as it may: 17";
        assert!(hint(false, LIMITS, "", &[]).unwrap().starts_with(user));
        assert_eq!(hint(true, LIMITS, "", &[]), None);
        assert_eq!(hint(false, UNLIMITED, "", &[]), None);
        // Of a container, the cgroups around it are not seen.
        let own = [("/proc/self/limits", LIMITS), ("/proc/self/mountinfo", MOUNTS)];
        let container = of_processes(false, &Made::of(&own).view()).unwrap();
        assert!(container.starts_with("either our user has") && container.contains("pids.max"), "{container}");
    }

    #[test]
    fn a_full_cgroup_is_named_whichever_of_those_around_it_is() {
        let files = [
            ("/cg/x/y/pids.max", "9\n"),
            ("/cg/x/y/pids.current", "4\n"),
            ("/cg/x/pids.max", "5\n"),
            ("/cg/x/pids.current", "5\n"),
        ];
        let full = hint(false, LIMITS, "0::/x/y\n", &files).unwrap();
        assert!(full.starts_with("the cgroup /cg/x is full: its pids.max allows 5"), "{full}");
        // Where none is full any more, the limit of the user comes first.
        let free = hint(true, LIMITS, "0::/x/y\n", &files[..2]).unwrap();
        assert!(free.starts_with("probably the cgroup /cg/x/y was full"), "{free}");
        assert!(hint(false, LIMITS, "0::/x/y\n", &files[..2]).unwrap().starts_with("either our user"));
        let unlimited = [("/cg/x/pids.max", "max\n"), ("/cg/x/pids.current", "5\n")];
        assert_eq!(hint(true, LIMITS, "0::/x\n", &unlimited), None);
    }

    #[test]
    fn a_hierarchy_of_the_first_version_is_found_below_its_root() {
        let files = [("/v1/b/pids.max", "2\n"), ("/v1/b/pids.current", "2\n")];
        let of = |cgroup| hint(true, LIMITS, cgroup, &files);
        assert!(of("4:cpu:/a/b\n8:pids:/a/b\n").unwrap().starts_with("the cgroup /v1/b is full"));
        assert_eq!(of("8:pids:/c/b\n"), None);
        assert_eq!(of("8:cpu:/a/b\n"), None);
        assert_eq!(of("8:pids:/a/../b\n"), None);
    }
}
