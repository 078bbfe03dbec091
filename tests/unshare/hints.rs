//! The hint below a failure: that it says what was the matter, and says nothing else where that looks alike.

mod calls;
mod credentials;
mod maps;
mod mounts;
mod program;

use crate::common::{ALICE, Call, Ending, Outcome, ROOT, Scene, User, copy_to_run, on_purpose, ours};

/// A scene; `None` as well where the tool under test has no hints.
fn scene() -> Scene {
    on_purpose("theirs has no hints");
    Scene::new()
}

/// Asserts that it fails with status 1, with a message that holds `words` and one hint, which is returned.
#[track_caller]
fn hint(call: Call, words: &[&str]) -> String {
    hint_with(1, call, words)
}

/// The same with another status.
#[track_caller]
fn hint_with(status: i32, call: Call, words: &[&str]) -> String {
    let outcome = call.run();
    // Programs that help, as newuidmap, may have had a word before.
    let stderr = outcome.stderr.lines();
    let own = stderr.skip_while(|line| !line.starts_with("unshare: "));
    let text = own.map(|line| format!("{line}\n")).collect();
    let outcome = Outcome { stderr: text, ..outcome };
    if words == ["newuidmap"] {
        // The first word was the program's.
        assert_eq!(outcome.ending, Ending::Exited(status), "{outcome:#?}");
        let [only] = outcome.stderr.lines().collect::<Vec<_>>()[..] else { panic!("not one hint: {outcome:#?}") };
        return only.strip_prefix("unshare: hint: ").unwrap_or_else(|| panic!("{outcome:#?}")).to_string();
    }
    let below = outcome.failed("unshare", status, words);
    let below: Vec<_> = below.into_iter().filter(|line| !line.starts_with("Try '")).collect();
    let [only] = below[..] else { panic!("not one hint: {outcome:#?}") };
    let hint = only.strip_prefix("unshare: hint: ");
    hint.unwrap_or_else(|| panic!("{outcome:#?}")).to_string()
}

fn unshare(scene: &Scene, user: User, options: &[&str]) -> Call {
    scene.unshare(options).args(["true"]).user(user)
}

/// A line of a shell that is run in a mount namespace of its own; `unshare` there is the one under test.
fn with_mounts_of_its_own(scene: &Scene, line: &str) -> Call {
    scene.unshare(["-m", "sh", "-c", line])
}

const REFUSED: &str = "Operation not permitted";
const DENIED: &str = "Permission denied";
const MISSING: &str = "No such file or directory";
const INVALID: &str = "Invalid argument";

scene_test!(our_own_ids_are_not_mapped);
fn our_own_ids_are_not_mapped() {
    crate::common::needs_root("ids of other users");
    let scene = scene();
    let users = "--map-users=1:100000:10";
    let groups = "--map-groups=1:100000:10";
    for (outer, which) in [
        (&["--map-user=0"][..], "our group is not mapped"),
        (&["--map-group=0"], "our user is not mapped"),
        (&["--user"], "our user and group are not mapped"),
        (&[users, groups], "our user and group are not mapped"),
    ] {
        let call = scene.unshare(outer).args(["bin/unshare", "-r", "true"]);
        let hint = hint(call, &["unshare failed", REFUSED]);
        assert!(hint.starts_with(which), "{outer:?}: {hint}");
    }
}

scene_test!(blocks_that_share_ids_are_told);
fn blocks_that_share_ids_are_told() {
    let scene = scene();
    for (blocks, shared) in
        [(["0:100:10", "5:200:10"], "the ids 5 to 9 inside"), (["0:100:10", "20:109:10"], "the ids 109 to 109 outside")]
    {
        let blocks = blocks.map(|block| format!("--map-users={block}"));
        let call = unshare(&scene, ROOT, &[&blocks[0], &blocks[1]]);
        let hint = hint(call, &["uid_map", INVALID]);
        assert!(hint.ends_with(shared), "{hint}");
    }
}

/// A process in a mount namespace of its own, which ends with the test.
fn in_another_mount_namespace(scene: &Scene) -> crate::common::Process {
    let process = scene.unshare(["-m", "probe", "hold"]).leashed().spawn();
    process.expect("ready");
    process
}

scene_test!(a_file_in_another_mount_namespace);
fn a_file_in_another_mount_namespace() {
    let scene = scene();
    // All mounts are shared in many a system: that is not the reason.
    let mounted = scene.subdirectory("mounted");
    scene.mount(["--bind", &mounted, &mounted]);
    scene.mount(["--make-shared", &mounted]);
    let other = in_another_mount_namespace(&scene);
    let file = scene.file("mounted/file", "");
    let there = format!("/proc/{}/root{file}", other.pid());
    for options in [
        vec![format!("--uts={there}")],
        vec![format!("--mount={there}")],
        vec![format!("--net={there}"), "-m".into()],
        vec![format!("--uts={there}"), "-f".into(), "-m".into()],
    ] {
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        let hint = hint(unshare(&scene, ROOT, &options), &[&there, INVALID]);
        assert!(hint.starts_with(&there) && hint.contains("in another one"), "{options:?}: {hint}");
    }
}

scene_test!(a_file_on_a_shared_mount_is_none_for_a_mount_namespace_only);
fn a_file_on_a_shared_mount_is_none_for_a_mount_namespace_only() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = scene();
    let shared = scene.subdirectory("shared");
    scene.mount(["--bind", &shared, &shared]);
    scene.mount(["--make-shared", &shared]);
    let file = scene.file("shared/file", "");
    // By its path, and from the working directory, which has come along into the new mount namespace.
    for option in [format!("--mount={file}"), "--mount=shared/file".to_string()] {
        let hint = hint(unshare(&scene, ROOT, &[&option]), &["shared/file", INVALID]);
        assert!(hint.starts_with(&format!("{shared} is a shared mount")), "{option}: {hint}");
    }
    for kind in ["uts", "ipc", "net", "cgroup", "time", "user"] {
        let file = scene.file(&format!("shared/{kind}"), "");
        unshare(&scene, ROOT, &[&format!("--{kind}={file}")]).ok();
    }
    if crate::common::part(|| crate::common::needs_no_loader("it runs from an empty root")) {
        return;
    }
    // In a chroot whose root is not a mount point, mountinfo does not show the mount.
    let root = scene.subdirectory("shared/root");
    let proc = scene.subdirectory("shared/root/proc");
    scene.mount(["-t", "proc", "proc", &proc]);
    copy_to_run(&ours("unshare"), &scene.path("shared/root/unshare"));
    scene.file("shared/root/file", "");
    let line = [&*root, "/unshare", "--mount=/file", "/unshare", "-V"];
    let unseen = hint(scene.call("/usr/sbin/chroot", line), &["/file", INVALID]);
    assert!(unseen.starts_with("either the file is on a shared mount"), "{unseen}");
}

/// A call of alice's who finds this in her `PATH` as newuidmap, with this mode.
fn with_newuidmap(scene: &Scene, script: &str, mode: &str) -> Call {
    scene.subdirectory("fake");
    scene.program("fake/newuidmap", script);
    scene.call("/bin/chmod", [mode, "fake/newuidmap"]).ok();
    unshare(scene, ALICE, &["--map-auto"]).env("PATH", scene.text("fake"))
}

scene_test!(newuidmap_is_missing_or_cannot_be_run);
fn newuidmap_is_missing_or_cannot_be_run() {
    let scene = scene();
    let call = unshare(&scene, ALICE, &["--map-auto"]).env("PATH", "/no/such");
    let missing = hint(call, &["failed to execute newuidmap", "No such file or directory"]);
    assert!(missing.contains("not found in $PATH: install"), "{missing}");
    for (script, mode, errno) in [
        ("#!/bin/sh\nexit 0\n", "644", "Permission denied"),
        ("#!/no/such/shell\n", "755", "No such file or directory"),
    ] {
        let call = with_newuidmap(&scene, script, mode);
        let hint = hint(call, &["failed to execute newuidmap", errno]);
        assert!(hint.contains("cannot be run") && !hint.contains("install"), "{script}: {hint}");
    }
}

scene_test!(newuidmap_refuses_and_all_ranges_of_the_user_are_named);
fn newuidmap_refuses_and_all_ranges_of_the_user_are_named() {
    let scene = scene();
    let call = unshare(&scene, ALICE, &["--map-users=0:200000:10"]);
    let outcome = call.run();
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    let [word, hint] = lines[..] else { panic!("{outcome:#?}") };
    assert!(word.starts_with("newuidmap: ") && outcome.ending == Ending::Exited(1), "{outcome:#?}");
    assert_eq!(
        hint.strip_prefix("unshare: hint: ").unwrap(),
        "/etc/subuid allows this user 100000 to 165535, 700000 to 700009, and their own id, and not 200000 to 200009"
    );
}

scene_test!(proc_is_masked_whatever_root_directory_is_taken);
fn proc_is_masked_whatever_root_directory_is_taken() {
    let scene = scene();
    // The kernel lets a user mount proc only where nothing of it is covered.
    scene.mount(["-t", "tmpfs", "none", "/proc/sys"]);
    scene.subdirectory("plain/proc");
    scene.subdirectory("mounted/proc");
    scene.mount(["--bind", "mounted", "mounted"]);
    for root in [&[][..], &["-R", "plain"], &["-R", "mounted"], &["-R", "/"]] {
        let mut options = vec!["-r", "-p", "-f", "--mount-proc"];
        options.extend(root);
        let hint = hint(unshare(&scene, ALICE, &options), &["mount /proc failed", REFUSED]);
        assert!(hint.starts_with("proc is partly masked here (/proc/sys is covered"), "{root:?}: {hint}");
    }
}

scene_test!(the_root_directory_is_no_mount_point);
fn the_root_directory_is_no_mount_point() {
    crate::common::needs_no_loader("it runs from an empty root");
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = scene();
    let root = scene.subdirectory("root");
    copy_to_run(&ours("unshare"), &scene.path("root/unshare"));
    let in_chroot = |options: &[&str]| {
        let call = scene.call("/usr/sbin/chroot", [&*root, "/unshare"]);
        call.args(options).args(["/unshare", "--version"])
    };
    let words = ["cannot change root filesystem propagation", INVALID];
    // Nothing can be seen without a proc.
    let unseen = hint(in_chroot(&["-m"]), &words);
    assert!(unseen.starts_with("probably our root directory is not a mount point"), "{unseen}");
    let proc = scene.subdirectory("root/proc");
    scene.mount(["-t", "proc", "proc", &proc]);
    for options in [&["-m"][..], &["-m", "--propagation=slave"]] {
        let seen = hint(in_chroot(options), &words);
        assert!(seen.starts_with("our root directory is not a mount point") && seen.contains("unchanged"), "{seen}");
    }
    // As the hint says.
    in_chroot(&["-m", "--propagation=unchanged"]).ok();
    scene.mount(["--bind", &root, &root]);
    in_chroot(&["-m"]).ok();
}

scene_test!(the_pid_namespace_of_children_has_ended);
fn the_pid_namespace_of_children_has_ended() {
    let scene = scene();
    let keep = format!("--pid={}", scene.file("pid", ""));
    unshare(&scene, ROOT, &[&keep, "-f"]).ok();
    let call = scene.call(ours("nsenter"), ["-F", &keep, "bin/unshare", "-f", "true"]);
    let hint = hint(call, &["fork", "Cannot allocate memory"]);
    assert!(hint.starts_with("process 1 of the PID namespace that our children are to be in"), "{hint}");
}
