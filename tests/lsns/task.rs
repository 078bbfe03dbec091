//! --task: one process, whatever /proc shows of it.

use crate::common::{ALICE, Call, Ending, Frozen, Scene, newer_than_theirs, on_purpose};

scene_test!(a_process_that_may_not_be_looked_into_is_an_error);
fn a_process_that_may_not_be_looked_into_is_an_error() {
    on_purpose("theirs lists nothing");
    let scene = Scene::new();
    let held = scene.probe(["hold"]).leashed().spawn();
    let pid = held.pid().to_string();
    let outcome = scene.lsns(["-p", &pid]).user(ALICE).run();
    let below = outcome.failed("lsns", 1, &[&format!("cannot open /proc/{pid}/ns/mnt: Permission denied")]);
    assert_eq!(below.len(), 1);
    assert!(below[0].starts_with(&format!("lsns: hint: process {pid} may be looked into")), "{below:?}");
    // Her own may.
    let own = scene.call("/bin/sh", ["-c", "lsns -n -t uts -o TYPE -p $$"]).user(ALICE).run();
    assert_eq!((own.ending, &*own.stdout), (Ending::Exited(0), "uts\n"));
}

/// Runs a shell script in a scene whose proc is mounted with this option.
fn with_proc(frozen: &Frozen, option: &str, script: &str) -> Call {
    let mounted = format!(
        "mount -t proc -o {option} proc /proc && exec setpriv --reuid=1001 --regid=1001 --clear-groups /bin/sh -c '{script}'"
    );
    frozen.run("/usr/sbin:/usr/bin:/sbin:/bin", ["unshare", "-m", "/bin/sh", "-c", &mounted])
}

scene_test!(a_process_that_proc_hides_is_told_from_one_that_is_not_there);
fn a_process_that_proc_hides_is_told_from_one_that_is_not_there() {
    crate::common::needs_root("a process of another user");
    on_purpose("theirs lists nothing");
    let frozen = Frozen::new("sleep 1001 & P=$!; started $P; tell P");
    let lsns = crate::common::tool("lsns").display().to_string();
    let pid = frozen.variable("P");
    let outcome = with_proc(&frozen, "hidepid=2", &format!("{lsns} -p {pid}")).run();
    let below = outcome.failed("lsns", 1, &[&format!("no process has the PID {pid}")]);
    assert!(below[0].contains("hint: ") && below[0].contains("hidepid"), "{below:?}");
    let outcome = with_proc(&frozen, "hidepid=2", &format!("{lsns} -p 4194000")).run();
    assert_eq!(outcome.failed("lsns", 1, &["no process has the PID 4194000"]), [""; 0]);
    // Its directory is there, and nothing in it is to be seen.
    let outcome = with_proc(&frozen, "hidepid=1", &format!("{lsns} -p {pid}")).run();
    outcome.failed("lsns", 1, &[&format!("cannot open /proc/{pid}/ns/mnt: Operation not permitted")]);
    frozen.end();
}

scene_test!(without_a_proc_there_is_no_list);
fn without_a_proc_there_is_no_list() {
    crate::common::otherwise_since((2, 42), "its words");
    newer_than_theirs((2, 39), "the mount table is always read");
    let frozen = Frozen::new("");
    let tool = crate::common::tool("lsns").display().to_string();
    for args in ["", "-t net", "-p 1", "-J", "4026531836"] {
        let script = format!("mount -t tmpfs none /proc && exec {tool} {args}");
        let outcome = frozen.run("/usr/sbin:/usr/bin:/sbin:/bin", ["unshare", "-m", "/bin/sh", "-c", &script]).run();
        let below = outcome.failed("lsns", 1, &["failed to parse /proc/self/mountinfo: No such file or directory"]);
        assert!(below[0].ends_with("hint: no proc is mounted on /proc: mount -t proc proc /proc"), "{args}: {below:?}");
    }
    frozen.end();
}

scene_test!(a_pid_is_read_in_our_pid_namespace);
fn a_pid_is_read_in_our_pid_namespace() {
    on_purpose("theirs takes the process that has the number in /proc");
    let scene = Scene::new();
    let tool = crate::common::tool("lsns").display().to_string();
    // The proc of the PID namespace above: there, process 1 is another one.
    let script = format!("unshare -u {tool} -n -r -o NS,TYPE -t uts -p 1; readlink /proc/self/ns/uts");
    let outcome = scene.call("unshare", ["-u", "-pf", "/bin/sh", "-c", &script]).run();
    let own = outcome.stdout.lines().last().unwrap().trim_start_matches("uts:[").trim_end_matches(']').to_string();
    assert_eq!(outcome.stdout.lines().next(), Some(&*format!("{own} uts")), "{outcome:?}");
}

scene_test!(a_process_without_a_number_in_proc_is_not_taken_for_another);
fn a_process_without_a_number_in_proc_is_not_taken_for_another() {
    on_purpose("theirs takes the process that has the number in /proc");
    let frozen = Frozen::new("sleep 1001 & P=$!; started $P; tell P");
    let tool = crate::common::tool("lsns").display().to_string();
    let script = format!("exec {tool} -p $$");
    let outcome = frozen.run_outside(["/bin/sh", "-c", &script]).run();
    let below = outcome.failed("lsns", 1, &["is not in the PID namespace that /proc shows"]);
    assert!(below[0].starts_with("lsns: hint: mount the proc of our own PID namespace"), "{below:?}");
    // What is there can be listed, but for the mounts, which are those of a process that is not there.
    let listed = frozen.run_outside([&*tool, "-n", "-t", "uts", "-o", "NPROCS"]).ok();
    assert_eq!(listed.trim(), "2");
    let outcome = frozen.run_outside([&*tool, "-t", "net"]).run();
    let below = outcome.failed("lsns", 1, &["failed to parse /proc/self/mountinfo: No such file or directory"]);
    assert!(below[0].starts_with("lsns: hint: /proc shows another PID namespace than ours"), "{below:?}");
    frozen.end();
}
