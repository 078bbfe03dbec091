//! Namespaces that are given by a file or an id, the ways of writing an argument, and the target's identity.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use crate::common::{ALICE, ROOT, cannot_be_had, newer_than_theirs, on_purpose, part, their_bug};
use crate::{KINDS, ROOTLESS, ROOTS, Target, assert_entered, namespace, scene};

scene_test!(each_kind_is_entered_by_its_file);
fn each_kind_is_entered_by_its_file() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    for (short, long, name) in KINDS {
        if name == "user" {
            continue;
        }
        let file = target.proc(&format!("ns/{name}"));
        for option in [format!("{short}{file}"), format!("{long}={file}")] {
            let seen = scene.nsenter([option.as_str(), "probe", "seen"]).seen();
            assert_entered(&scene, &target, &seen, &[name]);
        }
    }
    let users = Target::new(&scene, ALICE, &["-U", "-r"]);
    let file = users.proc("ns/user");
    for option in [format!("-U{file}"), format!("--user={file}")] {
        let seen = scene.nsenter([option.as_str(), "probe", "seen"]).seen();
        assert_entered(&scene, &users, &seen, &["user"]);
    }
}

scene_test!(a_leading_equals_sign_of_a_short_options_argument_is_dropped);
fn a_leading_equals_sign_of_a_short_options_argument_is_dropped() {
    their_bug("the = of -n=FILE becomes part of the name");
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    for (short, _, name) in KINDS {
        if name == "user" {
            continue;
        }
        let option = format!("{short}={}", target.proc(&format!("ns/{name}")));
        let seen = scene.nsenter([option.as_str(), "probe", "seen"]).seen();
        assert_entered(&scene, &target, &seen, &[name]);
    }
}

scene_test!(letters_behind_a_namespace_option_are_its_file);
fn letters_behind_a_namespace_option_are_its_file() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    std::os::unix::fs::symlink(target.proc("ns/mnt"), scene.path("u")).unwrap();
    let seen = scene.nsenter(["-mu", "probe", "seen"]).seen();
    assert_entered(&scene, &target, &seen, &["mnt"]);
    let outcome = scene.nsenter(["-t", &target.id(), "-mn", "true"]).run();
    outcome.says(1, "nsenter: cannot open n: No such file or directory");
}

scene_test!(a_namespace_that_a_bind_mount_keeps_is_entered);
fn a_namespace_that_a_bind_mount_keeps_is_entered() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-n", "-u"]);
    let (net, uts) = (target.namespace("net"), target.namespace("uts"));
    let kept = ["net", "uts"].map(|name| {
        let on = scene.file(&format!("kept-{name}"), "");
        scene.mount(["--bind", &target.proc(&format!("ns/{name}")), &on]);
        on
    });
    target.end();
    let seen =
        scene.nsenter([format!("--net={}", kept[0]), format!("--uts={}", kept[1])]).args(["probe", "seen"]).seen();
    assert_eq!((namespace(&seen, "net"), namespace(&seen, "uts")), (&*net, &*uts));
}

scene_test!(an_option_without_an_attached_argument_leaves_the_next_word_alone);
fn an_option_without_an_attached_argument_leaves_the_next_word_alone() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    for (short, long, _) in KINDS {
        if short == "-U" {
            continue;
        }
        for option in [short, long] {
            let call = scene.nsenter(["-t", &target.id(), option, "echo", "-t", "-n"]);
            assert_eq!(call.ok(), "-t -n\n", "{option}");
        }
    }
}

scene_test!(the_last_of_repeated_options_wins);
fn the_last_of_repeated_options_wins() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    crate::common::needs_root("ids of other users");
    let scene = scene();
    let targets = [0; 2].map(|_| Target::new(&scene, ROOT, &["-u"]));
    let files = targets.each_ref().map(|target| format!("-u{}", target.proc("ns/uts")));
    let seen = scene.nsenter(&files).args(["probe", "seen"]).seen();
    assert_eq!(namespace(&seen, "uts"), targets[1].namespace("uts"));
    assert_eq!(scene.nsenter(["-S3", "-S5", "id", "-u"]).ok(), "5\n");
}

scene_test!(the_target_is_given_in_every_way_but_once);
fn the_target_is_given_in_every_way_but_once() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-u"]);
    let id = target.id();
    for words in [
        vec!["-t".to_string(), id.clone()],
        vec![format!("-t{id}")],
        vec!["--target".to_string(), id.clone()],
        vec![format!("--target={id}")],
        vec![format!("--tar={id}")],
    ] {
        let seen = scene.nsenter(&words).args(["-u", "probe", "seen"]).seen();
        assert_entered(&scene, &target, &seen, &["uts"]);
    }
    on_purpose("2.38.1 takes the last of two targets, and 0 for none");
    let twice = scene.nsenter(["-t", &id, "-t", &id, "true"]).run();
    twice.says(1, "nsenter: option --target may be given only once");
    for (wrong, range) in [("0", true), ("-1", true), ("x", false), ("1:", false), ("", false)] {
        let outcome = scene.nsenter(["-t", wrong, "true"]).run();
        let range = if range { ": Numerical result out of range" } else { "" };
        outcome.says(1, &format!("nsenter: failed to parse pid: '{wrong}'{range}"));
    }
}

fn inode_of_pidfd(pid: i32) -> u64 {
    // SAFETY: plain numbers in, a new descriptor out, which belongs to nobody else.
    let pidfd = unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, pid, 0);
        assert!(fd >= 0);
        OwnedFd::from_raw_fd(fd as i32)
    };
    let path = format!("/proc/self/fd/{}", pidfd.as_raw_fd());
    std::fs::metadata(path).unwrap().ino()
}

scene_test!(a_process_is_told_by_the_inode_of_its_pidfd);
fn a_process_is_told_by_the_inode_of_its_pidfd() {
    crate::common::otherwise_since((2, 42), "it has no hints");
    newer_than_theirs((2, 42), "--target PID:INODE");
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-u"]);
    let inode = inode_of_pidfd(target.pid());
    let id = target.id();
    if inode == inode_of_pidfd(std::process::id() as i32) {
        let outcome = scene.nsenter([&format!("-t{id}:{inode}"), "-u", "true"]).run();
        let line = format!("nsenter: failed to obtain a valid file descriptor for PID {id}: Function not implemented");
        outcome.says(1, &line);
        cannot_be_had("before Linux 6.9 pidfds have no inodes of their own");
    }
    let seen = scene.nsenter([&format!("-t{id}:{inode}"), "-u", "probe", "seen"]).seen();
    assert_entered(&scene, &target, &seen, &["uts"]);
    let other = inode + 1;
    let outcome = scene.nsenter([&format!("-t{id}:{other}"), "-u", "true"]).run();
    let line = format!("nsenter: failed to obtain a valid file descriptor for PID {id}: No such process");
    let hint = format!("nsenter: hint: process {id} is another one now: its pidfd has inode {inode}, not {other}");
    assert_eq!(outcome.says(1, &line), [hint]);
}

scene_test!(a_namespace_is_named_by_its_id);
fn a_namespace_is_named_by_its_id() {
    crate::common::otherwise_since((2, 42), "a namespace of that id cannot be opened");
    newer_than_theirs((2, 42), ":NSID");
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-u"]);
    let file = std::fs::File::open(target.proc("ns/uts")).unwrap();
    let mut id = 0u64;
    // NS_GET_ID of ioctl_nsfs(2), Linux 6.18.
    // SAFETY: this request writes one u64.
    if unsafe { libc::ioctl(file.as_raw_fd(), nix::request_code_read!(0xb7, 13, 8) as libc::Ioctl, &mut id) } != 0 {
        crate::common::skip("this kernel gives namespaces no ids");
    }
    let outcome = scene.nsenter([&format!("--uts=:{id}"), "probe", "seen"]).run();
    assert_entered(&scene, &target, &crate::Seen::read(&outcome.ok()), &["uts"]);
    let outcome = scene.nsenter(["--uts=:x", "true"]).run();
    assert!(outcome.says(1, "nsenter: failed to parse nsid: x")[0].contains(":NSID"));
    // A file whose name begins with a colon.
    std::os::unix::fs::symlink(target.proc("ns/uts"), scene.path(":7")).unwrap();
    let seen = scene.nsenter(["--uts=./:7", "probe", "seen"]).seen();
    assert_entered(&scene, &target, &seen, &["uts"]);
}

scene_test!(a_file_that_is_not_a_namespace_of_that_kind_is_refused);
fn a_file_that_is_not_a_namespace_of_that_kind_is_refused() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-u", "-n"]);
    let uts = target.proc("ns/uts");
    for (file, words) in
        [(uts.as_str(), "is a uts namespace, not a net namespace"), ("/etc/passwd", "/etc/passwd is no namespace")]
    {
        let outcome = scene.nsenter([&format!("--net={file}"), "true"]).run();
        let below = outcome.says(1, "nsenter: reassociate to namespace 'ns/net' failed: Invalid argument");
        if !part(|| on_purpose("theirs names neither the file nor what it is")) {
            assert!(below[0].contains(words), "{below:?}");
        }
    }
    // One that would wait for a writer.
    scene.call("mkfifo", ["fifo"]).ok();
    if !part(|| their_bug("it waits for a writer of a pipe")) {
        scene
            .nsenter(["--net=fifo", "true"])
            .run()
            .says(1, "nsenter: reassociate to namespace 'ns/net' failed: Invalid argument");
    }
}

scene_test!(files_and_the_target_are_mixed_where_rights_are_given_up);
fn files_and_the_target_are_mixed_where_rights_are_given_up() {
    let scene = scene();
    let users = Target::new(&scene, ALICE, ROOTLESS);
    let roots = Target::new(&scene, ROOT, &["-n", "-u"]);
    // Root's may be entered only as long as we are not in the user namespace.
    let (net, user) = (roots.proc("ns/net"), users.proc("ns/user"));
    for options in [
        vec!["-t".into(), users.id(), "-U".into(), format!("--net={net}")],
        vec!["-t".into(), roots.id(), format!("--user={user}"), "-n".into()],
        vec![format!("--user={user}"), format!("--net={net}")],
    ] {
        let seen = scene.nsenter(&options).args(["probe", "seen"]).seen();
        assert_eq!(namespace(&seen, "user"), users.namespace("user"), "{options:?}");
        assert_eq!(namespace(&seen, "net"), roots.namespace("net"), "{options:?}");
    }
}

scene_test!(files_and_the_target_are_mixed_where_rights_are_gained);
fn files_and_the_target_are_mixed_where_rights_are_gained() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    let scene = scene();
    let target = Target::new(&scene, ALICE, ROOTLESS);
    // She may enter the others only from the user namespace.
    let (net, user) = (target.proc("ns/net"), target.proc("ns/user"));
    let id = target.id();
    for options in [
        vec!["-t".into(), id.clone(), "-U".into(), format!("--net={net}")],
        vec!["-t".into(), id.clone(), format!("--user={user}"), "-n".into()],
        vec!["-t".into(), id.clone(), format!("--user={user}"), "-n".into(), "-p".into()],
        vec![format!("--net={net}"), format!("--user={user}")],
    ] {
        let call = scene.nsenter(&options).args(["--preserve-credentials", "probe", "seen"]);
        let seen = call.user(ALICE).seen();
        assert_eq!(namespace(&seen, "user"), target.namespace("user"), "{options:?}");
        assert_eq!(namespace(&seen, "net"), target.namespace("net"), "{options:?}");
    }
}
