//! The descriptors of a process: its own table, and those that threads have for themselves.

use nix::fcntl::openat;
use nix::sys::stat::Mode;

use super::descriptor_table::look_in;
use super::process::LISTED;
use super::{InspectedProcess, Worker, is_exhaustion, thread_files};

/// Looks at /proc/PID/fd, and at what threads have for themselves. Threads of the kernel have none.
pub(super) fn look(worker: &mut Worker<'_>, inspected: &mut InspectedProcess) {
    if inspected.kernel_thread {
        return;
    }
    let table = openat(&inspected.directory, c"fd", LISTED, Mode::empty());
    if let Ok(directory) = &table {
        look_in(worker, inspected, (directory, None));
    }
    let found_more = thread_files::look(worker, inspected, table.is_ok());
    // The directory of a leader that has exited is root's: the tables of its threads are all that there is.
    if let Err(errno) = table
        && (!found_more || is_exhaustion(errno))
    {
        inspected.note(errno);
    }
}
