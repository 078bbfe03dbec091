//! getsubids(1) of shadow, which asks the service that nsswitch.conf(5) names for subordinate ids.

use std::ffi::OsStr;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, ChildStdout};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::map::{IdKind, MOST_LINES};
use super::service;
use super::subid::{Subordinates, block_of_getsubids};
use crate::sys::pidfd;
use crate::sys::signal::{SignalNumber, is_pending, take_pending};

/// Where it may be, as absolute paths: neither $PATH nor any other variable may choose what root runs.
const GETSUBIDS: [&str; 2] = ["/usr/bin/getsubids", "/bin/getsubids"];

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// In bytes. No answer of as many lines as a map may have is longer.
const LONGEST_ANSWER: usize = MOST_LINES * 512;

/// What it has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubidsAnswer {
    /// These blocks, at least one.
    Blocks(Vec<Subordinates>),
    /// More blocks than any map has lines.
    TooMany,
    /// Nothing, or nothing in time.
    Nothing,
}

/// The blocks of subordinate ids of the user called `name`.
pub fn blocks(kind: IdKind, name: &OsStr) -> SubidsAnswer {
    // It would take that for an option, and has no `--`.
    if name.as_bytes().starts_with(b"-") {
        return SubidsAnswer::Nothing;
    }
    let option = match kind {
        IdKind::User => None,
        IdKind::Group => Some(OsStr::new("-g")),
    };
    // If our caller blocks SIGCHLD, that of getsubids would stay pending and reach the program that we run.
    let was_pending = is_pending(SignalNumber::CHLD);
    let answer = service::ask(&GETSUBIDS, option.into_iter().chain([name]));
    let answer = answer.map_or(SubidsAnswer::Nothing, |mut asked| hear(&mut asked.child));
    if !was_pending {
        take_pending(SignalNumber::CHLD);
    }
    answer
}

fn hear(child: &mut Child) -> SubidsAnswer {
    let deadline = Instant::now() + PATIENCE;
    // By its number we could meet another process, if our caller ignores SIGCHLD and it has ended.
    let process = pidfd::open(child.id() as i32).ok();
    let text = child.stdout.take().and_then(|output| read_until(output, deadline));
    let has_succeeded = has_succeeded(child, process, deadline);
    match text {
        // It could not write all of that, so that it does not matter how it has ended.
        Some(text) if has_succeeded || text.len() > LONGEST_ANSWER => read(&text),
        _ => SubidsAnswer::Nothing,
    }
}

/// All of its output, up to a byte more than [`LONGEST_ANSWER`]; `None` if it does not end in time.
fn read_until(mut output: ChildStdout, deadline: Instant) -> Option<Vec<u8>> {
    let (mut text, mut chunk) = (Vec::new(), [0; 4096]);
    while text.len() <= LONGEST_ANSWER {
        let left = PollTimeout::try_from(deadline.saturating_duration_since(Instant::now())).ok()?;
        let mut fds = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, left) {
            Err(nix::errno::Errno::EINTR) => continue,
            Ok(1) => {}
            _ => return None,
        }
        match output.read(&mut chunk) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
            Ok(0) => break,
            Ok(count) => text.extend_from_slice(&chunk[..count]),
        }
    }
    Some(text)
}

/// Waits for its end, and brings that about when its time is over.
fn has_succeeded(child: &mut Child, process: Option<OwnedFd>, deadline: Instant) -> bool {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < deadline => sleep(Duration::from_millis(2)),
            Ok(None) => break,
            // If our caller ignores SIGCHLD, the kernel keeps no status. What it has said is valid all the same.
            Err(_) => return true,
        }
    }
    match process {
        Some(process) => drop(pidfd::send(process, SignalNumber::KILL)),
        None => drop(child.kill()),
    }
    let _ = child.wait();
    false
}

fn read(text: &[u8]) -> SubidsAnswer {
    let lines = || text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    if text.len() > LONGEST_ANSWER || lines().count() > MOST_LINES {
        return SubidsAnswer::TooMany;
    }
    let blocks: Vec<_> = lines().filter_map(block_of_getsubids).collect();
    if blocks.is_empty() { SubidsAnswer::Nothing } else { SubidsAnswer::Blocks(blocks) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says() {
        let block = |first, count| Subordinates { first, count };
        let said = b"0: alice 100000 65536\n1: alice 300000 10\n";
        assert_eq!(read(said), SubidsAnswer::Blocks(vec![block(100000, 65536), block(300000, 10)]));
        assert_eq!(read(b"Error fetching ranges\n"), SubidsAnswer::Nothing);
        assert_eq!(read(b""), SubidsAnswer::Nothing);
        let many = |count: usize| (0..count).map(|at| format!("{at}: alice {at} 1\n")).collect::<String>();
        assert!(matches!(read(many(340).as_bytes()), SubidsAnswer::Blocks(blocks) if blocks.len() == 340));
        assert_eq!(read(many(341).as_bytes()), SubidsAnswer::TooMany);
        assert_eq!(read(&vec![b'x'; LONGEST_ANSWER + 1]), SubidsAnswer::TooMany);
    }

    #[test]
    fn a_name_that_looks_like_an_option_is_not_asked_for() {
        assert_eq!(blocks(IdKind::User, OsStr::new("-g")), SubidsAnswer::Nothing);
    }
}
