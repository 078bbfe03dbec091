//! Raw output: a blank between cells, and none within.

use super::order::depth_first;
use super::text::escape;
use super::{Listing, Style};
use crate::list::value::Value;

/// The rows in the order of the tree, but without its glyphs; nothing at all without rows.
pub fn render(listing: &Listing, style: &Style) -> Vec<u8> {
    let mut out = Vec::new();
    if listing.lines.is_empty() {
        return out;
    }
    if style.headings {
        let names = listing.columns.iter().map(|column| column.facts().name);
        out.extend(names.collect::<Vec<_>>().join(" ").bytes());
        out.push(b'\n');
    }
    for place in depth_first(&listing.lines) {
        for (at, cell) in listing.lines[place.line].cells.iter().enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            match cell {
                Value::Empty => {}
                Value::Number(number) => out.extend(number.to_string().bytes()),
                Value::Text(text) => append(text, &mut out),
                Value::Lines(lines) => append(&lines.join(&b','), &mut out),
            }
        }
        out.push(b'\n');
    }
    out
}

/// Appends `bytes` with all but visible ASCII escaped.
pub fn append(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'!'..=b'~' if *byte != b'\\' => out.push(*byte),
            _ => out.extend_from_slice(&escape(*byte)),
        }
    }
}
