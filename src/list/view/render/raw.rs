//! Raw output: a blank between cells, and none within.

use std::io::{self, Write};

use super::order::depth_first;
use super::text::escape;
use super::{Printout, Style, pass_on};
use crate::list::value::Value;

/// Writes the rows in the order of the tree, but without its glyphs; nothing at all without rows.
pub fn write(listing: &Printout, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if listing.lines.is_empty() {
        return Ok(());
    }
    let mut text = Vec::new();
    if style.headings {
        let names = listing.columns.iter().map(|column| column.facts().name);
        text.extend(names.collect::<Vec<_>>().join(" ").bytes());
        text.push(b'\n');
    }
    for place in depth_first(&listing.lines) {
        for (at, cell) in listing.lines[place.line].cells.iter().enumerate() {
            if at > 0 {
                text.push(b' ');
            }
            match cell {
                Value::Empty => {}
                Value::Number(number) => text.extend(number.to_string().bytes()),
                Value::Text(bytes) => append(bytes, &mut text),
                Value::Lines(lines) => append(&lines.join(&b','), &mut text),
            }
        }
        text.push(b'\n');
        pass_on(&mut text, out)?;
    }
    out.write_all(&text)
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
