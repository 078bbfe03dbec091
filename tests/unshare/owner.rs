//! `--owner`: unshare becomes another user before it has done all that it has to do. What that user can get of it.

use std::os::unix::fs::PermissionsExt;

use crate::common::{Scene, newer_than_theirs};

/// Runs as PID 1 of a PID namespace: starts unshare, attacks it as the user 1001 while it stands still, and tells what came
/// of that. Arguments: unshare, the file to keep a namespace on, the directory for `held` and the pipe `go`.
const ATTACK: &str = r#"
import ctypes, os, signal, socket, struct, subprocess, sys, time
unshare, file, directory = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def wait_for(condition):
    while not condition():
        time.sleep(0.01)

def kept():
    with open('/proc/self/mountinfo') as mounts:
        return any(line.split()[4] == file and 'uts:[' in line.split()[3] for line in mounts)

# PTRACE_SEIZE, by a child: whose end is that of the tracing.
def traces(pid):
    child = os.fork()
    if child == 0:
        os._exit(0 if libc.ptrace(0x4206, pid, 0, 0) == 0 else 1)
    return os.waitpid(child, 0)[1] == 0

options = ['--owner=1001:1001', '--map-users=0:1001:1', '--uts=' + file]
victim = subprocess.Popen([unshare] + options, stdin=subprocess.DEVNULL, env={})
held = os.path.join(directory, 'held')
wait_for(lambda: os.path.exists(held) and open(held).read())
print('kept', kept())

order, told = os.pipe(), os.pipe()
attacker = os.fork()
if attacker == 0:
    os.setgroups([]); os.setgid(1001); os.setuid(1001)
    say = lambda *words: os.write(told[1], (' '.join(map(str, words)) + '\n').encode())
    pid = victim.pid
    channel = None
    for fd in sorted(os.listdir(f'/proc/{pid}/fd'), key=int):
        link = os.readlink(f'/proc/{pid}/fd/{fd}')
        say('descriptor', link.split(':')[0])
        if link.startswith('socket:'):
            channel = int(fd)
    say('traced', traces(pid))
    with open(f'/proc/{pid}/task/{pid}/children') as children:
        helpers = [int(child) for child in children.read().split()]
    helpers = [child for child in helpers if open(f'/proc/{child}/comm').read() == 'unshare\n']
    for helper in helpers:
        try:
            os.listdir(f'/proc/{helper}/fd')
            say('helper open')
        except PermissionError:
            say('helper closed')
        say('helper traced', traces(helper))
    pidfd = os.pidfd_open(pid)
    stolen = libc.syscall(438, pidfd, channel, 0)
    end = socket.socket(fileno=stolen)
    def say_to_helper(word):
        end.send(word)
        say('answer', *struct.unpack('iIi', end.recv(64)))
    say_to_helper(b'u')
    say('taken back')
    os.read(order[0], 1)
    # By now another process has the PID of the one that the helper is to help.
    say_to_helper(b'g')
    say('bound')
    os.read(order[0], 1)
    os._exit(0)

os.close(told[1])
answers = os.fdopen(told[0])
def listen(last):
    for line in answers:
        print(line, end='')
        if line.strip() == last:
            return
listen('taken back')
print('kept', kept())
victim.kill()
victim.wait()
# Nobody else makes processes here. The shell that getent stands for holds nothing by its number.
with open('/proc/sys/kernel/ns_last_pid', 'w') as last:
    last.write(str(victim.pid - 1))
ready = os.pipe()
again = os.fork()
if again == 0:
    libc.unshare(0x04000000)
    os.write(ready[1], b'!')
    signal.pause()
os.read(ready[0], 1)
print('same number', again == victim.pid)
os.write(order[1], b'!')
listen('bound')
print('kept', kept())
os.kill(again, signal.SIGKILL)
os.write(order[1], b'!')
"#;

scene_test!(the_owner_gets_no_more_than_a_few_orders_to_a_helper_that_serves_one_process);
fn the_owner_gets_no_more_than_a_few_orders_to_a_helper_that_serves_one_process() {
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 42), "--owner");
    crate::common::otherwise_since((2, 42), "it has no such helper");
    let scene = Scene::new();
    let open = scene.subdirectory("open");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
    let file = scene.file("file", "");
    // Whoever has no line is looked for by getent, which stands for a moment in which unshare stands still.
    let others = std::fs::read_to_string(scene.path("etc/passwd")).unwrap();
    let others: String = others.lines().skip(1).map(|line| format!("{line}\n")).collect();
    std::fs::write(scene.path("etc/passwd"), others).unwrap();
    let script = format!("#!/bin/sh\necho $PPID >{open}/held.part\nmv {open}/held.part {open}/held\nsleep 1000\n");
    let getent = scene.program("getent", &script);
    scene.mount(["--bind", &getent, "/usr/bin/getent"]);

    let attack = scene.file("attack", ATTACK);
    let options = ["--fork", "--pid", "--mount-proc", "--kill-child", "python3", "-u", &attack];
    let call = scene.call(crate::common::ours("unshare"), options);
    let told = call.args([&scene.text("bin/unshare"), &file, &open]).ok();
    let (before, after) = told.split_once("taken back\n").unwrap();
    let of = |what: &str| {
        let lines = before.lines().filter_map(|line| line.strip_prefix(what));
        lines.map(str::trim).collect::<Vec<_>>()
    };
    // What the caller passed on, the root directory that hints look from with /proc and /etc in it, the channel, and the pipes
    // of getent's output and errors: nothing else is there to be taken.
    let descriptors = ["/dev/null", "/memfd", "/memfd", "pipe", "socket", "pipe", "/", "/proc", "/etc"];
    assert_eq!(of("descriptor"), descriptors, "{told}");
    assert_eq!(of("traced"), ["True"], "{told}");
    assert_eq!(of("helper "), ["closed", "traced False"], "{told}");
    assert_eq!(of("answer"), ["0 0 0"], "{told}");
    // It has no process to help any more, and helps no other one.
    assert!(after.starts_with("kept False\nsame number True\nanswer 1 0 "), "{told}");
    assert!(after.ends_with("bound\nkept False\n"), "{told}");
}
