//! mount(2) refused inside.

use std::path::Path;

use super::super::View;
use super::Situation;
use crate::mountinfo::{Mount, is_mounted};
use crate::namespace::Kind;

/// Directories of proc that are always empty: what is mounted there hides nothing.
const ALWAYS_EMPTY: [&str; 2] = ["sys/fs/binfmt_misc", "fs/nfsd"];

/// mount(2) of proc: EPERM.
pub fn no_proc(situation: Situation, view: &View) -> Option<String> {
    if !situation.kinds.contains(Kind::Pid) {
        return situation.kinds.contains(Kind::User).then(|| {
            "proc shows the PID namespace that we are in, which does not belong to the new user namespace: add --pid \
             --fork"
                .to_string()
        });
    }
    if !situation.forks {
        return situation
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
        // In a chroot the kernel looks at mounts as well that we do not see.
        return is_mounted(&mounts, "/").then(|| {
            "in a user namespace, the kernel mounts proc only where a whole one can be seen already, and here is none"
                .to_string()
        });
    }
    // One that nothing covers would have been enough.
    let masks: Option<Vec<_>> = whole.iter().map(|proc| mask_of(proc, &mounts)).collect();
    let masks = masks?;
    let mask = masks.first()?;
    Some(format!(
        "proc is partly masked here ({} is covered, as in a container): the kernel refuses a new one, which would show \
         what is hidden",
        mask.display()
    ))
}

/// What is mounted on this proc and hides some of it.
fn mask_of<'m>(proc: &Mount, mounts: &'m [Mount]) -> Option<&'m Path> {
    let hides = |mount: &&Mount| {
        let below = mount.mount_point.strip_prefix(&proc.mount_point);
        let empty = below.is_ok_and(|below| ALWAYS_EMPTY.iter().any(|it| below == Path::new(it)));
        mount.parent == proc.id && !empty
    };
    mounts.iter().find(hides).map(|mount| mount.mount_point.as_path())
}

/// mount(2) with a propagation flag, on the root directory: EINVAL.
pub fn no_mount_point(view: &View) -> Option<String> {
    let mounts = view.mounts();
    let probably = match mounts.is_empty() {
        true => "probably ",
        false if is_mounted(&mounts, "/") => return None,
        false => "",
    };
    Some(format!(
        "{probably}our root directory is no mount point: we are in a chroot. Make it one before the chroot (mount --bind \
         DIRECTORY DIRECTORY), or leave the propagation of mounts as it is with --propagation unchanged"
    ))
}
