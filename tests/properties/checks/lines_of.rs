//! The way back from what a command line says to a command line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nskit::internals::cli::capabilities::CapabilityList;
use nskit::internals::cli::nsenter::IdArgument;
use nskit::internals::cli::unshare::SingleId;
use nskit::internals::cli::value::BlockArgument;
use nskit::internals::cli::value::{IdOrName, signal};
use nskit::internals::cli::{lsns, nsenter, unshare};
use nskit::internals::enter::nsenter::NamespaceSource as Where;
use nskit::internals::enter::setting::{ClockChange, Propagation, Setgroups};
use nskit::internals::enter::target_source::TargetSource;
use nskit::internals::list::query::request::{Colour, Look, Tree};
use nskit::internals::list::scan::{Source, SourceSet};
use nskit::internals::namespace::{Kind, NamespaceNumber};
use nskit::internals::sys::signal::SignalSet;

/// A command line that grows.
#[derive(Default)]
struct Line(Vec<OsString>);

impl Line {
    fn flag(&mut self, name: &str, given: bool) {
        if given {
            self.0.push(format!("--{name}").into());
        }
    }

    fn value(&mut self, name: &str, value: impl AsRef<OsStr>) {
        let mut argument = OsString::from(format!("--{name}="));
        argument.push(value);
        self.0.push(argument);
    }

    /// With an argument or without.
    fn optional(&mut self, name: &str, value: &Option<impl AsRef<OsStr>>) {
        match value {
            Some(value) => self.value(name, value),
            None => self.flag(name, true),
        }
    }

    fn capabilities(&mut self, name: &str, list: &Option<CapabilityList>) {
        if let Some(list) = list {
            let numbers = list.numbers.iter().map(u64::to_string);
            self.value(
                name,
                list.all.then(|| "all".to_string()).into_iter().chain(numbers).collect::<Vec<_>>().join(","),
            );
        }
    }

    fn operands(mut self, operands: &[OsString]) -> Vec<OsString> {
        self.0.push("--".into());
        self.0.extend_from_slice(operands);
        self.0
    }
}

fn id_or_name(id: &IdOrName) -> OsString {
    match id {
        IdOrName::Id(id) => id.to_string().into(),
        IdOrName::Name(name) => name.clone(),
    }
}

/// Any name of that signal.
fn signal_name(number: i32) -> String {
    let ordinary = "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP \
        TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";
    let real_time = (0..=30).map(|offset| format!("RTMIN+{offset}"));
    let mut names = ordinary.split_whitespace().map(String::from).chain(real_time);
    let is_it = |name: &String| signal(OsStr::new(name)).is_some_and(|found| found.0 == number);
    names.find(is_it).unwrap()
}

/// The names of these signals, with commas between them.
fn signal_names(signals: SignalSet) -> String {
    signals.iter().map(|signal| signal_name(signal.0)).collect::<Vec<_>>().join(",")
}

/// unshare's command line for `args`.
pub fn unshare(args: &unshare::UnshareArgs) -> Vec<OsString> {
    let mut line = Line::default();
    for kind in args.request.kinds.iter() {
        line.flag(kind.long_option(), true);
    }
    for (kind, file) in &args.keep {
        line.value(kind.long_option(), file);
    }
    line.flag("fork", args.fork);
    if let Some(number) = args.kill_child {
        line.value("kill-child", signal_name(number.0));
    }
    if let Some(signals) = args.forward_signals {
        line.value("forward-signals", signal_names(signals));
    }
    line.flag("init", args.init);
    line.flag("pty", args.pty);
    if let Some(fd) = args.status_fd {
        line.value("status-fd", fd.to_string());
    }
    if let Some(directory) = &args.mount_proc {
        line.optional("mount-proc", directory);
    }
    if let Some(directory) = &args.mount_binfmt {
        line.optional("mount-binfmt", directory);
    }
    if let Some(text) = &args.request.interpreter {
        line.value("load-interp", text);
    }
    line.value(
        "propagation",
        match args.request.propagation {
            Propagation::Private => "private",
            Propagation::Shared => "shared",
            Propagation::Slave => "slave",
            Propagation::Unchanged => "unchanged",
            other => panic!("{other:?}"),
        },
    );
    let singles = [("map-user", &args.map_user), ("map-group", &args.map_group)];
    let current = singles.iter().any(|(_, id)| **id == Some(SingleId::Current));
    line.flag("map-current-user", current);
    for (name, id) in singles {
        if let Some(SingleId::To(id)) = id {
            line.value(name, id_or_name(id));
        }
    }
    for (name, blocks) in [("map-users", &args.map_users), ("map-groups", &args.map_groups)] {
        for block in blocks {
            line.value(name, block_argument(*block));
        }
    }
    if let Some((uid, gid)) = args.request.owner {
        line.value("owner", format!("{uid}:{gid}"));
    }
    if let Some(setgroups) = args.request.setgroups {
        let word = match setgroups {
            Setgroups::Allow => "allow",
            Setgroups::Deny => "deny",
        };
        line.value("setgroups", word);
    }
    line.flag("keep-caps", args.request.keep_capabilities);
    line.capabilities("cap-drop", &args.capabilities.dropped);
    line.capabilities("cap-add", &args.capabilities.added);
    line.flag("no-new-privs", args.capabilities.no_new_privileges);
    for (name, id) in [("setuid", &args.uid), ("setgid", &args.gid)] {
        if let Some(id) = id {
            line.value(name, id_or_name(id));
        }
    }
    for (name, directory) in [("root", &args.request.root), ("wd", &args.request.working_directory)] {
        if let Some(directory) = directory {
            line.value(name, directory);
        }
    }
    for (name, offset) in [("monotonic", args.monotonic), ("boottime", args.boottime)] {
        match offset {
            Some(ClockChange::Offset(seconds)) => line.value(name, seconds.to_string()),
            Some(ClockChange::Reading(seconds)) => line.value(name, format!("@{seconds}")),
            None => {}
        }
    }
    line.flag("loopback", args.request.loopback);
    for (name, value) in [("hostname", &args.request.hostname), ("domainname", &args.request.domainname)] {
        if let Some(value) = value {
            line.value(name, value);
        }
    }
    if let Some(names) = &args.request.variables {
        line.flag("clear-env", true);
        line.value("whitelist-env", names.join(OsStr::from_bytes(b",")));
    }
    line.operands(&args.program)
}

/// The argument of --map-users.
pub fn block_argument(block: BlockArgument) -> String {
    match block {
        BlockArgument::Block(extent) => {
            format!("{}:{}:{}", extent.inner, extent.outer, extent.count)
        }
        BlockArgument::Auto => "auto".to_string(),
        BlockArgument::Ranges => "ranges".to_string(),
        BlockArgument::Subids => "subids".to_string(),
        BlockArgument::All => "all".to_string(),
    }
}

/// nsenter's command line for `args`.
pub fn nsenter(args: &nsenter::NsenterArgs) -> Vec<OsString> {
    let mut line = Line::default();
    line.flag("all", args.all);
    match &args.target {
        Some(TargetSource::Process(target)) => {
            let inode = target.inode.map_or(String::new(), |inode| format!(":{inode}"));
            line.value("target", format!("{}{inode}", target.pid));
        }
        Some(TargetSource::Container(name)) => line.value("container", name),
        Some(TargetSource::Unit(name)) => line.value("unit", name),
        None => {}
    }
    for (kind, source) in &args.namespaces {
        match source {
            Where::Target => line.flag(kind.long_option(), true),
            Where::File(file) => line.value(kind.long_option(), file),
            Where::Number(number @ NamespaceNumber::Inode(_)) => {
                line.value(kind.long_option(), format!("{kind}:{number}"));
            }
            Where::Number(number) => line.value(kind.long_option(), number.to_string()),
        }
    }
    if let Some(fd) = args.net_socket {
        line.value("net-socket", fd.to_string());
    }
    if let Some(name) = &args.netns {
        line.value("netns", name);
    }
    (0..args.user_parent).for_each(|_| line.flag("user-parent", true));
    for (name, id) in [("setuid", &args.uid), ("setgid", &args.gid)] {
        match id {
            Some(IdArgument::Follow) => line.value(name, "follow"),
            Some(IdArgument::To(id)) => line.value(name, id_or_name(id)),
            None => {}
        }
    }
    line.flag("preserve-credentials", args.preserve_credentials);
    line.flag("keep-caps", args.keep_capabilities);
    line.capabilities("cap-drop", &args.capabilities.dropped);
    line.capabilities("cap-add", &args.capabilities.added);
    line.flag("no-new-privs", args.capabilities.no_new_privileges);
    if let Some(directory) = &args.root {
        line.optional("root", directory);
    }
    if let Some(directory) = &args.working_directory {
        line.optional("wd", directory);
    }
    if let Some(directory) = &args.working_directory_inside {
        line.value("wdns", directory);
    }
    line.flag("env", args.environment);
    line.flag("no-fork", args.no_fork);
    line.flag("pty", args.pty);
    if let Some(number) = args.kill_child {
        line.value("kill-child", signal_name(number.0));
    }
    if let Some(signals) = args.forward_signals {
        line.value("forward-signals", signal_names(signals));
    }
    line.flag("join-cgroup", args.join_cgroup);
    line.flag("follow-context", args.follow_context);
    line.flag("like-target", args.like_target);
    line.operands(&args.program)
}

/// What --scan calls each source.
pub const SOURCES: [(Source, &str); 11] = [
    (Source::Process, "process"),
    (Source::Thread, "thread"),
    (Source::Children, "children"),
    (Source::Descriptor, "fd"),
    (Source::Socket, "socket"),
    (Source::Tap, "tap"),
    (Source::Mount, "mount"),
    (Source::MountElsewhere, "elsewhere"),
    (Source::Relative, "relative"),
    (Source::Kernel, "kernel"),
    (Source::Bpf, "bpf"),
];

/// The argument of --scan.
pub fn sources(set: SourceSet) -> String {
    let listed = SOURCES.iter().filter(|(source, _)| set.contains(*source));
    let listed: Vec<_> = listed.map(|(_, name)| *name).collect();
    match listed[..] {
        // No list is empty that is not taken away.
        [] => "-all".to_string(),
        _ => listed.join(","),
    }
}

/// lsns's command line for `args`.
pub fn lsns(args: &lsns::LsnsArgs) -> Vec<OsString> {
    let mut line = Line::default();
    line.flag("json", args.json);
    line.flag("raw", args.raw);
    line.flag("list", args.list);
    line.flag("noheadings", args.no_headings);
    line.flag("output-all", args.output_all);
    line.flag("persistent", args.persistent);
    line.flag("notruncate", args.no_truncate);
    line.flag("nowrap", args.no_wrap);
    line.flag("list-columns", args.list_columns);
    for (name, text) in [("output", &args.output), ("filter", &args.filter)] {
        if let Some(text) = text {
            line.value(name, text);
        }
    }
    if let Some(milliseconds) = args.watch {
        line.value("watch", format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000));
    }
    if let Some(look) = args.look {
        line.value(
            "style",
            match look {
                Look::Plain => "plain",
                Look::Rounded => "rounded",
                Look::Ascii => "ascii",
                Look::Markdown => "markdown",
            },
        );
    }
    match args.colour {
        Colour::Auto => {}
        Colour::Always => line.value("color", "always"),
        Colour::Never => line.value("color", "never"),
    }
    if let Some(directory) = &args.proc {
        line.value("proc", directory);
    }
    for wanted in &args.find {
        line.value("find", &wanted.text);
    }
    if let Some(pid) = args.task {
        line.value("task", pid.to_string());
    }
    if let Some(set) = args.scan {
        line.value("scan", sources(set));
    }
    for kind in args.kinds.iter() {
        line.value("type", Kind::name(kind));
    }
    if let Some(tree) = args.tree {
        line.value(
            "tree",
            match tree {
                Tree::Process => "process",
                Tree::Parent => "parent",
                Tree::Owner => "owner",
            },
        );
    }
    let operand = args.namespace.map(|inode| match args.kind_of_namespace {
        Some(kind) => format!("{kind}:[{inode}]").into(),
        None => inode.to_string().into(),
    });
    line.operands(&operand.into_iter().collect::<Vec<_>>())
}
