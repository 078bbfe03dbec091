//! What the kernel refuses, and the hint that says why: one test for each row of the table of failures that must explain
//! themselves, and for what else has a hint.

use crate::common::{ALICE, BOB, Call, ROOT, Scene, Under, newer_than_theirs, under_test};
use crate::{ROOTLESS, Target, scene};

/// Asserts that it fails with status 1, with a message that holds `words` and, of ours, a hint that holds `hint`.
#[track_caller]
fn refused(call: Call, words: &[&str], hint: &[&str]) {
    let outcome = call.run();
    if under_test() == Under::Theirs {
        // It has no hints.
        outcome.failed("nsenter", 1, words);
        return;
    }
    let below = outcome.failed("nsenter", 1, words);
    let [only] = below[..] else { panic!("not one hint: {outcome:#?}") };
    let named = hint.iter().all(|word| only.contains(word));
    assert!(only.starts_with("nsenter: hint: ") && named, "not all of {hint:?}: {only}");
}

fn id_in(link: String) -> String {
    link.split(['[', ']']).nth(1).unwrap().to_string()
}

scene_test!(the_owner_of_the_namespace_is_not_entered);
fn the_owner_of_the_namespace_is_not_entered() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    let scene = scene();
    let target = Target::new(&scene, ALICE, ROOTLESS);
    let id = target.id();
    let owner = format!("user:[{}]", id_in(target.namespace("user")));
    for option in ["-n", "-m", "-p"] {
        let call = scene.nsenter(["-t", &id, option, "true"]).user(ALICE);
        let kind = match option {
            "-n" => "reassociate to namespace 'ns/net' failed",
            "-m" => "reassociate to namespace 'ns/mnt' failed",
            _ => "reassociate to namespace 'ns/pid' failed",
        };
        let words = [kind, "Operation not permitted"];
        refused(call, &words, &[&owner, "--user", "--user-parent"]);
    }
}

scene_test!(another_namespace_than_its_owner_is_entered);
fn another_namespace_than_its_owner_is_entered() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    crate::common::needs_root("a process of another user");
    let scene = scene();
    // Root's own network namespace, after she has entered a user namespace of hers.
    let call = scene.call(scene.path("our-unshare"), ["-n", "/usr/bin/setpriv"]);
    let call = call.args(["--reuid=1001", "--regid=1001", "--clear-groups", "probe", "hold"]);
    let (target, other) = (Target::of(call), Target::new(&scene, ALICE, &["-U", "-r"]));
    let user = format!("--user={}", other.proc("ns/user"));
    let call = scene.nsenter(["-t", &target.id(), "-n", &user, "--preserve-credentials", "true"]);
    let words = ["reassociate to namespace 'ns/net' failed", "Operation not permitted"];
    refused(call.user(ALICE), &words, &["the net namespace"]);
}

scene_test!(the_namespace_is_of_our_own_user_namespace_and_we_are_not_root);
fn the_namespace_is_of_our_own_user_namespace_and_we_are_not_root() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    crate::common::needs_root("a process of another user");
    let scene = scene();
    // A process of hers, so that she may look into it, in a namespace that root has made.
    let call = scene.call(scene.path("our-unshare"), ["-n", "/usr/bin/setpriv"]);
    let call = call.args(["--reuid=1001", "--regid=1001", "--clear-groups", "probe", "hold"]);
    let target = Target::of(call);
    let call = scene.nsenter(["-t", &target.id(), "-n", "true"]).user(ALICE);
    refused(call, &["reassociate to namespace 'ns/net' failed", "Operation not permitted"], &["CAP_SYS_ADMIN"]);
}

scene_test!(the_user_namespace_is_anothers);
fn the_user_namespace_is_anothers() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-r"]);
    scene.mount(["--bind", &target.proc("ns/user"), &scene.file("user", "")]);
    let call = scene.nsenter(["--user=user", "--preserve-credentials", "true"]);
    refused(call.user(BOB), &["reassociate to namespace 'ns/user' failed", "Operation not permitted"], &["owner"]);
}

scene_test!(the_user_namespace_is_our_own);
fn the_user_namespace_is_our_own() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    let scene = scene();
    let target = Target::of(scene.probe(["hold"]));
    let call = scene.nsenter(["-t", &target.id(), "-U", "true"]);
    refused(call, &["reassociate to namespace 'ns/user' failed", "Invalid argument"], &["in already", "--user"]);
    let call = scene.nsenter(["--user=/proc/self/ns/user", "true"]);
    refused(call, &["reassociate to namespace 'ns/user' failed", "Invalid argument"], &["in already", "threads"]);
}

scene_test!(the_pid_namespace_is_not_below_ours);
fn the_pid_namespace_is_not_below_ours() {
    crate::common::needs_root("to enter the PID namespace that is there");
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-p", "-f"]);
    let file = format!("--pid=/proc/{}/ns/pid", scene.pid());
    let inside = ["-t", &target.id(), "-p", "bin/nsenter", &file, "true"];
    let outcome = scene.nsenter(inside).run();
    outcome.says(1, "nsenter: reassociate to namespace 'ns/pid' failed: Invalid argument");
    if under_test() == Under::Ours {
        let hint = outcome.stderr.lines().nth(1).unwrap();
        assert!(hint.contains("beside or around ours"), "{hint}");
    }
}

scene_test!(a_process_that_may_not_be_looked_into);
fn a_process_that_may_not_be_looked_into() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-n"]);
    let id = target.id();
    for options in [&["-n"][..], &["-a"], &["-r"], &["-w"]] {
        let call = scene.nsenter(["-t", &id]).args(options).args(["true"]).user(BOB);
        if options == ["-n"] && under_test() == Under::Ours {
            // The pidfd is no way around it.
            let outcome = call.run();
            outcome.says(1, &format!("nsenter: cannot open {}: Permission denied", target.proc("ns/net")));
            assert!(outcome.stderr.contains("CAP_SYS_PTRACE"), "{outcome:?}");
            continue;
        }
        refused(call, &[&format!("/proc/{id}/"), "Permission denied"], &[&id, "CAP_SYS_PTRACE"]);
    }
    newer_than_theirs((2, 39), "--env");
    let call = scene.nsenter(["-t", &id, "-e", "true"]).user(BOB);
    refused(call, &["environ", "Permission denied"], &["CAP_SYS_PTRACE"]);
    let call = scene.nsenter(["-t", &id, "-N0", "true"]).user(BOB);
    refused(call, &["pidfd_getfd(", ", 0): Operation not permitted"], &["CAP_SYS_PTRACE", "CAP_NET_ADMIN"]);
}

scene_test!(another_users_container_is_refused);
fn another_users_container_is_refused() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    let scene = scene();
    let target = Target::new(&scene, ALICE, ROOTLESS);
    let call = scene.nsenter(["-t", &target.id(), "-U", "-n", "--preserve-credentials", "true"]);
    refused(call.user(BOB), &["/proc/", "Permission denied"], &["CAP_SYS_PTRACE"]);
}

scene_test!(there_is_no_such_process);
fn there_is_no_such_process() {
    let scene = scene();
    let target = Target::of(scene.probe(["hold"]));
    let id = target.id();
    target.end();
    let call = scene.nsenter(["-t", &id, "-n", "true"]);
    refused(call, &[&format!("cannot open /proc/{id}/ns/net: No such file or directory")], &[&id, "PID namespace"]);
    // /proc is the host's, the process asks in its own namespace.
    let target = Target::new(&scene, ROOT, &["-p", "-f"]);
    let alive = scene.pid().to_string();
    let call = scene.nsenter(["-t", &target.id(), "-p", "bin/nsenter", "-t", &alive, "-n", "true"]);
    if under_test() == Under::Ours {
        refused(
            call,
            &[&format!("cannot open /proc/{alive}/ns/net: No such file or directory")],
            &["/proc shows another PID namespace"],
        );
    }
}

scene_test!(the_namespace_denies_to_drop_groups);
fn the_namespace_denies_to_drop_groups() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-r"]);
    let call = scene.nsenter(["-t", &target.id(), "-U", "true"]).user(ALICE);
    refused(call, &["setgroups", "Operation not permitted"], &["--preserve-credentials"]);
}

scene_test!(an_id_is_not_mapped);
fn an_id_is_not_mapped() {
    crate::common::otherwise_since((2, 42), "its words");
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-r"]);
    for (option, what) in [("-S77", "setuid failed"), ("-G77", "setgid failed")] {
        let call = scene.nsenter(["-t", &target.id(), "-U", option, "true"]);
        refused(call, &[what, "Invalid argument"], &["not mapped", "--preserve-credentials"]);
    }
}

fn not_found(scene: &Scene, options: &[&str]) -> Vec<String> {
    let outcome = scene.nsenter(options).args(["no-such-program"]).run();
    let below = outcome.says(127, "nsenter: failed to execute no-such-program: No such file or directory");
    below.into_iter().map(str::to_string).collect()
}

scene_test!(the_program_is_looked_for_inside);
fn the_program_is_looked_for_inside() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-m", "-n"]);
    let id = target.id();
    let below = not_found(&scene, &["-t", &id, "-m"]);
    if under_test() == Under::Ours {
        assert!(below[0].contains("inside") && below[0].contains(":/bin: leave --mount out"), "{below:?}");
    }
    assert_eq!(not_found(&scene, &["-t", &id, "-n"]), [""; 0]);
}

scene_test!(the_process_that_has_forked_into_the_namespace_is_not_in_it);
fn the_process_that_has_forked_into_the_namespace_is_not_in_it() {
    crate::common::needs_root("to enter the PID namespace that is there");
    crate::common::on_purpose("it says nothing of the child that is meant");
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-p", "-f"]);
    let parent = target.process.pid().to_string();
    // A person is told, a script is not.
    let outcome = scene.nsenter(["-t", &parent, "-p", "true"]).run();
    assert_eq!(outcome.stderr, "");
    let pty = crate::common::Pty::new();
    let call = scene.nsenter(["-t", &parent, "-p", "echo", "done"]).terminal(&pty);
    call.run();
    pty.expect("done");
    let text = pty.text();
    assert!(text.contains(&format!("nsenter: note: process {parent}")), "{text}");
    let child = format!("its child {} is inside, and is probably meant", target.pid());
    assert!(text.contains(&child), "{text}");
    // Nor does an option of util-linux's tell a script; one of ours does, and on a terminal it does so once.
    let like = ["-t", &parent, "--like-target", "true"];
    let line = format!("nsenter: note: process {parent} is outside of the PID namespace of its children: {child}\n");
    assert_eq!(scene.nsenter(like).run().stderr, line);
    let pty = crate::common::Pty::new();
    scene.nsenter(["-t", &parent, "--like-target", "echo", "done"]).terminal(&pty).run();
    pty.expect("done");
    assert_eq!(pty.text().matches(&child).count(), 1, "{}", pty.text());
    // The child itself is inside.
    let inside = target.pid().to_string();
    assert_eq!(scene.nsenter(["-t", &inside, "--like-target", "true"]).run().stderr, "");
}

scene_test!(an_ordinary_user_is_told_of_the_program_below_the_init);
fn an_ordinary_user_is_told_of_the_program_below_the_init() {
    crate::common::on_purpose("it has no --like-target");
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-r", "-p", "--init"]);
    let parent = target.process.pid();
    let children = |pid: i32| std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let program = children(target.pid());
    let note = scene.nsenter(["-t", &parent.to_string(), "--like-target", "true"]).user(ALICE).run().stderr;
    let line = format!(
        "nsenter: note: process {parent} is outside of the PID namespace of its children: process {} is inside, and is \
         probably meant\n",
        program.trim()
    );
    assert_eq!(note, line);
    assert_eq!(scene.nsenter(["-t", program.trim(), "--like-target", "true"]).user(ALICE).run().stderr, "");
}
