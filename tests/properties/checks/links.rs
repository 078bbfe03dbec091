//! The links of /proc: names of namespaces and sockets.

use nskit::internals::namespace::Kind;
use nskit::internals::proc::link::{parse_name, parse_socket};

use super::Check;
use super::memory::bounded;

/// The check.
pub const CHECK: Check = Check {
    name: "links",
    tokens: &[
        "mnt",
        "uts",
        "ipc",
        "net",
        "pid",
        "user",
        "cgroup",
        "time",
        "socket",
        ":[",
        "]",
        "4026531840",
        "4294967295",
        "4294967296",
        "0",
        "+1",
        "18446744073709551615",
        "/",
        "pipe:[1]",
        "_for_children",
    ],
    run: check,
};

fn check(bytes: &[u8]) {
    let (name, socket) = bounded(bytes.len(), 0, 64, || (parse_name(bytes), parse_socket(bytes)));
    assert_eq!(name, model_of_name(bytes));
    if let Some((kind, inode)) = name {
        assert_eq!(parse_name(format!("{kind}:[{inode}]").as_bytes()), name);
    }
    match socket {
        Some(inode) => {
            assert!(name.is_none() && bytes.starts_with(b"socket:["));
            assert_eq!(parse_socket(format!("socket:[{inode}]").as_bytes()), socket);
        }
        None => assert!(number_in(bytes, "socket").is_none()),
    }
}

fn model_of_name(bytes: &[u8]) -> Option<(Kind, nskit::internals::proc::link::Inode)> {
    Kind::ALL.into_iter().find_map(|kind| {
        let inode = u32::try_from(number_in(bytes, kind.name())?).ok()?;
        Some((kind, inode.try_into().ok()?))
    })
}

/// The digits in `NAME:[DIGITS]`.
fn number_in(bytes: &[u8], name: &str) -> Option<u64> {
    let text = std::str::from_utf8(bytes).ok()?.strip_prefix(name)?;
    let digits = text.strip_prefix(":[")?.strip_suffix(']')?;
    let number = digits.parse().ok()?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(number)
}
