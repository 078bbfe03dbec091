//! What is typed, and what is to be seen then.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use crate::common::{Cgroups, Scene, is_root};

/// What is to be seen after TAB.
pub enum Sees {
    /// These, each with what stands beside it; and none of those.
    Offers(Vec<String>, Vec<String>),
    /// The line has become this.
    Line(String),
}

pub struct Case {
    pub category: &'static str,
    pub typed: String,
    pub sees: Sees,
}

/// These words are offered and those are not.
fn offers(category: &'static str, typed: &str, words: &[&str], not: &[&str]) -> Case {
    assert!(words.iter().any(|word| !typed.ends_with(word)), "'{typed}' shows all that it is to be shown");
    let strings = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
    Case { category, typed: typed.to_string(), sees: Sees::Offers(strings(words), strings(not)) }
}

/// The only candidate is put in.
fn becomes(category: &'static str, typed: &str, line: &str) -> Case {
    assert_ne!(typed.trim_end(), line, "there is nothing to put in");
    Case { category, typed: typed.to_string(), sees: Sees::Line(line.to_string()) }
}

/// The id of the container that the process of the scene is in.
pub const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// What is tried, and what must live on meanwhile.
pub fn cases(scene: &Scene) -> (Vec<Case>, UnixStream) {
    let keep = |kind: &str, name: &str| {
        let file = scene.file(name, "");
        let namespace = format!("/proc/{}/ns/{kind}", scene.pid());
        scene.mount(["--bind", &namespace, &file]);
        file
    };
    scene.mount(["-t", "tmpfs", "-o", "mode=755", "none", "/run"]);
    scene.call("/bin/sh", ["-c", "mkdir /run/netns && : >/run/netns/blue"]).ok();
    let (kept, again, other) = (keep("net", "kept"), keep("net", "again"), keep("uts", "other"));
    let inode = |kind: &str| {
        let link = scene.namespace(kind);
        link.trim_end_matches(']').rsplit('[').next().unwrap().to_string()
    };
    let (mount, pid) = (inode("mnt"), scene.pid().to_string());
    // Few enough for one page on a crowded machine.
    let (some_pids, some_inodes) = (&pid[..pid.len() - 2], &mount[..mount.len() - 2]);
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    let (socket, _) = UnixStream::pair().unwrap();
    let own = std::process::id();
    let mut cases = vec![
        offers("options", "unshare --for", &["--fork", "--forward-signals"], &["--mount"]),
        offers("options", "nsenter --wd", &["--wd", "--wdns"], &[]),
        offers("options", "lsns --no", &["--noheadings", "--notruncate", "--nowrap"], &[]),
        becomes("options", "unshare -r --map-cur", "unshare -r --map-current-user"),
        becomes("options", "lsns 1 --per", "lsns 1 --persistent"),
        offers("processes", &format!("nsenter -t {some_pids}"), &[&pid, name.trim()], &[]),
        offers("processes", &format!("nsenter --target={some_pids}"), &[&pid, name.trim()], &[]),
        offers("processes", &format!("lsns -p {some_pids}"), &[&pid, name.trim()], &[]),
        offers("processes", "nsenter -t ", &[&pid, name.trim()], &["kthreadd"]),
        offers("processes", &format!("lsns --task {}", &pid[..pid.len() - 1]), &[&pid, name.trim()], &[]),
        offers("columns", "lsns -o NS,P", &["PID", "PPID", "PATH", "PNS"], &["NPROCS"]),
        becomes("columns", "lsns -o NS,TY", "lsns -o NS,TYPE"),
        becomes("columns", "lsns -o +NETNSID,NP", "lsns -o +NETNSID,NPROCS"),
        becomes("columns", "lsns --output=ns,on", "lsns --output=ns,ons"),
        becomes("columns", "lsns -o PID,NETNSID,PP", "lsns -o PID,NETNSID,PPID"),
        becomes("columns", "lsns --filter NETN", "lsns --filter NETNSID"),
        becomes("columns", "lsns -o NS,HEL", "lsns -o NS,HELD-BY"),
        becomes("columns", "lsns -o +contai", "lsns -o +container"),
        becomes("files", "lsns --find /etc/passw", "lsns --find /etc/passwd"),
        offers("sources", "lsns --scan=", &["process", "elsewhere", "all"], &["NS"]),
        becomes("sources", "lsns --scan process,chil", "lsns --scan process,children"),
        becomes("sources", "lsns --scan=-ker", "lsns --scan=-kernel"),
        becomes("sources", "lsns --scan=+thr", "lsns --scan=+thread"),
        becomes("sources", "lsns --scan=+thread,-ker", "lsns --scan=+thread,-kernel"),
        offers("kinds", "lsns -t ", &["mnt", "net", "ipc", "user", "pid", "uts", "cgroup", "time"], &["all"]),
        offers("kinds", "lsns --type=u", &["user", "uts"], &["mnt"]),
        becomes("kinds", "lsns -J -t cg", "lsns -J -t cgroup"),
        offers("trees", "lsns --tree=p", &["process", "parent"], &["owner"]),
        becomes("trees", "lsns --tree=o", "lsns --tree=owner"),
        becomes("trees", "lsns -Tow", "lsns -Towner"),
        offers("signals", "unshare --kill-child=US", &["USR1", "USR2"], &["TERM"]),
        becomes("signals", "unshare --kill-child=TER", "unshare --kill-child=TERM"),
        becomes("users", "unshare --map-user ali", "unshare --map-user alice"),
        offers("users", "unshare -S 100", &["1001", "alice", "1002", "bob"], &[]),
        becomes("users", "unshare --owner 1001:", "unshare --owner 1001:1001"),
        becomes("users", "nsenter -S follo", "nsenter -S follow"),
        becomes("users", "nsenter --setuid=ali", "nsenter --setuid=alice"),
        becomes("groups", "unshare --map-group ali", "unshare --map-group alice"),
        offers("groups", "unshare -G 100", &["1001", "alice"], &[]),
        becomes("groups", "nsenter -G follo", "nsenter -G follow"),
        becomes("groups", "nsenter --setgid ali", "nsenter --setgid alice"),
        offers("modes", "unshare --propagation s", &["shared", "slave"], &["private"]),
        becomes("modes", "unshare --setgroups=d", "unshare --setgroups=deny"),
        becomes("modes", "unshare --map-users su", "unshare --map-users subids"),
        becomes(
            "namespace files",
            &format!("nsenter --net={}", &kept[..kept.len() - 1]),
            &format!("nsenter --net={kept}"),
        ),
        becomes("namespace files", &format!("nsenter -n{}", &kept[..kept.len() - 1]), &format!("nsenter -n{kept}")),
        becomes("namespace files", &format!("nsenter -n={}", &kept[..kept.len() - 1]), &format!("nsenter -n={kept}")),
        offers("namespace files", "nsenter --net=", &[&kept, &again], &[&other]),
        becomes("networks", "nsenter --netns bl", "nsenter --netns blue"),
        becomes("networks", "nsenter --netns=bl", "nsenter --netns=blue"),
        becomes("containers", "nsenter --container docker:0123", &format!("nsenter --container docker:{ID}")),
        becomes("containers", "nsenter --container=docker:0123", &format!("nsenter --container=docker:{ID}")),
        becomes("containers", "nsenter --unit docker-0123", &format!("nsenter --unit docker-{ID}.scope")),
        becomes("signals", "unshare -rp --kill-child=RTMA", "unshare -rp --kill-child=RTMAX"),
        becomes("users", "unshare --owner=1001:", "unshare --owner=1001:1001"),
        becomes("modes", "unshare --map-groups=subi", "unshare --map-groups=subids"),
        becomes("files", "unshare --root /et", "unshare --root /etc/"),
        becomes("files", "unshare --mount-proc=/et", "unshare --mount-proc=/etc/"),
        becomes("files", "unshare --net=/etc/passw", "unshare --net=/etc/passwd"),
        offers("sockets", &format!("nsenter -t {own} -N "), &[&socket.as_raw_fd().to_string()], &["0"]),
        offers("namespaces", &format!("lsns {some_inodes}"), &[&mount, "mnt"], &[]),
        offers("namespaces", &format!("lsns {}", &mount[..mount.len() - 1]), &[&mount, "mnt"], &[]),
        becomes("variables", "unshare --whitelist-env TERM,HOM", "unshare --whitelist-env TERM,HOME"),
        becomes("commands", "unshare -r -S 5 nsente", "unshare -r -S 5 nsenter"),
        becomes("commands", "nsenter -t 1 -n unshar", "nsenter -t 1 -n unshare"),
        becomes("commands", "unshare -r -- nsente", "unshare -r -- nsenter"),
        becomes("commands", "nsenter -t 1 -- unshar", "nsenter -t 1 -- unshare"),
        becomes("their completion", "unshare -r -- lsns --tree=ow", "unshare -r -- lsns --tree=owner"),
        becomes(
            "their completion",
            "unshare -rf --kill-child=TERM lsns --tree=ow",
            "unshare -rf --kill-child=TERM lsns --tree=owner",
        ),
        becomes(
            "their completion",
            "nsenter -t 1 -n unshare --propagation sl",
            "nsenter -t 1 -n unshare --propagation slave",
        ),
        becomes("their completion", "unshare -rS 0 nsenter -S follo", "unshare -rS 0 nsenter -S follow"),
        offers(
            "their completion",
            "nsenter -t 1 -n lsns --no",
            &["--noheadings", "--notruncate", "--nowrap"],
            &["--no-fork"],
        ),
    ];
    // In a user namespace, descriptors of a process outside of it cannot be seen.
    cases.retain(|case| is_root() || case.category != "sockets");
    cases.retain(|case| Cgroups::can_be_made() || case.category != "containers");
    (cases, socket)
}
