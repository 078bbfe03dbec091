//! The namespaces as a tree: each below the user namespace that owns it.

use anyhow::Result;
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;

fn main() -> Result<()> {
    let all = nskit::namespaces()?;
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["NAMESPACE", "PROCESSES", "FIRST", "HELD BY"]);
    for (depth, namespace) in all.owner_tree() {
        let first = namespace.leader().map_or(String::new(), |pid| pid.to_string());
        // A process says it all.
        let held = match namespace.leader() {
            Some(_) => String::new(),
            None => namespace.holders().iter().map(|holder| format!("{holder}\n")).collect(),
        };
        let name = format!("{:1$}{namespace}", "", 2 * depth);
        table.add_row([name, namespace.processes().to_string(), first, held.trim_end().to_string()]);
    }
    println!("{table}");
    if all.unreadable() > 0 {
        println!("{} processes are not readable: run as root to see all", all.unreadable());
    }
    Ok(())
}
