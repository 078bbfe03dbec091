//! Lines of /etc/passwd and /etc/group, and what getent(1) says, which is the same.

use std::io::Read;

use nskit::internals::ids::passwd::{Entry, LONGEST_LINE, for_each_entry};

use super::Check;
use super::memory::bounded;

/// The check.
pub const CHECK: Check = Check {
    name: "passwd",
    tokens: &[
        "root:x:0:0:root:/root:/bin/bash\n",
        "audio:x:29:\n",
        ":",
        "\n",
        "+",
        "-",
        "x",
        "0",
        "4294967295",
        "4294967296",
        "\u{1}",
        "/bin/sh",
        " ",
    ],
    run: check,
};

/// In the input, this byte stands for a long part of a line.
const LONG: u8 = 1;
/// Two of them are longer than any line may be.
const LONG_PART: usize = LONGEST_LINE as usize * 3 / 5;
/// More of them only cost time.
const MOST_LONG: usize = 8;

fn check(bytes: &[u8]) {
    let mut text = Vec::new();
    let mut long = 0;
    for byte in bytes {
        match *byte {
            LONG if long < MOST_LONG => {
                text.resize(text.len() + LONG_PART, b'x');
                long += 1;
            }
            byte => text.push(byte),
        }
    }
    let expected = model(&text);
    for piece in [1, 7, usize::MAX] {
        // In single bytes, long lines would take long.
        if piece > 1 || long == 0 {
            let reader = InPieces { rest: &text, piece };
            let found = bounded(text.len(), 64, 4 * LONGEST_LINE as usize, || read(reader, usize::MAX));
            assert_eq!(found, expected);
        }
    }
    // Whoever has what it wants reads no further.
    assert_eq!(read(&text[..], 1), expected[..expected.len().min(1)]);
}

fn read(reader: impl Read, most: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    for_each_entry(reader, |entry| {
        entries.push(entry);
        entries.len() < most
    })
    .unwrap();
    entries
}

/// A file that is read a few bytes at a time, as a pipe may be.
struct InPieces<'t> {
    rest: &'t [u8],
    piece: usize,
}

impl Read for InPieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.piece.min(buffer.len()).min(self.rest.len());
        let (now, later) = self.rest.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.rest = later;
        Ok(length)
    }
}

/// All lines at once.
fn model(text: &[u8]) -> Vec<Entry> {
    let lines = text.split(|byte| *byte == b'\n');
    let entry = |line: &[u8]| {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        let digits = fields.get(2)?;
        let name = fields[0];
        let is_entry = line.len() < LONGEST_LINE as usize
            && fields.len() >= 4
            && name.first().is_some_and(|first| *first != b'+' && *first != b'-')
            && digits.iter().all(u8::is_ascii_digit);
        let id = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let [.., before_last, last] = &fields[..] else { return None };
        let (before_last, last) = (before_last.to_vec(), last.to_vec());
        is_entry.then(|| Entry { name: name.to_vec(), id, last, before_last })
    };
    lines.filter_map(entry).collect()
}
