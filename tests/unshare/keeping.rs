//! The files that namespaces are kept on, while somebody changes what their paths lead to: programs that unshare itself
//! starts do that here, at a moment that is always the same.

use std::os::unix::fs::{PermissionsExt, symlink};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::{Call, Ending, Scene, on_purpose, part, poll_until, skip, their_bug};

/// A scene with a file `open/place/file` to keep a namespace on, and `open/victim`, on which something is mounted. Everybody
/// may change what is in `open`.
fn ground() -> Scene {
    let scene = Scene::new();
    for directory in ["open", "open/place"] {
        let path = scene.subdirectory(directory);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    scene.file("open/place/file", "");
    let (victim, mounted) = (scene.file("open/victim", ""), scene.file("mounted", ""));
    scene.mount(["--bind", &mounted, &victim]);
    scene
}

/// What puts a link to the victim in the place of the file: the directory is moved, since a mount point cannot be.
fn swap(scene: &Scene) -> String {
    format!("cd {} && mv place moved && mkdir place && ln -s ../victim place/file || exit 9", scene.text("open"))
}

/// What of these is a mount of a namespace.
fn kept(scene: &Scene) -> Vec<&'static str> {
    let is_kept = |file: &str| {
        let mount = scene.mount_on(&scene.text(&format!("open/{file}")));
        mount.is_some_and(|mount| mount.fstype == "nsfs")
    };
    let files = ["place/file", "moved/file", "victim"].into_iter();
    files.filter(|file| is_kept(file)).collect()
}

/// How many mounts there are on the victim.
fn on_victim(scene: &Scene) -> usize {
    let victim = scene.text("open/victim");
    let mounts = scene.mountinfo();
    let lines = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    lines.filter(|on| *on == victim).count()
}

/// `unshare`, which keeps a namespace, has getent look for a shell while it is kept, and fails with that.
fn fails_after_binding(scene: &Scene, options: &[&str], script: &str) -> Call {
    let line = "echo ghost:x:4242:4242::/:/no/such";
    let getent = scene.program("getent", &format!("#!/bin/sh\n{script}\n{line}\n"));
    scene.mount(["--bind", &getent, "/usr/bin/getent"]);
    let keep = format!("--uts={}", scene.text("open/place/file"));
    scene.unshare(options).args(["-S", "4242", &keep])
}

/// The same command under strace, which lets the calls of Linux 5.2 fail.
fn before_5_2(scene: &Scene, call: Call) -> Call {
    if !std::path::Path::new("/usr/bin/strace").exists() {
        skip("there is no strace");
    }
    let fault = "inject=open_tree,move_mount:error=ENOSYS";
    let strace = ["-f", "-qq", "-o", "trace", "-e", fault];
    call.under(scene, "/usr/bin/strace", strace)
}

scene_test!(what_is_taken_back_is_the_mount_that_was_made);
fn what_is_taken_back_is_the_mount_that_was_made() {
    crate::common::needs_root("ids of other users");
    on_purpose("theirs leaves the namespace bound");
    for old in [false, true] {
        let scene = ground();
        // Else nothing would have been taken back.
        let script = format!("grep -q open/place/file /proc/self/mountinfo || exit\n{}", swap(&scene));
        let mut call = fails_after_binding(&scene, &[], &script);
        if old {
            call = before_5_2(&scene, call);
        }
        call.run().says(127, "unshare: failed to execute /no/such: No such file or directory");
        assert!(scene.path("open/place/file").is_symlink());
        assert_eq!(on_victim(&scene), 1, "{}", scene.mountinfo());
        assert_eq!(kept(&scene), [""; 0], "{}", scene.mountinfo());
    }
}

scene_test!(before_5_2_a_mount_is_taken_back_as_well);
fn before_5_2_a_mount_is_taken_back_as_well() {
    crate::common::needs_root("ids of other users");
    on_purpose("theirs leaves the namespace bound");
    let scene = ground();
    let call = before_5_2(&scene, fails_after_binding(&scene, &[], ""));
    call.run().says(127, "unshare: failed to execute /no/such: No such file or directory");
    let trace = std::fs::read_to_string(scene.path("trace")).unwrap();
    assert!(trace.contains("INJECTED") && trace.contains("MS_BIND"), "{trace}");
    assert_eq!(kept(&scene), [""; 0]);
}

/// `unshare` as alice, who may mount, so that it is newuidmap that runs between the look at the file and the mount.
fn with_newuidmap(scene: &Scene, script: &str) -> Call {
    if !std::path::Path::new("/usr/bin/setpriv").exists() {
        skip("there is no setpriv");
    }
    scene.subdirectory("fake");
    scene.program("fake/newuidmap", &format!("#!/bin/sh\n{script}\n"));
    scene.program("fake/newgidmap", "#!/bin/sh\n");
    let setpriv =
        ["--reuid=1001", "--regid=1001", "--clear-groups", "--inh-caps=+sys_admin", "--ambient-caps=+sys_admin"];
    let keep = format!("--uts={}", scene.text("open/place/file"));
    let call = scene.unshare([&*keep, "--map-auto", "/bin/true"]);
    let path = format!("{}:/usr/bin:/bin", scene.text("fake"));
    call.under(scene, "/usr/bin/setpriv", setpriv).env("PATH", path)
}

scene_test!(what_is_bound_on_is_the_file_that_was_there_at_the_start);
fn what_is_bound_on_is_the_file_that_was_there_at_the_start() {
    crate::common::needs_root("a process of another user");
    on_purpose("theirs follows the path when it mounts");
    for old in [false, true] {
        let scene = ground();
        let mut call = with_newuidmap(&scene, &swap(&scene));
        if old {
            call = before_5_2(&scene, call);
        }
        call.ok();
        assert!(scene.path("open/place/file").is_symlink());
        assert_eq!(kept(&scene), ["moved/file"], "{}", scene.mountinfo());
    }
}

scene_test!(a_file_that_is_removed_meanwhile_is_an_error);
fn a_file_that_is_removed_meanwhile_is_an_error() {
    crate::common::needs_root("a process of another user");
    on_purpose("theirs does not fail before the program runs");
    let scene = ground();
    let remove = format!("rm {}", scene.text("open/place/file"));
    let call = with_newuidmap(&scene, &remove);
    let words = ["ns/uts on ", "open/place/file failed: No such file or directory"];
    call.run().failed("unshare", 1, &words);
    assert_eq!(kept(&scene), [""; 0]);
}

scene_test!(who_is_killed_before_the_program_runs_leaves_nothing_behind);
fn who_is_killed_before_the_program_runs_leaves_nothing_behind() {
    crate::common::needs_root("ids of other users");
    on_purpose("theirs leaves the namespace bound");
    for options in [&[][..], &["--fork"], &["--fork", "--pid", "--kill-child"]] {
        let scene = ground();
        // It stands still where the namespace is bound already.
        let told = scene.text("open/told");
        let script = format!("echo $PPID >{told}.part; mv {told}.part {told}; sleep 1000");
        let process = fails_after_binding(&scene, options, &script).spawn();
        poll_until("getent", || scene.path("open/told").exists());
        assert_eq!(kept(&scene), ["place/file"]);
        match options {
            // The one that asks is the child, where its parent would not take it along.
            ["--fork"] => {
                let asks: i32 = std::fs::read_to_string(&told).unwrap().trim().parse().unwrap();
                kill(Pid::from_raw(asks), Signal::SIGKILL).unwrap();
            }
            _ => process.signal(libc::SIGKILL),
        }
        poll_until("the mount to be taken back", || kept(&scene) == [""; 0]);
    }
}

scene_test!(only_what_exec_would_run_has_a_namespace_kept);
fn only_what_exec_would_run_has_a_namespace_kept() {
    crate::common::needs_root("a process of another user");
    let scene = ground();
    let file = scene.text("open/place/file");
    let keep = format!("--uts={file}");
    // The user that counts is the effective one.
    let program = scene.program("program", "#!/bin/sh\necho ran\n");
    let owner_alone = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(&program, owner_alone).unwrap();
    let setpriv = ["--ruid=1001"];
    let call = scene.unshare([&*keep, &program]);
    assert_eq!(call.under(&scene, "/usr/bin/setpriv", setpriv).ok(), "ran\n");
    assert_eq!(kept(&scene), ["place/file"]);
    scene.call("/bin/umount", [&*file]).ok();
    let outcome = scene.unshare([&*keep, "/tmp"]).run();
    outcome.says(126, "unshare: failed to execute /tmp: Permission denied");
    if !part(|| on_purpose("theirs leaves the namespace bound")) {
        assert_eq!(kept(&scene), [""; 0]);
    }
}

scene_test!(a_program_whose_interpreter_or_loader_is_missing_has_no_namespace_kept);
fn a_program_whose_interpreter_or_loader_is_missing_has_no_namespace_kept() {
    on_purpose("theirs leaves the namespace bound");
    let scene = ground();
    let keep = format!("--uts={}", scene.text("open/place/file"));
    let script = scene.program("script", "#! /missing/interpreter -x\n");
    let by_script = scene.program("by-script", &format!("#!{script}\n"));
    // A loader of the same length that is not there.
    let program = scene.text("program");
    let mut bytes = std::fs::read("/bin/true").unwrap();
    let path = b"/lib64/ld-linux";
    let Some(at) = bytes.windows(path.len()).position(|window| window == path) else {
        crate::common::skip("/bin/true has another loader");
    };
    bytes[at + 1..at + 4].copy_from_slice(b"lab");
    std::fs::write(scene.path("content"), bytes).unwrap();
    crate::common::copy_to_run(&scene.path("content"), program.as_ref());
    for program in [&script, &by_script, &program] {
        for options in [&[][..], &["--fork"], &["--fork", "--pid"], &["--mount"]] {
            let outcome = scene.unshare([&*keep]).args(options).args([program]).run();
            outcome.says(127, &format!("unshare: failed to execute {program}: No such file or directory"));
            assert_eq!(kept(&scene), [""; 0], "{program} {options:?}");
        }
    }
}

scene_test!(a_child_that_cannot_become_the_program_has_no_namespace_kept);
fn a_child_that_cannot_become_the_program_has_no_namespace_kept() {
    on_purpose("theirs leaves the namespace bound");
    let scene = ground();
    let keep = format!("--uts={}", scene.text("open/place/file"));
    // Only execve(2) itself says so: the program is being written.
    let program = scene.program("program", "#!/bin/sh\n");
    let writing = std::fs::OpenOptions::new().append(true).open(&program).unwrap();
    for options in [&["--fork"][..], &["--fork", "--pid"], &["--fork", "--mount"]] {
        let outcome = scene.unshare([&*keep]).args(options).args([&program]).run();
        outcome.says(126, &format!("unshare: failed to execute {program}: Text file busy"));
        assert_eq!(kept(&scene), [""; 0], "{options:?}");
    }
    drop(writing);
}

scene_test!(a_link_to_the_file_is_followed_and_one_file_may_be_given_twice);
fn a_link_to_the_file_is_followed_and_one_file_may_be_given_twice() {
    let scene = ground();
    symlink("file", scene.path("open/place/link")).unwrap();
    let options = ["uts", "ipc"].map(|kind| format!("--{kind}={}", scene.text("open/place/link")));
    scene.unshare(&options).args(["true"]).ok();
    let file = scene.text("open/place/file");
    let mounts = scene.mountinfo();
    let mut kept = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .filter(|fields| fields[4] == file)
        .map(|fields| fields[3].split(':').next().unwrap());
    // The last one covers the other.
    let both = [kept.next(), kept.next(), kept.next()];
    assert!(both.contains(&Some("uts")) && both.contains(&Some("ipc")), "{mounts}");
    assert_eq!(both[2], None);
}

scene_test!(a_helper_that_is_killed_is_an_error);
fn a_helper_that_is_killed_is_an_error() {
    crate::common::needs_root("a process of another user");
    their_bug("the helper that it still has waits for ever");
    let scene = ground();
    // The first child of unshare is the helper that binds; the second one runs us.
    let script = "read -r binder mapper </proc/$1/task/$1/children
kill -9 $binder || exit 9
until grep -q '^State:.Z' /proc/$binder/status; do :; done";
    let call = with_newuidmap(&scene, script);
    let outcome = call.run();
    // No signal of a closed channel, and no waiting for an answer that will not come.
    assert_eq!(outcome.ending, Ending::Exited(1), "{outcome:?}");
    let words = ["the helper that keeps namespaces", "without an answer"];
    outcome.failed("unshare", 1, &words);
    assert_eq!(kept(&scene), [""; 0]);
}
