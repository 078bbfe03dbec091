//! unshare's command line.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::getopt::{Met, Opt, Order, UsageError, Wording};
use super::help::Page;
use super::value::{self, BlockArgument, GID, IdOrName, UID, block_argument, read_id};
use super::{Parsed, read};
use crate::enter::step::{Propagation, Setgroups};
use crate::namespace::{Kind, KindSet};
use crate::sys::signal::SignalNumber;

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// The namespaces to unshare.
    pub kinds: KindSet,
    /// The files to keep them on, the last one of each kind.
    pub keep: Vec<(Kind, PathBuf)>,
    /// --fork.
    pub fork: bool,
    /// --kill-child.
    pub kill_child: Option<SignalNumber>,
    /// --forward-signals.
    pub forward_signals: bool,
    /// --mount-proc, with its directory.
    pub mount_proc: Option<Option<PathBuf>>,
    /// --mount-binfmt, with its directory.
    pub mount_binfmt: Option<Option<PathBuf>>,
    /// --load-interp.
    pub load_interpreter: Option<OsString>,
    /// --propagation.
    pub propagation: Propagation,
    /// -r, -c or --map-user.
    pub map_user: Option<SingleId>,
    /// -r, -c or --map-group.
    pub map_group: Option<SingleId>,
    /// --map-users and its kin.
    pub map_users: Vec<BlockArgument>,
    /// --map-groups and its kin.
    pub map_groups: Vec<BlockArgument>,
    /// --owner.
    pub owner: Option<(u32, u32)>,
    /// --setgroups.
    pub setgroups: Option<Setgroups>,
    /// --keep-caps.
    pub keep_capabilities: bool,
    /// --setuid.
    pub uid: Option<IdOrName>,
    /// --setgid.
    pub gid: Option<IdOrName>,
    /// --root.
    pub root: Option<PathBuf>,
    /// --wd.
    pub working_directory: Option<PathBuf>,
    /// --monotonic.
    pub monotonic: Option<i64>,
    /// --boottime.
    pub boottime: Option<i64>,
    /// --clear-env, or the names of --whitelist-env.
    pub environment: Option<Vec<OsString>>,
    /// The program and its arguments.
    pub program: Vec<OsString>,
}

/// What the caller's own id is to be inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SingleId {
    /// This one.
    To(IdOrName),
    /// The same as outside.
    Current,
}

impl SingleId {
    const ROOT: SingleId = SingleId::To(IdOrName::Id(0));
}

/// The options by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// A namespace.
    Namespace(Kind),
    /// --fork
    Fork,
    /// --kill-child
    KillChild,
    /// --forward-signals
    ForwardSignals,
    /// --mount-proc
    MountProc,
    /// --mount-binfmt
    MountBinfmt,
    /// --load-interp
    LoadInterpreter,
    /// --propagation
    Propagation,
    /// --map-user
    MapUser,
    /// --map-group
    MapGroup,
    /// --map-root-user
    MapRootUser,
    /// --map-current-user
    MapCurrentUser,
    /// --map-users
    MapUsers,
    /// --map-groups
    MapGroups,
    /// --map-auto
    MapAuto,
    /// --map-subids
    MapSubids,
    /// --owner
    Owner,
    /// --setgroups
    Setgroups,
    /// --keep-caps
    KeepCapabilities,
    /// --setuid
    SetUid,
    /// --setgid
    SetGid,
    /// --root
    Root,
    /// --wd
    WorkingDirectory,
    /// --monotonic
    Monotonic,
    /// --boottime
    Boottime,
    /// --clear-env
    ClearEnvironment,
    /// --whitelist-env
    WhitelistEnvironment,
}

const fn namespace(kind: Kind, help: &'static str) -> Opt<Id> {
    Opt::new(Id::Namespace(kind), kind.long_option(), help).short(kind.letter()).optional_long("FILE")
}

/// The blocks of ids that have a name.
const BLOCKS: [&str; 3] = ["auto", "subids", "all"];

/// unshare's options.
pub const OPTIONS: [Opt<Id>; 36] = [
    namespace(Kind::Mount, "New mount namespace; with FILE, kept there by a bind mount (so for all kinds)"),
    namespace(Kind::Uts, "New UTS namespace (host name)"),
    namespace(Kind::Ipc, "New IPC namespace (System V IPC, POSIX message queues)"),
    namespace(Kind::Net, "New network namespace"),
    namespace(Kind::Pid, "New PID namespace for children: see --fork"),
    namespace(Kind::User, "New user namespace"),
    namespace(Kind::Cgroup, "New cgroup namespace"),
    namespace(Kind::Time, "New time namespace for children"),
    Opt::new(Id::Fork, "fork", "Run the program as a child").short(b'f'),
    Opt::new(Id::KillChild, "kill-child", "When unshare dies, send SIG (KILL) to the child (implies --fork)")
        .optional("SIG"),
    Opt::new(Id::ForwardSignals, "forward-signals", "Pass SIGTERM and SIGINT on to the child (implies --fork)").newer(),
    Opt::new(Id::MountProc, "mount-proc", "Mount a new proc on DIR (/proc) (implies --mount)").optional("DIR"),
    Opt::new(
        Id::MountBinfmt,
        "mount-binfmt",
        "Mount binfmt_misc on DIR (/proc/sys/fs/binfmt_misc) (implies --user, --mount and, without DIR, --mount-proc)",
    )
    .optional("DIR")
    .newer(),
    Opt::new(Id::LoadInterpreter, "load-interp", "Register STR with binfmt_misc (implies --mount-binfmt)")
        .short(b'l')
        .required("STR")
        .newer(),
    Opt::new(
        Id::Propagation,
        "propagation",
        "Propagation of the new mounts: private (default), shared, slave, unchanged",
    )
    .required("MODE")
    .words(&["private", "shared", "slave", "unchanged"]),
    Opt::new(Id::MapUser, "map-user", "Map the caller's user to this one (implies --user)").required("UID|NAME"),
    Opt::new(Id::MapUsers, "map-users", "Map a block of users: INNER:OUTER:COUNT, auto, subids or all; repeatable")
        .required("MAP")
        .words(&BLOCKS)
        .repeatable(),
    Opt::new(Id::MapGroup, "map-group", "Map the caller's group to this one (implies --user)").required("GID|NAME"),
    Opt::new(Id::MapGroups, "map-groups", "Map a block of groups, as --map-users")
        .required("MAP")
        .words(&BLOCKS)
        .repeatable(),
    Opt::new(Id::MapRootUser, "map-root-user", "Map the caller's user and group to root (implies --user)").short(b'r'),
    Opt::new(Id::MapCurrentUser, "map-current-user", "Map the caller's user and group to themselves (implies --user)")
        .short(b'c'),
    Opt::new(Id::MapAuto, "map-auto", "--map-users=auto --map-groups=auto: the first block of /etc/subuid, to 0"),
    Opt::new(Id::MapSubids, "map-subids", "--map-users=subids --map-groups=subids: that block, to itself").newer(),
    Opt::new(Id::Owner, "owner", "The owner of the new user namespace (implies --user)").required("UID:GID").newer(),
    Opt::new(Id::Setgroups, "setgroups", "Whether setgroups(2) works in the new user namespace: allow, deny")
        .required("MODE")
        .words(&["allow", "deny"]),
    Opt::new(Id::KeepCapabilities, "keep-caps", "Let the program keep the capabilities in the new user namespace"),
    Opt::new(Id::SetUid, "setuid", "Run the program as this user").short(b'S').required("UID|NAME"),
    Opt::new(Id::SetGid, "setgid", "Run the program as this group, without supplementary ones")
        .short(b'G')
        .required("GID|NAME"),
    Opt::new(Id::Root, "root", "Change the root directory").short(b'R').required("DIR"),
    Opt::new(Id::WorkingDirectory, "wd", "Change the working directory, inside --root").short(b'w').required("DIR"),
    Opt::new(Id::Monotonic, "monotonic", "Offset of the monotonic clock in the new time namespace").required("SECONDS"),
    Opt::new(Id::Boottime, "boottime", "Offset of the boottime clock in the new time namespace").required("SECONDS"),
    Opt::new(Id::ClearEnvironment, "clear-env", "Run the program with an empty environment").newer(),
    Opt::new(Id::WhitelistEnvironment, "whitelist-env", "Leave only these variables, comma-separated; repeatable")
        .required("NAMES")
        .newer()
        .repeatable(),
    Opt::HELP,
    Opt::VERSION,
];

/// The words around the options in --help.
pub const PAGE: Page = Page {
    tool: "unshare",
    about: "Run a program in new namespaces.",
    usage: "unshare [OPTIONS] [PROGRAM [ARGUMENT]...]",
    after: "Without PROGRAM, the caller's shell is run. See unshare(1).",
};

/// Reads unshare's command line, argv without its first.
pub fn parse(arguments: Vec<OsString>) -> Result<Parsed<Args>, UsageError> {
    read(&OPTIONS, Order::UntilOperand, arguments, Args::take, |args, operands| {
        args.program = operands;
        Ok(())
    })
}

impl Args {
    fn take(&mut self, id: Id, met: Met<'_, Id>) -> Result<(), UsageError> {
        let user = KindSet::EMPTY.with(Kind::User);
        let mount = KindSet::EMPTY.with(Kind::Mount);
        let implied = match id {
            Id::MapUser | Id::MapGroup | Id::MapRootUser | Id::MapCurrentUser => user,
            Id::MapUsers | Id::MapGroups | Id::MapAuto | Id::MapSubids | Id::Owner => user,
            Id::MountProc => mount,
            Id::MountBinfmt | Id::LoadInterpreter => mount.with(Kind::User),
            Id::Namespace(kind) => KindSet::EMPTY.with(kind),
            _ => KindSet::EMPTY,
        };
        self.kinds = self.kinds.union(implied);
        match id {
            Id::Namespace(kind) => {
                if let Some(file) = met.value {
                    self.keep.retain(|(kept, _)| *kept != kind);
                    self.keep.push((kind, file.into()));
                }
            }
            Id::Fork => self.fork = true,
            Id::KillChild => {
                self.fork = true;
                let known = "the name of a signal";
                self.kill_child = Some(match met.value {
                    None => SignalNumber::KILL,
                    Some(_) => met.read(Wording::Bare("unknown signal"), known, value::signal)?,
                });
            }
            Id::ForwardSignals => {
                self.fork = true;
                self.forward_signals = true;
            }
            Id::MountProc => self.mount_proc = Some(met.value.map(PathBuf::from)),
            Id::MountBinfmt => self.mount_binfmt = Some(met.value.map(PathBuf::from)),
            Id::LoadInterpreter => self.load_interpreter = met.value,
            Id::Propagation => {
                let wording = Wording::Bare("unsupported propagation mode");
                self.propagation =
                    met.read(wording, "private, shared, slave or unchanged", |mode| match mode.as_bytes() {
                        b"private" => Some(Propagation::Private),
                        b"shared" => Some(Propagation::Shared),
                        b"slave" => Some(Propagation::Slave),
                        b"unchanged" => Some(Propagation::Unchanged),
                        _ => None,
                    })?;
            }
            Id::MapUser => {
                self.map_user = Some(SingleId::To(met.read(UID, "a UID or user name", value::id_or_name)?))
            }
            Id::MapGroup => {
                self.map_group = Some(SingleId::To(met.read(GID, "a GID or group name", value::id_or_name)?))
            }
            Id::MapRootUser => {
                self.map_user = Some(SingleId::ROOT);
                self.map_group = Some(SingleId::ROOT);
            }
            Id::MapCurrentUser => {
                self.map_user = Some(SingleId::Current);
                self.map_group = Some(SingleId::Current);
            }
            Id::MapUsers => self.map_users.push(read_block(&met)?),
            Id::MapGroups => self.map_groups.push(read_block(&met)?),
            Id::MapAuto => self.map_both(BlockArgument::Auto),
            Id::MapSubids => self.map_both(BlockArgument::Subids),
            Id::Owner => {
                self.owner = Some(met.read(Wording::Alone("failed to parse owner"), "UID:GID", value::id_pair)?)
            }
            Id::Setgroups => {
                let wording = Wording::Quoted("unsupported --setgroups argument");
                self.setgroups = Some(met.read(wording, "allow or deny", |mode| match mode.as_bytes() {
                    b"allow" => Some(Setgroups::Allow),
                    b"deny" => Some(Setgroups::Deny),
                    _ => None,
                })?);
            }
            Id::KeepCapabilities => self.keep_capabilities = true,
            Id::SetUid => self.uid = Some(read_id(&met, UID, "a UID or user name", "setuid")?),
            Id::SetGid => self.gid = Some(read_id(&met, GID, "a GID or group name", "setgid")?),
            Id::Root => self.root = met.value.map(PathBuf::from),
            Id::WorkingDirectory => self.working_directory = met.value.map(PathBuf::from),
            Id::Monotonic => self.monotonic = Some(met.read(MONOTONIC, "a number of seconds", value::seconds)?),
            Id::Boottime => self.boottime = Some(met.read(BOOTTIME, "a number of seconds", value::seconds)?),
            Id::ClearEnvironment => {
                self.environment.get_or_insert_default();
            }
            Id::WhitelistEnvironment => {
                let names = met.value.unwrap_or_default().into_vec();
                let names = names.split(|byte| *byte == b',').filter(|name| !name.is_empty());
                let names = names.map(|name| OsString::from_vec(name.to_vec()));
                self.environment.get_or_insert_default().extend(names);
            }
        }
        Ok(())
    }

    fn map_both(&mut self, block: BlockArgument) {
        self.map_users.push(block);
        self.map_groups.push(block);
    }
}

const MONOTONIC: Wording = Wording::Number("failed to parse monotonic offset");
const BOOTTIME: Wording = Wording::Number("failed to parse boottime offset");

fn read_block(met: &Met<'_, Id>) -> Result<BlockArgument, UsageError> {
    let value = met.value.as_deref().unwrap_or_default();
    block_argument(value)
        .ok_or_else(|| met.bad_value(value::what_is_wrong_with_block(value), "INNER:OUTER:COUNT, auto, subids or all"))
}

#[cfg(test)]
mod tests;
