//! Files of runtimes that say what a cgroup path does not. Mostly we only test whether a file exists and where a link points.
//! Nothing that we open can block us.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use super::state::{json, oci};
use super::trust::{Refused, TrustedDirectory};
use crate::sys::file::read_bounded;

/// Where containerd keeps a directory for each task that runs, by namespace.
const CONTAINERD: &str = "run/containerd/io.containerd.runtime.v2.task";
/// Where runc keeps a directory for each container.
const RUNC: &str = "run/runc";
/// Where systemd-machined keeps a link for each unit of a machine.
const MACHINES: &str = "run/systemd/machines";

/// We read so many bytes of the table of sockets; it can have thousands of lines.
const SOCKETS: usize = 4 << 20;

/// The files of the runtimes below a root directory.
pub struct Evidence {
    root: PathBuf,
    proc: PathBuf,
    /// The sockets that are bound in our network namespace, read when first needed.
    sockets: OnceCell<Vec<u8>>,
}

impl Evidence {
    /// The evidence of the system below `root`, with its proc at `proc`.
    pub fn new(root: &Path, proc: &Path) -> Evidence {
        Evidence { root: root.to_path_buf(), proc: proc.to_path_buf(), sockets: OnceCell::new() }
    }

    /// Whether containerd runs this task.
    pub fn runs_containerd(&self, namespace: &[u8], id: &[u8]) -> bool {
        let tasks = self.directory(CONTAINERD).and_then(|tasks| tasks.below(namespace));
        tasks.is_ok_and(|tasks| tasks.has_directory(id))
    }

    /// Whether runc runs a container of that name.
    pub fn runs_runc(&self, name: &[u8]) -> bool {
        let container = self.directory(RUNC).and_then(|all| all.below(name));
        container.is_ok_and(|container| container.has_file(b"state.json"))
    }

    /// The one of runc and crun that has a container of this name and has written that its cgroup is the one at `path`, from
    /// the root of the hierarchy on.
    pub fn made_by_low_level(&self, name: &[u8], path: &Path) -> Option<&'static str> {
        oci::RUNTIMES.into_iter().find_map(|(runtime, file, parse)| {
            let container = self.directory(&format!("run/{runtime}")).and_then(|all| all.below(name)).ok()?;
            let process = parse(&container.read(file, json::LONGEST).ok()?)?;
            process.cgroups.iter().any(|written| written.ends_with(path)).then_some(runtime)
        })
    }

    /// The machine that systemd-machined knows the unit as.
    pub fn machine_of_unit(&self, unit: &[u8]) -> Option<Vec<u8>> {
        self.directory(MACHINES).ok()?.name_in_link(&[b"unit:", unit].concat()).ok()
    }

    fn directory(&self, path: &str) -> Result<TrustedDirectory, Refused> {
        TrustedDirectory::open(&self.root, path)
    }

    /// Whether lxc listens for commands to a container of that name.
    pub fn runs_lxc(&self, name: &[u8]) -> bool {
        let sockets =
            self.sockets.get_or_init(|| read_bounded(&self.proc.join("net/unix"), SOCKETS).unwrap_or_default());
        let end = [b" @/var/lib/lxc/", name, b"/command"].concat();
        sockets.split(|byte| *byte == b'\n').any(|line| line.ends_with(&end))
    }
}
