//! Which ids our user namespace maps.

use super::SystemView;
use crate::ids::map::{Extent, IdKind, extents, has_inner};
use crate::number::parse_decimal;

/// Names the effective ids of ours that are not mapped, to follow the word "our"; `None` if both are mapped or we
/// cannot see the maps. unshare(2) refuses a user namespace to a process with an unmapped effective user or group
/// (EPERM).
pub fn unmapped(view: &SystemView) -> Option<&'static str> {
    let lacks = |ids, field| Some(!is_mapped(view, ids, effective(view, field)?)?);
    let user = lacks(IdKind::User, "Uid") == Some(true);
    let group = lacks(IdKind::Group, "Gid") == Some(true);
    match (user, group) {
        (true, true) => Some("user and group are"),
        (true, false) => Some("user is"),
        (false, true) => Some("group is"),
        (false, false) => None,
    }
}

/// Whether our map holds the id; `None` if we cannot see the map. The kernel shows an unmapped id as the overflow id.
/// If the map holds the overflow id as well, we take it for mapped.
fn is_mapped(view: &SystemView, ids: IdKind, id: u32) -> Option<bool> {
    let map = view.text(&format!("/proc/self/{}", ids.map_file()))?;
    Some(has_inner(map.as_bytes(), id))
}

/// Of so many ranges no more are named.
const MOST_RANGES: usize = 5;

/// The ids that the map has inside, in words: `0, 100 to 199`; `None` if it has none.
pub fn inside(map: &[u8]) -> Option<String> {
    let ranges = extents(map).into_iter().map(|Extent { inner, count, .. }| (inner, count));
    let ranges: Vec<_> = ranges.collect();
    (!ranges.is_empty()).then(|| listed(&ranges))
}

/// Ranges of a first id and a count, in words.
pub fn listed(ranges: &[(u32, u32)]) -> String {
    let text = |(first, count): &(u32, u32)| match u64::from(*first) + u64::from(*count) {
        end if *count > 1 => format!("{first} to {}", end - 1),
        _ => first.to_string(),
    };
    let shown: Vec<_> = ranges.iter().take(MOST_RANGES).map(text).collect();
    let more = if ranges.len() > MOST_RANGES { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The first ids of the range that none of these ranges holds, as a range; `None` if they hold all.
pub fn outside_of((first, count): (u32, u32), ranges: &[(u32, u32)]) -> Option<(u32, u32)> {
    let end = u64::from(first) + u64::from(count);
    let bounds = ranges.iter().map(|(first, count)| (u64::from(*first), u64::from(*first) + u64::from(*count)));
    let mut at = u64::from(first);
    while at < end {
        match bounds.clone().find(|(from, to)| (*from..*to).contains(&at)) {
            Some((_, to)) => at = to,
            None => {
                let next = bounds.map(|(from, _)| from).filter(|from| *from > at).min().unwrap_or(end).min(end);
                // Both are within what ids are.
                return Some((at as u32, (next - at) as u32));
            }
        }
    }
    None
}

/// Field two of real, effective, saved and file system id.
fn effective(view: &SystemView, field: &str) -> Option<u32> {
    let ids = view.status(field)?;
    parse_decimal(ids.split_whitespace().nth(1)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::made::Made;
    use super::*;

    #[test]
    fn what_is_outside_of_some_ranges_is_found() {
        let ranges = [(0, 10), (10, 5), (100, 10)];
        for (asked, left) in [
            ((0, 15), None),
            ((3, 12), None),
            ((0, 16), Some((15, 1))),
            ((15, 200), Some((15, 85))),
            ((100, 10), None),
            ((109, 2), Some((110, 1))),
            ((u32::MAX - 1, 1), Some((u32::MAX - 1, 1))),
        ] {
            assert_eq!(outside_of(asked, &ranges), left, "{asked:?}");
        }
        assert_eq!(listed(&ranges), "0 to 9, 10 to 14, 100 to 109");
        assert_eq!(inside(b"0 7 1\n5 9 2\n").as_deref(), Some("0, 5 to 6"));
        assert_eq!(inside(b""), None);
    }

    #[test]
    fn an_id_is_mapped_where_a_range_holds_it() {
        let status = |uid: u32, gid: u32| format!("Uid:\t7\t{uid}\t7\t7\nGid:\t7\t{gid}\t7\t7\n");
        let unmapped = |status: &str, users, groups| {
            let made = Made::of(&[
                ("/proc/self/status", status),
                ("/proc/self/uid_map", users),
                ("/proc/self/gid_map", groups),
            ]);
            unmapped(&made.view())
        };
        let range = "         0       5000          1\n         8    1000000          2\n";
        for id in [0, 8, 9] {
            assert_eq!(unmapped(&status(id, 0), range, range), None, "{id}");
        }
        for id in [1, 7, 10, 65534, u32::MAX] {
            assert_eq!(unmapped(&status(id, 0), range, range), Some("user is"), "{id}");
        }
        assert_eq!(unmapped(&status(0, 0), range, ""), Some("group is"));
        assert_eq!(unmapped(&status(65534, 65534), "", ""), Some("user and group are"));
        // Nothing is said of what cannot be seen.
        assert_eq!(unmapped("", "", ""), None);
        let made = Made::of(&[("/proc/self/status", &status(1, 1))]);
        assert_eq!(super::unmapped(&made.view()), None);
    }
}
