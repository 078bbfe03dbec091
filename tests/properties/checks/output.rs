//! Cells of any bytes, as they are printed: what can be printed only, valid JSON, and nothing lost.

use nskit::internals::list::column::Column;
use nskit::internals::list::query::request::{Format, Look};
use nskit::internals::list::value::Value;
use nskit::internals::list::view::render::{Line, Mark, Printout, Style, write};
use nskit::internals::sys::locale::Locale;

use super::Check;
use super::memory::bounded;

/// The check.
pub const CHECK: Check = Check {
    name: "output",
    tokens: &[
        "\0\0\u{1}",
        "\u{7}",
        "\u{1b}[31m",
        "\\x41",
        "\\",
        "\"",
        "\n",
        "\t",
        "\u{85}",
        "日本",
        "e\u{301}",
        "\u{202e}",
        "a b",
        "\u{7f}",
        "\u{4}",
        "\u{14}",
    ],
    run: check,
};

/// As many rows nest in each other, and JSON readers have their limits.
const MOST_ROWS: usize = 40;

const COLUMNS: [Column; 6] = [Column::Ns, Column::Type, Column::Nsfs, Column::Command, Column::Unit, Column::User];

/// Bytes as choices.
struct Choices<'b>(&'b [u8]);

impl<'b> Choices<'b> {
    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first)
    }

    fn text(&mut self) -> &'b [u8] {
        let length = self.byte().min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        text
    }

    fn value(&mut self) -> Value {
        match self.byte() % 4 {
            0 => Value::Empty,
            1 => Value::Number(self.byte() as u64 * 0x0101_0101_0101_0101),
            2 => Value::text(self.text()),
            _ => Value::Lines((0..1 + self.byte() % 3).map(|_| self.text().to_vec()).collect()),
        }
    }
}

fn check(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let (form, shape, mask) = (choices.byte(), choices.byte(), choices.byte());
    let chosen = COLUMNS.into_iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
    let mut columns: Vec<Column> = chosen.map(|(_, column)| column).collect();
    if columns.is_empty() {
        columns.push(Column::Command);
    }
    let nests = shape & 1 == 1;
    let mut lines: Vec<Line> = Vec::new();
    while !choices.0.is_empty() && lines.len() < MOST_ROWS {
        let parent = choices.byte();
        lines.push(Line {
            parent: (nests && parent < lines.len()).then_some(parent),
            cells: columns.iter().map(|_| choices.value()).collect(),
            mark: [Mark::None, Mark::Own, Mark::Processless][parent % 3],
            key: None,
        });
    }
    let tree = columns.iter().copied().find(|column| nests && matches!(column, Column::Ns | Column::Command));
    let listing =
        Printout { columns, lines, tree, processes: 0, unreadable: 0, missed: None, missing: Vec::new(), no_bpf: None };
    let locale = if shape & 8 == 8 { Locale::named(c"C.UTF-8") } else { Locale::C };
    let style = Style {
        format: Format::Raw,
        headings: shape & 2 == 2,
        wrap: shape & 4 == 4,
        width: (form > 0).then_some(form),
        colour: false,
        look: Look::Plain,
        locale: &locale,
    };
    check_table(&listing, &Style { format: Format::Table, ..style });
    for look in [Look::Rounded, Look::Ascii, Look::Markdown] {
        check_drawn(&listing, &Style { format: Format::Table, look, ..style });
    }
    check_raw(bytes.len(), &listing, &style);
    check_json(&listing, &Style { format: Format::Json, ..style });
}

fn render(listing: &Printout, style: &Style) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(listing, style, &mut bytes).unwrap();
    bytes
}

/// Whatever is in the cells, nothing drives the terminal, and all lines of the table have the same number of borders.
fn check_drawn(listing: &Printout, style: &Style) {
    let table = render(listing, style);
    let text = std::str::from_utf8(&table).unwrap();
    assert!(text.chars().all(|character| !character.is_control() || character == '\n'));
    assert!(style.locale.has_unicode() || text.is_ascii());
    if style.look == Look::Markdown {
        let borders = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
        assert!(text.lines().all(|line| borders(line) == listing.columns.len() + 1), "{text}");
    }
}

fn check_table(listing: &Printout, style: &Style) {
    let table = render(listing, style);
    let text = std::str::from_utf8(&table).unwrap();
    let coloured = render(listing, &Style { colour: true, ..*style });
    assert_eq!(without_colours(&coloured), table);
    assert!(text.chars().all(|character| !character.is_control() || character == '\n'));
    assert!(style.locale.has_unicode() || text.is_ascii());
    let height = |line: &Line| {
        let cells = line.cells.iter().map(|cell| match cell {
            Value::Lines(lines) if style.wrap => lines.len(),
            _ => 1,
        });
        cells.max().unwrap_or(1)
    };
    let rows: usize = listing.lines.iter().map(height).sum();
    let header = usize::from(style.headings && !listing.lines.is_empty());
    assert_eq!(text.matches('\n').count(), rows + header);
    if let (Some(width), [Column::Command], false) = (style.width, &listing.columns[..], style.locale.has_unicode()) {
        assert!(text.lines().all(|line| line.len() <= width.max("COMMAND".len())));
    }
}

/// Without what begins with ESC and ends with `m`: no cell has an ESC in it.
fn without_colours(table: &[u8]) -> Vec<u8> {
    let mut parts = table.split(|byte| *byte == 0x1b);
    let first = parts.next().unwrap_or_default().to_vec();
    parts.fold(first, |mut text, part| {
        let end = part.iter().position(|byte| *byte == b'm').expect("each colour has an end");
        assert!(part[0] == b'[' && part[1..end].iter().all(u8::is_ascii_digit), "{}", part.escape_ascii());
        text.extend(&part[end + 1..]);
        text
    })
}

/// The rows in the order of the tree, each followed by those under it.
fn in_order(listing: &Printout) -> Vec<&Line> {
    fn add<'l>(parent: Option<usize>, listing: &'l Printout, order: &mut Vec<&'l Line>) {
        for (at, line) in listing.lines.iter().enumerate() {
            if line.parent == parent {
                order.push(line);
                add(Some(at), listing, order);
            }
        }
    }
    let mut order = Vec::new();
    add(None, listing, &mut order);
    order
}

fn check_raw(length: usize, listing: &Printout, style: &Style) {
    let raw = bounded(length, 256, 64 * 1024, || render(listing, style));
    let text = std::str::from_utf8(&raw).unwrap();
    assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
    let header = usize::from(style.headings && !listing.lines.is_empty());
    let rows: Vec<Vec<Vec<u8>>> = text.lines().skip(header).map(|row| row.split(' ').map(unescape).collect()).collect();
    let plain = |cell: &Value| match cell {
        Value::Empty => Vec::new(),
        Value::Number(number) => number.to_string().into(),
        Value::Text(text) => text.to_vec(),
        Value::Lines(lines) => lines.join(&b','),
    };
    let expected: Vec<Vec<Vec<u8>>> =
        in_order(listing).into_iter().map(|line| line.cells.iter().map(plain).collect()).collect();
    assert_eq!(rows, expected);
}

/// `\xHH` back to what it was; no other `\` is written.
fn unescape(cell: &str) -> Vec<u8> {
    let mut parts = cell.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    bytes
}

fn check_json(listing: &Printout, style: &Style) {
    let json = render(listing, style);
    assert!(json.iter().all(|byte| *byte >= b' ' || *byte == b'\n'));
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let mut objects = Vec::new();
    flatten(&json["namespaces"], &mut objects);
    let order = in_order(listing);
    assert_eq!(objects.len(), order.len());
    for (object, line) in objects.into_iter().zip(order) {
        for (column, cell) in listing.columns.iter().zip(&line.cells) {
            let found = &object[column.facts().name.to_ascii_lowercase()];
            match cell {
                Value::Empty => assert!(found.is_null()),
                Value::Number(number) => assert_eq!(found.as_u64(), Some(*number)),
                Value::Text(text) => assert_eq!(found.as_str(), Some(&*readable(text))),
                Value::Lines(lines) => {
                    let separator = if style.wrap { b'\n' } else { b',' };
                    assert_eq!(found.as_str(), Some(&*readable(&lines.join(&separator))));
                }
            }
        }
    }
}

fn flatten<'j>(rows: &'j serde_json::Value, objects: &mut Vec<&'j serde_json::Value>) {
    for row in rows.as_array().unwrap() {
        objects.push(row);
        if !row["children"].is_null() {
            flatten(&row["children"], objects);
        }
    }
}

/// What is no UTF-8 as `\xHH`.
fn readable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}
