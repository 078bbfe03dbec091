//! An abbreviation means what it means in 2.38.1, whatever options have come since.

use nskit::internals::cli::getopt::{Getopt, Opt, Order, Since};
use nskit::internals::cli::{nsenter, unshare};

use crate::call;
use crate::common::{Scene, newer_than_theirs, on_purpose};

const UNSHARE: &[&str] = &[
    "mount",
    "uts",
    "ipc",
    "net",
    "pid",
    "user",
    "cgroup",
    "time",
    "fork",
    "kill-child",
    "mount-proc",
    "map-user",
    "map-users",
    "map-group",
    "map-groups",
    "map-root-user",
    "map-current-user",
    "map-auto",
    "propagation",
    "setgroups",
    "keep-caps",
    "setuid",
    "setgid",
    "root",
    "wd",
    "monotonic",
    "boottime",
    "help",
    "version",
];
const NSENTER: &[&str] = &[
    "all",
    "target",
    "mount",
    "uts",
    "ipc",
    "net",
    "pid",
    "user",
    "cgroup",
    "time",
    "setuid",
    "setgid",
    "root",
    "wd",
    "wdns",
    "no-fork",
    "preserve-credentials",
    "follow-context",
    "help",
    "version",
];

/// Every beginning of these names.
fn beginnings(names: &[&'static str]) -> Vec<&'static str> {
    let mut all: Vec<_> = names.iter().flat_map(|name| (1..=name.len()).map(|end| &name[..end])).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What the table makes of `--NAME`: the full name, or `None` where it is ambiguous.
fn meant<Id>(table: &[Opt<Id>], name: &str) -> Option<&'static str> {
    // Without an argument, which some need; the error names the option then.
    let with = |argument: &str| {
        let arguments = vec![argument.into(), "x".into()];
        Getopt::new(table, Order::UntilOperand, arguments).next_option().ok().flatten().map(|met| met.opt.long)
    };
    with(&format!("--{name}"))
}

fn assert_table<Id>(table: &[Opt<Id>], old: &[&'static str]) {
    let ever = table.iter().filter(|opt| opt.since == Since::Ever);
    let mut ever: Vec<_> = ever.map(|opt| opt.long).collect();
    let mut expected = old.to_vec();
    ever.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ever, expected);
    for beginning in beginnings(old) {
        let begin_so: Vec<_> = old.iter().filter(|name| name.starts_with(beginning)).collect();
        let expected = match begin_so[..] {
            [only] => Some(*only),
            _ => old.iter().find(|name| **name == beginning).copied(),
        };
        assert_eq!(meant(table, beginning), expected, "--{beginning}");
    }
}

scene_test!(the_tables_have_each_option_that_util_linux_has);
fn the_tables_have_each_option_that_util_linux_has() {
    assert_table(unshare::OPTIONS, UNSHARE);
    assert_table(nsenter::OPTIONS, NSENTER);
}

scene_test!(the_tools_read_abbreviations_by_the_table);
fn the_tools_read_abbreviations_by_the_table() {
    crate::common::otherwise_since((2, 42), "more options, with other abbreviations");
    let scene = Scene::new();
    for (tool, names) in [("unshare", UNSHARE), ("nsenter", NSENTER)] {
        for beginning in beginnings(names) {
            let begin_so: Vec<_> = names.iter().filter(|name| name.starts_with(beginning)).collect();
            let stderr = call(&scene, tool, &[&format!("--{beginning}=x"), "--zzz"]).run().stderr;
            let ambiguous = begin_so.len() > 1 && !names.contains(&beginning);
            assert_eq!(stderr.contains("is ambiguous"), ambiguous, "{tool} --{beginning}: {stderr}");
            assert!(!stderr.contains(&format!("unrecognized option '--{beginning}")), "{tool} --{beginning}: {stderr}");
        }
    }
}

scene_test!(newer_options_can_be_abbreviated);
fn newer_options_can_be_abbreviated() {
    newer_than_theirs((2, 43), "options newer than 2.38");
    for (name, full) in [
        ("forw", "forward-signals"),
        ("fo", "fork"),
        ("mount-b", "mount-binfmt"),
        ("mount-", "mount-proc"),
        ("l", "load-interp"),
        ("map-s", "map-subids"),
        ("o", "owner"),
        ("cl", "clear-env"),
        ("wh", "whitelist-env"),
        // Of ours only, and those that an older one takes.
        ("pi", "pid"),
        ("piv", "pivot-root"),
        ("b", "boottime"),
        ("bi", "bind"),
        ("t", "time"),
        ("tm", "tmpfs"),
        ("mount-d", "mount-dev"),
        ("mount-", "mount-proc"),
    ] {
        assert_eq!(meant(unshare::OPTIONS, name), Some(full), "{name}");
    }
    for (name, full) in [
        ("net-", "net-socket"),
        ("ne", "net"),
        ("user-", "user-parent"),
        ("e", "env"),
        ("j", "join-cgroup"),
        ("k", "keep-caps"),
    ] {
        assert_eq!(meant(nsenter::OPTIONS, name), Some(full), "{name}");
    }
}

scene_test!(our_own_options_can_be_abbreviated);
fn our_own_options_can_be_abbreviated() {
    on_purpose("theirs has none of these");
    for (name, full) in [
        ("in", "init"),
        ("i", "ipc"),
        ("pt", "pty"),
        ("st", "status-fd"),
        ("map-r", "map-root-user"),
        ("map-ra", "map-ranges"),
    ] {
        assert_eq!(meant(unshare::OPTIONS, name), Some(full), "{name}");
    }
    for (name, full) in [
        ("ki", "kill-child"),
        ("pt", "pty"),
        ("for", "forward-signals"),
        ("fo", "follow-context"),
        ("l", "like-target"),
    ] {
        assert_eq!(meant(nsenter::OPTIONS, name), Some(full), "{name}");
    }
}
