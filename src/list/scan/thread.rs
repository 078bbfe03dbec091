//! The namespaces that only a thread is in. Each thread may call unshare(2) and setns(2) for itself (except for user
//! and PID namespaces), and runs on after the first thread has exited.

use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::openat;
use nix::sys::stat::Mode;

use super::children::{child_namespace, links_for_children};
use super::process::{LISTED, STEP, namespace};
use super::{InspectedProcess, Source, Worker, is_refusal};
use crate::list::model::snapshot::SeenHolder;
use crate::namespace::{Kind, KindSet};
use crate::number::parse_decimal;
use crate::proc::link::Inode;
use crate::sys::at;

/// Looks at the threads beside the leader, if there are any.
pub(super) fn look(worker: &mut Worker<'_>, inspected: &mut InspectedProcess) {
    if inspected.threads < 2 || inspected.kernel_thread {
        return;
    }
    let directory = match openat(&inspected.directory, c"task", LISTED, Mode::empty()) {
        Ok(directory) => directory,
        Err(errno) => return inspected.note(errno),
    };
    let scope = worker.scope;
    let pid = inspected.process.pid;
    let leader = leader(inspected, scope.held);
    let held = &mut worker.findings.held;
    let _ = at::for_each_name(&directory, &mut worker.names, |name| {
        let Some(tid) = parse_decimal(name.to_bytes()).filter(|tid| *tid != pid) else {
            return;
        };
        let Some(links) = links(&directory, name) else {
            return;
        };
        let mut own = leader;
        for kind in scope.held.iter() {
            let found = match namespace(links.as_fd(), kind) {
                Err(errno) if is_refusal(errno) => return,
                found => found.ok().flatten(),
            };
            if found.is_some() && found != leader[kind as usize] {
                own[kind as usize] = found;
                held.extend(found.map(|inode| (kind, inode, SeenHolder::Thread { pid, tid })));
            }
        }
        if scope.wants(Source::Children) {
            for (kind, link) in links_for_children(scope.held) {
                let found = child_namespace(links.as_fd(), link, kind);
                if let Some(inode) = found.filter(|inode| Some(*inode) != own[kind as usize]) {
                    let tid = Some(tid);
                    held.push((kind, inode, SeenHolder::Children { pid, tid }));
                }
            }
        }
    });
}

/// The namespaces of the first thread, including the kinds that only this stage looks for.
fn leader(inspected: &mut InspectedProcess, held: KindSet) -> [Option<Inode>; Kind::ALL.len()] {
    let mut namespaces = inspected.process.namespaces;
    let unknown: Vec<Kind> = held.iter().filter(|kind| namespaces[*kind as usize].is_none()).collect();
    if !inspected.refused
        && !unknown.is_empty()
        && let Ok(links) = inspected.links()
    {
        for kind in unknown {
            namespaces[kind as usize] = namespace(links.as_fd(), kind).ok().flatten();
        }
    }
    namespaces
}

/// task/TID/ns.
fn links(directory: &OwnedFd, tid: &CStr) -> Option<OwnedFd> {
    let thread = openat(directory, tid, STEP, Mode::empty()).ok()?;
    openat(&thread, c"ns", STEP, Mode::empty()).ok()
}
