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

#[test]
fn the_environment_is_the_callers() {
    let Some(scene) = scene() else { return };
    let target = target_with(&scene, &["B=1"]);
    let call = scene.nsenter(["-t", &target.id(), "-m"]).no_env().env("A", "1");
    assert_eq!(environment(call, &scene), ["A=1"]);
}

#[test]
fn the_environment_of_the_target_is_taken_in_its_order() {
    if newer_than_theirs((2, 39), "--env") {
        return;
    }
    let Some(scene) = scene() else { return };
    let variables = ["Z=1", "B=", "A=x=y", "LD_LIBRARY_PATH=/x", "C=two words"];
    let target = target_with(&scene, &variables);
    for option in ["-e", "--env"] {
        let call = scene.nsenter(["-t", &target.id(), "-m", option]).env("OURS", "1");
        assert_eq!(environment(call, &scene), variables);
    }
    // The program is looked for in the path of the target.
    let target = target_with(&scene, &["PATH=/nowhere"]);
    let outcome = scene.nsenter(["-t", &target.id(), "-m", "-e", "true"]).run();
    let below = outcome.failed("nsenter", 127, &["true", "No such file or directory"]);
    assert!(below[0].ends_with("PATH=/nowhere"), "{below:?}");
}

#[test]
fn in_our_own_mount_namespace_the_program_is_one_of_the_host() {
    if newer_than_theirs((2, 39), "--env") {
        return;
    }
    let Some(scene) = scene() else { return };
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

#[test]
fn an_empty_environment_is_one() {
    if newer_than_theirs((2, 39), "--env") {
        return;
    }
    let Some(scene) = scene() else { return };
    let target = target_with(&scene, &[]);
    let call = scene.nsenter(["-t", &target.id(), "-m", "-e"]);
    assert_eq!(environment(call, &scene), [""; 0]);
}

#[test]
fn what_the_loader_obeys_is_left_out_of_a_program_of_the_host() {
    if newer_than_theirs((2, 39), "--env") {
        return;
    }
    let Some(scene) = scene() else { return };
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
         LOCPATH, NLSPATH, MALLOC_CHECK_, RESOLV_HOST_CONF, HOSTALIASES, LOCALDOMAIN, TMPDIR, TZDIR\n"
    );
}

#[test]
fn bytes_that_are_no_entries_are_left_out() {
    if newer_than_theirs((2, 39), "--env") {
        return;
    }
    let Some(scene) = scene() else { return };
    // The process overwrites its own environment.
    let target = Target::of(scene.probe(["rewrite", "Z=1\\0no sign\\0\\0=x\\0A=2"]).env("ROOM", "x".repeat(100)));
    let call = scene.nsenter(["-t", &target.id(), "-e"]);
    assert_eq!(environment(call, &scene), ["Z=1", "=x", "A=2"]);
}

#[test]
fn two_megabytes_without_an_end_are_no_entry() {
    if newer_than_theirs((2, 39), "--env") {
        return;
    }
    let Some(scene) = scene() else { return };
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

#[test]
fn a_process_without_an_environment_gives_an_empty_one() {
    if newer_than_theirs((2, 39), "--env") {
        return;
    }
    let Some(scene) = scene() else { return };
    // A kernel thread: kthreadd, the parent of them all.
    if std::fs::read_to_string("/proc/2/comm").ok().as_deref() != Some("kthreadd\n") {
        return crate::common::skip("process 2 is no kernel thread here");
    }
    let outcome = scene.nsenter(["-t2", "-e", &scene.text("bin/probe"), "seen"]).run();
    if outcome.stderr.contains("Permission denied") {
        return crate::common::skip("kernel threads cannot be looked into here");
    }
    assert_eq!(outcome.ending, Ending::Exited(0), "{outcome:?}");
    assert_eq!(crate::Seen::read(&outcome.stdout).all("env"), [""; 0]);
}
