//! Arguments of options: numbers as strtol(3) reads them, ids, pairs, offsets of clocks, names of signals.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nskit::internals::cli::value::{IdOrName, id, id_or_name, id_pair, number, seconds, signal};

use super::Check;
use super::memory::bounded;

/// The check.
pub const CHECK: Check = Check {
    name: "values",
    tokens: &[
        "0",
        "7",
        "+",
        "-",
        " ",
        "\t",
        "\u{b}",
        ":",
        "4294967294",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "root",
        "SIG",
        "sig",
        "TERM",
        "kill",
        "RTMIN",
        "rtmax",
        "+30",
        "-1",
    ],
    run: check,
};

/// The whole text as strtoull(3) or strtoll(3) has it; `None` if it goes beyond their range.
fn by_c_library<T>(
    text: &[u8],
    read: unsafe extern "C" fn(*const libc::c_char, *mut *mut libc::c_char, libc::c_int) -> T,
) -> Option<T> {
    let string = CString::new(text).unwrap();
    let mut end = std::ptr::null_mut();
    Errno::clear();
    // SAFETY: the string ends with NUL, and the end is written to.
    let number = unsafe { read(string.as_ptr(), &mut end, 10) };
    let in_range = Errno::last() != Errno::ERANGE;
    let read = end as usize - string.as_ptr() as usize;
    (in_range && read == text.len() && text.last().is_some_and(u8::is_ascii_digit)).then_some(number)
}

/// Without the `-` that strtoull(3) takes for a number from the other end.
fn unsigned(text: &[u8]) -> Option<u64> {
    by_c_library(text, libc::strtoull).filter(|_| !text.contains(&b'-'))
}

fn model_of_id(text: &[u8]) -> Option<u32> {
    let id = u32::try_from(unsigned(text)?).ok()?;
    (id != u32::MAX).then_some(id)
}

fn check(bytes: &[u8]) {
    // No argument holds a NUL.
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = OsStr::from_bytes(bytes);
    bounded(bytes.len(), 8, 256, || {
        (number::<u64>(bytes), id(text), id_or_name(text), id_pair(text), seconds(text), signal(text))
    });
    assert_eq!(number::<u64>(bytes), unsigned(bytes));
    assert_eq!(seconds(text), by_c_library(bytes, libc::strtoll));
    assert_eq!(id(text), model_of_id(bytes));
    match id_or_name(text) {
        Some(IdOrName::Id(id)) => assert_eq!(Some(id), model_of_id(bytes)),
        // What is all digits is never looked up.
        Some(IdOrName::Name(name)) => {
            assert_eq!(name, text);
            assert_eq!(unsigned(bytes), None);
            assert!(name.is_empty() || !bytes.iter().all(u8::is_ascii_digit));
        }
        None => assert!(model_of_id(bytes).is_none()),
    }
    let mut parts = bytes.splitn(2, |byte| *byte == b':');
    let (uid, gid) = (parts.next().unwrap_or_default(), parts.next());
    let pair = gid.and_then(|gid| model_of_id(uid).zip(model_of_id(gid)));
    assert_eq!(id_pair(text), pair);
    check_signal(bytes);
}

/// Neither case nor `SIG` before it make a difference, and numbers are no names.
fn check_signal(bytes: &[u8]) {
    let read = |text: &[u8]| signal(OsStr::from_bytes(text));
    let found = read(bytes);
    assert_eq!(found, read(&bytes.to_ascii_lowercase()));
    assert_eq!(found, read(&bytes.to_ascii_uppercase()));
    let upper = bytes.to_ascii_uppercase();
    match upper.strip_prefix(b"SIG") {
        Some(rest) if !rest.starts_with(b"SIG") => assert_eq!(found, read(rest)),
        Some(_) => assert_eq!(found, None),
        None => assert_eq!(found, read(&[b"SIG", bytes].concat())),
    }
    if let Some(found) = found {
        assert!((1..=64).contains(&found.0) && !(32..34).contains(&found.0));
        assert!(bytes[0].is_ascii_alphabetic());
    }
}
