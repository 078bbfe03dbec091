//! Lists the namespaces that have a process.

use std::path::Path;

use nskit::error::Failure;
use nskit::list::model::opener::Opener;
use nskit::list::scan::{Scope, Source, SourceSet, scan};
use nskit::namespace::KindSet;

fn main() -> Result<(), Failure> {
    let root = Path::new("/proc");
    let scope = Scope {
        root,
        // SourceSet::ALL also finds namespaces without a process.
        sources: SourceSet::of(&[Source::Process]),
        kinds: KindSet::ALL,
        held: KindSet::EMPTY,
    };
    let snapshot = scan(&scope, &Opener::new(root)?)?;
    for (inode, namespace) in &snapshot.namespaces {
        println!("{}:[{inode}] {} processes", namespace.kind, namespace.processes);
    }
    Ok(())
}
