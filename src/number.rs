//! Decimal numbers in bytes, as in the files of /proc and /etc and in the arguments of options.

use std::str::FromStr;

/// The number that `text` holds, which must be decimal digits only: no sign, no blank. A listing reads thousands of them, so
/// it does not go through `str`, which would look at each byte three times.
pub fn parse_decimal<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    let mut number = 0u64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(digit.into())?;
    }
    T::try_from(number).ok().filter(|_| !text.is_empty())
}

/// The number that `text` holds in decimal digits, after blanks and a `+`, as strtol(3) takes it. Scripts rely on that.
pub fn number<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
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
            (b"18446744073709551623", None, None),
            (b"\xff", None, None),
        ] {
            assert_eq!((parse_decimal(text), number(text)), (strict, lax), "{text:?}");
        }
    }
}
