//! New namespaces, the files that keep them, and the clocks of time namespaces.

use crate::common::{ALICE, Ending, Scene, Seen, newer_than_theirs};
use crate::squeeze;

/// Short option, long option, and the names in /proc/PID/ns that change for a program that runs as a child.
const KINDS: [(&str, &str, &[&str]); 8] = [
    ("-m", "--mount", &["mnt"]),
    ("-u", "--uts", &["uts"]),
    ("-i", "--ipc", &["ipc"]),
    ("-n", "--net", &["net"]),
    ("-p", "--pid", &["pid", "pid_for_children"]),
    ("-U", "--user", &["user"]),
    ("-C", "--cgroup", &["cgroup"]),
    ("-T", "--time", &["time", "time_for_children"]),
];

/// Which namespaces of the probe are not those of the scene.
fn changed(scene: &Scene, seen: &Seen) -> Vec<String> {
    let pairs = seen.all("ns").into_iter().map(|line| line.split_once(' ').unwrap());
    pairs.filter(|(name, link)| scene.namespace(name) != *link).map(|(name, _)| name.to_string()).collect()
}

scene_test!(each_option_makes_a_new_namespace_of_its_kind_and_no_other);
fn each_option_makes_a_new_namespace_of_its_kind_and_no_other() {
    let scene = Scene::new();
    for (short, long, names) in KINDS {
        for option in [short, long] {
            let seen = scene.unshare([option, "--fork", "probe", "seen"]).seen();
            assert_eq!(changed(&scene, &seen), names, "{option}");
        }
    }
}

scene_test!(without_an_option_no_namespace_is_new);
fn without_an_option_no_namespace_is_new() {
    let scene = Scene::new();
    assert_eq!(changed(&scene, &scene.unshare(["probe", "seen"]).seen()), [""; 0]);
}

scene_test!(all_kinds_at_once);
fn all_kinds_at_once() {
    let scene = Scene::new();
    let seen = scene.unshare(["-fmuinpUCT", "probe", "seen"]).seen();
    let all = ["cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"];
    assert_eq!(changed(&scene, &seen), all);
}

scene_test!(a_user_without_rights_needs_a_user_namespace);
fn a_user_without_rights_needs_a_user_namespace() {
    let scene = Scene::new();
    let refused = scene.unshare(["-u", "probe", "seen"]).user(ALICE).run();
    refused.says(1, "unshare: unshare failed: Operation not permitted");
    let seen = scene.unshare(["-Uu", "probe", "seen"]).user(ALICE).seen();
    assert_eq!(changed(&scene, &seen), ["user", "uts"]);
}

scene_test!(a_new_pid_namespace_is_for_children_only);
fn a_new_pid_namespace_is_for_children_only() {
    let scene = Scene::new();
    let direct = scene.unshare(["--pid", "probe", "seen"]).seen();
    assert!(!changed(&scene, &direct).contains(&"pid".to_string()));
    assert_eq!(scene.unshare(["--pid", "--fork", "probe", "seen"]).seen().one("pid"), "1");
}

scene_test!(fork_runs_the_program_as_a_child);
fn fork_runs_the_program_as_a_child() {
    let scene = Scene::new();
    for option in ["-f", "--fork", "--kill-child", "--kill-child=TERM"] {
        let process = scene.unshare([option, "probe", "hold"]).leashed().spawn();
        process.expect("ready\n");
        let command = std::fs::read(process.child().proc("cmdline")).unwrap();
        assert_eq!(command, b"probe\0hold\0", "{option}");
    }
    let process = scene.unshare(["probe", "hold"]).leashed().spawn();
    process.expect("ready\n");
    assert_eq!(process.children(), [0; 0]);
}

scene_test!(forward_signals_runs_the_program_as_a_child);
fn forward_signals_runs_the_program_as_a_child() {
    newer_than_theirs((2, 42), "--forward-signals");
    let scene = Scene::new();
    let process = scene.unshare(["--forward-signals", "probe", "hold"]).leashed().spawn();
    process.expect("ready\n");
    assert_eq!(std::fs::read(process.child().proc("cmdline")).unwrap(), b"probe\0hold\0");
}

/// Has each kind kept on a file of its own, while `options` are given as well.
fn kept_on_a_file(kinds: &[(&str, &str, &[&str])], options: &[&str]) {
    let scene = Scene::new();
    for (_, long, names) in kinds {
        let file = scene.file(&long[2..], "");
        let option = format!("{long}={file}");
        let line = options.iter().copied().chain([&*option, "--fork", "probe", "seen"]);
        let seen = scene.unshare(line).on_the_scenes_processor().seen();
        let link = seen.all("ns").into_iter().find_map(|line| line.strip_prefix(names[0])?.strip_prefix(' ')).unwrap();
        let mount = scene.mount_on(&file).unwrap_or_else(|| panic!("{option}: not bound"));
        assert_eq!((&*mount.root, &*mount.fstype), (link, "nsfs"), "{option}");
        scene.call("/bin/umount", [&file]).ok();
        assert_eq!(scene.mount_on(&file), None, "{option}");
    }
}

scene_test!(a_namespace_is_kept_on_a_file);
fn a_namespace_is_kept_on_a_file() {
    let kinds: Vec<_> = KINDS.into_iter().filter(|kind| kind.0 != "-U").collect();
    kept_on_a_file(&kinds, &[]);
}

scene_test!(a_namespace_is_kept_on_a_file_beside_a_new_mount_namespace);
fn a_namespace_is_kept_on_a_file_beside_a_new_mount_namespace() {
    let kinds: Vec<_> = KINDS.into_iter().filter(|kind| kind.0 != "-U").collect();
    kept_on_a_file(&kinds, &["-m"]);
}

scene_test!(a_namespace_is_kept_on_a_file_beside_a_new_user_namespace);
fn a_namespace_is_kept_on_a_file_beside_a_new_user_namespace() {
    newer_than_theirs((2, 42), "namespace files beside --user");
    kept_on_a_file(&KINDS, &["-r"]);
}

scene_test!(a_user_namespace_is_kept_on_a_file);
fn a_user_namespace_is_kept_on_a_file() {
    newer_than_theirs((2, 42), "--user=FILE");
    kept_on_a_file(&KINDS[5..6], &[]);
}

scene_test!(several_kinds_are_kept_without_a_child_too);
fn several_kinds_are_kept_without_a_child_too() {
    let scene = Scene::new();
    let files = ["mount", "uts", "ipc", "net", "cgroup", "time"].map(|name| (name, scene.file(name, "")));
    let options = files.iter().map(|(name, file)| format!("--{name}={file}"));
    scene.unshare(options.chain(["true".to_string()])).on_the_scenes_processor().ok();
    for (name, file) in files {
        let root = scene.mount_on(&file).unwrap().root;
        let kind = if name == "mount" { "mnt" } else { name };
        assert!(root.starts_with(&format!("{kind}:[")), "{name}: {root}");
        assert_ne!(root, scene.namespace(kind));
    }
}

scene_test!(a_kept_uts_namespace_survives_and_umount_ends_it);
fn a_kept_uts_namespace_survives_and_umount_ends_it() {
    let scene = Scene::new();
    let file = scene.file("uts", "");
    scene.unshare([&format!("--uts={file}"), "hostname", "kept"]).ok();
    let option = format!("--uts={file}");
    assert_eq!(scene.call("/usr/bin/nsenter", [&*option, "hostname"]).ok(), "kept\n");
    scene.call("/bin/umount", [&file]).ok();
    let gone = scene.call("/usr/bin/nsenter", [&*option, "hostname"]).run();
    assert_eq!(gone.ending, Ending::Exited(1));
}

scene_test!(a_relative_file_is_relative_to_the_callers_directory);
fn a_relative_file_is_relative_to_the_callers_directory() {
    let scene = Scene::new();
    let file = scene.file("net", "");
    scene.unshare(["--net=net", "--wd=/", "true"]).ok();
    assert!(scene.mount_on(&file).unwrap().root.starts_with("net:["));
}

scene_test!(a_file_of_the_long_option_is_attached_only);
fn a_file_of_the_long_option_is_attached_only() {
    let scene = Scene::new();
    let file = scene.program("uts", "#!/bin/sh\necho an operand\n");
    assert_eq!(scene.unshare(["--uts", &file]).ok(), "an operand\n");
    assert_eq!(scene.mount_on(&file), None);
}

scene_test!(a_pid_namespace_is_kept_only_with_a_child_in_it);
fn a_pid_namespace_is_kept_only_with_a_child_in_it() {
    let scene = Scene::new();
    let file = scene.file("pid", "");
    let outcome = scene.unshare([&*format!("--pid={file}"), "echo", "ran"]).run();
    outcome.failed("unshare", 1, &[]);
    assert_eq!(scene.mount_on(&file), None);
}

scene_test!(clocks_are_offset_in_a_new_time_namespace);
fn clocks_are_offset_in_a_new_time_namespace() {
    let scene = Scene::new();
    for (options, expected) in [
        (&["--boottime", "300000000"][..], "monotonic 0 0; boottime 300000000 0"),
        (&["--monotonic", "300000000"], "monotonic 300000000 0; boottime 0 0"),
        (&["--monotonic", "5", "--boottime=7"], "monotonic 5 0; boottime 7 0"),
        (&["--monotonic", "-1"], "monotonic -1 0; boottime 0 0"),
    ] {
        let line = ["-T", "--fork"].iter().chain(options).chain(&["cat", "/proc/self/timens_offsets"]);
        assert_eq!(squeeze(&scene.unshare(line).ok()), expected, "{options:?}");
    }
}

scene_test!(uptime_shows_the_offset_of_the_boot_clock);
fn uptime_shows_the_offset_of_the_boot_clock() {
    let scene = Scene::new();
    let uptime = scene.unshare(["-T", "--fork", "--boottime", "300000000", "cat", "/proc/uptime"]).ok();
    let seconds: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    assert!(seconds >= 300000000.0, "{uptime}");
}

scene_test!(an_offset_needs_a_new_time_namespace);
fn an_offset_needs_a_new_time_namespace() {
    crate::common::otherwise_since((2, 42), "its words");
    let scene = Scene::new();
    for option in ["--monotonic", "--boottime"] {
        let outcome = scene.unshare([option, "1", "echo", "ran"]).run();
        outcome.says(1, "unshare: options --monotonic and --boottime require unsharing of a time namespace (-t)");
    }
}

scene_test!(a_clock_may_not_become_negative);
fn a_clock_may_not_become_negative() {
    let scene = Scene::new();
    let outcome = scene.unshare(["-T", "--boottime=-4000000000", "echo", "ran"]).run();
    outcome.says(1, "unshare: failed to write to /proc/self/timens_offsets: Numerical result out of range");
}

scene_test!(the_time_namespace_kept_without_a_child_is_the_offset_one);
fn the_time_namespace_kept_without_a_child_is_the_offset_one() {
    let scene = Scene::new();
    let file = scene.file("time", "");
    let keep = format!("--time={file}");
    scene.unshare([&*keep, "--boottime=300000000", "true"]).ok();
    assert_ne!(scene.mount_on(&file).unwrap().root, scene.namespace("time"));
    let enter = [&*keep, "cat", "/proc/uptime"];
    let uptime = scene.call("/usr/bin/nsenter", enter).ok();
    let seconds: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    assert!(seconds > 300_000_000.0, "{uptime}");
}
