//! /proc/PID/stat, see proc_pid_stat(5).

use crate::number::{parse_decimal, parse_signed};

/// The fields of a process's stat file that a listing needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// PID of its parent; 0 if that is outside of our PID namespace.
    pub parent: i32,
    /// Whether it is a thread of the kernel's.
    pub kernel_thread: bool,
    /// The number of its threads, including a first thread that has exited.
    pub threads: u32,
}

/// PF_KTHREAD of <linux/sched.h>, in the `flags` field.
pub const KERNEL_THREAD: u32 = 0x0020_0000;

/// Parses a stat file: `PID (COMM) STATE PPID …`. A comm may hold blanks, newlines and parentheses: only the **last**
/// `)` surely ends it.
pub fn parse(text: &[u8]) -> Option<Stat> {
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let mut fields = text[end + 1..].split(|byte| byte.is_ascii_whitespace()).filter(|field| !field.is_empty());
    let parent = parse_decimal(fields.nth(1)?)?;
    // Between them: process group, session, terminal and its foreground group.
    let flags: u32 = parse_decimal(fields.nth(4)?)?;
    // Between them: faults, times, priority and niceness.
    let threads = fields.nth(10).and_then(parse_decimal).unwrap_or(1);
    Some(Stat { parent, kernel_thread: flags & KERNEL_THREAD != 0, threads })
}

/// When the process started, in clock ticks since boot: field 22. Who has taken the PID since then started later.
pub fn started(text: &[u8]) -> Option<u64> {
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let mut fields = text[end + 1..].split(|byte| byte.is_ascii_whitespace()).filter(|field| !field.is_empty());
    parse_decimal(fields.nth(19)?)
}

/// Its nice value: field 19.
pub fn nice(text: &[u8]) -> Option<i32> {
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let mut fields = text[end + 1..].split(|byte| byte.is_ascii_whitespace()).filter(|field| !field.is_empty());
    parse_signed(fields.nth(16)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comm_ends_at_the_last_parenthesis() {
        for comm in ["sh", "a) R 1 1 (b", ") R 1 1", "two\nlines", "", "()", "))"] {
            let text = format!("7 ({comm}) S 42 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0\n");
            let expected = Stat { parent: 42, kernel_thread: false, threads: 3 };
            assert_eq!(parse(text.as_bytes()), Some(expected), "{comm:?}");
        }
        let kthreadd = parse(b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0").unwrap();
        assert_eq!((kthreadd.parent, kthreadd.kernel_thread), (0, true));
    }

    #[test]
    fn a_start_time_is_the_twenty_second_field() {
        let own = std::fs::read("/proc/self/stat").unwrap();
        let fields = String::from_utf8(own.clone()).unwrap();
        let behind = fields.rsplit_once(')').unwrap().1.split_whitespace().nth(22 - 3).unwrap();
        assert_eq!(started(&own), Some(behind.parse().unwrap()));
        assert_eq!(started(b"7 (a) b 1) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 9"), Some(4711));
        assert_eq!(started(b"7 (sh) S 1"), None);
    }

    #[test]
    fn a_nice_value_is_the_nineteenth_field() {
        assert_eq!(nice(b"7 (a) b 1) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 39 -19 1 0 4711 9"), Some(-19));
        assert_eq!(nice(b"7 (sh) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 5 1 0 4711 9"), Some(5));
        assert_eq!(nice(b"7 (sh) S 1"), None);
    }

    #[test]
    fn what_is_no_stat_file_is_refused() {
        for text in ["", "7", "7 (sh", "7 (sh)", "7 (sh) S", "7 (sh) S -1 1 1 1 1 1", "7 (sh) S 1 1 1 1 1"] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
