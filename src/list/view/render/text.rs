//! Makes bytes safe for a terminal: escapes what is not printable in the locale.

use crate::list::view::bidi::Bidi;
use crate::sys::locale::Locale;

/// Appends `bytes` to `out` as the table shows them, and returns how many columns that takes. Control characters, and
/// bytes that do not form a character in the locale, become `\xHH`. A `\` becomes `\x5c` if it would look like the
/// start of such an escape.
pub fn escape_into(bytes: &[u8], locale: &Locale, bidi: Bidi, out: &mut Vec<u8>) -> usize {
    // Nearly all is plain ASCII, where a byte is a column in every locale, and is copied whole.
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    out.reserve(bytes.len());
    let (mut rest, mut columns) = (bytes, 0);
    while !rest.is_empty() {
        let (plain, tail) = rest.split_at(rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len()));
        out.extend_from_slice(plain);
        let odd = tail.iter().position(is_plain).unwrap_or(tail.len());
        // What is behind a `\` tells whether it is escaped.
        let odd = if tail[..odd].ends_with(b"\\") { tail.len().min(odd + 1) } else { odd };
        let (odd, tail) = tail.split_at(odd);
        columns += pieces(odd, locale, bidi).fold(plain.len(), |columns, piece| columns + piece.append(out));
        rest = tail;
    }
    columns
}

/// As [`escape_into`], but no more than fits into `room` columns. It may cut an escape in the middle.
pub fn escape_cut_into(bytes: &[u8], locale: &Locale, bidi: Bidi, room: usize, out: &mut Vec<u8>) -> usize {
    let mut columns = 0;
    for piece in pieces(bytes, locale, bidi) {
        let mut shown = Vec::new();
        let more = piece.append(&mut shown);
        if columns + more <= room {
            out.append(&mut shown);
            columns += more;
            continue;
        }
        if let Piece::Escaped(_) = piece {
            out.extend_from_slice(&shown[..room - columns]);
            columns = room;
        }
        break;
    }
    columns
}

/// A character or a byte.
enum Piece<'b> {
    /// To be printed, in so many columns.
    Printable(&'b [u8], usize),
    /// To be escaped.
    Escaped(u8),
}

impl Piece<'_> {
    fn append(&self, out: &mut Vec<u8>) -> usize {
        match self {
            Piece::Printable(bytes, columns) => {
                out.extend_from_slice(bytes);
                *columns
            }
            Piece::Escaped(byte) => {
                out.extend_from_slice(&escape(*byte));
                4
            }
        }
    }
}

/// `\xHH`.
pub fn escape(byte: u8) -> [u8; 4] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [b'\\', b'x', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

fn pieces<'b>(bytes: &'b [u8], locale: &Locale, bidi: Bidi) -> impl Iterator<Item = Piece<'b>> {
    let mut rest = bytes;
    let mut escape_to_come = 0;
    let is_kept = move |shown: &[u8]| {
        let text = std::str::from_utf8(shown).unwrap_or_default();
        !text.chars().any(|character| bidi.escapes(character))
    };
    std::iter::from_fn(move || {
        if escape_to_come == 0 && !rest.is_empty() {
            match locale.first(rest) {
                (length, Some(columns)) if !rest.starts_with(b"\\x") && is_kept(&rest[..length]) => {
                    let (shown, tail) = rest.split_at(length);
                    rest = tail;
                    return Some(Piece::Printable(shown, columns));
                }
                (length, _) => escape_to_come = length,
            }
        }
        let (byte, tail) = rest.split_first()?;
        rest = tail;
        escape_to_come -= 1;
        Some(Piece::Escaped(*byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unicode() -> Locale {
        let locale = Locale::named(c"C.UTF-8");
        assert!(locale.has_unicode(), "C.UTF-8 is not installed");
        locale
    }

    fn shown(text: &[u8], locale: &Locale) -> (String, usize) {
        let mut out = Vec::new();
        let columns = escape_into(text, locale, Bidi::Kept, &mut out);
        (String::from_utf8_lossy(&out).into_owned(), columns)
    }

    #[test]
    fn what_cannot_be_printed_is_escaped() {
        for (text, utf8, columns) in [
            (&b"a\tb\x7f"[..], "a\\x09b\\x7f", 10),
            (b"\\x41 \\n \\", "\\x5cx41 \\n \\", 12),
            ("日本".as_bytes(), "日本", 4),
            ("e\u{301}".as_bytes(), "e\u{301}", 1),
            ("\u{85}".as_bytes(), "\\xc2\\x85", 8),
            (b"\xff\xe2\x82", "\\xff\\xe2\\x82", 12),
        ] {
            assert_eq!(shown(text, &unicode()), (utf8.to_string(), columns), "{text:?}");
        }
        assert_eq!(shown("é".as_bytes(), &Locale::C).0, "\\xc3\\xa9");
    }

    #[test]
    fn what_changes_the_order_of_reading_is_escaped_in_our_columns_alone() {
        let controls =
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        let shown = |text: &str, bidi| {
            let mut out = Vec::new();
            escape_into(text.as_bytes(), &unicode(), bidi, &mut out);
            String::from_utf8(out).unwrap()
        };
        for control in controls.chars() {
            let text = format!("a{control}\u{5d0}");
            let bytes = control.to_string().bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
            assert_eq!(shown(&text, Bidi::Escaped), format!("a{bytes}\u{5d0}"));
        }
        assert_eq!(shown("a\u{202e}b", Bidi::Kept), "a\u{202e}b");
        // Neighbours of theirs are in the names of people.
        assert_eq!(
            shown("\u{200c}\u{200d}\u{202f}\u{206a}", Bidi::Escaped),
            shown("\u{200c}\u{200d}\u{202f}\u{206a}", Bidi::Kept)
        );
    }

    #[test]
    fn a_cut_goes_through_escapes_but_not_through_characters() {
        let cut = |text: &[u8], room| {
            let mut out = Vec::new();
            let columns = escape_cut_into(text, &unicode(), Bidi::Escaped, room, &mut out);
            (String::from_utf8_lossy(&out).into_owned(), columns)
        };
        assert_eq!(cut(b"ab\x01cd", 4), ("ab\\x".to_string(), 4));
        assert_eq!(cut("日本".as_bytes(), 3), ("日".to_string(), 2));
    }

    proptest! {
        #[test]
        fn only_printable_bytes_come_out(bytes: Vec<u8>) {
            let mut out = Vec::new();
            let columns = escape_into(&bytes, &Locale::C, Bidi::Escaped, &mut out);
            prop_assert_eq!(columns, out.len());
            prop_assert!(out.iter().all(|byte| (b' '..=b'~').contains(byte)));
            let mut utf8 = Vec::new();
            escape_into(&bytes, &unicode(), Bidi::Escaped, &mut utf8);
            prop_assert!(std::str::from_utf8(&utf8).is_ok());
        }

        #[test]
        fn runs_of_plain_bytes_are_as_if_looked_at_one_by_one(text in "(\\PC|[\\\\x]|[\0-\u{a0}]|[\u{200d}-\u{202f}]){0,12}", bytes: Vec<u8>) {
            for bytes in [text.as_bytes(), &bytes] {
                for locale in [Locale::C, unicode()] {
                    let (mut whole, mut single) = (Vec::new(), Vec::new());
                    let columns = pieces(bytes, &locale, Bidi::Escaped).map(|piece| piece.append(&mut single)).sum();
                    let shown = escape_into(bytes, &locale, Bidi::Escaped, &mut whole);
                    prop_assert_eq!((shown, &whole), (columns, &single));
                }
            }
        }

        #[test]
        fn a_cut_fits(bytes: Vec<u8>, room in 0usize..40) {
            let mut out = Vec::new();
            prop_assert!(escape_cut_into(&bytes, &unicode(), Bidi::Escaped, room, &mut out) <= room);
        }
    }
}
