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
        let block = Subordinates { first: number(first)?, count: number(count)? };
        let end = u64::from(block.first) + u64::from(block.count);
        (block.count > 0 && end <= u64::from(u32::MAX)).then_some(block)
    })
}

/// The first of them.
pub fn first_block(text: &[u8], uid: u32, name: Option<&OsStr>) -> Option<Subordinates> {
    blocks(text, uid, name).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &[u8] = b"# comment\nalice:100000:65536\nalice:900000:10\n1002:200000:5\nbad:x:1\nempty:1:0\n\
        over:4294967290:10\nroot2:1:1\ncarol: 300000:+7";

    fn of(uid: u32, name: Option<&str>) -> Option<(u32, u32)> {
        first_block(TEXT, uid, name.map(OsStr::new)).map(|block| (block.first, block.count))
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
            let found = first_block(text.as_bytes(), uid, Some(OsStr::new("the-user")));
            prop_assert_eq!(found, Some(Subordinates { first, count }));
        }
    }
}
