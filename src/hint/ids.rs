//! Which ids the user namespace that we are in maps.

use super::View;
use crate::digits::digits;
use crate::enter::idmap::{IdKind, has_inner};

/// Which of our own are not mapped, to be read behind "our"; `None` where both are, or where that cannot be seen.
/// unshare(2) refuses a user namespace to a process whose effective user or group is not (EPERM).
pub fn unmapped(view: &View) -> Option<&'static str> {
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

/// Whether the id is in a range of our map; `None` if that cannot be seen. One that is in none is shown as the overflow id,
/// which a map may hold as well: then it is taken for mapped.
fn is_mapped(view: &View, ids: IdKind, id: u32) -> Option<bool> {
    let map = view.text(&format!("/proc/self/{}", ids.map_file()))?;
    Some(has_inner(map.as_bytes(), id))
}

/// The second of the real, effective, saved and file system ids.
fn effective(view: &View, field: &str) -> Option<u32> {
    let ids = view.status(field)?;
    digits(ids.split_whitespace().nth(1)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::made::Made;
    use super::*;

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
