//! /proc/PID/timens_offsets, see time_namespaces(7): a line a clock, `monotonic SECONDS NANOSECONDS`.

use crate::number::parse_decimal;

/// In bytes. There are two clocks.
pub const LONGEST: usize = 1024;

/// `monotonic 5 boottime 7`, in seconds; nothing if all clocks are those of the system.
pub fn text(offsets: &[u8]) -> String {
    let clocks: Vec<_> = offsets.split(|byte| *byte == b'\n').filter_map(clock).collect();
    match clocks.iter().any(|(_, offset)| *offset != 0) {
        true => {
            clocks.iter().map(|(name, offset)| format!("{name} {}", seconds(*offset))).collect::<Vec<_>>().join(" ")
        }
        false => String::new(),
    }
}

/// A clock and its offset in nanoseconds.
fn clock(line: &[u8]) -> Option<(&str, i128)> {
    let mut fields = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let (name, seconds) = (fields.next()?, fields.next()?.parse::<i64>().ok()?);
    let nanoseconds: u32 = parse_decimal(fields.next()?.as_bytes())?;
    Some((name, i128::from(seconds) * BILLION + i128::from(nanoseconds)))
}

const BILLION: i128 = 1_000_000_000;

fn seconds(offset: i128) -> String {
    let (whole, rest) = (offset.abs() / BILLION, offset.abs() % BILLION);
    let sign = if offset < 0 { "-" } else { "" };
    match rest {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{rest:09}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_of_the_system_are_not_worth_a_word() {
        for (file, expected) in [
            ("monotonic           0         0\nboottime            0         0\n", ""),
            ("monotonic           5         0\nboottime            0         0\n", "monotonic 5 boottime 0"),
            (
                "monotonic          -5         0\nboottime           -8 900000000\n",
                "monotonic -5 boottime -7.100000000",
            ),
            ("monotonic           0 000000007\nboottime            1         0\n", "monotonic 0.000000007 boottime 1"),
            ("monotonic          -1 500000000\nboottime            0         0\n", "monotonic -0.500000000 boottime 0"),
            ("", ""),
            ("monotonic x 0\nodd\n", ""),
        ] {
            assert_eq!(text(file.as_bytes()), expected, "{file:?}");
        }
    }
}
