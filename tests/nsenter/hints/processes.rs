//! Processes that /proc does not show, or not any more.

use super::{MISSING, hint, scene};
use crate::Target;
use crate::common::{ALICE, ROOT};

scene_test!(without_a_proc_it_is_to_be_mounted);
fn without_a_proc_it_is_to_be_mounted() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = scene();
    let target = Target::of(scene.probe(["hold"]));
    scene.call("/bin/umount", ["-l", "/proc"]).ok();
    for options in [&["-a"][..], &["-r"], &["-w"], &["-e"]] {
        let hint = hint(scene.nsenter(["-t", &target.id()]).args(options).args(["true"]), 1, &[MISSING]);
        assert!(hint.starts_with("no proc file system is mounted on /proc"), "{options:?}: {hint}");
    }
}

scene_test!(a_process_that_hidepid_hides_is_there_all_the_same);
fn a_process_that_hidepid_hides_is_there_all_the_same() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = scene();
    let target = Target::of(scene.probe(["hold"]));
    let enter = || scene.nsenter(["-t", &target.id(), "-n", "true"]).user(ALICE);
    for (value, whose) in [("2", "the processes of other users"), ("4", "processes that we may not trace")] {
        scene.mount(["-t", "proc", "-o", &format!("hidepid={value},gid=50"), "proc", "/proc"]);
        let hint = hint(enter(), 1, &[MISSING]);
        assert!(
            hint.contains("/proc is mounted with hidepid=")
                && hint.contains(whose)
                && hint.contains(&format!("process {} too", target.id()))
                && hint.ends_with("run it as root or as a member of group 50"),
            "{hint}"
        );
        // As the hint says.
        scene.nsenter(["-t", &target.id(), "-n", "true"]).ok();
    }
    // A file of it as well.
    let file = hint(scene.nsenter([&format!("--net={}", target.proc("ns/net")), "true"]).user(ALICE), 1, &[MISSING]);
    assert!(file.contains("/proc is mounted with hidepid="), "{file}");
    let file = hint(scene.nsenter(["--net=/proc/2147483647/ns/net", "true"]).user(ALICE), 1, &[MISSING]);
    assert!(file.starts_with("no process has the PID 2147483647"), "{file}");
    // There is no such process, hidden or not.
    for (options, what) in [("-n", ""), ("-a", "stat of /proc")] {
        let none = hint(scene.nsenter(["-t", "2147483647", options, "true"]).user(ALICE), 1, &[what]);
        assert!(none.starts_with("no process has the PID 2147483647"), "{options}: {none}");
        let hidden = hint(scene.nsenter(["-t", &target.id(), options, "true"]).user(ALICE), 1, &[MISSING, what]);
        assert!(hidden.contains("/proc is mounted with hidepid="), "{options}: {hidden}");
    }
}

scene_test!(a_running_thread_is_named_where_the_first_has_ended);
fn a_running_thread_is_named_where_the_first_has_ended() {
    let scene = scene();
    let target = Target::of(scene.probe(["leaderless"]));
    let hint = hint(scene.nsenter(["-t", &target.id(), "-n", "true"]), 1, &[MISSING]);
    let (_, thread) = hint.split_once("(-t ").unwrap_or_else(|| panic!("{hint}"));
    assert!(hint.starts_with(&format!("the first thread of process {} has ended", target.id())), "{hint}");
    // As the hint says.
    scene.nsenter(["-t", thread.trim_end_matches(')'), "-n", "true"]).ok();
    // Whatever is asked for.
    for options in [&["-a"][..], &["-r"], &["-w", "-n"]] {
        let same = self::hint(scene.nsenter(["-t", &target.id()]).args(options).args(["true"]), 1, &[MISSING]);
        assert_eq!(same, hint, "{options:?}");
    }
}

scene_test!(a_limit_of_processes_is_told);
fn a_limit_of_processes_is_told() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-p", "-f"]);
    let limit = ["limit".to_string(), libc::RLIMIT_NPROC.to_string(), "1".to_string()];
    let enter = scene.nsenter(["-t", &target.id(), "-U", "-p", "--preserve-credentials", "true"]);
    let call = enter.under(&scene, "bin/probe", limit).user(ALICE);
    let forked = hint(call, 1, &["fork failed: Resource temporarily unavailable"]);
    assert!(forked.contains("1 (RLIMIT_NPROC"), "{forked}");
}

scene_test!(a_zombie_is_told_from_a_pid_of_nobody);
fn a_zombie_is_told_from_a_pid_of_nobody() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-u"]);
    let id = target.id();
    // Not reaped before the target is dropped.
    target.process.signal(libc::SIGKILL);
    crate::common::poll_until("the end", || {
        std::fs::read_to_string(target.proc("status")).unwrap().contains("State:\tZ")
    });
    for words in [&["-t", &id, "-u"][..], &[&format!("--uts={}", target.proc("ns/uts"))]] {
        let hint = hint(scene.nsenter(words).args(["true"]), 1, &[]);
        assert!(
            hint.starts_with(&format!("process {id} has ended, and its parent has not waited")),
            "{words:?}: {hint}"
        );
    }
}

scene_test!(in_the_proc_of_another_pid_namespace_no_other_process_is_spoken_of);
fn in_the_proc_of_another_pid_namespace_no_other_process_is_spoken_of() {
    let scene = scene();
    // The proc is that of the outer PID namespace, whose process 1 is another one than ours.
    let script = "./our-unshare -p -f /bin/sh -c 'bin/nsenter -t 1 -m no-such-program; exit 5'";
    let options = ["-p", "-f", "-m", "--mount-proc", "/bin/sh", "-c", script];
    let call = scene.call(scene.path("our-unshare"), options);
    let outcome = call.run();
    assert_eq!(outcome.ending, crate::common::Ending::Exited(5));
    assert!(!outcome.stderr.contains("in our own") && outcome.stderr.contains("it was looked for"), "{outcome:?}");
}
