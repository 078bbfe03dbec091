//! /proc/PID/status, see proc_pid_status(5): a field a line, `NAME:`, a tab and its value. A comm cannot forge a field:
//! the kernel escapes line ends in it.

use crate::number::parse_decimal;

/// In bytes. No status file is longer, even with all its groups and processors.
pub const LONGEST: usize = 64 * 1024;

/// The value of the field called `name`, without the blanks around it.
pub fn field<'t>(text: &'t [u8], name: &str) -> Option<&'t [u8]> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b":"))?;
    Some(value.trim_ascii())
}

/// The process that a thread belongs to; for the first thread of a process, that process.
pub fn process_of_thread(text: &[u8]) -> Option<i32> {
    parse_decimal(field(text, "Tgid")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = b"Name:\ta\\nTgid:\t9\nPid:\t8\nTgid:\t7\nNSpid:\t8\t1\nGroups:\t \n";
        assert_eq!(field(text, "Pid"), Some(&b"8"[..]));
        assert_eq!(field(text, "NSpid"), Some(&b"8\t1"[..]));
        assert_eq!(field(text, "Groups"), Some(&b""[..]));
        assert_eq!(field(text, "NS"), None);
        assert_eq!(process_of_thread(text), Some(7));
        assert_eq!(process_of_thread(b""), None);
    }
}
