//! The namespaces that no process is in yet: after unshare(2) or setns(2) of a PID or time namespace, only children
//! that the process makes from then on are in it.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};

use super::process::{linked_namespace, namespace};
use super::{InspectedProcess, Worker};
use crate::list::model::snapshot::{Process, SeenHolder};
use crate::namespace::{Kind, KindSet};
use crate::proc::link::Inode;

/// The links of /proc/PID/ns for children, of these kinds.
pub(super) fn links_for_children(kinds: KindSet) -> impl Iterator<Item = (Kind, &'static CStr)> {
    let link = |kind: Kind| Some((kind, kind.link_for_children()?));
    kinds.iter().filter_map(link)
}

/// Compares the namespaces for children with the process's own.
pub(super) fn look(worker: &mut Worker<'_>, inspected: &mut InspectedProcess) {
    let links = || links_for_children(worker.scope.held);
    // Kernel threads are children of kthreadd, which unshares nothing.
    if inspected.kernel_thread || links().next().is_none() {
        return;
    }
    if inspected.refused {
        return;
    }
    let Process { pid, namespaces, .. } = inspected.process;
    let directory = match inspected.links() {
        Ok(directory) => directory.as_fd(),
        Err(errno) => return inspected.note(errno),
    };
    for (kind, link) in links() {
        let found = child_namespace(directory, link, kind);
        let own = || namespaces[kind as usize].or_else(|| namespace(directory, kind).ok().flatten());
        if let Some(inode) = found.filter(|inode| Some(*inode) != own()) {
            worker.findings.held.push((kind, inode, SeenHolder::Children { pid, tid: None }));
        }
    }
}

/// The namespace that a link for children names; `None` while its PID namespace still waits for its first process.
pub(super) fn child_namespace(links: BorrowedFd<'_>, link: &CStr, kind: Kind) -> Option<Inode> {
    linked_namespace(links, link, kind).ok().flatten()
}
