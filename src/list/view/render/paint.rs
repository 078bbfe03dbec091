//! Colours of a table on a terminal: SGR of console_codes(4).

use super::Mark;
use crate::list::column::Column;
use crate::namespace::Kind;

/// Bold.
pub const HEADING: &str = "1";
/// Dimmed.
pub const BRANCH: &str = "2";
/// Yellow: a row that no process explains.
const PROCESSLESS: &str = "33";
/// Bold: what we are in ourselves.
const OWN: &str = "1";

/// The colour of a cell with that text; `None` for that of the terminal.
pub fn cell(column: Column, text: &[u8], mark: Mark) -> Option<&'static str> {
    match (column, mark) {
        (Column::Type, _) => Kind::from_name(text).map(of_kind),
        (_, Mark::Processless) => Some(PROCESSLESS),
        (Column::Ns, Mark::Own) => Some(OWN),
        _ => None,
    }
}

fn of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Mount => "34",
        Kind::Uts => "36",
        Kind::Ipc => "35",
        Kind::Net => "32",
        Kind::Pid => "94",
        Kind::User => "31",
        Kind::Cgroup => "95",
        Kind::Time => "96",
    }
}

/// Appends text in a colour.
pub fn append(text: &[u8], colour: Option<&str>, out: &mut Vec<u8>) {
    match colour.filter(|_| !text.is_empty()) {
        Some(colour) => {
            out.extend(format!("\x1b[{colour}m").bytes());
            out.extend_from_slice(text);
            out.extend(b"\x1b[0m");
        }
        None => out.extend_from_slice(text),
    }
}
