//! The table: padded columns, a tree in glyphs, cells of several lines.

use std::borrow::Cow;
use std::io::{self, Write};

use super::order::{ASCII, Branches, Glyphs, TreePlace, UNICODE, depth_first};
use super::text::{escape_cut_into, escape_into};
use super::{Line, Printout, Style, paint, pass_on};
use crate::list::column::Column;
use crate::list::value::Value;
use crate::list::view::bidi::Bidi;

/// Writes the table; nothing at all without rows.
pub fn write(listing: &Printout, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if listing.lines.is_empty() {
        return Ok(());
    }
    let places = depth_first(&listing.lines);
    let table = Table {
        listing,
        style,
        glyphs: if style.locale.has_unicode() { &UNICODE } else { &ASCII },
        widths: widths(listing, style, &places),
    };
    let mut text = Vec::new();
    if style.headings {
        table.header(&mut text);
    }
    let mut branches = Branches::default();
    for place in &places {
        branches.go(place);
        table.row(place, &branches, &mut text);
        pass_on(&mut text, out)?;
    }
    out.write_all(&text)
}

struct Table<'t> {
    listing: &'t Printout,
    style: &'t Style<'t>,
    glyphs: &'t Glyphs,
    widths: Vec<Width>,
}

/// How wide a column is, and whether its cells are cut at that.
#[derive(Clone, Copy, Debug)]
struct Width {
    columns: usize,
    cut: bool,
}

/// The lines of a cell.
fn lines(value: &Value, wrap: bool) -> Vec<Cow<'_, [u8]>> {
    match value {
        Value::Empty => Vec::new(),
        Value::Number(number) => vec![number.to_string().into_bytes().into()],
        Value::Text(text) => vec![text[..].into()],
        Value::Lines(lines) if wrap => lines.iter().map(Cow::from).collect(),
        Value::Lines(lines) => vec![lines.join(&b',').into()],
    }
}

/// How many lines a row takes.
pub(super) fn height(row: &Line, style: &Style) -> usize {
    row.cells.iter().map(|cell| lines(cell, style.wrap).len()).max().unwrap_or(0).max(1)
}

/// The width of the widest cell of each column, reduced to what the terminal has room for.
fn widths(listing: &Printout, style: &Style, places: &[TreePlace]) -> Vec<Width> {
    let last = listing.columns.len().saturating_sub(1);
    let mut widths = Vec::with_capacity(listing.columns.len());
    let mut shown = Vec::new();
    for (at, column) in listing.columns.iter().enumerate() {
        let facts = column.facts();
        let mut widest = 0;
        // Nothing follows the last one, and it is not padded.
        if at != last || facts.right || style.width.is_some() {
            for place in places {
                let branch = if listing.tree == Some(*column) { 2 * place.depth } else { 0 };
                let cell = &listing.lines[place.line].cells[at];
                for line in lines(cell, style.wrap) {
                    shown.clear();
                    widest = widest.max(branch + escape_into(&line, style.locale, Bidi::of(*column), &mut shown));
                }
                widest = widest.max(branch);
            }
        }
        let columns = if widest < facts.name.len() { facts.name.len() } else { widest.max(facts.minimum) };
        widths.push(Width { columns, cut: false });
    }
    if let Some(terminal) = style.width {
        fit(&mut widths, &listing.columns, terminal);
    }
    widths
}

/// Narrows the columns that can be cut until the line fits, down to the length of their names.
fn fit(widths: &mut [Width], columns: &[Column], terminal: usize) {
    let separators = columns.len().saturating_sub(1);
    let total = widths.iter().map(|width| width.columns).sum::<usize>() + separators;
    let mut excess = total.saturating_sub(terminal);
    if excess == 0 {
        return;
    }
    let cut: Vec<usize> = (0..columns.len()).filter(|at| columns[*at].facts().cut).collect();
    for (done, at) in cut.iter().enumerate() {
        let share = excess.div_ceil(cut.len() - done);
        let least = columns[*at].facts().name.len();
        let taken = share.min(widths[*at].columns.saturating_sub(least));
        widths[*at].columns -= taken;
        widths[*at].cut = true;
        excess -= taken;
    }
}

impl Table<'_> {
    /// Whether the cells of a column are aligned to the right. The column of the tree is not.
    fn right(&self, column: Column) -> bool {
        column.facts().right && self.listing.tree != Some(column)
    }

    fn header(&self, out: &mut Vec<u8>) {
        for (at, column) in self.listing.columns.iter().enumerate() {
            let name = column.facts().name;
            let heading = Shown { bytes: name.into(), columns: name.len(), branch: 0 };
            self.pad(at, &heading, Some(paint::HEADING), out);
        }
        out.push(b'\n');
    }

    fn row(&self, place: &TreePlace, branches: &Branches, out: &mut Vec<u8>) {
        let row = &self.listing.lines[place.line];
        let cells: Vec<_> = row.cells.iter().map(|cell| lines(cell, self.style.wrap)).collect();
        for line in 0..height(row, self.style) {
            for (at, column) in self.listing.columns.iter().enumerate() {
                let text: &[u8] = cells[at].get(line).map_or(&[], Cow::as_ref);
                let branch = match self.listing.tree == Some(*column) {
                    true => branches.prefix(place, self.glyphs, line == 0),
                    false => String::new(),
                };
                self.pad(at, &self.shown(at, &branch, text), paint::cell(*column, text, row.mark), out);
            }
            out.push(b'\n');
        }
    }

    /// A line of a cell, with the branch of the tree before it, as wide as there is room.
    fn shown(&self, at: usize, branch: &str, text: &[u8]) -> Shown {
        let mut bytes = Vec::with_capacity(branch.len() + text.len());
        let bidi = Bidi::of(self.listing.columns[at]);
        let columns = match self.widths[at] {
            // Cut together with what it stands before.
            Width { columns: room, cut: true } => {
                let text = [branch.as_bytes(), text].concat();
                escape_cut_into(&text, self.style.locale, bidi, room, &mut bytes)
            }
            _ => {
                bytes.extend(branch.bytes());
                branch.chars().count() + escape_into(text, self.style.locale, bidi, &mut bytes)
            }
        };
        let branch = branch.len().min(bytes.len());
        Shown { bytes, columns, branch }
    }

    /// Appends a cell, padded unless it is the last, and the blank behind it.
    fn pad(&self, at: usize, shown: &Shown, colour: Option<&str>, out: &mut Vec<u8>) {
        let padding = self.widths[at].columns.saturating_sub(shown.columns);
        let last = at + 1 == self.listing.columns.len();
        let right = self.right(self.listing.columns[at]);
        let blanks = |out: &mut Vec<u8>| out.resize(out.len() + padding, b' ');
        if right && !(last && shown.bytes.is_empty()) {
            blanks(out);
        }
        let (branch, text) = shown.bytes.split_at(shown.branch);
        paint::append(branch, Some(paint::BRANCH).filter(|_| self.style.colour), out);
        paint::append(text, colour.filter(|_| self.style.colour), out);
        if !right && !last {
            blanks(out);
        }
        if !last {
            out.push(b' ');
        }
    }
}

/// What is shown of a line of a cell.
struct Shown {
    bytes: Vec<u8>,
    /// How wide it is.
    columns: usize,
    /// How many bytes at its beginning are the branch of the tree.
    branch: usize,
}
