//! nsenter's request, what it is made of and what is opened for it, and the plan that it makes.

mod groups;
mod identity;
mod inside;
mod like_steps;
mod likeness;
mod loader;
mod named;
mod open;
mod opened;
mod plan;
mod private_mounts;
mod profile;
mod surroundings;
mod told;

pub use groups::Groups;
pub use likeness::{Likeness, NotHad};
pub use named::{inode_number, kept_by_name};
pub(crate) use open::{Asked, has_selinux, open, open_given};
pub use plan::plan;
pub use private_mounts::PrivateMounts;
pub(crate) use private_mounts::open_network_by_name;
pub(crate) use told::Told;

use std::ffi::CString;
use std::path::PathBuf;

use super::handles::Handle;
use super::program::Program;
use super::setting::{Join, TargetId};
use crate::namespace::NamespaceNumber;
use crate::sys::capability::CapabilitySet;
use crate::sys::signal::{SignalNumber, SignalSet};

/// Where a namespace is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamespaceSource {
    /// It is the target's.
    Target,
    /// This file leads to it. If the file does not exist, this is the name of a network namespace of ip-netns(8), or an
    /// inode number.
    File(PathBuf),
    /// By its inode number or 64-bit id.
    Number(NamespaceNumber),
}

/// The request, resolved: everything is looked up and open, except for files inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NsenterRequest {
    /// The namespaces to enter.
    pub join: Join,
    /// The new root directory.
    pub root: Option<Handle>,
    /// The new working directory.
    pub working_directory: Option<Handle>,
    /// The working directory to be opened inside.
    pub working_directory_inside: Option<PathBuf>,
    /// The target's environment, as far as it is taken over.
    pub environment: Option<Vec<CString>>,
    /// The cgroup.procs files of the cgroups to join.
    pub cgroups: Vec<Handle>,
    /// Whether the program runs as a child.
    pub fork: bool,
    /// Whether the program gets its own terminal, which needs a child.
    pub pty: bool,
    /// The signal that the child gets when we die.
    pub kill_child: Option<SignalNumber>,
    /// The signals that are passed on to the child.
    pub forward_signals: Option<SignalSet>,
    /// Whether user and group default to root, and the groups are dropped.
    pub become_root: bool,
    /// The program's GID.
    pub gid: Option<TargetId>,
    /// The program's UID.
    pub uid: Option<TargetId>,
    /// Whether capabilities are kept.
    pub keep_capabilities: bool,
    /// The capabilities to drop; `None` where nothing is said of capabilities.
    pub capabilities: Option<CapabilitySet>,
    /// Whether PR_SET_NO_NEW_PRIVS is set.
    pub no_new_privileges: bool,
    /// What is mounted in a new mount namespace.
    pub private_mounts: Option<PrivateMounts>,
    /// The SELinux context for the program.
    pub context: Option<Vec<u8>>,
    /// What else the program gets of the target, so that it runs as that does.
    pub like: Option<Likeness>,
    /// The program; `None` for the login shell.
    pub program: Option<Program>,
}

impl NsenterRequest {
    /// A handle for a file that a step will open.
    fn handle_of_step(&self, path: impl Into<PathBuf>) -> Handle {
        Handle::new(self.first_free_handle(), path)
    }

    /// The first number that stands for no file.
    fn first_free_handle(&self) -> usize {
        let files = self.join.files.iter().map(|(_, handle)| handle);
        let opened = files.chain(&self.root).chain(&self.working_directory).chain(&self.cgroups);
        opened.map(|handle| handle.number() + 1).max().unwrap_or(0)
    }
}
