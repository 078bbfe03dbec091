//! Descriptor tables that /proc/PID/fd does not show: that of a thread which does not share its leader's (unshare(2) with
//! CLONE_FILES), and that of a process whose leader has exited.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::openat;
use nix::sys::stat::Mode;

use super::descriptor_table::look_in;
use super::process::{LISTED, open_in_thread};
use super::{InspectedProcess, Worker};
use crate::list::model::snapshot::SeenHolder;
use crate::number::parse_decimal;
use crate::proc::link::Inode;
use crate::sys::{at, process};

/// Looks once at each descriptor table of a thread other than the first. Returns whether it could read one. kcmp(2)
/// tells which threads share a table. If we may not read the process's own table (`is_readable`), we try those of its
/// threads until one is refused as well.
pub(super) fn look(worker: &mut Worker<'_>, inspected: &mut InspectedProcess, is_readable: bool) -> bool {
    if inspected.threads < 2 {
        return false;
    }
    let pid = inspected.process.pid;
    let mut threads = std::mem::take(&mut worker.threads);
    threads.clear();
    match openat(&inspected.directory, c"task", LISTED, Mode::empty()) {
        Ok(directory) => {
            let _ = at::for_each_name(&directory, &mut worker.names, |name| {
                threads.extend(parse_decimal::<i32>(name.to_bytes()).filter(|tid| *tid != pid));
            });
        }
        Err(errno) => inspected.note(errno),
    }
    let mut tables = std::mem::take(&mut worker.tables);
    tables.clear();
    tables.push(pid);
    let mut found = false;
    for tid in &threads {
        let is_new = match place(&tables, *tid, worker.around.pids_are_ours) {
            Ok(Ok(_)) | Err(Errno::ESRCH) => continue,
            Ok(Err(place)) => {
                tables.insert(place, *tid);
                true
            }
            // We may have seen this table already.
            Err(_) => false,
        };
        match open_in_thread(inspected, *tid, c"fd", LISTED) {
            Ok(directory) if is_new => look_in(worker, inspected, (&directory, Some(*tid))),
            Ok(directory) => look_for_more(worker, inspected, (&directory, *tid)),
            Err(_) if !is_readable => break,
            Err(errno) => {
                inspected.note(errno);
                continue;
            }
        }
        found = true;
    }
    (worker.threads, worker.tables) = (threads, tables);
    found
}

/// The place of thread `tid`'s table in `tables`, which are in the kernel's order: `Ok` if it is one of them, `Err`
/// with the place to insert it if not. Errors: ESRCH if the thread has ended; those of kcmp(2) if tables cannot be
/// compared.
fn place(tables: &[i32], tid: i32, pids_are_ours: bool) -> nix::Result<Result<usize, usize>> {
    if !pids_are_ours {
        return Err(Errno::ENOSYS);
    }
    let mut failed = None;
    let place = tables.binary_search_by(|known| {
        process::compare_files(*known, tid).unwrap_or_else(|errno| {
            failed = Some(errno);
            Ordering::Equal
        })
    });
    match failed {
        None => Ok(place),
        // Perhaps the other thread has ended, whose table we have seen. Then we look at this one: that loses nothing.
        Some(Errno::ESRCH) => process::compare_files(tid, tid).and(Err(Errno::ENOSYS)),
        Some(errno) => Err(errno),
    }
}

/// Looks at the descriptors of a thread, and leaves out the namespaces that we have already found held by the process.
fn look_for_more(worker: &mut Worker<'_>, inspected: &mut InspectedProcess, (directory, tid): (&OwnedFd, i32)) {
    let pid = inspected.process.pid;
    let is_fd_of_process = |holder: &SeenHolder| holder.fd().is_some_and(|fd| fd.pid == pid);
    let held = &worker.findings.held;
    let known: HashSet<Inode> =
        held.iter().rev().take_while(|held| is_fd_of_process(&held.2)).map(|held| held.1).collect();
    let before = held.len();
    look_in(worker, inspected, (directory, Some(tid)));
    let new = worker.findings.held.split_off(before);
    worker.findings.held.extend(new.into_iter().filter(|held| !known.contains(&held.1)));
}
