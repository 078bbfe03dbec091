//! `--style`: a table with lines around its cells, for people and reports. comfy-table draws it.

use std::io::{self, Write};

use comfy_table::presets::{ASCII_FULL_CONDENSED, ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, TableStyle};

use super::order::{ASCII, Branches, Glyphs, TreePlace, UNICODE, depth_first};
use super::text::escape_into;
use super::{Printout, Style};
use crate::list::query::request::Look;
use crate::list::value::Value;
use crate::list::view::bidi::Bidi;
use crate::sys::locale::Locale;

/// Writes the table; nothing at all without rows.
pub fn write(listing: &Printout, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if listing.lines.is_empty() {
        return Ok(());
    }
    // Lines of ASCII where the locale has no others.
    let has_unicode = style.locale.has_unicode();
    let look = if has_unicode || style.look != Look::Rounded { style.look } else { Look::Ascii };
    let drawn = Drawn {
        listing,
        look,
        wrap: style.wrap,
        // comfy-table takes UTF-8 alone.
        locale: if has_unicode { style.locale } else { &Locale::C },
        glyphs: if has_unicode { &UNICODE } else { &ASCII },
    };
    let mut table = drawn.table(style.headings);
    drawn.arrange(&mut table, style.width);
    writeln!(out, "{}", table.trim_fmt())
}

struct Drawn<'d> {
    listing: &'d Printout,
    look: Look,
    wrap: bool,
    locale: &'d Locale,
    glyphs: &'d Glyphs,
}

impl Drawn<'_> {
    fn table(&self, headings: bool) -> Table {
        let mut table = Table::new();
        table.load_style(lines_of(self.look));
        if headings {
            table.set_header(self.listing.columns.iter().map(|column| column.facts().name));
        }
        let mut branches = Branches::default();
        for place in depth_first(&self.listing.lines) {
            branches.go(&place);
            let cells = self.listing.columns.iter().zip(&self.listing.lines[place.line].cells);
            let cells = cells.map(|(column, value)| {
                let is_tree = self.listing.tree == Some(*column);
                Cell::new_owned(self.cell(value, Bidi::of(*column), is_tree.then_some((&place, &branches))))
            });
            table.add_row(Row::from(cells.collect::<Vec<_>>()));
        }
        table
    }

    /// The text of a cell, with the branches of the tree before each of its lines.
    fn cell(&self, value: &Value, bidi: Bidi, tree: Option<(&TreePlace, &Branches)>) -> String {
        let mut lines: Vec<&[u8]> = Vec::new();
        let (number, joined);
        match value {
            Value::Empty => {}
            Value::Number(value) => {
                number = value.to_string();
                lines.push(number.as_bytes());
            }
            Value::Text(text) => lines.push(text),
            Value::Lines(several) if self.wrap => lines.extend(several.iter().map(Vec::as_slice)),
            Value::Lines(several) => {
                joined = several.join(&b',');
                lines.push(&joined);
            }
        }
        if lines.is_empty() && tree.is_some() {
            lines.push(b"");
        }
        let lines = lines.iter().enumerate().map(|(at, line)| {
            let branch = tree.map(|(place, branches)| branches.prefix(place, self.glyphs, at == 0));
            self.line(&branch.unwrap_or_default(), line, bidi)
        });
        // A row of Markdown is one line.
        lines.collect::<Vec<_>>().join(if self.look == Look::Markdown { "<br>" } else { "\n" })
    }

    fn line(&self, branch: &str, text: &[u8], bidi: Bidi) -> String {
        let mut line = branch.as_bytes().to_vec();
        escape_into(text, self.locale, bidi, &mut line);
        let line = String::from_utf8_lossy(&line).into_owned();
        match self.look {
            Look::Markdown => in_markdown(&line),
            _ => line,
        }
    }

    /// Numbers stand to the right and are never broken up; other cells are, where the terminal ends.
    fn arrange(&self, table: &mut Table, width: Option<usize>) {
        if let Some(width) = width.filter(|_| self.look != Look::Markdown) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        }
        for (at, column) in self.listing.columns.iter().enumerate() {
            let Some(drawn) = table.column_mut(at) else {
                continue;
            };
            let is_tree = self.listing.tree == Some(*column);
            if column.facts().right && !is_tree {
                drawn.set_cell_alignment(CellAlignment::Right);
            }
            if column.facts().number || is_tree && column.facts().minimum > 0 {
                drawn.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
}

fn lines_of(look: Look) -> TableStyle {
    match look {
        Look::Rounded | Look::Plain => UTF8_FULL_CONDENSED.with_rounded_corners(),
        Look::Ascii => ASCII_FULL_CONDENSED,
        Look::Markdown => ASCII_MARKDOWN,
    }
}

/// With a backslash before what Markdown would take for more than text.
fn in_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '~' | '&') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
