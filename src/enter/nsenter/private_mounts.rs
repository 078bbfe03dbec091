//! What `ip netns exec` does besides entering the network namespace: a mount namespace with /sys of it and with its files of
//! /etc, see ip-netns(8).

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::named::NAMED_NETWORKS;
use super::opened::Opened;
use crate::container::trust::{Entries, names_in};
use crate::enter::handles::Handle;
use crate::enter::setting::{MountPoint, Propagation};
use crate::enter::step::Step;
use crate::error::{Attempt, Failure, ResultExt};
use crate::namespace::{Kind, KindSet};
use crate::sys::file::open_retrying;

/// Where ip-netns(8) keeps the files that a network namespace has in place of those of /etc.
const FILES: &str = "/etc/netns";

/// The mounts of a new mount namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivateMounts {
    /// What is bound, and over what.
    pub binds: Vec<(PathBuf, PathBuf)>,
    /// The files that cannot be bound, since /etc has none of the name.
    pub without_place: Vec<PathBuf>,
}

/// Opens the network namespace that ip-netns(8) calls `name`, and looks up what belongs to it. Errors: those of opening it,
/// and of listing its files.
pub(crate) fn open_network_by_name(name: &Path, opened: &mut Opened) -> Result<PrivateMounts, Failure> {
    let path = Path::new(NAMED_NETWORKS).join(name);
    let file = open_retrying(&path, OFlag::O_RDONLY).attempt(|| Attempt::Open(path.clone()))?;
    opened.add_namespace(Kind::Net, path, file);
    let files = Path::new(FILES).join(name);
    let directory = match open_retrying(&files, OFlag::O_RDONLY | OFlag::O_DIRECTORY) {
        Err(Errno::ENOENT) => return Ok(PrivateMounts::default()),
        directory => directory.attempt(|| Attempt::Open(files.clone()))?,
    };
    let names = names_in(&directory, Entries::All).attempt(|| Attempt::Read(files.clone()))?;
    let paths = names.iter().map(|name| {
        let name = std::ffi::OsStr::from_bytes(name);
        (files.join(name), Path::new("/etc").join(name))
    });
    let (binds, without): (Vec<_>, Vec<_>) = paths.partition(|(_, place)| place.exists());
    Ok(PrivateMounts { binds, without_place: without.into_iter().map(|(file, _)| file).collect() })
}

impl PrivateMounts {
    /// The steps, of which the handles begin with the number `first`.
    pub(super) fn steps(&self, first: usize) -> Vec<Step> {
        let mut steps = vec![
            Step::Unshare(KindSet::EMPTY.with(Kind::Mount)),
            // What is mounted outside still arrives, and nothing goes out.
            Step::Propagate(Propagation::Slave, "/".into()),
            Step::MountSys("/sys".into()),
        ];
        if self.binds.is_empty() {
            return steps;
        }
        let root = Handle::new(first, "/");
        steps.push(Step::OpenRoot(root.clone()));
        for (number, (file, place)) in self.binds.iter().enumerate() {
            let tree = Handle::new(first + 1 + number, file);
            steps.push(Step::CloneTree(tree.clone()));
            let on = MountPoint { root: root.clone(), path: place.clone() };
            steps.push(Step::AttachTree { tree, on, read_only: false });
        }
        steps
    }
}
