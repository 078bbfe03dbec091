//! Mounts of a new mount namespace, proc and binfmt_misc, root and working directory.

use crate::common::{ALICE, Call, Mount, Process, Scene, copy_to_run, mount_on, newer_than_theirs, probe, skip};

/// What a process sees mounted on a path.
fn mount_seen_by(process: &Process, path: &str) -> Option<Mount> {
    mount_on(&std::fs::read_to_string(format!("/proc/{}/mountinfo", process.pid())).unwrap(), path)
}

/// A probe that waits in a new mount namespace.
fn inside(scene: &Scene, options: &[&str]) -> Process {
    let process = scene.unshare(options.iter().copied().chain(["probe", "hold"])).leashed().spawn();
    process.expect("ready\n");
    process
}

const MODES: [(&str, &[&str]); 5] = [
    ("private", &["-m"]),
    ("private", &["-m", "--propagation", "private"]),
    ("shared", &["-m", "--propagation", "shared"]),
    ("slave", &["-m", "--propagation=slave"]),
    ("unchanged", &["-m", "--propagation=unchanged"]),
];

scene_test!(propagation_of_the_root_is_as_asked);
fn propagation_of_the_root_is_as_asked() {
    let scene = Scene::new();
    for (before, after) in [
        (
            "--make-rprivate",
            [("private", "private"), ("shared", "shared"), ("slave", "private"), ("unchanged", "private")],
        ),
        ("--make-rshared", [("private", "private"), ("shared", "shared"), ("slave", "slave"), ("unchanged", "shared")]),
    ] {
        scene.mount([before, "/"]);
        for (mode, options) in MODES {
            let expected = after.iter().find(|(name, _)| *name == mode).unwrap().1;
            let process = inside(&scene, options);
            for path in ["/", "/proc"] {
                let found = mount_seen_by(&process, path).unwrap().propagation;
                assert_eq!(found, expected, "{before}, then {options:?}: {path}");
            }
        }
    }
}

scene_test!(propagation_decides_which_mounts_pass);
fn propagation_decides_which_mounts_pass() {
    let scene = Scene::new();
    scene.mount(["--make-rshared", "/"]);
    let place = scene.subdirectory("place");
    for (mode, options) in MODES {
        let process = inside(&scene, options);
        scene.mount(["-t", "tmpfs", "outer", &place]);
        let inwards = mount_seen_by(&process, &place).is_some();
        scene.call("/bin/umount", [&place]).ok();
        assert_eq!(inwards, mode != "private", "{options:?}");

        let line = options.iter().copied().chain(["mount", "-t", "tmpfs", "inner", &place]);
        scene.unshare(line).ok();
        let outwards = scene.mount_on(&place).is_some();
        if outwards {
            scene.call("/bin/umount", [&place]).ok();
        }
        assert_eq!(outwards, matches!(mode, "shared" | "unchanged"), "{options:?}");
    }
}

scene_test!(propagation_without_a_mount_namespace_does_nothing);
fn propagation_without_a_mount_namespace_does_nothing() {
    let scene = Scene::new();
    let before = scene.mountinfo();
    scene.unshare(["--propagation", "shared", "true"]).ok();
    assert_eq!(scene.mountinfo(), before);
}

scene_test!(unknown_propagation_is_refused);
fn unknown_propagation_is_refused() {
    let scene = Scene::new();
    scene
        .unshare(["-m", "--propagation=public", "echo", "ran"])
        .run()
        .says(1, "unshare: unsupported propagation mode: public");
}

/// What a new proc is mounted as.
fn new_proc() -> Mount {
    Mount {
        root: "/".into(),
        options: "rw,nosuid,nodev,noexec,relatime".into(),
        propagation: "private".into(),
        fstype: "proc".into(),
        source: "proc".into(),
    }
}

scene_test!(mount_proc_shows_the_new_pid_namespace);
fn mount_proc_shows_the_new_pid_namespace() {
    let scene = Scene::new();
    for options in [&["--mount-proc"][..], &["--mount-proc=/proc"]] {
        let line = ["--fork", "--pid"].iter().chain(options).chain(&["readlink", "/proc/self"]);
        assert_eq!(scene.unshare(line).ok(), "1\n");
        let line = ["--fork", "--pid"].iter().chain(options).chain(&["cat", "/proc/self/mountinfo"]);
        let mountinfo = scene.unshare(line).ok();
        assert_eq!(mount_on(&mountinfo, "/proc"), Some(new_proc()));
    }
}

scene_test!(mount_proc_implies_a_mount_namespace);
fn mount_proc_implies_a_mount_namespace() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = Scene::new();
    let before = scene.mountinfo();
    let namespace = scene.unshare(["--mount-proc", "readlink", "/proc/self/ns/mnt"]).ok();
    assert_ne!(namespace.trim(), scene.namespace("mnt"));
    assert_eq!(scene.mountinfo(), before);
}

scene_test!(mount_proc_goes_where_it_is_told);
fn mount_proc_goes_where_it_is_told() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = Scene::new();
    let place = scene.subdirectory("place");
    let mountinfo = scene.unshare([&*format!("--mount-proc={place}"), "cat", "/proc/self/mountinfo"]).ok();
    assert_eq!(mount_on(&mountinfo, &place), Some(new_proc()));
}

scene_test!(a_new_proc_never_appears_outside);
fn a_new_proc_never_appears_outside() {
    let scene = Scene::new();
    scene.mount(["--make-rshared", "/"]);
    for (_, options) in MODES {
        let before = scene.mountinfo();
        let line = options.iter().copied().chain(["-fp", "--mount-proc", "readlink", "/proc/self"]);
        assert_eq!(scene.unshare(line).ok(), "1\n");
        assert_eq!(scene.mountinfo(), before, "{options:?}");
    }
}

scene_test!(only_the_place_of_the_new_proc_is_made_private);
fn only_the_place_of_the_new_proc_is_made_private() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = Scene::new();
    scene.mount(["--make-rshared", "/"]);
    let line = ["--propagation=unchanged", "--mount-proc", "cat", "/proc/self/mountinfo"];
    let mountinfo = scene.unshare(line).ok();
    assert_eq!(mount_on(&mountinfo, "/").unwrap().propagation, "shared");
    assert_eq!(mount_on(&mountinfo, "/proc"), Some(new_proc()));
}

scene_test!(a_directory_that_is_no_mount_point_takes_a_proc_too);
fn a_directory_that_is_no_mount_point_takes_a_proc_too() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = Scene::new();
    let place = scene.subdirectory("place");
    let line = ["--propagation=slave", &*format!("--mount-proc={place}"), "cat", "/proc/self/mountinfo"];
    let mountinfo = scene.unshare(line).ok();
    assert_eq!(mount_on(&mountinfo, &place).unwrap().fstype, "proc");
}

scene_test!(mount_proc_of_an_ordinary_user);
fn mount_proc_of_an_ordinary_user() {
    let scene = Scene::new();
    let line = ["-r", "-fp", "--mount-proc", "readlink", "/proc/self"];
    assert_eq!(scene.unshare(line).user(ALICE).ok(), "1\n");
}

/// A directory to change the root to: the probe, and places to mount on.
fn root(scene: &Scene) -> String {
    let root = scene.subdirectory("root");
    for directory in ["proc", "a/b", "tools"] {
        scene.subdirectory(&format!("root/{directory}"));
    }
    copy_to_run(&probe(), &scene.path("root/tools/probe"));
    root
}

scene_test!(root_changes_the_root_directory_and_the_working_directory);
fn root_changes_the_root_directory_and_the_working_directory() {
    let scene = Scene::new();
    let root = root(&scene);
    for options in [["-R", &root], ["--root", &root]] {
        assert_eq!(scene.unshare(options).args(["/tools/probe", "seen"]).seen().one("cwd"), "/");
    }
}

scene_test!(the_program_is_looked_up_in_the_new_root);
fn the_program_is_looked_up_in_the_new_root() {
    let scene = Scene::new();
    let root = root(&scene);
    scene.unshare(["-R", &root, "probe", "seen"]).env("PATH", "/tools").ok();
    let outcome = scene.unshare(["-R", &root, "probe", "seen"]).run();
    outcome.says(127, "unshare: failed to execute probe: No such file or directory");
}

scene_test!(wd_changes_the_working_directory_inside_the_new_root);
fn wd_changes_the_working_directory_inside_the_new_root() {
    let scene = Scene::new();
    let root = root(&scene);
    for options in [["-R", &root, "-w", "/a/b"], ["-R", &root, "--wd", "a/b/"]] {
        // A relative one starts where the caller stood, who is out of reach by then.
        let relative = options[3] == "a/b/";
        let call = scene.unshare(options).args(["/tools/probe", "seen"]);
        let call = if relative { call.directory(&root) } else { call };
        assert_eq!(call.seen().one("cwd"), "/a/b");
    }
    let place = scene.subdirectory("place");
    assert_eq!(scene.unshare(["-w", &place, "probe", "seen"]).seen().one("cwd"), place);
    assert_eq!(scene.unshare(["--wd=place", "probe", "seen"]).seen().one("cwd"), place);
}

scene_test!(proc_is_mounted_inside_the_new_root);
fn proc_is_mounted_inside_the_new_root() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = Scene::new();
    let root = root(&scene);
    for mode in ["private", "slave", "unchanged"] {
        let option = format!("--propagation={mode}");
        let line = [&*option, "-R", &root, "--mount-proc", "/tools/probe", "seen"];
        let seen = scene.unshare(line).seen();
        assert!(seen.all("ns").iter().any(|line| line.starts_with("mnt mnt:[")), "{mode}: {seen:?}");
        assert_eq!(scene.mount_on(&format!("{root}/proc")), None);
    }
}

/// The text that has files with this magic run by this interpreter.
fn registration(interpreter: &str, flags: &str) -> String {
    format!(":nskit:M::nskit-magic::{interpreter}:{flags}")
}

/// Skips the test unless the kernel has binfmt_misc for user namespaces (Linux 6.7).
fn needs_binfmt() {
    if !std::fs::read_to_string("/proc/filesystems").unwrap().contains("\tbinfmt_misc\n") {
        skip("the kernel has no binfmt_misc");
    }
}

scene_test!(mount_binfmt_mounts_a_new_binfmt_misc_and_proc);
fn mount_binfmt_mounts_a_new_binfmt_misc_and_proc() {
    newer_than_theirs((2, 40), "--mount-binfmt");
    needs_binfmt();
    let scene = Scene::new();
    for user in [crate::common::ROOT, ALICE] {
        let mountinfo = scene.unshare(["-r", "-fp", "--mount-binfmt", "cat", "/proc/self/mountinfo"]).user(user).ok();
        let binfmt = Mount { fstype: "binfmt_misc".into(), source: "binfmt_misc".into(), ..new_proc() };
        assert_eq!(mount_on(&mountinfo, "/proc/sys/fs/binfmt_misc"), Some(binfmt));
        assert_eq!(mount_on(&mountinfo, "/proc"), Some(new_proc()));
    }
}

scene_test!(mount_binfmt_on_a_directory_mounts_no_proc);
fn mount_binfmt_on_a_directory_mounts_no_proc() {
    crate::common::otherwise_since((2, 42), "--mount-binfmt=DIR mounts a proc");
    newer_than_theirs((2, 40), "--mount-binfmt");
    needs_binfmt();
    let scene = Scene::new();
    let place = scene.subdirectory("place");
    let option = format!("--mount-binfmt={place}");
    let before = mount_on(&scene.mountinfo(), "/proc");
    let register = registration("/bin/true", "");
    for options in [vec![&*option], vec![&option, "-l", &register], vec!["-l", &register, &option]] {
        let mountinfo = scene.unshare(["-r"]).args(&options).args(["cat", "/proc/self/mountinfo"]).ok();
        assert_eq!(mount_on(&mountinfo, &place).unwrap().fstype, "binfmt_misc", "{options:?}");
        assert_eq!(mount_on(&mountinfo, "/proc"), before, "{options:?}");
    }
}

scene_test!(load_interp_registers_an_interpreter);
fn load_interp_registers_an_interpreter() {
    newer_than_theirs((2, 40), "--load-interp");
    needs_binfmt();
    let scene = Scene::new();
    let interpreter = scene.program("interpreter", "#!/bin/sh\necho interpreted: \"${1##*/}\"\n");
    let program = scene.program("program", "nskit-magic\n");
    let register = registration(&interpreter, "");
    for options in [["-l", &*register], ["--load-interp", &*register]] {
        let line = ["-r", "-fp"].iter().chain(&options).copied().chain([&*program]);
        assert_eq!(scene.unshare(line).user(ALICE).ok(), "interpreted: program\n");
    }
}

scene_test!(an_interpreter_that_is_opened_at_once_is_one_outside_of_the_new_root);
fn an_interpreter_that_is_opened_at_once_is_one_outside_of_the_new_root() {
    newer_than_theirs((2, 40), "--load-interp");
    needs_binfmt();
    let scene = Scene::new();
    let root = root(&scene);
    scene.subdirectory("root/bin");
    scene.program("root/program", "nskit-magic\n");
    // The probe, which is outside only: its answer to words that it does not know tells that it ran.
    let register = registration(&scene.text("bin/probe"), "F");
    let outcome = scene.unshare(["-r", "-fp", "-l", &register, "-R", &root, "/program"]).run();
    assert_eq!(outcome.stdout, "probe: what is '/program'?\n", "{outcome:?}");
}

scene_test!(a_registration_that_is_refused_is_named);
fn a_registration_that_is_refused_is_named() {
    newer_than_theirs((2, 40), "--load-interp");
    needs_binfmt();
    let scene = Scene::new();
    let outcome = scene.unshare(["-r", "-fp", "-l", "nonsense", "echo", "ran"]).run();
    outcome.says(1, "unshare: write failed /proc/sys/fs/binfmt_misc/register: Invalid argument");
}

scene_test!(scenes_do_not_change_the_machine);
fn scenes_do_not_change_the_machine() {
    let scene = Scene::new();
    let place = scene.subdirectory("place");
    scene.mount(["-t", "tmpfs", "none", &place]);
    assert_eq!(mount_on(&Call::new("cat").args(["/proc/self/mountinfo"]).ok(), &place), None);
}
