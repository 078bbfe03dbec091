//! The files that are opened before a plan runs, and the numbers that stand for them in the plan.

use std::fmt;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::target::PinnedTarget;
use crate::error::Shown;

/// Stands in a plan for a file that will be open: a number in [`Handles`], and the path for readers of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    number: usize,
    path: PathBuf,
}

impl Handle {
    /// The file with this number, which was opened by this path.
    pub fn new(number: usize, path: impl Into<PathBuf>) -> Handle {
        Handle { number, path: path.into() }
    }

    /// Its number.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The path by which it was or will be opened. Only a description, which says so if the file was found in another
    /// way.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (#{})", self.path.shown(), self.number)
    }
}

/// The files that have been opened outside, before anything is entered, by their numbers.
#[derive(Debug, Default)]
pub struct Handles {
    /// The process from which nsenter takes namespaces, ids and more.
    pub target: Option<PinnedTarget>,
    /// What become the program's standard input, output and error.
    pub standard: [Option<OwnedFd>; 3],
    files: Vec<Option<OwnedFd>>,
}

impl Handles {
    /// Those of a process, and no file yet.
    pub fn of_target(target: Option<PinnedTarget>) -> Handles {
        Handles { target, ..Handles::default() }
    }

    /// Adds a file, and returns its handle.
    pub fn add(&mut self, path: impl Into<PathBuf>, file: OwnedFd) -> Handle {
        self.files.push(Some(file));
        Handle::new(self.files.len() - 1, path)
    }

    /// The file of `handle`. Errors: EBADF if it is not open, or not any more.
    pub fn get(&self, handle: &Handle) -> nix::Result<&OwnedFd> {
        self.files.get(handle.number).and_then(Option::as_ref).ok_or(Errno::EBADF)
    }

    /// Removes the file of `handle` and returns it. Errors: EBADF as [`Handles::get`].
    pub fn take(&mut self, handle: &Handle) -> nix::Result<OwnedFd> {
        self.files.get_mut(handle.number).and_then(Option::take).ok_or(Errno::EBADF)
    }

    /// Makes room for the file of `handle`, so that [`Handles::set`] allocates nothing.
    pub fn make_room(&mut self, handle: &Handle) {
        if self.files.len() <= handle.number {
            self.files.resize_with(handle.number + 1, || None);
        }
    }

    /// Stores a file in the room for it. Errors: EBADF without room.
    pub fn set(&mut self, handle: &Handle, file: OwnedFd) -> nix::Result<()> {
        self.files.get_mut(handle.number).map(|place| *place = Some(file)).ok_or(Errno::EBADF)
    }

    /// Closes all files without freeing memory: the child of a process with several threads must not free any.
    pub fn close(&mut self) {
        self.standard = [const { None }; 3];
        self.files.iter_mut().for_each(|file| *file = None);
        if let Some(target) = &mut self.target {
            target.let_go();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_stands_for_one_file_until_that_is_taken() {
        let file = || OwnedFd::from(std::fs::File::open("/").unwrap());
        let mut handles = Handles::default();
        let (first, second) = (handles.add("/a", file()), handles.add("/b", file()));
        assert_eq!((&first, &second), (&Handle::new(0, "/a"), &Handle::new(1, "/b")));
        assert!(handles.take(&first).is_ok());
        assert_eq!(handles.take(&first).map(drop), Err(Errno::EBADF));
        assert!(handles.get(&second).is_ok());
        // One that a step will open.
        let third = Handle::new(2, "d");
        assert_eq!(handles.set(&third, file()), Err(Errno::EBADF));
        handles.make_room(&third);
        assert_eq!(handles.get(&third).map(drop), Err(Errno::EBADF));
        assert_eq!(handles.set(&third, file()), Ok(()));
        assert!(handles.get(&third).is_ok() && handles.get(&second).is_ok());
        assert_eq!(third.to_string(), "d (#2)");
    }
}
