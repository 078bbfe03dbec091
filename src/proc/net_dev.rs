//! /proc/PID/net/dev, see proc_pid_net(5): the network devices.

/// In bytes: more devices than anybody has.
pub const LONGEST: usize = 16 * 1024 * 1024;

/// The names of the devices: two lines of headings, then `NAME: NUMBERS`. A name has no blank and no colon in it, but
/// the maker of the device chose all its other bytes.
pub fn names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = text.split(|byte| *byte == b'\n').skip(2);
    lines.filter_map(|line| {
        let end = line.iter().position(|byte| *byte == b':')?;
        let blanks = line.iter().take_while(|byte| **byte == b' ').count();
        line.get(blanks..end).filter(|name| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_device() {
        let text = b"Inter-|   Receive\n face |bytes\n    lo:       0 0\n\x1b[2J,x: 1 2\n  : 3\nodd\n";
        assert_eq!(names(text).collect::<Vec<_>>(), [&b"lo"[..], b"\x1b[2J,x"]);
        assert_eq!(names(b"").count(), 0);
    }
}
