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
use crate::list::model::snapshot::Holder;
use crate::number::parse_decimal;
use crate::proc::link::Inode;
use crate::sys::{at, process};

/// Looks at each table that a thread beside the leader has, once; whether there was one. Threads that share a table are told
/// by kcmp(2). Where the process's own table is not ours to see, those of its threads are asked for until one is refused as
/// well.
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
            // It may be a table that we have seen.
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

/// Where the table of thread `tid` stands among those of `tables`, in the kernel's order of them: `Err` with its place if
/// it is none of them. Errors: ESRCH if the thread has ended; else those of kcmp(2), where tables cannot be compared.
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
        // It may be the thread whose table we have seen that has ended. Nothing is lost by looking.
        Some(Errno::ESRCH) => process::compare_files(tid, tid).and(Err(Errno::ENOSYS)),
        Some(errno) => Err(errno),
    }
}

/// Looks at the descriptors of a thread, and leaves out the namespaces that those of its process, as far as they have been
/// looked at, hold already.
fn look_for_more(worker: &mut Worker<'_>, inspected: &mut InspectedProcess, (directory, tid): (&OwnedFd, i32)) {
    let pid = inspected.process.pid;
    let is_fd_of_process = |holder: &Holder| holder.fd().is_some_and(|fd| fd.pid == pid);
    let held = &worker.findings.held;
    let known: HashSet<Inode> =
        held.iter().rev().take_while(|held| is_fd_of_process(&held.2)).map(|held| held.1).collect();
    let before = held.len();
    look_in(worker, inspected, (directory, Some(tid)));
    let new = worker.findings.held.split_off(before);
    worker.findings.held.extend(new.into_iter().filter(|held| !known.contains(&held.1)));
}
