//! A tree of mounts made read-only where the kernel has no mount_setattr(2), before Linux 5.12: one by one, by what mountinfo
//! says.

use std::ffi::CStr;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};
use nix::sys::statvfs::{FsFlags, fstatvfs};
use nix::unistd::read;

use super::look_up::open_in;
use crate::sys::file::{open_retrying, place_of};
use crate::sys::path_of::PathOf;

/// More mounts than these below one are not made read-only, but refused.
const MOST: usize = 4096;
/// The longest line of mountinfo: a mount's options have a page, its paths four bytes for each of theirs.
const LONGEST_LINE: usize = 64 * 1024;

/// Memory for it, which is taken before.
pub struct Submounts {
    text: Vec<u8>,
    ids: Vec<u64>,
    top: Vec<u8>,
    path: Vec<u8>,
}

impl Submounts {
    /// With all the memory that it will need.
    pub fn new() -> Submounts {
        Submounts {
            text: vec![0; LONGEST_LINE],
            ids: Vec::with_capacity(MOST),
            top: Vec::with_capacity(LONGEST_LINE),
            path: Vec::with_capacity(LONGEST_LINE + 1),
        }
    }
}

/// Makes an attached mount read-only, and all that are mounted below it; each keeps its other flags. Errors: EAGAIN if
/// somebody has moved one of them meanwhile, ENOMEM if they are too many.
pub fn make_each_read_only(tree: &OwnedFd, memory: &mut Submounts) -> nix::Result<()> {
    let Submounts { text, ids, top, path } = memory;
    let (.., id) = place_of(tree)?;
    ids.push(id);
    // All of them first: one may lie over another.
    for_each_mount(text, |line| {
        if line.id == id {
            top.extend_from_slice(line.mount_point.strip_suffix(b"/").unwrap_or(line.mount_point));
        } else if ids.contains(&line.parent) {
            if ids.len() == MOST {
                return Err(Errno::ENOMEM);
            }
            ids.push(line.id);
        }
        Ok(())
    })?;
    remount(tree)?;
    for_each_mount(text, |line| {
        if line.id == id || !ids.contains(&line.id) {
            return Ok(());
        }
        let below = line.mount_point.strip_prefix(&**top).ok_or(Errno::EAGAIN)?;
        let found = open_in(tree, unescape(below, path)?, OFlag::O_NOFOLLOW)?;
        match place_of(&found)? {
            (.., found_id) if found_id == line.id => remount(&found),
            // It is covered by another one, whose turn comes as well.
            (.., other) if ids.contains(&other) => Ok(()),
            _ => Err(Errno::EAGAIN),
        }
    })
}

fn remount(at: &OwnedFd) -> nix::Result<()> {
    let kept = [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        // MS_RELATIME is the kernel's default (mount(2)), and not every C library names its flag.
    ];
    let flags = fstatvfs(at)?.flags();
    let kept = kept.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, flag)| flag);
    let flags = kept.fold(MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY, MsFlags::union);
    mount(None::<&CStr>, PathOf::file(at).as_c_str(), None::<&CStr>, flags, None::<&CStr>)
}

/// What matters of a line of mountinfo, see proc_pid_mountinfo(5).
struct Line<'l> {
    id: u64,
    parent: u64,
    /// With its escapes.
    mount_point: &'l [u8],
}

/// Reads our mountinfo line by line, into this memory.
fn for_each_mount(text: &mut [u8], mut visit: impl FnMut(Line<'_>) -> nix::Result<()>) -> nix::Result<()> {
    let file = open_retrying(c"/proc/self/mountinfo", OFlag::O_RDONLY)?;
    let mut length = 0;
    loop {
        match read(&file, &mut text[length..]) {
            Err(Errno::EINTR) => continue,
            Ok(0) if length == 0 => return Ok(()),
            // A line that does not fit, or that does not end.
            Ok(0) => return Err(Errno::ENOMEM),
            Ok(count) => length += count,
            Err(errno) => return Err(errno),
        }
        let mut start = 0;
        while let Some(end) = text[start..length].iter().position(|byte| *byte == b'\n') {
            visit(parse(&text[start..start + end]).ok_or(Errno::EINVAL)?)?;
            start += end + 1;
        }
        text.copy_within(start..length, 0);
        length -= start;
    }
}

fn parse(line: &[u8]) -> Option<Line<'_>> {
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
    let mut fields = line.split(|byte| *byte == b' ');
    let (id, parent) = (number(fields.next()?)?, number(fields.next()?)?);
    Some(Line { id, parent, mount_point: fields.nth(2)? })
}

/// Puts the path into `path`, without its octal escapes.
fn unescape<'p>(mut escaped: &[u8], path: &'p mut Vec<u8>) -> nix::Result<&'p CStr> {
    path.clear();
    let octal = |digit: &u8| digit.wrapping_sub(b'0');
    while let [first, rest @ ..] = escaped {
        let (byte, rest) = match (first, rest) {
            (b'\\', [a, b, c, rest @ ..]) => (octal(a) << 6 | octal(b) << 3 | octal(c), rest),
            _ => (*first, rest),
        };
        path.push(byte);
        escaped = rest;
    }
    path.push(0);
    CStr::from_bytes_with_nul(path).map_err(|_| Errno::EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_loses_its_escapes() {
        let mut path = Vec::with_capacity(64);
        for (escaped, expected) in [(&b"/a\\040b\\134"[..], c"/a b\\"), (b"", c""), (b"/x\\", c"/x\\")] {
            assert_eq!(unescape(escaped, &mut path), Ok(expected));
        }
        assert_eq!(unescape(b"\\000", &mut path), Err(Errno::EINVAL));
        let line = parse(b"36 35 98:0 /mnt1 /m\\040n rw,noatime master:1 - ext3 /dev/root rw").unwrap();
        assert_eq!((line.id, line.parent, line.mount_point), (36, 35, &b"/m\\040n"[..]));
        assert!(parse(b"36 35 98:0 /mnt1").is_none());
    }
}
