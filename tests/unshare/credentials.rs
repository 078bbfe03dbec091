//! Who the program is, and what it may.

use std::fs::File;

use crate::common::{ALICE, Process, Scene, copy_to_run, newer_than_theirs, on_purpose, probe};

scene_test!(setuid_and_setgid_change_all_three_ids_and_drop_the_groups);
fn setuid_and_setgid_change_all_three_ids_and_drop_the_groups() {
    let scene = Scene::new();
    for options in [["-S", "1001", "-G", "1002"], ["--setuid", "1001", "--setgid", "1002"]] {
        let seen = scene.unshare(options).args(["probe", "seen"]).groups(&[50, 60]).seen();
        assert_eq!(seen.one("uid"), "1001 1001 1001");
        assert_eq!(seen.one("gid"), "1002 1002 1002");
        assert_eq!(seen.one("groups"), "");
    }
}

scene_test!(setuid_alone_leaves_the_groups);
fn setuid_alone_leaves_the_groups() {
    let scene = Scene::new();
    let seen = scene.unshare(["-S1001", "probe", "seen"]).groups(&[50, 60]).seen();
    assert_eq!([seen.one("uid"), seen.one("gid"), seen.one("groups")], ["1001 1001 1001", "0 0 0", "50 60"]);
}

scene_test!(setgid_alone_leaves_the_user);
fn setgid_alone_leaves_the_user() {
    let scene = Scene::new();
    let seen = scene.unshare(["-G1001", "probe", "seen"]).groups(&[50, 60]).seen();
    assert_eq!([seen.one("uid"), seen.one("gid"), seen.one("groups")], ["0 0 0", "1001 1001 1001", ""]);
}

scene_test!(ids_are_those_of_the_new_user_namespace);
fn ids_are_those_of_the_new_user_namespace() {
    let scene = Scene::new();
    let line = ["--map-auto", "-S", "7", "-G", "8", "probe", "seen"];
    let process = scene.unshare(["--map-auto", "-S", "7", "-G", "8", "probe", "hold"]).user(ALICE).leashed().spawn();
    process.expect("ready\n");
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    assert!(status.contains("\nUid:\t100007\t100007\t100007\t100007\n"), "{status}");
    assert!(status.contains("\nGid:\t100008\t100008\t100008\t100008\n"), "{status}");
    let seen = scene.unshare(line).user(ALICE).seen();
    assert_eq!([seen.one("uid"), seen.one("gid")], ["7 7 7", "8 8 8"]);
}

scene_test!(names_are_those_of_outside);
fn names_are_those_of_outside() {
    crate::common::needs_root("setgroups(2)");
    on_purpose("theirs takes numbers only");
    let scene = Scene::new();
    for options in [&["-S", "alice", "-G", "staff"][..], &["--setuid=alice", "--setgid=staff"]] {
        let seen = scene.unshare(options).args(["probe", "seen"]).seen();
        assert_eq!([seen.one("uid"), seen.one("gid")], ["1001 1001 1001", "50 50 50"]);
    }
    // The passwd file of inside is not asked.
    let root = scene.subdirectory("root");
    scene.subdirectory("root/etc");
    scene.file("root/etc/passwd", "alice:x:7:7::/:\n");
    copy_to_run(&probe(), &scene.path("root/probe"));
    let seen = scene.unshare(["-R", &root, "-S", "alice", "/probe", "seen"]).seen();
    assert_eq!(seen.one("uid"), "1001 1001 1001");
}

scene_test!(ids_that_say_nothing);
fn ids_that_say_nothing() {
    let scene = Scene::new();
    for option in ["--setuid=nosuch", "--setgid=-1", "-Sx", "-G"] {
        let outcome = scene.unshare([option]).run();
        outcome.failed("unshare", 1, &[]);
    }
}

/// The probe's capabilities: ambient first.
fn capabilities(scene: &Scene, options: &[&str]) -> (String, String) {
    let seen = scene.unshare(options).args(["probe", "seen"]).user(ALICE).seen();
    let caps = seen.all("caps").join(" ");
    let words: Vec<&str> = caps.split(' ').collect();
    let of = |name: &str| words[words.iter().position(|word| *word == name).unwrap() + 1].to_string();
    (of("ambient"), of("effective"))
}

scene_test!(capabilities_are_lost_without_keep_caps);
fn capabilities_are_lost_without_keep_caps() {
    let scene = Scene::new();
    assert_eq!(capabilities(&scene, &["-c"]), ("0".into(), "0".into()));
}

scene_test!(keep_caps_leaves_them_all_to_a_program_of_an_ordinary_user);
fn keep_caps_leaves_them_all_to_a_program_of_an_ordinary_user() {
    let scene = Scene::new();
    let last: u32 = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").unwrap().trim().parse().unwrap();
    let all = format!("{:x}", (1u64 << (last + 1)) - 1);
    let kept = capabilities(&scene, &["-c", "--keep-caps"]);
    // The bounding set of the machine may lack some.
    let bounding = scene.probe(["seen"]).user(ALICE).seen();
    let bounding = bounding.all("caps")[1].rsplit(' ').next().unwrap().to_string();
    assert!(kept == (bounding.clone(), bounding) || kept == (all.clone(), all), "{kept:?}");
}

scene_test!(keep_caps_without_a_user_namespace_does_nothing);
fn keep_caps_without_a_user_namespace_does_nothing() {
    let scene = Scene::new();
    assert_eq!(capabilities(&scene, &["--keep-caps"]), ("0".into(), "0".into()));
}

/// The owner of the user namespace that a process is in.
fn owner(process: &Process) -> u32 {
    let namespace = File::open(format!("/proc/{}/ns/user", process.pid())).unwrap();
    nskit::internals::sys::nsfs::owner_uid(namespace).unwrap()
}

scene_test!(the_user_namespace_belongs_to_its_maker);
fn the_user_namespace_belongs_to_its_maker() {
    let scene = Scene::new();
    for (user, uid) in [(ALICE, 1001), (crate::common::ROOT, 0)] {
        let process = scene.unshare(["-r", "probe", "hold"]).user(user).leashed().spawn();
        process.expect("ready\n");
        assert_eq!(owner(&process), uid);
    }
}

scene_test!(owner_gives_the_user_namespace_to_another);
fn owner_gives_the_user_namespace_to_another() {
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 42), "--owner");
    let scene = Scene::new();
    for (options, uid_map) in
        [(&["--owner", "1000:1000", "-r"][..], "         0          0          1\n"), (&["--owner=1000:1000"], "")]
    {
        let process = scene.unshare(options).args(["probe", "hold"]).leashed().spawn();
        process.expect("ready\n");
        assert_eq!(owner(&process), 1000);
        let map = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", process.pid())).unwrap();
        assert_eq!([map("uid_map"), map("gid_map")], [uid_map, uid_map]);
        assert_eq!(map("setgroups"), "allow\n");
    }
}

scene_test!(owner_is_a_pair_of_numbers);
fn owner_is_a_pair_of_numbers() {
    crate::common::otherwise_since((2, 42), "it has no hints");
    newer_than_theirs((2, 42), "--owner");
    let scene = Scene::new();
    for option in ["--owner=1000", "--owner=alice:alice", "--owner=1:2:3", "--owner=:"] {
        let outcome = scene.unshare([option, "echo", "ran"]).run();
        let below = outcome.says(1, "unshare: failed to parse owner");
        assert_eq!(below, ["unshare: hint: --owner takes UID:GID"], "{option}");
    }
}

scene_test!(a_user_without_rights_cannot_make_another_the_owner);
fn a_user_without_rights_cannot_make_another_the_owner() {
    newer_than_theirs((2, 42), "--owner");
    let scene = Scene::new();
    let outcome = scene.unshare(["--owner=1002:1002", "echo", "ran"]).user(ALICE).run();
    outcome.failed("unshare", 1, &["Operation not permitted"]);
}
