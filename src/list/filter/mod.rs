//! `--filter`: a small language of comparisons over the cells of a row.
//!
//! text ─[`lexer`]─▶ tokens ─[`parser`]─▶ [`Filter`] ─[`eval`]─▶ whether a row is listed. Everything is bounded: the text,
//! the nodes and with them the depth, the patterns.

mod error;
mod eval;
mod lexer;
mod parser;
mod pattern;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub use error::FilterError;

use super::column::Column;
use super::value::Value;
use parser::Node;

/// The longest text of a filter, in bytes.
pub const MOST_BYTES: usize = 1024;
/// The most nodes, each operator, parenthesis and operand being one.
pub const MOST_NODES: usize = 256;
/// The longest pattern of `=~`, in bytes.
pub const MOST_PATTERN_BYTES: usize = 256;

/// A filter that has been read. An empty one lets all rows pass.
#[derive(Debug)]
pub struct Filter(Option<Node>);

impl Filter {
    /// Reads a filter.
    pub fn parse(text: &OsStr) -> Result<Filter, FilterError> {
        let text = text.as_bytes();
        if text.len() > MOST_BYTES {
            return Err(FilterError::TooLong);
        }
        if text.is_empty() {
            return Ok(Filter(None));
        }
        parser::parse(&lexer::tokens(text)?, text.len()).map(|node| Filter(Some(node)))
    }

    /// The columns that it looks at.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        if let Some(node) = &self.0 {
            node.collect(&mut columns);
        }
        columns
    }

    /// Whether it holds for a row, whose cells `cell` fills when they are needed. Errors: a cell that is to be compared
    /// as a number is none.
    pub fn holds(&self, mut cell: impl FnMut(Column) -> Value) -> Result<bool, FilterError> {
        match &self.0 {
            None => Ok(true),
            Some(node) => eval::truth(node, &mut cell),
        }
    }
}
