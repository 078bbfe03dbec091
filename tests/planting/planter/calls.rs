//! System calls that must succeed.

use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::{Path, PathBuf};

use nskit::internals::namespace::Kind;

/// Unshares these, as one that is mapped to itself in a new user namespace.
pub fn unshare(kinds: &[Kind]) {
    let flags = kinds.iter().fold(0, |flags, kind| flags | kind.clone_flag());
    // SAFETY: plain numbers.
    check("unshare", unsafe { libc::unshare(flags as i32) });
    if kinds.contains(&Kind::User) {
        std::fs::write("/proc/self/setgroups", "deny").unwrap();
        std::fs::write("/proc/self/uid_map", "0 0 1").unwrap();
        std::fs::write("/proc/self/gid_map", "0 0 1").unwrap();
    }
    if kinds.contains(&Kind::Mount) {
        mount(None, Path::new("/"), None, libc::MS_REC | libc::MS_PRIVATE);
    }
}

pub fn set_namespace(file: &File) {
    // SAFETY: plain numbers.
    check("setns", unsafe { libc::setns(file.as_raw_fd(), 0) });
}

pub fn mount(source: Option<&Path>, on: &Path, fstype: Option<&str>, flags: libc::c_ulong) {
    let text = |path: &Path| CString::new(path.to_str().unwrap()).unwrap();
    let source = source.map_or(c"none".into(), text);
    let fstype = fstype.map_or(c"none".into(), |name| CString::new(name).unwrap());
    let on = text(on);
    // SAFETY: strings that live on, and no data.
    check("mount", unsafe { libc::mount(source.as_ptr(), on.as_ptr(), fstype.as_ptr(), flags, std::ptr::null()) });
}

/// As `umount -l`: at once, whoever has a file open.
pub fn unmount(point: &Path) {
    let point = CString::new(point.to_str().unwrap()).unwrap();
    // SAFETY: a string that lives on.
    check("umount2", unsafe { libc::umount2(point.as_ptr(), libc::MNT_DETACH) });
}

/// A copy of the mount of this file, mounted nowhere: open_tree(2) with OPEN_TREE_CLONE and OPEN_TREE_CLOEXEC.
pub fn open_tree(path: &Path) -> File {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    let flags = 1 | libc::O_CLOEXEC;
    // SAFETY: a string that lives on, and a new descriptor that belongs to nobody else.
    unsafe {
        let fd = libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags);
        File::from_raw_fd(check("open_tree", fd as i32))
    }
}

/// Makes a TAP device in the network namespace that the file was opened in: TUNSETIFF with IFF_TAP and IFF_NO_PI.
pub fn set_tap(tun: &File) {
    // SAFETY: an all-zero structure is a valid value, and one that is read is passed.
    unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_ifru.ifru_flags = 0x1002;
        check("TUNSETIFF", libc::ioctl(tun.as_raw_fd(), libc::TUNSETIFF, &request));
    }
}

/// `mnt:[4026531840]`, of the namespace that this link leads to.
pub fn name_of(link: &Path) -> String {
    let file = File::open(link).unwrap_or_else(|error| panic!("{}: {error}", link.display()));
    let name = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
    name.to_str().unwrap().to_string()
}

pub fn namespace_of(pid: i32, name: &str) -> PathBuf {
    format!("/proc/{pid}/ns/{name}").into()
}

/// A mount namespace can be mounted only in one with a lower id, so that there is no circle. Each processor gives out ids
/// from a range of its own (Linux 6.18): only those that one processor gives rise with time.
pub fn stay_on_one_processor() {
    // SAFETY: a set may be all zero, and is of the size given.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(libc::sched_getcpu() as usize, &mut set);
        let result = libc::sched_setaffinity(0, size_of_val(&set), &set);
        check("sched_setaffinity", result);
    }
}

pub fn own_pid() -> i32 {
    std::process::id() as i32
}

pub fn pipe() -> (File, File) {
    let mut fds = [0; 2];
    // SAFETY: an array of two, and new descriptors that belong to nobody else.
    unsafe {
        check("pipe", libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC));
        (File::from_raw_fd(fds[0]), File::from_raw_fd(fds[1]))
    }
}

pub fn bytes<const N: usize>(from: &mut File) -> [u8; N] {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).unwrap();
    bytes
}

/// What the call has returned; fails if that is an error.
#[track_caller]
pub fn check(call: &str, result: i32) -> i32 {
    assert!(result >= 0, "{call}: {}", std::io::Error::last_os_error());
    result
}

pub fn numbers_in(directory: &Path) -> Vec<i32> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok()).collect()
}
