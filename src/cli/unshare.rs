//! unshare's command line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

mod args;
mod id_maps;
mod resolve;

use args::read_block;
pub use args::{SingleId, UnshareArgs};
pub use resolve::{look_up, resolve};

use super::capabilities;
use super::getopt::{Opt, Order, UsageError, Wording};
use super::help::{Group, INFORMATION, Page};
use super::value::{self, BlockArgument, GID, UID, id_of_program};
use super::{Parsed, read};
use crate::enter::unshare::NewMount;
use crate::namespace::Kind;
use crate::number::parse_decimal;

/// A row for a kind of namespaces. A setter is a plain function that knows one kind, so each kind has its own.
macro_rules! namespace {
    ($kind:expr, $help:literal) => {
        Row::store($kind.long_option(), $help, |args, file| args.unshare($kind, file))
            .short($kind.letter())
            .optional_long("FILE")
    };
}

/// The blocks of ids that have a name.
const BLOCKS: [&str; 4] = ["auto", "ranges", "subids", "all"];

/// An option, with what it does to the arguments.
type Row = Opt<UnshareArgs>;

/// unshare's options.
pub const OPTIONS: &[Row] = &[
    namespace!(Kind::Mount, "New mount namespace"),
    namespace!(Kind::Uts, "New UTS namespace (host name)"),
    namespace!(Kind::Ipc, "New IPC namespace (message queues, shared memory)"),
    namespace!(Kind::Net, "New network namespace"),
    namespace!(Kind::Pid, "New PID namespace, for children only: add --fork"),
    namespace!(Kind::User, "New user namespace"),
    namespace!(Kind::Cgroup, "New cgroup namespace"),
    namespace!(Kind::Time, "New time namespace, for children only"),
    Row::switch("fork", "Run the program as a child", |args| args.fork = true).short(b'f'),
    Row::read("kill-child", "Send SIG (KILL) to the child when unshare dies (implies --fork)", |args, matched| {
        args.kill_child = Some(value::read_kill_child(&matched)?);
        args.fork = true;
        Ok(())
    })
    .optional("SIG"),
    Row::read(
        "forward-signals",
        "Pass the signals TERM and INT, or those of LIST, on to the child (implies --fork)",
        |args, matched| {
            args.forward_signals = Some(value::read_signals(&matched)?);
            args.fork = true;
            Ok(())
        },
    )
    .optional("LIST")
    .words(&["all"])
    .newer(),
    Row::switch("init", "Run the program below an init, which collects orphans (implies --pid and --fork)", |args| {
        args.request.kinds.insert(Kind::Pid);
        args.fork = true;
        args.init = true;
    })
    .ours(),
    Row::switch("pty", "Give the program its own terminal (implies --fork)", |args| {
        args.fork = true;
        args.pty = true;
    })
    .ours(),
    Row::read("status-fd", "Write JSON to descriptor FD when the program starts and ends", |args, matched| {
        let wording = Wording::Number("failed to parse file descriptor");
        let number = |text: &OsStr| parse_decimal(text.as_bytes());
        args.status_fd = Some(matched.read(wording, "the number of a descriptor", number)?);
        Ok(())
    })
    .required("FD")
    .ours(),
    Row::store("mount-proc", "Mount a new proc on DIR (/proc)", |args, directory| {
        args.request.kinds.insert(Kind::Mount);
        args.mount_proc = Some(directory.map(PathBuf::from));
    })
    .optional("DIR"),
    Row::store(
        "mount-binfmt",
        "Mount a new binfmt_misc on DIR (/proc/sys/fs/binfmt_misc) (implies --user)",
        |args, directory| {
            args.imply_binfmt();
            args.mount_binfmt = Some(directory.map(PathBuf::from));
        },
    )
    .optional("DIR")
    .newer(),
    Row::store("load-interp", "Register STR as an interpreter (implies --mount-binfmt)", |args, registration| {
        args.imply_binfmt();
        args.request.interpreter = registration;
    })
    .short(b'l')
    .required("STR")
    .newer(),
    Row::read(
        "propagation",
        "How mounts pass between inside and outside: private (default), shared, slave, unchanged",
        UnshareArgs::read_propagation,
    )
    .required("MODE")
    .words(&["private", "shared", "slave", "unchanged"]),
    Row::read("map-user", "Be this user inside", |args, matched| {
        let user = matched.read(UID, "a UID or user name", value::id_or_name)?;
        args.map_single(Some(SingleId::To(user)), None);
        Ok(())
    })
    .required("UID|NAME"),
    Row::read("map-users", "Map a block of users: INNER:OUTER:COUNT, auto, ranges, subids or all", |args, matched| {
        args.map_blocks(Some(read_block(&matched)?), None);
        Ok(())
    })
    .required("MAP")
    .words(&BLOCKS)
    .repeatable(),
    Row::read("map-group", "Be this group inside", |args, matched| {
        let group = matched.read(GID, "a GID or group name", value::id_or_name)?;
        args.map_single(None, Some(SingleId::To(group)));
        Ok(())
    })
    .required("GID|NAME"),
    Row::read("map-groups", "Map a block of groups, as --map-users does", |args, matched| {
        args.map_blocks(None, Some(read_block(&matched)?));
        Ok(())
    })
    .required("MAP")
    .words(&BLOCKS)
    .repeatable(),
    Row::switch("map-root-user", "Be root inside", |args| args.map_single(Some(SingleId::ROOT), Some(SingleId::ROOT)))
        .short(b'r'),
    Row::switch("map-current-user", "Be the same user and group inside as outside", |args| {
        args.map_single(Some(SingleId::Current), Some(SingleId::Current))
    })
    .short(b'c'),
    Row::switch("map-auto", "Map your first block of /etc/subuid and /etc/subgid, from id 0 on", |args| {
        args.map_blocks(Some(BlockArgument::Auto), Some(BlockArgument::Auto))
    }),
    Row::switch("map-ranges", "Map all your blocks of these files, from id 0 on", |args| {
        args.map_blocks(Some(BlockArgument::Ranges), Some(BlockArgument::Ranges))
    })
    .ours(),
    Row::switch("map-subids", "Map your first block, with the same ids inside", |args| {
        args.map_blocks(Some(BlockArgument::Subids), Some(BlockArgument::Subids))
    })
    .newer(),
    Row::read("owner", "Have this user and group own the new user namespace", |args, matched| {
        args.request.kinds.insert(Kind::User);
        args.request.owner = Some(matched.read(Wording::Alone("failed to parse owner"), "UID:GID", value::id_pair)?);
        Ok(())
    })
    .required("UID:GID")
    .newer(),
    Row::read("setgroups", "Whether programs inside may call setgroups(2): allow, deny", UnshareArgs::read_setgroups)
        .required("MODE")
        .words(&["allow", "deny"]),
    Row::switch("keep-caps", "Let a program that is not root inside keep its capabilities", |args| {
        args.request.keep_capabilities = true
    }),
    capabilities::cap_drop(),
    capabilities::cap_add(),
    capabilities::no_new_privs(),
    Row::read("setuid", "Run the program as this user", |args, matched| {
        args.uid = Some(matched.read(UID, "a UID or user name", id_of_program)?);
        Ok(())
    })
    .short(b'S')
    .required("UID|NAME"),
    Row::read("setgid", "Run the program as this group, and no other", |args, matched| {
        args.gid = Some(matched.read(GID, "a GID or group name", id_of_program)?);
        Ok(())
    })
    .short(b'G')
    .required("GID|NAME"),
    Row::store("root", "Use DIR as the root directory, by chroot(2)", |args, directory| {
        args.request.root = directory.map(PathBuf::from)
    })
    .short(b'R')
    .required("DIR"),
    Row::store(
        "pivot-root",
        "Use DIR as the root directory, and leave nothing of the old one, by pivot_root(2)",
        |args, directory| {
            args.request.kinds.insert(Kind::Mount);
            args.request.pivot_root = directory.map(PathBuf::from);
        },
    )
    .required("DIR")
    .ours(),
    Row::read("bind", "Show the file or directory SRC as DST inside; ro: read-only", |args, matched| {
        let wording = Wording::Quoted("failed to parse bind mount");
        let mount = matched.read(wording, "SRC:DST or SRC:DST:ro, with DST from / on", value::bind)?;
        args.mount(mount);
        Ok(())
    })
    .required("SRC:DST[:ro]")
    .repeatable()
    .ours(),
    Row::read("tmpfs", "Mount an empty tmpfs on DST inside", |args, matched| {
        let place = matched.read(MOUNT_POINT, "a path from / on", value::absolute)?;
        args.mount(NewMount::Tmpfs(place));
        Ok(())
    })
    .required("DST")
    .repeatable()
    .ours(),
    Row::read(
        "mount-dev",
        "Mount a directory with null, zero, tty and the like on DIR (/dev) inside",
        |args, matched| {
            let place = match matched.value {
                None => "/dev".into(),
                Some(_) => matched.read(MOUNT_POINT, "a path from / on", value::absolute)?,
            };
            args.mount(NewMount::Devices(place));
            Ok(())
        },
    )
    .optional("DIR")
    .repeatable()
    .ours(),
    Row::store("wd", "Start in DIR, below the new root", |args, directory| {
        args.request.working_directory = directory.map(PathBuf::from)
    })
    .short(b'w')
    .required("DIR"),
    Row::read("monotonic", "Add SECONDS to the monotonic clock; @: set it to SECONDS", |args, matched| {
        args.monotonic = Some(matched.read(MONOTONIC, SECONDS, value::clock_change)?);
        Ok(())
    })
    .required("[@]SECONDS"),
    Row::read("boottime", "Add SECONDS to the time since boot; @: set it to SECONDS", |args, matched| {
        args.boottime = Some(matched.read(BOOTTIME, SECONDS, value::clock_change)?);
        Ok(())
    })
    .required("[@]SECONDS"),
    Row::switch("loopback", "Bring up the loopback device inside (implies --net)", |args| {
        args.request.kinds.insert(Kind::Net);
        args.request.loopback = true;
    })
    .ours(),
    Row::read("hostname", "Set the host name inside (implies --uts)", |args, matched| {
        args.request.kinds.insert(Kind::Uts);
        args.request.hostname =
            Some(matched.read(Wording::Quoted("unsupported --hostname argument"), UTS_NAME, uts_name)?);
        Ok(())
    })
    .required("NAME")
    .ours(),
    Row::read("domainname", "Set the NIS domain name inside (implies --uts)", |args, matched| {
        args.request.kinds.insert(Kind::Uts);
        args.request.domainname =
            Some(matched.read(Wording::Quoted("unsupported --domainname argument"), UTS_NAME, uts_name)?);
        Ok(())
    })
    .required("NAME")
    .ours(),
    Row::switch("clear-env", "Run the program with an empty environment", |args| {
        args.request.variables.get_or_insert_default();
    })
    .newer(),
    Row::store("whitelist-env", "Keep only these variables, with commas between them", UnshareArgs::keep_variables)
        .required("NAMES")
        .newer()
        .repeatable(),
    Row::HELP,
    Row::VERSION,
];

/// The words around the options in --help.
pub const PAGE: Page = Page {
    tool: "unshare",
    about: "Run a program in new namespaces.",
    usage: "unshare [OPTIONS] [PROGRAM [ARGUMENT]...]",
    groups: &[
        Group {
            title: "Namespaces (with FILE: bind the namespace on FILE, to keep it)",
            options: &["mount", "net", "pid", "user", "uts", "ipc", "cgroup", "time"],
        },
        Group {
            title: "Ids (all but --setgroups imply --user)",
            options: &[
                "map-root-user",
                "map-current-user",
                "map-auto",
                "map-ranges",
                "map-subids",
                "map-user",
                "map-group",
                "map-users",
                "map-groups",
                "owner",
                "setgroups",
            ],
        },
        Group {
            title: "Mounts and root (all but --root, --wd and --propagation imply --mount)",
            options: &[
                "mount-proc",
                "root",
                "pivot-root",
                "wd",
                "bind",
                "tmpfs",
                "mount-dev",
                "propagation",
                "mount-binfmt",
                "load-interp",
            ],
        },
        Group { title: "Process", options: &["fork", "init", "kill-child", "forward-signals", "pty", "status-fd"] },
        Group { title: "Rights", options: &["setuid", "setgid", "keep-caps", "cap-drop", "cap-add", "no-new-privs"] },
        Group {
            title: "Network, names and clocks",
            options: &["loopback", "hostname", "domainname", "boottime", "monotonic"],
        },
        Group { title: "Environment", options: &["clear-env", "whitelist-env"] },
        INFORMATION,
    ],
    after: "\
Without PROGRAM, your shell is run.

Examples:
  unshare -r --net make test         run tests without network
  unshare -rpf --mount-proc          a shell that sees only its own processes
  timeout 60 unshare -r --init make  end make and all its children in a minute

See unshare(1).",
};

/// Reads unshare's command line, argv without its first.
pub fn parse(arguments: Vec<OsString>) -> Result<Parsed<UnshareArgs>, UsageError> {
    read(OPTIONS, Order::UntilOperand, arguments, |args, operands| {
        args.program = operands;
        Ok(())
    })
}

const MOUNT_POINT: Wording = Wording::Quoted("failed to parse mount point");
const MONOTONIC: Wording = Wording::Number("failed to parse monotonic offset");
const BOOTTIME: Wording = Wording::Number("failed to parse boottime offset");

const SECONDS: &str = "a number of seconds, or @ and the seconds that the clock is to show";

const UTS_NAME: &str = "a name of 1 to 64 bytes";

/// __NEW_UTS_LEN of <linux/utsname.h>.
const LONGEST_UTS_NAME: usize = 64;

pub(crate) fn uts_name(name: &OsStr) -> Option<OsString> {
    (1..=LONGEST_UTS_NAME).contains(&name.len()).then(|| name.to_os_string())
}

#[cfg(test)]
mod tests;
