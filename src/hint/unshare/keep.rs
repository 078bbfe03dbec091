//! Namespaces that cannot be kept on a file.

use std::path::Path;

use nix::errno::Errno;

use super::super::view::MountPlace;
use crate::error::Shown;
use crate::namespace::Kind;
use crate::proc::mountinfo::Mount;

/// mount(2) of a namespace on a file: EINVAL. The kernel binds only in the caller's own mount namespace; its other
/// rules concern only mount namespaces.
pub fn refused(kind: Kind, file: &Path, place: Option<MountPlace>) -> Option<String> {
    match place {
        Some(MountPlace::Elsewhere) => Some(elsewhere(file)),
        _ if kind != Kind::Mount => None,
        Some(MountPlace::On(mount)) if mount.shared.is_some() => Some(shared(&mount)),
        Some(MountPlace::On(_)) => Some(younger_place()),
        None => Some(format!(
            "either the file is on a shared mount, from which the new namespace would propagate into itself, or {}",
            younger_place()
        )),
    }
}

/// The file does not exist, or is a directory: ENOENT, ENOTDIR, EISDIR.
pub fn no_file(kind: Kind, file: &Path, errno: Errno) -> Option<String> {
    let name = file.shown();
    let private = if kind == Kind::Mount { ", on a private mount" } else { "" };
    match errno {
        Errno::ENOENT if file.as_os_str().is_empty() => {
            Some("the name of the file is empty, perhaps because a variable is empty".to_string())
        }
        Errno::ENOENT => {
            let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty() && !directory.exists());
            let made = directory.map_or_else(String::new, |directory| format!("mkdir -p {} && ", directory.shown()));
            Some(format!("the file must be there first, and may be empty{private}: {made}touch {name}"))
        }
        Errno::ENOTDIR | Errno::EISDIR if file.is_dir() => Some(format!(
            "{name} is a directory, and a namespace is kept on a file, which may be empty{private}: touch {name}/{kind}"
        )),
        _ => None,
    }
}

fn elsewhere(file: &Path) -> String {
    format!(
        "{} is on no mount of our mount namespace, but probably in another one (as what is below /proc/PID/root): a \
         namespace can be kept only in the mount namespace that unshare is started in",
        file.shown()
    )
}

/// The mount would propagate into the mount namespace itself, which would then keep itself alive.
fn shared(mount: &Mount) -> String {
    let directory = mount.mount_point.shown();
    format!(
        "{directory} is a shared mount, from which the new namespace would propagate into itself: make it private first \
         (mount --make-private {directory}, after mount --bind {directory} {directory} if it is no mount of its own)"
    )
}

/// The kernel lets only an older mount namespace hold a mount of another, and compares their ids to find the older.
/// Since Linux 6.18, each processor hands out ids from a range, so that a newer namespace may have the lower id.
fn younger_place() -> String {
    "a mount namespace can be kept only in one that is older; Linux 6.18 takes the lower id for that, which depends on the \
     processor: it may help to try again, or under taskset -c 0"
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proc::mountinfo::mounts;

    fn hint(kind: Kind, place: Option<&str>) -> Option<String> {
        let place = place.map(|line| {
            let mount = mounts(line.as_bytes()).next();
            mount.map_or(MountPlace::Elsewhere, MountPlace::On)
        });
        refused(kind, Path::new("/a/file"), place)
    }

    #[test]
    fn only_a_mount_namespace_minds_a_shared_mount_and_its_age() {
        let shared = Some("1 0 8:1 / /a rw shared:1 - ext4 a rw\n");
        let private = Some("1 0 8:1 / /a rw - ext4 a rw\n");
        let of_mounts = |place| hint(Kind::Mount, place).unwrap();
        assert!(of_mounts(shared).starts_with("/a is a shared mount"));
        assert!(of_mounts(private).contains("only in one that is older"));
        let unseen = of_mounts(None);
        assert!(unseen.contains("shared mount") && unseen.contains("only in one that is older"), "{unseen}");
        for place in [shared, private, None] {
            assert_eq!(hint(Kind::Uts, place), None);
        }
    }

    #[test]
    fn a_file_of_another_mount_namespace_is_told_so_for_any_kind() {
        for kind in [Kind::Mount, Kind::Uts] {
            let hint = hint(kind, Some("")).unwrap();
            assert!(hint.starts_with("/a/file is on no mount of our mount namespace"), "{hint}");
        }
    }
}
