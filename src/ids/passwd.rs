//! The lines of passwd(5) and group(5), and the files themselves.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use nix::fcntl::OFlag;

use crate::number::parse_decimal;
use crate::sys::file::open_retrying;
use crate::sys::stat::fstat;

/// Which of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// passwd(5).
    Users,
    /// group(5).
    Groups,
}

impl Database {
    /// The name that getent(1) knows it by.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Database::Users => "passwd",
            Database::Groups => "group",
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Database::Users => "/etc/passwd",
            Database::Groups => "/etc/group",
        }
    }
}

/// The fields that we need of a line of either database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name of the user or group.
    pub name: Vec<u8>,
    /// The number.
    pub id: u32,
    /// The last field: of passwd(5), the login shell.
    pub last: Vec<u8>,
    /// The one before: of passwd(5), the home directory.
    pub before_last: Vec<u8>,
}

/// We skip a line of so many bytes or more: no name service makes one, and a long line must not fill our memory.
pub const LONGEST_LINE: u64 = 64 * 1024;

/// In bytes. No real user database is larger. In an entered file system, the file may be endless.
const LARGEST_FILE: u64 = 64 << 20;

fn entry(line: &[u8]) -> Option<Entry> {
    let fields: Vec<_> = line.split(|byte| *byte == b':').collect();
    let ([name, _, id, .., last], Some(before_last)) = (&fields[..], fields.iter().nth_back(1)) else {
        return None;
    };
    // `+` and `-` lines are NIS instructions.
    if matches!(name, [] | [b'+' | b'-', ..]) {
        return None;
    }
    Some(Entry { name: name.to_vec(), id: parse_decimal(id)?, last: last.to_vec(), before_last: before_last.to_vec() })
}

/// Calls `visit` with each entry of a passwd(5) or group(5) file, or of getent(1)'s output, until it returns false.
/// Malformed lines are skipped. Errors: those of `reader`.
pub fn for_each_entry(reader: impl Read, mut visit: impl FnMut(Entry) -> bool) -> io::Result<()> {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut start = reader.by_ref().take(LONGEST_LINE);
        if start.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let Some(text) = line.strip_suffix(b"\n").or((line.len() < LONGEST_LINE as usize).then_some(&line)) else {
            // Skip the rest of a line that is too long: it is not another line.
            skip_line(&mut reader)?;
            continue;
        };
        if let Some(entry) = entry(text)
            && !visit(entry)
        {
            return Ok(());
        }
    }
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => result?,
        };
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let skipped = end.map_or(bytes.len(), |end| end + 1);
        reader.consume(skipped);
        if end.is_some() || skipped == 0 {
            return Ok(());
        }
    }
}

/// Visits the entries of the file, until `visit` returns false. Returns whether we may ask getent for more. In an
/// entered file system, a pipe, a device or an endless file may be in its place: we do not read that, and must not let
/// getent read it.
pub(super) fn visit_file(database: Database, visit: impl FnMut(Entry) -> bool) -> bool {
    let Ok(file) = open_retrying(Path::new(database.file()), OFlag::O_RDONLY) else {
        return true;
    };
    let Ok(stat) = fstat(&file) else { return true };
    let regular = stat.st_mode & libc::S_IFMT == libc::S_IFREG;
    if !regular || stat.st_size as u64 > LARGEST_FILE {
        return false;
    }
    // A size of 0 proves nothing: files of proc have it, too.
    visit_beginning(File::from(file), LARGEST_FILE, visit)
}

/// Visits the entries in the first `most` bytes. Returns whether the file ends there; false for a file that would
/// block, because that is not a database.
fn visit_beginning(file: impl Read, most: u64, visit: impl FnMut(Entry) -> bool) -> bool {
    let mut beginning = file.take(most + 1);
    match for_each_entry(&mut beginning, visit) {
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        Ok(()) => beginning.limit() > 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_passed_over_whole() {
        let long = "x".repeat(2 * LONGEST_LINE as usize);
        let text = format!("a{long}:x:1:1::/:\nb:{long}evil:x:0:0::/:\nc:x:3:3::/:\nd:x:4:4::/:");
        let mut names = Vec::new();
        for_each_entry(text.as_bytes(), |entry| {
            names.push(entry.name);
            true
        })
        .unwrap();
        assert_eq!(names, [b"c", b"d"]);
    }

    #[test]
    fn what_has_no_end_is_told() {
        let line = b"root:x:0:0:root:/root:/bin/sh\n";
        let all = |_| true;
        let length = line.len() as u64;
        assert!(visit_beginning(&line[..], length, all));
        assert!(!visit_beginning(&line[..], length - 1, all));
        assert!(!visit_beginning(io::repeat(0), 1 << 20, all));
        let mut found = 0;
        let first = |_| {
            found += 1;
            false
        };
        assert!(visit_beginning(line.chain(io::repeat(0)), 1 << 20, first));
        assert_eq!(found, 1);
    }

    #[test]
    fn lines_that_are_no_entries_are_passed_over() {
        let text = b"root:x:0:0:root:/root:/bin/bash\n\n+::::::\nbad\n:x:1:1::/:/bin/sh\nx:x:-1:0::/:\nbob:x:7:7::/:\n";
        let mut names = Vec::new();
        for_each_entry(&text[..], |entry| {
            names.push((String::from_utf8(entry.name).unwrap(), entry.id, String::from_utf8(entry.last).unwrap()));
            true
        })
        .unwrap();
        let expected = [("root", 0, "/bin/bash"), ("bob", 7, "")];
        assert_eq!(names, expected.map(|(name, id, last)| (name.to_string(), id, last.to_string())));
    }
}
