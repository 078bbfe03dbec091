//! /proc/PID/limits, see proc_pid_limits(5): a limit a line, its name, the soft and the hard value.

use crate::number::parse_decimal;
use crate::sys::limit::{Limit, UNLIMITED, names};

/// In bytes. There are 17 lines of 80.
pub const LONGEST: usize = 4096;

/// All limits; `None` if one is missing or not a number.
pub fn parse(text: &[u8]) -> Option<Vec<Limit>> {
    names().map(|name| limit(text, name)).collect()
}

fn limit(text: &[u8], name: &'static str) -> Option<Limit> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let rest = lines.find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b" "))?;
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let mut value = || match words.next()? {
        b"unlimited" => Some(UNLIMITED),
        word => parse_decimal(word),
    };
    Some(Limit { name, soft: value()?, hard: value()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_limits_of_a_process_are_read() {
        let own = std::fs::read("/proc/self/limits").unwrap();
        let limits = parse(&own).unwrap();
        assert_eq!(limits.len(), own.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"Max ")).count());
        let text = String::from_utf8(own.clone()).unwrap();
        let replaced = text.replace("Max open files            ", "Max open files            11 unlimited ");
        let files = |limits: Vec<Limit>| limits.into_iter().find(|limit| limit.name == "Max open files");
        let expected = Limit { name: "Max open files", soft: 11, hard: UNLIMITED };
        assert_eq!(files(parse(replaced.as_bytes()).unwrap()), Some(expected));
    }

    #[test]
    fn what_lacks_one_is_refused() {
        let own = String::from_utf8(std::fs::read("/proc/self/limits").unwrap()).unwrap();
        assert_eq!(parse(own.replace("Max file locks", "Max flocks").as_bytes()), None);
        assert_eq!(parse(own.replace("Max file locks  ", "Max file locks x").as_bytes()), None);
        assert_eq!(parse(b""), None);
        let longest = format!("{own}\nMax cpu time {} 1", "9".repeat(30));
        assert!(parse(longest.as_bytes()).is_some());
    }
}
