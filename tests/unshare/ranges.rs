//! `--map-users=ranges` and its kin, and the subordinate ids that only a name service knows.

use crate::common::{ALICE, Call, ROOT, Scene, User, needs_root, on_purpose, skip};
use crate::squeeze;

fn only_ours() {
    on_purpose("theirs has no such option, and reads the files only");
}

/// uid_map and gid_map of a program that is run with these options.
fn maps(scene: &Scene, user: User, options: &[&str]) -> [String; 2] {
    let script = "cat /proc/self/uid_map; echo --; cat /proc/self/gid_map";
    let output = scene.unshare(options).args(["/bin/sh", "-c", script]).user(user).ok();
    let (users, groups) = output.split_once("--\n").unwrap();
    [squeeze(users), squeeze(groups)]
}

scene_test!(all_blocks_of_the_file_follow_one_another_from_0);
fn all_blocks_of_the_file_follow_one_another_from_0() {
    only_ours();
    let scene = Scene::new();
    let both = "0 100000 65536; 65536 700000 10";
    for (options, users, groups) in [
        (&["--map-ranges"][..], both, both),
        (&["--map-users=ranges"], both, ""),
        (&["--map-groups", "ranges"], "", both),
        (
            &["--map-ranges", "-r"],
            "0 1001 1; 1 100000 65536; 65537 700000 10",
            "0 1001 1; 1 100000 65536; 65537 700000 10",
        ),
        (
            &["--map-users=ranges", "--map-user=65540"],
            "65540 1001 1; 0 100000 65536; 65536 700000 4; 65541 700004 6",
            "",
        ),
    ] {
        assert_eq!(maps(&scene, ALICE, options), [users, groups], "{options:?}");
    }
}

scene_test!(lines_by_name_and_by_number_count_in_the_order_of_the_file);
fn lines_by_name_and_by_number_count_in_the_order_of_the_file() {
    only_ours();
    needs_root("ids of other users");
    let scene = Scene::new();
    let text = "0:600000:7\nalice:1:1\nroot:500000:3\n0:900000:1\nroot:bad:1\n";
    std::fs::write(scene.path("etc/subuid"), text).unwrap();
    let [users, _] = maps(&scene, ROOT, &["--map-users=ranges"]);
    assert_eq!(users, "0 600000 7; 7 500000 3; 10 900000 1");
    // What stands before and behind adds up.
    let options = ["--map-users=100:0:1", "--map-users=ranges", "--map-users=200:2000:1"];
    assert_eq!(maps(&scene, ROOT, &options)[0], "100 0 1; 0 600000 7; 7 500000 3; 10 900000 1; 200 2000 1");
}

scene_test!(ranges_and_what_is_in_them_exclude_each_other);
fn ranges_and_what_is_in_them_exclude_each_other() {
    only_ours();
    let scene = Scene::new();
    let kept = scene.file("kept", "");
    let keep = format!("--uts={kept}");
    for (options, one, other) in [
        (&["--map-ranges", "--map-auto"][..], "--map-users=ranges", "--map-users=auto"),
        (&["--map-users=subids", "--map-users=ranges"], "--map-users=ranges", "--map-users=subids"),
        (&["--map-groups=ranges", "--map-groups=all"], "--map-groups=ranges", "--map-groups=all"),
        (&["--map-groups=auto", "--map-ranges"], "--map-groups=ranges", "--map-groups=auto"),
    ] {
        let outcome = scene.unshare([&*keep]).args(options).args(["echo", "ran"]).run();
        let below = outcome.says(1, &format!("unshare: options {one} and {other} are mutually exclusive"));
        assert_eq!(below, ["unshare: hint: both map ids of the same blocks, and the kernel takes each id once"]);
        assert_eq!(scene.mount_on(&kept), None);
    }
    // Users and groups are decided apart.
    let [users, groups] = maps(&scene, ALICE, &["--map-users=ranges", "--map-groups=auto"]);
    assert_eq!([&*users, &*groups], ["0 100000 65536; 65536 700000 10", "0 100000 65536"]);
}

scene_test!(more_blocks_than_a_map_has_lines_are_refused);
fn more_blocks_than_a_map_has_lines_are_refused() {
    only_ours();
    let scene = Scene::new();
    let text: String = (0..341).map(|at| format!("root:{at}:1\n")).collect();
    std::fs::write(scene.path("etc/subuid"), &text).unwrap();
    let outcome = scene.unshare(["--map-users=ranges", "echo", "ran"]).run();
    let line =
        "unshare: the uid_map would have 341 lines and 3190 bytes; the kernel takes at most 340 lines and 4095 bytes";
    outcome.says(1, line);
    // The first of them alone does not mind the others.
    needs_root("ids of other users");
    assert_eq!(maps(&scene, ROOT, &["--map-users=auto"])[0], "0 0 1");
}

/// A scene in which the files have no line for root, and this script is run for getsubids.
fn with_getsubids(script: &str) -> Scene {
    needs_root("ids of other users");
    let scene = Scene::new();
    let place = "/usr/bin/getsubids";
    if !std::path::Path::new(place).exists() {
        skip("there is no getsubids here to put another one over");
    }
    std::fs::write(scene.path("etc/subuid"), "alice:100000:65536\n").unwrap();
    std::fs::write(scene.path("etc/subgid"), "alice:100000:65536\n").unwrap();
    let here = scene.directory().display();
    let getsubids = scene.program("planted", &format!("#!/bin/sh\nhere={here}\necho \"$*\" >>$here/asked\n{script}\n"));
    scene.mount(["--bind", &getsubids, place]);
    scene
}

/// What it was asked, and forgets it.
fn asked(scene: &Scene) -> String {
    let asked = std::fs::read_to_string(scene.path("asked")).unwrap_or_default();
    let _ = std::fs::remove_file(scene.path("asked"));
    asked
}

/// Blocks of users and, others, of groups.
const ANSWERS: &str = "case $1 in
    -g) echo '0: root 800000 10'; echo '1: root 20 5';;
    *) echo '0: root 700000 10'; echo '1: root 10 5';;
esac";

scene_test!(getsubids_is_asked_where_the_file_has_no_line);
fn getsubids_is_asked_where_the_file_has_no_line() {
    only_ours();
    let scene = with_getsubids(ANSWERS);
    for (options, users, groups, questions) in [
        (&["--map-ranges"][..], "0 700000 10; 10 10 5", "0 800000 10; 10 20 5", "root\n-g root\n"),
        (&["--map-auto"], "0 700000 10", "0 800000 10", "root\n-g root\n"),
        (&["--map-users=subids"], "700000 700000 10", "", "root\n"),
        (&["--map-groups=auto", "--map-users=0:0:1"], "0 0 1", "0 800000 10", "-g root\n"),
    ] {
        assert_eq!(maps(&scene, ROOT, options), [users, groups], "{options:?}");
        assert_eq!(asked(&scene), questions, "{options:?}");
    }
    // With a line in the file it is not.
    std::fs::write(scene.path("etc/subuid"), "root:5:5\n").unwrap();
    assert_eq!(maps(&scene, ROOT, &["--map-users=ranges"])[0], "0 5 5");
    assert_eq!(maps(&scene, ROOT, &["-r"])[0], "0 0 1");
    assert_eq!(asked(&scene), "");
}

scene_test!(getsubids_is_asked_where_there_is_no_file);
fn getsubids_is_asked_where_there_is_no_file() {
    only_ours();
    let scene = with_getsubids(ANSWERS);
    let empty = scene.subdirectory("empty");
    scene.call("/bin/cp", ["etc/passwd", "empty/passwd"]).ok();
    scene.mount(["--bind", &empty, "/etc"]);
    assert_eq!(maps(&scene, ROOT, &["--map-users=auto"])[0], "0 700000 10");
    scene.mount(["--bind", "/bin/false", "/usr/bin/getsubids"]);
    let outcome = scene.unshare(["--map-users=auto", "echo", "ran"]).run();
    outcome.says(1, "unshare: could not open '/etc/subuid': No such file or directory");
}

/// With all that a caller, or where the call is made, could have getsubids be another program by or give away.
fn misled(scene: &Scene, call: Call) -> Call {
    let trap = scene.subdirectory("trap");
    scene.program("trap/getsubids", &format!("#!/bin/sh\necho sprung >>{}\n", scene.text("asked")));
    let null = || std::fs::File::open("/dev/null").unwrap();
    call.directory(&trap)
        .env("PATH", format!("{trap}:/usr/bin:/bin"))
        .env("LD_PRELOAD", format!("{trap}/library.so"))
        .env("ENV", format!("{trap}/getsubids"))
        .given(9, null())
        .given(77, null())
}

scene_test!(getsubids_gets_nothing_of_the_callers);
fn getsubids_gets_nothing_of_the_callers() {
    only_ours();
    crate::common::needs_no_loader("it takes LD_PRELOAD for its own, and says that there is no such file");
    // What it is started with, as /proc tells it: a shell sets variables of its own, and opens its script.
    let record = "{ echo environment $(tr '\\0' ' ' </proc/$$/environ); readlink /proc/$$/cwd /proc/$$/ns/user
        head -c 1 | wc -c; } >>$here/record; echo /proc/$$/fd/* >>$here/fds; echo '0: root 700000 10'";
    let scene = with_getsubids(record);
    let call = misled(&scene, scene.unshare(["--map-users=auto", &scene.text("bin/probe"), "seen"]));
    let seen = call.blocking(libc::SIGCHLD).seen();
    assert_eq!(asked(&scene), "root\n");
    // Before there is a new user namespace.
    let recorded = std::fs::read_to_string(scene.path("record")).unwrap();
    assert_eq!(recorded, format!("environment\n/\n{}\n0\n", scene.namespace("user")));
    let fds = std::fs::read_to_string(scene.path("fds")).unwrap();
    let fds: Vec<_> = fds.split_whitespace().map(|fd| fd.rsplit('/').next().unwrap()).collect();
    assert!(fds.contains(&"0") && !fds.contains(&"9") && !fds.contains(&"77"), "{fds:?}");
    // The program has what is the caller's, and no trace of getsubids.
    let files: Vec<_> = seen.all("file").into_iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert!(files.contains(&"9") && files.contains(&"77"), "{files:?}");
    assert_eq!(seen.all("pending"), [""; 0]);
}

scene_test!(where_getsubids_fails_the_line_is_that_of_the_file);
fn where_getsubids_fails_the_line_is_that_of_the_file() {
    only_ours();
    for script in [
        "echo Error fetching ranges; exit 1",
        "echo '0: root 700000 10'; exit 1",
        "echo '0: root 700000 10'; kill -KILL $$",
        "",
        "echo root 700000 10; echo '0: root 1 4294967295'; echo '0: root -1 5'",
        // It says something, and does not end.
        "echo '0: root 700000 10'; exec >&-; exec sleep 1000",
    ] {
        let scene = with_getsubids(script);
        for option in ["--map-users=ranges", "--map-auto"] {
            let outcome = scene.unshare([option, "echo", "ran"]).run();
            outcome.says(1, "unshare: no line matching user \"root\" in /etc/subuid: Success");
            assert_eq!(asked(&scene), "root\n", "{script}");
            if script.contains("sleep") {
                break;
            }
        }
    }
}

scene_test!(a_caller_that_ignores_its_children_gets_the_answer);
fn a_caller_that_ignores_its_children_gets_the_answer() {
    only_ours();
    let scene = with_getsubids(ANSWERS);
    let call = scene.unshare(["--map-users=ranges", "cat", "/proc/self/uid_map"]).ignoring(libc::SIGCHLD);
    assert_eq!(squeeze(&call.ok()), "0 700000 10; 10 10 5");
}

scene_test!(an_answer_without_end_is_refused);
fn an_answer_without_end_is_refused() {
    only_ours();
    for script in [
        "i=0; while [ $i -le 340 ]; do echo \"$i: root $i 1\"; i=$((i + 1)); done",
        "yes '0: root 700000 10'",
        "exec cat /dev/zero",
    ] {
        let scene = with_getsubids(script);
        let outcome = scene.unshare(["--map-users=auto", "echo", "ran"]).run();
        outcome.says(1, "unshare: getsubids lists more than 340 blocks of subordinate ids for \"root\"");
    }
}
