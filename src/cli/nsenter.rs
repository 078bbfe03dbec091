//! nsenter's command line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

mod resolve;

pub use resolve::{look_up, resolve};

use super::capabilities::{self, Capabilities};
use super::getopt::{Matched, Opt, Order, UsageError, Wording};
use super::help::{Group, INFORMATION, Page};
use super::value::{self, GID, IdOrName, UID};
use super::{Parsed, read};
use crate::container::trust::is_plain;
use crate::enter::nsenter::NamespaceSource;
use crate::enter::target::TargetArgument;
use crate::enter::target_source::TargetSource;
use crate::error::Shown;
use crate::namespace::{Kind, NamespaceNumber};
use crate::number::{number, parse_decimal};
use crate::sys::signal::{SignalNumber, SignalSet};

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NsenterArgs {
    /// --target, --container or --unit.
    pub target: Option<TargetSource>,
    /// The namespaces to enter, each kind once, with their sources.
    pub namespaces: Vec<(Kind, NamespaceSource)>,
    /// --all.
    pub all: bool,
    /// --net-socket.
    pub net_socket: Option<i32>,
    /// --netns.
    pub netns: Option<PathBuf>,
    /// How often --user-parent was given.
    pub user_parent: u32,
    /// --setuid.
    pub uid: Option<IdArgument>,
    /// --setgid.
    pub gid: Option<IdArgument>,
    /// --preserve-credentials.
    pub preserve_credentials: bool,
    /// --keep-caps.
    pub keep_capabilities: bool,
    /// --cap-drop, --cap-add and --no-new-privs.
    pub capabilities: Capabilities,
    /// --root, with its directory.
    pub root: Option<Option<PathBuf>>,
    /// --wd, with its directory.
    pub working_directory: Option<Option<PathBuf>>,
    /// --wdns.
    pub working_directory_inside: Option<PathBuf>,
    /// --env.
    pub environment: bool,
    /// --no-fork.
    pub no_fork: bool,
    /// --pty.
    pub pty: bool,
    /// --kill-child.
    pub kill_child: Option<SignalNumber>,
    /// --forward-signals.
    pub forward_signals: Option<SignalSet>,
    /// --join-cgroup.
    pub join_cgroup: bool,
    /// --follow-context.
    pub follow_context: bool,
    /// --like-target.
    pub like_target: bool,
    /// The program and its arguments.
    pub program: Vec<OsString>,
}

/// A user or group for the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdArgument {
    /// That of the target.
    Follow,
    /// This one.
    To(IdOrName),
}

/// A row for a kind of namespaces. A setter is a plain function that knows one kind, so each kind has its own.
macro_rules! namespace {
    ($kind:expr, $help:literal) => {
        Row::read($kind.long_option(), $help, |args, matched| args.read_namespace($kind, matched))
            .short($kind.letter())
            .optional("FILE")
    };
}

/// An option, with what it does to the arguments.
type Row = Opt<NsenterArgs>;

/// nsenter's options.
pub const OPTIONS: &[Row] = &[
    Row::switch("all", "Enter all namespaces of the target", |args| args.all = true).short(b'a'),
    Row::read("target", "The process whose namespaces to enter; INODE: that of its pidfd", NsenterArgs::read_target)
        .short(b't')
        .required("PID[:INODE]"),
    Row::read("container", "The first process of this container: its name, or the beginning of its id", {
        |args, matched| args.read_named_target("--container", TargetSource::Container, matched)
    })
    .required("[RUNTIME:]NAME")
    .ours(),
    Row::read("unit", "The main process of this unit of systemd", |args, matched| {
        args.read_named_target("--unit", TargetSource::Unit, matched)
    })
    .required("UNIT")
    .ours(),
    namespace!(Kind::Mount, "Enter the mount namespace"),
    namespace!(Kind::Uts, "Enter the UTS namespace (host name)"),
    namespace!(Kind::Ipc, "Enter the IPC namespace (message queues, shared memory)"),
    namespace!(Kind::Net, "Enter the network namespace"),
    namespace!(Kind::Pid, "Enter the PID namespace; the program is a child"),
    namespace!(Kind::User, "Enter the user namespace"),
    namespace!(Kind::Cgroup, "Enter the cgroup namespace"),
    namespace!(Kind::Time, "Enter the time namespace"),
    Row::read("net-socket", "Enter the network namespace of a socket of the target", |args, matched| {
        let wording = Wording::Number("failed to parse file descriptor");
        let number = |text: &OsStr| parse_decimal(text.as_bytes());
        args.net_socket = Some(matched.read(wording, "the number of a descriptor", number)?);
        Ok(())
    })
    .short(b'N')
    .required("FD")
    .newer(),
    Row::read("netns", "Enter NAME of 'ip netns', with its /sys and its files of /etc", |args, matched| {
        args.netns = Some(matched.read(Wording::Quoted("invalid network namespace name"), "a name", network_name)?);
        Ok(())
    })
    .required("NAME")
    .ours(),
    Row::switch("user-parent", "Enter the user namespace that owns the others", |args| {
        args.user_parent = args.user_parent.saturating_add(1)
    })
    .newer()
    .repeatable(),
    Row::read("setuid", "Run the program as this user; follow: the target's", |args, matched| {
        args.uid = Some(matched.read(UID, "a UID, user name or 'follow'", id_argument)?);
        Ok(())
    })
    .short(b'S')
    .required("UID|NAME"),
    Row::read("setgid", "Run the program as this group, and no other; follow: the target's", |args, matched| {
        args.gid = Some(matched.read(GID, "a GID, group name or 'follow'", id_argument)?);
        Ok(())
    })
    .short(b'G')
    .required("GID|NAME"),
    Row::switch("preserve-credentials", "With --user: stay the same user and groups", |args| {
        args.preserve_credentials = true
    }),
    Row::switch("keep-caps", "With --user: let a program that is not root keep its capabilities", |args| {
        args.keep_capabilities = true
    })
    .newer(),
    capabilities::cap_drop(),
    capabilities::cap_add(),
    capabilities::no_new_privs(),
    Row::store("root", "Use the root directory of the target, or DIR outside", |args, directory| {
        args.root = Some(directory.map(PathBuf::from))
    })
    .short(b'r')
    .optional("DIR"),
    Row::read("wd", "Start in the working directory of the target, or in DIR outside", |args, matched| {
        args.working_directory = Some(matched.value.map(PathBuf::from));
        args.check_directories()
    })
    .short(b'w')
    .optional("DIR"),
    Row::read("wdns", "Start in DIR inside", |args, matched| {
        args.working_directory_inside = matched.value.map(PathBuf::from);
        args.check_directories()
    })
    .short(b'W')
    .required("DIR")
    .dropping_equals(),
    Row::switch("env", "Run the program with the environment of the target", |args| args.environment = true)
        .short(b'e')
        .newer(),
    Row::switch("no-fork", "Do not fork when a PID namespace is entered", |args| args.no_fork = true).short(b'F'),
    Row::switch("pty", "Give the program its own terminal (implies a fork)", |args| args.pty = true).ours(),
    Row::read("kill-child", "Send SIG (KILL) to the child when nsenter dies (implies a fork)", |args, matched| {
        args.kill_child = Some(value::read_kill_child(&matched)?);
        Ok(())
    })
    .optional("SIG")
    .ours(),
    Row::read(
        "forward-signals",
        "Pass the signals TERM and INT, or those of LIST, on to the child (implies a fork)",
        |args, matched| {
            args.forward_signals = Some(value::read_signals(&matched)?);
            Ok(())
        },
    )
    .optional("LIST")
    .words(&["all"])
    .ours(),
    Row::switch("join-cgroup", "Run the program in the cgroups of the target", |args| args.join_cgroup = true)
        .short(b'c')
        .newer(),
    Row::switch("follow-context", "Run the program in the SELinux context of the target", |args| {
        args.follow_context = true
    })
    .short(b'Z'),
    Row::switch(
        "like-target",
        "Run the program as the target runs: -a -r -w -e -c, and its user, limits and rights",
        |args| args.like_target = true,
    )
    .ours(),
    Row::HELP,
    Row::VERSION,
];

/// The words around the options in --help.
pub const PAGE: Page = Page {
    tool: "nsenter",
    about: "Run a program in the namespaces of another process.",
    usage: "nsenter [OPTIONS] [PROGRAM [ARGUMENT]...]",
    groups: &[
        Group { title: "Target", options: &["target", "container", "unit", "like-target"] },
        Group {
            title: "Namespaces (those of the target; FILE: a path, an inode number or :NSID)",
            options: &[
                "all",
                "mount",
                "net",
                "pid",
                "user",
                "uts",
                "ipc",
                "cgroup",
                "time",
                "netns",
                "net-socket",
                "user-parent",
            ],
        },
        Group { title: "Directories", options: &["root", "wd", "wdns"] },
        Group { title: "Process", options: &["join-cgroup", "no-fork", "kill-child", "forward-signals", "pty"] },
        Group {
            title: "Ids and rights",
            options: &[
                "setuid",
                "setgid",
                "preserve-credentials",
                "keep-caps",
                "cap-drop",
                "cap-add",
                "no-new-privs",
                "follow-context",
            ],
        },
        Group { title: "Environment", options: &["env"] },
        INFORMATION,
    ],
    after: "\
Without PROGRAM, your shell is run.

Examples:
  nsenter --container web --all     a shell in the container web
  nsenter -t 1234 --net ip address  the network of process 1234, by our own ip
  nsenter --net=/run/blue ip route  a network that is kept on /run/blue

See nsenter(1).",
};

/// Reads nsenter's command line, argv without its first.
pub fn parse(arguments: Vec<OsString>) -> Result<Parsed<NsenterArgs>, UsageError> {
    read(OPTIONS, Order::UntilOperand, arguments, NsenterArgs::finish)
}

impl AsMut<Capabilities> for NsenterArgs {
    fn as_mut(&mut self) -> &mut Capabilities {
        &mut self.capabilities
    }
}

impl NsenterArgs {
    fn read_target(&mut self, matched: Matched<'_, NsenterArgs>) -> Result<(), UsageError> {
        if matches!(self.target, Some(TargetSource::Process(_))) {
            return Err(UsageError::Repeated("--target"));
        }
        let target = matched.read(Wording::Number("failed to parse pid"), "PID or PID:INODE", target)?;
        self.set_target("--target", TargetSource::Process(target))
    }

    fn read_named_target(
        &mut self,
        option: &'static str,
        source: fn(OsString) -> TargetSource,
        matched: Matched<'_, NsenterArgs>,
    ) -> Result<(), UsageError> {
        self.set_target(option, source(matched.value.unwrap_or_default()))
    }

    /// There is one target. Of several of one option, the last counts.
    fn set_target(&mut self, option: &'static str, target: TargetSource) -> Result<(), UsageError> {
        let before = match &self.target {
            None => option,
            Some(TargetSource::Process(_)) => "--target",
            Some(TargetSource::Container(_)) => "--container",
            Some(TargetSource::Unit(_)) => "--unit",
        };
        if before != option {
            return Err(UsageError::Exclusive(before, option));
        }
        self.target = Some(target);
        Ok(())
    }

    fn read_namespace(&mut self, kind: Kind, matched: Matched<'_, NsenterArgs>) -> Result<(), UsageError> {
        let source = match matched.value {
            None => NamespaceSource::Target,
            Some(_) => read_source(&matched)?,
        };
        self.namespaces.retain(|(known, _)| *known != kind);
        self.namespaces.push((kind, source));
        Ok(())
    }

    fn check_directories(&self) -> Result<(), UsageError> {
        match (&self.working_directory, &self.working_directory_inside) {
            (Some(_), Some(_)) => Err(UsageError::Exclusive("--wdns", "--wd")),
            _ => Ok(()),
        }
    }

    /// Reads the operands, and refuses options that exclude each other.
    fn finish(&mut self, operands: Vec<OsString>) -> Result<(), UsageError> {
        self.program = operands;
        self.check()
    }

    /// Errors: options that exclude each other.
    pub(crate) fn check(&self) -> Result<(), UsageError> {
        self.check_directories()?;
        let has_net = self.namespaces.iter().any(|(kind, _)| *kind == Kind::Net);
        if has_net && self.net_socket.is_some() {
            return Err(UsageError::Exclusive("--net", "--net-socket"));
        }
        if self.netns.is_some() {
            // It has a network and a mount namespace of its own.
            let has = |kind: Kind| self.namespaces.iter().any(|(given, _)| *given == kind);
            let others = [
                (has(Kind::Net), "--net"),
                (self.net_socket.is_some(), "--net-socket"),
                (has(Kind::Mount), "--mount"),
                (self.root.is_some(), "--root"),
                (self.like_target, "--like-target"),
            ];
            if let Some((_, other)) = others.iter().find(|(given, _)| *given) {
                return Err(UsageError::Exclusive("--netns", other));
            }
        }
        // Without a child, these options would have no effect.
        let of_child = [
            (self.pty, "--pty"),
            (self.kill_child.is_some(), "--kill-child"),
            (self.forward_signals.is_some(), "--forward-signals"),
            (self.like_target, "--like-target"),
        ];
        match of_child.into_iter().find(|(is_given, _)| self.no_fork && *is_given) {
            Some((_, option)) => Err(UsageError::Exclusive("--no-fork", option)),
            None => Ok(()),
        }
    }
}

fn target(text: &OsStr) -> Option<TargetArgument> {
    let mut parts = text.as_bytes().splitn(2, |byte| *byte == b':');
    let pid = number(parts.next()?).filter(|pid| *pid > 0)?;
    let inode = match parts.next() {
        None => None,
        Some(inode) => Some(parse_decimal(inode)?),
    };
    Some(TargetArgument { pid, inode })
}

/// A name in /run/netns.
pub(crate) fn network_name(text: &OsStr) -> Option<PathBuf> {
    is_plain(text.as_bytes()).then(|| PathBuf::from(text))
}

/// `:NSID`, or a file.
fn source(text: &OsStr) -> Option<NamespaceSource> {
    match text.as_bytes().strip_prefix(b":") {
        Some(id) => parse_decimal(id).map(|id| NamespaceSource::Number(NamespaceNumber::Id(id))),
        None => Some(NamespaceSource::File(text.into())),
    }
}

fn read_source(matched: &Matched<'_, NsenterArgs>) -> Result<NamespaceSource, UsageError> {
    let expected = "a file, a name or number of this kind, or :NSID (./NAME for a file of such a name)";
    let value = matched.value.as_deref().unwrap_or_default();
    source(value).ok_or_else(|| {
        let id = value.as_bytes().strip_prefix(b":");
        let shown = id.map_or(value, OsStr::from_bytes).shown();
        matched.bad_value(format!("failed to parse nsid: {shown}"), expected)
    })
}

fn id_argument(text: &OsStr) -> Option<IdArgument> {
    match text.as_bytes() {
        b"follow" => Some(IdArgument::Follow),
        _ => value::id_of_program(text).map(IdArgument::To),
    }
}

#[cfg(test)]
mod tests;
