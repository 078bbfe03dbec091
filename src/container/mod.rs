//! Containers: which one a cgroup path belongs to, what the files of its runtime say of it, and the process that a name
//! means.
//!
//! - Rules: most runtimes put the id of a container into the path of its cgroup. For the others, one of their files
//!   tells ([`Evidence`]).
//! - [`trust`], [`hierarchy`]: a name counts only if root or we ourselves have given it. A user owns the cgroups below
//!   their own service, and may call one of them as that of another container is called.
//! - [`state`]: the files in which runtimes keep names and PIDs. No daemon is asked.
//! - [`find`], [`names`]: from a name to a process, and from a cgroup to a name.

mod evidence;
pub mod find;
pub mod hierarchy;
mod leader;
#[cfg(test)]
mod made;
pub mod names;
mod of_path;
mod rules;
pub mod state;
#[cfg(test)]
mod tests;
pub mod trust;
mod unit;

pub use evidence::Evidence;
pub use of_path::Container;
pub use rules::is_hash_or_build;
pub use unit::unit;

use rules::{Path, named};

/// The innermost container in a cgroup path.
pub fn container(path: &[u8], evidence: &Evidence) -> Option<Container> {
    let path = Path::of(path);
    (0..path.parts.len()).rev().find_map(|at| named(&path, at, evidence))
}

/// The outermost one. What lies below the part that names it was named inside.
pub fn outermost(path: &[u8], evidence: &Evidence) -> Option<Container> {
    all(path, evidence).into_iter().next()
}

/// Every container in it, the outermost first.
pub fn all(path: &[u8], evidence: &Evidence) -> Vec<Container> {
    let path = Path::of(path);
    (0..path.parts.len()).filter_map(|at| named(&path, at, evidence)).collect()
}

/// The container that the last part of a path names.
pub fn at_the_end(path: &[u8], evidence: &Evidence) -> Option<Container> {
    let path = Path::of(path);
    named(&path, path.parts.len().checked_sub(1)?, evidence)
}
