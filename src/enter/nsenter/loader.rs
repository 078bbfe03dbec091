//! The target's environment, and whether the variables of the dynamic loader may come along.
//!
//! Those variables name files that the loader of the program maps and runs. They may pass only if the files are the
//! target's own and the program has no more rights than the target: then the target gains nothing.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use super::NsenterRequest;
use super::identity::leads_to_target_alone;
use super::inside::{Entered, may_be_unmapped, overflow_id};
use super::opened::Opened;
use crate::enter::environment::is_for_loader;
use crate::enter::setting::TargetId;
use crate::enter::target::PinnedTarget;
use crate::error::{Attempt, Failure, RequestError, Shown};
use crate::ids::map::IdKind;
use crate::namespace::Kind;
use crate::proc::environ;
use crate::sys::file::{FileIdentity, place, place_of};
use crate::sys::stat::fstat;

/// The environment of a process is at most so many bytes: execve(2) allows a program 6 MiB of arguments and environment.
const LONGEST_ENVIRONMENT: usize = 8 << 20;
/// In bytes. The kernel writes some twenty pairs of words.
const LONGEST_AUXV: usize = 4096;

/// The target's environment, as far as the program of `request` may have it, and the names of the variables that are left
/// out. `own_root`: whether --root asks for the target's root directory. Errors: those of reading it.
pub fn read_environment(
    target: &PinnedTarget,
    request: &NsenterRequest,
    opened: &Opened,
    own_root: bool,
) -> Result<(Vec<CString>, Vec<String>), Failure> {
    let process = target.open("", OFlag::O_PATH | OFlag::O_DIRECTORY)?;
    let before = rights(target, &process);
    let entries = environ::entries_of(&read_environ(target)?);
    // Ask again: the target may meanwhile have executed a program with more rights, or with fewer.
    let same = before.is_some() && before == rights(target, &process);
    if !entries.iter().any(|entry| is_for_loader(entry))
        || (same && program_is_the_targets(target, &process, request, opened, own_root)?)
    {
        return Ok((entries, Vec::new()));
    }
    let (dropped, kept): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| is_for_loader(entry));
    let names = dropped.iter().filter_map(|entry| environ::name(entry));
    Ok((kept, names.map(|name| name.shown().to_string()).collect()))
}

fn read_environ(target: &PinnedTarget) -> Result<Vec<u8>, Failure> {
    let bytes = match target.read("environ", LONGEST_ENVIRONMENT + 1) {
        // A kernel thread has no environment: newer kernels return this errno. (A process that /proc does not show
        // cannot be found.)
        Err(Failure::System { attempt: Attempt::Open(_) | Attempt::Read(_), errno: Errno::ESRCH })
            if target.check_alive().is_ok() =>
        {
            Vec::new()
        }
        result => result?,
    };
    if bytes.len() > LONGEST_ENVIRONMENT {
        return Err(RequestError::EnvironmentTooLong(target.pid()).into());
    }
    Ok(bytes)
}

/// The effective UID of the target; `None` if it is unknown, or the target has it from a set-user-ID program: su(1)
/// runs as root, with an environment that a user chose.
fn rights(target: &PinnedTarget, process: &OwnedFd) -> Option<u32> {
    let auxv = target.read("auxv", LONGEST_AUXV).ok()?;
    let uid = fstat(process).ok()?.st_uid;
    (!gained_by_program(&auxv) && !may_be_unmapped(uid, overflow_id(IdKind::User))).then_some(uid)
}

/// AT_PAGESZ of getauxval(3): every program has it, and it is never 0.
const PAGE_SIZE: u64 = 6;
/// AT_SECURE: set if execve(2) raised the rights (set-user-ID, set-group-ID, file capabilities).
const SECURE: u64 = 23;

/// Whether /proc/PID/auxv says, or leaves open, that execve(2) gave the process more rights. Its words are as wide as
/// the program's.
fn gained_by_program(auxv: &[u8]) -> bool {
    let value = |width: usize, wanted: u64| {
        let word = |bytes: &[u8]| match width {
            4 => bytes.try_into().map(u32::from_ne_bytes).map_or(0, u64::from),
            _ => bytes.try_into().map_or(0, u64::from_ne_bytes),
        };
        let mut pairs = auxv.chunks_exact(2 * width).map(|pair| pair.split_at(width));
        pairs.find_map(|(key, value)| (word(key) == wanted).then(|| word(value)))
    };
    let width = [8, 4].into_iter().find(|width| value(*width, PAGE_SIZE).is_some_and(|size| size > 0));
    width.and_then(|width| value(width, SECURE)) != Some(0)
}

/// Whether the program will have the target's file system and UID, and no more rights. False if we do not know.
fn program_is_the_targets(
    target: &PinnedTarget,
    process: &OwnedFd,
    request: &NsenterRequest,
    opened: &Opened,
    own_root: bool,
) -> Result<bool, Failure> {
    if !leads_to_target_alone(target, Kind::Mount, opened, request.join.of_target)? {
        return Ok(false);
    }
    let Ok(root) = place_of(target.open("root", OFlag::O_PATH | OFlag::O_DIRECTORY)?) else {
        return Ok(false);
    };
    let root = match &opened.root {
        Some(directory) if own_root || place_of(&directory.fd) == Ok(root) => None,
        Some(_) => return Ok(false),
        None => Some(root),
    };
    let uid = match request.uid {
        None if request.become_root => Some(TargetId::Number(0)),
        uid => uid,
    };
    let namespaces = Entered::open(target, opened, request.join.of_target)?;
    let questions = Questions { process, root, uid, overflow: overflow_id(IdKind::User) };
    Ok(namespaces.ask_inside(|| questions.all_hold()) == Some(true))
}

/// What only a process inside can answer.
struct Questions<'q> {
    /// The target's directory in /proc.
    process: &'q OwnedFd,
    /// The target's root directory, which must be that of the mount namespace; `None` if that does not matter.
    root: Option<FileIdentity>,
    /// The program's new UID; `None` if the UID stays.
    uid: Option<TargetId>,
    /// The UID that says nothing.
    overflow: Option<u32>,
}

impl Questions<'_> {
    /// Asked in a process that is inside.
    fn all_hold(&self) -> bool {
        let Ok(target) = fstat(self.process) else {
            return false;
        };
        let uid = match self.uid {
            Some(TargetId::Number(uid)) => uid,
            Some(TargetId::Followed) => target.st_uid,
            None => geteuid().as_raw(),
        };
        uid == target.st_uid
            && !may_be_unmapped(uid, self.overflow)
            && self.root.is_none_or(|root| place(Path::new("/")) == Ok(root))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words<const N: usize>(pairs: &[(u64, u64)], word: impl Fn(u64) -> [u8; N]) -> Vec<u8> {
        pairs.iter().flat_map(|(key, value)| [word(*key), word(*value)].concat()).collect()
    }

    #[test]
    fn rights_of_a_program_are_seen_in_both_widths() {
        let narrow = |word: u64| (word as u32).to_ne_bytes();
        for (secure, gained) in [(0, false), (1, true)] {
            let pairs = [(33, 0x7fff_0000), (6, 4096), (17, 100), (SECURE, secure), (25, 0x7fff), (0, 0)];
            assert_eq!(gained_by_program(&words(&pairs, u64::to_ne_bytes)), gained);
            assert_eq!(gained_by_program(&words(&pairs, narrow)), gained);
        }
        // What does not say so is not trusted.
        assert!(gained_by_program(b""));
        assert!(gained_by_program(&words(&[(6, 4096), (0, 0)], u64::to_ne_bytes)));
        assert!(gained_by_program(&words(&[(SECURE, 0), (0, 0)], u64::to_ne_bytes)));
        assert!(!gained_by_program(&std::fs::read("/proc/self/auxv").unwrap()));
    }
}
