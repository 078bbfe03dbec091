//! What lies inside of namespaces: LINKS, ADDRESSES, MOUNTS, HOSTNAME, OFFSETS; and NSPID and THREADS.

use crate::common::{ALICE, Frozen, Scene, needs_root, on_purpose};

/// Two network namespaces with a pair of interfaces between them, one of them held by a descriptor alone; interfaces, an
/// address and a host name that are meant to mislead; clocks that are set; a thread in a namespace of its own.
const SCENE: &str = r#"
unshare -n sleep 1001 & A=$!; settle net $A
unshare -n sleep 1002 & B=$!; settle net $B
NETA=$(inode /proc/$A/ns/net); NETB=$(inode /proc/$B/ns/net)
in_a() { nsenter --net=/proc/$A/ns/net "$@"; }
in_a ip link add va type veth peer name vb netns $B
in_a ip link add name $'x,\e[2J\\y' type bridge
in_a ip address add 10.1.2.3/24 dev va label va:$'\e[2J'
in_a ip address add fd00::7/64 dev va nodad
in_a ip link set va up
exec 7</proc/$B/ns/net; kill $B; wait $B || true
unshare -u /bin/sh -c 'printf "in,ner\033[2J" >/proc/sys/kernel/hostname; exec sleep 1003' &
until U=$(pgrep -xf 'sleep 1003'); do sleep 0.01; done; UTS=$(inode /proc/$U/ns/uts)
unshare -T --monotonic 5 --boottime 7 -f sleep 1004 &
until T=$(pgrep -xf 'sleep 1004'); do sleep 0.01; done
TIME=$(inode /proc/$T/ns/time)
unshare -m /bin/sh -c 'mount -t tmpfs none /mnt; mount -t tmpfs none /mnt; exec sleep 1005' &
until M=$(pgrep -xf 'sleep 1005'); do sleep 0.01; done; MNT=$(inode /proc/$M/ns/mnt)
unshare -pf sleep 1006 &
until P=$(pgrep -xf 'sleep 1006'); do sleep 0.01; done; PIDNS=$(inode /proc/$P/ns/pid)
python3 -c "
import ctypes, os, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def run():
    assert libc.unshare(0x40000000) == 0
    own = '/proc/self/task/%d' % threading.get_native_id()
    print('THREAD=%d\nNETT=%d' % (threading.get_native_id(), os.stat(own + '/ns/net').st_ino), flush=True)
    time.sleep(1000000)
threading.Thread(target=run).start()
" >told & MAIN=$!
until [[ $(wc -l <told) == 2 ]]; do sleep 0.01; done; cat told
tell A NETA NETB UTS T TIME MNT M P PIDNS MAIN
"#;

fn cell(frozen: &Frozen, args: &str) -> String {
    frozen.lsns(&frozen.expand(&format!("-rn {args}"))).ok().replace("\\x20", " ")
}

scene_test!(interfaces_and_their_other_ends_are_told);
fn interfaces_and_their_other_ends_are_told() {
    on_purpose("LINKS and ADDRESSES");
    needs_root("interfaces in several network namespaces");
    let frozen = Frozen::new(SCENE);
    let links = |name: &str| cell(&frozen, &format!("-t net -o LINKS -Q NS==${name}"));
    let misleading = "x\\x5c054\\x1b[2J\\x5c134y (down)";
    let expected = format!("lo (down),va@if2 -> vb in net:[$NETB],{misleading}\n");
    assert_eq!(links("NETA"), frozen.expand(&expected));
    assert_eq!(links("NETB"), frozen.expand("lo (down),vb@if2 (down) -> va in net:[$NETA]\n"));
    assert_eq!(links("NETT"), "lo (down)\n");
    // The other end is in a namespace that only a descriptor holds, and is looked for there.
    assert_eq!(cell(&frozen, "-p $A -t net -o LINKS"), frozen.expand(&expected));

    let addresses = |name: &str| cell(&frozen, &format!("-t net -o ADDRESSES -Q NS==${name}"));
    // The kernel may add one of its own making.
    assert_eq!(addresses("NETA").trim_end().split(",va fe80:").next(), Some("va 10.1.2.3/24,va fd00::7/64"));
    assert_eq!(addresses("NETB"), "\n");
    frozen.end();
}

/// An interface whose other end is out of sight from within a PID namespace, and a pair with the same two indexes in there.
const OUT_OF_SIGHT: &str = r#"
unshare -n sleep 1001 & B=$!; settle net $B
unshare -n -pf --mount-proc /bin/sh -c 'unshare -n /bin/sh -c "
    ip link add z1 index 3 type veth peer name z0 index 2; exec sleep 1003" & exec sleep 1002' &
until C=$(pgrep -xf 'sleep 1002') && D=$(pgrep -xf 'sleep 1003'); do sleep 0.01; done
nsenter --net=/proc/$C/ns/net ip link add eth0 index 2 type veth peer name h index 3 netns $B
NETC=$(inode /proc/$C/ns/net)
tell C NETC
"#;

scene_test!(an_end_that_may_be_another_pairs_is_not_told);
fn an_end_that_may_be_another_pairs_is_not_told() {
    on_purpose("LINKS");
    needs_root("interfaces in several network namespaces");
    let frozen = Frozen::new(OUT_OF_SIGHT);
    let listed = |options: &str| {
        let options = frozen.expand(&format!("-rn --proc=/proc/$C/root/proc -t net {options} -Q NS==$NETC"));
        frozen.lsns(&options).env("NSKIT_HINTS", "0").ok()
    };
    assert_eq!(listed("-o LINKS"), "lo\\x20(down),eth0@if3\\x20(down)\n");
    assert_eq!(listed("-o FOUND --find link:eth0"), "eth0@if3\\x20(down)\n");
    frozen.end();
}

scene_test!(names_clocks_mounts_pids_and_threads_are_told);
fn names_clocks_mounts_pids_and_threads_are_told() {
    on_purpose("HOSTNAME and its kin");
    needs_root("interfaces in several network namespaces");
    let frozen = Frozen::new(SCENE);
    assert_eq!(cell(&frozen, "-t uts -o HOSTNAME -Q NS==$UTS"), "in,ner\\x1b[2J\n");
    assert_eq!(cell(&frozen, "-t time -o OFFSETS -Q NS==$TIME"), "monotonic 5 boottime 7\n");
    assert_eq!(cell(&frozen, "-t time -o OFFSETS -Q PID==1"), "\n");
    let mounts = |filter: &str| -> usize {
        let count = cell(&frozen, &format!("-t mnt -o MOUNTS -Q {filter}"));
        count.trim().parse().unwrap()
    };
    assert_eq!(mounts("NS==$MNT"), mounts("PID==1") + 2);
    assert_eq!(cell(&frozen, "-t pid -o NSPID -Q NS==$PIDNS"), frozen.expand("$P 1\n"));
    assert_eq!(cell(&frozen, "-o NSPID $PIDNS"), frozen.expand("$P 1\n"));
    assert_eq!(cell(&frozen, "-t net -o THREADS -Q NS==$NETT"), frozen.expand("$MAIN/$THREAD\n"));
    assert_eq!(cell(&frozen, "-t net -o NS -Q THREADS"), frozen.expand("$NETT\n"));
    assert_eq!(cell(&frozen, "-p $MAIN -t net -o THREADS"), "\n");
    // Other kinds have none of this.
    assert_eq!(cell(&frozen, "-t ipc -o LINKS,ADDRESSES,MOUNTS,HOSTNAME,OFFSETS,THREADS -Q PID==1"), "     \n");
    frozen.end();
}

scene_test!(clocks_of_a_namespace_without_a_process_are_told);
/// A process cannot tell them: the file of an ended one is gone, and that of the others tells of other namespaces.
fn clocks_of_a_namespace_without_a_process_are_told() {
    on_purpose("OFFSETS");
    needs_root("clocks of others");
    let frozen = Frozen::new(
        r#"
unshare -T --monotonic 5 -f sleep 1004 &
until T=$(pgrep -xf 'sleep 1004'); do sleep 0.01; done
HELD=$(inode /proc/$T/ns/time); exec 7</proc/$T/ns/time; kill $T
python3 -c "
import ctypes, time
assert ctypes.CDLL(None).unshare(0x80) == 0
open('/proc/self/timens_offsets', 'w').write('boottime 8 0')
print('told', flush=True)
time.sleep(1000000)
" >told & P=$!
until [[ -s told ]]; do sleep 0.01; done
NEXT=$(inode /proc/$P/ns/time_for_children)
while [[ -d /proc/$T ]]; do sleep 0.01; done
tell HELD NEXT
"#,
    );
    let offsets = |name: &str| cell(&frozen, &format!("-t time -o NPROCS,OFFSETS -Q NS==${name}"));
    assert_eq!(offsets("HELD"), "0 monotonic 5 boottime 0\n");
    assert_eq!(offsets("NEXT"), "0 monotonic 0 boottime 8\n");
    frozen.end();
}

/// Seven threads in one network namespace, their process in another.
const MANY_THREADS: &str = r#"
python3 -c "
import ctypes, os, threading, time
libc = ctypes.CDLL(None, use_errno=True)
tids, made, told = [], threading.Event(), threading.Event()
def first():
    assert libc.unshare(0x40000000) == 0
    tids.append(threading.get_native_id())
    made.set()
    time.sleep(1000000)
def other():
    fd = os.open('/proc/self/task/%d/ns/net' % tids[0], os.O_RDONLY)
    assert libc.setns(fd, 0x40000000) == 0
    os.close(fd)
    tids.append(threading.get_native_id())
    if len(tids) == 7:
        told.set()
    time.sleep(1000000)
threading.Thread(target=first).start()
made.wait()
for _ in range(6):
    threading.Thread(target=other).start()
told.wait()
print('NETT=%d' % os.stat('/proc/self/task/%d/ns/net' % tids[0]).st_ino)
for at, tid in enumerate(sorted(tids)):
    print('T%d=%d' % (at, tid))
print('END=1', flush=True)
time.sleep(1000000)
" >told & MAIN=$!
until grep -q END told; do sleep 0.01; done; cat told
tell MAIN
"#;

scene_test!(of_many_threads_the_first_are_told_and_how_many_there_are);
fn of_many_threads_the_first_are_told_and_how_many_there_are() {
    on_purpose("THREADS");
    let frozen = Frozen::new(MANY_THREADS);
    let first = "$MAIN/$T0,$MAIN/$T1,$MAIN/$T2,$MAIN/$T3,$MAIN/$T4";
    let threads = cell(&frozen, "-t net -o THREADS -Q NS==$NETT");
    assert_eq!(threads, frozen.expand(&format!("{first},and 2 more\n")));
    let json: serde_json::Value =
        serde_json::from_str(&frozen.lsns(&frozen.expand("-J -t net -o THREADS -Q NS==$NETT")).ok()).unwrap();
    let all = frozen.expand(&format!("{first},$MAIN/$T5,$MAIN/$T6")).replace(',', "\n");
    assert_eq!(json["namespaces"][0]["threads"], all);
    frozen.end();
}

scene_test!(nothing_that_is_found_inside_drives_a_terminal_or_breaks_json);
fn nothing_that_is_found_inside_drives_a_terminal_or_breaks_json() {
    on_purpose("LINKS and its kin");
    needs_root("interfaces in several network namespaces");
    let frozen = Frozen::new(SCENE);
    for options in ["", "-r", "-J", "-l -W"] {
        let text = frozen.lsns(&format!("{options} -o NS,LINKS,ADDRESSES,HOSTNAME,MOUNTS")).ok();
        let control = |character: char| character.is_control() && character != '\n';
        assert!(text.contains("[2J") && !text.contains(control), "{options}: {text:?}");
    }
    let json: serde_json::Value = serde_json::from_str(&frozen.lsns("-J -l --output-all").ok()).unwrap();
    let rows = json["namespaces"].as_array().unwrap();
    let of = |name: &str| rows.iter().find(|row| row["ns"].as_u64() == frozen.variable(name).parse().ok()).unwrap();
    let links: Vec<_> = of("NETA")["links"].as_str().unwrap().lines().collect();
    assert_eq!(links[2], "x\\054\u{1b}[2J\\134y (down)");
    assert_eq!(of("UTS")["hostname"], "in,ner\u{1b}[2J");
    frozen.end();
}

scene_test!(looking_inside_changes_nothing);
/// The kernel gives an id to the network namespace of the other end where somebody asks it for the links, as ip(8) does.
fn looking_inside_changes_nothing() {
    on_purpose("LINKS and its kin");
    needs_root("interfaces in several network namespaces");
    let frozen = Frozen::new(SCENE);
    let state = r#"
for process in /proc/[0-9]*; do
    [ $process = /proc/$$ ] || readlink $process/ns/* $process/cwd $process/root $process/fd/*
    cat $process/mountinfo
    cut -d: -f1 $process/net/dev
done 2>/dev/null
cat /proc/modules /proc/sys/kernel/hostname 2>/dev/null || true
"#;
    let ids = |of: &str| {
        let enter = frozen.expand(&format!("--net=/proc/1/fd/7 {of} -rn -t net -o NETNSID -Q NS==$NETA"));
        frozen.run("/bin:/usr/bin", ["nsenter"].into_iter().chain(enter.split_whitespace())).ok()
    };
    let tool = crate::common::tool("lsns").display().to_string();
    let shell = |script: &str| frozen.run("/bin:/usr/bin:/sbin:/usr/sbin", ["sh", "-c", script]).ok();
    let before = shell(state);
    assert_eq!(ids(&tool), "unassigned\n");
    for _ in 0..3 {
        frozen.lsns("--output-all").ok();
        frozen.lsns("-J --output-all").ok();
        frozen.lsns("--find link:va --find link:no-interface-has-that-name").ok();
    }
    assert!(before.contains("va") && shell(state) == before);
    assert_eq!(ids(&tool), "unassigned\n");
    // What the test would notice.
    shell(&frozen.expand("nsenter --net=/proc/1/fd/7 ip link show vb >/dev/null"));
    assert_eq!(ids(&tool), "0\n");
    frozen.end();
}

scene_test!(an_ordinary_user_sees_what_is_theirs);
fn an_ordinary_user_sees_what_is_theirs() {
    on_purpose("LINKS and its kin");
    needs_root("several users");
    let scene = Scene::new();
    let unshare = scene.path("bin/unshare");
    let holding = |options: &[&str]| {
        let process = scene.call(&unshare, options).args(["probe", "hold"]).user(ALICE).leashed().spawn();
        process.expect("ready");
        process
    };
    let mut inside = holding(&["-Urnumi"]);
    let pid = inside.pid().to_string();
    let lsns = |options: &[&str]| {
        let args = ["-rn", "-p", &pid].into_iter().chain(options.iter().copied());
        scene.call(scene.path("bin/lsns"), args).user(ALICE).run()
    };
    let link = lsns(&["-t", "net", "-o", "LINKS"]);
    assert_eq!((&*link.stdout, &*link.stderr), ("lo\\x20(down)\n", ""));
    assert!(!lsns(&["-t", "uts", "-o", "HOSTNAME"]).stdout.trim().is_empty());
    assert_ne!(lsns(&["-t", "mnt", "-o", "MOUNTS"]).stdout.trim(), "");

    // Nor may they enter those of others, and it is no failure.
    let mut others = scene.unshare(["-n", "-u", "probe", "hold"]).leashed().spawn();
    others.expect("ready");
    let outcome = scene.call(scene.path("bin/lsns"), ["-rn", "-o", "LINKS,ADDRESSES,HOSTNAME"]).user(ALICE).run();
    assert_eq!((outcome.ending, &*outcome.stderr), (crate::common::Ending::Exited(0), ""));
    others.release();
    inside.release();
}
