//! From cgroup paths to the names that people have for containers.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use super::hierarchy::{Hierarchies, Verdict};
use super::state::States;
use super::{Container, Evidence, all, is_hash_or_build};
use crate::proc::cgroup::Membership;

/// What containers are called. Files are read when the first name is asked for.
pub struct Names {
    root: PathBuf,
    proc: PathBuf,
    evidence: Evidence,
    read: OnceCell<(States, Hierarchies)>,
}

impl Names {
    /// Those of the system below `root`, with its proc at `proc`.
    pub fn new(root: &Path, proc: &Path) -> Names {
        Names {
            root: root.to_path_buf(),
            proc: proc.to_path_buf(),
            evidence: Evidence::new(root, proc),
            read: OnceCell::new(),
        }
    }

    /// What tells of which runtime a cgroup is.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What the innermost container of a cgroup is called: `docker:web`, and `docker:` with the whole id where no name can
    /// be read. What others may have written gets no name; an id, which no person has chosen, is shown for what it claims.
    pub fn of(&self, membership: Membership<'_>) -> Option<Vec<u8>> {
        let containers = all(membership.path, &self.evidence);
        let is_alone = containers.len() == 1;
        containers.iter().rev().find_map(|container| self.label(container, membership, is_alone))
    }

    fn label(&self, container: &Container, membership: Membership<'_>, is_alone: bool) -> Option<Vec<u8>> {
        // Most processes are in no container, and then no file is read.
        let read = || (States::read(&self.root), Hierarchies::here(&self.proc).unwrap_or_default());
        let (states, hierarchies) = self.read.get_or_init(read);
        match hierarchies.verdict(membership, container.at) {
            Verdict::Forgeable if !is_hash_or_build(&container.id) => None,
            // In a container, its root may have made it up.
            Verdict::Counts if is_alone => {
                let known = states.find(&container.runtime, &container.id);
                Some(known.map_or_else(|| container.name(), |known| known.labelled(container)))
            }
            _ => Some(container.name()),
        }
    }
}
