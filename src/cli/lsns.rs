//! lsns's options.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::getopt::{Met, Opt, Order, UsageError, Wording};
use super::help::Page;
use super::{Parsed, read};
use crate::digits::{after_blanks, digits, number};
use crate::list::scan::SourceSet;
use crate::list::snapshot::parse_name;
use crate::namespace::{Kind, KindSet};

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

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// --json.
    pub json: bool,
    /// --raw.
    pub raw: bool,
    /// --list.
    pub list: bool,
    /// --noheadings.
    pub no_headings: bool,
    /// --output.
    pub output: Option<OsString>,
    /// --output-all.
    pub output_all: bool,
    /// --persistent.
    pub persistent: bool,
    /// --task.
    pub task: Option<i32>,
    /// --scan.
    pub scan: Option<SourceSet>,
    /// --filter.
    pub filter: Option<OsString>,
    /// --notruncate.
    pub no_truncate: bool,
    /// --nowrap.
    pub no_wrap: bool,
    /// --type, all of them.
    pub kinds: KindSet,
    /// --tree.
    pub tree: Option<Tree>,
    /// --list-columns.
    pub list_columns: bool,
    /// The operand; 0 stands for all, and yet for the columns of a single one.
    pub namespace: Option<u64>,
    /// The kind in an operand like `uts:[4026531838]`.
    pub kind_of_namespace: Option<Kind>,
}

/// The options by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// --json
    Json,
    /// --list
    List,
    /// --noheadings
    NoHeadings,
    /// --output
    Output,
    /// --output-all
    OutputAll,
    /// --persistent
    Persistent,
    /// --task
    Task,
    /// --filter
    Filter,
    /// --raw
    Raw,
    /// --notruncate
    NoTruncate,
    /// --nowrap
    NoWrap,
    /// --type
    Type,
    /// --tree
    Tree,
    /// --scan
    Scan,
    /// --list-columns
    ListColumns,
}

/// lsns's options.
pub const OPTIONS: [Opt<Id>; 17] = [
    Opt::new(Id::Json, "json", "Print JSON").short(b'J'),
    Opt::new(Id::List, "list", "Print a flat list, no tree").short(b'l'),
    Opt::new(Id::NoHeadings, "noheadings", "Print no header line").short(b'n'),
    Opt::new(
        Id::Output,
        "output",
        "Print these columns, comma-separated; +LIST adds them to the default ones",
    )
    .short(b'o')
    .required("LIST"),
    Opt::new(Id::OutputAll, "output-all", "Print all columns"),
    Opt::new(
        Id::Persistent,
        "persistent",
        "List only namespaces without a process",
    )
    .short(b'P')
    .newer(),
    Opt::new(
        Id::Task,
        "task",
        "List only the namespaces that this process is in",
    )
    .short(b'p')
    .required("PID"),
    Opt::new(Id::Filter, "filter", "List only rows for which EXPR holds")
        .short(b'Q')
        .required("EXPR")
        .newer(),
    Opt::new(
        Id::Raw,
        "raw",
        "Print raw output: unpadded, with blanks escaped",
    )
    .short(b'r'),
    Opt::new(
        Id::NoTruncate,
        "notruncate",
        "Do not cut COMMAND at the width of the terminal",
    )
    .short(b'u'),
    Opt::new(Id::NoWrap, "nowrap", "Print the paths of NSFS on one line").short(b'W'),
    Opt::new(
        Id::Type,
        "type",
        "List only this kind: mnt, net, ipc, user, pid, uts, cgroup, time; repeatable",
    )
    .short(b't')
    .required("KIND")
    .words(&["mnt", "net", "ipc", "user", "pid", "uts", "cgroup", "time"])
    .repeatable(),
    Opt::new(
        Id::Tree,
        "tree",
        "Print a tree by REL: process, parent, owner (the default)",
    )
    .short(b'T')
    .optional("REL")
    .words(&["process", "parent", "owner"]),
    Opt::new(
        Id::Scan,
        "scan",
        "Look only there: process, thread, children, fd, socket, mount, elsewhere, relative, kernel, all; or +SOURCE, -SOURCE",
    )
    .required("LIST")
    .ours(),
    Opt::new(
        Id::ListColumns,
        "list-columns",
        "Print the columns there are",
    )
    .short(b'H')
    .newer(),
    Opt::HELP,
    Opt::VERSION,
];

/// The words around the options in --help.
pub const PAGE: Page = Page {
    tool: "lsns",
    about: "List namespaces, or the processes in one.",
    usage: "lsns [OPTIONS] [NAMESPACE]",
    after: "NAMESPACE is an inode number, or [N], KIND:[N]. --list-columns names the columns. See lsns(8).",
};

/// Reads lsns's command line, argv without its first.
pub fn parse(arguments: Vec<OsString>) -> Result<Parsed<Args>, UsageError> {
    read(&OPTIONS, Order::Mixed, arguments, Args::take, Args::finish)
}

fn tree(text: &OsStr) -> Option<Tree> {
    match text.as_bytes() {
        b"process" => Some(Tree::Process),
        b"parent" => Some(Tree::Parent),
        b"owner" => Some(Tree::Owner),
        _ => None,
    }
}

impl Args {
    fn take(&mut self, id: Id, met: Met<'_, Id>) -> Result<(), UsageError> {
        match id {
            Id::Json => {
                self.json = true;
                return self.check_format();
            }
            Id::List => self.list = true,
            Id::NoHeadings => self.no_headings = true,
            Id::Output => self.output = met.value,
            Id::OutputAll => self.output_all = true,
            Id::Persistent => self.persistent = true,
            Id::Task => self.task = Some(pid(met.value.unwrap_or_default())?),
            Id::Filter => self.filter = met.value,
            Id::Raw => {
                self.raw = true;
                return self.check_format();
            }
            Id::NoTruncate => self.no_truncate = true,
            Id::NoWrap => self.no_wrap = true,
            Id::Type => {
                let name = met.value.unwrap_or_default();
                let kind = Kind::from_name(name.as_bytes());
                self.kinds.insert(kind.ok_or_else(|| unknown(UNKNOWN_KIND, name))?);
            }
            Id::Tree => {
                self.tree = Some(match met.value {
                    None => Tree::Owner,
                    Some(name) => tree(&name).ok_or_else(|| unknown(UNKNOWN_TREE, name))?,
                });
            }
            Id::Scan => {
                let sources =
                    "a list of process, thread, children, fd, socket, mount, elsewhere, relative, kernel, all";
                let read = |text: &OsStr| SourceSet::parse(text.as_bytes(), SourceSet::DEFAULT);
                self.scan = Some(met.read(Wording::Bare("unknown source"), sources, read)?);
            }
            Id::ListColumns => self.list_columns = true,
        }
        Ok(())
    }

    /// The first operand (others are passed over), and what cannot be asked for together.
    fn finish(&mut self, operands: Vec<OsString>) -> Result<(), UsageError> {
        if self.persistent && self.task.is_some() {
            return Err(UsageError::Apart("options --persistent and --task cannot be combined"));
        }
        if let Some(operand) = operands.into_iter().next() {
            if self.task.is_some() {
                return Err(UsageError::Apart("--task is mutually exclusive with <namespace>"));
            }
            let (kind, inode) = namespace(operand)?;
            self.kind_of_namespace = kind;
            self.namespace = Some(inode);
        }
        Ok(())
    }

    fn check_format(&self) -> Result<(), UsageError> {
        match self.json && self.raw {
            true => Err(UsageError::Exclusive("--json", "--raw")),
            false => Ok(()),
        }
    }
}

/// util-linux's words before the name of a kind that is none.
pub const UNKNOWN_KIND: &str = "unknown namespace type: ";
/// The same for a relation.
pub const UNKNOWN_TREE: &str = "unknown tree type: ";
/// The same for the operand.
pub const INVALID_NAMESPACE: &str = "invalid namespace argument: '";

fn unknown(before: &'static str, value: OsString) -> UsageError {
    UsageError::Words { before, value, after: "" }
}

/// util-linux says of a number beyond its type that it is a number.
fn not_a_number(before: &'static str, value: OsString) -> UsageError {
    let digits = match after_blanks(value.as_bytes()) {
        [b'+' | b'-', digits @ ..] => digits,
        digits => digits,
    };
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let after = if is_number { "': Numerical result out of range" } else { "'" };
    UsageError::Words { before, value, after }
}

/// The PID of --task. Since util-linux 2.42, 0 is none.
fn pid(text: OsString) -> Result<i32, UsageError> {
    let pid = number(text.as_bytes()).filter(|pid| *pid > 0);
    pid.ok_or_else(|| not_a_number("invalid PID argument: '", text))
}

/// The operand: an inode number, or one in the forms that nsenter takes as well, `[4026531838]` and `uts:[4026531838]`.
fn namespace(text: OsString) -> Result<(Option<Kind>, u64), UsageError> {
    let bytes = text.as_bytes();
    if let Some((kind, inode)) = parse_name(bytes) {
        return Ok((Some(kind), inode.get().into()));
    }
    let inner = bytes.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]"));
    match inner.and_then(digits).or_else(|| number(bytes)) {
        Some(inode) => Ok((None, inode)),
        None => Err(not_a_number(INVALID_NAMESPACE, text)),
    }
}

#[cfg(test)]
mod tests;
