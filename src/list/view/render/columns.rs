//! `--list-columns`.

use super::json::Json;
use super::raw;
use crate::list::column::COLUMNS;
use crate::list::query::request::Format;
use crate::list::value::Value;
use crate::list::view::bidi::Bidi;

/// The columns there are: name, type, what they hold.
pub fn columns(format: Format) -> Vec<u8> {
    let rows = COLUMNS.iter().map(|facts| {
        let kind = if facts.number { "<integer>" } else { "<string>" };
        [facts.name, kind, facts.help]
    });
    match format {
        Format::Json => json(rows),
        Format::Raw => raw_rows(rows),
        Format::Table => table(rows),
    }
}

fn table<'r>(rows: impl Iterator<Item = [&'r str; 3]> + Clone) -> Vec<u8> {
    let width = |at: usize| rows.clone().map(|row| row[at].len()).max().unwrap_or(0);
    let (names, kinds) = (width(0), width(1));
    rows.clone()
        .map(|[name, kind, help]| format!("{name:>names$} {kind:<kinds$} {help}\n"))
        .collect::<String>()
        .into_bytes()
}

fn raw_rows<'r>(rows: impl Iterator<Item = [&'r str; 3]>) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            raw::append(cell.as_bytes(), &mut out);
        }
        out.push(b'\n');
    }
    out
}

fn json<'r>(rows: impl Iterator<Item = [&'r str; 3]>) -> Vec<u8> {
    let mut json = Json::open("lsns-columns");
    for (at, row) in rows.enumerate() {
        if at == 0 {
            json.open_object(0);
        } else {
            json.next_object(0);
        }
        for (column, (key, cell)) in ["holder", "type", "description"].iter().zip(row).enumerate() {
            json.member(0, column == 0, key, (&Value::text(cell.as_bytes()), Bidi::Kept), true);
        }
    }
    json.close_object(0);
    json.close()
}
