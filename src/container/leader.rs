//! The first process of those in a cgroup.

use std::collections::HashSet;
use std::path::Path;

use nix::errno::Errno;

use crate::number::parse_decimal;
use crate::proc::{stat, status};
use crate::sys::file::read_bounded;

/// In bytes. A stat file is one line, of numbers but for the comm.
const LONGEST_STAT: usize = 4096;

/// What tells the first process of a container from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    pid: i32,
    /// Its PIDs from our PID namespace inwards.
    pids: Vec<i32>,
    parent: i32,
}

/// The process that a container began with: of those that are process 1 of their PID namespace, the one that is in the
/// fewest; where there is none, as with `docker run --pid host`, the main process. `None` if all have ended. Errors:
/// descriptors or memory run out.
pub fn first_of_container(pids: &[i32], proc: &Path) -> nix::Result<Option<i32>> {
    Ok(first(candidates(pids, proc)?))
}

/// The main process: the lowest PID whose parent is not one of these. `None` if all have ended. Errors: as above.
pub fn main_process(pids: &[i32], proc: &Path) -> nix::Result<Option<i32>> {
    Ok(main(&candidates(pids, proc)?))
}

/// Those that have not ended. Errors: descriptors or memory run out.
fn candidates(pids: &[i32], proc: &Path) -> nix::Result<Vec<Candidate>> {
    let mut found = Vec::new();
    for pid in pids {
        let directory = proc.join(pid.to_string());
        let read = |name: &str, longest| read_bounded(&directory.join(name), longest);
        match read("status", status::LONGEST).and_then(|status| Ok((status, read("stat", LONGEST_STAT)?))) {
            Ok((status, stat)) => found.extend(candidate(*pid, &status, &stat)),
            Err(Errno::ENOENT | Errno::ESRCH | Errno::EACCES | Errno::EPERM) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(found)
}

fn candidate(pid: i32, status: &[u8], stat: &[u8]) -> Option<Candidate> {
    let pids = status::field(status, "NSpid").unwrap_or_default();
    let pids = pids.split(u8::is_ascii_whitespace).filter_map(parse_decimal).collect();
    Some(Candidate { pid, pids, parent: stat::parse(stat)?.parent })
}

fn first(mut candidates: Vec<Candidate>) -> Option<i32> {
    let is_first = |one: &&Candidate| one.pids.len() > 1 && one.pids.last() == Some(&1);
    let begun = candidates.iter().filter(is_first).min_by_key(|one| (one.pids.len(), one.pid)).map(|one| one.pid);
    begun.or_else(|| {
        let fewest = candidates.iter().map(|one| one.pids.len()).min()?;
        candidates.retain(|one| one.pids.len() == fewest);
        main(&candidates)
    })
}

fn main(candidates: &[Candidate]) -> Option<i32> {
    let pids: HashSet<i32> = candidates.iter().map(|one| one.pid).collect();
    candidates.iter().filter(|one| !pids.contains(&one.parent)).map(|one| one.pid).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(i32, &[i32], i32)]) -> Vec<Candidate> {
        rows.iter().map(|(pid, pids, parent)| Candidate { pid: *pid, pids: pids.to_vec(), parent: *parent }).collect()
    }

    #[test]
    fn a_container_begins_with_process_1_of_its_outermost_namespace() {
        // The runtime's own process outside, the first one, its child, and a container in the container.
        let all = of(&[(90, &[90], 1), (95, &[95, 9, 1], 94), (100, &[100, 1], 90), (94, &[94, 9], 100)]);
        assert_eq!(first(all), Some(100));
    }

    #[test]
    fn without_a_pid_namespace_it_is_the_main_process() {
        assert_eq!(first(of(&[(50, &[50], 60), (60, &[60], 1), (61, &[61], 60)])), Some(60));
        assert_eq!(first(of(&[(1, &[1], 0), (61, &[61], 60)])), Some(1));
        assert_eq!(first(of(&[])), None);
    }

    #[test]
    fn a_main_process_is_no_child_of_another() {
        assert_eq!(main(&of(&[(7, &[7], 9), (10, &[10], 1), (9, &[9, 3], 1)])), Some(9));
    }
}
