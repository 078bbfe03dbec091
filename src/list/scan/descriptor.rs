//! The namespaces that a process holds by descriptors: of nsfs files, and of sockets, each of which keeps its network
//! namespace.

use std::collections::HashMap;
use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::openat;
use nix::sys::stat::{Mode, fstat};

use super::process::LISTED;
use super::{Sight, Source, Worker};
use crate::digits::digits;
use crate::list::snapshot::{Holder, Inode, inode, parse_name, parse_socket};
use crate::namespace::Kind;
use crate::sys::{at, nsfs, pidfd};

/// The network namespace of each socket that was asked for it, by inode number: sockets are inherited and passed on,
/// and asking takes five system calls.
#[derive(Default)]
pub(super) struct Sockets(HashMap<u64, Inode>);

/// `socket:[18446744073709551615]` and every name of a namespace fit; a longer link leads elsewhere.
const LINK: usize = 64;

/// Reads the links in /proc/PID/fd. Threads of the kernel have none.
pub(super) fn look(worker: &mut Worker<'_>, sight: &mut Sight) {
    if sight.kernel_thread {
        return;
    }
    let directory = match openat(&sight.directory, c"fd", LISTED, Mode::empty()) {
        Ok(directory) => directory,
        Err(errno) => return sight.note(errno),
    };
    let scope = worker.scope;
    let mut descriptors = Descriptors {
        files: scope.wants(Source::Descriptor),
        sockets: (scope.wants(Source::Socket) && scope.held.contains(Kind::Net)).then_some(&mut worker.sockets),
        pid: sight.process.pid,
        own: sight.process.namespace(Kind::Net),
        process: None,
    };
    let held = &mut worker.finds.held;
    let _ = at::for_each_name(&directory, &mut worker.names, |name| {
        let mut link = [0; LINK];
        if let Ok(text) = at::read_link(directory.as_fd(), name, &mut link)
            && let Some(found) = descriptors.classify(name, text)
            && scope.held.contains(found.0)
        {
            held.push(found);
        }
    });
}

/// The descriptors of one process.
struct Descriptors<'w> {
    files: bool,
    /// `None` where sockets are not asked, or no more of this process's.
    sockets: Option<&'w mut Sockets>,
    pid: i32,
    own: Option<Inode>,
    /// Opened with the first socket that has to be asked.
    process: Option<OwnedFd>,
}

impl Descriptors<'_> {
    /// The namespace that descriptor `name` holds, by the text of its link. One that the process is in itself is none of
    /// our concern: it keeps that anyway.
    fn classify(&mut self, name: &CStr, text: &[u8]) -> Option<(Kind, Inode, Holder)> {
        let pid = self.pid;
        let fd = || digits(name.to_bytes());
        match text.first()? {
            b'/' => None,
            b's' => {
                let socket = parse_socket(text)?;
                let fd = fd()?;
                let inode = self.network_of(socket, fd)?;
                (Some(inode) != self.own).then_some((Kind::Net, inode, Holder::Socket { pid, fd }))
            }
            _ if self.files => {
                let (kind, inode) = parse_name(text)?;
                Some((kind, inode, Holder::Descriptor { pid, fd: fd()? }))
            }
            _ => None,
        }
    }

    fn network_of(&mut self, socket: u64, fd: i32) -> Option<Inode> {
        if let Some(known) = self.sockets.as_ref()?.0.get(&socket) {
            return Some(*known);
        }
        match self.ask(socket, fd) {
            Ok(inode) => {
                self.sockets.as_mut()?.0.insert(socket, inode);
                Some(inode)
            }
            // The descriptor is another one by now, or its kind of socket has no namespace.
            Err(Errno::EBADF | Errno::ESTALE | Errno::ENOTTY | Errno::EOPNOTSUPP) => None,
            // Not ours to ask, ended, or a kernel that cannot: no other socket of the process would fare better.
            Err(_) => {
                self.sockets = None;
                None
            }
        }
    }

    /// Errors: ESTALE if the descriptor is not `socket` (any more), else those of pidfd_open(2), pidfd_getfd(2) and
    /// SIOCGSKNS.
    fn ask(&mut self, socket: u64, fd: i32) -> nix::Result<Inode> {
        let process = match &self.process {
            Some(process) => process,
            None => self.process.insert(pidfd::open(self.pid)?),
        };
        let copy = pidfd::get_fd(process, fd)?;
        // The PID may mean another process to us than to a /proc of another PID namespace.
        if fstat(&copy)?.st_ino != socket {
            return Err(Errno::ESTALE);
        }
        let network = fstat(nsfs::of_socket(&copy)?)?.st_ino;
        inode(network).ok_or(Errno::ENOTTY)
    }
}
