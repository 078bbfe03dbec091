//! A process table that moves: processes and namespaces come and go as fast as the machine can make them, and lsns is run
//! again and again.

use super::call::{Call, Ending};
use super::frozen::Frozen;

/// Namespaces that stay, by a process and without one, and three storms: of plain processes, of processes in new
/// namespaces, and of one namespace that is handed on from each process to the next.
const SCENE: &str = r#"
unshare -U sleep 100001 & settle user $!; A=$!; USER_A=$(inode /proc/$A/ns/user)
unshare -n sleep 100002 & settle net $!; B=$!; NET_B=$(inode /proc/$B/ns/net)
unshare -u sleep 1003 & C=$!; settle uts $C; UTS_C=$(inode /proc/$C/ns/uts)
exec 7</proc/$C/ns/uts; kill $C; wait $C || true
: >/mnt/ipc; unshare -i sleep 1004 & C=$!; settle ipc $C; IPC_C=$(inode /proc/$C/ns/ipc)
mount --bind /proc/$C/ns/ipc /mnt/ipc; kill $C; wait $C || true
PID_1=$(inode /proc/1/ns/pid)
(while :; do (:); done) &
(while :; do unshare -Uinu /bin/true || true; done) &
(while :; do (sleep 0.002 & exec 7</dev/null; (:); wait); done) &
tell A B USER_A NET_B UTS_C IPC_C PID_1
"#;

const MODES: [&str; 20] = [
    "",
    "-l",
    "-r",
    "-r -l --output-all",
    "-J",
    "-J --output-all",
    "-J -T",
    "-J -Tparent",
    "-T",
    "-T --output-all",
    "-Tparent",
    "-Tprocess",
    "--output-all",
    "-n -u -W",
    "-o NS,NSFS,NETNSID,ONS",
    "-o COMMAND,PID,PPID,USER,NS",
    "-J -Q PID!=77||!PID||NS",
    "-Q NPROCS>=0",
    "$PID_1 -o NS,PID,COMMAND",
    "-J $PID_1",
];

/// The scene, with `more` of bash's own to blow. `None`, with the test skipped, where that cannot be.
#[track_caller]
pub fn storm(more: &str) -> Frozen {
    Frozen::new(&format!("{SCENE}\n{more}"))
}

/// Runs lsns so many times by `call`: none of the runs may fail, and none may miss what stays.
#[track_caller]
pub fn look_again_and_again(frozen: &Frozen, runs: usize, mut call: impl FnMut(&str) -> Call) {
    let stays = ["$USER_A", "$NET_B", "$UTS_C", "$IPC_C"].map(|name| frozen.expand(name));
    let members = ["$A", "$B"].map(|name| frozen.expand(name));
    let mut json = Vec::new();
    for run in 0..runs {
        let mode = frozen.expand(MODES[run % MODES.len()]);
        let outcome = call(&mode).run();
        assert_eq!((outcome.ending, outcome.stderr.as_str()), (Ending::Exited(0), ""), "run {run}: lsns {mode}");
        let words = |word: &String| {
            let mut words = outcome.stdout.split(|c: char| !c.is_ascii_digit());
            words.any(|found| found == word)
        };
        let of_one = MODES[run % MODES.len()].contains("$PID_1");
        let wanted = if of_one { &members[..] } else { &stays };
        for word in wanted {
            assert!(words(word), "run {run}: lsns {mode} misses {word}:\n{}", outcome.stdout);
        }
        if mode.contains("-J") {
            json.push(outcome.stdout);
        }
    }
    let file = frozen.scene.file("json", json.join("\0"));
    let check = "import json, sys\nfor text in open(sys.argv[1]).read().split('\\0'): json.loads(text)";
    Call::new("python3").args(["-c", check, &file]).env("LC_ALL", "C.UTF-8").ok();
}
