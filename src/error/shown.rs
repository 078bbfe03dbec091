//! Shows names of files, users and options in messages.

use std::ffi::OsStr;
use std::fmt::{self, Display, Formatter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Shows the bytes of a name: UTF-8 as it is, each other byte as `\xff`. With U+FFFD for all of these, two different
/// files would look the same.
pub trait Shown {
    /// To be written in a message.
    fn shown(&self) -> impl Display;
}

impl Shown for OsStr {
    fn shown(&self) -> impl Display {
        Bytes(self.as_bytes())
    }
}

impl Shown for Path {
    fn shown(&self) -> impl Display {
        Bytes(self.as_os_str().as_bytes())
    }
}

impl Shown for [u8] {
    fn shown(&self) -> impl Display {
        Bytes(self)
    }
}

struct Bytes<'b>(&'b [u8]);

impl Display for Bytes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            for byte in chunk.invalid() {
                f.write_char('\\')?;
                write!(f, "x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// The first `most` of these names, and how many others there are.
pub fn listed(names: &[String], most: usize) -> String {
    let (shown, more) = names.split_at(names.len().min(most));
    let shown = shown.join(", ");
    match more.len() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_told_apart() {
        let shown = |bytes: &[u8]| bytes.shown().to_string();
        assert_eq!(shown("a/ä".as_bytes()), "a/ä");
        assert_eq!(shown(b"a\xff\xc3(\xfe"), "a\\xff\\xc3(\\xfe");
        assert_eq!(Path::new(OsStr::from_bytes(b"/\x80")).shown().to_string(), "/\\x80");
    }
}
