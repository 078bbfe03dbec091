//! nsenter: targets, files and directories that are not there or not what they should be.

use crate::common::{Scene, newer_than_theirs};
use crate::{assert_says, call};

fn assert_rows(rows: &[(&[&str], &str)]) {
    let scene = Scene::new();
    for (args, said) in rows {
        assert_says(args, &call(&scene, "nsenter", args).args(["true"]).run(), 1, &format!("nsenter: {said}"));
    }
}

/// No process has this number: it is beyond the highest.
const GONE: &str = "-t4194305";

scene_test!(a_target_that_is_gone_shows_in_what_is_asked_first);
fn a_target_that_is_gone_shows_in_what_is_asked_first() {
    let missing = |name: &str| format!("cannot open /proc/4194305/{name}: No such file or directory");
    assert_rows(&[
        (&[GONE, "-m"], &missing("ns/mnt")),
        (&[GONE, "-u", "-m"], &missing("ns/uts")),
        (&[GONE, "-r", "-m", "-C"], &missing("ns/cgroup")),
        (&[GONE, "-T", "-p"], &missing("ns/pid")),
        (&[GONE, "-U", "-n", "-i"], &missing("ns/user")),
        (&[GONE, "-w", "-r"], &missing("root")),
        (&[GONE, "-w"], &missing("cwd")),
        (&[GONE, "-a"], "stat of /proc/4194305/ns/user failed: No such file or directory"),
        (&[GONE, "-m", "-a"], "stat of /proc/4194305/ns/user failed: No such file or directory"),
    ]);
    newer_than_theirs((2, 42), "--env, --net-socket, follow");
    assert_rows(&[
        (&[GONE, "-e"], &missing("environ")),
        (&[GONE, "-N3"], "failed to pidfd_open() for 4194305: No such process"),
        (&[GONE, "-Sfollow"], &missing("")),
    ]);
}

scene_test!(what_needs_a_target_gets_the_words_of_util_linux_without_one);
fn what_needs_a_target_gets_the_words_of_util_linux_without_one() {
    crate::common::otherwise_since((2, 42), "its words");
    let supplied = |name: &str| format!("neither filename nor target pid supplied for {name}");
    assert_rows(&[
        (&["-m"], &supplied("ns/mnt")),
        (&["-u"], &supplied("ns/uts")),
        (&["-i"], &supplied("ns/ipc")),
        (&["-n"], &supplied("ns/net")),
        (&["-p"], &supplied("ns/pid")),
        (&["-C"], &supplied("ns/cgroup")),
        (&["-U"], &supplied("ns/user")),
        (&["-T"], &supplied("ns/time")),
        (&["-r", "-m", "-w"], &supplied("ns/mnt")),
        (&["-r"], &supplied("root")),
        (&["-w"], &supplied("cwd")),
        (&["-a"], "no target PID specified for --all"),
        (&["-m", "-a", "-r"], "no target PID specified for --all"),
    ]);
    newer_than_theirs((2, 42), "--env, --net-socket, follow");
    assert_rows(&[
        (&["-e"], &supplied("environ")),
        (&["-Sfollow"], &supplied("")),
        (&["-N3"], "no target PID specified"),
        (&["--user-parent"], "no target PID specified"),
        (&["-t1", "-t1"], "option --target may be given only once"),
    ]);
}

scene_test!(what_is_given_is_looked_at_before_the_target);
fn what_is_given_is_looked_at_before_the_target() {
    crate::common::otherwise_since((2, 42), "its words");
    assert_rows(&[
        (&["-u", "-n/no/such"], "cannot open /no/such: No such file or directory"),
        (&["-u", "-r/no/such"], "cannot open /no/such: No such file or directory"),
        (&["-a", "-w/no/such"], "cannot open /no/such: No such file or directory"),
        (&[GONE, "-u", "-m/no/such"], "cannot open /no/such: No such file or directory"),
        (&["-u", "-Snosuch"], "failed to parse uid: 'nosuch'"),
        (&[GONE, "-a", "-Gnosuch"], "failed to parse gid: 'nosuch'"),
        // What a file is shows when it is entered.
        (&["-u", "-n/etc/passwd"], "neither filename nor target pid supplied for ns/uts"),
        (&[GONE, "-u", "-r/etc/passwd"], "cannot open /proc/4194305/ns/uts: No such file or directory"),
        (&["-n/etc/passwd", "-C/etc/passwd"], "reassociate to namespace 'ns/cgroup' failed: Invalid argument"),
        (&["-r/etc/passwd", "-C/etc/passwd"], "reassociate to namespace 'ns/cgroup' failed: Invalid argument"),
    ]);
    let scene = Scene::new();
    let args = ["-n/proc/self/ns/net", "-r/etc/passwd", "true"];
    let outcome = call(&scene, "nsenter", &args).user(crate::common::BOB).run();
    assert_says(&args, &outcome, 1, "nsenter: reassociate to namespace 'ns/net' failed: Operation not permitted");
}

scene_test!(files_and_directories);
fn files_and_directories() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let invalid = |kind: &str| format!("reassociate to namespace 'ns/{kind}' failed: Invalid argument");
    assert_rows(&[
        (&["-m/no/such"], "cannot open /no/such: No such file or directory"),
        (&["--mount="], "cannot open : No such file or directory"),
        (&["-m/etc/passwd"], &invalid("mnt")),
        (&["-m/"], &invalid("mnt")),
        (&["-u/proc/self/ns/net"], &invalid("uts")),
        (&["-U/proc/self/ns/user"], &invalid("user")),
        (&["-r/no/such"], "cannot open /no/such: No such file or directory"),
        (&["-w/no/such"], "cannot open /no/such: No such file or directory"),
        (&["-W/no/such"], "cannot open current working directory: No such file or directory"),
        (&["-r/etc/passwd"], "change directory by root file descriptor failed: Not a directory"),
        (&["-w/etc/passwd"], "change directory by working directory file descriptor failed: Not a directory"),
        (&["-W/etc/passwd"], "change directory by working directory file descriptor failed: Not a directory"),
        (&["-w/", "-W/"], "mutually exclusive arguments: --wdns --wd"),
    ]);
}

scene_test!(a_target_whose_first_thread_has_ended);
fn a_target_whose_first_thread_has_ended() {
    let scene = Scene::new();
    let leaderless = scene.probe(["leaderless"]).leashed().spawn();
    leaderless.expect("ready");
    let target = format!("-t{}", leaderless.pid());
    for (options, what) in [
        (&["-n", "-m"][..], "ns/net"),
        (&["-u", "-C"], "ns/cgroup"),
        (&["-a"], "ns/cgroup"),
        (&["-w", "-n"], "ns/net"),
        (&["-m", "-r"], "ns/mnt"),
        (&["-w"], "cwd"),
    ] {
        let outcome = call(&scene, "nsenter", &[&target]).args(options).args(["true"]).run();
        assert_says(
            &options,
            &outcome,
            1,
            &format!("nsenter: cannot open /proc/<PID>/{what}: No such file or directory"),
        );
    }
}

scene_test!(what_may_not_be_looked_into);
fn what_may_not_be_looked_into() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    let scene = Scene::new();
    let target = format!("-t{}", std::process::id());
    for (options, what) in [
        (&["-a"][..], "stat of /proc/<PID>/ns/user failed"),
        (&["-aU"], "stat of /proc/<PID>/ns/user failed"),
        (&["-n"], "cannot open /proc/<PID>/ns/net"),
        (&["-w", "-m"], "cannot open /proc/<PID>/ns/mnt"),
        (&["-r", "-i", "-u"], "cannot open /proc/<PID>/ns/ipc"),
        (&["-w", "-r"], "cannot open /proc/<PID>/root"),
        (&["-n", "-m"], "cannot open /proc/<PID>/ns/net"),
        (&["-m", "-u", "-C", "-T"], "cannot open /proc/<PID>/ns/cgroup"),
    ] {
        let call = call(&scene, "nsenter", &[&target]).args(options).args(["true"]);
        let outcome = call.user(crate::common::BOB).run();
        assert_says(&options, &outcome, 1, &format!("nsenter: {what}: Permission denied"));
    }
}
