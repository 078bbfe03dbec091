//! Walks the process table, with several threads if it is large.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::unistd::{Whence, lseek};

use super::surroundings::Surroundings;
use super::threads::{helper, joined};
use super::{Findings, NAMES, Scope, Worker};
use crate::error::{Attempt, Failure, ResultExt};
use crate::number::parse_decimal;
use crate::sys::at;

/// Up to so many processes a second thread costs more than it saves.
const SMALL: usize = 400;

/// More threads than this only wait for each other in the kernel.
const MOST_THREADS: usize = 8;

/// How many processes a thread takes at a time.
const PORTION: usize = 32;

/// How often we look at the table for processes that came while we looked: a namespace may pass from one short-lived
/// process to the next, and our walk could miss it in each. That cannot have happened if no process ended during the
/// walk.
const LOOKS: usize = 3;

/// Looks at every process of `proc`. Errors: the directory cannot be listed, or descriptors or memory run out.
pub(super) fn processes(scope: &Scope<'_>, proc: BorrowedFd<'_>) -> Result<Findings, Failure> {
    let mut buffer = vec![0; NAMES];
    let mut seen: Vec<i32> = Vec::new();
    let mut findings = Findings::default();
    let around = Surroundings::of(scope);
    for look in 0..LOOKS {
        let read = || Attempt::Read(PathBuf::from(scope.root));
        if look > 0 {
            lseek(proc, 0, Whence::SeekSet).attempt(read)?;
        }
        let mut new = pids(proc, &mut buffer).attempt(read)?;
        new.retain(|pid| seen.binary_search(pid).is_err());
        let found = look_at_all(scope, &around, proc, &new);
        let vanished = found.vanished;
        findings.add(found);
        if let Some(errno) = findings.exhausted {
            return Err(errno).attempt(read);
        }
        if vanished == 0 {
            break;
        }
        seen.extend(new);
        seen.sort_unstable();
    }
    findings.processes.sort_unstable_by_key(|process| process.pid);
    Ok(findings)
}

/// The PIDs in /proc, ascending.
pub(super) fn pids(proc: BorrowedFd<'_>, buffer: &mut [u8]) -> nix::Result<Vec<i32>> {
    let mut pids = Vec::new();
    at::for_each_name(proc, buffer, |name| {
        pids.extend(parse_decimal::<i32>(name.to_bytes()));
    })?;
    pids.sort_unstable();
    Ok(pids)
}

fn look_at_all(scope: &Scope<'_>, around: &Surroundings, proc: BorrowedFd<'_>, pids: &[i32]) -> Findings {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut worker = Worker::new(scope, around, proc);
        loop {
            let at = next.fetch_add(PORTION, Ordering::Relaxed);
            let Some(rest) = pids.get(at..).filter(|rest| !rest.is_empty()) else {
                return worker.findings;
            };
            for pid in rest.iter().take(PORTION) {
                worker.look_at(*pid);
            }
        }
    };
    if pids.len() <= SMALL {
        return work();
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|threads| {
        let helpers: Vec<_> = (1..processors.min(MOST_THREADS))
            // If a thread cannot be made, the others do its work.
            .filter_map(|_| helper(threads, work))
            .collect();
        let mut findings = work();
        for helper in helpers {
            findings.add(joined(helper));
        }
        findings
    })
}
