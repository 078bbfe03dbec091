//! The subordinate ids of a user, see subuid(5).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::number::{number, parse_decimal};

/// A block of subordinate ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subordinates {
    /// The first.
    pub first: u32,
    /// How many, at least 1.
    pub count: u32,
}

/// The blocks of a user in the text of /etc/subuid or /etc/subgid: the line's owner is the login name, or a UID that is
/// all digits. Numbers may have blanks and a `+` before them, as for newuidmap(1).
pub fn blocks(text: &[u8], uid: u32, name: Option<&OsStr>) -> impl Iterator<Item = Subordinates> {
    text.split(|byte| *byte == b'\n').filter_map(move |line| {
        let mut fields = line.split(|byte| *byte == b':');
        let (owner, first, count) = (fields.next()?, fields.next()?, fields.next()?);
        let owned = name.is_some_and(|name| name.as_bytes() == owner) || parse_decimal(owner) == Some(uid);
        if !owned || fields.next().is_some() {
            return None;
        }
        Subordinates { first: number(first)?, count: number(count)? }.checked()
    })
}

impl Subordinates {
    /// `None` if there are none, or if they go beyond the highest id.
    fn checked(self) -> Option<Subordinates> {
        let end = u64::from(self.first) + u64::from(self.count);
        (self.count > 0 && end <= u64::from(u32::MAX)).then_some(self)
    }
}

/// The block in a line of getsubids(1): `N: OWNER FIRST COUNT`, of which the owner may hold blanks.
pub fn block_of_getsubids(line: &[u8]) -> Option<Subordinates> {
    let mut fields = line.rsplitn(3, |byte| *byte == b' ');
    let (count, first, start) = (fields.next()?, fields.next()?, fields.next()?);
    let mut start = start.splitn(2, |byte| *byte == b' ');
    parse_decimal::<u32>(start.next()?.strip_suffix(b":")?)?;
    start.next().filter(|owner| !owner.is_empty())?;
    Subordinates { first: parse_decimal(first)?, count: parse_decimal(count)? }.checked()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &[u8] = b"# comment\nalice:100000:65536\nalice:900000:10\n1002:200000:5\nbad:x:1\nempty:1:0\n\
        over:4294967290:10\nroot2:1:1\ncarol: 300000:+7";

    fn of(uid: u32, name: Option<&str>) -> Option<(u32, u32)> {
        blocks(TEXT, uid, name.map(OsStr::new)).next().map(|block| (block.first, block.count))
    }

    #[test]
    fn all_lines_of_a_user_count_in_their_order() {
        let text = b"bob:7:1\nalice:900000:10\nbob:1:1\n1001:100000:5\nalice:0:3";
        let found: Vec<_> =
            blocks(text, 1001, Some(OsStr::new("alice"))).map(|block| (block.first, block.count)).collect();
        assert_eq!(found, [(900000, 10), (100000, 5), (0, 3)]);
    }

    #[test]
    fn lines_of_getsubids() {
        for (line, expected) in [
            ("0: alice 100000 65536", Some((100000, 65536))),
            ("17: a b 1 2", Some((1, 2))),
            ("0: 1001 0 4294967295", Some((0, 4294967295))),
            ("0: alice 1 4294967295", None),
            ("0: alice 1 0", None),
            ("0: alice -1 5", None),
            ("0: alice 18446744073709551615 5", None),
            ("0: alice 1", None),
            ("0:  1 5", None),
            ("alice 1 5", None),
            ("x: alice 1 5", None),
            ("Error fetching ranges", None),
            ("", None),
        ] {
            let found = block_of_getsubids(line.as_bytes()).map(|block| (block.first, block.count));
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn the_first_line_of_the_name_or_number_counts() {
        assert_eq!(of(1001, Some("alice")), Some((100000, 65536)));
        assert_eq!(of(1002, None), Some((200000, 5)));
        assert_eq!(of(1002, Some("bob")), Some((200000, 5)));
        assert_eq!(of(1004, Some("carol")), Some((300000, 7)));
        assert_eq!(of(1003, Some("empty")), None);
        assert_eq!(of(1003, Some("over")), None);
        assert_eq!(of(7, Some("bad")), None);
    }

    #[test]
    fn a_name_is_not_the_number_0() {
        assert_eq!(of(0, Some("root")), None);
        assert_eq!(of(0, None), None);
    }

    proptest! {
        #[test]
        fn a_block_is_found_among_other_lines(
            junk in "[a-z:0-9 \n#]{0,60}", first in 0u32..1 << 30, count in 1u32..1 << 30, uid in 5000u32..
        ) {
            let text = format!("{junk}\nthe-user:{first}:{count}\n");
            let found = blocks(text.as_bytes(), uid, Some(OsStr::new("the-user"))).next();
            prop_assert_eq!(found, Some(Subordinates { first, count }));
            let line = format!("3: the-user {first} {count}");
            prop_assert_eq!(block_of_getsubids(line.as_bytes()), found);
        }
    }
}
