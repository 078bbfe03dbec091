//! /proc/PID/timens_offsets, see time_namespaces(7): a clock a line, its name, seconds and nanoseconds.

use crate::number::parse_decimal;

/// How many nanoseconds a second has.
pub const SECOND: i128 = 1_000_000_000;

/// In bytes. No such file is longer: it has a line for each of two clocks.
pub const LONGEST: usize = 256;

/// The offset of the clock called `name`, in nanoseconds. Nothing here takes memory.
pub fn offset(text: &[u8], name: &str) -> Option<i128> {
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
        if fields.next()? != name.as_bytes() {
            return None;
        }
        let seconds = signed(fields.next()?)?;
        let nanoseconds: u32 = parse_decimal(fields.next()?)?;
        fields.next().is_none().then(|| i128::from(seconds) * SECOND + i128::from(nanoseconds))
    })
}

fn signed(text: &[u8]) -> Option<i64> {
    match text {
        [b'-', number @ ..] => 0i64.checked_sub_unsigned(parse_decimal(number)?),
        number => parse_decimal(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_offset_is_found_by_the_name_of_its_clock() {
        let text = b"monotonic          -2 500000000\nboottime           99         0\n";
        assert_eq!(offset(text, "monotonic"), Some(-1_500_000_000));
        assert_eq!(offset(text, "boottime"), Some(99 * SECOND));
        assert_eq!(offset(text, "boot"), None);
        for bad in ["boottime", "boottime 1", "boottime 1 2 3", "boottime 1 -2", "boottime +1 2", "boottime x 0", ""] {
            assert_eq!(offset(bad.as_bytes(), "boottime"), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_offset_is_read_back(seconds: i64, nanoseconds in 0u32..1_000_000_000) {
            let text = format!("boottime 1 1\nmonotonic {seconds:>10} {nanoseconds:>9}\n");
            let expected = i128::from(seconds) * SECOND + i128::from(nanoseconds);
            prop_assert_eq!(offset(text.as_bytes(), "monotonic"), Some(expected));
        }
    }
}
