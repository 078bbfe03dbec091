//! What runtimes keep in files: names, ids and PIDs. No daemon is asked, and no file counts that others may have made
//! ([`TrustedDirectory`]).

mod containerd;
mod docker;
pub(super) mod json;
mod machine;
pub(super) mod oci;
mod storage;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::geteuid;

use super::trust::{Refusal, Refused, TrustedDirectory};
use super::{Container, is_hash_or_build};
use crate::ids::users::home_of;

/// A container that a file tells of, or a cgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The runtime: `docker`.
    pub runtime: Vec<u8>,
    /// Its id.
    pub id: Vec<u8>,
    /// What people call it, the usual name first.
    pub names: Vec<Vec<u8>>,
    /// Its first process, if a file tells that.
    pub process: Option<FirstProcess>,
    /// Whether a file says that it does not run.
    pub stopped: bool,
    /// Its cgroups, as /proc/PID/cgroup has them.
    pub cgroups: Vec<Vec<u8>>,
}

/// The first process of a container, as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstProcess {
    /// Its PID.
    pub pid: i32,
    /// When it started: field 22 of its stat file, see proc_pid_stat(5).
    pub started: Option<u64>,
    /// The cgroups that it was put in: from the root of the hierarchy or of the file system on.
    pub cgroups: Vec<PathBuf>,
    /// Whether the file says that it was put in none: it is where its runtime was started.
    pub in_no_cgroup: bool,
}

impl FirstProcess {
    /// Nothing but its PID.
    pub fn new(pid: i32) -> FirstProcess {
        FirstProcess { pid, started: None, cgroups: Vec::new(), in_no_cgroup: false }
    }
}

impl Known {
    /// Nothing but its id.
    pub fn new(runtime: impl Into<Vec<u8>>, id: impl Into<Vec<u8>>) -> Known {
        Known {
            runtime: runtime.into(),
            id: id.into(),
            names: Vec::new(),
            process: None,
            stopped: false,
            cgroups: Vec::new(),
        }
    }

    /// What a cgroup tells of it.
    pub fn in_cgroup(container: Container, path: &[u8]) -> Known {
        Known { cgroups: vec![path.to_vec()], ..Known::new(container.runtime, container.id) }
    }

    /// What it is called where a cgroup says that it is `container`.
    pub fn labelled(&self, container: &Container) -> Vec<u8> {
        let mut merged = self.clone();
        merged.merge(Known::new(container.runtime.clone(), container.id.clone()));
        merged.whole_label()
    }

    /// What it is called where there is room for all of it: `docker:web`, or `docker:` and the whole id.
    pub fn whole_label(&self) -> Vec<u8> {
        [&self.runtime, &b":"[..], self.names.first().unwrap_or(&self.id)].concat()
    }

    /// The same for people: an id that no person has chosen is cut.
    pub fn label(&self) -> Vec<u8> {
        match self.names.first() {
            None => shortened(&self.whole_label()),
            Some(_) => self.whole_label(),
        }
    }

    /// Adds what another file, or a cgroup, says of the same container. It is the runtime that is named first, unless that
    /// only runs what another one manages.
    fn merge(&mut self, other: Known) {
        if is_low_level(&self.runtime) && !is_unspecific(&other.runtime) {
            self.runtime = other.runtime;
        }
        if self.names.is_empty() {
            self.names = other.names;
        }
        self.process = match (self.process.take(), other.process) {
            (Some(mut process), Some(more)) => {
                process.started = process.started.or(more.started);
                process.cgroups.extend(more.cgroups);
                process.in_no_cgroup |= more.in_no_cgroup;
                Some(process)
            }
            (one, other) => one.or(other),
        };
        self.stopped |= other.stopped;
        self.cgroups.extend(other.cgroups);
    }
}

/// What runs containers for others: docker and podman keep theirs among its own.
fn is_low_level(runtime: &[u8]) -> bool {
    matches!(runtime, b"runc" | b"crun") || is_unspecific(runtime)
}

/// What a cgroup is said to be of that does not tell its runtime.
fn is_unspecific(runtime: &[u8]) -> bool {
    matches!(runtime, b"oci" | b"kubernetes")
}

/// How many digits of an id people read.
const DIGITS: usize = 12;

/// `docker:` and an id that no person has chosen, cut; anything else as it is.
pub fn shortened(label: &[u8]) -> Vec<u8> {
    let start = label.iter().position(|byte| *byte == b':').map_or(0, |colon| colon + 1);
    let end = if is_hash_or_build(&label[start..]) { start + DIGITS } else { label.len() };
    label[..end].to_vec()
}

/// All containers that the files tell of.
#[derive(Clone, Debug, Default)]
pub struct States {
    /// Each once.
    pub known: Vec<Known>,
    /// The files and directories that do not count, or that we may not read.
    pub refused: Vec<Refused>,
    /// The first that could not be read for another reason, such as want of memory: then anything may be missing.
    pub failed: Option<Refused>,
}

impl States {
    /// Those of the system whose root directory is `root`, and those of our own user.
    pub fn read(root: &Path) -> States {
        States::of(root, &Own::of_user())
    }

    fn of(root: &Path, own: &Own) -> States {
        let mut states = States::default();
        let mut look = Look { root, states: &mut states };
        docker::read(&mut look, "var/lib/docker");
        let rootless = own.home.iter().map(|home| home.join(".local/share/docker"));
        rootless.for_each(|docker| docker::read(&mut look, docker));
        storage::read(&mut look, "var/lib/containers/storage", "run/containers/storage");
        if let (Some(home), Some(runtime)) = (&own.home, &own.runtime) {
            storage::read(&mut look, home.join(".local/share/containers/storage"), runtime.join("containers"));
        }
        containerd::read(&mut look);
        oci::read(&mut look, Path::new("run"));
        own.runtime.iter().for_each(|runtime| oci::read(&mut look, runtime));
        machine::read(&mut look);
        states
    }

    /// Adds a container, or what is new about one that is known.
    pub fn add(&mut self, new: Known) {
        let same = self.known.iter_mut().find(|known| is_same(known, &new));
        match same {
            Some(known) => known.merge(new),
            None => self.known.push(new),
        }
    }

    /// The container that a cgroup of this runtime and id belongs to.
    pub fn find(&self, runtime: &[u8], id: &[u8]) -> Option<&Known> {
        let same = |known: &&Known| known.id == id && (is_hash_or_build(id) || known.runtime == runtime);
        self.known.iter().find(same)
    }
}

/// An id of 64 digits tells a container from all others. Another one may be a name that a person has chosen, once for each
/// runtime, and for each namespace of containerd's.
fn is_same(one: &Known, other: &Known) -> bool {
    let of_two_processes = match (&one.process, &other.process) {
        (Some(one), Some(other)) => one.pid != other.pid,
        _ => false,
    };
    one.id == other.id && (is_hash_or_build(&one.id) || (one.runtime == other.runtime && !of_two_processes))
}

/// Where our own user keeps containers. Root has none of that kind, and must not look where others may write.
#[derive(Clone, Debug, Default)]
struct Own {
    /// From the root directory on.
    home: Option<PathBuf>,
    /// $XDG_RUNTIME_DIR, as systemd makes it. Do not trust the variable itself.
    runtime: Option<PathBuf>,
}

impl Own {
    fn of_user() -> Own {
        let uid = geteuid();
        if uid.is_root() {
            return Own::default();
        }
        let below_root = |path: PathBuf| path.strip_prefix("/").map(Path::to_path_buf).ok();
        Own {
            home: home_of(uid.as_raw()).and_then(|home| below_root(home.into())),
            runtime: Some(PathBuf::from(format!("run/user/{uid}"))),
        }
    }
}

/// What the readers of the runtimes' files look through.
struct Look<'l> {
    root: &'l Path,
    states: &'l mut States,
}

impl Look<'_> {
    fn directory(&mut self, path: impl AsRef<Path>) -> Option<TrustedDirectory> {
        let directory = TrustedDirectory::open(self.root, path);
        self.take(directory)
    }

    /// The entries of a directory that are directories themselves.
    fn below(&mut self, directory: &TrustedDirectory) -> Vec<(Vec<u8>, TrustedDirectory)> {
        let names = self.names(directory);
        let open = |name: Vec<u8>| Some((name.clone(), self.take(directory.below(&name))?));
        names.into_iter().filter_map(open).collect()
    }

    fn names(&mut self, directory: &TrustedDirectory) -> Vec<Vec<u8>> {
        self.take(directory.names()).unwrap_or_default()
    }

    fn read(&mut self, directory: &TrustedDirectory, name: &[u8], longest: usize) -> Option<Vec<u8>> {
        self.take(directory.read(name, longest))
    }

    /// Whatever is there and does not count is remembered, for a person to see.
    fn take<T>(&mut self, result: Result<T, Refused>) -> Option<T> {
        match result {
            Ok(found) => Some(found),
            Err(refused) => {
                match refused.why {
                    Refusal::Errno(Errno::ENOENT) => {}
                    Refusal::Errno(errno) if !matches!(errno, Errno::EACCES | Errno::EPERM) => {
                        self.states.failed.get_or_insert(refused);
                    }
                    _ if self.states.refused.contains(&refused) => {}
                    _ => self.states.refused.push(refused),
                }
                None
            }
        }
    }
}
