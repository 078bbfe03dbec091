//! Paths in a directory that is `/` to them: neither `..` nor a link leads out of it.

use std::ffi::CStr;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

/// How often a look-up is tried again during which somebody has renamed or mounted: openat2(2), EAGAIN.
const TRIES: usize = 100;

/// Opens what `path` leads to, `root` being `/` to it. Nothing is waited for: a descriptor of this sort opens no file.
pub fn open_in(root: &OwnedFd, path: &CStr, more: OFlag) -> nix::Result<OwnedFd> {
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC | more)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    let mut tries = 1;
    loop {
        match openat2(root, path, how) {
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) if tries < TRIES => tries += 1,
            result => return result,
        }
    }
}
