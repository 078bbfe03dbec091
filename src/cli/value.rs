//! Parses the arguments of options: pure functions from bytes to values, `None` for invalid ones.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::getopt::{Matched, UsageError, Wording};
use crate::enter::setting::ClockChange;
use crate::enter::unshare::NewMount;
use crate::error::{RequestError, Shown};
use crate::ids::map::Extent;
use crate::ids::passwd::Database;
use crate::ids::users::id_by_name;
pub use crate::number::number;
use crate::number::{after_blanks, parse_decimal};
use crate::sys::signal::{REAL_TIME_RANGE, SignalNumber, SignalSet, by_name};

/// A user or group as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdOrName {
    /// A number.
    Id(u32),
    /// Anything else.
    Name(OsString),
}

impl IdOrName {
    /// The number. A name is looked up outside, before any namespace is entered. Errors: nobody has that name.
    pub fn number(&self, database: Database) -> Result<u32, RequestError> {
        match self {
            IdOrName::Id(id) => Ok(*id),
            IdOrName::Name(name) => id_by_name(database, name).ok_or_else(|| RequestError::unknown(database, name)),
        }
    }
}

/// A UID or GID. The highest 32-bit number means "none" to the kernel and is not an id.
pub fn id(text: &OsStr) -> Option<u32> {
    number(text.as_bytes()).filter(|id| *id != u32::MAX)
}

/// How a bad UID is spoken of.
pub const UID: Wording = Wording::Number("failed to parse uid");
/// How a bad GID is spoken of.
pub const GID: Wording = Wording::Number("failed to parse gid");

/// A UID or GID, or a name to look up.
pub fn id_or_name(text: &OsStr) -> Option<IdOrName> {
    id_of_program(text).filter(|id| *id != IdOrName::Id(u32::MAX))
}

/// The UID or GID of the program, or a name to look up. setuid(2) and setgid(2) refuse the number that is not an id, in
/// their turn, as in the reference.
pub fn id_of_program(text: &OsStr) -> Option<IdOrName> {
    match number::<u64>(text.as_bytes()) {
        Some(_) => number(text.as_bytes()).map(IdOrName::Id),
        // Longer than any id, but not a name either.
        None if text.as_bytes().iter().all(u8::is_ascii_digit) => None,
        None => Some(IdOrName::Name(text.to_os_string())),
    }
}

/// `UID:GID`.
pub fn id_pair(text: &OsStr) -> Option<(u32, u32)> {
    let (uid, gid) = split_once(text.as_bytes(), b':')?;
    Some((id(OsStr::from_bytes(uid))?, id(OsStr::from_bytes(gid))?))
}

/// A path from `/` on.
pub fn absolute(text: &OsStr) -> Option<PathBuf> {
    text.as_bytes().starts_with(b"/").then(|| PathBuf::from(text))
}

/// `SRC:DST` or `SRC:DST:ro`, with colons in paths written `\:`, and backslashes `\\`.
pub fn bind(text: &OsStr) -> Option<NewMount> {
    let mut fields = vec![Vec::new()];
    let mut bytes = text.as_bytes().iter();
    while let Some(byte) = bytes.next() {
        let field = fields.last_mut()?;
        match byte {
            b':' => fields.push(Vec::new()),
            b'\\' => field.push(*bytes.next().filter(|escaped| matches!(escaped, b':' | b'\\'))?),
            byte => field.push(*byte),
        }
    }
    let (source, on, read_only) = match &fields[..] {
        [source, on] => (source, on, false),
        [source, on, ro] if ro == b"ro" => (source, on, true),
        _ => return None,
    };
    let on = absolute(OsStr::from_bytes(on))?;
    (!source.is_empty()).then(|| NewMount::Bind { source: OsStr::from_bytes(source).into(), on, read_only })
}

/// What becomes of a clock: an offset in seconds, or `@` and the seconds that it shows.
pub fn clock_change(text: &OsStr) -> Option<ClockChange> {
    match text.as_bytes() {
        [b'@', reading @ ..] => parse_decimal(reading).map(ClockChange::Reading),
        _ => seconds(text).map(ClockChange::Offset),
    }
}

/// Seconds, with a sign or without.
pub fn seconds(text: &OsStr) -> Option<i64> {
    match after_blanks(text.as_bytes()) {
        [b'-', number @ ..] => parse_decimal::<u64>(number).and_then(|number| 0i64.checked_sub_unsigned(number)),
        [b'+', number @ ..] => parse_decimal(number),
        number => parse_decimal(number),
    }
}

/// The argument of `--map-users` or `--map-groups`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockArgument {
    /// `INNER:OUTER:COUNT`, or `OUTER,INNER,COUNT`.
    Block(Extent),
    /// The first block of subordinate ids, from 0 on inside.
    Auto,
    /// All blocks of subordinate ids, one after the other from 0 on inside.
    Ranges,
    /// The first block, mapped to itself.
    Subids,
    /// Every id of our user namespace, to itself.
    All,
}

/// Reads the argument of `--map-users` or `--map-groups`.
pub fn block_argument(text: &OsStr) -> Option<BlockArgument> {
    match text.as_bytes() {
        b"auto" => return Some(BlockArgument::Auto),
        b"ranges" => return Some(BlockArgument::Ranges),
        b"subids" => return Some(BlockArgument::Subids),
        b"all" => return Some(BlockArgument::All),
        _ => {}
    }
    let numbers = |separator| -> Option<[u32; 3]> {
        let mut fields = text.as_bytes().split(|byte| *byte == separator).map(number::<u32>);
        let numbers = [fields.next()??, fields.next()??, fields.next()??];
        fields.next().is_none().then_some(numbers)
    };
    let extent = match (numbers(b':'), numbers(b',')) {
        (Some([inner, outer, count]), _) | (_, Some([outer, inner, count])) => Extent { inner, outer, count },
        _ => return None,
    };
    extent.is_in_range().then_some(BlockArgument::Block(extent))
}

/// How many bytes of a part the reference reads.
const LONGEST_PART: usize = 33;

/// The reference's message about an invalid argument of `--map-users` or `--map-groups`.
///
/// It reads the parts between the commas one by one. A comma at the end belongs to the last part. It reports an empty
/// part, a fourth part, and the number that is not an id as one element too many.
pub fn what_is_wrong_with_block(text: &OsStr) -> String {
    let (bytes, shown) = (text.as_bytes(), text.shown());
    let invalid = || format!("invalid mapping '{shown}'");
    if bytes.contains(&b':') && !bytes.contains(&b',') {
        return invalid();
    }
    let too_many = || format!("too many elements for mapping '{shown}'");
    let (body, ends_in_comma) = match bytes {
        [body @ .., b','] => (body, true),
        body => (body, false),
    };
    let parts: Vec<&[u8]> = body.split(|byte| *byte == b',').collect();
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        let with_comma = [part, &b","[..]].concat();
        let part = if is_last && ends_in_comma { &with_comma } else { *part };
        if part.is_empty() || at == 3 || number(part) == Some(u32::MAX) {
            return too_many();
        }
        if number::<u32>(part).is_none() {
            let said = &part[..part.len().min(LONGEST_PART)];
            return Wording::Number("could not parse ID").of(OsStr::from_bytes(said));
        }
    }
    match parts.len() {
        3 => invalid(),
        count => format!("mapping '{shown}' contains only {count} elements"),
    }
}

fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = text.iter().position(|byte| *byte == at)?;
    Some((&text[..position], &text[position + 1..]))
}

/// A signal by name: with or without `SIG`, in any case, `RTMIN+n` and `RTMAX-n` within the real-time range.
pub fn signal(text: &OsStr) -> Option<SignalNumber> {
    let upper = text.to_str()?.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(number) = by_name(name) {
        return Some(number);
    }
    let (first, last) = REAL_TIME_RANGE;
    let number = if let Some(offset) = name.strip_prefix("RTMIN") {
        first.checked_add(real_time_offset(offset, b'+')?)?
    } else {
        last.checked_sub(real_time_offset(name.strip_prefix("RTMAX")?, b'-')?)?
    };
    (first..=last).contains(&number).then_some(SignalNumber(number))
}

/// Reads the signal of --kill-child; SIGKILL without an argument.
pub fn read_kill_child<A>(matched: &Matched<'_, A>) -> Result<SignalNumber, UsageError> {
    match matched.value {
        None => Ok(SignalNumber::KILL),
        Some(_) => matched.read(Wording::Bare("unknown signal"), "the name of a signal", signal),
    }
}

/// Reads the signals to pass on: names separated by commas, or `all` for those that processes send one another; SIGTERM
/// and SIGINT without an argument. Errors: the first name that is unknown, or belongs to a signal that nobody can
/// block.
pub fn read_signals<A>(matched: &Matched<'_, A>) -> Result<SignalSet, UsageError> {
    let Some(list) = &matched.value else { return Ok(SignalSet::TERM_INT) };
    let mut signals = SignalSet::default();
    for name in list.as_bytes().split(|byte| *byte == b',') {
        let name = OsStr::from_bytes(name);
        let named = match name.as_bytes() {
            b"all" => Some(SignalSet::messages()),
            _ => signal(name).map(|signal| SignalSet::of(&[signal])),
        };
        let expected = "names of signals with commas between them, or all";
        let unknown = || matched.bad_value(Wording::Bare("unknown signal").of(name), expected);
        let named = named.ok_or_else(unknown)?;
        if named.contains(SignalNumber::KILL) || named.contains(SignalNumber::STOP) {
            let said = Wording::Bare("signal cannot be passed on").of(name);
            return Err(matched.bad_value(said, "signals other than KILL and STOP"));
        }
        signals = signals.union(named);
    }
    Ok(signals)
}

/// Nothing is 0; else the sign and a number.
fn real_time_offset(text: &str, sign: u8) -> Option<i32> {
    match text.as_bytes() {
        [] => Some(0),
        [first, number @ ..] if *first == sign => parse_decimal(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signals_have_names_only() {
        for (text, number) in
            [("KILL", 9), ("sigterm", 15), ("SigHup", 1), ("RTMIN", 34), ("rtmin+3", 37), ("SIGRTMAX-1", 63)]
        {
            assert_eq!(signal(OsStr::new(text)), Some(SignalNumber(number)), "{text}");
        }
        for text in ["", "SIG", "9", "FOO", "RTMIN-1", "RTMIN+31", "RTMAX+1", "RTMAX-31", "RTMIN+", "SIGSIGTERM"] {
            assert_eq!(signal(OsStr::new(text)), None, "{text}");
        }
    }

    #[test]
    fn ids_and_pairs() {
        assert_eq!(id(OsStr::new("4294967294")), Some(4294967294));
        for text in ["", "-1", "++1", "+ 1", "1 ", "0x1", "4294967295", "4294967296", "a"] {
            assert_eq!(id(OsStr::new(text)), None, "{text}");
        }
        for text in [" 7", "+7", "\t+7", "\u{b} 7"] {
            assert_eq!(id(OsStr::new(text)), Some(7), "{text}");
        }
        assert_eq!(id_or_name(OsStr::new("4294967295")), None);
        assert_eq!(id_or_name(OsStr::new("alice")), Some(IdOrName::Name("alice".into())));
        assert_eq!(id_pair(OsStr::new("1:2")), Some((1, 2)));
        for text in ["1", "1:", ":1", "1:2:3", "a:1"] {
            assert_eq!(id_pair(OsStr::new(text)), None, "{text}");
        }
    }

    #[test]
    fn arguments_of_blocks() {
        let block = |inner, outer, count| Some(BlockArgument::Block(Extent { inner, outer, count }));
        for (text, expected) in [
            ("1:2:3", block(1, 2, 3)),
            ("2,1,3", block(1, 2, 3)),
            ("auto", Some(BlockArgument::Auto)),
            ("ranges", Some(BlockArgument::Ranges)),
            ("subids", Some(BlockArgument::Subids)),
            ("all", Some(BlockArgument::All)),
            ("0:0:4294967295", block(0, 0, u32::MAX)),
            (" 2, 1,+3", block(1, 2, 3)),
            ("1:0:4294967295", None),
            ("0:0:0", None),
            ("1:2", None),
            ("1:2:3:4", None),
            ("1:2,3", None),
            ("", None),
            ("a:b:c", None),
            ("-1:2:3", None),
            ("1 :2:3", None),
        ] {
            assert_eq!(block_argument(OsStr::new(text)), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_offset_is_read_back(offset: i64) {
            prop_assert_eq!(seconds(OsStr::new(&offset.to_string())), Some(offset));
            if offset >= 0 {
                prop_assert_eq!(seconds(OsStr::new(&format!("+{offset}"))), Some(offset));
            }
        }

        #[test]
        fn a_real_time_signal_counts_from_either_end(offset in 0i32..=30) {
            let (first, last) = REAL_TIME_RANGE;
            prop_assert_eq!(signal(OsStr::new(&format!("RTMIN+{offset}"))), Some(SignalNumber(first + offset)));
            prop_assert_eq!(signal(OsStr::new(&format!("sigrtmax-{offset}"))), Some(SignalNumber(last - offset)));
        }

        #[test]
        fn every_block_is_read_back(inner in 0u32..1 << 31, outer in 0u32..1 << 31, count in 1u32..1 << 31) {
            let expected = Some(BlockArgument::Block(Extent { inner, outer, count }));
            prop_assert_eq!(block_argument(OsStr::new(&format!("{inner}:{outer}:{count}"))), expected);
            prop_assert_eq!(block_argument(OsStr::new(&format!("{outer},{inner},{count}"))), expected);
        }
    }
}
