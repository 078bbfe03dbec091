//! Lines of /etc/subuid and /etc/subgid.

use std::ffi::OsStr;

use nskit::internals::ids::subid::{Subordinates, blocks};

use super::Check;
use super::memory::bounded;

/// The check.
pub const CHECK: Check = Check {
    name: "subid",
    tokens: &[
        "alice",
        "root",
        "0",
        "1000",
        "100000",
        "65536",
        ":",
        "\n",
        "#",
        " ",
        "+",
        "4294967294",
        "4294967295",
        "-",
        "alice:100000:65536\n",
        "1000:1:1\n",
    ],
    run: check,
};

fn check(bytes: &[u8]) {
    for (uid, name) in [(1000, Some("alice")), (1000, None), (0, Some("root")), (u32::MAX, Some(""))] {
        let name = name.map(OsStr::new);
        let found = bounded(bytes.len(), 0, 64, || blocks(bytes, uid, name).next());
        assert_eq!(found, model(bytes, uid, name), "{uid} {name:?}");
        if let Some(block) = found {
            assert!(block.count > 0 && block.first.checked_add(block.count).is_some());
            // Lines of others before it make no difference, nor do lines after it.
            let line = format!("{uid}:{}:{}\n", block.first, block.count);
            let others = [b"other:1:1\n".as_slice(), line.as_bytes(), bytes].concat();
            assert_eq!(blocks(&others, uid, name).next(), found);
        }
    }
}

/// Over characters instead of bytes.
fn model(bytes: &[u8], uid: u32, name: Option<&OsStr>) -> Option<Subordinates> {
    let text = String::from_utf8_lossy(bytes);
    let digits = |text: &str| text.parse::<u32>().ok().filter(|_| !text.starts_with('+'));
    // As strtoul(3).
    let blanks = [' ', '\t', '\u{b}', '\u{c}', '\r'];
    let number = |text: &str| text.trim_start_matches(blanks).parse::<u32>().ok();
    for line in text.split('\n') {
        let Some((owner, [first, count])) = line.split_once(':').and_then(|(owner, rest)| {
            let fields: Vec<&str> = rest.split(':').collect();
            Some((owner, <[&str; 2]>::try_from(fields).ok()?))
        }) else {
            continue;
        };
        let owned = name.is_some_and(|name| name == owner) || digits(owner) == Some(uid);
        if let (true, Some(first), Some(count)) = (owned, number(first), number(count))
            && count > 0
            && first.checked_add(count).is_some()
        {
            return Some(Subordinates { first, count });
        }
    }
    None
}
