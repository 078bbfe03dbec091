//! Which namespaces are entered, where they come from the target.

use crate::common::{ALICE, Ending, ROOT, newer_than_theirs, on_purpose};
use crate::{KINDS, ROOTLESS, ROOTS, Target, assert_entered, link, namespace, scene};

scene_test!(each_option_enters_its_kind_of_the_target_and_no_other);
fn each_option_enters_its_kind_of_the_target_and_no_other() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    for (short, long, name) in KINDS {
        if name == "user" {
            continue;
        }
        for option in [short, long] {
            let seen = scene.nsenter(["-t", &target.id(), option, "probe", "seen"]).seen();
            assert_entered(&scene, &target, &seen, &[name]);
        }
    }
}

scene_test!(the_user_namespace_of_the_target_is_entered);
fn the_user_namespace_of_the_target_is_entered() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-r"]);
    for option in ["-U", "--user"] {
        let seen = scene.nsenter(["-t", &target.id(), option, "probe", "seen"]).seen();
        assert_entered(&scene, &target, &seen, &["user"]);
    }
}

scene_test!(several_kinds_are_entered_together);
fn several_kinds_are_entered_together() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    let call = scene.nsenter(["-t", &target.id(), "-u", "--net", "-C", "--pid"]);
    let seen = call.args(["probe", "seen"]).seen();
    assert_entered(&scene, &target, &seen, &["uts", "net", "cgroup", "pid"]);
}

scene_test!(all_enters_every_kind_but_the_user_namespace_that_is_our_own);
fn all_enters_every_kind_but_the_user_namespace_that_is_our_own() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    for option in ["-a", "--all"] {
        let seen = scene.nsenter(["-t", &target.id(), option, "probe", "seen"]).seen();
        let names = KINDS.map(|(_, _, name)| name);
        let others: Vec<_> = names.into_iter().filter(|name| *name != "user").collect();
        assert_entered(&scene, &target, &seen, &others);
        // The user namespace is left as it is, and so are the credentials.
        assert_eq!(seen.one("uid"), "0 0 0");
    }
}

scene_test!(all_leaves_alone_what_its_own_option_names);
fn all_leaves_alone_what_its_own_option_names() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    let other = Target::new(&scene, ROOT, &["-u", "-n"]);
    let (net, uts) = (other.proc("ns/net"), other.proc("ns/uts"));
    let seen = scene
        .nsenter(["-t", &target.id(), "-a"])
        .args([format!("--net={net}"), format!("-u{uts}")])
        .args(["probe", "seen"])
        .seen();
    assert_eq!(namespace(&seen, "net"), other.namespace("net"));
    assert_eq!(namespace(&seen, "uts"), other.namespace("uts"));
    assert_eq!(namespace(&seen, "ipc"), target.namespace("ipc"));
    assert_eq!(namespace(&seen, "pid"), target.namespace("pid"));
}

scene_test!(all_enters_a_target_that_shares_every_namespace_with_us);
fn all_enters_a_target_that_shares_every_namespace_with_us() {
    crate::common::needs_root("to enter the PID namespace that is there");
    let scene = scene();
    // Nothing differs but the UTS namespace.
    let target = Target::new(&scene, ROOT, &["-u"]);
    let seen = scene.nsenter(["-t", &target.id(), "-a", "probe", "seen"]).seen();
    assert_entered(&scene, &target, &seen, &["uts"]);
}

scene_test!(root_enters_a_users_container);
fn root_enters_a_users_container() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, ROOTLESS);
    for options in [&["-a"][..], &["-U", "-m", "-n", "-p"], &["--user", "--pid", "--mount", "--net"]] {
        let seen = scene.nsenter(["-t", &target.id()]).args(options).args(["probe", "seen"]).seen();
        for name in ["user", "mnt", "net", "pid"] {
            assert_eq!(namespace(&seen, name), target.namespace(name), "{options:?}");
        }
        assert_eq!(seen.one("uid"), "0 0 0");
        assert_eq!(seen.one("gid"), "0 0 0");
        assert_eq!(seen.one("groups"), "");
    }
    // Its own /proc shows the one that enters as one of its own.
    let call = scene.nsenter(["-t", &target.id(), "-a", "cat", "/proc/1/comm"]);
    assert_eq!(call.ok(), "probe\n");
}

scene_test!(the_user_enters_her_own_container);
fn the_user_enters_her_own_container() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, ROOTLESS);
    let seen = scene
        .nsenter(["-t", &target.id(), "-U", "-m", "-n", "-p", "--preserve-credentials"])
        .args(["probe", "seen"])
        .user(ALICE)
        .seen();
    for name in ["user", "mnt", "net", "pid"] {
        assert_eq!(namespace(&seen, name), target.namespace(name));
    }
    assert_eq!(namespace(&seen, "uts"), scene.namespace("uts"));
    assert_eq!(seen.one("uid"), "0 0 0");
}

scene_test!(the_pid_namespace_is_for_a_child_unless_no_fork_is_given);
fn the_pid_namespace_is_for_a_child_unless_no_fork_is_given() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-p", "-f"]);
    let entering = scene.nsenter(["-t", &target.id(), "-p", "probe", "hold"]).leashed().spawn();
    entering.expect("ready");
    let child = entering.child();
    assert_eq!(child.namespace("pid"), target.namespace("pid"));
    drop(entering);

    for option in ["-F", "--no-fork"] {
        let call = scene.nsenter(["-t", &target.id(), "-p", option, "probe", "seen"]);
        let process = call.spawn();
        let pid = process.pid().to_string();
        let outcome = process.finish();
        let seen = crate::Seen::read(&outcome.ok());
        assert_eq!(seen.one("pid"), pid);
        assert_eq!(namespace(&seen, "pid"), scene.namespace("pid"));
        assert_eq!(namespace(&seen, "pid_for_children"), target.namespace("pid"));
    }
}

scene_test!(nothing_needs_to_be_entered);
fn nothing_needs_to_be_entered() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    crate::common::needs_root("ids of other users");
    let scene = scene();
    assert_eq!(scene.nsenter(["-S", "5", "id", "-u"]).ok(), "5\n");
    let target = Target::of(scene.probe(["hold"]).directory("/usr"));
    assert_eq!(scene.nsenter(["-t", &target.id(), "-w", "pwd"]).ok(), "/usr\n");
    assert_eq!(scene.nsenter(["true"]).run().ending, Ending::Exited(0));
}

scene_test!(the_owner_of_a_namespace_is_entered_by_user_parent);
fn the_owner_of_a_namespace_is_entered_by_user_parent() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    newer_than_theirs((2, 39), "--user-parent");
    let scene = scene();
    // The network namespace belongs to the outer user namespace; the process is in the inner one.
    let script = "readlink /proc/self/ns/user; exec ./our-unshare -Ur probe hold";
    let call = scene.call(scene.path("our-unshare"), ["-Urn", "sh", "-c", script]);
    let target = Target::of(call.user(ALICE));
    let outer = target.process.stdout().lines().next().unwrap().to_string();
    assert_ne!(target.namespace("user"), outer);

    let net = format!("--net={}", target.proc("ns/net"));
    let user = format!("--user={}", target.proc("ns/user"));
    let id = target.id();
    for options in [
        &["-t", &id, "--user-parent", "-n"][..],
        &["-t", &id, "--user-parent", "-U"],
        &["--user-parent", &net],
        &["--user-parent", &user],
        &["-t", &id, "--user-parent", "-U", "-n"],
    ] {
        for visitor in [ROOT, ALICE] {
            let call = scene.nsenter(options).args(["--preserve-credentials", "probe", "seen"]);
            let seen = call.user(visitor).seen();
            assert_eq!(namespace(&seen, "user"), outer, "{options:?}");
            if options.iter().any(|option| option.contains("-n")) {
                assert_eq!(namespace(&seen, "net"), target.namespace("net"), "{options:?}");
            }
        }
    }
    // The owner of what is somebody else's, where another of the namespaces is one of our own user namespace.
    let call = scene.nsenter(["-t", &id, "--user-parent", "-u", "-n"]);
    let seen = call.args(["--preserve-credentials", "probe", "seen"]).seen();
    assert_eq!(namespace(&seen, "user"), outer);
    let nothing = scene.nsenter(["--user-parent", "true"]).run();
    let below = nothing.says(1, "nsenter: no target PID specified");
    assert!(below[0].contains("--user-parent"), "{below:?}");
}

scene_test!(the_owner_of_the_owner_is_entered_by_user_parent_twice);
fn the_owner_of_the_owner_is_entered_by_user_parent_twice() {
    crate::common::on_purpose("--user-parent counts");
    let scene = scene();
    // As bwrap nests two: one for the mounts, and one in which the ids are the user's again.
    let link = "readlink /proc/self/ns/user";
    let script = format!("{link}; ./our-unshare -U -r sh -c '{link}; exec ./our-unshare -U -r -u probe hold'");
    let call = scene.call(scene.path("our-unshare"), ["-U", "-r", "sh", "-c", &format!("{script}; :")]);
    let process = call.user(ALICE).leashed().spawn();
    process.expect("ready");
    let printed = process.stdout();
    let outer: Vec<&str> = printed.lines().take(2).collect();
    let id = process.child().pid.to_string();
    let innermost = link_of(&id, "user");
    for (count, expected) in [(1, outer[1]), (2, outer[0])] {
        for visitor in [ROOT, ALICE] {
            let call = scene.nsenter(["-t", &id, "-U", "--preserve-credentials"]);
            let call = call.args(vec!["--user-parent"; count]).args(["probe", "seen"]).user(visitor);
            let seen = call.seen();
            assert_eq!(namespace(&seen, "user"), expected, "{count}");
            assert_ne!(expected, innermost);
        }
    }
    // Beyond them there is only our own.
    for (count, said) in [(3, "given 3 times"), (40, "given 40 times")] {
        let call = scene.nsenter(["-t", &id, "-U"]).args(vec!["--user-parent"; count]).args(["true"]);
        call.run().says(1, &format!("nsenter: --user-parent was {said}: there are only 2 user namespaces below ours"));
    }
    let one = Target::new(&scene, ALICE, &["-U", "-r", "-u"]);
    let call = scene.nsenter(["-t", &one.id(), "-u", "--user-parent", "--user-parent", "true"]);
    call.run().says(1, "nsenter: --user-parent was given 2 times: there is only 1 user namespace below ours");
}

fn link_of(id: &str, name: &str) -> String {
    std::fs::read_link(format!("/proc/{id}/ns/{name}")).unwrap().display().to_string()
}

scene_test!(the_network_namespace_of_a_socket_is_entered);
fn the_network_namespace_of_a_socket_is_entered() {
    crate::common::otherwise_since((2, 42), "it has no hints");
    crate::common::needs_root("a socket in the network namespace that is there");
    newer_than_theirs((2, 41), "--net-socket");
    let scene = scene();
    let (socket, net) = std::thread::spawn(|| {
        // SAFETY: a plain number; only this thread changes its namespace.
        assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNET) }, 0);
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        (socket, link("/proc/thread-self/ns/net"))
    })
    .join()
    .unwrap();
    let target = Target::of(scene.probe(["hold"]).given(9, socket));
    let id = target.id();
    for options in [&["-N", "9"][..], &["-N9"], &["--net-socket=9"], &["-a", "-N9"]] {
        let call = scene.nsenter(["-t", &id]).args(options).args(["probe", "seen"]);
        assert_eq!(namespace(&call.seen(), "net"), net, "{options:?}");
    }
    let outcome = scene.nsenter(["-t", &id, "-N77", "true"]).run();
    outcome.failed("nsenter", 1, &["pidfd_getfd(", ", 77): Bad file descriptor"]);
    let outcome = scene.nsenter(["-t", &id, "-N0", "true"]).run();
    outcome.failed("nsenter", 1, &["ioctl(", ", SIOCGSKNS): Inappropriate ioctl for device"]);
    let outcome = scene.nsenter(["-N9", "true"]).run();
    let below = outcome.says(1, "nsenter: no target PID specified");
    assert_eq!(below, ["nsenter: hint: --net-socket needs a target process (--target)"]);
    let both = scene.nsenter(["-t", &id, "-N9", "-n", "true"]).run();
    both.says(1, "nsenter: mutually exclusive arguments: --net --net-socket");
}

scene_test!(the_security_context_is_followed_where_there_is_one);
fn the_security_context_is_followed_where_there_is_one() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    if std::path::Path::new("/sys/fs/selinux/enforce").exists() {
        crate::common::skip("SELinux is enabled here");
    }
    let target = Target::of(scene.probe(["hold"]));
    // There is none to follow, with a target or without.
    assert_eq!(scene.nsenter(["-Z", "echo", "x"]).ok(), "x\n");
    for option in ["-Z", "--follow-context"] {
        assert_eq!(scene.nsenter(["-t", &target.id(), option, "echo", "x"]).ok(), "x\n");
    }
}

scene_test!(what_needs_a_target_says_so_without_one);
fn what_needs_a_target_says_so_without_one() {
    crate::common::otherwise_since((2, 42), "its words");
    let scene = scene();
    for (option, what) in [
        ("-m", "ns/mnt"),
        ("-u", "ns/uts"),
        ("-i", "ns/ipc"),
        ("-n", "ns/net"),
        ("-p", "ns/pid"),
        ("-U", "ns/user"),
        ("-C", "ns/cgroup"),
        ("-T", "ns/time"),
        ("-r", "root"),
        ("-w", "cwd"),
    ] {
        let outcome = scene.nsenter([option, "true"]).run();
        outcome.says(1, &format!("nsenter: neither filename nor target pid supplied for {what}"));
    }
    scene.nsenter(["-a", "true"]).run().says(1, "nsenter: no target PID specified for --all");
    on_purpose("options newer than 2.38");
    for (option, what) in [("-e", "environ"), ("-Sfollow", ""), ("-Gfollow", "")] {
        let outcome = scene.nsenter([option, "true"]).run();
        let below = outcome.says(1, &format!("nsenter: neither filename nor target pid supplied for {what}"));
        assert!(below[0].contains("--target"), "{outcome:?}");
    }
}
