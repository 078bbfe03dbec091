//! One table of descriptors, and the namespaces that these hold: nsfs files, sockets and TUN/TAP devices, each of which keeps
//! its network namespace.
//!
//! What a descriptor is, its file tells, not the text of its link: one that was opened through a bind mount of an nsfs file
//! is called by the path of that mount, and `/` once that is unmounted.

use std::collections::HashMap;
use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fstat};

use super::process::{STEP, namespace, open_in_thread};
use super::surroundings::Surroundings;
use super::{InspectedProcess, Scope, Source, Worker, is_exhaustion};
use crate::list::model::snapshot::{Fd, Holder};
use crate::namespace::Kind;
use crate::number::parse_decimal;
use crate::proc::link::{Inode, inode, parse_name, parse_socket};
use crate::sys::at::{self, FileFacts};
use crate::sys::file::OPEN_FLAGS;
use crate::sys::{nsfs, pidfd};

/// The network namespace of each socket that was asked for it, by inode number: sockets are inherited and passed on,
/// and asking takes five system calls.
#[derive(Default)]
pub(super) struct Sockets(HashMap<u64, Inode>);

/// `socket:[18446744073709551615]` and every name of a namespace fit; a longer link leads elsewhere.
const LINK: usize = 64;

/// /dev/net/tun, whatever it is called: see devices.txt of the kernel.
const TUN: (u32, u32) = (10, 200);

/// Looks at the descriptors in this directory: those of the process, or those that this thread has for itself.
pub(super) fn look_in(
    worker: &mut Worker<'_>,
    inspected: &mut InspectedProcess,
    (directory, tid): (&OwnedFd, Option<i32>),
) {
    let scope = worker.scope;
    let mut table = DescriptorTable {
        scope,
        around: worker.around,
        proc: worker.proc,
        directory: directory.as_fd(),
        pid: inspected.process.pid,
        tid,
        own: inspected.process.namespace(Kind::Net),
        own_of_thread: tid.and_then(|tid| network_of_thread(inspected, tid)),
        sockets: scope.held.contains(Kind::Net).then_some(&mut worker.sockets),
        process: None,
        exhausted: None,
    };
    let held = &mut worker.findings.held;
    let _ = at::for_each_name(directory, &mut worker.names, |name| {
        if let Some(found) = table.classify(name)
            && scope.held.contains(found.0)
        {
            held.push(found);
        }
    });
    inspected.exhausted = inspected.exhausted.or(table.exhausted);
}

fn network_of_thread(inspected: &InspectedProcess, tid: i32) -> Option<Inode> {
    let links = open_in_thread(inspected, tid, c"ns", STEP).ok()?;
    namespace(links.as_fd(), Kind::Net).ok().flatten()
}

/// One table of descriptors.
struct DescriptorTable<'w> {
    scope: &'w Scope<'w>,
    around: &'w Surroundings,
    proc: BorrowedFd<'w>,
    directory: BorrowedFd<'w>,
    pid: i32,
    tid: Option<i32>,
    /// The network namespace of the process.
    own: Option<Inode>,
    /// That of the thread.
    own_of_thread: Option<Inode>,
    /// `None` where sockets are not asked, or no more of this process's.
    sockets: Option<&'w mut Sockets>,
    /// Opened with the first descriptor that has to be asked.
    process: Option<OwnedFd>,
    /// Why some of it could not be looked at, though it was ours to see.
    exhausted: Option<Errno>,
}

impl DescriptorTable<'_> {
    /// The namespace that descriptor `name` holds. A network namespace that the process is in itself is none of our
    /// concern where a socket holds it: it keeps that anyway.
    fn classify(&mut self, name: &CStr) -> Option<(Kind, Inode, Holder)> {
        // `.` and `..` are not numbers: no system call is spent on them.
        let fd = Fd { pid: self.pid, tid: self.tid, fd: parse_decimal(name.to_bytes())? };
        let Some(facts) = self.told(at::facts(self.directory, name)) else {
            return self.by_link(name, fd);
        };
        if self.around.nsfs == Some(facts.device) {
            let (kind, inode) = self.namespace_file(name, facts)?;
            return Some((kind, inode, Holder::Descriptor(fd)));
        }
        if self.around.sockets == Some(facts.device) {
            return self.socket(facts.ino, fd);
        }
        if facts.character_device == Some(TUN) {
            return self.tap(fd);
        }
        match self.around {
            Surroundings { nsfs: Some(_), sockets: Some(_), .. } => None,
            _ => self.by_link(name, fd),
        }
    }

    /// What has been told; `None`, with the reason kept in mind if it is the want of something, for an error.
    fn told<T>(&mut self, result: nix::Result<T>) -> Option<T> {
        if let Err(errno) = result
            && is_exhaustion(errno)
        {
            self.exhausted = Some(errno);
        }
        result.ok()
    }

    /// Where statx(2) tells nothing: not a namespace file that was opened through a mount.
    fn by_link(&mut self, name: &CStr, fd: Fd) -> Option<(Kind, Inode, Holder)> {
        let mut link = [0; LINK];
        let text = self.told(at::read_link(self.directory, name, &mut link))?;
        if let Some(socket) = parse_socket(text) {
            return self.socket(socket, fd);
        }
        let (kind, inode) = parse_name(text).filter(|_| self.scope.wants(Source::Descriptor))?;
        Some((kind, inode, Holder::Descriptor(fd)))
    }

    fn namespace_file(&mut self, name: &CStr, facts: FileFacts) -> Option<(Kind, Inode)> {
        if !self.scope.wants(Source::Descriptor) {
            return None;
        }
        let mut link = [0; LINK];
        let text = self.told(at::read_link(self.directory, name, &mut link))?;
        match parse_name(text) {
            Some(named) => Some(named),
            None => self.opened_through_a_mount(name, facts),
        }
    }

    /// Its kind is asked of the file itself. Until we open that, it may have become another, opening which could block or
    /// do something: the link is only resolved first, and what came of it is opened.
    fn opened_through_a_mount(&mut self, name: &CStr, facts: FileFacts) -> Option<(Kind, Inode)> {
        let found = openat(self.directory, name, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty());
        let found = self.told(found)?;
        let stat = fstat(&found).ok()?;
        if (stat.st_dev, stat.st_ino) != (facts.device, facts.ino) {
            return None;
        }
        let path = format!("self/fd/{}", found.as_raw_fd());
        let file = self.told(openat(self.proc, &*path, OFlag::O_RDONLY | OPEN_FLAGS, Mode::empty()))?;
        Some((nsfs::kind(&file).ok()??, inode(fstat(&file).ok()?.st_ino)?))
    }

    fn is_own(&self, network: Inode) -> bool {
        [self.own, self.own_of_thread].contains(&Some(network))
    }

    fn socket(&mut self, socket: u64, fd: Fd) -> Option<(Kind, Inode, Holder)> {
        if !self.scope.wants(Source::Socket) {
            return None;
        }
        let network = match self.sockets.as_ref()?.0.get(&socket) {
            Some(known) => *known,
            None => {
                let network = self.network_of(fd, |copy| Ok(fstat(copy)?.st_ino == socket))?;
                self.sockets.as_mut()?.0.insert(socket, network);
                network
            }
        };
        (!self.is_own(network)).then_some((Kind::Net, network, Holder::Socket(fd)))
    }

    /// It keeps the namespace in which it was opened, not that in which its device may be by now: TUNGETDEVNETNS, which
    /// tells that, would not do.
    fn tap(&mut self, fd: Fd) -> Option<(Kind, Inode, Holder)> {
        // A descriptor of another process could be one of another device, and nothing would tell the two apart.
        if !self.scope.wants(Source::Tap) || !self.around.pids_are_ours {
            return None;
        }
        let network = self.network_of(fd, |copy| {
            let device = fstat(copy)?.st_rdev;
            Ok(device == libc::makedev(TUN.0, TUN.1))
        })?;
        (!self.is_own(network)).then_some((Kind::Net, network, Holder::Tap(fd)))
    }

    /// The network namespace that a copy of the descriptor tells, if that is the one that was meant.
    fn network_of(&mut self, fd: Fd, is_meant: impl Fn(&OwnedFd) -> nix::Result<bool>) -> Option<Inode> {
        self.sockets.as_ref()?;
        match self.copy(fd) {
            Ok(copy) => {
                // The PID may mean another process to us than to a /proc of another PID namespace.
                let copy = Some(copy).filter(|copy| is_meant(copy) == Ok(true))?;
                let network = self.told(nsfs::of_socket(copy))?;
                inode(fstat(network).ok()?.st_ino)
            }
            // The descriptor has been closed by now.
            Err(Errno::EBADF) => None,
            Err(errno) if is_exhaustion(errno) => {
                self.exhausted = Some(errno);
                None
            }
            // Not ours to ask, ended, or a kernel that cannot: no other descriptor of the process would fare better.
            Err(_) => {
                self.sockets = None;
                None
            }
        }
    }

    /// Errors of pidfd_open(2) and pidfd_getfd(2).
    fn copy(&mut self, fd: Fd) -> nix::Result<OwnedFd> {
        let process = match &self.process {
            Some(process) => process,
            None => self.process.insert(fd.open_holder()?),
        };
        pidfd::get_fd(process, fd.fd)
    }
}
