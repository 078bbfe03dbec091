//! Characters that change the order in which a person reads.

use crate::list::column::Column;

/// What becomes of bidirectional controls, U+202E and its like. A terminal carries them out, although iswprint(3) calls them
/// printable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bidi {
    /// They stay as they are.
    Kept,
    /// They are escaped.
    Escaped,
}

impl Bidi {
    /// Columns that util-linux has too look as they do there.
    pub fn of(column: Column) -> Bidi {
        if column.is_ours() { Bidi::Escaped } else { Bidi::Kept }
    }

    /// Whether this character is escaped.
    pub fn escapes(self, character: char) -> bool {
        self == Bidi::Escaped && is_control(character)
    }
}

/// UAX #9: marks, embeddings, overrides and isolates.
fn is_control(character: char) -> bool {
    let marks = matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}');
    marks || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text with these controls as octal digits, for a column of util-linux that holds a text of ours.
pub fn in_octal(text: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let bytes = character.encode_utf8(&mut buffer).bytes();
            match is_control(character) {
                true => shown.extend(bytes.flat_map(|byte| format!("\\{byte:03o}").into_bytes())),
                false => shown.extend(bytes),
            }
        }
        shown.extend(chunk.invalid());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_controls_become_octal() {
        let shown = in_octal("/a\u{202e}\u{5d0}".as_bytes());
        assert_eq!(shown, "/a\\342\\200\\256\u{5d0}".as_bytes());
        assert_eq!(in_octal(b"\xff\xe2\x80"), b"\xff\xe2\x80");
    }
}
