//! Paths in /proc that take no memory: of open files, see proc_pid_fd(5), and of processes.

use std::ffi::CStr;
use std::fmt::Arguments;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};

/// A path that leads to an open file and to no other, or below an open directory; or another short one.
pub struct PathOf([u8; 64]);

impl PathOf {
    /// The path of the file.
    pub fn file(file: impl AsFd) -> PathOf {
        PathOf::below(file, &[])
    }

    /// The names follow each other as they are, slashes included. They are those of files in /proc/PID.
    pub fn below(directory: impl AsFd, names: &[&str]) -> PathOf {
        let mut path = [0; 64];
        let mut rest = &mut path[..];
        // It fits, since such names are short. The rest stays zero.
        let _ = write!(rest, "/proc/self/fd/{}", directory.as_fd().as_raw_fd());
        names.iter().for_each(|name| drop(rest.write_all(name.as_bytes())));
        PathOf(path)
    }

    /// A path of numbers and short names.
    pub fn of(path: Arguments<'_>) -> PathOf {
        let mut bytes = [0; 64];
        // The last byte stays zero.
        let _ = (&mut bytes[..63]).write_fmt(path);
        PathOf(bytes)
    }

    /// For system calls.
    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or(c"")
    }
}
