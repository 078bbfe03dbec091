//! Finds the namespaces that the descriptors of one table hold. Besides nsfs files, these are sockets and TUN/TAP
//! devices: each keeps its network namespace alive.
//!
//! We ask the file what it is, not the text of the link. For an nsfs file that was opened through a bind mount, the
//! link holds the path of that mount, and `/` once that is unmounted.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

use super::process::{STEP, namespace, open_in_thread};
use super::surroundings::Surroundings;
use super::{InspectedProcess, Scope, Source, Worker, is_exhaustion, is_refusal};
use crate::list::model::snapshot::{Fd, SeenHolder};
use crate::namespace::Kind;
use crate::number::parse_decimal;
use crate::proc::link::{Inode, inode, parse_name, parse_socket};
use crate::sys::at::{self, FileFacts};
use crate::sys::file::OPEN_FLAGS;
use crate::sys::socket::network_cookie;
use crate::sys::stat::fstat;
use crate::sys::{nsfs, pidfd};

/// The network namespace of each socket that we have asked.
#[derive(Default)]
pub(super) struct Sockets {
    /// By the socket's inode number. Many processes share a socket, and to ask it takes four system calls.
    known: HashMap<u64, Inode>,
    /// By the namespace's cookie. Where the kernel has these, only one socket of a namespace is asked for a descriptor of it.
    by_cookie: HashMap<u64, Inode>,
}

/// `socket:[18446744073709551615]` and every name of a namespace fit; a longer link leads elsewhere.
const LINK: usize = 64;

/// The device number of /dev/net/tun, see devices.txt of the kernel. Its path may differ.
const TUN: (u32, u32) = (10, 200);

/// Looks at the descriptors in this directory: those of the process, or those of a thread that has unshared its table.
pub(super) fn look_in(
    worker: &mut Worker<'_>,
    inspected: &mut InspectedProcess,
    (directory, tid): (&OwnedFd, Option<i32>),
) {
    let scope = worker.scope;
    let mut table = DescriptorTable {
        scope,
        around: worker.around,
        directory: directory.as_fd(),
        pid: inspected.process.pid,
        tid,
        own: inspected.process.namespace(Kind::Net),
        own_of_thread: tid.and_then(|tid| network_of_thread(inspected, tid)),
        sockets: scope.held.contains(Kind::Net).then_some(&mut worker.sockets),
        process: None,
        refused: false,
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
    inspected.refused |= table.refused;
    inspected.exhausted = inspected.exhausted.or(table.exhausted);
}

/// What one descriptor holds, whose process has this network namespace of its own.
pub(super) fn look_at_one(worker: &mut Worker<'_>, fd: Fd, own: Option<Inode>) -> Option<(Kind, Inode, SeenHolder)> {
    let path = fd.path();
    let name = CString::new(path.file_name()?.as_bytes()).ok()?;
    let directory = openat(worker.proc, path.parent()?, STEP, Mode::empty());
    let mut exhausted = directory.as_ref().err().copied().filter(|errno| is_exhaustion(*errno));
    let found = directory.ok().and_then(|directory| {
        let mut table = DescriptorTable {
            scope: worker.scope,
            around: worker.around,
            directory: directory.as_fd(),
            pid: fd.pid,
            tid: fd.tid,
            own,
            own_of_thread: None,
            sockets: Some(&mut worker.sockets),
            process: None,
            refused: false,
            exhausted: None,
        };
        let found = table.classify(&name);
        exhausted = table.exhausted;
        found
    });
    worker.findings.exhausted = worker.findings.exhausted.or(exhausted);
    found
}

fn network_of_thread(inspected: &InspectedProcess, tid: i32) -> Option<Inode> {
    let links = open_in_thread(inspected, tid, c"ns", STEP).ok()?;
    namespace(links.as_fd(), Kind::Net).ok().flatten()
}

/// One table of descriptors.
struct DescriptorTable<'w> {
    scope: &'w Scope<'w>,
    around: &'w Surroundings,
    directory: BorrowedFd<'w>,
    pid: i32,
    tid: Option<i32>,
    /// The network namespace of the process.
    own: Option<Inode>,
    /// That of the thread.
    own_of_thread: Option<Inode>,
    /// `None` if the scan does not ask sockets, or has given up on those of this process.
    sockets: Option<&'w mut Sockets>,
    /// A pidfd, opened for the first descriptor that we must copy.
    process: Option<OwnedFd>,
    /// Whether we may not read its links.
    refused: bool,
    /// What ran out, if we could not look at all of it for want of descriptors or memory.
    exhausted: Option<Errno>,
}

impl DescriptorTable<'_> {
    /// The namespace that descriptor `name` holds. A socket in the process's own network namespace does not count: the
    /// process keeps that namespace alive anyway.
    fn classify(&mut self, name: &CStr) -> Option<(Kind, Inode, SeenHolder)> {
        // `.` and `..` are not numbers and end here, before any system call.
        let fd = Fd { pid: self.pid, tid: self.tid, fd: parse_decimal(name.to_bytes())? };
        if self.refused {
            return None;
        }
        let Some(facts) = self.told(at::facts(self.directory, name)) else {
            return self.by_link(name, fd);
        };
        if self.around.nsfs == Some(facts.device) {
            let (kind, inode) = self.namespace_file(name, facts)?;
            return Some((kind, inode, SeenHolder::Descriptor(fd)));
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

    /// The value of `result`, or `None` for an error. If descriptors or memory have run out, the error is kept.
    fn told<T>(&mut self, result: nix::Result<T>) -> Option<T> {
        if let Err(errno) = result
            && is_exhaustion(errno)
        {
            self.exhausted = Some(errno);
        }
        result.ok()
    }

    /// Used if statx(2) does not tell. It misses a namespace file that was opened through a mount.
    fn by_link(&mut self, name: &CStr, fd: Fd) -> Option<(Kind, Inode, SeenHolder)> {
        let mut link = [0; LINK];
        let read = at::read_link(self.directory, name, &mut link);
        self.refused = read.is_err_and(is_refusal);
        let text = self.told(read)?;
        if let Some(socket) = parse_socket(text) {
            return self.socket(socket, fd);
        }
        let (kind, inode) = parse_name(text).filter(|_| self.scope.wants(Source::Descriptor))?;
        Some((kind, inode, SeenHolder::Descriptor(fd)))
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

    /// Asks the file for its kind. The descriptor may mean another file by now, and opening a FIFO could block and
    /// opening a device could act. So we resolve the link with O_PATH, check what it led to, and open that.
    fn opened_through_a_mount(&mut self, name: &CStr, facts: FileFacts) -> Option<(Kind, Inode)> {
        let found = openat(self.directory, name, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty());
        let found = self.told(found)?;
        let stat = fstat(&found).ok()?;
        if (stat.st_dev, stat.st_ino) != (facts.device, facts.ino) {
            return None;
        }
        let path = self.scope.own().join(format!("fd/{}", found.as_raw_fd()));
        let file = self.told(open(&path, OFlag::O_RDONLY | OPEN_FLAGS, Mode::empty()))?;
        Some((nsfs::kind(&file).ok()??, inode(fstat(&file).ok()?.st_ino)?))
    }

    fn is_own(&self, network: Inode) -> bool {
        [self.own, self.own_of_thread].contains(&Some(network))
    }

    fn socket(&mut self, socket: u64, fd: Fd) -> Option<(Kind, Inode, SeenHolder)> {
        // As of a TAP device.
        if !self.scope.wants(Source::Socket) || !self.around.pids_are_ours {
            return None;
        }
        let network = match self.sockets.as_ref()?.known.get(&socket) {
            Some(known) => *known,
            None => {
                let network = self.network_of(fd, |copy| Ok(fstat(copy)?.st_ino == socket))?;
                self.sockets.as_mut()?.known.insert(socket, network);
                network
            }
        };
        (!self.is_own(network)).then_some((Kind::Net, network, SeenHolder::Socket(fd)))
    }

    /// The open file keeps the namespace in which it was opened, even if its device has moved to another.
    /// TUNGETDEVNETNS would return the namespace of the device.
    fn tap(&mut self, fd: Fd) -> Option<(Kind, Inode, SeenHolder)> {
        // If PIDs in /proc were not ours, we could copy another process's descriptor of another device, and could not
        // tell.
        if !self.scope.wants(Source::Tap) || !self.around.pids_are_ours {
            return None;
        }
        let network = self.network_of(fd, |copy| {
            let device = fstat(copy)?.st_rdev;
            Ok(device == libc::makedev(TUN.0, TUN.1))
        })?;
        (!self.is_own(network)).then_some((Kind::Net, network, SeenHolder::Tap(fd)))
    }

    /// The network namespace of the descriptor, asked of a copy; `None` if the copy is not the file that was meant.
    fn network_of(&mut self, fd: Fd, is_meant: impl Fn(&OwnedFd) -> nix::Result<bool>) -> Option<Inode> {
        self.sockets.as_ref()?;
        match self.copy(fd) {
            Ok(copy) => {
                // If /proc shows another PID namespace, the PID may be another process's in ours.
                let copy = Some(copy).filter(|copy| is_meant(copy) == Ok(true))?;
                self.network_of_copy(&copy)
            }
            // The descriptor has been closed by now.
            Err(Errno::EBADF) => None,
            Err(errno) if is_exhaustion(errno) => {
                self.exhausted = Some(errno);
                None
            }
            // We may not ask it, the process has ended, or the kernel lacks the call. No other descriptor of it would
            // do better.
            Err(_) => {
                self.sockets = None;
                None
            }
        }
    }

    fn network_of_copy(&mut self, copy: &OwnedFd) -> Option<Inode> {
        let cookie = network_cookie(copy).ok();
        let known = &self.sockets.as_ref()?.by_cookie;
        if let Some(network) = cookie.and_then(|cookie| known.get(&cookie)) {
            return Some(*network);
        }
        let network = self.told(nsfs::of_socket(copy))?;
        let network = inode(fstat(network).ok()?.st_ino)?;
        self.sockets.as_mut()?.by_cookie.extend(cookie.map(|cookie| (cookie, network)));
        Some(network)
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
