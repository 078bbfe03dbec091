//! The environment of a program that runs as the target does: the target's, without what is meant for its first process only,
//! and with the HOME of the program's user.

use std::ffi::CString;
use std::io::Read;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::NsenterRequest;
use super::identity::{leads_elsewhere, leads_to_target_alone};
use super::opened::Opened;
use super::told::Told;
use crate::enter::run::look_up::open_in;
use crate::enter::setting::TargetId;
use crate::enter::target::PinnedTarget;
use crate::error::{Attempt, Failure, ResultExt};
use crate::ids::map::{LONGEST_MAP_READ, extents};
use crate::ids::passwd::for_each_entry;
use crate::namespace::Kind;
use crate::proc::environ;
use crate::sys::file::{open_below, open_retrying};
use crate::sys::path_of::PathOf;
use crate::sys::stat::fstat;

/// Variables by which systemd and its like speak with the first process of a service; `*` stands for anything. A second
/// process that obeyed them would speak for the first.
const FOR_FIRST_PROCESS: [&str; 5] = ["NOTIFY_SOCKET", "LISTEN_*", "WATCHDOG_*", "INVOCATION_ID", "JOURNAL_STREAM"];

/// The home directory of a user whom the files inside do not know.
const NO_HOME: &[u8] = b"/";

/// In bytes. No more is read of the user database, which is the container's.
const LARGEST_DATABASE: u64 = 1 << 20;

/// What becomes of the target's environment.
pub(super) fn for_program(
    entries: Vec<CString>,
    target: &PinnedTarget,
    request: &NsenterRequest,
    opened: &Opened,
    told: Told,
) -> Result<Vec<CString>, Failure> {
    let is_for_first = |entry: &CString| environ::matches_any(entry, &FOR_FIRST_PROCESS);
    let mut entries: Vec<CString> = entries.into_iter().filter(|entry| !is_for_first(entry)).collect();
    let of_target = environ::value(&entries.iter().map(CString::as_c_str).collect::<Vec<_>>(), b"HOME").is_some();
    if of_target && !told.user {
        return Ok(entries);
    }
    let uid = uid_inside(target, request, opened)?;
    let home = match uid.zip(opened.root.as_ref()) {
        None => None,
        Some((uid, root)) => home_in(&root.fd, uid).attempt(|| Attempt::Open(root.path.join("etc/passwd")))?,
    };
    let home = home.and_then(|home| CString::new([b"HOME=", &*home].concat()).ok());
    entries.retain(|entry| environ::name(entry) != Some(b"HOME"));
    entries.push(home.unwrap_or_else(|| CString::new([b"HOME=", NO_HOME].concat()).unwrap_or_default()));
    Ok(entries)
}

/// The UID of the program as the files inside have it; `None` if it cannot be known.
fn uid_inside(target: &PinnedTarget, request: &NsenterRequest, opened: &Opened) -> Result<Option<u32>, Failure> {
    match request.uid {
        Some(TargetId::Number(uid)) => return Ok(Some(uid)),
        Some(TargetId::Followed) => {}
        None => return Ok(None),
    }
    let process = target.open("", OFlag::O_PATH | OFlag::O_DIRECTORY)?;
    let outside = fstat(&process).attempt(|| Attempt::AskIds(target.pid()))?.st_uid;
    let of_target = request.join.of_target;
    if !leads_elsewhere(Kind::User, opened, of_target)? {
        return Ok(Some(outside));
    }
    if !leads_to_target_alone(target, Kind::User, opened, of_target)? {
        return Ok(None);
    }
    let map = extents(&target.read("uid_map", LONGEST_MAP_READ)?);
    Ok(map.iter().find_map(|extent| extent.inner_of(outside)))
}

/// The home directory of a user, by /etc/passwd below this root directory, which others may have filled: no link leads out of
/// it, and nothing but a regular file is opened. `None` if no such file has it. Errors: those of opening and reading the file.
fn home_in(root: &OwnedFd, uid: u32) -> nix::Result<Option<Vec<u8>>> {
    let seen = match see_passwd(root) {
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(None),
        seen => seen?,
    };
    if fstat(&seen)?.st_mode & libc::S_IFMT != libc::S_IFREG {
        return Ok(None);
    }
    let file = open_retrying(PathOf::file(&seen).as_c_str(), OFlag::O_RDONLY)?;
    let mut home = None;
    let read = for_each_entry(std::fs::File::from(file).take(LARGEST_DATABASE), |entry| {
        if entry.id == uid {
            home = Some(entry.before_last);
            return false;
        }
        true
    });
    read.map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
    Ok(home.filter(|home| !home.is_empty()))
}

/// What /etc/passwd is below this root directory, without opening it.
fn see_passwd(root: &OwnedFd) -> nix::Result<OwnedFd> {
    match open_in(root, c"etc/passwd", OFlag::empty()) {
        // Before Linux 5.6, or where a filter does not know the call, no link is followed at all.
        Err(Errno::ENOSYS | Errno::EPERM) => {
            let directory = open_below(root, c"etc", OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_DIRECTORY)?;
            open_below(directory, c"passwd", OFlag::O_PATH | OFlag::O_NOFOLLOW)
        }
        seen => seen,
    }
}
