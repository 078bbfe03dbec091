//! What nsenter does, as its user sees it: every option, against real namespaces that our own unshare has made.

#![allow(clippy::unwrap_used, unsafe_code)]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod all;
mod cgroups;
mod compared;
mod containers;
mod credentials;
mod descriptors;
mod directories;
mod environment;
mod failures;
mod fallbacks;
mod hints;
mod inside;
mod jobs;
mod like;
mod names;
mod namespaces;
mod netns;
mod pty;
mod refusals;
mod sources;
mod units;

use common::scene_with_our_unshare as scene;
use common::{Call, Descendant, Process, Scene, Seen, User};

/// Kinds of namespaces: the letter and the long form of the option, and the name in /proc/PID/ns.
const KINDS: [(&str, &str, &str); 8] = [
    ("-m", "--mount", "mnt"),
    ("-u", "--uts", "uts"),
    ("-i", "--ipc", "ipc"),
    ("-n", "--net", "net"),
    ("-p", "--pid", "pid"),
    ("-U", "--user", "user"),
    ("-C", "--cgroup", "cgroup"),
    ("-T", "--time", "time"),
];

/// All kinds but the user namespace, in which a container of root's has no /proc of its own.
const ROOTS: &[&str] = &["-m", "-u", "-i", "-n", "-p", "-C", "-T", "-f"];

/// What an unprivileged user's container is made of.
const ROOTLESS: &[&str] = &["-U", "-r", "-m", "-n", "-p", "-f", "--mount-proc"];

/// A process to enter. It ends with the test.
struct Target {
    process: Process,
    child: Option<Descendant>,
}

impl Target {
    /// `unshare OPTIONS probe hold`, run by `user`.
    #[track_caller]
    fn new(scene: &Scene, user: User, options: &[&str]) -> Target {
        let call = scene.call(scene.path("our-unshare"), options);
        Target::of(call.args(["probe", "hold"]).user(user))
    }

    /// Of any command that becomes or has as its child what says `ready`.
    #[track_caller]
    fn of(call: Call) -> Target {
        let process = call.leashed().spawn();
        process.expect("ready");
        let child = (!process.children().is_empty()).then(|| process.child());
        Target { process, child }
    }

    fn pid(&self) -> i32 {
        match &self.child {
            Some(child) => child.pid,
            None => self.process.pid(),
        }
    }

    /// Its PID, for a command line.
    fn id(&self) -> String {
        self.pid().to_string()
    }

    /// A file of it in /proc.
    fn proc(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.pid())
    }

    /// Which namespace of this name it is in.
    fn namespace(&self, name: &str) -> String {
        link(&self.proc(&format!("ns/{name}")))
    }

    /// Kills it, and waits until nothing of it is left.
    fn end(mut self) {
        match &self.child {
            Some(child) => child.signal(libc::SIGKILL),
            None => self.process.signal(libc::SIGKILL),
        }
        self.process.wait();
    }
}

fn link(path: &str) -> String {
    std::fs::read_link(path).unwrap().display().to_string()
}

/// Which namespace of this name the program has seen itself in.
#[track_caller]
fn namespace<'s>(seen: &'s Seen, name: &str) -> &'s str {
    let prefix = format!("{name} ");
    let lines = seen.all("ns").into_iter();
    let mut found = lines.filter_map(|line| line.strip_prefix(prefix.as_str()));
    found.next().unwrap_or_else(|| panic!("no namespace {name}: {seen:#?}"))
}

/// Asserts that the program is in the namespaces `entered` of the target, and in those of the scene for the rest.
#[track_caller]
fn assert_entered(scene: &Scene, target: &Target, seen: &Seen, entered: &[&str]) {
    for (_, option, name) in KINDS {
        let expected = match entered.contains(&name) {
            true => target.namespace(name),
            false => scene.namespace(name),
        };
        assert_eq!(namespace(seen, name), expected, "{option}");
    }
}

fn main() -> std::process::ExitCode {
    common::main()
}
