//! The descriptors of a process: its own table, and the tables of threads that have unshared theirs.

use nix::fcntl::openat;
use nix::sys::stat::Mode;

use super::descriptor_table::look_in;
use super::process::LISTED;
use super::{InspectedProcess, Worker, is_exhaustion, thread_files};

/// Looks at /proc/PID/fd, and at the tables of threads that have unshared theirs. Kernel threads have no descriptors.
pub(super) fn look(worker: &mut Worker<'_>, inspected: &mut InspectedProcess) {
    if inspected.kernel_thread {
        return;
    }
    let table = openat(&inspected.directory, c"fd", LISTED, Mode::empty());
    if let Ok(directory) = &table {
        look_in(worker, inspected, (directory, None));
    }
    let found_more = thread_files::look(worker, inspected, table.is_ok());
    // Once the first thread has exited, only root may read its directory. The tables of the other threads tell
    // everything.
    if let Err(errno) = table
        && (!found_more || is_exhaustion(errno))
    {
        inspected.note(errno);
    }
}
