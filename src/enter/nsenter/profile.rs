//! The AppArmor profile of the target, see apparmor(7). (SELinux has its context: --follow-context.)

use std::path::Path;

use nix::errno::Errno;

use crate::enter::setting::Profile;
use crate::enter::target::PinnedTarget;
use crate::error::{Attempt, Failure, LikenessError, ResultExt};
use crate::sys::file::read_bounded;

/// In bytes: a page, the most that the kernel returns for an attribute.
const LONGEST: usize = 4096;

/// The profile of the target, if AppArmor is enabled and we have another one.
pub(super) fn read(target: &PinnedTarget) -> Result<Option<Profile>, Failure> {
    let enabled = read_bounded(Path::new("/sys/module/apparmor/parameters/enabled"), 16).unwrap_or_default();
    if !enabled.starts_with(b"Y") {
        return Ok(None);
    }
    let own = |attributes: &str| {
        let path = Path::new("/proc/self").join(attributes).join("current");
        read_bounded(&path, LONGEST).attempt(|| Attempt::Read(path))
    };
    // AppArmor has its own directory since Linux 5.8.
    let (attributes, own) = match own("attr/apparmor") {
        Err(Failure::System { errno: Errno::ENOENT, .. }) => ("attr", own("attr")?),
        own => ("attr/apparmor", own?),
    };
    let file = if attributes == "attr" { "attr/current" } else { "attr/apparmor/current" };
    let theirs = target.read(file, LONGEST)?;
    let name = name(&theirs).ok_or(LikenessError::Unclear { pid: target.pid(), file })?;
    Ok((theirs != own).then(|| Profile { name: name.to_vec(), attributes }))
}

/// `NAME (MODE)`, or `unconfined`.
fn name(label: &[u8]) -> Option<&[u8]> {
    let label = label.trim_ascii_end();
    let label = label.strip_suffix(b"\0").unwrap_or(label).trim_ascii_end();
    let name = match label.strip_suffix(b")") {
        Some(label) => &label[..label.windows(2).rposition(|two| two == b" (")?],
        None => label,
    };
    (!name.is_empty() && name.iter().all(|byte| *byte >= b' ')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_a_name_and_a_mode() {
        for (label, expected) in [
            ("docker-default (enforce)\n", Some("docker-default")),
            ("unconfined\n", Some("unconfined")),
            ("/usr/bin/a (b) (complain)", Some("/usr/bin/a (b)")),
            (" (enforce)", None),
            ("x)", None),
            ("a\nb (enforce)", None),
            ("", None),
        ] {
            assert_eq!(name(label.as_bytes()), expected.map(str::as_bytes), "{label:?}");
        }
    }
}
