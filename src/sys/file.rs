//! Reading and writing of small files, and output that never panics.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::signal::SigmaskHow;
use nix::sys::stat::Mode;
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs, statfs};
use nix::unistd::write;

use super::signal::{SignalNumber, SignalSet, is_pending, take_pending};
use super::stat::stat;
use super::{check, mask, new_descriptor};

/// Standard output, or `None` if the caller closed it.
pub fn stdout() -> Option<BorrowedFd<'static>> {
    standard(libc::STDOUT_FILENO)
}

/// Standard error, or `None` if the caller closed it.
pub fn stderr() -> Option<BorrowedFd<'static>> {
    standard(libc::STDERR_FILENO)
}

/// Which of the descriptors 0 to 2 our caller had closed. They may be our own files by now.
static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Notes which of the descriptors 0 to 2 are closed. Call it before anything is opened.
pub fn note_closed_descriptors() {
    for (fd, closed) in (0..).zip(&CLOSED) {
        // SAFETY: F_GETFD only asks.
        closed.store(unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1, Ordering::Relaxed);
    }
}

/// A descriptor from 0 to 2, or `None` if the caller closed it.
pub fn standard(fd: libc::c_int) -> Option<BorrowedFd<'static>> {
    if CLOSED[fd as usize].load(Ordering::Relaxed) {
        return None;
    }
    // SAFETY: F_GETFD only asks.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1 {
        return None;
    }
    // SAFETY: it is open, and nothing in this crate closes the descriptors 0 to 2.
    Some(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Puts something in the place of each of the descriptors 0 to 2 that our caller had closed, so that no file of ours gets
/// such a number. Call it before anything is opened. Errors of open(2): EMFILE.
pub fn fill_closed_descriptors() -> nix::Result<()> {
    loop {
        // Nothing can be read from it or written to it.
        let file = open_retrying(c"/", OFlag::O_PATH)?;
        if file.as_raw_fd() > 2 {
            return Ok(());
        }
        // It stays for the life of the process.
        let _ = file.into_raw_fd();
    }
}

/// Writes all of `bytes`, with several calls if necessary. Errors of write(2), EINTR excepted.
pub fn write_all(fd: impl AsFd, mut bytes: &[u8]) -> nix::Result<()> {
    while !bytes.is_empty() {
        match write(&fd, bytes) {
            Ok(0) => return Err(Errno::EIO),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Opens the existing file `path` for writing. Errors of open(2).
pub fn open_to_write(path: &(impl NixPath + ?Sized)) -> nix::Result<OwnedFd> {
    open_retrying(path, OFlag::O_WRONLY)
}

/// Writes `text` to the file `path` of proc in one write(2), as these files require. Errors of open(2), and of
/// [`write_to_proc`].
pub fn write_once_to_proc(path: &(impl NixPath + ?Sized), text: &[u8]) -> nix::Result<()> {
    write_to_proc(open_to_write(path)?, text)
}

/// As [`write_fd_once`], after a check that this is a file of proc: a file of another file system would take the text
/// without effect. Errors: [`NOT_PROC`] as well.
pub fn write_to_proc(file: OwnedFd, text: &[u8]) -> nix::Result<()> {
    if fstatfs(&file)?.filesystem_type() != PROC_SUPER_MAGIC {
        return Err(NOT_PROC);
    }
    write_fd_once(file, text)
}

/// A file of another file system is in the place of a file of proc.
pub const NOT_PROC: Errno = Errno::ENODEV;

/// Whether the file exists and belongs to a proc.
pub fn is_of_proc(path: &(impl NixPath + ?Sized)) -> bool {
    statfs(path).is_ok_and(|statfs| statfs.filesystem_type() == PROC_SUPER_MAGIC)
}

/// Whether this is the root directory of a proc, wherever that is mounted. The kernel gives it the inode number 1
/// (PROC_ROOT_INO) in every proc.
pub fn is_root_of_proc(path: &(impl NixPath + ?Sized)) -> bool {
    is_of_proc(path) && stat(path).is_ok_and(|found| found.st_ino == 1)
}

/// Our own directory in the proc at `root`; the one in /proc if that proc, of another PID namespace, does not show us.
pub fn own_directory(root: &Path) -> PathBuf {
    let own = root.join("self");
    if own.exists() || !is_of_proc(root) { own } else { "/proc/self".into() }
}

/// Writes `text` to `file` in one write(2). Errors of write(2); EIO if the file took only a part.
pub fn write_fd_once(file: OwnedFd, text: &[u8]) -> nix::Result<()> {
    loop {
        match write(&file, text) {
            Ok(count) if count == text.len() => return Ok(()),
            Ok(_) => return Err(Errno::EIO),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// The flags with which we open every file.
///
/// O_CLOEXEC: none of our descriptors may reach a program that we run. O_NONBLOCK and O_NOCTTY: somebody may have put a
/// FIFO or a terminal in place of the file, and we must neither wait for its other end nor make it our controlling
/// terminal.
pub const OPEN_FLAGS: OFlag = OFlag::O_CLOEXEC.union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY);

/// Where a path leads: device and inode number, and the id of the mount (0 before Linux 5.8). The mount tells two bind
/// mounts of one file apart.
pub type FileIdentity = (u32, u32, u64, u64);

/// Where `path` leads, without asking the server of a network file system: statx(2). Errors: ENOSYS before Linux 4.11.
pub fn place(path: &Path) -> nix::Result<FileIdentity> {
    path.with_nix_path(|path| place_at(libc::AT_FDCWD, path, 0))?
}

/// Where an open directory is. Errors: as [`place`]; ENOTSUP before Linux 5.8, which does not tell the mount.
pub fn place_of(directory: impl AsFd) -> nix::Result<FileIdentity> {
    match place_at(directory.as_fd().as_raw_fd(), c"", libc::AT_EMPTY_PATH)? {
        (_, _, _, 0) => Err(Errno::ENOTSUP),
        place => Ok(place),
    }
}

fn place_at(directory: libc::c_int, path: &CStr, more: libc::c_int) -> nix::Result<FileIdentity> {
    let mask = libc::STATX_INO | libc::STATX_MNT_ID;
    let flags = libc::AT_STATX_DONT_SYNC | libc::AT_NO_AUTOMOUNT | more;
    // SAFETY: an all-zero statx structure is a valid value.
    let mut found: libc::statx = unsafe { std::mem::zeroed() };
    // SAFETY: a C string and a writable structure.
    // By its number: musl before 1.2.5 has no function for it.
    check(unsafe { libc::syscall(libc::SYS_statx, directory, path.as_ptr(), flags, mask, &mut found) })?;
    Ok((found.stx_dev_major, found.stx_dev_minor, found.stx_ino, found.stx_mnt_id))
}

/// Whether the file has an extended attribute of this name, see xattr(7). False if we cannot see that.
pub fn has_attribute(path: &Path, name: &CStr) -> bool {
    // SAFETY: two C strings; with size 0, the call returns only the length of the value.
    let length =
        path.with_nix_path(|path| unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), std::ptr::null_mut(), 0) });
    length.is_ok_and(|length| length >= 0)
}

/// Opens `path` with [`OPEN_FLAGS`] added. Errors of open(2), EINTR excepted; ENXIO for writing to a pipe that nobody
/// reads.
pub fn open_retrying(path: &(impl NixPath + ?Sized), flags: OFlag) -> nix::Result<OwnedFd> {
    open_below(AT_FDCWD, path, flags)
}

/// The same for a path that begins in this directory.
pub fn open_below(directory: impl AsFd, path: &(impl NixPath + ?Sized), flags: OFlag) -> nix::Result<OwnedFd> {
    loop {
        // openat(2): after open(2), musl would set FD_CLOEXEC once more, by another call.
        match openat(&directory, path, flags | OPEN_FLAGS, Mode::empty()) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// Reads at most `limit` bytes of `path`. Errors of open(2) and read(2), EINTR excepted.
pub fn read_bounded(path: &Path, limit: usize) -> nix::Result<Vec<u8>> {
    read_fd_bounded(open_retrying(path, OFlag::O_RDONLY)?, limit)
}

/// Reads at most `limit` bytes of `fd` from its current offset on. Errors of read(2), EINTR excepted.
pub fn read_fd_bounded(fd: impl AsFd, limit: usize) -> nix::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    while bytes.len() < limit {
        let room = chunk.len().min(limit - bytes.len());
        let read = read_into(&fd, &mut chunk[..room])?;
        bytes.extend_from_slice(read);
        if read.len() < room {
            break;
        }
    }
    Ok(bytes)
}

/// Reads `fd` from its current offset on, as much as the buffer holds. Errors of read(2), EINTR excepted.
pub fn read_into(fd: impl AsFd, buffer: &mut [u8]) -> nix::Result<&[u8]> {
    let mut length = 0;
    while length < buffer.len() {
        match nix::unistd::read(&fd, &mut buffer[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(&buffer[..length])
}

/// Takes over our caller's descriptor with this number, and makes it close-on-exec. Errors of fcntl(2): EBADF.
pub fn take_over(fd: libc::c_int) -> nix::Result<OwnedFd> {
    // SAFETY: plain numbers. Nothing in this crate owns the descriptors that our caller gave us; whoever asks for one
    // by its number becomes its owner.
    unsafe {
        check(libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC).into())?;
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// Whether the descriptor with this number may be written to. Errors of fcntl(2): EBADF.
pub fn is_writable(fd: libc::c_int) -> nix::Result<bool> {
    // SAFETY: F_GETFL only asks.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) }.into())? as libc::c_int;
    Ok(flags & libc::O_ACCMODE != libc::O_RDONLY && flags & libc::O_PATH == 0)
}

/// As [`write_all`]; where nobody reads a pipe or socket any more, that is an error, EPIPE, and no signal.
pub fn write_without_signal(fd: impl AsFd, bytes: &[u8]) -> nix::Result<()> {
    let pipe = SignalNumber(libc::SIGPIPE);
    let was_pending = is_pending(pipe);
    let before = mask::change(SigmaskHow::SIG_BLOCK, &SignalSet::of(&[pipe]).to_mask())?;
    let written = write_all(fd, bytes);
    if written == Err(Errno::EPIPE) && !was_pending {
        take_pending(pipe);
    }
    mask::change(SigmaskHow::SIG_SETMASK, &before)?;
    written
}

/// The most descriptors that are closed one by one.
const MOST_DESCRIPTORS: libc::c_int = 1 << 20;

/// Closes all descriptors but this one, which becomes number 0. This is for a process that holds nothing else from now on:
/// whatever owned one of the others must be left alone, and not be dropped.
pub fn keep_only(file: Option<OwnedFd>) -> Option<OwnedFd> {
    let kept = file.map(|file| {
        let fd = file.into_raw_fd();
        loop {
            // SAFETY: plain numbers. Number 0 is our caller's; who owned the old number has been given up.
            match check(unsafe { libc::dup2(fd, 0) }.into()) {
                Err(Errno::EINTR) => {}
                result => return result.unwrap_or(-1),
            }
        }
    });
    let first = libc::c_int::from(kept.is_some());
    close_range(first, libc::c_int::MAX);
    // SAFETY: it has just become that of the file, and belongs to nobody else.
    kept.filter(|fd| *fd == 0).map(|_| unsafe { OwnedFd::from_raw_fd(0) })
}

/// Closes all descriptors from 3 on but these two; -1 stands for none. This is for a process that uses nothing else from now on:
/// whatever owned one of the others must be left alone, and not be dropped.
pub fn close_all_but(mut kept: [libc::c_int; 2]) {
    kept.sort_unstable();
    let mut first = 3;
    for fd in kept {
        if fd > first {
            close_range(first, fd - 1);
        }
        first = first.max(fd + 1);
    }
    close_range(first, libc::c_int::MAX);
}

/// Closes the descriptors from `first` to `last`, open or not.
fn close_range(first: libc::c_int, last: libc::c_int) {
    // SAFETY: plain numbers. Nobody uses these descriptors any more, as the callers say.
    unsafe {
        // A kernel before 5.9 has no such call, and a seccomp filter may not know it.
        if libc::syscall(libc::SYS_close_range, first, last, 0) == -1 {
            let end = end_of_descriptors().min(last.saturating_add(1));
            (first..end).for_each(|fd| {
                libc::close(fd);
            });
        }
    }
}

/// Makes all descriptors from this number on close-on-exec, without taking memory.
pub fn close_at_exec(first: libc::c_int) {
    // SAFETY: plain numbers. Nothing is closed before execve(2).
    unsafe {
        // Before Linux 5.11, the call has no such flag.
        if libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) == -1 {
            (first..end_of_descriptors()).for_each(|fd| {
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
            });
        }
    }
}

/// No descriptor has this number or a higher one.
fn end_of_descriptors() -> libc::c_int {
    // SAFETY: an all-zero structure is a valid value, which the call fills.
    let limit = unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_max
    };
    libc::c_int::try_from(limit).unwrap_or(MOST_DESCRIPTORS).min(MOST_DESCRIPTORS)
}

/// The same file with a number above those of standard input, output and error. Errors of fcntl(2): EMFILE.
pub fn from_3_on(fd: OwnedFd) -> nix::Result<OwnedFd> {
    if fd.as_raw_fd() > 2 {
        return Ok(fd);
    }
    // SAFETY: plain numbers in, a new descriptor out.
    unsafe { new_descriptor(libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 3).into()) }
}

/// Moves the file to a high number that no command line uses, if one is free below RLIMIT_NOFILE. The program may be
/// named by a descriptor (/proc/self/fd/3), which must not be a file of ours that is still open when we look it up.
pub fn out_of_the_way(fd: OwnedFd) -> OwnedFd {
    let duplicate = |least: libc::c_int| {
        // SAFETY: plain numbers in, a new descriptor out.
        unsafe { new_descriptor(libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, least).into()) }
    };
    [1000, 200, 50].into_iter().find_map(|least| duplicate(least).ok()).unwrap_or(fd)
}
