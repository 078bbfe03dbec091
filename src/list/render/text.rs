//! Bytes as a terminal may see them: what is not printable in the locale is escaped.

use super::{Charset, width};

/// Appends `bytes` to `out` as the table shows them, and returns how many columns that takes: control characters, and
/// bytes that are no character of the locale, as `\xHH`; a `\` as `\x5c` where it would look like the begin of one.
pub fn show(bytes: &[u8], charset: Charset, out: &mut Vec<u8>) -> usize {
    pieces(bytes, charset).fold(0, |columns, piece| columns + piece.append(out))
}

/// As [`show`], but no more than fits into `room` columns; an escape may be cut within.
pub fn show_cut(bytes: &[u8], charset: Charset, room: usize, out: &mut Vec<u8>) -> usize {
    let mut columns = 0;
    for piece in pieces(bytes, charset) {
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

fn pieces(bytes: &[u8], charset: Charset) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = bytes;
    let mut escape_to_come = 0;
    std::iter::from_fn(move || {
        let (first, tail) = rest.split_first()?;
        if escape_to_come > 0 {
            escape_to_come -= 1;
            rest = tail;
            return Some(Piece::Escaped(*first));
        }
        let printable = match first {
            b'\\' if tail.first() == Some(&b'x') => None,
            b' '..=b'~' => Some((1, 1)),
            0x80.. if charset == Charset::Utf8 => {
                let length = character(rest);
                let columns = length.and_then(|(length, character)| Some((length, width::of(character)?)));
                if let (Some((length, _)), None) = (length, columns) {
                    escape_to_come = length - 1;
                }
                columns
            }
            _ => None,
        };
        match printable {
            Some((length, columns)) => {
                let (shown, tail) = rest.split_at(length);
                rest = tail;
                Some(Piece::Printable(shown, columns))
            }
            None => {
                rest = tail;
                Some(Piece::Escaped(*first))
            }
        }
    })
}

/// The first character of `bytes` with its length, if it is one of UTF-8.
fn character(bytes: &[u8]) -> Option<(usize, char)> {
    let length = match bytes.first()? {
        ..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return None,
    };
    let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
    Some((length, text.chars().next()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &[u8], charset: Charset) -> (String, usize) {
        let mut out = Vec::new();
        let columns = show(text, charset, &mut out);
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
            assert_eq!(shown(text, Charset::Utf8), (utf8.to_string(), columns), "{text:?}");
        }
        assert_eq!(shown("é".as_bytes(), Charset::Ascii).0, "\\xc3\\xa9");
    }

    #[test]
    fn a_cut_goes_through_escapes_but_not_through_characters() {
        let cut = |text: &[u8], room| {
            let mut out = Vec::new();
            let columns = show_cut(text, Charset::Utf8, room, &mut out);
            (String::from_utf8_lossy(&out).into_owned(), columns)
        };
        assert_eq!(cut(b"ab\x01cd", 4), ("ab\\x".to_string(), 4));
        assert_eq!(cut("日本".as_bytes(), 3), ("日".to_string(), 2));
    }

    proptest! {
        #[test]
        fn only_printable_bytes_come_out(bytes: Vec<u8>) {
            let mut out = Vec::new();
            let columns = show(&bytes, Charset::Ascii, &mut out);
            prop_assert_eq!(columns, out.len());
            prop_assert!(out.iter().all(|byte| (b' '..=b'~').contains(byte)));
            let mut utf8 = Vec::new();
            show(&bytes, Charset::Utf8, &mut utf8);
            prop_assert!(std::str::from_utf8(&utf8).is_ok());
        }

        #[test]
        fn a_cut_fits(bytes: Vec<u8>, room in 0usize..40) {
            let mut out = Vec::new();
            prop_assert!(show_cut(&bytes, Charset::Utf8, room, &mut out) <= room);
        }
    }
}
