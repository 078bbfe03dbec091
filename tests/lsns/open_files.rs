//! Namespaces that only an open descriptor holds, where neither its name nor the process's table of descriptors tells.

use crate::common::{Frozen, newer_than_theirs, on_purpose, ours, part};

/// What is common to the scripts in python.
const PRELUDE: &str = r#"
import ctypes, os, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def check(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def inode(path):
    return os.stat(path).st_ino
"#;

/// `script` of python runs until the scene ends, after it has told variables.
fn scene(script: &str) -> Frozen {
    let wait = "print('done', flush=True)\ntime.sleep(1000000)\n";
    let start = "python3 held.py >told & until grep -q done told; do sleep 0.01; done; grep = told || true";
    Frozen::new(&format!("cat >held.py <<'END'\n{PRELUDE}{script}{wait}END\n{start}"))
}

const THROUGH_A_MOUNT: &str = r#"
unshare -n sleep 1001 & P=$!; settle net $P; NET=$(inode /proc/$P/ns/net)
: >/mnt/net; mount --bind /proc/$P/ns/net /mnt/net; exec 7</mnt/net; kill $P; wait $P || true
tell NET
"#;

scene_test!(a_descriptor_that_was_opened_through_a_mount_is_named_beside_the_mount);
fn a_descriptor_that_was_opened_through_a_mount_is_named_beside_the_mount() {
    on_purpose("HELD-BY, and namespaces that are found nowhere else");
    let busy = "(umount /mnt/net 2>&1 || true) | grep -q 'target is busy'";
    let frozen = Frozen::new(&format!("{THROUGH_A_MOUNT}\n{busy}"));
    let rows = frozen.lsns("-rnP -t net -o NS,HELD-BY,NSFS").ok();
    assert_eq!(rows, frozen.expand("$NET fd\\x201:7,mount\\x20/mnt/net /mnt/net\n"));
    frozen.end();
}

scene_test!(a_descriptor_whose_mount_is_gone_holds_the_namespace);
fn a_descriptor_whose_mount_is_gone_holds_the_namespace() {
    newer_than_theirs((2, 41), "namespaces without a process");
    let frozen = Frozen::new(&format!("{THROUGH_A_MOUNT}\numount -l /mnt/net"));
    assert_eq!(frozen.lsns("-rnP -t net -o NS,TYPE,NSFS").ok(), frozen.expand("$NET net \n"));
    if !part(|| on_purpose("HELD-BY, and nsenter by number")) {
        let held_by = frozen.lsns("-rnP -t net -o NS,HELD-BY").ok();
        assert_eq!(held_by, frozen.expand("$NET fd\\x201:7\n"));
        let path = ours("nsenter").parent().unwrap().display().to_string();
        let number = frozen.expand("--net=[$NET]");
        let came_to = frozen.run(&path, ["nsenter", &number, "/bin/readlink", "/proc/self/ns/net"]).ok();
        assert_eq!(came_to, frozen.expand("net:[$NET]\n"));
    }
    frozen.end();
}

scene_test!(a_file_system_that_does_not_answer_is_not_asked);
/// A server of FUSE that never answers: whoever asks it for anything waits for ever.
fn a_file_system_that_does_not_answer_is_not_asked() {
    crate::common::otherwise_since((2, 42), "a file system that does not answer is waited for");
    crate::common::needs_root("a process of another user");
    let script = r#"
server = os.open('/dev/fuse', os.O_RDWR)
os.mkdir('/mnt/fuse')
options = b'fd=%d,rootmode=40000,user_id=0,group_id=0' % server
check(libc.mount(b'silent', b'/mnt/fuse', b'fuse', 0, options))
fd = os.open('/mnt/fuse', os.O_PATH)
print('PID=%d\nFD=%d' % (os.getpid(), fd))
"#;
    if !std::path::Path::new("/dev/fuse").exists() {
        crate::common::skip("there is no /dev/fuse");
    }
    let frozen = scene(script);
    let link = frozen.expand("/proc/$PID/fd/$FD");
    assert_eq!(frozen.run_next("/bin", ["readlink", &link]).ok(), "/mnt/fuse\n");
    let lsns = crate::common::tool("lsns");
    // Far longer than it takes: whoever waits for that file system waits for ever.
    let words = ["timeout", "-s", "KILL", "60", lsns.to_str().unwrap(), "-rn", "-t", "uts", "-o", "PID"];
    let rows = frozen.run_next("/usr/bin:/bin", words).ok();
    assert_eq!(rows, "1\n");
    frozen.end();
}

scene_test!(a_tap_holds_the_namespace_in_which_it_was_opened);
/// slirp4netns and VPNs work so. The device may be in another network namespace by now; that is not what it holds.
fn a_tap_holds_the_namespace_in_which_it_was_opened() {
    crate::common::needs_root("a device of the machine");
    on_purpose("HELD-BY, and namespaces that are found nowhere else");
    let script = r#"
import fcntl, subprocess
home = os.open('/proc/self/ns/net', os.O_RDONLY)
def tap(name):
    check(libc.unshare(0x40000000))
    fd = os.open('/dev/net/tun', os.O_RDWR)
    if name:
        fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', name, 0x1002))
    return fd, inode('/proc/self/ns/net')
unset, in_unset = tap(None)
set, in_set = tap(b'tap0')
moved, in_moved = tap(b'tap1')
subprocess.run(['ip', 'link', 'set', 'tap1', 'netns', '1'], check=True)
check(libc.setns(home, 0))
os.close(home)
print('PID=%d\nUNSET=%d\nSET=%d\nMOVED=%d' % (os.getpid(), in_unset, in_set, in_moved))
print('FD1=%d\nFD2=%d\nFD3=%d' % (unset, set, moved))
"#;
    if !std::path::Path::new("/dev/net/tun").exists() {
        crate::common::skip("there is no /dev/net/tun");
    }
    let frozen = scene(script);
    let expected = ["$UNSET tap\\x20$PID:$FD1", "$SET tap\\x20$PID:$FD2", "$MOVED tap\\x20$PID:$FD3"];
    let mut expected = expected.map(|row| frozen.expand(row));
    expected.sort();
    for source in ["tap", "all"] {
        let rows = frozen.lsns(&format!("-rnP -t net -o NS,HELD-BY --scan={source}")).ok();
        assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
    }
    assert_eq!(frozen.lsns("-rnP -t net -o NS --scan=-tap").ok(), "");
    let path = ours("nsenter").parent().unwrap().display().to_string();
    let number = frozen.expand("--net=[$SET]");
    let came_to = frozen.run(&path, ["nsenter", &number, "/bin/readlink", "/proc/self/ns/net"]).ok();
    assert_eq!(came_to, frozen.expand("net:[$SET]\n"));
    frozen.end();
}

scene_test!(threads_with_descriptors_of_their_own_are_told_from_those_that_share_them);
/// Each table is looked at once, however many threads share it.
fn threads_with_descriptors_of_their_own_are_told_from_those_that_share_them() {
    crate::common::needs_root("a process of another user");
    on_purpose("HELD-BY, and namespaces that are found nowhere else");
    let script = r#"
import threading
CLONE_FILES, CLONE_NEWUTS, CLONE_NEWNET = 0x400, 0x4000000, 0x40000000
ready, step = threading.Semaphore(0), threading.Semaphore(0)
def shares():
    ready.release(); time.sleep(1000000)
def inner():
    ready.release(); time.sleep(1000000)
def has_its_own():
    check(libc.unshare(CLONE_FILES))
    tid = threading.get_native_id()
    check(libc.unshare(CLONE_NEWUTS)); uts = os.open('/proc/thread-self/ns/uts', os.O_RDONLY)
    check(libc.setns(home_uts, 0))
    check(libc.unshare(CLONE_NEWNET))
    import socket
    kept.append(socket.socket())
    told.append('UTS=%d\nNET=%d\nTID=%d\nFD=%d\nSOCKET=%d' % (
        os.fstat(uts).st_ino, inode('/proc/thread-self/ns/net'), tid, uts, kept[0].fileno()))
    check(libc.setns(home_net, 0))
    # It shares the table of this one.
    threading.Thread(target=inner, daemon=True).start()
    ready.release(); time.sleep(1000000)
told, kept = [], []
home_uts = os.open('/proc/self/ns/uts', os.O_RDONLY)
home_net = os.open('/proc/self/ns/net', os.O_RDONLY)
for work in [shares, has_its_own, shares]:
    threading.Thread(target=work, daemon=True).start()
for _ in range(4):
    ready.acquire()
tid = int(told[0].split('TID=')[1].split()[0])
print('THREAD_PIDFD=%d' % (libc.syscall(434, tid, os.O_EXCL) >= 0))
print('PID=%d\n%s' % (os.getpid(), told[0]))
"#;
    let frozen = scene(script);
    let rows = frozen.lsns("-rnP -o NS,HELD-BY -t uts -t net").ok();
    let mut expected = vec![frozen.expand("$UTS fd\\x20$PID/$TID:$FD")];
    // A pidfd of a thread, of which a socket can be had, there is since Linux 6.9.
    if frozen.variable("THREAD_PIDFD") == "1" {
        expected.push(frozen.expand("$NET socket\\x20$PID/$TID:$SOCKET"));
    }
    expected.sort();
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
    frozen.end();
}

scene_test!(a_user_sees_the_descriptors_of_a_process_of_theirs_whose_leader_has_exited);
/// Its directory in /proc is root's, those of its threads are not.
fn a_user_sees_the_descriptors_of_a_process_of_theirs_whose_leader_has_exited() {
    crate::common::needs_root("a process of another user");
    on_purpose("HELD-BY, and namespaces that are found nowhere else");
    let script = r#"
import threading
os.setgroups([])
os.setresgid(1000, 1000, 1000)
os.setresuid(1000, 1000, 1000)
# PR_SET_DUMPABLE: it is the user's to look into.
libc.prctl(4, 1, 0, 0, 0)
hear, say = os.pipe()
child = os.fork()
if child == 0:
    check(libc.unshare(0x10000000))
    os.write(say, b'x')
    time.sleep(1000000)
os.read(hear, 1)
fd = os.open('/proc/%d/ns/user' % child, os.O_RDONLY)
os.kill(child, 9)
os.waitpid(child, 0)
told = threading.Semaphore(0)
def stay():
    print('PID=%d\nTID=%d\nFD=%d\nUSERNS=%d\ndone' % (os.getpid(), threading.get_native_id(), fd, os.fstat(fd).st_ino), flush=True)
    told.release()
    time.sleep(1000000)
threading.Thread(target=stay).start()
told.acquire()
# This thread alone.
libc.syscall({'x86_64': 60}.get(os.uname().machine, 93), 0)
"#;
    let frozen = scene(script);
    let lsns = crate::common::ours("lsns");
    let words = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", lsns.to_str().unwrap()];
    let words = words.into_iter().chain(["-rnP", "-t", "user", "-o", "NS,HELD-BY"]);
    let rows = frozen.run_next("/usr/bin:/bin", words).ok();
    assert_eq!(rows, frozen.expand("$USERNS fd\\x20$PID/$TID:$FD\n"));
    frozen.end();
}

scene_test!(a_socket_that_may_not_be_asked_hides_no_other);
/// In a container, a process has sockets from outside as well, which may not be asked.
fn a_socket_that_may_not_be_asked_hides_no_other() {
    on_purpose("HELD-BY, and namespaces that are found nowhere else");
    let script = r#"
import socket
if len(sys.argv) == 1:
    outside = socket.socket()
    outside.set_inheritable(True)
    check(libc.unshare(0x10000000 | 0x40000000))
    for name, text in [('setgroups', 'deny'), ('uid_map', '0 0 1'), ('gid_map', '0 0 1')]:
        open('/proc/self/' + name, 'w').write(text)
    # From here on, those inside may look into this process.
    os.execv(sys.executable, [sys.executable, sys.argv[0], 'inside'])
kept, net = socket.socket(), inode('/proc/self/ns/net')
check(libc.unshare(0x40000000))
print('PID=%d\nFD=%d\nNET=%d' % (os.getpid(), kept.fileno(), net))
"#;
    let frozen = scene(script);
    let lsns = crate::common::ours("lsns");
    let pid = frozen.variable("PID");
    let words = ["nsenter", "-t", pid, "-U", "--preserve-credentials", lsns.to_str().unwrap()];
    let words = words.into_iter().chain(["-rnP", "-t", "net", "-o", "NS,HELD-BY", "--scan=process,socket"]);
    let rows = frozen.run_next("/usr/bin:/bin", words).ok();
    assert_eq!(rows, frozen.expand("$NET socket\\x20$PID:$FD\n"));
    frozen.end();
}
