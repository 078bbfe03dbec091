//! The namespaces that a process is in.

use std::ffi::CStr;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::read;

use super::{InspectedProcess, Worker, is_refusal};
use crate::list::model::snapshot::Process;
use crate::namespace::Kind;
use crate::proc::link::{Inode, parse_name_of};
use crate::proc::stat;
use crate::sys::at;
use crate::sys::file::OPEN_FLAGS;
use crate::sys::stat::fstat;

/// Opens a directory that is only a step on the way to something else.
pub(super) const STEP: OFlag = OFlag::O_PATH.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

/// Opens a directory to read the names in it.
pub(super) const LISTED: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

/// A stat file is shorter than this, its comm of at most 64 bytes included.
const STAT: usize = 1024;

/// Room for the longest text of a namespace link, and to spare.
const LINK: usize = 64;

/// Begins to look at process `pid`. Errors: ENOENT and ESRCH if it has ended, EACCES and EPERM if we may not see it.
pub(super) fn open(proc: BorrowedFd<'_>, pid: i32) -> nix::Result<InspectedProcess> {
    let mut name = [0; 16];
    // 16 bytes hold every 32-bit number with its NUL.
    let _ = write!(&mut name[..], "{pid}\0");
    let name = CStr::from_bytes_until_nul(&name).map_err(|_| Errno::EINVAL)?;
    let directory = openat(proc, name, STEP, Mode::empty())?;
    let uid = fstat(&directory)?.st_uid;
    let mut text = [0; STAT];
    let file = openat(&directory, c"stat", OFlag::O_RDONLY | OPEN_FLAGS, Mode::empty())?;
    let length = read(&file, &mut text)?;
    let stat = stat::parse(&text[..length]).ok_or(Errno::ESRCH)?;
    Ok(InspectedProcess {
        directory,
        links: None,
        process: Process { pid, parent: stat.parent, uid, namespaces: [None; Kind::ALL.len()] },
        kernel_thread: stat.kernel_thread,
        threads: stat.threads,
        refused: false,
        exhausted: None,
    })
}

/// A directory of a thread: /proc/PID/task/TID/`name`.
pub(super) fn open_in_thread(
    inspected: &InspectedProcess,
    tid: i32,
    name: &CStr,
    flags: OFlag,
) -> nix::Result<OwnedFd> {
    let mut path = [0; 32];
    // 32 bytes hold the path with every 32-bit number and its NUL.
    let _ = write!(&mut path[..], "task/{tid}\0");
    let path = CStr::from_bytes_until_nul(&path).map_err(|_| Errno::EINVAL)?;
    let thread = openat(&inspected.directory, path, STEP, Mode::empty())?;
    openat(&thread, name, flags, Mode::empty())
}

/// Reads the links in /proc/PID/ns. Their text says everything, so we open none.
pub(super) fn look(worker: &mut Worker<'_>, inspected: &mut InspectedProcess) {
    let mut namespaces = [None; Kind::ALL.len()];
    let mut failed = None;
    match inspected.links() {
        Ok(links) => {
            for kind in worker.scope.kinds.iter() {
                match namespace(links.as_fd(), kind) {
                    Ok(namespace) => namespaces[kind as usize] = namespace,
                    Err(errno) => failed = Some(errno),
                }
                if failed.is_some_and(is_refusal) {
                    break;
                }
            }
        }
        Err(errno) => failed = Some(errno),
    }
    inspected.process.namespaces = namespaces;
    // ENOENT is not an error here: a zombie has left most of its namespaces, and a kernel may not know a kind.
    if let Some(errno) = failed {
        inspected.note(errno);
    }
}

/// The namespace of that kind in a directory /proc/PID/ns. Errors of readlinkat(2).
pub(super) fn namespace(links: BorrowedFd<'_>, kind: Kind) -> nix::Result<Option<Inode>> {
    linked_namespace(links, kind.link(), kind)
}

/// The namespace that a link in a directory /proc/PID/ns names; `None` if it names none of that kind. Errors of
/// readlinkat(2).
pub(super) fn linked_namespace(links: BorrowedFd<'_>, link: &CStr, kind: Kind) -> nix::Result<Option<Inode>> {
    let mut text = [0; LINK];
    Ok(parse_name_of(kind, at::read_link(links, link, &mut text)?))
}
