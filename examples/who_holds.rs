//! Who keeps a namespace alive: `who_holds PATH|INODE`.

use anyhow::{Context, Result};
use nskit::Namespace;

fn main() -> Result<()> {
    let argument = std::env::args().nth(1).context("usage: who_holds PATH|INODE")?;
    // Open while we look, it cannot end and leave its number to another.
    let namespace = match argument.parse() {
        Ok(inode) => Namespace::by_inode(inode)?,
        Err(_) => Namespace::open(&argument)?,
    };
    let all = nskit::namespaces()?;
    let found = all.get(namespace.inode()).with_context(|| format!("{namespace} is not visible"))?;
    println!("{found}");
    for holder in found.holders() {
        println!("  {holder}");
    }
    Ok(())
}
