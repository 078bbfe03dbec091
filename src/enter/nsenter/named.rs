//! A namespace that is given by a file or, if the file does not exist, by name or number.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::error::{Attempt, Failure, RequestError, ResultExt};
use crate::list::query::find::find;
use crate::namespace::{Kind, NamespaceNumber};
use crate::number::parse_decimal;
use crate::sys::file::open_retrying;
use crate::sys::nsfs;

/// Where ip-netns(8) keeps network namespaces by their names.
pub(super) const NAMED_NETWORKS: &str = "/run/netns";

/// Opens the namespace that a file leads to or, if the file does not exist, the one with that name or number.
/// [`check_kind`] checks its kind.
pub(super) fn open_file(kind: Kind, path: &Path) -> Result<OwnedFd, Failure> {
    let attempt = || Attempt::Open(path.to_path_buf());
    let opened = match open_retrying(path, OFlag::O_RDONLY) {
        Err(Errno::ENOENT) => return open_named(kind, path)?.ok_or(Errno::ENOENT).attempt(attempt),
        opened => opened.attempt(attempt)?,
    };
    Ok(opened)
}

/// The namespace with this name in ip-netns(8) or with this inode number; `None` if neither exists. Errors: those of
/// opening it.
fn open_named(kind: Kind, name: &Path) -> Result<Option<OwnedFd>, Failure> {
    if let Some(kept) = kept_by_name(kind, name) {
        match open_retrying(&kept, OFlag::O_RDONLY) {
            Err(Errno::ENOENT) => {}
            opened => {
                return opened.map(Some).attempt(|| Attempt::Open(kept));
            }
        }
    }
    let Some(inode) = inode_number(kind, name.as_os_str()) else {
        return Ok(None);
    };
    match find(kind, NamespaceNumber::Inode(inode)) {
        Err(Failure::Request(RequestError::NoSuchNamespace { .. })) => Ok(None),
        found => found.map(Some),
    }
}

/// Where ip-netns(8) keeps the network namespace of this name, if it may be one.
pub fn kept_by_name(kind: Kind, name: &Path) -> Option<PathBuf> {
    // No `..`, and nothing with a slash in it, which would lead elsewhere.
    let mut components = name.components();
    let only = match (components.next(), components.next()) {
        (Some(Component::Normal(only)), None) if only == name.as_os_str() => only,
        _ => return None,
    };
    (kind == Kind::Net).then(|| Path::new(NAMED_NETWORKS).join(only))
}

/// The inode number of a namespace of this kind as lsns(8) and the links of /proc write it: `4026531840`,
/// `[4026531840]`, `net:[4026531840]`. A file may have such a name as well.
pub fn inode_number(kind: Kind, text: &OsStr) -> Option<u64> {
    let text = text.as_bytes();
    let of_kind = text.strip_prefix(kind.name().as_bytes()).and_then(|rest| rest.strip_prefix(b":"));
    let bracketed = of_kind.unwrap_or(text).strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    match (of_kind, bracketed) {
        (_, Some(inode)) => parse_decimal(inode),
        (None, None) => parse_decimal(text),
        (Some(_), None) => None,
    }
}

/// Errors: the file is not a namespace of that kind.
pub(super) fn check_kind(wanted: Kind, path: &Path, file: &OwnedFd) -> Result<(), RequestError> {
    let found = nsfs::kind(file).unwrap_or(None);
    if found == Some(wanted) {
        return Ok(());
    }
    Err(RequestError::NotTheNamespace { path: path.to_path_buf(), wanted, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_three_ways() {
        for (text, expected) in [
            ("7", Some(7)),
            ("[7]", Some(7)),
            ("net:[7]", Some(7)),
            ("uts:[7]", None),
            ("net:7", None),
            ("net:[7", None),
            ("[7", None),
            ("7]", None),
            ("[]", None),
            ("", None),
            ("+7", None),
            ("x7", None),
            ("18446744073709551616", None),
        ] {
            assert_eq!(inode_number(Kind::Net, OsStr::new(text)), expected, "{text}");
        }
    }
}
