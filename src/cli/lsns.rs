//! lsns's options.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::getopt::{Met, Opt, Order, UsageError};
use super::help::Page;
use super::{Parsed, read};
use crate::digits::number;
use crate::list::scan::SourceSet;
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
    /// --task; 0 is as if the option were not there, as in util-linux.
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
    .short(b'P'),
    Opt::new(
        Id::Task,
        "task",
        "List only the namespaces that this process is in",
    )
    .short(b'p')
    .required("PID"),
    Opt::new(Id::Filter, "filter", "List only rows for which EXPR holds")
        .short(b'Q')
        .required("EXPR"),
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
    .required("KIND"),
    Opt::new(
        Id::Tree,
        "tree",
        "Print a tree by REL: process, parent, owner (the default)",
    )
    .short(b'T')
    .optional("REL"),
    Opt::new(
        Id::Scan,
        "scan",
        "Look only there: process, thread, children, fd, socket, mount, elsewhere, relative, kernel, all; or +SOURCE, -SOURCE",
    )
    .required("LIST"),
    Opt::new(
        Id::ListColumns,
        "list-columns",
        "Print the columns there are",
    )
    .short(b'H'),
    Opt::HELP,
    Opt::VERSION,
];

/// The words around the options in --help.
pub const PAGE: Page = Page {
    tool: "lsns",
    about: "List namespaces, or the processes in one.",
    usage: "lsns [OPTIONS] [NAMESPACE]",
    after: "NAMESPACE is an inode number. --list-columns names the columns. See lsns(8).",
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
            Id::Json => self.json = true,
            Id::List => self.list = true,
            Id::NoHeadings => self.no_headings = true,
            Id::Output => self.output = met.value,
            Id::OutputAll => self.output_all = true,
            Id::Persistent => self.persistent = true,
            Id::Task => {
                let pid = met.read("a PID", |text| number(text.as_bytes()))?;
                self.task = (pid != 0).then_some(pid);
            }
            Id::Filter => self.filter = met.value,
            Id::Raw => self.raw = true,
            Id::NoTruncate => self.no_truncate = true,
            Id::NoWrap => self.no_wrap = true,
            Id::Type => self.kinds.insert(
                met.read("mnt, net, ipc, user, pid, uts, cgroup or time", |text| Kind::from_name(text.as_bytes()))?,
            ),
            Id::Tree => {
                self.tree = Some(match met.value {
                    None => Tree::Owner,
                    Some(_) => met.read("process, parent or owner", tree)?,
                });
            }
            Id::Scan => {
                let sources =
                    "a list of process, thread, children, fd, socket, mount, elsewhere, relative, kernel, all";
                let read = |text: &OsStr| SourceSet::parse(text.as_bytes(), SourceSet::DEFAULT);
                self.scan = Some(met.read(sources, read)?);
            }
            Id::ListColumns => self.list_columns = true,
        }
        Ok(())
    }

    /// The first operand (others are passed over), and what cannot be asked for together.
    fn finish(&mut self, operands: Vec<OsString>) -> Result<(), UsageError> {
        if let Some(operand) = operands.into_iter().next() {
            let inode = number(operand.as_bytes());
            self.namespace = Some(inode.ok_or_else(|| UsageError::BadValue {
                option: "NAMESPACE".to_string(),
                value: operand,
                expected: "an inode number",
            })?);
        }
        self.check()
    }

    /// Options that exclude each other.
    fn check(&self) -> Result<(), UsageError> {
        let exclusive = [
            (self.json, "--json", self.raw, "--raw"),
            (self.persistent, "--persistent", self.task.is_some(), "--task"),
            (self.task.is_some(), "--task", self.namespace.is_some(), "NAMESPACE"),
        ];
        for (one, name, other, other_name) in exclusive {
            if one && other {
                return Err(UsageError::Exclusive(name, other_name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[&str]) -> Result<Args, String> {
        crate::cli::typed(super::parse, line)
    }

    #[test]
    fn options_may_follow_the_operand() {
        let args = parse(&["4026531837", "-J", "--", "-x"]).unwrap();
        assert_eq!((args.namespace, args.json), (Some(4026531837), true));
    }

    #[test]
    fn a_tree_takes_its_relation_attached_only() {
        for (line, tree) in [
            (&["-T"][..], Tree::Owner),
            (&["--tree"], Tree::Owner),
            (&["-Tparent"], Tree::Parent),
            (&["-T=process"], Tree::Process),
            (&["--tree=process", "-T"], Tree::Owner),
        ] {
            assert_eq!(parse(line).unwrap().tree, Some(tree), "{line:?}");
        }
        assert_eq!(parse(&["-T", "owner"]).unwrap_err(), "NAMESPACE: 'owner' is not an inode number");
    }

    #[test]
    fn kinds_add_up() {
        assert_eq!(parse(&["-tnet", "--type=mnt", "-t", "net"]).unwrap().kinds.to_string(), "mnt, net");
    }

    #[test]
    fn zero_is_no_task_and_no_namespace() {
        let args = parse(&["-p", "0", "0"]).unwrap();
        assert_eq!((args.task, args.namespace), (None, Some(0)));
    }

    #[test]
    fn bad_values_and_combinations_are_named() {
        for (line, expected) in [
            (&["-p", "-1"][..], "-p/--task: '-1' is not a PID"),
            (&["-p", "4294967297"], "-p/--task: '4294967297' is not a PID"),
            (&["0x10"], "NAMESPACE: '0x10' is not an inode number"),
            (&["-t", "mnt,net"], "-t/--type: 'mnt,net' is not mnt, net, ipc, user, pid, uts, cgroup or time"),
            (&["-T="], "-T/--tree: '' is not process, parent or owner"),
            (&["-J", "-r"], "--json and --raw exclude each other"),
            (&["-P", "-p1"], "--persistent and --task exclude each other"),
            (&["-p1", "7"], "--task and NAMESPACE exclude each other"),
            (&["0", "-p1"], "--task and NAMESPACE exclude each other"),
        ] {
            assert_eq!(parse(line).unwrap_err(), expected, "{line:?}");
        }
    }
}
