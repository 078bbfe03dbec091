//! What the planter tells.

use std::fs::File;
use std::path::Path;

use nskit::internals::namespace::Kind;

use super::calls::{name_of, namespace_of, own_pid};
use super::member::Keeper;

/// What has been planted, a line each.
#[derive(Default)]
pub struct Report(pub Vec<String>);

impl Report {
    /// The namespace that the link `at` leads to.
    pub fn add(&mut self, at: &Path, place: &str, holder: &str) {
        let file = File::open(at).unwrap_or_else(|error| panic!("{}: {error}", at.display()));
        let name = name_of(at);
        let (kind, inode) = name.strip_suffix(']').and_then(|name| name.split_once(":[")).unwrap();
        let id = nskit::internals::list::model::opener::id(&file);
        let id = id.map_or("-".to_string(), |id| id.to_string());
        self.0.push(format!("{kind}\t{inode}\t{id}\t{place}\t{holder}\n"));
    }

    pub fn pass_on(&mut self, keeper: &Keeper) {
        self.0.push(keeper.report.clone());
    }
}

/// `mnt:[4026531840]`.
pub fn own(kind: Kind) -> String {
    name_of(&namespace_of(own_pid(), kind.name()))
}
