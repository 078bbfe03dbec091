//! The namespaces that nobody is in yet: after unshare(2) or setns(2), a process's PID and time namespaces are those of
//! its children to come.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};

use nix::fcntl::openat;
use nix::sys::stat::Mode;

use super::process::{STEP, linked_namespace, namespace};
use super::{Visit, Worker};
use crate::list::snapshot::{Holder, Inode};
use crate::namespace::{Kind, KindSet};

/// The links of /proc/PID/ns for children, by kind.
pub(super) const CHILDREN: [(Kind, &CStr); 2] = [
    (Kind::Pid, c"pid_for_children"),
    (Kind::Time, c"time_for_children"),
];

/// Compares the namespaces for children with the process's own.
pub(super) fn look(worker: &mut Worker<'_>, visit: &mut Visit) {
    let wanted = CHILDREN
        .iter()
        .any(|(kind, _)| worker.scope.held.contains(*kind));
    // Threads of the kernel are children of kthreadd, which unshares nothing.
    if visit.kernel_thread || !wanted {
        return;
    }
    let directory = match openat(&visit.directory, c"ns", STEP, Mode::empty()) {
        Ok(directory) => directory,
        Err(errno) => return visit.note(errno),
    };
    for (kind, link) in CHILDREN {
        let found = child_namespace(directory.as_fd(), link, kind, worker.scope.held);
        let own = || {
            visit
                .process
                .namespace(kind)
                .or_else(|| namespace(directory.as_fd(), kind).ok().flatten())
        };
        if let Some(inode) = found.filter(|inode| Some(*inode) != own()) {
            let holder = Holder::Children {
                pid: visit.process.pid,
                tid: None,
            };
            worker.finds.held.push((kind, inode, holder));
        }
    }
}

/// What a link for children holds; nothing, where its PID namespace has not yet its first process.
pub(super) fn child_namespace(
    links: BorrowedFd<'_>,
    link: &CStr,
    kind: Kind,
    held: KindSet,
) -> Option<Inode> {
    if !held.contains(kind) {
        return None;
    }
    linked_namespace(links, link, kind).ok().flatten()
}
