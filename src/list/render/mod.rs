//! Rows of cells → bytes: one pure function for each form of output.

mod columns;
mod json;
mod locale;
mod order;
mod raw;
mod table;
mod text;
mod width;

pub use columns::columns;
pub use locale::Charset;

use super::column::Column;
use super::request::Format;
use super::value::Value;

/// A row to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// A cell a column.
    pub cells: Vec<Value>,
    /// The line that it hangs under; always an earlier one.
    pub parent: Option<usize>,
}

/// All that is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, those that hang under others after them.
    pub lines: Vec<Line>,
    /// The column in which the tree is drawn, if there is one.
    pub tree: Option<Column>,
    /// How many processes were looked at.
    pub processes: usize,
    /// How many of those could not be looked into for want of rights.
    pub unreadable: usize,
}

/// How it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// The form.
    pub format: Format,
    /// Whether there is a header line.
    pub headings: bool,
    /// Whether a cell may take several lines.
    pub wrap: bool,
    /// The width of the terminal, where lines are to fit in one.
    pub width: Option<usize>,
    /// What the locale can show.
    pub charset: Charset,
}

/// The output for `listing`.
pub fn render(listing: &Listing, style: &Style) -> Vec<u8> {
    match style.format {
        Format::Table => table::render(listing, style),
        Format::Raw => raw::render(listing, style),
        Format::Json => json::render("namespaces", listing, style),
    }
}
