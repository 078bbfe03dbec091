//! Kernels that lack what we use first: the system calls are made to fail as they do there.

use crate::common::{ALICE, Call, ROOT, Scene, on_purpose, skip};
use crate::{KINDS, ROOTLESS, ROOTS, Target, assert_entered, namespace, scene};

/// `nsenter`, with this fault of strace's.
#[track_caller]
fn under(scene: &Scene, fault: &str, args: &[&str]) -> Call {
    if !std::path::Path::new("/usr/bin/strace").exists() {
        skip("there is no strace");
    }
    let injection = format!("inject={fault}");
    let strace = ["-f", "-qq", "-o", "trace", "-e", &injection, "bin/nsenter"];
    scene.call("/usr/bin/strace", strace).args(args)
}

scene_test!(a_setns_that_takes_no_pidfd_is_replaced_by_the_files);
fn a_setns_that_takes_no_pidfd_is_replaced_by_the_files() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    let id = target.id();
    let names: Vec<_> = KINDS.map(|(_, _, name)| name).into_iter().filter(|name| *name != "user").collect();
    let call = under(&scene, "setns:error=EINVAL:when=1", &["-t", &id, "-a", "probe", "seen"]);
    assert_entered(&scene, &target, &call.seen(), &names);
    // It is the pidfd that was refused, and each of the files that was taken.
    let trace = std::fs::read_to_string(scene.path("trace")).unwrap();
    let calls: Vec<_> = trace.lines().filter(|line| line.contains(" setns(")).collect();
    assert_eq!(calls.len(), 1 + names.len(), "{trace}");
    assert!(calls[0].contains("INJECTED"), "{trace}");

    let users = Target::new(&scene, ALICE, ROOTLESS);
    for fault in ["setns:error=EINVAL:when=1", "setns:error=EINVAL:when=1..2"] {
        let id = users.id();
        let options = ["-t", &id, "-U", "-n", "-m", "-p", "probe", "seen"];
        let call = under(&scene, fault, &options);
        let seen = call.seen();
        for name in ["user", "net", "mnt", "pid"] {
            assert_eq!(namespace(&seen, name), users.namespace(name), "{fault}");
        }
    }
}

scene_test!(without_pidfds_the_process_is_found_by_its_number);
fn without_pidfds_the_process_is_found_by_its_number() {
    on_purpose("2.38.1 uses no pidfd");
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    let id = target.id();
    let fault = "pidfd_open:error=ENOSYS";
    let call = under(&scene, fault, &["-t", &id, "-u", "-n", "-p", "probe", "seen"]);
    assert_entered(&scene, &target, &call.seen(), &["uts", "net", "pid"]);
    // What cannot be checked is not taken on trust.
    let wrong = format!("-t{id}:1");
    let call = under(&scene, fault, &[&wrong, "-u", "true"]);
    let line = format!("nsenter: failed to obtain a valid file descriptor for PID {id}: Function not implemented");
    assert!(call.run().says(1, &line)[0].contains("inode numbers"));
    let call = under(&scene, fault, &["-t", &id, "-N0", "true"]);
    call.run().says(1, &format!("nsenter: failed to pidfd_open() for {id}: Function not implemented"));
}

scene_test!(a_pidfd_that_is_refused_for_another_reason_is_a_failure);
fn a_pidfd_that_is_refused_for_another_reason_is_a_failure() {
    on_purpose("2.38.1 uses no pidfd");
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    let id = target.id();
    let call = under(&scene, "pidfd_open:error=EMFILE", &["-t", &id, "-u", "true"]);
    call.run().failed("nsenter", 1, &[&id, "Too many open files"]);
}

scene_test!(a_target_that_dies_half_way_is_no_other_process);
fn a_target_that_dies_half_way_is_no_other_process() {
    on_purpose("2.38.1 does not pin the target");
    let scene = scene();
    // Each call after the pidfd is open, up to those that read the environment and the ids.
    for (number, options) in
        [(1, &["-u", "-n"][..]), (1, &["-u", "-S", "follow"]), (1, &["-u", "-e"]), (1, &["-r", "-w"]), (1, &["-a"])]
    {
        let target = Target::new(&scene, ROOT, &["-u", "-n"]);
        let fault = format!("pidfd_open:signal=SIGSTOP:when={number}");
        let id = target.id();
        let words: Vec<&str> = ["-t", &id].into_iter().chain(options.iter().copied()).collect();
        let words: Vec<&str> = words.into_iter().chain(["echo", "alive"]).collect();
        let call = under(&scene, &fault, &words);
        let _ = std::fs::remove_file(scene.path("trace"));
        let process = call.spawn();
        crate::common::poll_until("the stop", || {
            let trace = std::fs::read_to_string(scene.path("trace")).unwrap_or_default();
            trace.contains("stopped by SIGSTOP")
        });
        target.end();
        process.child().signal(libc::SIGCONT);
        let outcome = process.finish();
        outcome.failed("nsenter", 1, &[&id]);
    }
}
