//! --pty of nsenter: a terminal of the target's, and what the target may put in its place.

use std::os::unix::fs::FileTypeExt;

use crate::common::{ALICE, Ending, Pty, ROOT, Scene, needs_root, on_purpose, poll_until};
use crate::{Target, scene};

fn ours() {
    on_purpose("theirs has no --pty");
}

/// A PID and a mount namespace with a devpts of its own.
const WITH_DEVPTS: &[&str] = &["-m", "-p", "-f", "--mount-proc", "--mount-dev"];

/// What a program says of its terminal.
const TERMINAL: &str = "tty; ls -1 /dev/pts; test -t 0 -a -t 1 -a -t 2 && echo all; exit 7";

fn run(scene: &Scene, options: &[&str], script: &str) -> (Ending, String) {
    let pty = Pty::new();
    let before = pty.settings();
    let mut process = scene.nsenter(options).args(["--pty", "sh", "-c", script]).terminal(&pty).spawn();
    let ending = process.wait();
    assert_eq!(pty.settings(), before);
    (ending, pty.text())
}

scene_test!(the_terminal_is_one_of_the_targets);
fn the_terminal_is_one_of_the_targets() {
    ours();
    let scene = scene();
    let target = Target::new(&scene, ROOT, WITH_DEVPTS);
    let id = target.id();
    let expected = (Ending::Exited(7), "/dev/pts/0\n0\nptmx\nall\n".to_string());
    assert_eq!(run(&scene, &["-t", &id, "-a"], TERMINAL), expected);
    assert_eq!(run(&scene, &["-t", &id, "-m"], TERMINAL), expected);
    assert_eq!(run(&scene, &["-t", &id, "-a", "--kill-child", "--forward-signals"], TERMINAL), expected);
    // Nothing but the terminal is entered with it.
    let outer = Pty::new();
    let (ending, text) = run(&scene, &["-t", &id, "-u"], "tty");
    assert!(ending == Ending::Exited(0) && text.starts_with("/dev/pts/") && text.trim() != outer.name(), "{text}");
}

scene_test!(it_belongs_to_the_user_of_the_program);
fn it_belongs_to_the_user_of_the_program() {
    ours();
    let scene = scene();
    needs_root("ids of other users");
    let target = Target::new(&scene, ROOT, WITH_DEVPTS);
    let options = ["-t", &target.id(), "-a", "-S1001", "-G1001"];
    let script = "stat -c %u $(tty); echo opened >$(tty); id -u";
    assert_eq!(run(&scene, &options, script), (Ending::Exited(0), "1001\nopened\n1001\n".to_string()));
}

scene_test!(an_ordinary_users_container_is_entered_with_a_terminal);
fn an_ordinary_users_container_is_entered_with_a_terminal() {
    ours();
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-r", "-m", "-p", "-f", "--mount-proc", "--mount-dev"]);
    let pty = Pty::new();
    let options = ["-t", &target.id(), "-U", "-m", "-p", "--preserve-credentials", "--pty", "sh", "-c", TERMINAL];
    let mut process = scene.nsenter(options).user(ALICE).terminal(&pty).spawn();
    assert_eq!((process.wait(), pty.text()), (Ending::Exited(7), "/dev/pts/0\n0\nptmx\nall\n".to_string()));
}

scene_test!(no_fork_and_a_terminal_exclude_each_other);
fn no_fork_and_a_terminal_exclude_each_other() {
    ours();
    let scene = scene();
    for options in [["-F", "--pty"], ["--pty", "--no-fork"]] {
        let outcome = scene.nsenter(options).args(["true"]).run();
        outcome.says(1, "nsenter: mutually exclusive arguments: --no-fork --pty");
    }
}

/// A target whose /dev is an empty tmpfs, in which this script does what it likes.
fn with_dev(scene: &Scene, script: &str) -> Target {
    let options = ["-m", "-p", "-f", "--mount-proc", "--tmpfs=/dev", "sh", "-c"];
    let script = format!("{script}; exec probe hold");
    Target::of(scene.call(scene.path("our-unshare"), options).args([script]))
}

scene_test!(without_a_devpts_inside_the_terminal_is_of_outside);
fn without_a_devpts_inside_the_terminal_is_of_outside() {
    ours();
    let scene = scene();
    let target = with_dev(&scene, ":");
    let script = "tty; test -t 0 -a -t 1 -a -t 2 && stty size >/dev/null && echo all; exit 7";
    let (ending, text) = run(&scene, &["-t", &target.id(), "-a"], script);
    // It has no name inside.
    assert_eq!((ending, text.lines().last()), (Ending::Exited(7), Some("all")), "{text}");
    assert!(!text.contains("/dev/pts/"), "{text}");
}

scene_test!(what_is_no_terminal_inside_is_left_alone);
fn what_is_no_terminal_inside_is_left_alone() {
    ours();
    let scene = scene();
    for fake in [
        "mkfifo /dev/ptmx",
        "echo regular >/dev/ptmx",
        "mkdir /dev/ptmx",
        "ln -s ptmx /dev/ptmx",
        "ln -s /missing /dev/ptmx",
        "ln -s /etc/passwd /dev/ptmx",
        "ln -s /proc/self/fd/0 /dev/ptmx",
        "ln -s /proc/1/fd/0 /dev/ptmx",
        "touch /dev/ptmx; mount --bind /proc/1/fd/1 /dev/ptmx || true",
        "mount -o remount,dev /dev; mknod -m 666 /dev/ptmx c 1 5",
        "mount -o remount,dev /dev; mknod -m 666 /dev/ptmx c 5 0",
        "mount -o remount,dev /dev; mknod -m 666 /dev/ptmx c 4 0",
        "mount -o remount,dev /dev; mknod -m 666 /dev/ptmx b 5 2",
        "mount -o remount,dev /dev; mknod -m 666 /dev/ptmx c 5 2; mkdir /dev/pts",
    ] {
        let target = with_dev(&scene, &format!("{fake} >/dev/null"));
        let script = "test -t 0 -a -t 1 -a -t 2 && stty size >/dev/null && echo all; exit 7";
        let found = run(&scene, &["-t", &target.id(), "-a"], script);
        assert_eq!(found, (Ending::Exited(7), "all\n".to_string()), "{fake}");
        if fake.starts_with("mkfifo") {
            let fifo = target.proc("root/dev/ptmx");
            assert!(std::fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
            // Nobody has it open: who opens it for writing and does not wait is refused.
            let flags = nix::fcntl::OFlag::O_WRONLY | nix::fcntl::OFlag::O_NONBLOCK;
            let opened = nix::fcntl::open(&*fifo, flags, nix::sys::stat::Mode::empty());
            assert_eq!(opened.err(), Some(nix::errno::Errno::ENXIO));
        }
    }
}

scene_test!(a_file_system_that_never_answers_holds_nobody);
fn a_file_system_that_never_answers_holds_nobody() {
    ours();
    crate::common::needs_root("a FUSE whose server never answers is mounted");
    let scene = scene();
    // Mounted by a process that has /dev/fuse open and reads nothing from it.
    let fuse = "exec 7<>/dev/fuse; mkdir /tmp/never 2>/dev/null; \
                mount -i -t fuse -o fd=7,rootmode=40000,user_id=0,group_id=0 never /dev";
    let options = ["-m", "-p", "-f", "--mount-proc", "sh", "-c"];
    if !std::path::Path::new("/dev/fuse").exists() {
        crate::common::skip("this kernel has no FUSE");
    }
    let call = scene.call(scene.path("our-unshare"), options).args([format!("{fuse} || exit 9; exec probe hold")]);
    let target = Target::of(call);
    let id = target.id();
    for (signal, typed) in [(libc::SIGTERM, None), (libc::SIGHUP, None), (libc::SIGINT, Some(b"\x03"))] {
        for more in [&[][..], &["--forward-signals=all"]] {
            let pty = Pty::new();
            let before = pty.settings();
            let call = scene.nsenter(["-t", &id, "-m", "-p", "--pty"]).args(more).args(["true"]);
            let mut process = call.terminal(&pty).spawn();
            let child = process.child();
            poll_until("the child to wait", || child.state() != 'R');
            std::thread::sleep(std::time::Duration::from_millis(100));
            assert!(!process.has_ended() && !pty.is_raw());
            match typed {
                Some(byte) => pty.type_in(byte),
                None => process.signal(signal),
            }
            assert_eq!(process.wait(), Ending::Killed(signal), "{more:?}");
            child.wait();
            assert_eq!(pty.settings(), before);
        }
    }
}

scene_test!(who_enters_cannot_be_looked_into_through_the_leader);
fn who_enters_cannot_be_looked_into_through_the_leader() {
    ours();
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-r", "-m", "-p", "-f", "--mount-proc", "--mount-dev"]);
    let pty = Pty::new();
    let script = "cd /proc/$PPID && (ls fd || cat environ) >/dev/null 2>&1 || echo refused; echo $PPID";
    let options = ["-t", &target.id(), "-U", "-m", "-p", "--preserve-credentials", "--pty", "sh", "-c", script];
    let mut process = scene.nsenter(options).user(ALICE).terminal(&pty).spawn();
    assert_eq!(process.wait(), Ending::Exited(0));
    assert!(pty.text().starts_with("refused\n"), "{}", pty.text());
}
