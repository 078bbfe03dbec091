//! Controls that change the order in which a person reads: in our own columns, they are escaped.

use crate::common::{Frozen, needs_root, on_purpose};
use crate::terminal::shown;

/// Each text that somebody else chose has U+202E in it: what is behind it is read from right to left.
const SCENE: &str = r#"
export LC_ALL=C.UTF-8
B=$'\u202e'
unshare -u /bin/sh -c "printf 'h${B}h' >/proc/sys/kernel/hostname; exec sleep 1001" & U=$!
until U=$(pgrep -xf 'sleep 1001'); do sleep 0.01; done; UTS=$(inode /proc/$U/ns/uts)
unshare -n /bin/bash -c "exec -a 'c${B}c' sleep 1002" & N=$!; settle net $N
until [[ $(tr '\0' ' ' </proc/$N/cmdline) == c* ]]; do sleep 0.01; done
nsenter --net=/proc/$N/ns/net ip link add "l${B}l" type bridge
nsenter --net=/proc/$N/ns/net ip address add 10.1.2.3/24 dev "l${B}l"
unshare -m /bin/sh -c "mount -t tmpfs 's${B}s' /mnt; exec sleep 1003" &
until M=$(pgrep -xf 'sleep 1003'); do sleep 0.01; done
unshare -i sleep 1004 & I=$!; settle ipc $I; : >"/mnt/m${B}m"; mount --bind /proc/$I/ns/ipc "/mnt/m${B}m"
IPC=$(inode /proc/$I/ns/ipc); kill $I; wait $I || true
: >"/mnt/n${B}n"; mount --bind /proc/$N/ns/net "/mnt/n${B}n"
tell UTS N IPC
"#;

const OVERRIDE: char = '\u{202e}';

scene_test!(our_columns_do_not_change_the_order_of_reading);
fn our_columns_do_not_change_the_order_of_reading() {
    on_purpose("columns of ours");
    needs_root("interfaces and mounts");
    let frozen = Frozen::new(SCENE);
    let wanted = ["--find", "mount:s\u{202e}s", "--find", "link:l\u{202e}l"];
    let seen = |options: &str, columns: &str, wanted: &[&str]| {
        let args = ["-o", columns].into_iter().chain(options.split_whitespace()).chain(wanted.iter().copied());
        frozen.lsns_args(args).env("LC_ALL", "C.UTF-8").ok()
    };
    for options in ["-l", "-T", "--style=rounded", "--style=ascii", "--style=markdown", "-J"] {
        let inside = seen(options, "NS,HOSTNAME,LINKS,ADDRESSES,HELD-BY", &[]);
        let found = seen(options, "NS,FOUND", &wanted);
        assert!(!inside.contains(OVERRIDE) && !found.contains(OVERRIDE), "{options}: {inside} {found}");
        let escape = match options {
            "-J" => "\\u202e",
            "--style=markdown" => "\\\\xe2\\\\x80\\\\xae",
            _ => "\\xe2\\x80\\xae",
        };
        for text in ["hEh", "lEl 10.1.2.3/24", "lEl (down)", "mEm"].map(|text| text.replace('E', escape)) {
            assert!(inside.contains(&text), "{options}: {text}: {inside}");
        }
        for text in ["sEs on ", "lEl (down)"].map(|text| text.replace('E', escape)) {
            assert!(found.contains(&text), "{options}: {text}: {found}");
        }
    }
    let json: serde_json::Value = serde_json::from_str(&seen("-J", "NS,HOSTNAME", &[])).unwrap();
    let names = json["namespaces"].as_array().unwrap().iter().map(|row| row["hostname"].as_str().unwrap_or_default());
    assert!(names.into_iter().any(|name| name == "h\u{202e}h"), "{json}");
    frozen.end();
}

scene_test!(columns_of_util_linux_show_what_it_shows);
fn columns_of_util_linux_show_what_it_shows() {
    needs_root("interfaces and mounts");
    let frozen = Frozen::new(SCENE);
    for options in ["-l", "-J", "-l -r"] {
        let args = format!("{options} -t net -o NS,NSFS,COMMAND");
        let ours = frozen.lsns(&args).env("LC_ALL", "C.UTF-8").ok();
        let theirs = frozen.their_lsns(&args).env("LC_ALL", "C.UTF-8").ok();
        assert_eq!(ours, theirs);
        let raw = if options == "-l -r" { 0 } else { 2 };
        assert_eq!(ours.chars().filter(|character| *character == OVERRIDE).count(), raw, "{ours}");
    }
    frozen.end();
}

scene_test!(a_holder_in_place_of_a_command_does_not_change_it_either);
fn a_holder_in_place_of_a_command_does_not_change_it_either() {
    on_purpose("what a terminal shows without a command");
    needs_root("mounts");
    let frozen = Frozen::new(SCENE);
    let text = shown(frozen.lsns("-P -t ipc -o NS,COMMAND"), 200, "C.UTF-8");
    assert!(text.contains("(mount /mnt/m\\342\\200\\256m)"), "{text}");
    frozen.end();
}
