//! Args → [`Request`]: what the options mean together. Nothing is read here.

use std::ffi::OsStr;

use super::column::{self, COLUMNS, Column};
use super::filter::Filter;
use super::graph::Depth;
use super::scan::{Source, SourceSet};
use crate::cli::lsns::{Args, Tree};
use crate::error::FilterError;
use crate::error::RequestError;
use crate::namespace::{Kind, KindSet};
use crate::proc::link::{Inode, inode};

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

/// What is asked for.
#[derive(Debug)]
pub struct Request {
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

impl Request {
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

const NAMESPACE_COLUMNS: &[Column] =
    &[Column::Ns, Column::Type, Column::NProcs, Column::Pid, Column::User, Column::Command];
const NETWORK_COLUMNS: &[Column] = &[
    Column::Ns,
    Column::Type,
    Column::NProcs,
    Column::Pid,
    Column::User,
    Column::NetNsId,
    Column::Nsfs,
    Column::Command,
];
const MEMBER_COLUMNS: &[Column] = &[Column::Pid, Column::PPid, Column::User, Column::Command];

/// Works out what was asked for. Errors: an unknown column, a filter that cannot be read, an operand that no namespace
/// can have as its number.
pub fn resolve(args: Args) -> Result<Request, RequestError> {
    let filter = filter(args.filter.as_deref().unwrap_or_default());
    // A column that a filter names is looked for after those that are printed, as in util-linux.
    if !matches!(filter, Err(RequestError::Filter { error: FilterError::UnknownColumn { .. }, .. })) {
        filter.as_ref().map_err(RequestError::clone)?;
    }
    let operand = args.namespace.is_some();
    let all = COLUMNS.iter().map(|facts| facts.column).collect();
    let base: Vec<Column> = match (args.output_all, operand) {
        (true, _) => all,
        (false, true) => MEMBER_COLUMNS.to_vec(),
        (false, false) if args.kinds.contains(Kind::Net) => NETWORK_COLUMNS.to_vec(),
        (false, false) => NAMESPACE_COLUMNS.to_vec(),
    };
    let columns = match &args.output {
        Some(list) => column::list(list, &base)?,
        None => base,
    };
    let filter = filter?;
    let tree = tree(&args);
    Ok(Request {
        subject: subject(&args)?,
        tree,
        drawn: tree.is_some_and(|tree| columns.contains(&tree_column(tree))),
        columns,
        kinds: kinds(&args)?,
        scan: args.scan.unwrap_or(SourceSet::DEFAULT),
        filter,
        format: match (args.json, args.raw) {
            (true, _) => Format::Json,
            (_, true) => Format::Raw,
            _ => Format::Table,
        },
        headings: !args.no_headings,
        wrap: !args.no_wrap,
        truncate: !args.no_truncate,
    })
}

fn filter(expression: &OsStr) -> Result<Filter, RequestError> {
    Filter::parse(expression).map_err(|error| RequestError::Filter { expression: expression.to_os_string(), error })
}

/// The kinds to list. Errors: the operand names another kind than `--type`.
fn kinds(args: &Args) -> Result<KindSet, RequestError> {
    let asked = if args.kinds.is_empty() { KindSet::ALL } else { args.kinds };
    match (args.kind_of_namespace, args.namespace) {
        (Some(kind), _) if asked.contains(kind) => Ok(KindSet::EMPTY.with(kind)),
        (Some(_), Some(number)) => Err(RequestError::UnknownNamespace(number)),
        _ => Ok(asked),
    }
}

fn subject(args: &Args) -> Result<Subject, RequestError> {
    match args.namespace {
        None | Some(0) => Ok(Subject::Namespaces { task: args.task, persistent: args.persistent }),
        Some(number) => inode(number).map(Subject::Members).ok_or(RequestError::UnknownNamespace(number)),
    }
}

/// The tree that was asked for, or else that of processes, unless a list was asked for or columns to look things up in.
fn tree(args: &Args) -> Option<Tree> {
    let operand = args.namespace.is_some();
    let default = !args.list && (!args.output_all || operand);
    args.tree.or(default.then_some(Tree::Process))
}

/// The column in which a tree is drawn.
pub fn tree_column(tree: Tree) -> Column {
    match tree {
        Tree::Process => Column::Command,
        Tree::Owner | Tree::Parent => Column::Ns,
    }
}
