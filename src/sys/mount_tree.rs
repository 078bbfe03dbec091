//! The mounts of every mount namespace, asked of the kernel without entering any: NS_MNT_GET_INFO and its kin
//! (ioctl_nsfs(2), Linux 6.12), listmount(2) and statmount(2) (Linux 6.8; of other namespaces 6.11).

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::request_code_read;

use super::nsfs::NSIO;
use super::{check, new_descriptor};

/// Numbers of the system calls, the same on every architecture.
const SYS_STATMOUNT: libc::c_long = 457;
const SYS_LISTMOUNT: libc::c_long = 458;

const NS_MNT_GET_INFO: libc::Ioctl = request_code_read!(NSIO, 10, size_of::<NamespaceInfo>()) as libc::Ioctl;
const NS_MNT_GET_NEXT: libc::Ioctl = request_code_read!(NSIO, 11, size_of::<NamespaceInfo>()) as libc::Ioctl;
const NS_MNT_GET_PREV: libc::Ioctl = request_code_read!(NSIO, 12, size_of::<NamespaceInfo>()) as libc::Ioctl;

/// struct mnt_ns_info of <linux/nsfs.h>.
#[repr(C)]
#[derive(Default)]
struct NamespaceInfo {
    size: u32,
    mounts: u32,
    id: u64,
}

impl NamespaceInfo {
    fn facts(&self) -> Facts {
        Facts { id: self.id, mounts: self.mounts }
    }
}

// A second opinion, as in nsfs.rs; the size of the structure is a part of each number.
const _: () = {
    use super::nsfs::READ;
    assert!(NS_MNT_GET_INFO as u32 == READ | 16 << 16 | 0xb70a);
    assert!(NS_MNT_GET_NEXT as u32 == READ | 16 << 16 | 0xb70b);
    assert!(NS_MNT_GET_PREV as u32 == READ | 16 << 16 | 0xb70c);
};

/// struct mnt_id_req of <linux/mount.h>, version 1.
#[repr(C)]
struct MountIdRequest {
    size: u32,
    spare: u32,
    mount: u64,
    parameter: u64,
    namespace: u64,
}

/// The size of [`MountIdRequest`], as the kernel tells versions apart.
const REQUEST_SIZE: u32 = 32;

/// LSMT_ROOT of <linux/mount.h>: from the root mount on.
const ROOT: u64 = u64::MAX;

const STATMOUNT_SB_BASIC: u64 = 0x1;
const STATMOUNT_MNT_ROOT: u64 = 0x8;
const STATMOUNT_MNT_POINT: u64 = 0x10;

/// struct statmount of <linux/mount.h> is 512 bytes long, and the texts follow it.
const STATMOUNT_HEAD: usize = 512;
/// Where the type of the file system stands in it, as a number.
const MAGIC_AT: usize = 24;
/// Where the offsets of the texts stand in it.
const MNT_ROOT_AT: usize = 104;
const MNT_POINT_AT: usize = 108;
/// Where it says which of its fields are filled.
const MASK_AT: usize = 8;

/// No mount that we look for has longer texts.
const TEXTS: usize = 16 * 1024;

/// Which neighbour in the kernel's order of mount namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbour {
    /// The one made after it.
    Next,
    /// The one made before it.
    Previous,
}

/// What the kernel says of a mount namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its 64-bit id.
    pub id: u64,
    /// The number of mounts in it, including those that cannot be reached from its root.
    pub mounts: u32,
}

impl Facts {
    /// Whether a list of so many mounts is complete. The first mount of the system is mostly an empty one with the root
    /// mounted on it, and no list shows it.
    pub fn is_all(self, mounts: usize) -> bool {
        mounts + 1 >= self.mounts as usize
    }
}

/// The facts of a mount namespace. Errors: ENOTTY before Linux 6.12.
pub fn namespace(namespace: impl AsFd) -> nix::Result<Facts> {
    let mut info = NamespaceInfo::default();
    // SAFETY: the request writes one structure of this layout.
    let result = unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), NS_MNT_GET_INFO, &mut info) };
    check(result.into())?;
    Ok(info.facts())
}

/// The mount namespace before or after this one, and its facts. Errors: ENOENT at the end, EPERM without CAP_SYS_ADMIN in
/// the initial user namespace, ENOTTY before Linux 6.12.
pub fn neighbour(namespace: impl AsFd, which: Neighbour) -> nix::Result<(OwnedFd, Facts)> {
    let request = match which {
        Neighbour::Next => NS_MNT_GET_NEXT,
        Neighbour::Previous => NS_MNT_GET_PREV,
    };
    let mut info = NamespaceInfo::default();
    // SAFETY: the request writes one structure of this layout, and makes a descriptor, close-on-exec.
    let found = unsafe { new_descriptor(libc::ioctl(namespace.as_fd().as_raw_fd(), request, &mut info).into())? };
    Ok((found, info.facts()))
}

/// The ids of the mounts in the mount namespace with that id, the oldest first. Errors: ENOENT if there is no such
/// namespace, EPERM without rights over it, ENOSYS and EINVAL from older kernels.
pub fn list(namespace: u64) -> nix::Result<Vec<u64>> {
    let mut mounts = Vec::new();
    let mut request = MountIdRequest { size: REQUEST_SIZE, spare: 0, mount: ROOT, parameter: 0, namespace };
    let mut ids = [0u64; 512];
    loop {
        // SAFETY: the request has the size that it says, the buffer that of the number given.
        let count = check(unsafe { libc::syscall(SYS_LISTMOUNT, &request, ids.as_mut_ptr(), ids.len(), 0) })?;
        let found = ids.get(..count as usize).ok_or(Errno::EIO)?;
        mounts.extend_from_slice(found);
        match found.last() {
            Some(last) if found.len() == ids.len() => request.parameter = *last,
            _ => return Ok(mounts),
        }
    }
}

/// The paths of a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountPaths {
    /// Its root within its file system; of nsfs `net:[4026531840]`.
    pub root: Vec<u8>,
    /// Where it is mounted, from the root of its namespace on.
    pub point: Vec<u8>,
}

/// What statmount(2) writes for a mount: the structure, and texts after it.
struct Answer<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Answer<WORDS> {
    /// Asks for the fields in `wanted`; `None` if the kernel leaves some out, or if their texts do not fit.
    fn of(namespace: u64, mount: u64, wanted: u64) -> nix::Result<Option<Answer<WORDS>>> {
        let request = MountIdRequest { size: REQUEST_SIZE, spare: 0, mount, parameter: wanted, namespace };
        // Words, so that the structure at its head is aligned.
        let mut words = [0u64; WORDS];
        let size = size_of_val(&words);
        // SAFETY: the request has the size that it says, the buffer the size given.
        let result = unsafe { libc::syscall(SYS_STATMOUNT, &request, words.as_mut_ptr(), size, 0) };
        match check(result) {
            Err(Errno::EOVERFLOW) => return Ok(None),
            result => result?,
        };
        let answer = Answer(words);
        Ok((answer.number(MASK_AT) & wanted == wanted).then_some(answer))
    }

    fn number(&self, at: usize) -> u64 {
        self.0[at / 8]
    }

    /// The text whose place stands in the structure at `at`.
    fn text(&self, at: usize) -> Option<Vec<u8>> {
        // SAFETY: u64 has no padding, and any bytes are bytes.
        let bytes = unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast::<u8>(), size_of_val(&self.0)) };
        let place = u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
        let text = bytes.get(STATMOUNT_HEAD.checked_add(place as usize)?..)?;
        let end = text.iter().position(|byte| *byte == 0)?;
        Some(text[..end].to_vec())
    }
}

/// The type of the file system of a mount, as statfs(2) has it in `f_type`. The kernel then looks up no path, which is most
/// of the work. `None` if the kernel leaves it out. Errors: ENOENT if the mount is gone, EPERM, ENOSYS.
pub fn magic(namespace: u64, mount: u64) -> nix::Result<Option<u64>> {
    let answer = Answer::<{ STATMOUNT_HEAD / 8 }>::of(namespace, mount, STATMOUNT_SB_BASIC)?;
    Ok(answer.map(|answer| answer.number(MAGIC_AT)))
}

/// The paths of a mount of a namespace; `None` if the kernel leaves one out, or if they are longer than those of any mount
/// that matters. Errors: ENOENT if the mount is gone, EPERM, ENOSYS.
pub fn paths(namespace: u64, mount: u64) -> nix::Result<Option<MountPaths>> {
    let wanted = STATMOUNT_MNT_ROOT | STATMOUNT_MNT_POINT;
    let answer = Answer::<{ (STATMOUNT_HEAD + TEXTS) / 8 }>::of(namespace, mount, wanted)?;
    let texts = answer.and_then(|answer| Some((answer.text(MNT_ROOT_AT)?, answer.text(MNT_POINT_AT)?)));
    Ok(texts.map(|(root, point)| MountPaths { root, point }))
}
