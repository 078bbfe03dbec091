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
