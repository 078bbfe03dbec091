//! What a listing is asked for, and what that needs of the scan.

use super::filter::Filter;
use crate::list::column::Column;
use crate::list::model::graph::Depth;
use crate::list::scan::{Source, SourceSet};
use crate::namespace::{Kind, KindSet};
use crate::proc::link::Inode;

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Namespaces.
    Namespaces {
        /// Only those that this process is in.
        task: Option<i32>,
        /// Only those without a process.
        persistent: bool,
    },
    /// The processes in this namespace.
    Members(Inode),
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Padded columns.
    Table,
    /// Cells separated by one blank.
    Raw,
    /// JSON.
    Json,
}

/// By which relation rows hang under each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Parent and child processes.
    Process,
    /// Parents of user and PID namespaces.
    Parent,
    /// Owning user namespaces.
    Owner,
}

/// What is asked for.
#[derive(Debug)]
pub struct ListRequest {
    /// What is listed.
    pub subject: Subject,
    /// The columns, in the order in which they are printed.
    pub columns: Vec<Column>,
    /// By what rows hang under each other; `None` for a flat list.
    pub tree: Option<Tree>,
    /// Whether the tree is drawn: only if the column is printed that it is drawn in. The rows of a tree that is not drawn
    /// are the same, in the order in which they were found.
    pub drawn: bool,
    /// The kinds that are listed.
    pub kinds: KindSet,
    /// Where namespaces are looked for.
    pub scan: SourceSet,
    /// Which rows are listed.
    pub filter: Filter,
    /// The form of the output.
    pub format: Format,
    /// Whether there is a header line.
    pub headings: bool,
    /// Whether a cell may take several lines.
    pub wrap: bool,
    /// Whether COMMAND is cut at the width of a terminal.
    pub truncate: bool,
}

impl ListRequest {
    /// Every column that is printed or filtered on.
    pub fn needs(&self, column: Column) -> bool {
        self.columns.contains(&column) || self.filter.columns().contains(&column)
    }

    /// Whether rows hang under each other by what their namespaces belong to.
    pub fn tree_of_namespaces(&self) -> bool {
        matches!(self.tree, Some(Tree::Owner | Tree::Parent)) && matches!(self.subject, Subject::Namespaces { .. })
    }

    /// How much must be asked of namespaces.
    pub fn depth(&self) -> Depth {
        // Relatives are user namespaces and, of PID namespaces, PID namespaces.
        let lists_relatives = self.kinds.contains(Kind::User) || self.kinds.contains(Kind::Pid);
        let wants_relatives = self.sources().contains(Source::Relative) && lists_relatives;
        let columns = self.needs(Column::Pns) || self.needs(Column::Ons);
        if self.needs(Column::Holders) && self.sources().contains(Source::Relative) {
            return Depth::Holders;
        }
        if self.tree_of_namespaces() || columns || wants_relatives { Depth::All } else { Depth::Processless }
    }

    /// The kinds to look at processes for, in a look at these sources: more than are listed, where others lead to those.
    pub fn process_kinds(&self, sources: SourceSet) -> KindSet {
        // A namespace of any kind may be all that a user namespace is known by. What a tree shows beside the kinds asked for
        // has its processes as well, whatever is printed of them.
        let owners = self.kinds.contains(Kind::User) && sources.contains(Source::Relative);
        if owners || self.tree_of_namespaces() {
            return KindSet::ALL;
        }
        self.with_way_to_mounts(sources, self.kinds)
    }

    /// The kinds to look for in descriptors, sockets and mounts. Where user namespaces are listed, those of other kinds
    /// lead to their owners; where a tree of them is drawn, what others belong to is shown whatever its kind.
    pub fn held_kinds(&self, sources: SourceSet) -> KindSet {
        if self.kinds.contains(Kind::User) || self.tree_of_namespaces() {
            return KindSet::ALL;
        }
        self.with_way_to_mounts(sources, self.kinds)
    }

    /// What is mounted elsewhere is opened by way of the mount namespace in which it is.
    fn with_way_to_mounts(&self, sources: SourceSet, kinds: KindSet) -> KindSet {
        match sources.contains(Source::MountElsewhere) {
            true => kinds.with(Kind::Mount),
            false => kinds,
        }
    }

    /// Where to look. A process's own namespaces, and the processes of a namespace that has some, are all in the
    /// process table.
    pub fn sources(&self) -> SourceSet {
        match self.subject {
            Subject::Namespaces { task: None, .. } => self.scan,
            _ if self.needs(Column::Holders) => self.scan,
            _ if self.needs(Column::Nsfs) => SourceSet::of(&[Source::Process, Source::Mount]),
            _ => SourceSet::of(&[Source::Process]),
        }
    }
}

/// The column in which a tree is drawn.
pub fn tree_column(tree: Tree) -> Column {
    match tree {
        Tree::Process => Column::Command,
        Tree::Owner | Tree::Parent => Column::Ns,
    }
}
