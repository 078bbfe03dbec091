//! Finds one namespace by its number, whatever holds it, and opens it.

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;

use crate::error::{Attempt, Failure, RequestError};
use crate::list::model::graph::{Depth, Graph, relate};
use crate::list::model::opener::{self, Opener, identify};
use crate::list::model::snapshot::Snapshot;
use crate::list::scan::{self, Scope, SourceSet};
use crate::namespace::{Kind, KindSet, NamespaceNumber};
use crate::proc::link::inode;
use crate::sys::nsfs;

/// Opens the namespace of that kind and number, and then checks its kind and number once more: while we look, a
/// namespace may end, and the kernel may give its inode number to another.
///
/// Errors: we see no such namespace; it cannot be opened.
pub fn find(kind: Kind, number: NamespaceNumber) -> Result<OwnedFd, Failure> {
    if let NamespaceNumber::Id(id) = number {
        // Since Linux 6.19, the kernel finds it. Before, the call fails, and we search.
        if let Ok(file) = nsfs::open_by_id(id, None)
            && is_of(&file, kind, number)
        {
            return Ok(file);
        }
    }
    let (graph, opener) = look_everywhere()?;
    search(&graph.snapshot, &opener, kind, number)
}

/// Opens the namespace of that number, whatever its kind; `None` if we see none, or cannot open it. Errors: those of the look.
pub fn find_any(number: NamespaceNumber) -> Result<Option<(Kind, OwnedFd)>, Failure> {
    let (graph, opener) = look_everywhere()?;
    let found =
        Kind::ALL.into_iter().find_map(|kind| Some((kind, search(&graph.snapshot, &opener, kind, number).ok()?)));
    Ok(found)
}

fn look_everywhere() -> Result<(Graph, Opener), Failure> {
    let root = Path::new("/proc");
    let opener = Opener::new(root)?;
    let scope = Scope {
        root,
        sources: SourceSet::ALL,
        // Other kinds lead to it: a mount namespace in which it is mounted, or a namespace that it owns or is the
        // parent of.
        kinds: KindSet::ALL,
        held: KindSet::ALL,
    };
    let snapshot = scan::scan(&scope, &opener)?;
    Ok((relate(snapshot, &opener, Depth::All)?, opener))
}

fn search(snapshot: &Snapshot, opener: &Opener, kind: Kind, number: NamespaceNumber) -> Result<OwnedFd, Failure> {
    let none = || Failure::from(RequestError::NoSuchNamespace { kind, number });
    let closed = || Failure::System { attempt: Attempt::OpenNamespace { kind, number }, errno: Errno::EACCES };
    match number {
        NamespaceNumber::Inode(wanted) => {
            let found = inode(wanted).and_then(|inode| Some((inode, snapshot.namespaces.get(&inode)?)));
            match found {
                Some((inode, namespace)) if namespace.kind == kind => {
                    let file = opener.open(snapshot, inode).filter(|file| is_of(file, kind, number));
                    file.ok_or_else(closed)
                }
                _ => Err(none()),
            }
        }
        NamespaceNumber::Id(_) => {
            let of_kind = snapshot.namespaces.iter().filter(|(_, namespace)| namespace.kind == kind);
            let mut files = of_kind.filter_map(|(inode, _)| opener.open(snapshot, *inode));
            files.find(|file| is_of(file, kind, number)).ok_or_else(none)
        }
    }
}

fn is_of(file: &OwnedFd, kind: Kind, number: NamespaceNumber) -> bool {
    let same_number = match number {
        NamespaceNumber::Inode(inode) => identify(file).is_ok_and(|found| found.ino == inode),
        NamespaceNumber::Id(id) => opener::id(file) == Ok(id),
    };
    same_number && nsfs::kind(file) == Ok(Some(kind))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::proc::link::Inode;
    use std::fs::File;
    use std::os::fd::AsRawFd;

    use crate::list::model::snapshot::{Fd, SeenHolder};

    /// What a snapshot says: a namespace of that kind, held by a descriptor of ours that is by now of `file`.
    fn search_for(kind: Kind, inode: Inode, file: &File, number: NamespaceNumber) -> Result<OwnedFd, Failure> {
        let mut snapshot = Snapshot::default();
        let holder = SeenHolder::Descriptor(Fd { pid: std::process::id() as i32, tid: None, fd: file.as_raw_fd() });
        snapshot.add(kind, inode, holder);
        let opener = Opener::new(Path::new("/proc")).unwrap();
        search(&snapshot, &opener, kind, number)
    }

    fn own(name: &str) -> (File, Inode) {
        let file = File::open(format!("/proc/self/ns/{name}")).unwrap();
        let inode = u32::try_from(identify(&file).unwrap().ino).unwrap();
        (file, Inode::new(inode).unwrap())
    }

    #[test]
    fn a_number_that_means_another_namespace_by_now_is_not_entered() {
        let ((net, net_inode), (uts, uts_inode)) = (own("net"), own("uts"));
        let by_inode = |inode: Inode| NamespaceNumber::Inode(inode.get().into());
        let found = search_for(Kind::Net, net_inode, &net, by_inode(net_inode)).unwrap();
        assert_eq!(identify(&found), identify(&net));
        // The number has gone to a namespace of another kind, the descriptor to another namespace.
        for (kind, inode, file) in
            [(Kind::Uts, net_inode, &net), (Kind::Net, net_inode, &uts), (Kind::Net, uts_inode, &uts)]
        {
            let found = search_for(kind, inode, file, by_inode(inode));
            assert!(matches!(found, Err(Failure::System { .. })), "{found:?}");
        }
    }

    #[test]
    fn an_id_is_asked_for_of_what_has_been_opened() {
        let (net, inode) = own("net");
        // Ids tell from every other namespace since boot, so this one is of none.
        let found = search_for(Kind::Net, inode, &net, NamespaceNumber::Id(u64::MAX));
        assert!(matches!(found, Err(Failure::Request(_))), "{found:?}");
        if let Ok(id) = opener::id(&net) {
            assert!(search_for(Kind::Net, inode, &net, NamespaceNumber::Id(id)).is_ok());
            assert!(search_for(Kind::Uts, inode, &net, NamespaceNumber::Id(id)).is_err());
        }
    }
}
