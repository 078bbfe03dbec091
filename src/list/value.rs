//! The content of a cell.

use std::rc::Rc;

/// What a cell holds, before it is dressed for an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: null in JSON.
    Empty,
    /// A number.
    Number(u64),
    /// A text of any bytes; shared, since one process may lead many namespaces.
    Text(Rc<[u8]>),
    /// Several texts, one below the other.
    Lines(Vec<Vec<u8>>),
}

impl Value {
    /// A text, or [`Value::Empty`] for an empty one.
    pub fn text(text: &[u8]) -> Value {
        if text.is_empty() { Value::Empty } else { Value::Text(text.into()) }
    }

    /// Several texts, or [`Value::Empty`] for an empty list.
    pub fn lines(lines: Vec<Vec<u8>>) -> Value {
        if lines.is_empty() { Value::Empty } else { Value::Lines(lines) }
    }
}

/// Text that another chose, such as a path or the name of an interface, as one entry of [`Value::Lines`]. Entries are
/// separated by line ends or commas, and parts of an entry by blanks: none of these may come out of the text. We write
/// them, and the backslash, as three octal digits, as /proc/PID/mountinfo does.
pub fn as_word(text: &[u8]) -> Vec<u8> {
    as_entry(text).split(|byte| *byte == b' ').collect::<Vec<_>>().join(&b"\\040"[..])
}

/// As [`as_word`], for an entry that ends with the text, or with words that need no protection: blanks stay.
pub fn as_entry(text: &[u8]) -> Vec<u8> {
    let mut entry = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'\n' | b',' | b'\\' => entry.extend(format!("\\{byte:03o}").bytes()),
            _ => entry.push(*byte),
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_one_entry() {
        assert_eq!(as_entry(b"/a\nfd 1:99,process 1\\054 b"), b"/a\\012fd 1:99\\054process 1\\134054 b");
        assert_eq!(as_word(b"a b,c "), b"a\\040b\\054c\\040");
    }
}
