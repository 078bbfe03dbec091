//! What --status-fd writes: lines of JSON, made without memory, as all after the fork.

use std::ffi::CStr;
use std::io::Write;
use std::os::fd::OwnedFd;

use nix::fcntl::OFlag;

use super::channel::Identities;
use crate::namespace::Kind;
use crate::sys::file::{open_below, write_without_signal};
use crate::sys::nsfs;
use crate::sys::process::{Status, kernel_version};
use crate::sys::signal::SignalNumber;
use crate::sys::stat::fstat;

/// The first kernel in which execve(2) takes the process into the time namespace for its children.
const EXEC_ENTERS_TIME: (u32, u32) = (6, 2);

/// The namespaces that the program will be in, which takes our place, seen through `proc`, a directory that was opened before anything was mounted over it. What
/// it does not show is 0.
pub fn own_identities(proc: &OwnedFd) -> Identities {
    let mut identities = Identities::default();
    for kind in Kind::ALL {
        if let (Some(place), Ok(found)) = (identities.get_mut(kind as usize), identity(proc, kind)) {
            *place = found;
        }
    }
    identities
}

fn identity(proc: &OwnedFd, kind: Kind) -> nix::Result<(u64, u64)> {
    let mut path = [0; 32];
    let mut rest = &mut path[..];
    // It fits, with zeros left over: these are short names.
    let name = match kind {
        Kind::Time if kernel_version() >= EXEC_ENTERS_TIME => kind.name_for_children(),
        _ => kind.name(),
    };
    let _ = write!(rest, "self/ns/{name}");
    let path = CStr::from_bytes_until_nul(&path).unwrap_or(c"");
    let file = open_below(proc, path, OFlag::O_RDONLY)?;
    // A kernel before 6.18 has no ids.
    Ok((fstat(&file)?.st_ino, nsfs::id(&file).unwrap_or(0)))
}

/// The lines, and where they go.
pub struct StatusLine {
    /// The descriptor that our caller gave us.
    pub file: OwnedFd,
    /// Whether it has been said that the program starts: only then its end is told.
    started: bool,
}

/// Bytes: more than the longest line.
const LONGEST: usize = 1024;

impl StatusLine {
    /// Nothing has been said yet.
    pub fn new(file: OwnedFd) -> StatusLine {
        StatusLine { file, started: false }
    }

    /// The program `pid` is about to start. Whoever was to read it may be gone: that does not matter.
    pub fn start(&mut self, pid: i32, init: Option<i32>, identities: &Identities) {
        self.started = true;
        let mut line = [0; LONGEST];
        let _ = write_without_signal(&self.file, start_line(&mut line, pid, init, identities));
    }

    /// The program has ended so.
    pub fn end(&mut self, status: Status) {
        if std::mem::take(&mut self.started) {
            let mut line = [0; LONGEST];
            let _ = write_without_signal(&self.file, end_line(&mut line, status));
        }
    }
}

/// Writes into the buffer, which is long enough, and returns what has been written.
fn written(line: &mut [u8; LONGEST], write: impl FnOnce(&mut &mut [u8]) -> std::io::Result<()>) -> &[u8] {
    let mut rest = &mut line[..];
    let _ = write(&mut rest);
    let left = rest.len();
    &line[..LONGEST - left]
}

fn start_line<'l>(line: &'l mut [u8; LONGEST], pid: i32, init: Option<i32>, identities: &Identities) -> &'l [u8] {
    written(line, |line| {
        write!(line, "{{\"pid\": {pid}")?;
        if let Some(init) = init {
            write!(line, ", \"init\": {init}")?;
        }
        write!(line, ", \"namespaces\": {{")?;
        let known = Kind::ALL.into_iter().zip(identities).filter(|(_, (inode, _))| *inode != 0);
        for (at, (kind, (inode, id))) in known.enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(line, "{comma}\"{kind}\": {{\"inode\": {inode}")?;
            if *id != 0 {
                write!(line, ", \"id\": {id}")?;
            }
            write!(line, "}}")?;
        }
        writeln!(line, "}}}}")
    })
}

fn end_line(line: &mut [u8; LONGEST], status: Status) -> &[u8] {
    written(line, |line| match status {
        Status::Exited(status) => writeln!(line, "{{\"status\": {status}}}"),
        Status::Killed(signal) => match signal.name() {
            Some(name) => writeln!(line, "{{\"signal\": \"{name}\"}}"),
            None => {
                let offset = signal.0 - SignalNumber::first_real_time().0;
                writeln!(line, "{{\"signal\": \"RTMIN{offset:+}\"}}")
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(pid: i32, init: Option<i32>, identities: &Identities) -> String {
        String::from_utf8(start_line(&mut [0; LONGEST], pid, init, identities).to_vec()).unwrap()
    }

    fn ended(status: Status) -> String {
        String::from_utf8(end_line(&mut [0; LONGEST], status).to_vec()).unwrap()
    }

    #[test]
    fn the_start_names_what_is_known() {
        let mut identities = Identities::default();
        assert_eq!(started(7, None, &identities), "{\"pid\": 7, \"namespaces\": {}}\n");
        identities[Kind::Net as usize] = (4026531840, 0);
        identities[Kind::Pid as usize] = (4026531836, 9);
        let expected = "{\"pid\": 7, \"init\": 6, \"namespaces\": {\"net\": {\"inode\": 4026531840}, \
                        \"pid\": {\"inode\": 4026531836, \"id\": 9}}}\n";
        assert_eq!(started(7, Some(6), &identities), expected);
    }

    #[test]
    fn the_longest_line_fits() {
        let line = started(i32::MIN, Some(i32::MIN), &[(u64::MAX, u64::MAX); Kind::ALL.len()]);
        assert!(line.ends_with("}}}\n") && line.len() < LONGEST, "{line}");
    }

    #[test]
    fn the_end_is_a_status_or_a_signal() {
        assert_eq!(ended(Status::Exited(255)), "{\"status\": 255}\n");
        assert_eq!(ended(Status::Killed(SignalNumber::TERM)), "{\"signal\": \"TERM\"}\n");
        let (first, last) = crate::sys::signal::REAL_TIME_RANGE;
        assert_eq!(ended(Status::Killed(SignalNumber(first))), "{\"signal\": \"RTMIN+0\"}\n");
        assert_eq!(ended(Status::Killed(SignalNumber(last))), "{\"signal\": \"RTMIN+30\"}\n");
    }

    #[test]
    fn our_own_namespaces_are_seen_through_proc() {
        let proc = OwnedFd::from(std::fs::File::open("/proc").unwrap());
        let net = std::fs::metadata("/proc/self/ns/net").unwrap();
        let found = own_identities(&proc);
        assert_eq!(found[Kind::Net as usize].0, std::os::unix::fs::MetadataExt::ino(&net));
        let nothing = OwnedFd::from(std::fs::File::open("/").unwrap());
        assert_eq!(own_identities(&nothing), Identities::default());
    }
}
