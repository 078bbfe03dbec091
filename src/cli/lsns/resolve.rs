//! [`LsnsArgs`] → [`ListRequest`]: works out what the options mean together. This reads no file.

use std::ffi::OsStr;

use super::LsnsArgs;
use crate::error::{FilterError, RequestError};
use crate::list::column::{self, COLUMNS, Column};
use crate::list::query::filter::Filter;
use crate::list::query::request::{Format, ListRequest, Subject, Tree, tree_column};
use crate::list::scan::{Source, SourceSet};
use crate::namespace::{Kind, KindSet};
use crate::proc::link::inode;

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

/// Makes the request. Errors: an unknown column, an invalid filter, an operand that cannot be the number of a
/// namespace.
pub fn resolve(args: LsnsArgs) -> Result<ListRequest, RequestError> {
    let filter = filter(args.filter.as_deref().unwrap_or_default());
    // As in util-linux, an unknown column to print is reported before one in the filter.
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
    let base = with_found(base, &args);
    let columns = match &args.output {
        Some(list) => column::list(list, &base)?,
        None => base,
    };
    let filter = filter?;
    let tree = tree(&args);
    Ok(ListRequest {
        subject: subject(&args)?,
        tree,
        drawn: tree.is_some_and(|tree| columns.contains(&tree_column(tree))),
        columns,
        kinds: kinds(&args)?,
        scan: scan(args.scan),
        find: args.find,
        filter,
        format: match (args.json, args.raw) {
            (true, _) => Format::Json,
            (_, true) => Format::Raw,
            _ => Format::Table,
        },
        look: args.look.unwrap_or_default(),
        headings: !args.no_headings,
        wrap: !args.no_wrap,
        truncate: !args.no_truncate,
        on_terminal: false,
        coloured: false,
        watched: args.watch.is_some(),
    })
}

/// BPF is a way to look, and no place: alone it goes everywhere.
fn scan(typed: Option<SourceSet>) -> SourceSet {
    match typed {
        Some(set) if set == SourceSet::of(&[Source::Bpf]) => SourceSet::DEFAULT.with(Source::Bpf),
        Some(set) => set,
        None => SourceSet::DEFAULT,
    }
}

/// With --find, the default columns say what was found: before COMMAND, which is long.
fn with_found(mut columns: Vec<Column>, args: &LsnsArgs) -> Vec<Column> {
    if !args.find.is_empty() && !columns.contains(&Column::Found) {
        let command = columns.iter().position(|column| *column == Column::Command);
        columns.insert(command.unwrap_or(columns.len()), Column::Found);
    }
    columns
}

fn filter(expression: &OsStr) -> Result<Filter, RequestError> {
    Filter::parse(expression).map_err(|error| RequestError::Filter { expression: expression.to_os_string(), error })
}

/// The kinds to list. Errors: the operand names another kind than `--type`.
fn kinds(args: &LsnsArgs) -> Result<KindSet, RequestError> {
    let asked = if args.kinds.is_empty() { KindSet::ALL } else { args.kinds };
    match (args.kind_of_namespace, args.namespace) {
        (Some(kind), _) if asked.contains(kind) => Ok(KindSet::EMPTY.with(kind)),
        (Some(_), Some(number)) => Err(RequestError::UnknownNamespace(number)),
        _ => Ok(asked),
    }
}

fn subject(args: &LsnsArgs) -> Result<Subject, RequestError> {
    match args.namespace {
        None | Some(0) => Ok(Subject::Namespaces { task: args.task, persistent: args.persistent }),
        Some(number) => inode(number).map(Subject::Members).ok_or(RequestError::UnknownNamespace(number)),
    }
}

/// The tree that was asked for. Otherwise that of processes, unless --list or --output-all asks for a flat list.
fn tree(args: &LsnsArgs) -> Option<Tree> {
    let operand = args.namespace.is_some();
    let default = !args.list && (!args.output_all || operand);
    args.tree.or(default.then_some(Tree::Process))
}
