//! The differences from util-linux that docs/differences.md tells, a table for each tool and one for all of them.

/// A row of one of the tables.
pub struct Row {
    /// The tool that its table is of; `None` is all three.
    pub tool: Option<&'static str>,
    /// Its first cell, which names it.
    pub what: String,
}

/// The rows of all tables, in their order. Each has its four cells, and a name of its own.
#[must_use]
pub fn differences() -> Vec<Row> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/differences.md");
    let text = std::fs::read_to_string(page).unwrap();
    let mut table = None;
    let mut rows: Vec<Row> = Vec::new();
    for line in text.lines() {
        match line {
            "## All three" => table = Some(None),
            "## unshare" => table = Some(Some("unshare")),
            "## nsenter" => table = Some(Some("nsenter")),
            "## lsns" => table = Some(Some("lsns")),
            _ => {}
        }
        let Some(cells) = line.strip_prefix("| ") else {
            continue;
        };
        let cells: Vec<&str> = cells.trim_end_matches(" |").split(" | ").collect();
        if matches!(cells[0], "what" | "---") {
            continue;
        }
        assert!(cells.len() == 4 && cells.iter().all(|cell| !cell.is_empty()), "{line}");
        assert!(rows.iter().all(|row| row.what != cells[0]), "twice: {line}");
        rows.push(Row {
            tool: table.expect("a line that says of which tool the table is"),
            what: cells[0].to_string(),
        });
    }
    rows
}
