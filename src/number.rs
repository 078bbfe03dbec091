//! Decimal numbers in bytes, as in the files of /proc and /etc and in the arguments of options.

use std::str::FromStr;

/// The number that `text` holds, which must be decimal digits only: no sign, no blank.
pub fn parse_decimal<T: FromStr>(text: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(text).ok()?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The number that `text` holds in decimal digits, after blanks and a `+`, as strtol(3) takes it. Scripts rely on that.
pub fn number<T: FromStr>(text: &[u8]) -> Option<T> {
    let text = after_blanks(text);
    parse_decimal(text.strip_prefix(b"+").unwrap_or(text))
}

/// The number that `text` holds in decimal digits, behind a `-` if it is below 0.
pub fn parse_signed<T: FromStr>(text: &[u8]) -> Option<T> {
    parse_decimal::<u64>(text.strip_prefix(b"-").unwrap_or(text))?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `text` after its leading isspace(3) characters. `u8::is_ascii_whitespace` lacks one of these, the vertical tab.
pub fn after_blanks(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let blanks = text.iter().take_while(|byte| blank(byte)).count();
    &text[blanks..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_digits_alone_or_what_strtol_passes_over() {
        for (text, strict, lax) in [
            (&b"7"[..], Some(7u8), Some(7u8)),
            (b"007", Some(7), Some(7)),
            (b" \t7", None, Some(7)),
            (b"\x0b7", None, Some(7)),
            (b"+7", None, Some(7)),
            (b"", None, None),
            (b"++7", None, None),
            (b"-7", None, None),
            (b"7 ", None, None),
            (b"256", None, None),
            (b"\xff", None, None),
        ] {
            assert_eq!((parse_decimal(text), number(text)), (strict, lax), "{text:?}");
        }
    }
}
