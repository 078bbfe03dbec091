//! The namespaces whose nsfs files are bind-mounted in our own mount namespace.

use super::{Findings, Scope};
use crate::list::model::snapshot::SeenHolder;
use crate::proc::link::parse_name;
use crate::proc::mountinfo::{LONGEST, nsfs_mounts};
use crate::sys::file::read_bounded;

/// Reads the mountinfo of this process.
pub(super) fn look(scope: &Scope<'_>, findings: &mut Findings) {
    let Ok(text) = read_bounded(&scope.own().join("mountinfo"), LONGEST) else {
        return;
    };
    for mount in nsfs_mounts(&text) {
        let Some((kind, inode)) = parse_name(mount.root.as_encoded_bytes()) else {
            continue;
        };
        if scope.held.contains(kind) {
            let holder = SeenHolder::Mount(mount.mount_point);
            findings.held.push((kind, inode, holder));
        }
    }
}
