//! What a listing is asked for.

use super::filter::Filter;
use super::wanted::Wanted;
use crate::list::column::Column;
use crate::list::scan::SourceSet;
use crate::namespace::KindSet;
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

/// The relation that a tree shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Parent and child processes.
    Process,
    /// Parents of user and PID namespaces.
    Parent,
    /// Owning user namespaces.
    Owner,
}

/// How a table is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// Blanks between the columns, as util-linux has them.
    #[default]
    Plain,
    /// Lines with round corners.
    Rounded,
    /// Lines of ASCII.
    Ascii,
    /// As Markdown has tables.
    Markdown,
}

/// When a table has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal that has them, unless $NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What is asked for.
#[derive(Debug)]
pub struct ListRequest {
    /// What is listed.
    pub subject: Subject,
    /// The columns, in the order in which they are printed.
    pub columns: Vec<Column>,
    /// The relation that the tree shows; `None` for a flat list.
    pub tree: Option<Tree>,
    /// Whether the tree is drawn. It is not if the column that would carry it is not printed: then the same rows come
    /// in the order in which they were found.
    pub drawn: bool,
    /// The kinds that are listed.
    pub kinds: KindSet,
    /// Where namespaces are looked for.
    pub scan: SourceSet,
    /// Only namespaces that have one of these in them are listed, if there are any.
    pub find: Vec<Wanted>,
    /// Which rows are listed.
    pub filter: Filter,
    /// The form of the output.
    pub format: Format,
    /// How a table is drawn.
    pub look: Look,
    /// Whether there is a header line.
    pub headings: bool,
    /// Whether a cell may take several lines.
    pub wrap: bool,
    /// Whether COMMAND is cut at the width of a terminal.
    pub truncate: bool,
    /// Whether a person reads the table on a terminal: cells then tell more where they are empty, and less where they
    /// are long.
    pub on_terminal: bool,
    /// Whether the table has colours, so that each row is asked what they tell of it.
    pub coloured: bool,
    /// Whether rows are compared with those of a later look.
    pub watched: bool,
}

impl ListRequest {
    /// Whether the column is printed or filtered on.
    pub fn needs(&self, column: Column) -> bool {
        self.columns.contains(&column) || self.filter.columns().contains(&column)
    }

    /// Whether the tree shows parents or owners of namespaces.
    pub fn tree_of_namespaces(&self) -> bool {
        matches!(self.tree, Some(Tree::Owner | Tree::Parent)) && matches!(self.subject, Subject::Namespaces { .. })
    }
}

/// The column in which a tree is drawn.
pub fn tree_column(tree: Tree) -> Column {
    match tree {
        Tree::Process => Column::Command,
        Tree::Owner | Tree::Parent => Column::Ns,
    }
}
