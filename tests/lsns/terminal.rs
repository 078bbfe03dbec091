//! Ours against the installed one on terminals of several widths.

use crate::common::{ALICE, Frozen, Pty, Scene, as_of_old, on_purpose};

const SCENE: &str = r#"
alone() { sleep infinity | unshare -u /bin/bash -c 'exec -a "$0" cat "$@"' "$@" & }
alone $'a\tb\nc\x1b[31m and some more of it, so that it has to be cut somewhere on its way'
alone $'wide日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語'
alone $'e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301'
alone short
alone ''
until [[ $(pgrep -cx cat) == 5 ]]; do sleep 0.01; done
unshare -n sleep 1001 & settle net $!
for file in a 'a path that is longer than others'; do : >"/mnt/$file"; mount --bind /proc/$!/ns/net "/mnt/$file"; done
started $!
"#;

const OPTIONS: &str = "
-l
-u
-J -t net
-r -l
-t uts
-t uts -l -o PID,COMMAND,UID
-t uts -o COMMAND
-t uts -o COMMAND,COMMAND
-t uts -o PID,COMMAND,PATH,USER,NPROCS,TYPE
-T -o NS,PATH,COMMAND,TYPE,USER,NPROCS,PID
-t net
-t net -W
-t net -o NSFS,COMMAND
-t net -o NSFS
--output-all
-T";

pub fn shown(call: crate::common::Call, columns: u16, locale: &str) -> String {
    let pty = Pty::new();
    let size = libc::winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: one structure, as said.
    let done = unsafe {
        use std::os::fd::AsRawFd;
        libc::ioctl(pty.slave().as_raw_fd(), libc::TIOCSWINSZ, &size)
    };
    assert_eq!(done, 0);
    let mut process = call.env("LC_ALL", locale).terminal(&pty).spawn();
    // A terminal holds a few thousand bytes only: it is read while the program writes.
    crate::common::poll_until("the end", || {
        pty.text();
        process.has_ended()
    });
    assert_eq!(process.wait(), crate::common::Ending::Exited(0));
    pty.text()
}

scene_test!(lines_fit_as_theirs_do);
fn lines_fit_as_theirs_do() {
    crate::common::otherwise_since((2, 42), "the layout of the list");
    let frozen = Frozen::new(SCENE);
    for columns in [0, 20, 40, 80, 200] {
        for line in OPTIONS.lines().map(as_of_old) {
            for locale in ["C", "C.UTF-8"] {
                let theirs = shown(frozen.their_lsns(&line), columns, locale);
                let ours = shown(frozen.lsns(&line), columns, locale);
                assert!(
                    theirs == ours,
                    "lsns {line} on {columns} columns ({locale})\ntheirs:\n{theirs}\nours:\n{ours}"
                );
            }
        }
    }
    frozen.end();
}

scene_test!(the_variable_is_read_as_theirs_reads_it);
/// A terminal that does not say how wide it is leaves that to a variable.
fn the_variable_is_read_as_theirs_reads_it() {
    crate::common::otherwise_since((2, 42), "the layout of the list");
    let frozen = Frozen::new(SCENE);
    let values = [
        "40",
        "+40",
        " 40",
        "\t40",
        "\x0b40",
        "040",
        "40 ",
        "40x",
        "0",
        "-40",
        "",
        "100000",
        "2147483648",
        "4294967336",
    ];
    for value in values {
        let theirs = shown(frozen.their_lsns("").env("COLUMNS", value), 0, "C");
        let ours = shown(frozen.lsns("").env("COLUMNS", value), 0, "C");
        assert!(theirs == ours, "{value:?}\n{theirs}\n{ours}");
    }
    frozen.end();
}

scene_test!(a_note_on_a_terminal_counts_what_could_not_be_read);
fn a_note_on_a_terminal_counts_what_could_not_be_read() {
    on_purpose("theirs says nothing");
    let scene = Scene::new();
    // There is a process of root's, which alice may not look into.
    let _held = scene.probe(["hold"]).leashed().spawn();
    let lsns = || scene.lsns(["-t", "uts"]).user(ALICE);
    let text = shown(lsns(), 80, "C");
    let first = text.lines().next().unwrap();
    let end = " processes are not readable: run as root to see all";
    let counts = first.strip_prefix("lsns: note: ").unwrap();
    let counts = counts.strip_suffix(end).unwrap();
    let (unreadable, all) = counts.split_once(" of ").unwrap();
    let [unreadable, all]: [usize; 2] = [unreadable, all].map(|count| count.parse().unwrap());
    assert!(0 < unreadable && unreadable < all, "{first}");
    // A script is not to stumble over it.
    assert_eq!(lsns().run().stderr, "");
    // All namespaces of one process are there.
    let own = scene.call("/bin/sh", ["-c", "exec lsns -t uts -p $$"]).user(ALICE);
    let text = shown(own, 80, "C");
    assert!(!text.contains("note"), "{text}");
}

scene_test!(root_is_not_told_what_even_root_may_not_read);
fn root_is_not_told_what_even_root_may_not_read() {
    on_purpose("theirs says nothing");
    let scene = Scene::new();
    let _held = scene.probe(["hold"]).leashed().spawn();
    // Root without the rights of root, as in a container.
    let text = shown(scene.call("/usr/bin/setpriv", ["--bounding-set=-sys_ptrace", "lsns", "-t", "uts"]), 80, "C");
    assert!(text.starts_with("        NS TYPE"), "{text}");
}

/// A namespace that a descriptor holds, one that is mounted here and in other mount namespaces, and one with a process.
const LEFT_OVER: &str = r#"
unshare -u sleep 1001 & A=$!; settle uts $A; UTS=$(inode /proc/$A/ns/uts)
exec 7</proc/$A/ns/uts; kill $A; wait $A || true
unshare -n sleep 1002 & B=$!; settle net $B; NET=$(inode /proc/$B/ns/net)
: >/mnt/blue; mount --bind /proc/$B/ns/net /mnt/blue; kill $B; wait $B || true
unshare -m --propagation unchanged sleep 1003 & settle mnt $!; C=$!
unshare -m --propagation unchanged sleep 1004 & settle mnt $!; D=$!
unshare -i sleep 1005 & settle ipc $!; IPC=$(inode /proc/$!/ns/ipc); started $!; started $C; started $D
OWN=$(inode /proc/self/ns/uts)
tell UTS NET IPC OWN
"#;

scene_test!(on_a_terminal_rows_without_a_process_say_what_holds_them);
fn on_a_terminal_rows_without_a_process_say_what_holds_them() {
    on_purpose("theirs leaves COMMAND empty");
    crate::common::needs_root("descriptors and mounts of others");
    let frozen = Frozen::new(LEFT_OVER);
    let args = "-n -P -t uts -t net -o NS,COMMAND";
    let text = shown(frozen.lsns(args), 100, "C");
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.sort();
    let mut expected = [frozen.expand("$UTS (fd 1:7)"), frozen.expand("$NET (mount /mnt/blue)")];
    expected.sort();
    assert_eq!(lines, expected);
    let held = "-n -P -t net -o HELD-BY";
    let folded = "mount /mnt/blue (and in 2 other mount namespaces)";
    assert_eq!(shown(frozen.lsns(held), 100, "C").trim_end(), folded);

    // Programs read what they have always read.
    assert_eq!(frozen.lsns("-n -P -t net -o NS,COMMAND").ok(), frozen.expand("$NET \n"));
    assert_eq!(frozen.lsns(held).ok().lines().count(), 3);
    assert!(shown(frozen.lsns("-J -P -t net -o COMMAND"), 100, "C").contains("\"command\": null"));
    assert_eq!(shown(frozen.lsns("-r -n -P -t net -o NS,COMMAND"), 100, "C"), frozen.expand("$NET \n"));
    frozen.end();
}

scene_test!(a_terminal_that_has_colours_shows_them);
fn a_terminal_that_has_colours_shows_them() {
    on_purpose("--color");
    crate::common::needs_root("descriptors and mounts of others");
    let frozen = Frozen::new(LEFT_OVER);
    let args = "-l -t uts -t ipc -o NS,TYPE,NPROCS -Q";
    let filter = ["NS==$UTS", "NS==$IPC", "NS==$OWN"].map(|filter| frozen.expand(filter)).join(" or ");
    let lsns = |more: &str, terminal: bool, variables: &[(&str, &str)]| {
        let args = args.split_whitespace().chain([&*filter]).chain(more.split_whitespace());
        let call = variables.iter().fold(frozen.lsns_args(args), |call, (name, value)| call.env(name, *value));
        if terminal { shown(call, 100, "C") } else { call.ok() }
    };
    let plain = lsns("", false, &[]);
    let coloured = lsns("--color=always", false, &[]);
    for line in [
        "\x1b[33m$UTS\x1b[0m \x1b[36muts\x1b[0m       \x1b[33m0\x1b[0m",
        "\x1b[1m$OWN\x1b[0m \x1b[36muts\x1b[0m ",
        "$IPC \x1b[35mipc\x1b[0m       1",
        "        \x1b[1mNS\x1b[0m \x1b[1mTYPE\x1b[0m \x1b[1mNPROCS\x1b[0m",
    ] {
        let line = frozen.expand(line);
        assert!(coloured.lines().any(|found| found.starts_with(&line)), "{line:?}: {coloured:?}");
    }
    let xterm = ("TERM", "xterm");
    for (more, terminal, variables, expected) in [
        ("", true, &[xterm][..], &coloured),
        ("--color", true, &[xterm], &coloured),
        ("--color=auto", true, &[xterm, ("NO_COLOR", "")], &coloured),
        ("--color=always", true, &[("NO_COLOR", "1")], &coloured),
        ("--color=never --color=always", false, &[], &coloured),
        ("", true, &[], &plain),
        ("", true, &[("TERM", "dumb")], &plain),
        ("", true, &[xterm, ("NO_COLOR", "1")], &plain),
        ("--color=never", true, &[xterm], &plain),
        ("", false, &[xterm], &plain),
        ("--color", false, &[xterm], &plain),
    ] {
        assert_eq!(lsns(more, terminal, variables), *expected, "{more} {terminal} {variables:?}");
    }
    for form in ["-J", "-r"] {
        assert_eq!(lsns(&format!("{form} --color=always"), true, &[xterm]), lsns(form, false, &[]));
    }
    // The lines of a tree are dimmed, and cells are as wide as without colours.
    let tree = frozen.lsns("-T --color=always").env("LC_ALL", "C").ok();
    assert!(tree.contains("\x1b[2m|-\x1b[0m"), "{tree:?}");
    let outcome = frozen.lsns("--color=sometimes").run();
    assert!(outcome.stderr.starts_with("lsns: unsupported color mode: sometimes\n"), "{outcome:?}");
    frozen.end();
}
