//! Reads /proc/PID/mountinfo, see proc_pid_mountinfo(5). Paths are bytes, because a mount point may hold any.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::number::parse_decimal;

/// In bytes. No mount table comes near this: the kernel allows a namespace 100,000 mounts (sysctl fs.mount-max).
pub const LONGEST: usize = 64 * 1024 * 1024;

/// A mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its id. No other mount of any mount namespace has it at the same time.
    pub id: u32,
    /// The id of the mount that it is mounted on. That of the uppermost mount is not in the list.
    pub parent: u32,
    /// The device of its file system, by its major and minor number.
    pub device: (u32, u32),
    /// The root of the mount within its file system; of nsfs `net:[4026531840]`.
    pub root: OsString,
    /// Where it is mounted, as seen from the reader's root directory.
    pub mount_point: PathBuf,
    /// Its own options, comma-separated: `ro`, `nosuid`, `noatime` and so on.
    pub options: OsString,
    /// The number of its peer group, if it is shared.
    pub shared: Option<u32>,
    /// The type of its file system.
    pub fstype: OsString,
    /// What is mounted, as mount(8) shows it: a device, or whatever name was given.
    pub source: OsString,
    /// The options of its superblock, comma-separated: of a cgroup v1 hierarchy, its controllers.
    pub super_options: OsString,
}

/// The mounts of a mountinfo file. Malformed lines are skipped.
pub fn mounts(text: &[u8]) -> impl Iterator<Item = Mount> {
    text.split(|byte| *byte == b'\n').filter_map(mount)
}

/// The nsfs mounts in a mountinfo file. To parse a line costs far more than to see that it has another type.
pub fn nsfs_mounts(text: &[u8]) -> impl Iterator<Item = Mount> {
    const TYPE: &[u8] = b" - nsfs ";
    let nsfs = text.split(|byte| *byte == b'\n').filter(|line| line.windows(TYPE.len()).any(|window| window == TYPE));
    nsfs.filter_map(mount).filter(|mount| mount.fstype == "nsfs")
}

/// The number of mounts in a mountinfo file. This parses no line.
pub fn count(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count()
}

/// Whether a mountinfo file lists a mount on its reader's root directory. This looks only at that field of each line.
pub fn has_root(text: &[u8]) -> bool {
    let point = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4) == Some(b"/");
    text.split(|byte| *byte == b'\n').any(point)
}

/// Whether something is mounted on `point`, a path from the reader's root directory.
pub fn is_mounted(mounts: &[Mount], point: &str) -> bool {
    let point = Path::new(point);
    mounts.iter().any(|mount| mount.mount_point == point)
}

/// One line: `ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [OPTIONAL…] - FSTYPE SOURCE SUPER-OPTIONS`.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let (id, parent) = (parse_decimal(fields.next()?)?, parse_decimal(fields.next()?)?);
    let device = device(fields.next()?)?;
    let root = OsString::from_vec(unescape(fields.next()?));
    let mount_point = PathBuf::from(OsString::from_vec(unescape(fields.next()?)));
    let options = OsString::from_vec(fields.next()?.to_vec());
    let mut shared = None;
    for optional in fields.by_ref().take_while(|field| *field != b"-") {
        if let Some(group) = optional.strip_prefix(b"shared:") {
            shared = parse_decimal(group);
        }
    }
    let fstype = OsString::from_vec(unescape(fields.next()?));
    let source = OsString::from_vec(unescape(fields.next().unwrap_or_default()));
    let super_options = OsString::from_vec(unescape(fields.next().unwrap_or_default()));
    Some(Mount { id, parent, device, root, mount_point, options, shared, fstype, source, super_options })
}

/// A device as the kernel writes it: `8:17`.
pub fn device(text: &[u8]) -> Option<(u32, u32)> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    Some((parse_decimal(&text[..colon])?, parse_decimal(&text[colon + 1..])?))
}

/// The kernel writes blanks, newlines, backslashes and `#` as a backslash and three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        rest = match rest {
            [b'\\', high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', tail @ ..] => {
                bytes.push((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0'));
                tail
            }
            _ => {
                bytes.push(*first);
                tail
            }
        };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_looked_at_without_taking_it_apart() {
        let text = b"7 1 0:4 net:[5] /a\\040b rw - nsfs nsfs rw\n8 1 0:5 / / rw - ext4 /dev/a\\040-\\040nsfs\\040 rw\n";
        let found: Vec<_> = nsfs_mounts(text).map(|mount| (mount.id, mount.root)).collect();
        assert_eq!(found, [(7, OsString::from("net:[5]"))]);
        assert_eq!((count(text), has_root(text)), (2, true));
        assert_eq!((count(b""), has_root(b"")), (0, false));
        assert!(!has_root(b"7 1 0:4 / /a rw - ext4 / rw\n"));
    }

    #[test]
    fn a_line_is_taken_apart() {
        let text = b"36 35 98:0 /a\\040b /mnt\\134x rw,noatime shared:7 master:1 - ext3 /dev/root rw,errors=continue\n\
            37 36 0:4 net:[4026532179] /run/n rw - nsfs nsfs rw\nnonsense\n";
        let mounts: Vec<_> = mounts(text).collect();
        assert_eq!(
            mounts,
            [
                Mount {
                    id: 36,
                    parent: 35,
                    device: (98, 0),
                    root: "/a b".into(),
                    mount_point: "/mnt\\x".into(),
                    options: "rw,noatime".into(),
                    shared: Some(7),
                    fstype: "ext3".into(),
                    source: "/dev/root".into(),
                    super_options: "rw,errors=continue".into(),
                },
                Mount {
                    id: 37,
                    parent: 36,
                    device: (0, 4),
                    root: "net:[4026532179]".into(),
                    mount_point: "/run/n".into(),
                    options: "rw".into(),
                    shared: None,
                    fstype: "nsfs".into(),
                    source: "nsfs".into(),
                    super_options: "rw".into(),
                },
            ]
        );
    }
}
