//! A thread of ours that enters a namespace, asks one question there and ends. Where a thread may not enter, a child does.
//!
//! The child is a fork of a process that may have other threads, so it makes only system calls (signal-safety(7)). It
//! shares our descriptor table, since what it opens inside is read out here. It therefore closes nothing of ours.

use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::{array, thread};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::Mode;
use nix::unistd::pipe2;

use crate::namespace::Kind;
use crate::sys::file::{take_over, write_all};
use crate::sys::memory::ensure_available;
use crate::sys::nsfs;
use crate::sys::process::{ChildEvent, ForkResult, exit_now, fork_sharing_files, set_dumpable, wait_for_end};

/// Longer than any answer: a host name has at most 64 bytes.
const ROOM: usize = 256;

/// What has been found out inside.
pub(super) struct Answer {
    bytes: [u8; ROOM],
    length: usize,
}

impl Answer {
    fn empty() -> Answer {
        Answer { bytes: [0; ROOM], length: 0 }
    }

    /// What has been written to a pipe, which does not block, by a process that has ended. The end of the pipe may not have
    /// come: a process that another thread of ours has started has a copy of our descriptors until its execve(2).
    fn read(pipe: &OwnedFd) -> nix::Result<Answer> {
        let mut answer = Answer::empty();
        loop {
            match nix::unistd::read(pipe, &mut answer.bytes) {
                Ok(length) => answer.length = length,
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => {}
                Err(errno) => return Err(errno),
            }
            return Ok(answer);
        }
    }

    /// Adds bytes, as far as there is room.
    pub fn write(&mut self, bytes: &[u8]) {
        let length = bytes.len().min(ROOM - self.length);
        self.bytes[self.length..self.length + length].copy_from_slice(&bytes[..length]);
        self.length += length;
    }

    /// Adds a file that was opened inside.
    pub fn write_file(&mut self, file: nix::Result<OwnedFd>) {
        let number = file.map_or(-1, IntoRawFd::into_raw_fd);
        self.write(&number.to_ne_bytes());
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The files, if all could be opened.
    pub fn files<const COUNT: usize>(&self) -> Option<[OwnedFd; COUNT]> {
        let files = self.files_opened();
        files.iter().all(Option::is_some).then(|| files.map(|file| file.expect("has been looked at")))
    }

    /// The files that could be opened.
    pub fn files_opened<const COUNT: usize>(&self) -> [Option<OwnedFd>; COUNT] {
        let numbers = self.bytes().chunks_exact(4).map(|four| i32::from_ne_bytes([four[0], four[1], four[2], four[3]]));
        let mut files = numbers.map(|number| take_over(number).ok());
        array::from_fn(|_| files.next().flatten())
    }
}

/// What is asked inside, by system calls only. It is given the asking thread's own directory of /proc, which shows what
/// the thread sees.
pub(super) type Question = fn(&OwnedFd, &mut Answer);

/// Asks inside of a namespace; `None` if we may not enter it.
pub(super) fn ask(kind: Kind, namespace: &OwnedFd, question: Question) -> Option<Answer> {
    let inside = (namespace.as_fd(), kind);
    let first = match kind {
        // time_namespaces(7): a process with several threads may not enter.
        Kind::Time => by_child(&[inside], question),
        _ => by_thread(inside, question),
    };
    match first {
        Err(Errno::EPERM) => {
            // user_namespaces(7): the maker of the user namespace that owns this one has all rights in it.
            let owner = nsfs::owner(namespace).ok()?;
            by_child(&[(owner.as_fd(), Kind::User), inside], question).ok()
        }
        result => result.ok(),
    }
}

/// Asks in the namespaces that we are in.
pub(super) fn ask_here(question: Question) -> Option<Answer> {
    let mut answer = Answer::empty();
    enter_and_ask(&[], question, &mut answer).ok()?;
    Some(answer)
}

type Place<'f> = (BorrowedFd<'f>, Kind);

fn enter_and_ask(places: &[Place<'_>], question: Question, answer: &mut Answer) -> nix::Result<()> {
    // Once we have entered, other files may be at this path.
    let own = open(c"/proc/thread-self", OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    for (namespace, kind) in places {
        setns(namespace, CloneFlags::from_bits_retain(kind.clone_flag().cast_signed()))?;
    }
    question(&own, answer);
    Ok(())
}

fn by_thread(place: Place<'_>, question: Question) -> nix::Result<Answer> {
    let inside = || {
        // mount_namespaces(7): a thread that shares its root and working directory with others may not enter.
        if place.1 == Kind::Mount {
            unshare(CloneFlags::CLONE_FS)?;
        }
        let mut answer = Answer::empty();
        enter_and_ask(&[place], question, &mut answer)?;
        Ok(answer)
    };
    in_thread(inside).unwrap_or(Err(Errno::EAGAIN))
}

/// Runs `work` in another thread; `None` if none can be started.
pub(super) fn in_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    const STACK: usize = 256 * 1024;
    // Without memory for its stack the thread fails as if we were refused something; without memory of its own (glibc
    // takes 132 KiB for a thread's first allocation) the standard library aborts.
    ensure_available(2 * STACK);
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok()?;
        thread.join().ok()
    })
}

fn by_child(places: &[Place<'_>], question: Question) -> nix::Result<Answer> {
    let (from_child, to_parent) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    match fork_sharing_files()? {
        ForkResult::Child => {
            let mut answer = Answer::empty();
            // Whoever has rights in the user namespace must not get hold of us, nor of the table that we share.
            let entered = set_dumpable(false).and_then(|()| enter_and_ask(places, question, &mut answer));
            let _ = match entered {
                Ok(()) => write_all(&to_parent, answer.bytes()),
                Err(errno) => exit_now(errno as i32),
            };
            exit_now(0)
        }
        ForkResult::Parent { child } => match wait_for_end(child) {
            Ok(ChildEvent::Exited(status)) if status != 0 => Err(Errno::from_raw(status.into())),
            _ => Answer::read(&from_child),
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs::File;

    fn own_namespaces(_: &OwnedFd, answer: &mut Answer) {
        answer.write(&std::process::id().to_ne_bytes());
    }

    #[test]
    fn files_that_could_not_be_opened_are_none() {
        let mut answer = Answer::empty();
        answer.write_file(Ok(File::open("/dev/null").unwrap().into()));
        answer.write_file(Err(Errno::ENOENT));
        assert!(answer.files::<2>().is_none());
        let file = File::open("/dev/null").unwrap();
        let mut answer = Answer::empty();
        answer.write_file(Ok(file.into()));
        assert!(answer.files::<2>().is_none());
    }

    #[test]
    fn an_answer_is_whole_though_somebody_else_holds_the_pipe() {
        let (from_child, to_parent) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).unwrap();
        assert_eq!(Answer::read(&from_child).unwrap().bytes(), b"");
        write_all(&to_parent, b"answer").unwrap();
        assert_eq!(Answer::read(&from_child).unwrap().bytes(), b"answer");
        drop(to_parent);
    }

    #[test]
    fn a_thread_asks_in_this_process_and_a_child_in_its_own() {
        let asked = |answer: Option<Answer>| {
            let answer = answer.unwrap();
            u32::from_ne_bytes(answer.bytes().try_into().unwrap())
        };
        assert_eq!(asked(ask_here(own_namespaces)), std::process::id());
        assert_ne!(asked(by_child(&[], own_namespaces).ok()), std::process::id());
    }
}
