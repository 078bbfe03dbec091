//! The first line on stderr: programs read it, so it is util-linux's, byte for byte.

use std::fs::File;
use std::os::fd::OwnedFd;

use crate::common::{Call, Ending, Frozen, newer_than_theirs, on_purpose, part, tool};

/// Runs lsns, which must fail with status 1 and this line.
#[track_caller]
fn assert_line(args: &[&str], expected: &str) {
    let outcome = Call::new(tool("lsns")).args(args).run();
    let below = outcome.failed("lsns", 1, &[]);
    // Below it: a hint, and nothing else.
    assert!(below.iter().all(|line| line.starts_with("lsns: hint: ")), "{args:?}: {below:?}");
    assert_eq!(outcome.stderr.lines().next(), Some(&*format!("lsns: {expected}")), "{args:?}");
}

const RANGE: &str = "Numerical result out of range";

scene_test!(bad_values_get_the_words_of_util_linux);
fn bad_values_get_the_words_of_util_linux() {
    for (args, expected) in [
        (&["-t", "foo"][..], "unknown namespace type: foo".to_string()),
        (&["-t", "mnt,net"], "unknown namespace type: mnt,net".to_string()),
        (&["-t", ""], "unknown namespace type: ".to_string()),
        (&["-Tfoo"], "unknown tree type: foo".to_string()),
        (&["--tree="], "unknown tree type: ".to_string()),
        (&["-o", "NS,foo"], "unknown column: foo".to_string()),
        (&["-o", "NS,foo,PID"], "unknown column: foo,PID".to_string()),
        (&["-o", "NS,"], "unknown column: NS,".to_string()),
        (&["-o", "+foo"], "unknown column: foo".to_string()),
        (&["-p", "x"], "invalid PID argument: 'x'".to_string()),
        (&["-p", ""], "invalid PID argument: ''".to_string()),
        (&["-p", "1 "], "invalid PID argument: '1 '".to_string()),
        (&["-p", "99999999999"], format!("invalid PID argument: '99999999999': {RANGE}")),
        (&["-p", "-99999999999"], format!("invalid PID argument: '-99999999999': {RANGE}")),
        (&["abc"], "invalid namespace argument: 'abc'".to_string()),
        (&[""], "invalid namespace argument: ''".to_string()),
        (&["0x10"], "invalid namespace argument: '0x10'".to_string()),
        (&["99999999999999999999"], format!("invalid namespace argument: '99999999999999999999': {RANGE}")),
        (&["--", "-1"], format!("invalid namespace argument: '-1': {RANGE}")),
        (&["77"], "not found namespace: 77".to_string()),
        (&["4294967297"], "not found namespace: 4294967297".to_string()),
    ] {
        assert_line(args, &expected);
    }
}

scene_test!(what_excludes_each_other);
fn what_excludes_each_other() {
    crate::common::otherwise_since((2, 42), "its words");
    for (args, expected) in [
        (&["-J", "-r"][..], "mutually exclusive arguments: --json --raw"),
        (&["-r", "-J"], "mutually exclusive arguments: --json --raw"),
        (&["-p", "1", "77"], "--task is mutually exclusive with <namespace>"),
    ] {
        assert_line(args, expected);
    }
    if !part(|| newer_than_theirs((2, 39), "--persistent")) {
        assert_line(&["-P", "-p1"], "options --persistent and --task cannot be combined");
        assert_line(&["-P", "-p1", "77"], "options --persistent and --task cannot be combined");
    }
}

scene_test!(the_first_fault_is_the_one_that_is_told);
fn the_first_fault_is_the_one_that_is_told() {
    crate::common::otherwise_since((2, 42), "its words");
    for (args, expected) in [
        (&["-J", "-r", "-t", "bar"][..], "mutually exclusive arguments: --json --raw"),
        (&["-t", "bar", "-J", "-r"], "unknown namespace type: bar"),
        (&["-p", "1", "77", "-J", "-r"], "mutually exclusive arguments: --json --raw"),
        (&["-Tx", "-p", "y"], "unknown tree type: x"),
        (&["-o", "foo", "-t", "bar"], "unknown namespace type: bar"),
        (&["-o", "foo", "abc"], "invalid namespace argument: 'abc'"),
        (&["-p", "1", "abc"], "--task is mutually exclusive with <namespace>"),
        (&["-p", "1", "-o", "foo", "77"], "--task is mutually exclusive with <namespace>"),
    ] {
        assert_line(args, expected);
    }
}

scene_test!(no_process_has_a_pid_below_1);
fn no_process_has_a_pid_below_1() {
    newer_than_theirs((2, 42), "--task below 1 is an error");
    for pid in ["0", "00", "+0", "-1"] {
        assert_line(&["-p", pid], &format!("invalid PID argument: '{pid}': {RANGE}"));
    }
}

scene_test!(filters_that_cannot_be_read);
fn filters_that_cannot_be_read() {
    crate::common::otherwise_since((2, 42), "its words");
    newer_than_theirs((2, 40), "--filter");
    for (args, expected) in [
        (&["-Q", "TYPE=net"][..], "failed to parse \"TYPE=net\": syntax error"),
        (&["-Q", "PID == (1"], "failed to parse \"PID == (1\": syntax error"),
        (&["-Q", " "], "failed to parse \" \": syntax error"),
        (&["-Q", "foo == 1 and"], "failed to parse \"foo == 1 and\": syntax error"),
        (&["-o", "bar", "-Q", "foo =="], "failed to parse \"foo ==\": syntax error"),
        (&["-Q", "TYPE =~ '('"], "failed to parse \"TYPE =~ '('\": "),
        (&["-Q", "TYPE==net"], "unknown column: net"),
        (&["-Q", "foo == 1", "-o", "bar"], "unknown column: bar"),
    ] {
        let outcome = Call::new(tool("lsns")).args(args).run();
        outcome.failed("lsns", 1, &[]);
        let first = outcome.stderr.lines().next().unwrap();
        assert!(first.starts_with(&format!("lsns: {expected}")), "{args:?}: {first}");
    }
}

/// Four namespaces of one process each, whose command line has `LENGTH` bytes.
fn four_lines(length: usize) -> Frozen {
    Frozen::new(&format!(
        r#"sleep infinity | unshare -muin /bin/bash -c 'exec -a "$0" cat' {} & settle uts $!
        until P=$(pgrep -xf 'y*'); do sleep 0.01; done; tell P"#,
        "y".repeat(length)
    ))
}

/// Runs lsns on those, with SIGPIPE ignored.
fn write_four_lines(frozen: &Frozen, stdout: impl Into<OwnedFd>) -> (Ending, String) {
    let lsns =
        frozen.lsns("-n -l -o COMMAND -t mnt -t uts -t ipc -t net -p $P".replace("$P", frozen.variable("P")).as_str());
    let outcome = lsns.ignoring(libc::SIGPIPE).stdout(stdout).run();
    (outcome.ending, outcome.stderr)
}

scene_test!(which_block_of_the_output_fails_decides_what_is_told);
fn which_block_of_the_output_fails_decides_what_is_told() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let unread = || std::io::pipe().unwrap().1;
    let said = |text: &str| (Ending::Exited(1), format!("lsns: write error{text}\n"));
    // The last block, which may be full.
    for length in [100, 1023] {
        let frozen = four_lines(length);
        assert_eq!(write_four_lines(&frozen, full()), said(": No space left on device"), "{length}");
        assert_eq!(write_four_lines(&frozen, unread()), (Ending::Exited(0), String::new()), "{length}");
        frozen.end();
    }
    for length in [1024, 4000] {
        let frozen = four_lines(length);
        assert_eq!(write_four_lines(&frozen, full()), said(""), "{length}");
        assert_eq!(write_four_lines(&frozen, unread()), said(""), "{length}");
        frozen.end();
    }
}

scene_test!(help_and_version_that_cannot_be_written);
fn help_and_version_that_cannot_be_written() {
    for option in ["--help", "--version"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let outcome = Call::new(tool("lsns")).args([option]).stdout(full).run();
        assert_eq!(outcome.stderr, "lsns: write error: No space left on device\n");
        assert_eq!(outcome.ending, Ending::Exited(1));
    }
}

scene_test!(a_standard_output_that_is_closed);
fn a_standard_output_that_is_closed() {
    on_purpose("a list that is lost does not go unnoticed");
    let lsns = tool("lsns");
    let closed = Call::new("/bin/sh").args(["-c", "exec \"$0\" >&-", lsns.to_str().unwrap()]).run();
    assert_eq!((closed.ending, &*closed.stderr), (Ending::Exited(1), "lsns: write error: Bad file descriptor\n"));
}

/// A kernel before 4.9 or 4.11, as far as one question goes: the ioctl ends with ENOTTY.
const OLDER_KERNEL: &str = r#"
import ctypes, os, struct, sys
code = lambda *operation: struct.pack('HBBI', *operation)
program = b''.join([
    code(0x20, 0, 0, 24),          # the second argument,
    code(0x15, 0, 1, int(sys.argv[1], 16)),
    code(0x06, 0, 0, 0x50000 | 25),  # ENOTTY
    code(0x06, 0, 0, 0x7fff0000),
])
libc = ctypes.CDLL(None)
text = ctypes.create_string_buffer(program)
filter = struct.pack('HxxxxxxQ', len(program) // 8, ctypes.addressof(text))
assert libc.prctl(22, 2, ctypes.create_string_buffer(filter), 0, 0) == 0
os.execv(sys.argv[2], ['lsns'] + sys.argv[3:])
"#;

scene_test!(a_kernel_that_knows_no_owners);
fn a_kernel_that_knows_no_owners() {
    newer_than_theirs((2, 42), "an ioctl that the kernel lacks is named");
    let frozen = Frozen::new("");
    let tool = tool("lsns").display().to_string();
    let lsns = |ioctl| frozen.run("/usr/bin", ["python3", "-c", OLDER_KERNEL, ioctl, &tool, "-Towner"]).run();
    for (ioctl, name) in [("b701", "NS_GET_USERNS"), ("b702", "NS_GET_PARENT")] {
        let outcome = lsns(ioctl);
        assert_eq!(outcome.ending, Ending::Exited(2), "{outcome:?}");
        assert_eq!(outcome.stderr, format!("lsns: Unsupported ioctl {name}\n"));
    }
    // NS_GET_OWNER_UID: a cell less.
    lsns("b704").ok();
    frozen.end();
}

scene_test!(a_dash_that_is_none_and_a_name_that_is_near_are_told);
fn a_dash_that_is_none_and_a_name_that_is_near_are_told() {
    on_purpose("theirs has no hints");
    for dash in ["\u{2010}", "\u{2013}", "\u{2014}", "\u{2212}"] {
        let outcome = Call::new(tool("lsns")).args([&format!("{dash}t"), "net"]).run();
        let below = outcome.failed("lsns", 1, &[]);
        assert!(below.len() == 1 && below[0].ends_with("write -t"), "{below:?}");
    }
    let outcome = Call::new(tool("lsns")).args(["--columns"]).run();
    let below = outcome.says(1, &format!("{}: unrecognized option '--columns'", tool("lsns").display()));
    assert_eq!(below, ["Try 'lsns --help' for more information.", "lsns: hint: the nearest option is --output"]);
}
