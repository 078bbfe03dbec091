//! Namespaces without a process: held by a descriptor, a socket, a mount, or as the owner or parent of one of those.

use crate::common::{Call, Frozen, newer_than_theirs, skip};

/// What bash cannot do: a socket that stays in a network namespace which its process has left.
const SOCKET: &str = r#"
import ctypes, os, socket, sys, time
libc = ctypes.CDLL(None)
home = os.open('/proc/self/ns/net', os.O_RDONLY)
libc.unshare(0x40000000)
kept = socket.socket()
print('SOCKET=%d' % os.stat('/proc/self/ns/net').st_ino, flush=True)
libc.setns(home, 0)
os.close(home)
time.sleep(1000000)
"#;

/// One of each. The owner U2 of the descriptor's namespace is in U1, neither having a process; a PID namespace whose
/// parent has none either.
const SCENE: &str = r#"
python3 -c "$SOCKET_HOLDER" >told & P=$!
until [[ -s told && $(readlink /proc/$P/ns/net) == "$(readlink /proc/$$/ns/net)" ]]; do sleep 0.01; done
cat told
unshare -u sleep 1001 & P=$!; settle uts $P; HELD=$(inode /proc/$P/ns/uts)
exec 7</proc/$P/ns/uts; kill $P; wait $P || true
unshare -n sleep 1002 & P=$!; settle net $P; MOUNTED=$(inode /proc/$P/ns/net)
: >/mnt/net; mount --bind /proc/$P/ns/net /mnt/net
: >'/mnt/also here'; mount --bind /mnt/net '/mnt/also here'; kill $P; wait $P || true
unshare -U --map-users=0:0:10 --map-groups=0:0:10 /bin/sh -c 'unshare -Ui sleep 1003; :' & P=$!
until OWNED=$(pgrep -xf 'sleep 1003'); do sleep 0.01; done
IPC=$(inode /proc/$OWNED/ns/ipc); U2=$(inode /proc/$OWNED/ns/user); U1=$(inode /proc/$P/ns/user)
exec 8</proc/$OWNED/ns/ipc; kill $OWNED; wait $P || true
USER_NS=$(inode /proc/$$/ns/user)
tell HELD MOUNTED IPC U1 U2 USER_NS
"#;

fn scene() -> Frozen {
    let python = Call::new("/bin/sh").args(["-c", "command -v python3"]).run();
    if python.stdout.is_empty() {
        skip("there is no python3 to hold a socket");
    }
    Frozen::new(&format!("SOCKET_HOLDER=\"\n{SOCKET}\"\n{SCENE}"))
}

/// Lines with the numbers of namespaces put in and sorted by them: which is the lower one nobody can know.
#[track_caller]
fn expect(frozen: &Frozen, args: &str, header: &str, rows: &[&str]) {
    let mut rows: Vec<String> = rows.iter().map(|row| frozen.expand(row)).collect();
    rows.sort();
    let expected = [header.to_string()].into_iter().chain(rows).collect::<Vec<_>>().join("\n") + "\n";
    assert_eq!(frozen.lsns(args).ok(), expected, "lsns {args}");
}

scene_test!(each_is_listed_once_with_what_is_known_of_it);
fn each_is_listed_once_with_what_is_known_of_it() {
    crate::common::otherwise_since((2, 42), "the layout of the list");
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 41), "namespaces without a process");
    let frozen = scene();
    expect(
        &frozen,
        "-P",
        "        NS TYPE  NPROCS PID USER COMMAND",
        &[
            "$HELD uts        0     root ",
            "$MOUNTED net        0     root ",
            "$SOCKET net        0     root ",
            "$IPC ipc        0     root ",
            "$U1 user       0     root ",
            "$U2 user       0     root ",
        ],
    );
    expect(
        &frozen,
        "-P -o NS,TYPE,PATH,PPID,UID,PNS,ONS",
        "        NS TYPE  PATH PPID UID        PNS        ONS",
        &[
            "$HELD uts               0          0 $USER_NS",
            "$MOUNTED net               0          0 $USER_NS",
            "$SOCKET net               0          0 $USER_NS",
            "$IPC ipc               0          0 $U2",
            "$U1 user              0 $USER_NS $USER_NS",
            "$U2 user              0 $U1 $U1",
        ],
    );
    frozen.end();
}

scene_test!(kinds_leave_out_owners_of_other_kinds);
fn kinds_leave_out_owners_of_other_kinds() {
    crate::common::otherwise_since((2, 42), "owners and parents without a process are not listed for their kind");
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 41), "namespaces without a process");
    let frozen = scene();
    expect(&frozen, "-P -t ipc -o NS", "        NS", &["$IPC"]);
    expect(&frozen, "-P -t user -o NS", "        NS", &["$U1", "$U2"]);
    expect(&frozen, "-P -t uts -t net -o NS", "        NS", &["$HELD", "$MOUNTED", "$SOCKET"]);
    frozen.end();
}

scene_test!(network_namespaces_have_ids_and_mount_points);
fn network_namespaces_have_ids_and_mount_points() {
    crate::common::otherwise_since((2, 42), "what it tells of a network namespace without a process");
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 41), "namespaces without a process");
    let frozen = scene();
    let json = frozen.lsns("-J -P -t net -o NS,NETNSID,NSFS,PID").ok();
    let mut rows = [
        frozen.expand("\"ns\": $MOUNTED,\n         \"netnsid\": \"unassigned\",\n         \"nsfs\": \"/mnt/net\\n/mnt/also here\",\n         \"pid\": null\n"),
        frozen.expand("\"ns\": $SOCKET,\n         \"netnsid\": \"unassigned\",\n         \"nsfs\": null,\n         \"pid\": null\n"),
    ];
    rows.sort();
    let expected = format!(
        "{{\n   \"namespaces\": [\n      {{\n         {}      }},{{\n         {}      }}\n   ]\n}}\n",
        rows[0], rows[1]
    );
    assert_eq!(json, expected);
    frozen.end();
}

scene_test!(as_an_operand_it_has_no_processes);
fn as_an_operand_it_has_no_processes() {
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 41), "namespaces without a process");
    let frozen = scene();
    for name in ["HELD", "MOUNTED", "SOCKET", "IPC", "U1", "U2"] {
        let inode = frozen.variable(name);
        assert_eq!(frozen.lsns(inode).ok(), "", "{name}");
        let empty = "{\n   \"namespaces\": [\n\n   ]\n}\n";
        assert_eq!(frozen.lsns(&format!("-J {inode}")).ok(), empty, "{name}");
    }
    frozen.end();
}

scene_test!(trees_show_owners_and_parents_of_what_is_selected);
fn trees_show_owners_and_parents_of_what_is_selected() {
    crate::common::otherwise_since((2, 42), "owners and parents without a process are not listed for their kind");
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 41), "namespaces without a process");
    let frozen = scene();
    // The outermost owner, which has processes, is among them.
    let by_owner = "\
NS               TYPE  PATH
$USER_NS       user  /proc/1/ns/user
`-$U1     user  
  `-$U2   user  
    `-$IPC ipc   
";
    let drawn = frozen.lsns("-T -P -t ipc -o NS,TYPE,PATH").ok();
    assert_eq!(drawn, frozen.expand(by_owner));
    let by_parent = "\
NS             TYPE
$USER_NS     user
`-$U1   user
  `-$U2 user
";
    let drawn = frozen.lsns("-Tparent -P -t user -o NS,TYPE").ok();
    assert_eq!(drawn, frozen.expand(by_parent));
    frozen.end();
}

scene_test!(looking_changes_nothing);
/// Looking leaves no trace: what keeps the namespaces is the same as before.
fn looking_changes_nothing() {
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 41), "namespaces without a process");
    let frozen = scene();
    let mounts = || frozen.run("/usr/bin:/bin", ["cat", "/proc/1/mountinfo"]).ok();
    let descriptors = || frozen.run("/usr/bin:/bin", ["ls", "-l", "--time-style=+", "/proc/1/fd"]).ok();
    let before = (mounts(), descriptors(), frozen.lsns("--output-all").ok());
    for args in ["", "-T", "-J -t net", "-Tparent --output-all"] {
        frozen.lsns(args).ok();
    }
    assert_eq!((mounts(), descriptors(), frozen.lsns("--output-all").ok()), before);
    frozen.end();
}
