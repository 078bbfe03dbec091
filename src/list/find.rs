//! Finds one namespace by its number, wherever it is held, and opens it.

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;

use super::open::{self, Opener, identify};
use super::scan::{self, Scope, SourceSet};
use super::snapshot::{Snapshot, inode};
use crate::error::{Attempt, Failure, RequestError};
use crate::namespace::{Kind, KindSet};
use crate::sys::nsfs;

/// What a namespace is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Its inode number, as in `net:[4026531840]`.
    Inode(u64),
    /// Its 64-bit id, unique since boot, see NS_GET_ID in ioctl_ns(2).
    Id(u64),
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Inode(inode) => write!(f, "[{inode}]"),
            Number::Id(id) => write!(f, ":{id}"),
        }
    }
}

/// Opens the namespace of that kind and number. What is opened is asked for its number and kind once more: while we look,
/// a namespace may end and its inode number be given to another.
///
/// Errors: there is none, as far as can be seen; it cannot be opened.
pub fn find(kind: Kind, number: Number) -> Result<OwnedFd, Failure> {
    if let Number::Id(id) = number {
        // The kernel finds it itself since Linux 6.19; before, the answer is that there is none.
        if let Ok(file) = nsfs::open_by_id(id, None)
            && is(&file, kind, number)
        {
            return Ok(file);
        }
    }
    let root = Path::new("/proc");
    let opener = Opener::new(root)?;
    let scope = Scope {
        root,
        sources: SourceSet::ALL,
        // Others lead to it: a mount namespace in which it is mounted, one that it owns or is the parent of.
        kinds: KindSet::ALL,
        held: KindSet::ALL,
    };
    let snapshot = scan::scan(&scope, &opener)?;
    let graph = super::graph::relate(snapshot, &opener, super::graph::Depth::All)?;
    search(&graph.snapshot, &opener, kind, number)
}

fn search(
    snapshot: &Snapshot,
    opener: &Opener,
    kind: Kind,
    number: Number,
) -> Result<OwnedFd, Failure> {
    let none = || Failure::from(RequestError::NoSuchNamespace { kind, number });
    let closed = || Failure::System {
        attempt: Attempt::OpenNamespace { kind, number },
        errno: Errno::EACCES,
    };
    match number {
        Number::Inode(wanted) => {
            let found =
                inode(wanted).and_then(|inode| Some((inode, snapshot.namespaces.get(&inode)?)));
            match found {
                Some((inode, namespace)) if namespace.kind == kind => {
                    let file = opener
                        .open(snapshot, inode)
                        .filter(|file| is(file, kind, number));
                    file.ok_or_else(closed)
                }
                _ => Err(none()),
            }
        }
        Number::Id(_) => {
            let of_kind = snapshot
                .namespaces
                .iter()
                .filter(|(_, namespace)| namespace.kind == kind);
            let mut files = of_kind.filter_map(|(inode, _)| opener.open(snapshot, *inode));
            files.find(|file| is(file, kind, number)).ok_or_else(none)
        }
    }
}

fn is(file: &OwnedFd, kind: Kind, number: Number) -> bool {
    let same_number = match number {
        Number::Inode(inode) => identify(file).is_ok_and(|found| found.ino == inode),
        Number::Id(id) => open::id(file) == Ok(id),
    };
    same_number && nsfs::kind(file) == Ok(Some(kind))
}
