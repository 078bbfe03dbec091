//! JSON, laid out as scripts know it: three blanks of indent, `},{` between objects.

use std::io::{self, Write};

use super::order::depth_first;
use super::text::escape;
use super::{Printout, Style, pass_on};
use crate::list::value::Value;
use crate::list::view::bidi::Bidi;

/// Writes an object with the rows as the array `name`. The rows under a row are its array `children`.
pub fn write(name: &str, listing: &Printout, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let keys = listing.columns.iter().map(|column| (column.facts().name.to_ascii_lowercase(), Bidi::of(*column)));
    let keys: Vec<(String, Bidi)> = keys.collect();
    let mut json = Json::open(name);
    let mut depth = 0;
    for (at, place) in depth_first(&listing.lines).into_iter().enumerate() {
        if at > 0 {
            if place.depth > depth {
                json.open_children(depth);
            } else {
                for done in (place.depth + 1..=depth).rev() {
                    json.close_object(done);
                    json.close_children(done - 1);
                    pass_on(&mut json.0, out)?;
                }
                json.next_object(place.depth);
            }
        }
        if at == 0 || place.depth > depth {
            json.open_object(place.depth);
        }
        depth = place.depth;
        let cells = keys.iter().zip(&listing.lines[place.line].cells);
        for (column, ((key, bidi), cell)) in cells.enumerate() {
            json.member(depth, column == 0, key, (cell, *bidi), style.wrap);
        }
        pass_on(&mut json.0, out)?;
    }
    if !listing.lines.is_empty() {
        for done in (1..=depth).rev() {
            json.close_object(done);
            json.close_children(done - 1);
            pass_on(&mut json.0, out)?;
        }
        json.close_object(0);
    }
    out.write_all(&json.close())
}

/// JSON text under construction. Objects of depth 0 are those in the outermost array.
pub struct Json(Vec<u8>);

impl Json {
    /// The outer object and its array.
    pub fn open(name: &str) -> Json {
        Json(format!("{{\n   \"{name}\": [\n").into_bytes())
    }

    /// What begins with this text.
    pub fn of(text: Vec<u8>) -> Json {
        Json(text)
    }

    /// Adds text as it is.
    pub fn text(&mut self, text: &str) {
        self.0.extend(text.bytes());
    }

    /// All of it.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The end of both.
    pub fn close(mut self) -> Vec<u8> {
        self.0.extend(b"\n   ]\n}\n");
        self.0
    }

    fn indent(&mut self, steps: usize) {
        self.0.resize(self.0.len() + 3 * steps, b' ');
    }

    /// `{` of the first object of an array.
    pub fn open_object(&mut self, depth: usize) {
        self.indent(2 + 2 * depth);
        self.0.push(b'{');
    }

    /// `},{`.
    pub fn next_object(&mut self, depth: usize) {
        self.0.push(b'\n');
        self.indent(2 + 2 * depth);
        self.0.extend(b"},{");
    }

    /// `}` of the last object of an array.
    pub fn close_object(&mut self, depth: usize) {
        self.0.push(b'\n');
        self.indent(2 + 2 * depth);
        self.0.push(b'}');
    }

    fn open_children(&mut self, depth: usize) {
        self.0.extend(b",\n");
        self.indent(3 + 2 * depth);
        self.0.extend(b"\"children\": [\n");
    }

    fn close_children(&mut self, depth: usize) {
        self.0.push(b'\n');
        self.indent(3 + 2 * depth);
        self.0.push(b']');
    }

    /// A key with its value.
    pub fn member(&mut self, depth: usize, first: bool, key: &str, (cell, bidi): (&Value, Bidi), wrap: bool) {
        self.0.extend_from_slice(if first { b"\n" } else { b",\n" });
        self.indent(3 + 2 * depth);
        self.text(&format!("\"{key}\": "));
        self.value(cell, bidi, wrap);
    }

    /// A value.
    pub fn value(&mut self, cell: &Value, bidi: Bidi, wrap: bool) {
        match cell {
            Value::Empty => self.0.extend(b"null"),
            Value::Number(number) => self.0.extend(number.to_string().bytes()),
            Value::Text(text) => self.string(text, bidi),
            Value::Lines(lines) => {
                let separator = if wrap { b'\n' } else { b',' };
                self.string(&lines.join(&separator), bidi);
            }
        }
    }

    /// JSON cannot hold bytes that are not UTF-8: we write them as the table does, `\xHH`.
    fn string(&mut self, bytes: &[u8], bidi: Bidi) {
        self.0.push(b'"');
        for chunk in bytes.utf8_chunks() {
            for character in chunk.valid().chars() {
                self.character(character, bidi);
            }
            for byte in chunk.invalid() {
                self.0.push(b'\\');
                self.0.extend(escape(*byte));
            }
        }
        self.0.push(b'"');
    }

    fn character(&mut self, character: char, bidi: Bidi) {
        match character {
            '"' => self.0.extend(b"\\\""),
            '\\' => self.0.extend(b"\\\\"),
            '\u{8}' => self.0.extend(b"\\b"),
            '\t' => self.0.extend(b"\\t"),
            '\n' => self.0.extend(b"\\n"),
            '\u{c}' => self.0.extend(b"\\f"),
            '\r' => self.0.extend(b"\\r"),
            // U+009B drives a terminal as ESC [ does. To a parser, the escaped form is the same.
            // And U+202E changes the order of what is read.
            _ if bidi.escapes(character) || matches!(character, '\0'..' ' | '\u{7f}'..='\u{9f}') => {
                self.0.extend(format!("\\u{:04x}", character as u32).bytes())
            }
            _ => self.0.extend(character.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
}
