//! A process table that stands still: a PID namespace with a /proc and processes of its own, so that each look at it shows
//! the same, and tests can run side by side.

use std::collections::HashMap;

use super::call::{Call, Process, poll_until};
use super::scene::Scene;
use super::tool::{theirs, tool};

/// A scene with a process table of its own.
pub struct Frozen {
    /// Its files, mounts and users.
    pub scene: Scene,
    init: Process,
    /// PID, as we see it, of a process in it.
    pid: i32,
    variables: HashMap<String, String>,
}

/// What each script may use.
const PRELUDE: &str = r#"
set -e
# kept NAME: tells the test a variable.
tell() { for name; do echo "$name=${!name}"; done; }
# inode FILE: the number of a namespace.
inode() { stat -Lc %i "$1"; }
# started PID: waits until it has become another program than this shell.
started() { while [[ $(readlink "/proc/$1/exe") == "$(readlink /proc/$$/exe)" ]]; do sleep 0.01; done; }
# settle KIND PID: waits until the process is in a namespace other than ours.
settle() { while [[ $(readlink "/proc/$2/ns/$1") == "$(readlink "/proc/$$/ns/$1")" ]]; do sleep 0.01; done; }
mount -t tmpfs none /mnt
"#;

/// Namespaces of all kinds, owned and nested, with one to many processes; a user without a name; one namespace that was
/// entered from outside of its owner; namespace files mounted once, several times, and under several names.
pub const ALL_KINDS: &str = r#"
unshare -U sleep 1001 & settle user $!; A=$!
unshare -Urn sleep 1002 & settle net $!; B=$!; started $B
unshare -Urpf --mount-proc /bin/sh -c 'unshare -Ur sleep 1003; :' &
unshare -pf /bin/sh -c 'sleep 1004; :' &
unshare -u /bin/sh -c 'sleep 1005 & sleep 1006 & unshare -i sleep 1007 & wait' &
unshare -C sleep 1008 &
unshare -T sleep 1009 &
setpriv --reuid 12345 --clear-groups sleep 1010 &
unshare -n setpriv --reuid 12345 --clear-groups sleep 1011 &
nsenter --net=/proc/$B/ns/net sleep 1012 & settle net $!; C=$!
for second in 1003 1004 1005 1006 1007 1008 1009 1010 1011 1012; do
	until D=$(pgrep -xf "sleep $second"); do sleep 0.01; done
done
D=$(pgrep -xf 'sleep 1003')
for file in a 'b c' 0 u 'ba\ck' ümlaut; do : >"/mnt/$file"; done
mount --bind /proc/$B/ns/net /mnt/a
mount --bind /proc/$B/ns/net '/mnt/b c'
mount --bind /mnt/a /mnt/a
mount --bind /proc/1/ns/uts /mnt/0
for file in u 'ba\ck' ümlaut; do mount --bind /proc/1/ns/user "/mnt/$file"; done
for of in 1 $B $D; do for kind in user pid net mnt; do
	name=OF_${kind}_$(((of == B) + 2 * (of == D))); declare $name=$(inode /proc/$of/ns/$kind); tell $name
done; done
tell A B C D
"#;

impl Frozen {
    /// The process table that `script` (of bash) has set up when it comes to its end. `None`, with the test skipped, where
    /// that cannot be.
    #[track_caller]
    pub fn new(script: &str) -> Frozen {
        Frozen::with(script, |call| call)
    }

    /// The same, with all of it made on one processor: so that mount namespaces can be mounted in it, see
    /// [`Call::on_the_scenes_processor`].
    #[track_caller]
    pub fn on_one_processor(script: &str) -> Frozen {
        Frozen::with(script, Call::on_the_scenes_processor)
    }

    #[track_caller]
    fn with(script: &str, how: fn(Call) -> Call) -> Frozen {
        let scene = Scene::beside_none();
        let file = scene.file("script", format!("{PRELUDE}\n{script}\necho ready\nread -r || true\n"));
        let init =
            scene.call(theirs("unshare"), ["--fork", "--pid", "--mount-proc", "--kill-child", "/bin/bash", &file]);
        let init = how(init).leashed().spawn();
        init.expect("ready\n");
        let pid = init.child().pid;
        let said = init.stdout();
        let variables = said.lines().filter_map(|line| line.split_once('='));
        let variables = variables.map(|(name, value)| (name.to_string(), value.to_string()));
        Frozen { variables: variables.collect(), scene, init, pid }
    }

    /// PID, outside of it, of its first process.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// What the script told of `name`.
    #[track_caller]
    pub fn variable(&self, name: &str) -> &str {
        let value = self.variables.get(name);
        value.unwrap_or_else(|| panic!("{name}: {} {}", self.init.stdout(), self.init.stderr()))
    }

    /// `text` with each `$NAME` as the script told it.
    #[track_caller]
    pub fn expand(&self, text: &str) -> String {
        let mut names: Vec<_> = self.variables.keys().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.into_iter().fold(text.to_string(), |text, name| text.replace(&format!("${name}"), &self.variables[name]))
    }

    /// A program, run in the scene's mount and PID namespaces; its PID there is always the same.
    pub fn run<'a>(&self, path: &str, args: impl IntoIterator<Item = &'a str>) -> Call {
        let next = "echo 5000 >/proc/sys/kernel/ns_last_pid";
        self.run_next("/bin", ["sh", "-c", next]).ok();
        self.run_next(path, args)
    }

    /// The same, with the next free PID.
    pub fn run_next<'a>(&self, path: &str, args: impl IntoIterator<Item = &'a str>) -> Call {
        let pid = self.pid.to_string();
        let enter = ["-t", &pid, "-m", "-p", "--"];
        self.scene.call(theirs("nsenter"), enter).env("PATH", path).args(args)
    }

    /// A program, run in its mount namespace, and so with its /proc, but outside of its PID namespace.
    pub fn run_outside<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Call {
        let pid = self.pid.to_string();
        self.scene.call(theirs("nsenter"), ["-t", &pid, "-m", "--"]).args(args)
    }

    /// lsns under test, with arguments parted by blanks.
    pub fn lsns(&self, args: &str) -> Call {
        let tool = tool("lsns");
        let path = tool.parent().unwrap().to_str().unwrap();
        self.run(path, ["lsns"].into_iter().chain(args.split_whitespace()))
    }

    /// The installed lsns.
    pub fn their_lsns(&self, args: &str) -> Call {
        self.run("/usr/bin", ["lsns"].into_iter().chain(args.split_whitespace()))
    }

    /// lsns under test, with each argument given.
    pub fn lsns_args<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Call {
        let tool = tool("lsns");
        let path = tool.parent().unwrap().to_str().unwrap();
        self.run(path, ["lsns"].into_iter().chain(args))
    }

    /// Ends it, and waits until it has.
    pub fn end(mut self) {
        self.init.release();
        let init = &self.init;
        poll_until("the end of a process table", || init.has_ended());
    }
}

/// The columns of 2.38.
pub const COLUMNS_OF_OLD: &str = "NS,TYPE,PATH,NPROCS,PID,PPID,COMMAND,UID,USER,NETNSID,NSFS,PNS,ONS";

/// The arguments with the columns of 2.38 named where all are asked for: ours has more. Both tools are given the same, for
/// they list themselves.
pub fn as_of_old(args: &str) -> String {
    let added = args.replace("--output-all -o +", &format!("--output-all -o {COLUMNS_OF_OLD},"));
    match added.contains("--output-all") && !added.contains("-o ") {
        true => format!("{added} -o {COLUMNS_OF_OLD}"),
        false => added,
    }
}

/// Waits until `lsns --watch` has looked once: it opens its descriptor for signals after that. `tool` gives the PIDs among
/// which it is.
#[track_caller]
pub fn wait_for_first_look(tool: impl Fn() -> Vec<i32>) {
    let is_open = |pid: &i32| {
        let mut files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files.any(|fd| std::fs::read_link(fd.path()).is_ok_and(|link| link.display().to_string().contains("signalfd")))
    };
    poll_until("the first look", || tool().iter().any(is_open));
}
