//! `--scan=+bpf`: the list is the same, and where the kernel does not let us, /proc is read and a note says why.

use std::collections::BTreeSet;

use crate::common::{ALICE, ALL_KINDS, Call, Ending, Frozen, Outcome, Scene, needs_root, on_purpose, skip, theirs};

const COLUMNS: &str = "NS,TYPE,NPROCS,PID,PPID,UID,USER,COMMAND,PNS,ONS,NSFS,HOLDERS";

fn note(why: &str) -> String {
    format!("lsns: note: processes were read from /proc, not by BPF: {why}\n")
}

/// Skips the test where this kernel or machine has no BPF for us.
fn needs_bpf(scene: &Scene) {
    on_purpose("--scan");
    needs_root("to load BPF programs");
    let outcome = scene.lsns(["--scan=+bpf"]).run();
    if !outcome.stderr.is_empty() {
        skip(outcome.stderr.trim());
    }
}

/// Three threads that share a descriptor table, and not with their process: its first thread has ended.
const THREADS: &str = r#"
python3 -c "
import ctypes, os, platform, threading, time
for kind in ('net', 'ipc', 'mnt'):
    os.open('/proc/$B/ns/' + kind, os.O_RDONLY)
for _ in range(3):
    threading.Thread(target=time.sleep, args=(1000000,)).start()
ctypes.CDLL(None).syscall(60 if platform.machine() == 'x86_64' else 93, 0)
" & P=$!
until grep -q '^State:.Z' /proc/$P/status; do sleep 0.01; done
"#;

scene_test!(the_list_is_the_same);
/// Seen from outside of the scene: the programs write the PIDs of the first PID namespace.
fn the_list_is_the_same() {
    needs_root("to load BPF programs");
    if Call::new("/bin/sh").args(["-c", "command -v python3"]).run().stdout.is_empty() {
        skip("there is no python3 to end a first thread");
    }
    let frozen = Frozen::new(&format!("{ALL_KINDS}\n{THREADS}"));
    needs_bpf(&frozen.scene);
    let numbers = |list: &str| list.lines().map(str::to_string).collect::<BTreeSet<_>>();
    let ours = numbers(&frozen.scene.lsns(["-rn", "-p", &std::process::id().to_string(), "-o", "NS"]).ok());
    let own: BTreeSet<String> = numbers(&frozen.lsns("-rn -o NS").ok()).difference(&ours).cloned().collect();
    assert!(own.len() > 10, "{own:?}");
    for options in ["", "--scan=-thread,-children", "--scan=process,socket", "-t net", "-t user", "--tree=owner"] {
        let list = |more: &str| {
            let line = format!("-rnl -o {COLUMNS} {options} {more}");
            let list = frozen.scene.lsns(line.split_whitespace()).ok();
            let rows = list.lines().filter(|row| own.contains(row.split(' ').next().unwrap()));
            rows.map(str::to_string).collect::<Vec<_>>()
        };
        let bpf = match options.strip_prefix("--scan=") {
            Some(sources) if sources.starts_with('-') => format!("--scan={sources},+bpf"),
            Some(sources) => format!("--scan={sources},bpf"),
            None => "--scan=bpf".to_string(),
        };
        let by_proc = list("");
        assert!(!by_proc.is_empty(), "{options}");
        assert_eq!(list(&bpf), by_proc, "{options}");
    }
    frozen.end();
}

scene_test!(it_is_the_kernel_that_is_asked);
/// No process's links are read.
fn it_is_the_kernel_that_is_asked() {
    let scene = Scene::new();
    needs_bpf(&scene);
    if scene.call("/bin/sh", ["-c", "command -v strace"]).run().stdout.is_empty() {
        skip("there is no strace to see calls by");
    }
    let calls = |option: &str| {
        let lsns = crate::common::tool("lsns").display().to_string();
        let traced = scene.call("strace", ["-f", "-e", "trace=bpf,readlinkat", &lsns, "-t", "uts", option]).run();
        let count = |call: &str| traced.stderr.lines().filter(|line| line.contains(call)).count();
        (count("bpf("), count("readlinkat("))
    };
    assert_eq!(calls("--scan=process,bpf"), (4, 0));
    let (bpf, links) = calls("--scan=process");
    assert!(bpf == 0 && links > 0);
}

/// Lists by this shell command in a mount namespace, after `before`, without BPF and with it.
#[track_caller]
fn assert_falls_back(scene: &Scene, before: &str, why: &str) {
    let list = |option: &str| -> Outcome {
        let lsns = crate::common::tool("lsns").display().to_string();
        let script =
            format!("set -e; {before}\nexec {lsns} -rn -t net -t uts -p $$ -o NS,TYPE,PID -Q HOLDERS {option}");
        scene.call(theirs("unshare"), ["-m", "/bin/sh", "-c", &script]).run()
    };
    let (by_proc, outcome) = (list(""), list("--scan=+bpf"));
    assert_eq!(by_proc.stderr, "");
    assert_eq!((outcome.ending, &outcome.stdout), (Ending::Exited(0), &by_proc.stdout), "{before}");
    assert_eq!(outcome.stderr, note(why), "{before}");
}

scene_test!(what_the_kernel_does_not_tell_is_read_from_proc);
fn what_the_kernel_does_not_tell_is_read_from_proc() {
    let scene = Scene::new();
    needs_bpf(&scene);
    let types = scene.path("types").display().to_string();
    let real = "/sys/kernel/btf/vmlinux";
    let in_place = format!("mount --bind {types} {real}");
    let unreadable = "the kernel's types cannot be read";
    assert_falls_back(
        &scene,
        "mount -t tmpfs none /sys/kernel/btf",
        "cannot read /sys/kernel/btf/vmlinux: No such file or directory",
    );
    assert_falls_back(&scene, &format!("echo nonsense >{types}; {in_place}"), unreadable);
    assert_falls_back(&scene, &format!("head -c 3000000 {real} >{types}; {in_place}"), unreadable);
    // Nobody writes to it.
    assert_falls_back(&scene, &format!("rm {types}; mkfifo {types}; {in_place}"), unreadable);
    for (field, named) in [
        ("tgid", "task_struct.tgid"),
        ("net_ns", "nsproxy.net_ns.ns.inum"),
        ("s_magic", "file.f_inode.i_sb.s_magic"),
        ("bpf_iter_task_file", "bpf_iter_task_file()"),
    ] {
        let other = field.replace('_', "-").to_uppercase();
        let without =
            format!("rm -f {types}; sed 's/\\x00{field}\\x00/\\x00{other}\\x00/g' {real} >{types}; {in_place}");
        assert_falls_back(&scene, &without, &format!("the kernel's types have no {named}"));
    }
}

scene_test!(without_rights_proc_is_read);
fn without_rights_proc_is_read() {
    let frozen = Frozen::new("unshare -u sleep 1001 & A=$!; settle uts $A; started $A; tell A");
    needs_bpf(&frozen.scene);
    let needs_first = note("it needs the first user and PID namespace");
    let inside = |options: &str| frozen.lsns(&frozen.expand(&format!("-rn -p $A -o NS,TYPE,PID {options}"))).run();
    assert_eq!((inside("").stdout, needs_first.clone()), (inside("--scan=+bpf").stdout, inside("--scan=+bpf").stderr));
    let scene = &frozen.scene;
    let of_its_own = ["-rn", "-o", "NS,TYPE,PID,UID,COMMAND", "-p"];
    let of = |pid: i32, more: &[&str]| {
        let pid = pid.to_string();
        scene.lsns(of_its_own.iter().chain([&&*pid]).chain(more))
    };
    let scanned = |more: &[&str]| of(frozen.pid(), more);
    let by_proc = scanned(&[]).ok();
    assert_eq!(by_proc.lines().count(), 8, "{by_proc}");
    for (errno, why) in [
        (libc::ENOSYS, "the kernel refuses the program: Function not implemented"),
        (libc::EINVAL, "the kernel refuses the program: Invalid argument"),
        (libc::EPERM, "it needs CAP_BPF and CAP_PERFMON"),
    ] {
        let without = scanned(&["--scan=+bpf"]).refused(scene, libc::SYS_bpf, errno, 0).run();
        assert_eq!((without.stdout, without.stderr), (by_proc.clone(), note(why)));
    }
    let sleeper = scene.call("/bin/sh", ["-c", "echo ready; exec cat"]).user(ALICE).leashed().spawn();
    sleeper.expect("ready");
    let of_alice = |more: &[&str]| of(sleeper.pid(), more).user(ALICE);
    let without = of_alice(&["--scan=+bpf"]).run();
    assert_eq!((without.stdout, without.stderr), (of_alice(&[]).ok(), note("it needs CAP_BPF and CAP_PERFMON")));
    let proc = format!("/proc/{}/root/proc", frozen.pid());
    let elsewhere = |more: &[&str]| {
        let words = ["-rn", "-l", "-o", "NS,TYPE,PID,COMMAND", "-Q", "PID", "--proc", &*proc];
        scene.lsns(words.iter().chain(more)).run()
    };
    let other = elsewhere(&["--scan=+bpf"]);
    assert_eq!(other.stdout, elsewhere(&[]).stdout);
    assert!(other.stderr.ends_with(&note("this proc shows other PIDs than ours")), "{}", other.stderr);
    // As of other notes.
    assert_eq!(of_alice(&["--scan=+bpf"]).env("NSKIT_HINTS", "0").run().stderr, "");
    drop(sleeper);
    frozen.end();
}
