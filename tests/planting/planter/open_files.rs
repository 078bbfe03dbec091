//! Descriptors that hold a namespace and do not say so by their names, or are in a table that not every look meets.

use std::fs::{self, File};
use std::io::{IoSlice, Write};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::socket::{AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, sendmsg, socketpair};
use nskit::internals::namespace::Kind;

use super::calls::{check, mount, name_of, numbers_in, open_tree, own_pid, set_namespace, unmount, unshare};
use super::member::{Member, pause};
use super::report::{Report, own};
use super::{kinds, ordinary_kinds};

/// Calls `plant` with the file of a namespace of each kind, which nothing else holds afterwards.
fn of_each_kind(mut plant: impl FnMut(Kind, &Path)) {
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let member = Member::new(&kinds);
        for kind in kinds {
            plant(kind, &member.namespace(kind));
        }
        member.end();
    }
}

/// A place for a mount that nobody else sees.
fn point(directory: &Path, kind: Kind, place: &str) -> PathBuf {
    let point = directory.join(format!("{}-{kind}", place.replace(' ', "-")));
    File::create(&point).unwrap();
    point
}

/// Opened through a bind mount, which is unmounted then: `ip netns del` while the file is open, `umount -l`.
pub fn opened_through_a_mount(report: &mut Report, directory: &Path) {
    unshare(&[Kind::Mount]);
    of_each_kind(|kind, at| {
        let point = point(directory, kind, "unmounted");
        mount(Some(at), &point, None, libc::MS_BIND);
        let fd = File::open(&point).unwrap().into_raw_fd();
        unmount(&point);
        report.add(at, "descriptor of a mount that is gone", &format!("fd {}:{fd}", own_pid()));
    });
}

/// Opened through a bind mount that is still there, and so keeps umount(8) from unmounting it.
pub fn opened_through_a_mount_that_stays(report: &mut Report, directory: &Path) {
    unshare(&[Kind::Mount]);
    let inside = format!(" in {}", own(Kind::Mount));
    of_each_kind(|kind, at| {
        let point = point(directory, kind, "mounted");
        mount(Some(at), &point, None, libc::MS_BIND);
        let fd = File::open(&point).unwrap().into_raw_fd();
        let holder = format!("fd {}:{fd},mount {}{inside}", own_pid(), point.display());
        report.add(at, "descriptor of a mount that stays", &holder);
    });
}

/// Opened through a bind mount in another mount namespace, which ends then.
pub fn opened_in_another_mount_namespace(report: &mut Report, directory: &Path) {
    let ours = File::open("/proc/self/ns/mnt").unwrap();
    of_each_kind(|kind, at| {
        unshare(&[Kind::Mount]);
        let point = point(directory, kind, "other");
        // A mount namespace is older than the one that we are in now: that of a member of this one can be mounted.
        let inner = (kind == Kind::Mount).then(|| Member::new(&[Kind::Mount]));
        let at = inner.as_ref().map_or(at.to_path_buf(), |member| member.namespace(kind));
        mount(Some(&at), &point, None, libc::MS_BIND);
        let fd = File::open(&point).unwrap().into_raw_fd();
        report.add(&at, "descriptor of a mount in another namespace", &format!("fd {}:{fd}", own_pid()));
        if let Some(inner) = inner {
            inner.end();
        }
        set_namespace(&ours);
    });
}

/// A mount that is nowhere, made by open_tree(2).
pub fn in_a_tree(report: &mut Report) {
    unshare(&[Kind::Mount]);
    of_each_kind(|_, at| {
        let fd = open_tree(at).into_raw_fd();
        report.add(at, "open_tree", &format!("fd {}:{fd}", own_pid()));
    });
}

/// In the descriptor table that a thread has for itself.
pub fn in_the_table_of_a_thread(report: &mut Report) {
    let (say, hear) = std::sync::mpsc::channel();
    let (go, wait_for_it) = std::sync::mpsc::channel::<Vec<PathBuf>>();
    let mut members = Vec::new();
    let mut files = Vec::new();
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let member = Member::new(&kinds);
        files.extend(kinds.iter().map(|kind| member.namespace(*kind)));
        members.push(member);
    }
    std::thread::spawn(move || {
        // SAFETY: plain numbers.
        check("unshare", unsafe { libc::unshare(libc::CLONE_FILES) });
        // SAFETY: no arguments.
        let tid = unsafe { libc::gettid() };
        let open = |path: &PathBuf| (tid, File::open(path).unwrap().into_raw_fd());
        let files = wait_for_it.recv().unwrap();
        say.send(files.iter().map(open).collect::<Vec<_>>()).unwrap();
        pause();
    });
    go.send(files.clone()).unwrap();
    for (at, (tid, fd)) in files.iter().zip(hear.recv().unwrap()) {
        report.add(at, "descriptor of a thread", &format!("fd {}/{tid}:{fd}", own_pid()));
    }
    members.into_iter().for_each(Member::end);
}

/// In the table of a process whose leader has exited.
pub fn in_the_table_of_a_zombie_leader(report: &mut Report) {
    for kinds in [ordinary_kinds(), vec![Kind::User]] {
        let member = Member::new(&kinds);
        let files: Vec<PathBuf> = kinds.iter().map(|kind| member.namespace(*kind)).collect();
        let open = || {
            for file in &files {
                let _ = File::open(file).unwrap().into_raw_fd();
            }
            std::thread::spawn(pause);
        };
        let end = || {
            // SAFETY: ends this thread only.
            unsafe { libc::syscall(libc::SYS_exit, 0) };
        };
        let pid = Member::running(&[], open, end).alone();
        while !fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().contains(") Z ") {
            std::thread::yield_now();
        }
        let threads = numbers_in(format!("/proc/{pid}/task").as_ref());
        let tid = *threads.iter().find(|tid| **tid != pid).unwrap();
        let table = format!("/proc/{pid}/task/{tid}/fd");
        for at in &files {
            let inode = fs::metadata(at).unwrap().ino();
            let is_it = |fd: &i32| fs::metadata(format!("{table}/{fd}")).is_ok_and(|found| found.ino() == inode);
            let fd = numbers_in(table.as_ref()).into_iter().find(is_it).unwrap();
            report.add(at, "descriptor of a process without leader", &format!("fd {pid}/{tid}:{fd}"));
        }
        member.end();
    }
}

/// A TAP device that is used in a network namespace which its process has left: slirp4netns, VPNs. Where the kernel has
/// none, nothing is planted.
pub fn behind_a_tap(report: &mut Report) {
    let ours = File::open("/proc/self/ns/net").unwrap();
    unshare(&[Kind::Net]);
    if let Ok(tun) = fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun") {
        super::calls::set_tap(&tun);
        let holder = format!("tap {}:{}", own_pid(), tun.into_raw_fd());
        report.add("/proc/self/ns/net".as_ref(), "tap", &holder);
    } else {
        println!("lacks tap");
    }
    set_namespace(&ours);
}

/// On its way between two sockets, where only the kernel's own list tells of it: planted where there is that list.
pub fn in_flight(report: &mut Report) {
    // SAFETY: a null pointer in place of the request is refused, by those that know the call.
    let known = unsafe { libc::syscall(470, std::ptr::null::<u8>(), std::ptr::null::<u8>(), 0, 0) };
    if known == -1 && nix::errno::Errno::last() == nix::errno::Errno::ENOSYS {
        return;
    }
    let mut kinds = kinds();
    // Entering one needs rights over its owner, which is gone.
    kinds.retain(|kind| *kind == Kind::Net);
    let member = Member::new(&kinds);
    let file = File::open(member.namespace(Kind::Net)).unwrap();
    let (one, other) = send(&file);
    report.add(&member.namespace(Kind::Net), "in flight", "");
    drop(file);
    member.end();
    std::mem::forget((one, other));
}

/// The two ends of a socket on which the file waits to be received.
fn send(file: &File) -> (OwnedFd, OwnedFd) {
    let (one, other) = socketpair(AddressFamily::Unix, SockType::Datagram, None, SockFlag::SOCK_CLOEXEC).unwrap();
    let descriptors = [file.as_raw_fd()];
    let message = [ControlMessage::ScmRights(&descriptors)];
    sendmsg::<()>(one.as_raw_fd(), &[IoSlice::new(b"x")], &message, MsgFlags::empty(), None).unwrap();
    (one, other)
}

/// Says the number of a network namespace that is in flight, and holds it until standard input ends.
pub fn hold_in_flight() {
    let ours = File::open("/proc/self/ns/net").unwrap();
    unshare(&[Kind::Net]);
    let file = File::open("/proc/self/ns/net").unwrap();
    let name = name_of("/proc/self/ns/net".as_ref());
    set_namespace(&ours);
    let _ends = send(&file);
    drop(file);
    println!("{name}\nready");
    std::io::stdout().flush().unwrap();
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
}
