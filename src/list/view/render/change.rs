//! `--watch`: rows that have come and gone.

use std::time::Duration;

use super::json::Json;
use super::order::depth_first;
use super::{Line, Printout, Style, table, write};
use crate::list::changes::RowChanges;
use crate::list::column::Column;
use crate::list::view::bidi::Bidi;

/// Whether a row has come or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowEvent {
    /// It is new.
    Appeared,
    /// It is not there any more.
    Vanished,
}

/// An object, alone on its line: what has happened, when (since the epoch), and the cells.
pub fn json(change: RowEvent, time: Duration, columns: &[Column], line: &Line, out: &mut Vec<u8>) {
    let event = match change {
        RowEvent::Appeared => "appeared",
        RowEvent::Vanished => "vanished",
    };
    let start = format!("{{\"event\": \"{event}\", \"time\": {}.{:03}", time.as_secs(), time.subsec_millis());
    let mut json = Json::of(start.into_bytes());
    for (column, cell) in columns.iter().zip(&line.cells) {
        json.text(&format!(", \"{}\": ", column.facts().name.to_ascii_lowercase()));
        json.value(cell, Bidi::of(*column), true);
    }
    json.text("}\n");
    out.extend(json.into_bytes());
}

/// `+` or `-` and the row, on one line.
pub fn row(change: RowEvent, listing: &Printout, line: &Line, style: &Style<'_>, out: &mut Vec<u8>) {
    let line = Line { parent: None, ..line.clone() };
    let alone = Printout { lines: vec![line], tree: None, ..listing.clone_without_lines() };
    out.extend(match change {
        RowEvent::Appeared => b"+ ",
        RowEvent::Vanished => b"- ",
    });
    // A vector takes all that is written to it.
    let _ = write(&alone, &Style { headings: false, wrap: false, width: None, ..*style }, out);
}

/// The list as a terminal shows it, each row with a mark before its first line if it has come or gone. Those that have gone
/// are the last.
pub fn lines(listing: &Printout, changes: &RowChanges, style: &Style<'_>) -> Vec<Vec<u8>> {
    const MARK: usize = 2;
    let mut all = listing.clone_without_lines();
    all.lines = listing.lines.iter().chain(&changes.gone).cloned().collect();
    let mut table = Vec::new();
    let width = style.width.map(|width| width.saturating_sub(MARK).max(1));
    let _ = write(&all, &Style { width, ..*style }, &mut table);
    table.pop_if(|last| *last == b'\n');
    let heading = (style.headings && !all.lines.is_empty()).then_some(&b"  "[..]);
    let places = depth_first(&all.lines);
    let marks = places.iter().flat_map(|place| {
        let mark = match place.line {
            line if line >= listing.lines.len() => &b"- "[..],
            line if changes.come.contains(&line) => b"+ ",
            _ => b"  ",
        };
        let below = table::height(&all.lines[place.line], style) - 1;
        std::iter::once(mark).chain(std::iter::repeat_n(&b"  "[..], below))
    });
    let marks = heading.into_iter().chain(marks);
    marks.zip(table.split(|byte| *byte == b'\n')).map(|(mark, line)| [mark, line].concat()).collect()
}

impl Printout {
    fn clone_without_lines(&self) -> Printout {
        Printout { columns: self.columns.clone(), lines: Vec::new(), missing: Vec::new(), no_bpf: None, ..*self }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::list::query::request::{Format, Look};
    use crate::list::value::Value;
    use crate::list::view::render::Mark;
    use crate::sys::locale::Locale;

    fn line(number: u64, text: &str, parent: Option<usize>) -> Line {
        Line { cells: vec![Value::Number(number), Value::text(text.as_bytes())], parent, mark: Mark::None, key: None }
    }

    fn listing(lines: Vec<Line>) -> Printout {
        let columns = vec![Column::NProcs, Column::Command];
        Printout {
            columns,
            lines,
            tree: Some(Column::Command),
            processes: 0,
            unreadable: 0,
            missed: None,
            missing: Vec::new(),
            no_bpf: None,
        }
    }

    const STYLE: Style<'static> = Style {
        format: Format::Table,
        look: Look::Plain,
        headings: true,
        wrap: true,
        width: Some(20),
        colour: false,
        locale: &Locale::C,
    };

    #[test]
    fn what_has_come_and_gone_is_marked() {
        let now = listing(vec![line(1, "init", None), line(2, "b", None), line(3, "new", Some(0))]);
        let changes = RowChanges { gone: vec![line(9, "old\nx", None)], come: vec![2] };
        let shown: Vec<_> =
            lines(&now, &changes, &STYLE).into_iter().map(|line| String::from_utf8(line).unwrap()).collect();
        assert_eq!(shown, ["  NPROCS COMMAND", "       1 init", "+      3 `-new", "       2 b", "-      9 old\\x0ax"]);
        assert_eq!(lines(&listing(Vec::new()), &RowChanges::default(), &STYLE), [b""; 0]);
    }

    #[test]
    fn a_row_of_several_lines_has_one_mark() {
        let several = |number| Line {
            cells: vec![Value::Number(number), Value::Lines(vec![b"one".to_vec(), b"two".to_vec()])],
            ..line(number, "", None)
        };
        let now = listing(vec![line(1, "init", None), several(2)]);
        let changes = RowChanges { gone: vec![several(9)], come: vec![1] };
        let shown = |wrap| {
            let lines = lines(&now, &changes, &Style { wrap, headings: false, ..STYLE });
            lines.into_iter().map(|line| String::from_utf8(line).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(shown(true), ["       1 init", "+      2 one", "         two", "-      9 one", "         two"]);
        assert_eq!(shown(false), ["       1 init", "+      2 one,two", "-      9 one,two"]);
    }

    #[test]
    fn a_change_is_a_line() {
        let now = listing(Vec::new());
        let mut text = Vec::new();
        row(RowEvent::Appeared, &now, &line(3, "a\nb", Some(7)), &STYLE, &mut text);
        row(RowEvent::Vanished, &now, &line(3, "c", None), &Style { format: Format::Raw, ..STYLE }, &mut text);
        assert_eq!(String::from_utf8(text).unwrap(), "+      3 a\\x0ab\n- 3 c\n");
        let mut text = Vec::new();
        let time = Duration::from_millis(1_700_000_000_007);
        json(RowEvent::Appeared, time, &now.columns, &line(3, "a\n\"", None), &mut text);
        let expected =
            "{\"event\": \"appeared\", \"time\": 1700000000.007, \"nprocs\": 3, \"command\": \"a\\n\\\"\"}\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
