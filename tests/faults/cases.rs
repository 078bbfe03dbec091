//! The ways of running the tools into which faults are injected. `{name}` is filled in by the stage; the program, where
//! none is given, is the probe.

use crate::common::{ALICE, BOB, User};

/// A way of running a tool.
pub struct Case {
    pub name: &'static str,
    pub tool: &'static str,
    pub args: &'static [&'static str],
    pub user: Option<User>,
    /// Whether its standard input is a terminal.
    pub terminal: bool,
    /// Variables besides PATH and LC_ALL.
    pub environment: &'static [&'static str],
    pub program: Program,
}

/// What is run by the tool.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The probe.
    Probe,
    /// What the arguments say.
    Given,
    /// None: the tool answers itself, or fails.
    None,
}

/// A user of the stage whose login shell is the probe.
const DORA: User = User { name: "dora", uid: 1004, gid: 1004 };

/// It needs getsubids, and the stage to plant another one.
pub const BY_GETSUBIDS: &str = "ranges, by getsubids";

const fn unshare(name: &'static str, args: &'static [&'static str]) -> Case {
    Case { name, tool: "unshare", args, user: None, terminal: false, environment: &[], program: Program::Probe }
}

const fn nsenter(name: &'static str, args: &'static [&'static str]) -> Case {
    Case { tool: "nsenter", ..unshare(name, args) }
}

/// lsns answers itself, in a PID namespace with one other process: what it lists stands still.
const fn lsns(name: &'static str, args: &'static [&'static str]) -> Case {
    Case { tool: "lsns", program: Program::None, ..unshare(name, args) }
}

impl Case {
    const fn user(mut self, user: User) -> Case {
        self.user = Some(user);
        self
    }

    const fn program(mut self, program: Program) -> Case {
        self.program = program;
        self
    }

    const fn at_a_terminal(mut self) -> Case {
        self.terminal = true;
        self
    }

    const fn environment(mut self, environment: &'static [&'static str]) -> Case {
        self.environment = environment;
        self
    }
}

pub const CASES: &[Case] = &[
    unshare("plain", &["-m"]),
    unshare("every kind but user", &["-muinpCT", "-f"]),
    unshare("fork", &["-f"]),
    unshare("kill-child", &["-p", "--kill-child"]),
    unshare("kill-child and ids", &["--kill-child=TERM", "-S1001", "-G1001"]),
    unshare("forward-signals", &["-p", "--forward-signals"]),
    unshare("init", &["--init"]),
    unshare("init, everything", &["--init", "-muinCT", "--mount-proc", "--kill-child", "-S1001", "-G1001"]),
    unshare("ordinary user, init", &["-r", "--init", "--mount-proc"]).user(ALICE),
    unshare("init, not found", &["--init", "missing"]).program(Program::None),
    unshare("pty", &["--pty"]),
    unshare("pty, process 1", &["-p", "--pty"]),
    unshare("pty and init", &["--init", "--pty", "--kill-child", "-S1001", "-G1001"]),
    unshare("ordinary user, pty of its own", &["-r", "--pty", "--tmpfs=/dev", "--mount-dev"]).user(ALICE),
    unshare("pty, at a terminal", &["--pty", "-n"]).at_a_terminal(),
    unshare("pty and init, at a terminal", &["--init", "--pty", "-m", "--mount-proc"]).at_a_terminal(),
    unshare("pty, not found", &["--pty", "missing"]).program(Program::None),
    unshare("status-fd", &["-u", "--status-fd=40"]),
    unshare("status-fd, forked", &["-pf", "--mount-proc", "--status-fd=40"]),
    unshare("status-fd and init", &["--init", "--status-fd=40"]),
    unshare("signals of a list", &["--forward-signals=all"]),
    unshare("a signal is passed on", &["--forward-signals=USR1", "{dir}/bin/probe", "relay"]).program(Program::Given),
    unshare("a signal is passed on by init", &["--init", "--mount-proc", "{dir}/bin/probe", "relay"])
        .program(Program::Given),
    unshare("kept", &["--uts={dir}/keep1"]),
    unshare("two kept, forked", &["-f", "--uts={dir}/keep1", "--ipc={dir}/keep2"]),
    unshare("mount and PID kept", &["-f", "--mount={dir}/keep1", "--pid={dir}/keep2", "--time={dir}/keep3"]),
    unshare("user kept, mapped", &["--user={dir}/keep1", "-r"]),
    unshare(
        "kept, blocks, forked",
        &["-f", "--net={dir}/keep1", "--map-users=0:100000:10", "--map-groups=0:100000:10"],
    ),
    unshare("root mapped", &["-r"]),
    unshare("current mapped", &["-c"]),
    unshare("blocks", &["--map-users", "0:100000:1000", "--map-groups", "0:100000:1000", "--map-user=5"]),
    unshare("auto and root", &["--map-auto", "-r"]),
    unshare("ranges", &["--map-ranges"]),
    unshare("ordinary user, ranges", &["--map-ranges", "-r"]).user(ALICE),
    unshare(
        BY_GETSUBIDS,
        &["--map-ranges", "-f", "/bin/sh", "-c", "/bin/cat {dir}/mappers/asked && : >{dir}/mappers/asked"],
    )
    .user(BOB)
    .environment(&["PATH={dir}/mappers"])
    .program(Program::Given),
    unshare("all ids", &["--map-users=all", "--map-groups=all"]),
    unshare("owner", &["--owner=1001:1001", "-r"]),
    unshare("owner, forked", &["--owner=1001:1001", "-rmpf", "--mount-proc"]),
    unshare("ordinary user, root mapped", &["-r"]).user(ALICE),
    unshare("ordinary user, a UID mapped", &["--map-user=5"]).user(ALICE),
    unshare("ordinary user, auto", &["--map-auto", "-r"]).user(ALICE),
    unshare("ordinary user, auto, forked", &["--map-auto", "-c", "-mpf", "--mount-proc"]).user(ALICE),
    unshare("ordinary user, kept", &["-r", "--user={dir}/keep1"]).user(ALICE).program(Program::None),
    unshare("mount-proc", &["-pf", "--mount-proc"]),
    unshare("mount-proc, shared", &["-pf", "--mount-proc", "--propagation=shared"]),
    unshare("root", &["-R{dir}/rootfs", "/probe", "world"]).program(Program::Given),
    unshare("root, proc and directory", &["-mpf", "-R{dir}/rootfs", "-w/inside", "--mount-proc", "/probe", "world"])
        .program(Program::Given),
    unshare(
        "pivot-root, proc and directory",
        &["-mpf", "--pivot-root={dir}/rootfs", "-w/inside", "--mount-proc", "/probe", "world"],
    )
    .program(Program::Given),
    unshare("ordinary user, pivot-root", &["-rpf", "--pivot-root={dir}/rootfs", "--mount-proc", "/probe", "world"])
        .user(ALICE)
        .program(Program::Given),
    unshare("bind and tmpfs", &["--tmpfs=/mnt", "--bind={dir}/inside:/mnt/a/b", "--bind={dir}/keep1:/mnt/c:ro"]),
    unshare("devices", &["-r", "--tmpfs=/mnt", "--mount-dev=/mnt/dev"]).user(ALICE),
    unshare(
        "devices, and a read-only bind mount in all its depth",
        &[
            "--pivot-root={dir}/rootfs",
            "--mount-dev",
            "--bind={dir}/deep:/inside:ro",
            "--mount-proc",
            "/probe",
            "world",
        ],
    )
    .program(Program::Given),
    unshare(
        "a container by one command",
        &[
            "-r",
            "--init",
            "--loopback",
            "--hostname=box",
            "--domainname=lab",
            "--pivot-root={dir}/rootfs",
            "--mount-proc",
            "--mount-dev",
            "--tmpfs=/inside",
            "--cap-drop=all",
            "--no-new-privs",
            "--kill-child",
            "--status-fd=40",
            "/probe",
            "world",
        ],
    )
    .user(ALICE)
    .program(Program::Given),
    unshare("directory", &["-w", "{dir}/inside"]),
    unshare("ids", &["-S1001", "-G1001"]),
    unshare("ids inside", &["-r", "--map-auto", "-S1", "-G1"]),
    unshare("keep-caps", &["-c", "--keep-caps"]).user(ALICE),
    unshare("clocks", &["-T", "--monotonic=1000", "--boottime=2000", "-f"]),
    unshare("clocks that are to show something", &["-T", "--monotonic=@1000000000", "--boottime=@2000000000", "-f"]),
    unshare("a clock, ordinary user", &["-rT", "--boottime=@1000000000", "--init"]).user(ALICE),
    unshare("loopback", &["--loopback"]),
    unshare("loopback, ordinary user", &["-r", "--loopback", "-f"]).user(ALICE),
    unshare("loopback, kept", &["--net={dir}/keep1", "--loopback"]),
    unshare("names of the machine", &["--hostname=box", "--domainname=lab", "-f"]),
    unshare("names of the machine, ordinary user", &["-r", "--hostname=box", "--domainname=lab"]).user(ALICE),
    unshare("names of the machine, kept", &["--uts={dir}/keep1", "--hostname=box"]),
    unshare("no-new-privs", &["--no-new-privs", "-f"]),
    unshare("capabilities dropped", &["--cap-drop=all", "--cap-add=chown,net_raw"]),
    unshare("capabilities of another user", &["--cap-drop=all", "--cap-add=net_raw", "-S1001", "-G1001", "-f"]),
    unshare("capabilities, ordinary user", &["-c", "--cap-drop=setpcap,sys_admin", "--no-new-privs"]).user(ALICE),
    unshare("capabilities without CAP_SETPCAP", &["--cap-drop=net_raw,chown", "--no-new-privs"]).user(ALICE),
    unshare("slave", &["-m", "--propagation=slave"]),
    unshare("unchanged", &["-m", "--propagation=unchanged"]),
    unshare("setgroups denied", &["-U", "--setgroups=deny"]).user(ALICE),
    unshare("clear-env", &["--clear-env"]).environment(&["SECRET=1"]),
    unshare("whitelist-env", &["--whitelist-env=COLOR,NONE"]).environment(&["SECRET=1", "COLOR=red"]),
    unshare("login shell by variable", &["-u"]).environment(&["SHELL={dir}/bin/probe"]).program(Program::Given),
    unshare("login shell by entry", &["-c"]).user(DORA).program(Program::Given),
    unshare("found by PATH", &["-u", "probe", "world"]).program(Program::Given),
    unshare("not found", &["-u", "missing"]).program(Program::None),
    unshare("not executable", &["-u", "{dir}/not-executable"]).program(Program::None),
    unshare("of no format", &["-u", "{dir}/no-format"]).program(Program::Given),
    unshare("a user by name", &["--map-user=alice", "--map-group=staff"]),
    unshare("help", &["--help"]).program(Program::None),
    unshare("version", &["--version"]).program(Program::None),
    unshare("unknown option", &["--unknown"]).program(Program::None),
    unshare("refused", &["-m"]).user(ALICE).program(Program::None),
    unshare("no such user", &["--map-user=nobody-of-this-name"]).program(Program::None),
    nsenter("all of a target", &["-t{all}", "-a"]),
    nsenter("by PID", &["-t{all}", "-m", "-u", "-i", "-n", "-C", "-T"]),
    nsenter("PID namespace", &["-t{all}", "-p"]),
    nsenter("PID namespace, no fork", &["-t{all}", "-p", "-F"]),
    nsenter("PID namespace, kill-child and signals", &["-t{all}", "-p", "--kill-child", "--forward-signals=HUP"]),
    nsenter("a signal is passed on", &["-t{all}", "-u", "--forward-signals=USR1", "{dir}/bin/probe", "relay"])
        .program(Program::Given),
    nsenter("pty", &["-t{all}", "-m", "-p", "--pty"]),
    nsenter("pty, at a terminal", &["-t{all}", "-m", "-p", "--pty"]).at_a_terminal(),
    nsenter("pty, kill-child and signals", &["-t{all}", "-u", "--pty", "--kill-child", "--forward-signals"]),
    nsenter("by file", &["--uts=/proc/{all}/ns/uts", "--net=/proc/{all}/ns/net"]),
    nsenter("by file and PID", &["-t{all}", "--uts=/proc/{user}/ns/uts", "-i", "-m"]),
    nsenter("user namespace", &["-t{user}", "-a"]),
    nsenter("user namespace, by its owner", &["-t{user}", "-U", "-m", "-p", "-n", "--preserve-credentials"])
        .user(ALICE),
    nsenter(
        "user namespace by file",
        &["--user=/proc/{user}/ns/user", "--uts=/proc/{user}/ns/uts", "--preserve-credentials"],
    )
    .user(ALICE),
    nsenter("groups not to be dropped", &["-t{user}", "-U"]).user(ALICE).program(Program::None),
    nsenter("preserve-credentials", &["-t{user}", "-U", "--preserve-credentials"]),
    nsenter("keep-caps", &["-t{user}", "-U", "--preserve-credentials", "--keep-caps"]).user(ALICE),
    nsenter("capabilities dropped", &["-t{all}", "-n", "--cap-drop=all", "--cap-add=chown", "--no-new-privs"]),
    nsenter("capabilities of another user", &["-t{all}", "-n", "--cap-drop=sys_admin,setpcap", "-S1001"]),
    nsenter("user-parent", &["-t{user}", "--user-parent", "-n"]),
    nsenter("container by name", &["--container=docker:web", "-u"]),
    nsenter("container by its cgroup", &["--container={id}", "-n"]).user(ALICE).program(Program::None),
    nsenter("unit", &["--unit={unit}", "-u", "-n"]),
    nsenter("no such container", &["--container=nothing"]).program(Program::None),
    nsenter("netns", &["--netns=blue"]),
    nsenter("netns and directory inside", &["--netns=blue", "--wdns={dir}/inside"]),
    nsenter("all, some of them our own", &["-t{user}", "-a", "--preserve-credentials"]).user(ALICE),
    nsenter("user-parent, twice", &["-t{user}", "--user-parent", "--user-parent", "-n"]).program(Program::None),
    nsenter("root and directory", &["-t{all}", "-m", "-r", "-w"]),
    nsenter("root", &["--root={dir}/rootfs", "/probe", "world"]).program(Program::Given),
    nsenter("root and directory inside", &["-r{dir}/rootfs", "-W/inside", "/probe", "world"]).program(Program::Given),
    nsenter("directory", &["--wd={dir}/inside"]),
    nsenter("environment", &["-t{all}", "-e"]),
    nsenter("environment and mount namespace", &["-t{all}", "-e", "-m"]),
    nsenter("ids", &["-S1001", "-G1001"]),
    nsenter("ids by name", &["-Salice", "-Gstaff"]),
    nsenter("ids followed", &["-t{plain}", "-Sfollow", "-Gfollow"]),
    nsenter("cgroups", &["-t{plain}", "-c"]),
    nsenter("socket", &["-t{plain}", "-N9"]),
    nsenter("login shell", &["-t{all}", "-u"]).environment(&["SHELL={dir}/bin/probe"]).program(Program::Given),
    nsenter("like the target", &["-t{like}", "--like-target"]),
    nsenter("like the target, another user with no_new_privs", &["-t{like-user}", "--like-target", "--kill-child"]),
    nsenter("like the target, with a terminal", &["-t{like}", "--like-target", "--pty"]),
    nsenter("like the target, in a user namespace", &["-t{user}", "--like-target"]),
    nsenter("like the target, and options that win", &["-t{like}", "--like-target", "-S1001", "-G1001", "-w/", "-e"]),
    nsenter("nothing", &[]),
    nsenter("no such process", &["-t999999", "-m"]).program(Program::None),
    nsenter("refused", &["-t{all}", "-m"]).user(ALICE).program(Program::None),
    nsenter("help", &["--help"]).program(Program::None),
    lsns("listing", &[]),
    lsns("every column, as JSON", &["-J", "--output-all"]),
    lsns("what holds those without a process", &["-rP", "-o", "NS,HELD-BY,HOLDERS"]),
    lsns("tree of processes", &["-Tprocess"]),
    lsns("one kind, raw", &["-r", "-t", "mnt"]),
    lsns("of a process", &["-p", "1"]),
    lsns("filtered", &["-Q", "TYPE == 'net'"]),
    lsns("columns", &["-H"]),
    lsns("no such column", &["-o", "NONE"]),
];
