//! --proc: another proc than the one on /proc.

use crate::common::{Ending, Frozen, needs_root, on_purpose, skip};

/// Namespaces held by a process, by a descriptor, by a mount, and by a socket alone.
const SCENE: &str = r#"
unshare -u sleep 1001 & A=$!; settle uts $A; started $A
unshare -i sleep 1002 & B=$!; settle ipc $B; exec 7</proc/$B/ns/ipc; kill $B; wait $B || true
unshare -C sleep 1003 & C=$!; settle cgroup $C; : >/mnt/cgroup; mount --bind /proc/$C/ns/cgroup /mnt/cgroup
kill $C; wait $C || true
python3 -c "
import ctypes, os, socket, time
os.close(7)
libc = ctypes.CDLL(None)
home = os.open('/proc/self/ns/net', 0)
assert libc.unshare(0x40000000) == 0
kept = socket.socket()
print('NET=%d' % os.stat('/proc/self/ns/net').st_ino, flush=True)
assert libc.setns(home, 0) == 0
print('home', flush=True)
time.sleep(1000000)
" >told &
until [[ $(wc -l <told) == 2 ]]; do sleep 0.01; done; head -1 told
mkdir /mnt/proc; mount --bind /proc /mnt/proc
MNT=$(inode /proc/self/ns/mnt)
tell A MNT
"#;

scene_test!(the_same_proc_elsewhere_shows_the_same);
fn the_same_proc_elsewhere_shows_the_same() {
    on_purpose("--proc");
    needs_root("sockets of others");
    let frozen = Frozen::new(SCENE);
    for args in ["-l", "-P -o NS,TYPE,HELD-BY", "-t net", "-J -o NS,NPROCS,HOSTNAME,OFFSETS,MOUNTS,LINKS", "-p $A"] {
        let args = frozen.expand(args);
        let (there, here) = (frozen.lsns(&format!("--proc /mnt/proc {args}")).run(), frozen.lsns(&args).run());
        // Its own command line is another one.
        let plain = |text: &str| text.replace(" --proc /mnt/proc", "");
        assert_eq!((plain(&there.stdout), &*there.stderr), (plain(&here.stdout), ""), "{args}");
        assert_eq!(there.ending, Ending::Exited(0));
    }
    let path = frozen.lsns(&frozen.expand("--proc /mnt/proc -rn -t uts -o PATH -Q PID==$A")).ok();
    assert_eq!(path, frozen.expand("/mnt/proc/$A/ns/uts\n"));
    frozen.end();
}

scene_test!(a_proc_of_another_pid_namespace_is_taken_at_its_word);
/// The PIDs in it are others than ours, so that no call is made that takes one.
fn a_proc_of_another_pid_namespace_is_taken_at_its_word() {
    on_purpose("--proc");
    needs_root("sockets of others");
    let frozen = Frozen::new(SCENE);
    let proc = format!("/proc/{}/root/proc", frozen.pid());
    let outside = |args: &str| {
        let args = frozen.expand(&format!("--proc {proc} {args}"));
        frozen.scene.lsns(args.split_whitespace()).run()
    };
    let held = outside("-rnP -t ipc -t cgroup -t net -o TYPE,HELD-BY --scan=-kernel");
    // Those of other tests, mounted in other mount namespaces, are there as well.
    let expected = [frozen.expand("cgroup mount\\x20/mnt/cgroup\\x20in\\x20mnt:[$MNT]"), "ipc fd\\x201:7".to_string()];
    for line in &expected {
        assert!(held.stdout.lines().any(|found| found == line), "{line}: {held:?}");
    }
    assert!(!held.stdout.contains("socket"), "{held:?}");
    let note = format!(
        "lsns: note: {proc} shows another PID namespace than ours: sockets, TAP devices and the descriptor tables of \
         threads are left out\n"
    );
    assert_eq!(held.stderr, note);
    // Inside, where it shows us, sockets are asked.
    assert!(frozen.lsns("-rnP -t net -o HELD-BY").ok().starts_with("socket"));
    assert_eq!(outside("-rn -t uts -o PID,PPID,COMMAND -Q PID==$A").stdout, frozen.expand("$A 1 sleep\\x201001\n"));
    assert_eq!(outside("-rn -p $A -t uts -o PID").stdout, frozen.expand("$A\n"));
    let silent = frozen.scene.lsns(["--proc", &*proc, "-t", "uts"]).env("NSKIT_HINTS", "0").run();
    assert_eq!(silent.stderr, "");
    if frozen.scene.call("/bin/sh", ["-c", "command -v strace"]).run().stdout.is_empty() {
        skip("there is no strace to see calls by");
    }
    let strace = ["-f", "-e", "trace=pidfd_open,pidfd_getfd,kcmp", "lsns", "--proc", &*proc];
    let traced = frozen.scene.call("strace", strace).run().stderr;
    // A child of its own may be looked for.
    assert!(!traced.contains("pidfd_getfd(") && !traced.contains("kcmp("), "{traced}");
    frozen.end();
}

scene_test!(what_is_no_proc_is_refused);
/// Whoever made the directory could have put any links there.
fn what_is_no_proc_is_refused() {
    on_purpose("--proc");
    let frozen = Frozen::new(
        "mkdir -p /mnt/fake/1/ns; ln -s net:[7] /mnt/fake/1/ns/net; echo '1 (sh) S 0' >/mnt/fake/1/stat
        mkdir /mnt/sys; mount --bind /proc/sys /mnt/sys",
    );
    let part = "not the root of a proc file system, but a directory in it:";
    for (directory, said) in [
        ("/mnt/fake", "not a proc file system: /mnt/fake"),
        // Whose names are no processes, or those of threads.
        ("/proc/sys", &format!("{part} /proc/sys")),
        ("/proc/1", &format!("{part} /proc/1")),
        ("/proc/1/task", &format!("{part} /proc/1/task")),
        ("/proc/self/task/", &format!("{part} /proc/self/task/")),
        ("/mnt/sys", &format!("{part} /mnt/sys")),
        ("/", "not a proc file system: /"),
        ("/mnt/missing", "cannot open /mnt/missing: No such file or directory"),
        ("/proc/version", "cannot open /proc/version: Not a directory"),
    ] {
        let outcome = frozen.lsns(&format!("--proc {directory}")).run();
        assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""), "{directory}");
        assert_eq!(outcome.stderr.lines().next(), Some(&*format!("lsns: {said}")), "{directory}");
        assert!(!outcome.stderr.contains("note:"), "{directory}: {}", outcome.stderr);
    }
    frozen.end();
}

scene_test!(each_way_to_the_root_of_a_proc_is_taken);
fn each_way_to_the_root_of_a_proc_is_taken() {
    on_purpose("--proc");
    needs_root("mounts");
    let frozen = Frozen::new(
        "mkdir /mnt/bound /mnt/hidden /mnt/subset /mnt/inner; mount --bind /proc /mnt/bound; ln -s /mnt/bound /mnt/link
        mount -t proc -o hidepid=2 proc /mnt/hidden
        # Of Linux 5.8.
        mount -t proc -o subset=pid proc /mnt/subset || mount --bind /proc /mnt/subset
        unshare -pf /bin/sh -c 'mount -t proc proc /mnt/inner; exec sleep 1001' &
        until pgrep -xf 'sleep 1001' >/dev/null; do sleep 0.01; done",
    );
    for directory in
        ["/proc", "/mnt/bound", "/mnt/link/", "/mnt/hidden", "/mnt/subset", "/mnt/inner", "/proc/self/root/proc"]
    {
        let outcome = frozen.lsns(&format!("--proc {directory} -rn -t mnt -o PID")).run();
        assert_eq!(
            (outcome.ending, outcome.stdout.lines().next()),
            (Ending::Exited(0), Some("1")),
            "{directory}: {outcome:?}"
        );
    }
    frozen.end();
}

scene_test!(a_part_of_a_proc_in_its_place_is_no_empty_list);
fn a_part_of_a_proc_in_its_place_is_no_empty_list() {
    on_purpose("what is no proc is an error");
    needs_root("mounts");
    let frozen = Frozen::new("");
    let tool = crate::common::tool("lsns").display().to_string();
    for part in ["sys", "1", "1/task"] {
        let script = format!("mount --bind /proc/{part} /proc && exec {tool} -n");
        let outcome = frozen.run("/bin:/usr/bin", ["unshare", "-m", "sh", "-c", &script]).run();
        assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""), "{part}");
        assert!(outcome.stderr.starts_with("lsns: failed to parse /proc/self/mountinfo: "), "{part}: {outcome:?}");
        let hint = "lsns: hint: no proc is mounted on /proc: mount -t proc proc /proc";
        assert_eq!(outcome.stderr.lines().nth(1), Some(hint), "{part}");
    }
    frozen.end();
}
