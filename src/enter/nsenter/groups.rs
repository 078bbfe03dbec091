//! The supplementary groups of the target.
//!
//! The kernel takes them in numbers of the user namespace that we are in. Before we enter another one, they are the numbers
//! that we see; after that, those of its gid_map. Mostly only one of the two is allowed.

use super::NsenterRequest;
use super::identity::{leads_elsewhere, leads_to_target_alone};
use super::opened::Opened;
use super::told::Told;
use crate::enter::target::PinnedTarget;
use crate::error::{Attempt, Failure, LikenessError, ResultExt};
use crate::ids::map::{Extent, LONGEST_MAP_READ, extents};
use crate::namespace::Kind;
use crate::sys::file::read_bounded;

/// Supplementary groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// To be set before the user namespace is entered, if one is.
    pub outside: Option<Vec<u32>>,
    /// To be set inside.
    pub inside: Option<Vec<u32>>,
}

/// The groups of the target, if they are not ours as well. Errors: one has no number, neither here nor inside.
pub(super) fn groups(
    target: &PinnedTarget,
    request: &NsenterRequest,
    opened: &Opened,
    told: Told,
    (theirs, ours): (&[u32], &[u32]),
) -> Result<Option<Groups>, Failure> {
    let wanted = if told.group { &[] } else { theirs };
    if wanted == ours || (told.preserve_credentials && !told.group) {
        return Ok(None);
    }
    let path = std::path::Path::new("/proc/self/gid_map");
    let own_map = read_bounded(path, LONGEST_MAP_READ).attempt(|| Attempt::Read(path.into()))?;
    // A group that has no number here looks like the one with the overflow id.
    let own_map = extents(&own_map);
    let are_known = wanted.iter().all(|group| own_map.iter().any(|extent| extent.has_inner(*group)));
    let of_target = request.join.of_target;
    let groups = if !leads_elsewhere(Kind::User, opened, of_target)? {
        Groups { outside: None, inside: are_known.then(|| wanted.to_vec()) }
    } else {
        let inside = match leads_to_target_alone(target, Kind::User, opened, of_target)? {
            // The outer ids of the map are those that we see.
            true => translated(wanted, &extents(&target.read("gid_map", LONGEST_MAP_READ)?)),
            false => None,
        };
        Groups { outside: are_known.then(|| wanted.to_vec()), inside: inside.filter(|_| are_known) }
    };
    match groups {
        Groups { outside: None, inside: None } => Err(LikenessError::GroupsUnknown(target.pid()).into()),
        groups => Ok(Some(groups)),
    }
}

/// The same groups inside; `None` if one is not mapped.
fn translated(groups: &[u32], map: &[Extent]) -> Option<Vec<u32>> {
    groups.iter().map(|group| map.iter().find_map(|extent| extent.inner_of(*group))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_other_numbers_inside() {
        let map = extents(b"0 1001 1\n1 100000 65536\n");
        assert_eq!(translated(&[1001, 100043], &map), Some(vec![0, 44]));
        assert_eq!(translated(&[], &map), Some(vec![]));
        assert_eq!(translated(&[1001, 50], &map), None);
    }
}
