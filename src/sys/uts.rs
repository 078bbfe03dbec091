//! The names of a UTS namespace, see uts_namespaces(7); the host name is nix's `sethostname`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::check;

/// Sets the NIS domain name, see setdomainname(2). Errors: EPERM without CAP_SYS_ADMIN over the UTS namespace, EINVAL for
/// more than 64 bytes.
pub fn set_domainname(name: &OsStr) -> nix::Result<()> {
    let name = name.as_bytes();
    // SAFETY: a readable buffer of that length.
    check(unsafe { libc::setdomainname(name.as_ptr().cast(), name.len()) }.into()).map(drop)
}
