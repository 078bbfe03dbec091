//! The namespaces whose nsfs files are bind-mounted, as far as our own mount namespace shows it.

use super::{Findings, Scope};
use crate::list::snapshot::Holder;
use crate::number::parse_decimal;
use crate::proc::link::parse_name;
use crate::proc::mountinfo;
use crate::sys::file::read_bounded;

/// No table of mounts comes near this: the kernel allows a namespace 100,000 of them (sysctl fs.mount-max).
pub(super) const MOUNTINFO: usize = 64 * 1024 * 1024;

/// Reads the mountinfo of this process.
pub(super) fn look(scope: &Scope<'_>, findings: &mut Findings) {
    let Ok(text) = read_bounded(&scope.root.join("self/mountinfo"), MOUNTINFO) else {
        return;
    };
    for (_, mount) in nsfs_mounts(&text) {
        let Some((kind, inode)) = parse_name(mount.root.as_encoded_bytes()) else {
            continue;
        };
        if scope.held.contains(kind) {
            let holder = Holder::Mount(mount.mount_point);
            findings.held.push((kind, inode, holder));
        }
    }
}

/// The nsfs mounts of a mountinfo file, each with its number. Taking a line apart costs far more than seeing that it is
/// of another type.
pub(super) fn nsfs_mounts(text: &[u8]) -> impl Iterator<Item = (u32, mountinfo::Mount)> {
    const TYPE: &[u8] = b" - nsfs ";
    let nsfs = text.split(|byte| *byte == b'\n').filter(|line| line.windows(TYPE.len()).any(|window| window == TYPE));
    let number = |line: &[u8]| parse_decimal(line.split(|byte| *byte == b' ').next()?);
    nsfs.filter_map(move |line| number(line).zip(mountinfo::mounts(line).next()))
        .filter(|(_, mount)| mount.fstype == "nsfs")
}
