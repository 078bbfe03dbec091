//! nsenter's command line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::getopt::{Met, Opt, Order, UsageError, Wording};
use super::help::Page;
use super::value::{self, GID, IdOrName, UID};
use super::{Parsed, read};
use crate::digits::{digits, number};
use crate::namespace::{Kind, Reference};

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// --target.
    pub target: Option<TargetArgument>,
    /// The namespaces to enter, each kind once, with where they are found.
    pub namespaces: Vec<(Kind, Source)>,
    /// --all.
    pub all: bool,
    /// --net-socket.
    pub net_socket: Option<i32>,
    /// --user-parent.
    pub user_parent: bool,
    /// --setuid.
    pub uid: Option<IdArgument>,
    /// --setgid.
    pub gid: Option<IdArgument>,
    /// --preserve-credentials.
    pub preserve_credentials: bool,
    /// --keep-caps.
    pub keep_capabilities: bool,
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
    /// --join-cgroup.
    pub join_cgroup: bool,
    /// --follow-context.
    pub follow_context: bool,
    /// The program and its arguments.
    pub program: Vec<OsString>,
}

/// The process that `--target` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetArgument {
    /// Its PID, above 0.
    pub pid: i32,
    /// The inode number of its pidfd.
    pub inode: Option<u64>,
}

/// Where a namespace is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is the target's.
    Target,
    /// This file leads to it or, if no file is called so, this is its name (a network namespace of ip-netns(8)) or its
    /// inode number.
    File(PathBuf),
    /// By its inode number or 64-bit id.
    Number(Reference),
}

/// A user or group for the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdArgument {
    /// That of the target.
    Follow,
    /// This one.
    To(IdOrName),
}

/// The options by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// --all
    All,
    /// --target
    Target,
    /// A namespace.
    Namespace(Kind),
    /// --net-socket
    NetSocket,
    /// --user-parent
    UserParent,
    /// --setuid
    SetUid,
    /// --setgid
    SetGid,
    /// --preserve-credentials
    PreserveCredentials,
    /// --keep-caps
    KeepCapabilities,
    /// --root
    Root,
    /// --wd
    WorkingDirectory,
    /// --wdns
    WorkingDirectoryInside,
    /// --env
    Environment,
    /// --no-fork
    NoFork,
    /// --join-cgroup
    JoinCgroup,
    /// --follow-context
    FollowContext,
}

const fn namespace(kind: Kind, help: &'static str) -> Opt<Id> {
    Opt::new(Id::Namespace(kind), kind.long_option(), help).short(kind.letter()).optional("FILE")
}

/// nsenter's options.
pub const OPTIONS: [Opt<Id>; 25] = [
    Opt::new(Id::All, "all", "Enter all namespaces of the target").short(b'a'),
    Opt::new(Id::Target, "target", "The process to take namespaces from; INODE is its pidfd's")
        .short(b't')
        .required("PID[:INODE]"),
    namespace(Kind::Mount, "Enter the mount namespace of the target, or of FILE, INODE or :NSID (so for all kinds)"),
    namespace(Kind::Uts, "Enter the UTS namespace (host name)"),
    namespace(Kind::Ipc, "Enter the IPC namespace (System V IPC, POSIX message queues)"),
    namespace(Kind::Net, "Enter the network namespace"),
    namespace(Kind::Pid, "Enter the PID namespace; the program runs as a child"),
    namespace(Kind::User, "Enter the user namespace"),
    namespace(Kind::Cgroup, "Enter the cgroup namespace"),
    namespace(Kind::Time, "Enter the time namespace"),
    Opt::new(Id::NetSocket, "net-socket", "Enter the network namespace of this socket of the target")
        .short(b'N')
        .required("FD")
        .newer(),
    Opt::new(
        Id::UserParent,
        "user-parent",
        "Enter the user namespace that owns the one of --user, or else another one",
    )
    .newer(),
    Opt::new(Id::SetUid, "setuid", "Run the program as this user, or the target's (follow)")
        .short(b'S')
        .required("UID|NAME"),
    Opt::new(Id::SetGid, "setgid", "Run the program as this group, without supplementary ones")
        .short(b'G')
        .required("GID|NAME"),
    Opt::new(Id::PreserveCredentials, "preserve-credentials", "With --user: leave user, group and groups as they are"),
    Opt::new(Id::KeepCapabilities, "keep-caps", "With --user: let the program keep its capabilities").newer(),
    Opt::new(Id::Root, "root", "Set the root directory: the target's, or DIR outside").short(b'r').optional("DIR"),
    Opt::new(Id::WorkingDirectory, "wd", "Set the working directory: the target's, or DIR outside")
        .short(b'w')
        .optional("DIR"),
    Opt::new(Id::WorkingDirectoryInside, "wdns", "Set the working directory to DIR inside")
        .short(b'W')
        .required("DIR")
        .dropping_equals(),
    Opt::new(Id::Environment, "env", "Run the program with the environment of the target").short(b'e').newer(),
    Opt::new(Id::NoFork, "no-fork", "Do not fork although a PID namespace is entered").short(b'F'),
    Opt::new(Id::JoinCgroup, "join-cgroup", "Move into the cgroups of the target").short(b'c').newer(),
    Opt::new(Id::FollowContext, "follow-context", "Run the program in the SELinux context of the target").short(b'Z'),
    Opt::HELP,
    Opt::VERSION,
];

/// The words around the options in --help.
pub const PAGE: Page = Page {
    tool: "nsenter",
    about: "Run a program in the namespaces of another process.",
    usage: "nsenter [OPTIONS] [PROGRAM [ARGUMENT]...]",
    after: "Without PROGRAM, the caller's shell is run. See nsenter(1).",
};

/// Reads nsenter's command line, argv without its first.
pub fn parse(arguments: Vec<OsString>) -> Result<Parsed<Args>, UsageError> {
    read(&OPTIONS, Order::UntilOperand, arguments, Args::take, Args::finish)
}

impl Args {
    fn take(&mut self, id: Id, met: Met<'_, Id>) -> Result<(), UsageError> {
        match id {
            Id::All => self.all = true,
            Id::Target => {
                if self.target.is_some() {
                    return Err(UsageError::Repeated("--target"));
                }
                self.target = Some(met.read(Wording::Number("failed to parse pid"), "PID or PID:INODE", target)?);
            }
            Id::Namespace(kind) => {
                let source = match met.value {
                    None => Source::Target,
                    Some(_) => read_source(&met)?,
                };
                self.namespaces.retain(|(known, _)| *known != kind);
                self.namespaces.push((kind, source));
            }
            Id::NetSocket => {
                let wording = Wording::Number("failed to parse file descriptor");
                self.net_socket =
                    Some(met.read(wording, "the number of a descriptor", |text| digits(text.as_bytes()))?);
            }
            Id::UserParent => self.user_parent = true,
            Id::SetUid => self.uid = Some(read_id(&met, UID, "a UID, user name or 'follow'", "setuid")?),
            Id::SetGid => self.gid = Some(read_id(&met, GID, "a GID, group name or 'follow'", "setgid")?),
            Id::PreserveCredentials => self.preserve_credentials = true,
            Id::KeepCapabilities => self.keep_capabilities = true,
            Id::Root => self.root = Some(met.value.map(PathBuf::from)),
            Id::WorkingDirectory => {
                self.working_directory = Some(met.value.map(PathBuf::from));
                return self.check_directories();
            }
            Id::WorkingDirectoryInside => {
                self.working_directory_inside = met.value.map(PathBuf::from);
                return self.check_directories();
            }
            Id::Environment => self.environment = true,
            Id::NoFork => self.no_fork = true,
            Id::JoinCgroup => self.join_cgroup = true,
            Id::FollowContext => self.follow_context = true,
        }
        Ok(())
    }

    fn check_directories(&self) -> Result<(), UsageError> {
        match (&self.working_directory, &self.working_directory_inside) {
            (Some(_), Some(_)) => Err(UsageError::Exclusive("--wdns", "--wd")),
            _ => Ok(()),
        }
    }

    /// The operands, and what cannot be asked for together.
    fn finish(&mut self, operands: Vec<OsString>) -> Result<(), UsageError> {
        self.program = operands;
        let has_net = self.namespaces.iter().any(|(kind, _)| *kind == Kind::Net);
        if has_net && self.net_socket.is_some() {
            return Err(UsageError::Exclusive("--net", "--net-socket"));
        }
        Ok(())
    }
}

fn target(text: &OsStr) -> Option<TargetArgument> {
    let mut parts = text.as_bytes().splitn(2, |byte| *byte == b':');
    let pid = number(parts.next()?).filter(|pid| *pid > 0)?;
    let inode = match parts.next() {
        None => None,
        Some(inode) => Some(digits(inode)?),
    };
    Some(TargetArgument { pid, inode })
}

/// `:NSID`, or a file.
fn source(text: &OsStr) -> Option<Source> {
    match text.as_bytes().strip_prefix(b":") {
        Some(id) => digits(id).map(|id| Source::Number(Reference::Id(id))),
        None => Some(Source::File(text.into())),
    }
}

/// The inode number of a namespace of this kind as lsns(8) and the links of /proc write it: `4026531840`,
/// `[4026531840]`, `net:[4026531840]`. A file may have such a name as well.
pub fn inode_number(kind: Kind, text: &OsStr) -> Option<u64> {
    let text = text.as_bytes();
    let of_kind = text.strip_prefix(kind.name().as_bytes()).and_then(|rest| rest.strip_prefix(b":"));
    let bracketed = of_kind.unwrap_or(text).strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    match (of_kind, bracketed) {
        (_, Some(inode)) => digits(inode),
        (None, None) => digits(text),
        (Some(_), None) => None,
    }
}

fn read_source(met: &Met<'_, Id>) -> Result<Source, UsageError> {
    let expected = "a file, a name or number of this kind, or :NSID (./NAME for a file of such a name)";
    let value = met.value.as_deref().unwrap_or_default();
    source(value).ok_or_else(|| {
        let id = value.as_bytes().strip_prefix(b":");
        let shown = id.map_or(value, OsStr::from_bytes).display();
        met.bad_value(format!("failed to parse nsid: {shown}"), expected)
    })
}

fn read_id(
    met: &Met<'_, Id>,
    wording: Wording,
    expected: &'static str,
    call: &'static str,
) -> Result<IdArgument, UsageError> {
    value::not_none(met, expected, call)?;
    met.read(wording, expected, id_argument)
}

fn id_argument(text: &OsStr) -> Option<IdArgument> {
    match text.as_bytes() {
        b"follow" => Some(IdArgument::Follow),
        _ => value::id_or_name(text).map(IdArgument::To),
    }
}

#[cfg(test)]
mod tests;
