//! systemd-machined: a file for each machine, of lines `KEY=VALUE`.

use super::{FirstProcess, Known, Look};
use crate::number::parse_decimal;

const MACHINES: &str = "run/systemd/machines";
/// In bytes.
const LONGEST: usize = 64 * 1024;

/// Adds the machines that are containers.
pub fn read(look: &mut Look<'_>) {
    let Some(machines) = look.directory(MACHINES) else {
        return;
    };
    // Links lead from the units to the names.
    for name in look.names(&machines).into_iter().filter(|name| !name.starts_with(b"unit:")) {
        let Some(text) = look.read(&machines, &name, LONGEST) else { continue };
        let field = |wanted: &str| {
            let mut lines = text.split(|byte| *byte == b'\n');
            lines.find_map(|line| line.strip_prefix(wanted.as_bytes())?.strip_prefix(b"="))
        };
        if field("CLASS") != Some(b"container") || field("NAME") != Some(&name) {
            continue;
        }
        let pid = field("LEADER").and_then(parse_decimal).filter(|pid| *pid > 0);
        let process = pid.map(FirstProcess::new);
        look.states.add(Known { process, ..Known::new("machine", name) });
    }
}
