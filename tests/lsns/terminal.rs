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

fn shown(call: crate::common::Call, columns: u16, locale: &str) -> String {
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

scene_test!(a_person_is_told_how_much_could_not_be_read);
fn a_person_is_told_how_much_could_not_be_read() {
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
