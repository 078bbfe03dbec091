//! Rows of cells → bytes: one function for each output format, which only writes.

pub mod change;
mod columns;
mod drawn;
mod json;
mod order;
mod paint;
mod raw;
mod table;
mod text;

use std::io::{self, Write};

pub use columns::columns;

use crate::list::column::Column;
use crate::list::query::request::{Format, Look};
use crate::list::search::{Looked, MissingPath};
use crate::list::value::Value;
use crate::proc::link::Inode;
use crate::sys::locale::Locale;

/// A row to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// A cell a column.
    pub cells: Vec<Value>,
    /// The line above it in the tree; always an earlier one.
    pub parent: Option<usize>,
    /// What colours tell of it.
    pub mark: Mark,
    /// Of which namespace it is, if that has been asked for.
    pub key: Option<Key>,
}

/// What tells a namespace from those that come after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its number, which the kernel gives to another once it is gone.
    pub inode: Inode,
    /// Its 64-bit id; `None` before the kernel has these, and if it could not be opened.
    pub id: Option<u64>,
    /// The first of what holds it.
    pub holder: Option<Vec<u8>>,
}

impl Key {
    /// Whether both are of the same namespace. If one of them lacks the id, that is so while the same holds it.
    pub fn is_same(&self, other: &Key) -> bool {
        let by_id = self.id.zip(other.id).map(|(one, another)| one == another);
        self.inode == other.inode && by_id.unwrap_or(self.holder == other.holder)
    }
}

/// What colours tell of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    #[default]
    None,
    /// Its namespace is one that we are in.
    Own,
    /// No process is in its namespace.
    Processless,
}

/// All that is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printout {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; each comes after the one above it in the tree.
    pub lines: Vec<Line>,
    /// The column in which the tree is drawn; `None` for a flat list.
    pub tree: Option<Column>,
    /// How many processes were looked at.
    pub processes: usize,
    /// The number of processes that we lack the rights to look into.
    pub unreadable: usize,
    /// Where --find has looked, if it has found nothing.
    pub missed: Option<Looked>,
    /// What --find has taken for a path that does not exist here.
    pub missing: Vec<MissingPath>,
    /// Why processes were not asked by BPF, if that was wanted.
    pub no_bpf: Option<String>,
}

/// How it is printed.
#[derive(Clone, Copy, Debug)]
pub struct Style<'l> {
    /// The form.
    pub format: Format,
    /// How a table is drawn.
    pub look: Look,
    /// Whether there is a header line.
    pub headings: bool,
    /// Whether a cell may take several lines.
    pub wrap: bool,
    /// The width of the terminal, if lines must fit in it.
    pub width: Option<usize>,
    /// Whether there are colours in it.
    pub colour: bool,
    /// Which characters can be shown.
    pub locale: &'l Locale,
}

/// Writes the output for `listing`. Errors: those of `out`.
///
/// It writes in pieces. A row of a tree is as long as it is deep, and any user who starts processes decides how deep:
/// all rows together may exceed the memory.
pub fn write(listing: &Printout, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    match style.format {
        Format::Table if style.look == Look::Plain => table::write(listing, style, out),
        Format::Table => drawn::write(listing, style, out),
        Format::Raw => raw::write(listing, style, out),
        Format::Json => json::write("namespaces", listing, style, out),
    }
}

/// Writes what has been rendered, once it is worth a system call.
fn pass_on(text: &mut Vec<u8>, out: &mut dyn Write) -> io::Result<()> {
    const WORTH: usize = 64 * 1024;
    if text.len() >= WORTH {
        out.write_all(text)?;
        text.clear();
    }
    Ok(())
}
