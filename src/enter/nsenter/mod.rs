//! nsenter's request, what it is made of and what is opened for it, and the plan that it makes.

mod inside;
mod loader;
mod named;
mod plan;
mod resolve;

pub use named::kept_by_name;
pub use plan::plan;
pub use resolve::resolve;

use std::ffi::CString;
use std::path::PathBuf;

use super::program::Program;
use super::step::TargetId;
use crate::namespace::KindSet;

/// What is to be done: nothing is left to look up or to open, but for what is inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The namespaces to enter that are found by way of the target.
    pub of_target: KindSet,
    /// The namespaces to enter that have been opened.
    pub of_files: KindSet,
    /// Whether a root directory has been opened.
    pub root: bool,
    /// Whether a working directory has been opened.
    pub working_directory: bool,
    /// The working directory to be opened inside.
    pub working_directory_inside: Option<PathBuf>,
    /// The target's environment, as far as it is taken over.
    pub environment: Option<Vec<CString>>,
    /// Whether cgroups are joined.
    pub join_cgroup: bool,
    /// Whether the program runs as a child.
    pub fork: bool,
    /// Whether user and group default to root, and the groups are dropped.
    pub become_root: bool,
    /// The program's GID.
    pub gid: Option<TargetId>,
    /// The program's UID.
    pub uid: Option<TargetId>,
    /// Whether capabilities are kept.
    pub keep_capabilities: bool,
    /// The SELinux context for the program.
    pub context: Option<Vec<u8>>,
    /// The program; `None` for the login shell.
    pub program: Option<Program>,
}
