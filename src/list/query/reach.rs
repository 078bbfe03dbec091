//! What must be scanned to find all namespaces of some kinds. Pure: nothing is read here.

use crate::list::model::graph::Depth;
use crate::list::scan::{Source, SourceSet};
use crate::namespace::{Kind, KindSet};

/// What a scan looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanPlan {
    /// Where it looks for namespaces.
    pub sources: SourceSet,
    /// The kinds whose links it reads in each process's /proc/PID/ns.
    pub processes: KindSet,
    /// The kinds that it looks for in threads, descriptors, sockets and mounts, and in what the kernel lists.
    pub holders: KindSet,
    /// Which namespaces it asks the kernel about, for their parents and owners.
    pub relations: Depth,
}

/// The scan that finds those of `kinds` in `sources`; with `is_tree`, all that they hang below as well.
pub fn reach(kinds: KindSet, sources: SourceSet, relations: Depth, is_tree: bool) -> ScanPlan {
    let lists_users = kinds.contains(Kind::User);
    // mount_namespaces(7): a mount in another mount namespace can be opened only through that namespace.
    let listed = match sources.contains(Source::MountElsewhere) {
        true => kinds.with(Kind::Mount),
        false => kinds,
    };
    // A namespace of any kind leads to the user namespace that owns it, and sometimes nothing else does. A tree also shows
    // owners of kinds that were not asked for, with their processes.
    let wants_all = |through_owners: bool| if through_owners || is_tree { KindSet::ALL } else { listed };
    ScanPlan {
        sources,
        processes: wants_all(lists_users && sources.contains(Source::Relative)),
        holders: wants_all(lists_users),
        relations,
    }
}
