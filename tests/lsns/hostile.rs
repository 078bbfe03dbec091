//! Processes that are out to confuse.

use crate::common::{Ending, Frozen, newer_than_theirs};

/// A comm is set by writing to /proc/self/comm; it is what the stat file has in parentheses.
const SCENE: &str = r#"
# odd COMM: a process of that comm in a UTS namespace of its own.
odd() { unshare -u /bin/bash -c 'printf %s "$0" >/proc/$$/comm; echo >>set; read -r <>/mnt/never' "$1" & PIDS+=" $!"; }
mkfifo /mnt/never
odd ') R 1 1'
odd $'two\nlines)'
odd 'a) S 7 7 7 ('
odd '()'
until [[ $(wc -l <set 2>/dev/null) == 4 ]]; do sleep 0.01; done
read -r P1 P2 P3 P4 <<<"$PIDS"
tell P1 P2 P3 P4
"#;

scene_test!(a_comm_is_no_way_to_another_parent);
fn a_comm_is_no_way_to_another_parent() {
    let frozen = Frozen::new(SCENE);
    // The same parent for all; a comm may stand for a command line only where there is none, as of a zombie.
    let rows = frozen.lsns("-n -l -t uts -o PID,PPID,NPROCS").ok();
    let mut lines: Vec<_> =
        rows.lines().skip(1).map(str::split_whitespace).map(|row| row.collect::<Vec<_>>().join(" ")).collect();
    lines.sort();
    let mut expected: Vec<_> = ["$P1 1 1", "$P2 1 1", "$P3 1 1", "$P4 1 1"].map(|row| frozen.expand(row)).to_vec();
    expected.sort();
    assert_eq!(lines, expected);
    frozen.end();
}

scene_test!(a_command_line_of_megabytes_is_read_in_part);
fn a_command_line_of_megabytes_is_read_in_part() {
    let frozen = Frozen::new(
        r#"
ulimit -s unlimited
sleep infinity | unshare -u /bin/bash -c 'exec -a x cat - "$@"' y $(printf '%0100000d ' {1..40}) &
until pgrep -x cat >/dev/null; do sleep 0.01; done
"#,
    );
    let rows = frozen.lsns("-n -l -r -t uts -o COMMAND").ok();
    let expected = format!("x\\x20-\\x20{}", "0".repeat(8191 - 4));
    assert_eq!(rows.lines().nth(1), Some(&*expected));
    frozen.end();
}

scene_test!(a_command_line_in_the_memory_of_a_file_is_not_read);
/// The file could be one of a file system that does not answer. Linux reads no command line out of a file since 4.17.
fn a_command_line_in_the_memory_of_a_file_is_not_read() {
    let frozen = Frozen::new(
        r#"
cat >change.py <<'END'
import ctypes, os, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
# arg_start of proc_pid_stat(5).
start = int(open('/proc/self/stat').read().rsplit(')', 1)[1].split()[45])
# A page of the long argument, which nothing else is on, becomes one of a file.
page = (start + 4096) & ~4095
file = os.open('/mnt/file', os.O_RDWR | os.O_CREAT)
os.write(file, b'FAKE' * 1024)
assert libc.mmap(page, 4096, 3, 0x11, file, 0) == page
print('changed', flush=True)
time.sleep(1000000)
END
unshare -u python3 change.py $(printf '%020000d' 0) >told &
until [[ -s told ]]; do sleep 0.01; done
"#,
    );
    let rows = frozen.lsns("-n -l -r -t uts -o COMMAND").ok();
    let command = rows.lines().nth(1).unwrap();
    assert!(command.starts_with("python3\\x20change.py\\x200"), "{command}");
    assert!(!command.contains("FAKE"), "{command}");
    frozen.end();
}

scene_test!(as_many_descriptors_as_a_process_may_have_are_looked_through);
fn as_many_descriptors_as_a_process_may_have_are_looked_through() {
    newer_than_theirs((2, 40), "namespaces held by descriptors");
    let frozen = Frozen::new(
        r#"
unshare -u sleep 1001 & P=$!; settle uts $P; HELD=$(inode /proc/$P/ns/uts)
python3 -c "
import os, resource, sys, time
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
null = os.open('/dev/null', 0)
more = min(hard - 100, 100000) // 2
for _ in range(more): os.dup(null)
held = os.open('/proc/$P/ns/uts', 0)
for _ in range(more): os.dup(null)
print('opened', flush=True)
time.sleep(1000000)
" >told &
until [[ -s told ]]; do sleep 0.01; done
kill $P; wait $P || true
tell HELD
"#,
    );
    assert_eq!(frozen.lsns("-P -n -o NS,TYPE").ok(), frozen.expand("$HELD uts\n"));
    frozen.end();
}

scene_test!(a_zombie_hides_nothing);
fn a_zombie_hides_nothing() {
    let frozen = Frozen::new(
        r#"
/bin/bash -c 'sleep 0.3 & exec sleep 1001' &
until Z=$(ps -eo pid=,stat= | awk '$2 ~ /^Z/ { print $1; exit }') && [[ $Z ]]; do sleep 0.01; done
tell Z
"#,
    );
    let user = frozen.lsns("-n -t user -o COMMAND").ok();
    let mnt = frozen.lsns("-n -t mnt -o COMMAND").ok();
    assert_eq!(user, mnt);
    frozen.end();
}

scene_test!(running_out_of_memory_is_an_error);
/// Wherever it is that memory runs out, that is said, and nothing is printed that would pass for the whole list.
fn running_out_of_memory_is_an_error() {
    crate::common::their_bug("a fault of the installed one's memory is a signal, or a part of the list");
    let frozen = Frozen::new(
        r#"
for n in {1..50}; do unshare -u /bin/bash -c 'exec -a "$(printf %08000d $0)" sleep 1000' $n & started $!; done
until [[ $(pgrep -cf ^0000) == 50 ]]; do sleep 0.01; done
"#,
    );
    // In KiB. Below the first limit nothing at all can be done; the last is enough.
    let mut limits = (64..4096).step_by(8);
    let run = |limit: usize, args: &str| {
        let lsns = crate::common::tool("lsns");
        let limited = format!("ulimit -d {limit}; exec '{}' {args}", lsns.display());
        frozen.run_next("/bin:/usr/bin", ["sh", "-c", &limited]).run()
    };
    limits.find(|limit| run(*limit, "--version").ending == Ending::Exited(0)).unwrap();
    let mut failed = 0;
    for limit in limits {
        let outcome = run(limit, "-J -u --output-all");
        if outcome.ending == Ending::Exited(0) {
            break;
        }
        assert_eq!(outcome.stderr, "lsns: Cannot allocate memory\n");
        assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""));
        failed += 1;
    }
    assert!(failed > 0);
    frozen.end();
}
