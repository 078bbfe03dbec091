//! The namespaces that no process is in yet: after unshare(2) or setns(2) of a PID or time namespace, only children
//! that the process makes from then on are in it.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};

use nix::fcntl::openat;
use nix::sys::stat::Mode;

use super::process::{STEP, linked_namespace, namespace};
use super::{InspectedProcess, Worker};
use crate::list::model::snapshot::Holder;
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
    let directory = match openat(&inspected.directory, c"ns", STEP, Mode::empty()) {
        Ok(directory) => directory,
        Err(errno) => return inspected.note(errno),
    };
    for (kind, link) in links() {
        let found = child_namespace(directory.as_fd(), link, kind);
        let own = || inspected.process.namespace(kind).or_else(|| namespace(directory.as_fd(), kind).ok().flatten());
        if let Some(inode) = found.filter(|inode| Some(*inode) != own()) {
            let holder = Holder::Children { pid: inspected.process.pid, tid: None };
            worker.findings.held.push((kind, inode, holder));
        }
    }
}

/// The namespace that a link for children names; `None` while its PID namespace still waits for its first process.
pub(super) fn child_namespace(links: BorrowedFd<'_>, link: &CStr, kind: Kind) -> Option<Inode> {
    linked_namespace(links, link, kind).ok().flatten()
}
