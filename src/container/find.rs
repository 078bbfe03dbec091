//! From the name of a container or unit to a process: it is found first, then the caller pins it and checks it.
//! What has been read may be out of date, and the kernel gives PIDs again.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::hierarchy::{Hierarchies, Verdict, processes};
use super::leader::{first_of_container, main_process};
use super::state::{Known, States};
use super::{Evidence, all, at_the_end, is_hash_or_build, outermost};
use crate::error::{ContainerError, Shown};
use crate::proc::cgroup::{Membership, memberships, parts};
use crate::proc::stat;
use crate::sys::error_text;

/// Where names are looked up.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    proc: PathBuf,
}

impl Directory {
    /// That of the system that we are in.
    pub fn of_system() -> Directory {
        Directory::below(Path::new("/"), Path::new("/proc"))
    }

    /// That of the system below `root`, with its proc at `proc`.
    pub fn below(root: &Path, proc: &Path) -> Directory {
        Directory { root: root.to_path_buf(), proc: proc.to_path_buf() }
    }

    /// The first process of the container that is called so: by its name, its id, the beginning of its id, or one of these
    /// behind its runtime and a colon. Errors: there is none, there are several, it does not run, descriptors or memory run
    /// out.
    pub fn find_container(&self, name: &OsStr) -> Result<Found, ContainerError> {
        let system = System::look(self)?;
        let (states, mut labels) = (&system.states, BTreeSet::new());
        let hits = select(&states.known, name.as_bytes());
        let known = match hits[..] {
            [known] => known,
            [] => {
                let (running, stopped) = states.known.iter().partition(|known| system.runs(known, &self.proc));
                let labels_of = |all: Vec<&Known>| {
                    let labels: BTreeSet<String> = all.into_iter().map(shown_label).collect();
                    labels.into_iter().collect()
                };
                return Err(ContainerError::Unknown {
                    name: name.into(),
                    running: labels_of(running),
                    stopped: labels_of(stopped),
                    refused: states.refused.iter().map(ToString::to_string).collect(),
                });
            }
            _ => {
                labels.extend(hits.into_iter().map(shown_label));
                return Err(ContainerError::Several { name: name.into(), known: labels.into_iter().collect() });
            }
        };
        let stopped = || ContainerError::Stopped(shown_label(known));
        let pid = match &known.process {
            Some(process) => process.pid,
            None if known.stopped => return Err(stopped()),
            None => {
                let first = system.processes_of(known).and_then(|pids| first_of_container(&pids, &self.proc));
                first.map_err(of_cgroups)?.ok_or_else(stopped)?
            }
        };
        Ok(Found { pid, is: Is::Container(Box::new(known.clone())) })
    }

    /// The main process of the systemd unit that is called so; without a suffix, it is a service. Errors: there is none,
    /// there are several, it has no process, descriptors or memory run out.
    pub fn find_unit(&self, name: &OsStr) -> Result<Found, ContainerError> {
        let system = System::look_at_cgroups(self)?;
        let whole = super::unit::whole_name(name.as_bytes());
        let (mut cgroups, mut like) = (BTreeMap::<Vec<u8>, Vec<i32>>::new(), BTreeSet::new());
        let looked = system.hierarchies.for_each(|path, directory| {
            let Some(unit) = super::unit::named_by_last_part(path, &system.evidence) else {
                return Ok(());
            };
            if unit == whole {
                cgroups.entry(path.to_vec()).or_default().extend(processes(directory)?);
            } else if !name.is_empty() && contains(unit, name.as_bytes()) {
                like.insert(unit.shown().to_string());
            }
            Ok(())
        });
        looked.map_err(of_cgroups)?;
        let name = OsString::from_vec(whole);
        let mut cgroups = cgroups.into_iter();
        match (cgroups.next(), cgroups.next()) {
            (None, _) => Err(ContainerError::UnknownUnit { name, like: like.into_iter().collect() }),
            (Some((cgroup, pids)), None) => match main_process(&pids, &self.proc).map_err(of_cgroups)? {
                Some(pid) => Ok(Found { pid, is: Is::Unit { name, cgroup } }),
                None => Err(ContainerError::EmptyUnit(name)),
            },
            (Some(one), Some(other)) => {
                let all = [one, other].into_iter().chain(cgroups);
                let cgroups = all.map(|(path, _)| OsString::from_vec(path).into()).collect();
                Err(ContainerError::SeveralUnits { name, cgroups })
            }
        }
    }

    /// Whether `found` is right, by what /proc/PID/cgroup and /proc/PID/stat say of the process that has the PID now. The
    /// caller must have pinned that process before it read them. Errors: it is another process.
    pub fn check(&self, found: &Found, cgroup: &[u8], stat: &[u8]) -> Result<(), ContainerError> {
        let system = System::look_at_cgroups(self)?;
        let mut memberships = memberships(cgroup);
        match &found.is {
            Is::Unit { name, cgroup } => match memberships.any(|one| system.is_below(one, cgroup)) {
                true => Ok(()),
                false => Err(ContainerError::EmptyUnit(name.clone())),
            },
            Is::Container(known) => {
                let (container, pid) = (shown_label(known), found.pid);
                let started = known.process.as_ref().and_then(|process| process.started);
                // Where there is no cgroup to look for, the time alone tells that it is not another process.
                let by_time_alone = started.is_some() && known.process.as_ref().is_some_and(|one| one.in_no_cgroup);
                if !by_time_alone && !memberships.any(|one| system.is_in(one, known)) {
                    return Err(ContainerError::ElsewhereByCgroup { container, pid });
                }
                match started {
                    Some(_) if started != stat::started(stat) => Err(ContainerError::StartedLater { container, pid }),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// A process that a name leads to.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its PID.
    pub pid: i32,
    is: Is,
}

#[derive(Clone, Debug)]
enum Is {
    Container(Box<Known>),
    Unit { name: OsString, cgroup: Vec<u8> },
}

impl Found {
    /// The error if the process has ended meanwhile, or had before.
    pub fn has_ended(&self) -> ContainerError {
        match &self.is {
            Is::Container(known) => ContainerError::Stopped(shown_label(known)),
            Is::Unit { name, .. } => ContainerError::EmptyUnit(name.clone()),
        }
    }
}

/// What is known of the containers of a system.
struct System {
    states: States,
    hierarchies: Hierarchies,
    evidence: Evidence,
}

impl System {
    fn look_at_cgroups(directory: &Directory) -> Result<System, ContainerError> {
        Ok(System {
            states: States::default(),
            hierarchies: Hierarchies::here(&directory.proc).map_err(of_cgroups)?,
            evidence: Evidence::new(&directory.root, &directory.proc),
        })
    }

    fn look(directory: &Directory) -> Result<System, ContainerError> {
        let mut system = System::look_at_cgroups(directory)?;
        let mut states = States::read(&directory.root);
        if let Some(failed) = &states.failed {
            // What could not be read may have the same name.
            return Err(ContainerError::Failed(failed.to_string()));
        }
        let looked = system.hierarchies.for_each(|path, _| {
            if let Some(container) = at_the_end(path, &system.evidence) {
                states.add(Known::in_cgroup(container, path));
            }
            Ok(())
        });
        looked.map_err(of_cgroups)?;
        system.states = states;
        Ok(system)
    }

    /// The processes in the cgroups of a container. What is root in another container may have given one of its own cgroups
    /// the same name: such a one counts only if there is no other.
    fn processes_of(&self, known: &Known) -> nix::Result<Vec<i32>> {
        let is_outermost = |path: &&Vec<u8>| outermost(path, &self.evidence).is_some_and(|found| found.id == known.id);
        let mut cgroups: Vec<&Vec<u8>> = known.cgroups.iter().filter(is_outermost).collect();
        if cgroups.is_empty() {
            cgroups = known.cgroups.iter().collect();
        }
        let mut pids = Vec::new();
        for cgroup in cgroups {
            pids.extend(self.hierarchies.processes(cgroup)?);
        }
        pids.sort_unstable();
        pids.dedup();
        Ok(pids)
    }

    /// Whether a container has a process, as far as can be told without pinning it.
    fn runs(&self, known: &Known, proc: &Path) -> bool {
        match &known.process {
            Some(process) => proc.join(process.pid.to_string()).exists(),
            // What cannot be told is listed with those that may be entered.
            None => !known.stopped && !self.processes_of(known).is_ok_and(|pids| pids.is_empty()),
        }
    }

    /// Whether a cgroup is one of the container: its path says so, or the runtime has written that it made it.
    fn is_in(&self, membership: Membership<'_>, known: &Known) -> bool {
        let is_named = all(membership.path, &self.evidence).into_iter().any(|container| {
            let same = is_hash_or_build(&known.id) || container.runtime == known.runtime;
            let same = same && container.id == known.id;
            same && self.hierarchies.verdict(membership, container.at) == Verdict::Counts
        });
        let mut written = known.process.iter().flat_map(|process| &process.cgroups);
        is_named || written.any(|written| self.hierarchies.is_in_written(membership, written))
    }

    /// Whether a cgroup is the one with this path or lies below it.
    fn is_below(&self, membership: Membership<'_>, cgroup: &[u8]) -> bool {
        let wanted: Vec<&[u8]> = parts(cgroup).collect();
        let begins = parts(membership.path).take(wanted.len()).eq(wanted.iter().copied());
        let last = wanted.len().checked_sub(1);
        begins && last.is_some_and(|at| self.hierarchies.verdict(membership, at) == Verdict::Counts)
    }
}

fn of_cgroups(errno: Errno) -> ContainerError {
    ContainerError::Failed(format!("cgroups: {}", error_text(errno)))
}

fn shown_label(known: &Known) -> String {
    known.label().shown().to_string()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The containers that `name` may mean: those that are called just so, or else those whose ids begin so.
fn select<'k>(known: &'k [Known], name: &[u8]) -> Vec<&'k Known> {
    let of_runtime = name.iter().position(|byte| *byte == b':').and_then(|colon| {
        let (runtime, name) = (&name[..colon], &name[colon + 1..]);
        known.iter().any(|known| known.runtime == runtime).then_some((runtime, name))
    });
    let is_of = |known: &&Known| of_runtime.is_none_or(|(runtime, _)| known.runtime == runtime);
    let wanted = of_runtime.map_or(name, |(_, name)| name);
    let among: Vec<&Known> = known.iter().filter(is_of).collect();
    let is_called = |known: &&&Known| known.id == wanted || known.names.iter().any(|name| name == wanted);
    let called: Vec<&Known> = among.iter().filter(is_called).copied().collect();
    if !called.is_empty() || wanted.is_empty() {
        return called;
    }
    let begins = |known: &&Known| is_hash_or_build(&known.id) && known.id.starts_with(wanted);
    among.into_iter().filter(begins).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const DB: &str = "01ff456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn known(runtime: &str, id: &str, names: &[&str]) -> Known {
        let names = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        Known { names, ..Known::new(runtime, id) }
    }

    fn selected(name: &str) -> Vec<String> {
        let all = [
            known("docker", WEB, &["web"]),
            known("podman", DB, &["db", "01"]),
            known("lxc", "web", &[]),
            known("machine", "web-2", &[]),
            known("lxc", "a:b", &[]),
        ];
        select(&all, name.as_bytes()).into_iter().map(|known| String::from_utf8(known.label()).unwrap()).collect()
    }

    #[test]
    fn a_name_is_whole_and_an_id_may_be_cut() {
        for (name, expected) in [
            ("web", &["docker:web", "lxc:web"][..]),
            ("docker:web", &["docker:web"]),
            ("lxc:web", &["lxc:web"]),
            ("podman:web", &[]),
            ("db", &["podman:db"]),
            (WEB, &["docker:web"]),
            ("0", &["docker:web", "podman:db"]),
            ("012", &["docker:web"]),
            ("docker:0", &["docker:web"]),
            ("docker:01f", &[]),
            // A name comes before the beginning of an id.
            ("01", &["podman:db"]),
            ("we", &[]),
            ("web-", &[]),
            ("a:b", &["lxc:a:b"]),
            ("docker:", &[]),
            ("", &[]),
        ] {
            assert_eq!(selected(name), expected, "{name}");
        }
    }
}
