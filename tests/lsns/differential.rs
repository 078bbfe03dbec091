//! Ours against the installed one, on the same process table: every byte of standard output, and the status.

use crate::common::{ALL_KINDS, Call, Frozen, as_of_old, is_musl};

const OPTIONS: &str = "
-l
-n
-n -l
-J
-J -l
-u
-W
-r -l
-r -l -n
-r -l --output-all
-r -t net -o NETNSID,NSFS,PID
-t mnt
-t net
-t ipc
-t user
-t pid
-t uts
-t cgroup
-t time
-t net -t mnt
-t net -J
-t net -J -W
-t net -W
-t net -o NSFS
-t net -o NSFS,PID
-o NSFS,TYPE
-o TYPE,NSFS
-o TYPE,NSFS -n
-t net -t user -T
-t net -T -o NS,TYPE,NETNSID,NSFS,PNS,ONS
--output-all
--output-all -l
--output-all -T
--output-all -Tprocess
--output-all -Tparent
--output-all -J
--output-all -T -J
--output-all -Tparent -J
--output-all -o NS
-o NS --output-all
--output-all -o +NS
-T
-Tparent
-Tprocess
-T=parent
-Towner -J
-Tparent -J
-Tprocess -J
-Tprocess -Towner
-l -T
-T -l
-T -t uts -t user
-T -t mnt -o NS,TYPE,PNS,ONS
-T -t pid -o NS,TYPE,PNS,ONS
-Tparent -t pid -o NS,TYPE,PNS,ONS
-Tparent -t user -t pid
-T -o TYPE
-Tparent -o TYPE,PID
-T -o NS
-T -o COMMAND
-T -o COMMAND,NS,COMMAND
-Tprocess -o COMMAND,NS
-o COMMAND,COMMAND
-o NS
-o TYPE
-o PATH
-o NPROCS
-o PID
-o PPID
-o COMMAND
-o UID
-o USER
-o NETNSID
-o NSFS
-o PNS
-o ONS
-o +PPID
-o +ns,Pns
-o NS -o +PPID
-J -o NS,NS,PID
-p $A
-p $A -J
-p $A -T
-p $A -Tparent
-p $B
-p $B -T
-p $B -Tparent
-p $B -Tparent -J
-p $B -t net
-p $B -t net -T -o NS,TYPE,PNS,ONS
-p $B -t net -t user -T
-p $C -T
-p $C -Tparent
-p $C -Tparent -o TYPE,PID
-p $D -T
-p $D -Tparent -o TYPE,PID
-p $D -Tparent
--task +$D
0
0 -o NS,COMMAND
0 -J
0 --output-all
0 7";

/// Namespaces below each other whose numbers are in no order: each takes the place of one of those that ended before.
const SHUFFLED: &str = r#"
for i in {1..20}; do
	unshare -Un sleep infinity & settle net $!
	ended+=($!)
done
# below OF OPTIONS...: a sleep with the number of this call in new namespaces, below those of another one.
below() {
	local of=$1 victim=$(((7 * ${#made[@]} + 3) % 20))
	shift
	kill "${ended[victim]}"; wait "${ended[victim]}" || true
	nsenter -t "$of" -U -p --preserve-credentials unshare "$@" sleep "200${#made[@]}" &
	until pid=$(pgrep -xf "sleep 200${#made[@]}"); do sleep 0.01; done
	made+=("$pid")
}
unshare -Urpf sleep 1999 &
until A=$(pgrep -xf 'sleep 1999'); do sleep 0.01; done
below $A -n
below $A -Urn
below $A -Urpf
B=$pid
below $B -n
below $A -u
below $B -Ur
below $A -pf
below $pid -Urpf
C=$pid
below $C -n
below $B -pf
tell A B C
"#;

scene_test!(trees_where_numbers_are_in_no_order);
fn trees_where_numbers_are_in_no_order() {
    crate::common::otherwise_since((2, 42), "the layout of the list");
    let frozen = Frozen::new(SHUFFLED);
    const KINDS: &str = "
-t net
-t pid
-t user
-t user -t pid
-t net -t pid
-t uts -t pid";
    let mut lines = Vec::new();
    for tree in ["-T", "-Tparent", "-T -J", "-Tparent -J"] {
        for task in ["", "-p $A", "-p $B", "-p $C"] {
            for columns in ["NS,TYPE,PNS,ONS", "TYPE,PNS,ONS"] {
                let options = format!("{tree} {task} -o {columns}");
                let of_kinds = KINDS.lines().map(|kinds| format!("{options} {kinds}"));
                lines.extend(of_kinds);
            }
        }
    }
    let count = compare(&frozen, &lines.join("\n"), &["C.UTF-8"]);
    println!("{count} trees are the same");
    frozen.end();
}

const OF_ONE: &str = "
-l
-n
-J
-r -l
-T
-Tparent
-Tprocess
-Tprocess -J
--output-all
--output-all -l
--output-all -T
-o NS,PID,COMMAND
-o NS,PID,COMMAND -T
-o +NS
-o PID
-t net
-t user";

/// Status and standard output.
fn outcome(call: Call, locale: &str) -> (crate::common::Ending, String) {
    let outcome = call.env("LC_ALL", locale).run();
    (outcome.ending, outcome.stdout)
}

#[track_caller]
fn compare(frozen: &Frozen, options: &str, locales: &[&str]) -> usize {
    let mut count = 0;
    for line in options.lines() {
        let line = as_of_old(&frozen.expand(line));
        for locale in locales {
            let theirs = outcome(frozen.their_lsns(&line), locale);
            let ours = outcome(frozen.lsns(&line), locale);
            assert_eq!(theirs.0, ours.0, "lsns {line} ({locale})");
            assert!(theirs.1 == ours.1, "lsns {line} ({locale})\ntheirs:\n{}\nours:\n{}", theirs.1, ours.1);
            count += 1;
        }
    }
    count
}

scene_test!(namespaces);
fn namespaces() {
    crate::common::otherwise_since((2, 42), "the layout of the list");
    crate::common::needs_root("a process of another user");
    let frozen = Frozen::new(ALL_KINDS);
    let count = compare(&frozen, OPTIONS, &["C", "C.UTF-8"]);
    println!("{count} outputs are the same");
    frozen.end();
}

scene_test!(processes_of_a_namespace);
fn processes_of_a_namespace() {
    crate::common::otherwise_since((2, 42), "the layout of the list");
    crate::common::needs_root("a process of another user");
    let frozen = Frozen::new(ALL_KINDS);
    for kind in ["user", "pid", "net", "mnt"] {
        for of in 0..3 {
            let inode = frozen.variable(&format!("OF_{kind}_{of}")).to_string();
            let options = OF_ONE.replace('\n', &format!("\n{inode} "));
            compare(&frozen, &options, &["C.UTF-8"]);
        }
    }
    frozen.end();
}

/// Each command line in a UTS namespace of its own, so that it has a row; cat(1) waits at its first `-` or without argument. No line ends in bytes that are no UTF-8: those
/// are where ours differs in JSON, which theirs makes invalid.
const COMMAND_LINES: &str = r#"
alone() { sleep infinity | unshare -u /bin/bash -c 'exec -a "$0" cat "$@"' "$@" & }
alone $'a\tb\nc\x1b[31m' -
alone 'sp  ace ' - '' - '' ''
alone ''
alone 'back\slash' - '\x41' '\' '\n' '\\x'
alone $'wide日本語 комби e\u0301 \u200b zwj\u200d \U0001F600 \u00ad soft \ufe0f vs'
alone $'nbsp\u00a0 \u2028 \u0085 c1 \u009b del\x7f'
alone $'q"uote\'s' - /slash
alone $'\u0378 unassigned \ue000 priv \U000e0001 tag \U0010ffff \ufffd'
alone ' '
alone x - ' '
alone $'\n'
alone $'\b\f\r\t\v\x01\x02\x1f\x7f'
alone "$(printf 'x%.0s' {1..9000})"
alone "$(printf 'y%.0s' {1..8190})" -
alone "$(printf 'y%.0s' {1..8191})" -
alone "$(printf 'y%.0s' {1..8190})"
until [[ $(pgrep -cx cat) == 16 ]]; do sleep 0.01; done
"#;

/// Those that JSON has no place for.
const INVALID_UTF8: &str = r#"
alone() { sleep infinity | unshare -u /bin/bash -c 'exec -a "$0" cat "$@"' "$@" & }
alone $'inv\xff\xfe\x80x'
alone $'\xed\xa0\x80 surr' - $'\xf4\x90\x80\x80 toobig' $'\xc0\x80 overlong' $'trunc\xe2\x82'
alone $'caf\xc3\xa9 \xe9'
until [[ $(pgrep -cx cat) == 3 ]]; do sleep 0.01; done
"#;

const OPTIONS_OF_TEXT: &str = "-t uts
-t uts -l
-t uts -o COMMAND,PID
-t uts -o PID,COMMAND
-t uts -l -r
-t uts --output-all
-t uts -t user -T";

scene_test!(command_lines);
fn command_lines() {
    crate::common::otherwise_since((2, 42), "the layout of the list");
    let mut locales = vec!["C", "C.UTF-8", "C.utf8", "POSIX", "de_DE.ISO-8859-1", ""];
    let mut command_lines = COMMAND_LINES.to_string();
    // What a build for musl shows instead: locale.rs.
    match is_musl() {
        true => command_lines = command_lines.replace("\\u0378 un", "\\u0377 "),
        false => locales.push("xx_YY.UTF-8"),
    }
    let frozen = Frozen::new(&command_lines);
    compare(&frozen, OPTIONS_OF_TEXT, &locales);
    for locale in ["C", "C.UTF-8"] {
        let json = frozen.lsns("-t uts -J");
        let (status, ours) = outcome(json, locale);
        // Theirs prints it as it is: see output.rs.
        let as_it_is = ours.replace("\\u007f", "\x7f");
        let theirs = outcome(frozen.their_lsns("-t uts -J"), locale);
        assert!((status, &as_it_is) == (theirs.0, &theirs.1), "{as_it_is}\n{}", theirs.1);
    }
    frozen.end();
}

scene_test!(command_lines_that_are_no_utf8);
fn command_lines_that_are_no_utf8() {
    crate::common::otherwise_since((2, 42), "the layout of the list");
    let frozen = Frozen::new(INVALID_UTF8);
    compare(&frozen, OPTIONS_OF_TEXT, &["C", "C.UTF-8"]);
    frozen.end();
}
