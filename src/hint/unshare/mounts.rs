//! mount(2) refused inside.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;

use super::super::SystemView;
use super::super::refusal::{forbidden, other_refusal};
use super::UnshareContext;
use crate::enter::step::Step;
use crate::error::Shown;
use crate::ids::map::Extent;
use crate::namespace::Kind;
use crate::proc::mountinfo::{Mount, is_mounted};
use crate::sys::stat::lstat;

/// PROC_USER_INIT_INO of the kernel: the number of the initial user namespace.
const FIRST_USER_NAMESPACE: &str = "user:[4026531837]";

/// Directories of proc that are always empty: a mount there hides nothing.
const ALWAYS_EMPTY: [&str; 2] = ["sys/fs/binfmt_misc", "fs/nfsd"];

/// mount(2) of proc: EPERM.
pub fn no_proc(context: &UnshareContext, view: &SystemView) -> Option<String> {
    let hint = proc_refused(context, view)?;
    Some(match context.proc_implied {
        true => format!("{hint} (the new proc is implied by --mount-binfmt or --load-interp)"),
        false => hint,
    })
}

fn proc_refused(context: &UnshareContext, view: &SystemView) -> Option<String> {
    // The kernel compares a new proc with the visible ones only in a user namespace (mount_namespaces(7)).
    let user = context.kinds.contains(Kind::User);
    if !user && view.link("/proc/self/ns/user").as_deref() == Some(FIRST_USER_NAMESPACE) {
        return Some(other_refusal(view));
    }
    if !context.kinds.contains(Kind::Pid) {
        return context.kinds.contains(Kind::User).then(|| {
            "the new user namespace does not own the PID namespace that proc shows: add --pid --fork".to_string()
        });
    }
    if !context.forks {
        return context
            .kinds
            .contains(Kind::User)
            .then(|| "the new PID namespace holds for children only: add --fork".to_string());
    }
    let mounts = view.mounts();
    if mounts.is_empty() {
        return None;
    }
    let whole: Vec<_> = mounts.iter().filter(|mount| mount.fstype == "proc" && mount.root == "/").collect();
    if whole.is_empty() {
        // In a chroot, the kernel also looks at mounts that we do not see.
        return is_mounted(&mounts, "/").then(|| {
            "in a user namespace, the kernel mounts proc only where a whole one can be seen already, and none can be seen here"
                .to_string()
        });
    }
    // A single proc that nothing covers would have been enough.
    let masks: Vec<_> = whole.iter().filter_map(|proc| Some((*proc, mask_of(proc, &mounts)?))).collect();
    let open: Vec<_> = whole.iter().filter(|proc| masks.iter().all(|(masked, _)| masked.id != proc.id)).collect();
    if !open.is_empty() {
        // The kernel locks the flags of a mount when it copies it into the mount namespace of a new user namespace.
        let limits: Option<Vec<_>> = open.iter().map(|proc| limited(proc).filter(|_| user)).collect();
        let other = || is_mounted(&mounts, "/").then(|| other_refusal(view));
        return limits.map_or_else(other, |limits| limits.into_iter().next());
    }
    // If one proc lies over another, the masks of the upper one tell more.
    let within = |(proc, mask): &&(&Mount, &Path)| proc.mount_point != *mask;
    let (_, mask) = masks.iter().find(within).or_else(|| masks.first())?;
    Some(format!(
        "proc is partly masked here ({} is covered, as in a container): the kernel refuses a new one, which would show \
         what is hidden",
        mask.shown()
    ))
}

/// A proc that shows everything, but with locked flags that a new one would lack (mount_namespaces(7)).
fn limited(proc: &Mount) -> Option<String> {
    let options: Vec<&[u8]> = proc.options.as_bytes().split(|byte| *byte == b',').collect();
    let superblock: Vec<&[u8]> = proc.super_options.as_bytes().split(|byte| *byte == b',').collect();
    let has = |option: &[u8]| options.contains(&option);
    let at = proc.mount_point.shown();
    if has(b"ro") || superblock.contains(&&b"ro"[..]) {
        return Some(format!(
            "the proc on {at} is mounted read-only, as in a container: the kernel refuses a new one that can be written"
        ));
    }
    let atime = [&b"noatime"[..], b"nodiratime"].into_iter().find(|option| has(option));
    atime.map(|option| {
        format!(
            "the proc on {at} is mounted with {}: the kernel refuses a new one without (mount -o remount,relatime {at})",
            option.escape_ascii()
        )
    })
}

/// A file cannot be made in a file system of ours: EOVERFLOW.
pub fn no_ids(context: &UnshareContext) -> Option<String> {
    let lacks = |lines: &[Extent], id: Option<u32>| {
        let id = id?;
        Some(!lines.iter().any(|line| line.has_outer(id)))
    };
    let unmapped = match (lacks(&context.users, context.uid)?, lacks(&context.groups, context.gid)?) {
        (true, true) => "user and group have",
        (true, false) => "user has",
        (false, true) => "group has",
        (false, false) => return None,
    };
    Some(format!(
        "what is made there belongs to our user and group, and our {unmapped} no id in the new user namespace: add \
         --map-root-user (-r)"
    ))
}

/// mount(2): ENOENT or ENOTDIR for the mount point.
pub fn no_directory(on: &Path, errno: Errno, context: &UnshareContext) -> Option<String> {
    let implied = match context.proc_implied && on == Path::new("/proc") {
        true => " (the new proc is implied by --mount-binfmt or --load-interp)",
        false => "",
    };
    let path = match &context.root {
        Some(root) => root.join(on.strip_prefix("/").unwrap_or(on)),
        None => on.to_path_buf(),
    };
    let place = path.shown();
    match errno {
        // Before the root is changed it is there by the one path, then by the other.
        Errno::ENOENT if lstat(on).is_err() || lstat(&path).is_err() => {
            Some(format!("there is no directory {place}: create it first (mkdir {place}){implied}"))
        }
        Errno::ENOTDIR => Some(format!("{place} is not a directory{implied}")),
        _ => None,
    }
}

/// A mount by descriptor, or a new root by pivot_root(2).
pub fn by_descriptor(step: &Step, errno: Errno, view: &SystemView) -> Option<String> {
    match (step, errno) {
        (_, Errno::ENOSYS) => Some(too_old()),
        (Step::BindRoot(_) | Step::PivotRoot(_), Errno::EINVAL) => Some(
            "pivot_root(2) needs a root directory that is a mount point, and not the first one of all: not in a chroot, nor in \
             an initial file system (initramfs); --root works there"
                .to_string(),
        ),
        (_, Errno::EPERM) => Some(other_refusal(view)),
        _ => None,
    }
}

/// The kernel lacks a call that mounts by descriptor: ENOSYS. openat2(2) is the newest of them.
pub fn too_old() -> String {
    "--pivot-root, --bind, --tmpfs and --mount-dev need Linux 5.6".to_string()
}

/// mount(2) of binfmt_misc: EPERM or ENODEV.
pub fn no_binfmt(errno: Errno, view: &SystemView) -> Option<String> {
    match errno {
        Errno::ENODEV => {
            Some("the kernel has no binfmt_misc, or has not loaded it: modprobe binfmt_misc, as root".to_string())
        }
        _ if view.is_older_than((6, 7)) => {
            Some("user namespaces have their own binfmt_misc only since Linux 6.7".to_string())
        }
        _ => None,
    }
}

/// mount(2): EACCES. The kernel itself returns it only if we may not search a directory on the way to the mount point.
pub fn forbidden_here(at: &Path, view: &SystemView) -> Option<String> {
    (lstat(at) != Err(Errno::EACCES)).then(|| forbidden("mounting", view))
}

/// The mounts on this proc that hide parts of it.
fn mask_of<'m>(proc: &Mount, mounts: &'m [Mount]) -> Option<&'m Path> {
    let hides = |mount: &&Mount| {
        let below = mount.mount_point.strip_prefix(&proc.mount_point);
        let empty = below.is_ok_and(|below| ALWAYS_EMPTY.iter().any(|it| below == Path::new(it)));
        mount.parent == proc.id && !empty
    };
    mounts.iter().find(hides).map(|mount| mount.mount_point.as_path())
}

/// mount(2) with a propagation flag, on the root directory: EINVAL.
pub fn no_mount_point(view: &SystemView) -> Option<String> {
    let mounts = view.mounts();
    let probably = match mounts.is_empty() {
        true => "probably ",
        false if is_mounted(&mounts, "/") => return None,
        false => "",
    };
    Some(format!(
        "{probably}our root directory is not a mount point: we are in a chroot. Make it one before the chroot (mount --bind \
         DIRECTORY DIRECTORY), or leave the propagation of mounts as it is with --propagation unchanged"
    ))
}
