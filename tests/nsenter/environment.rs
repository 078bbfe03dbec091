//! The environment of the program.

use crate::common::{Call, Ending, Scene, newer_than_theirs};
use crate::{Target, scene};

/// A process of root's in its own mount namespace with this environment, as `env -i` sets it.
fn target_with(scene: &Scene, variables: &[&str]) -> Target {
    let call = scene.call(scene.path("our-unshare"), ["-m", "/usr/bin/env", "-i"]);
    Target::of(call.args(variables).args([scene.path("bin/probe")]).args(["hold"]))
}

/// What the program, which is named by its path, gets.
fn environment(call: Call, scene: &Scene) -> Vec<String> {
    let seen = call.args([scene.path("bin/probe")]).args(["seen"]).seen();
    seen.all("env").into_iter().map(str::to_string).collect()
}

scene_test!(the_environment_is_the_callers);
fn the_environment_is_the_callers() {
    let scene = scene();
    let target = target_with(&scene, &["B=1"]);
    let call = scene.nsenter(["-t", &target.id(), "-m"]).no_env().env("A", "1");
    assert_eq!(environment(call, &scene), ["A=1"]);
}

scene_test!(the_environment_of_the_target_is_taken_in_its_order);
fn the_environment_of_the_target_is_taken_in_its_order() {
    crate::common::otherwise_since((2, 42), "the environment of the target comes in another order");
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    let variables = ["Z=1", "B=", "A=x=y", "LD_LIBRARY_PATH=/x", "C=two words"];
    let target = target_with(&scene, &variables);
    for option in ["-e", "--env"] {
        let call = scene.nsenter(["-t", &target.id(), "-m", option]).env("OURS", "1");
        assert_eq!(environment(call, &scene), variables);
    }
    // The program is looked for in the path of the target.
    let target = target_with(&scene, &["PATH=/nowhere"]);
    let outcome = scene.nsenter(["-t", &target.id(), "-m", "-e", "true"]).run();
    let below = outcome.says(127, "nsenter: failed to execute true: No such file or directory");
    assert!(below[0].contains("with PATH=/nowhere: "), "{below:?}");
}

scene_test!(in_our_own_mount_namespace_the_program_is_one_of_the_host);
fn in_our_own_mount_namespace_the_program_is_one_of_the_host() {
    crate::common::otherwise_since((2, 42), "the loader's variables of the target are taken, whoever's the program is");
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    let call = scene.call("/usr/bin/env", ["-i", "A=1", "LD_PRELOAD=/x"]);
    let call = call.args([scene.path("bin/probe")]).args(["hold"]);
    let target = Target::of(call);
    let id = target.id();
    let own = format!("--mount={}", target.proc("ns/mnt"));
    for options in [&["-t", &id, "-m", "-e"][..], &["-t", &id, "-a", "-e"], &["-t", &id, &own, "-e"]] {
        let call = scene.nsenter(options).args([scene.path("bin/probe")]);
        let outcome = call.args(["seen"]).run();
        assert!(outcome.stderr.contains("LD_PRELOAD"), "{outcome:?}");
        assert!(!outcome.stdout.contains("LD_PRELOAD"), "{outcome:?}");
    }
}

scene_test!(an_empty_environment_is_one);
fn an_empty_environment_is_one() {
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    let target = target_with(&scene, &[]);
    let call = scene.nsenter(["-t", &target.id(), "-m", "-e"]);
    assert_eq!(environment(call, &scene), [""; 0]);
}

scene_test!(what_the_loader_obeys_is_left_out_of_a_program_of_the_host);
fn what_the_loader_obeys_is_left_out_of_a_program_of_the_host() {
    crate::common::otherwise_since((2, 42), "the loader's variables of the target are taken, whoever's the program is");
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    let variables = [
        "A=1",
        "LD_PRELOAD=/x",
        "LD_LIBRARY_PATH=/x",
        "GLIBC_TUNABLES=x",
        "GCONV_PATH=/x",
        "LOCPATH=/x",
        "NLSPATH=/x",
        "MALLOC_CHECK_=3",
        "RESOLV_HOST_CONF=/x",
        "HOSTALIASES=/x",
        "LOCALDOMAIN=x",
        "TMPDIR=/x",
        "TZDIR=/x",
        "GETCONF_DIR=/x",
        "NIS_PATH=/x",
        "RES_OPTIONS=x",
        "MUSL_LOCPATH=/x",
        "LANG=C",
        "NOT_LD_PRELOAD=1",
    ];
    let probe = scene.text("bin/probe");
    let call = scene.call(scene.path("our-unshare"), ["-n", "/usr/bin/env", "-i"]);
    let target = Target::of(call.args(variables).args([probe.as_str(), "hold"]));
    let outcome = scene.nsenter(["-t", &target.id(), "-n", "-e", &probe, "seen"]).run();
    assert_eq!(outcome.ending, Ending::Exited(0));
    let seen = crate::Seen::read(&outcome.stdout);
    assert_eq!(seen.all("env"), ["A=1", "LANG=C", "NOT_LD_PRELOAD=1"]);
    assert_eq!(
        outcome.stderr,
        "nsenter: note: left out of the target's environment: LD_PRELOAD, LD_LIBRARY_PATH, GLIBC_TUNABLES, GCONV_PATH, \
         LOCPATH, NLSPATH, MALLOC_CHECK_, RESOLV_HOST_CONF, HOSTALIASES, LOCALDOMAIN, TMPDIR, TZDIR and 4 more\n"
    );
}

/// Asserts whether the program gets the target's `LD_PRELOAD`; where not, that is said, and the rest comes along.
#[track_caller]
fn assert_loader(scene: &Scene, call: Call, passes: bool) {
    let outcome = call.args([scene.text("bin/probe").as_str(), "seen"]).run();
    assert_eq!(outcome.ending, Ending::Exited(0), "{outcome:?}");
    let seen = crate::Seen::read(&outcome.stdout);
    let note = "nsenter: note: left out of the target's environment: LD_PRELOAD\n";
    assert_eq!(outcome.stderr.contains(note), !passes, "{outcome:?}");
    let expected = if passes { &["A=1", "LD_PRELOAD="][..] } else { &["A=1"] };
    assert_eq!(seen.all("env"), expected, "{outcome:?}");
}

/// Who runs with an environment for the loader, in a mount namespace that `unshare OPTIONS` has made.
fn preloading(scene: &Scene, options: &[&str], words: &[&str], program: &str) -> Target {
    let call = scene.call(scene.path("our-unshare"), options).args(words);
    Target::of(call.args(["/usr/bin/env", "-i", "A=1", "LD_PRELOAD=", program, "hold"]))
}

scene_test!(the_loaders_variables_stay_with_the_mount_namespace_of_their_target);
fn the_loaders_variables_stay_with_the_mount_namespace_of_their_target() {
    crate::common::otherwise_since((2, 42), "the loader's variables of the target are taken, whoever's the program is");
    crate::common::needs_root("to enter the PID namespace that is there");
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    let probe = scene.text("bin/probe");
    let target = preloading(&scene, &["-m"], &[], &probe);
    let other = Target::new(&scene, crate::common::ROOT, &["-m"]);
    let id = target.id();
    let own = format!("--mount={}", target.proc("ns/mnt"));
    for options in [&["-t", &id, "-m", "-e"][..], &["-t", &id, &own, "-e"], &["-t", &id, "-a", "-e"]] {
        assert_loader(&scene, scene.nsenter(options), true);
    }
    // Another container's, and the machine's as we come from elsewhere.
    let others = format!("--mount={}", other.proc("ns/mnt"));
    assert_loader(&scene, scene.nsenter(["-t", &id, &others, "-e"]), false);
    let back = format!("--mount=/proc/{}/ns/mnt", scene.pid());
    let from_elsewhere = scene.nsenter(["-t", &id, &back, "-e"]).under(&scene, &scene.text("our-unshare"), ["-m"]);
    assert_loader(&scene, from_elsewhere, false);
    // A caller that ignores or blocks SIGCHLD is told the same, and so is its program.
    for signals in [|call: Call| call.ignoring(libc::SIGCHLD), |call: Call| call.blocking(libc::SIGCHLD)] {
        assert_loader(&scene, signals(scene.nsenter(["-t", &id, "-m", "-e"])), true);
    }
}

scene_test!(the_loaders_variables_stay_with_the_root_of_their_target);
fn the_loaders_variables_stay_with_the_root_of_their_target() {
    crate::common::otherwise_since((2, 42), "the loader's variables of the target are taken, whoever's the program is");
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    let probe = scene.text("bin/probe");
    let target = preloading(&scene, &["-m"], &[], &probe);
    let id = target.id();
    let theirs = format!("--root={}", target.proc("root"));
    for (root, passes) in [("--root", true), (&*theirs, true), ("--root=/", false)] {
        assert_loader(&scene, scene.nsenter(["-t", &id, "-m", "-e", root]), passes);
    }
    // Without --root, the root is that of the mount namespace: not that of who has changed it.
    let jail = scene.subdirectory("jail");
    let script = format!("mount --rbind / {jail} && exec /usr/sbin/chroot {jail} \"$@\"");
    let target = preloading(&scene, &["-m"], &["/bin/sh", "-c", &script, "sh"], &probe);
    let id = target.id();
    assert_loader(&scene, scene.nsenter(["-t", &id, "-m", "-e"]), false);
    assert_loader(&scene, scene.nsenter(["-t", &id, "-m", "-e", "--root"]), true);
}

scene_test!(the_loaders_variables_stay_with_the_user_of_their_target);
fn the_loaders_variables_stay_with_the_user_of_their_target() {
    crate::common::otherwise_since((2, 42), "the loader's variables of the target are taken, whoever's the program is");
    crate::common::needs_root("a process of another user");
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    let probe = scene.text("bin/probe");
    let to_alice = ["/usr/bin/setpriv", "--reuid=1001", "--regid=1001", "--clear-groups"];
    // As a service of an ordinary user has it.
    let target = preloading(&scene, &["-m"], &to_alice, &probe);
    let id = target.id();
    for (options, passes) in [
        (&["-m", "-e"][..], false),
        (&["-a", "-e"], false),
        (&["-m", "-e", "--root", "-S", "1002"], false),
        (&["-m", "-e", "-S", "1001"], true),
        (&["-a", "-e", "-S", "follow"], true),
    ] {
        assert_loader(&scene, scene.nsenter(["-t", &id]).args(options), passes);
    }
    // What counts is who that is outside: root inside is root of the target's user namespace only.
    let target = Target::of(scene.call(scene.path("our-unshare"), crate::ROOTLESS).user(crate::common::ALICE).args([
        "/usr/bin/env",
        "-i",
        "A=1",
        "LD_PRELOAD=",
        &probe,
        "hold",
    ]));
    let id = target.id();
    for (options, passes) in [
        (&["-m", "-e"][..], false),
        (&["-m", "-e", "-S", "0"], false),
        (&["-m", "-e", "-S", "1001"], true),
        (&["-U", "-m", "-e"], true),
        (&["-U", "-m", "-e", "--preserve-credentials"], false),
        (&["-a", "-e"], true),
    ] {
        assert_loader(&scene, scene.nsenter(["-t", &id]).args(options), passes);
    }
}

scene_test!(the_loaders_variables_do_not_gain_rights_with_a_program_of_the_target);
fn the_loaders_variables_do_not_gain_rights_with_a_program_of_the_target() {
    crate::common::otherwise_since((2, 42), "the loader's variables of the target are taken, whoever's the program is");
    crate::common::needs_root("a process of another user");
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    // As su(1) while it asks for a password: root by now, with the environment of the user who started it.
    let program = scene.text("program-of-root");
    scene.call("/bin/cp", [&scene.text("bin/probe"), &program]).ok();
    scene.call("/bin/chmod", ["u+s", &program]).ok();
    let to_alice = ["/usr/bin/setpriv", "--reuid=1001", "--regid=1001", "--clear-groups"];
    let target = preloading(&scene, &["-m"], &to_alice, &program);
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(target.proc("")).unwrap());
    if owner != 0 {
        crate::common::skip("the directory for temporary files is mounted nosuid");
    }
    assert_loader(&scene, scene.nsenter(["-t", &target.id(), "-m", "-e"]), false);
}

scene_test!(bytes_that_are_no_entries_are_left_out);
fn bytes_that_are_no_entries_are_left_out() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    // The process overwrites its own environment.
    let target = Target::of(scene.probe(["rewrite", "Z=1\\0no sign\\0\\0=x\\0A=2"]).env("ROOM", "x".repeat(100)));
    let call = scene.nsenter(["-t", &target.id(), "-e"]);
    assert_eq!(environment(call, &scene), ["Z=1", "=x", "A=2"]);
}

scene_test!(two_megabytes_without_an_end_are_no_entry);
fn two_megabytes_without_an_end_are_no_entry() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    // More than execve(2) takes with the usual stack.
    let script = "x=$(head -c 120000 /dev/zero | tr '\\0' x); for n in $(seq 20); do export V$n=$x; done; \
                  exec bin/probe fill";
    let stack = ["--stack=67108864:67108864", "/bin/sh", "-c", script];
    let call = scene.call("/usr/bin/prlimit", stack);
    let target = Target::of(call);
    let environ = std::fs::read(target.proc("environ")).unwrap();
    assert!(environ.len() > 2 << 20 && environ.iter().all(|byte| *byte == b'x'));
    let call = scene.nsenter(["-t", &target.id(), "-e"]);
    assert_eq!(environment(call, &scene), [""; 0]);
}

scene_test!(a_process_without_an_environment_gives_an_empty_one);
fn a_process_without_an_environment_gives_an_empty_one() {
    crate::common::otherwise_since((2, 42), "a kernel thread has no environment to take");
    newer_than_theirs((2, 39), "--env");
    let scene = scene();
    // A kernel thread: kthreadd, the parent of them all.
    if std::fs::read_to_string("/proc/2/comm").ok().as_deref() != Some("kthreadd\n") {
        crate::common::skip("process 2 is no kernel thread here");
    }
    let outcome = scene.nsenter(["-t2", "-e", &scene.text("bin/probe"), "seen"]).run();
    if outcome.stderr.contains("Permission denied") {
        crate::common::skip("kernel threads cannot be looked into here");
    }
    assert_eq!(outcome.ending, Ending::Exited(0), "{outcome:?}");
    assert_eq!(crate::Seen::read(&outcome.stdout).all("env"), [""; 0]);
}
