//! Paths of open files, see proc_pid_fd(5).

use std::ffi::CStr;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};

/// A path that leads to an open file and to no other, or below an open directory. It takes no memory.
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

    /// For system calls.
    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or(c"")
    }
}
