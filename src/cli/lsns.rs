//! lsns's options.

mod resolve;

pub use resolve::resolve;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::getopt::{Matched, Opt, Order, UsageError, Wording};
use super::help::{Group, INFORMATION, Page};
use super::{Parsed, read};
use crate::list::query::request::{Colour, Look, Tree};
use crate::list::query::wanted::Wanted;
use crate::list::scan::SourceSet;
use crate::namespace::{Kind, KindSet};
use crate::number::{number, parse_decimal};
use crate::proc::link::parse_name;

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LsnsArgs {
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
    /// --proc.
    pub proc: Option<OsString>,
    /// --find, all of them.
    pub find: Vec<Wanted>,
    /// --filter.
    pub filter: Option<OsString>,
    /// --notruncate.
    pub no_truncate: bool,
    /// --nowrap.
    pub no_wrap: bool,
    /// --style.
    pub look: Option<Look>,
    /// --watch, in milliseconds.
    pub watch: Option<u64>,
    /// --color.
    pub colour: Colour,
    /// --type, all of them.
    pub kinds: KindSet,
    /// --tree.
    pub tree: Option<Tree>,
    /// --list-columns.
    pub list_columns: bool,
    /// The operand. 0 stands for all namespaces, but with the columns for a single one.
    pub namespace: Option<u64>,
    /// The kind in an operand like `uts:[4026531838]`.
    pub kind_of_namespace: Option<Kind>,
}

/// An option, with what it does to the arguments.
type Row = Opt<LsnsArgs>;

/// lsns's options.
pub const OPTIONS: &[Row] = &[
    Row::read("json", "Print JSON", |args, _| {
        args.json = true;
        args.check_format()
    })
    .short(b'J'),
    Row::switch("list", "Print a list, not a tree", |args| args.list = true).short(b'l'),
    Row::switch("notruncate", "Do not cut COMMAND at the width of the terminal", |args| args.no_truncate = true)
        .short(b'u'),
    Row::switch("noheadings", "Print no header line", |args| args.no_headings = true).short(b'n'),
    Row::store(
        "output",
        "Print these columns, with commas between them; +LIST: add them to the usual ones",
        |args, columns| args.output = columns,
    )
    .short(b'o')
    .required("LIST"),
    Row::switch("output-all", "Print all columns", |args| args.output_all = true),
    Row::switch("persistent", "Only namespaces without a process (add -o +HELD-BY)", |args| args.persistent = true)
        .short(b'P')
        .newer(),
    Row::read("task", "Only the namespaces that this process is in", |args, matched| {
        args.task = Some(pid(matched.value.unwrap_or_default())?);
        Ok(())
    })
    .short(b'p')
    .required("PID"),
    Row::read(
        "find",
        "Only the namespaces that have this in them: a device, mount, path, interface, address, container, unit or pid:N",
        LsnsArgs::read_find,
    )
    .required("WHAT")
    .repeatable()
    .ours(),
    Row::store("filter", "Only the rows for which EXPR holds", |args, expression| args.filter = expression)
        .short(b'Q')
        .required("EXPR")
        .newer(),
    Row::read("raw", "Print for programs: no padding, blanks are escaped", |args, _| {
        args.raw = true;
        args.check_format()
    })
    .short(b'r'),
    Row::read("color", "Colour the table: auto (the default), always, never", |args, matched| {
        args.colour = matched.read(Wording::Bare("unsupported color mode"), "auto, always or never", colour)?;
        Ok(())
    })
    .optional_long("WHEN")
    .words(&["auto", "always", "never"])
    .ours(),
    Row::read("style", "Draw the table: plain (the default), rounded, ascii, markdown", |args, matched| {
        args.look = Some(matched.read(Wording::Bare("unsupported style"), "plain, rounded, ascii or markdown", look)?);
        args.check_format()
    })
    .required("STYLE")
    .words(&["plain", "rounded", "ascii", "markdown"])
    .ours(),
    Row::switch("nowrap", "Print all paths of NSFS on one line", |args| args.no_wrap = true).short(b'W'),
    Row::read(
        "type",
        "Only this kind: mnt, net, ipc, user, pid, uts, cgroup, time; repeatable",
        LsnsArgs::read_kind,
    )
    .short(b't')
    .required("KIND")
    .words(&["mnt", "net", "ipc", "user", "pid", "uts", "cgroup", "time"])
    .repeatable(),
    Row::read("tree", "Print a tree by REL: owner (bare -T), parent, process (without -T)", LsnsArgs::read_tree)
        .short(b'T')
        .optional("REL")
        .words(&["process", "parent", "owner"]),
    Row::read(
        "scan",
        "Look only there: process, thread, children, fd, socket, mount, elsewhere, relative, kernel, all; \
         or +SOURCE, -SOURCE; bpf: ask by BPF, not by /proc",
        LsnsArgs::read_scan,
    )
    .required("LIST")
    .ours(),
    Row::read("watch", "Look again every SECONDS (2), and show what has come and gone; with -J, an object for each", |args, matched| {
        args.watch = Some(matched.read(Wording::Bare("failed to parse seconds"), "seconds, at least 0.1", interval)?);
        Ok(())
    })
    .optional_long("SECONDS")
    .ours(),
    Row::store("proc", "Look at the proc that is mounted on DIR instead of /proc", |args, directory| args.proc = directory)
        .required("DIR")
        .ours(),
    Row::switch("list-columns", "Print the names of all columns, and what they mean", |args| args.list_columns = true).short(b'H').newer(),
    Row::HELP,
    Row::VERSION,
];

/// The words around the options in --help.
pub const PAGE: Page = Page {
    tool: "lsns",
    about: "List namespaces, or the processes in one.",
    usage: "lsns [OPTIONS] [NAMESPACE]",
    groups: &[
        Group { title: "What is listed", options: &["type", "persistent", "task", "find", "filter", "scan", "proc"] },
        Group { title: "Columns", options: &["output", "output-all", "list-columns"] },
        Group {
            title: "Output",
            options: &["tree", "list", "json", "raw", "noheadings", "notruncate", "nowrap", "watch", "style", "color"],
        },
        INFORMATION,
    ],
    after: "\
NAMESPACE is an inode number, or [N], KIND:[N]: the processes in it are listed.

Examples:
  lsns -t net -o +ADDRESSES,CONTAINER   whose network has which addresses
  lsns --persistent -o NS,TYPE,HELD-BY  what keeps namespaces without a process
  lsns --find /dev/sdb1                 who still has this device mounted

See lsns(8).",
};

/// Reads lsns's command line, argv without its first.
pub fn parse(arguments: Vec<OsString>) -> Result<Parsed<LsnsArgs>, UsageError> {
    read(OPTIONS, Order::Mixed, arguments, LsnsArgs::finish)
}

fn tree(text: &OsStr) -> Option<Tree> {
    match text.as_bytes() {
        b"process" => Some(Tree::Process),
        b"parent" => Some(Tree::Parent),
        b"owner" => Some(Tree::Owner),
        _ => None,
    }
}

fn look(text: &OsStr) -> Option<Look> {
    match text.as_bytes() {
        b"plain" => Some(Look::Plain),
        b"rounded" => Some(Look::Rounded),
        b"ascii" => Some(Look::Ascii),
        b"markdown" => Some(Look::Markdown),
        _ => None,
    }
}

/// Seconds, with or without a fraction, as milliseconds; 2 seconds where nothing is said.
fn interval(text: &OsStr) -> Option<u64> {
    let text = text.as_bytes();
    if text.is_empty() {
        return Some(2000);
    }
    let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let seconds: u32 = parse_decimal(&text[..point])?;
    let digits = text.get(point + 1..).unwrap_or(b"0");
    let thousandth = |at: usize| digits.get(at).map_or(0, |digit| u64::from(digit - b'0'));
    if point + 1 == text.len() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fraction = thousandth(0) * 100 + thousandth(1) * 10 + thousandth(2);
    Some(u64::from(seconds) * 1000 + fraction).filter(|milliseconds| *milliseconds >= 100)
}

/// Without a word, it is `auto`.
fn colour(text: &OsStr) -> Option<Colour> {
    match text.as_bytes() {
        b"" | b"auto" => Some(Colour::Auto),
        b"always" => Some(Colour::Always),
        b"never" => Some(Colour::Never),
        _ => None,
    }
}

impl LsnsArgs {
    fn read_kind(&mut self, matched: Matched<'_, LsnsArgs>) -> Result<(), UsageError> {
        let name = matched.value.unwrap_or_default();
        let kind = Kind::from_name(name.as_bytes());
        self.kinds.insert(kind.ok_or_else(|| bad(UNKNOWN_KIND, name))?);
        Ok(())
    }

    fn read_tree(&mut self, matched: Matched<'_, LsnsArgs>) -> Result<(), UsageError> {
        self.tree = Some(match matched.value {
            None => Tree::Owner,
            Some(name) => tree(&name).ok_or_else(|| bad(UNKNOWN_TREE, name))?,
        });
        Ok(())
    }

    fn read_find(&mut self, matched: Matched<'_, LsnsArgs>) -> Result<(), UsageError> {
        let expected = "a device, source, path, interface, address, container or unit, with or without mount:, link:, \
                        address:, container: or unit: before it, or pid:N";
        self.find.push(matched.read(Wording::Bare("cannot be looked for"), expected, Wanted::parse)?);
        Ok(())
    }

    fn read_scan(&mut self, matched: Matched<'_, LsnsArgs>) -> Result<(), UsageError> {
        let sources = "a list of process, thread, children, fd, socket, mount, elsewhere, relative, kernel, bpf, all";
        let read = |text: &OsStr| SourceSet::parse(text.as_bytes(), SourceSet::DEFAULT);
        self.scan = Some(matched.read(Wording::Bare("unknown source"), sources, read)?);
        Ok(())
    }

    /// Reads the first operand (others are ignored), and refuses options that exclude each other.
    fn finish(&mut self, operands: Vec<OsString>) -> Result<(), UsageError> {
        if self.persistent && self.task.is_some() {
            return Err(UsageError::Apart("options --persistent and --task cannot be combined"));
        }
        if !self.find.is_empty() && self.task.is_some() {
            return Err(UsageError::Apart("options --find and --task cannot be combined"));
        }
        if self.watch.is_some() && self.look.is_some_and(|look| look != Look::Plain) {
            return Err(UsageError::Apart("options --watch and --style cannot be combined"));
        }
        if let Some(operand) = operands.into_iter().next() {
            if self.watch.is_some() {
                return Err(UsageError::Apart("--watch is mutually exclusive with <namespace>"));
            }
            if !self.find.is_empty() {
                return Err(UsageError::Apart("--find is mutually exclusive with <namespace>"));
            }
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
        match (self.json, self.raw, self.look) {
            (true, true, _) => Err(UsageError::Exclusive("--json", "--raw")),
            (true, _, Some(_)) => Err(UsageError::Exclusive("--json", "--style")),
            (_, true, Some(_)) => Err(UsageError::Exclusive("--raw", "--style")),
            _ => Ok(()),
        }
    }
}

/// util-linux's words for an unknown kind.
pub const UNKNOWN_KIND: Wording = Wording::Bare("unknown namespace type");
/// The same for a relation.
pub const UNKNOWN_TREE: Wording = Wording::Bare("unknown tree type");
/// The same for the operand.
pub const INVALID_NAMESPACE: Wording = Wording::Number("invalid namespace argument");

fn bad(wording: Wording, value: OsString) -> UsageError {
    UsageError::Words { wording, value }
}

/// The PID of --task. Since util-linux 2.42, 0 is an error.
fn pid(text: OsString) -> Result<i32, UsageError> {
    let pid = number(text.as_bytes()).filter(|pid| *pid > 0);
    pid.ok_or_else(|| bad(Wording::Number("invalid PID argument"), text))
}

/// The operand: an inode number, or one in the forms that nsenter takes as well, `[4026531838]` and `uts:[4026531838]`.
fn namespace(text: OsString) -> Result<(Option<Kind>, u64), UsageError> {
    let bytes = text.as_bytes();
    if let Some((kind, inode)) = parse_name(bytes) {
        return Ok((Some(kind), inode.get().into()));
    }
    let inner = bytes.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]"));
    match inner.and_then(parse_decimal).or_else(|| number(bytes)) {
        Some(inode) => Ok((None, inode)),
        None => Err(bad(INVALID_NAMESPACE, text)),
    }
}

#[cfg(test)]
mod tests;
