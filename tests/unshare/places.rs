//! `--pivot-root`, `--bind`, `--tmpfs` and `--mount-dev`.

use crate::common::{ALICE, Call, ROOT, Scene, User, copy_to_run, mount_on, on_purpose, probe, skip};

/// Theirs has none of this.
fn ours_only() {
    on_purpose("options of ours");
}

/// A root directory with busybox in it.
pub fn busybox_root(scene: &Scene) -> String {
    let busybox = std::path::Path::new("/bin/busybox");
    if !busybox.exists() {
        skip("needs busybox-static");
    }
    let root = scene.subdirectory("rootfs");
    for directory in ["bin", "proc", "dev", "tmp", "home"] {
        scene.subdirectory(&format!("rootfs/{directory}"));
    }
    copy_to_run(busybox, &scene.path("rootfs/bin/busybox"));
    copy_to_run(&probe(), &scene.path("rootfs/bin/probe"));
    root
}

/// As root, who has all rights, and as users who get them in a user namespace only.
const WAYS: [(User, &[&str]); 3] = [(ROOT, &[]), (ROOT, &["-r"]), (ALICE, &["-r"])];

fn run(scene: &Scene, (user, options): (User, &[&str]), more: &[&str], script: &str) -> Call {
    let call = scene.unshare(options).args(["-fp"]).args(more);
    call.args(["/bin/busybox", "sh", "-c", script]).user(user)
}

scene_test!(pivot_root_is_the_root_and_nothing_of_the_old_one_is_left);
fn pivot_root_is_the_root_and_nothing_of_the_old_one_is_left() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    let before = scene.mountinfo();
    for way in WAYS {
        let script =
            "busybox pwd; busybox ls /; busybox readlink /proc/self/exe; busybox cut -d' ' -f5 /proc/self/mountinfo";
        let call = run(&scene, way, &["--pivot-root", &root, "--mount-proc"], script);
        assert_eq!(call.env("PATH", "/bin").ok(), "/\nbin\ndev\nhome\nproc\ntmp\n/bin/busybox\n/\n/proc\n", "{way:?}");
        // Relative, with a working directory inside.
        let call = run(&scene, way, &["--pivot-root=rootfs", "--wd", "home"], "busybox pwd").env("PATH", "/bin");
        assert_eq!(call.run().ok(), "/home\n", "{way:?}");
    }
    assert_eq!(scene.mountinfo(), before);
}

scene_test!(a_relative_place_of_proc_is_one_of_the_working_directory_or_of_the_new_root);
fn a_relative_place_of_proc_is_one_of_the_working_directory_or_of_the_new_root() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    scene.subdirectory("rootfs/inside");
    let below = format!("--wd={root}");
    let tmpfs = format!("--tmpfs={root}/tmp");
    for way in WAYS {
        // The scene is the working directory.
        for (options, expected) in [
            (&[&*tmpfs, "--mount-proc=rootfs/inside"][..], format!("{root}/inside")),
            (&[&*tmpfs, &*below, "--mount-proc=inside"], format!("{root}/inside")),
            (&["--tmpfs=/tmp", "--pivot-root", &root, "--mount-proc=inside"], "/inside".to_string()),
        ] {
            let script = format!("cut -d' ' -f5 {expected}/self/mountinfo | grep inside");
            let call = run(&scene, way, options, &script.replace("cut", "busybox cut").replace("grep", "busybox grep"));
            assert_eq!(call.env("PATH", "/bin").ok(), expected + "\n", "{way:?} {options:?}");
        }
    }
}

scene_test!(user_namespaces_can_be_made_after_pivot_root);
fn user_namespaces_can_be_made_after_pivot_root() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    for way in WAYS {
        let script = "busybox unshare -U busybox echo made";
        // After a chroot(2) the kernel refuses it (unshare(2), EPERM).
        let refused = run(&scene, way, &["--root", &root], script).env("PATH", "/bin").run();
        assert!(refused.stdout.is_empty(), "{way:?}: {refused:?}");
        let made = run(&scene, way, &["--pivot-root", &root], script).env("PATH", "/bin").ok();
        assert_eq!(made, "made\n", "{way:?}");
    }
}

scene_test!(no_descriptor_of_the_new_root_reaches_the_program);
fn no_descriptor_of_the_new_root_reaches_the_program() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    // The proc of an ordinary user's own PID namespace.
    let line = ["-pf", "--pivot-root", &root, "--mount-proc", "--mount-dev", "--bind=/etc:/home", "--tmpfs=/tmp"];
    let seen = scene.unshare(line).args(["/bin/probe", "seen"]).seen();
    let plain = scene.unshare(["-m", "probe", "seen"]).seen();
    assert_eq!(seen.all("file").len(), plain.all("file").len(), "{seen:?}");
}

scene_test!(what_does_not_fit_together_is_refused_and_nothing_is_done);
fn what_does_not_fit_together_is_refused_and_nothing_is_done() {
    ours_only();
    let scene = Scene::new();
    let kept = scene.file("kept", "");
    let keep = format!("--mount={kept}");
    for (options, line) in [
        (&["--pivot-root=/", "--root=/"][..], "unshare: options --pivot-root and --root are mutually exclusive"),
        (
            &["--propagation=shared", "--pivot-root=/"],
            "unshare: options --pivot-root and --propagation=shared are mutually exclusive",
        ),
        (
            &["--propagation=unchanged", "--pivot-root=/"],
            "unshare: options --pivot-root and --propagation=unchanged are mutually exclusive",
        ),
        (&["--tmpfs=/"], "unshare: a mount on / requires a new root directory (--pivot-root)"),
        (&["--root=/", "--bind=/etc:/../."], "unshare: a mount on / requires a new root directory (--pivot-root)"),
        (&["--tmpfs=tmp"], "unshare: failed to parse mount point 'tmp'"),
        (&["--mount-dev="], "unshare: failed to parse mount point ''"),
        (&["--bind=/etc"], "unshare: failed to parse bind mount '/etc'"),
        (&["--bind=/etc:mnt"], "unshare: failed to parse bind mount '/etc:mnt'"),
        (&["--bind=:/mnt"], "unshare: failed to parse bind mount ':/mnt'"),
        (&["--bind=/etc:/mnt:rw"], "unshare: failed to parse bind mount '/etc:/mnt:rw'"),
        (&["--bind=/etc:/mnt:ro:ro"], "unshare: failed to parse bind mount '/etc:/mnt:ro:ro'"),
        (&[r"--bind=/etc:/m\nt"], r"unshare: failed to parse bind mount '/etc:/m\nt'"),
    ] {
        let outcome = scene.unshare([&*keep]).args(options).args(["echo", "ran"]).run();
        outcome.says(1, line);
        assert_eq!(scene.mount_on(&kept), None, "{options:?}");
    }
}

scene_test!(places_that_cannot_be_mounted_on_are_named);
fn places_that_cannot_be_mounted_on_are_named() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    scene.file("rootfs/file", "");
    std::os::unix::fs::symlink("loop", scene.path("rootfs/loop")).unwrap();
    for (options, line) in [
        (&["--tmpfs=/missing"][..], "unshare: mount /missing failed: No such file or directory"),
        (&["--tmpfs=/missing/far"], "unshare: mount /missing/far failed: No such file or directory"),
        (&["--tmpfs=/tmp", "--tmpfs=/tmp/a/../b"], "unshare: mount /tmp/a/../b failed: No such file or directory"),
        (&["--tmpfs=/file"], "unshare: mount /file failed: Not a directory"),
        (&["--bind=/etc:/file"], "unshare: mount /file failed: Not a directory"),
        (&["--bind=/etc/passwd:/tmp"], "unshare: mount /tmp failed: Is a directory"),
        (&["--bind=/missing:/tmp"], "unshare: cannot open /missing: No such file or directory"),
        (&["--tmpfs=/loop"], "unshare: mount /loop failed: Too many levels of symbolic links"),
        (&["--mount-dev=/file"], "unshare: mount /file failed: Not a directory"),
        (&["--mount-proc=/missing"], "unshare: mount /missing failed: No such file or directory"),
    ] {
        let outcome = scene.unshare(["--pivot-root", &root]).args(options).args(["/bin/busybox", "true"]).run();
        outcome.says(1, line);
    }
    for root in ["missing", "rootfs/file"] {
        let words = if root == "missing" { "No such file or directory" } else { "Not a directory" };
        let line = format!("unshare: cannot change root directory to '{root}': {words}");
        scene.unshare(["--pivot-root", root, "true"]).run().says(1, &line);
        scene.unshare(["--root", root, "--tmpfs=/tmp", "true"]).run().says(1, &line);
    }
    assert!(!scene.path("rootfs/missing").exists());
}

scene_test!(what_cannot_be_made_without_ids_is_explained);
fn what_cannot_be_made_without_ids_is_explained() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    for (options, who) in [("-U", "user and group have"), ("--map-user=0", "group has"), ("--map-group=0", "user has")]
    {
        let call = scene.unshare([options, "--pivot-root", &root, "--mount-dev", "/bin/busybox", "true"]).user(ALICE);
        let outcome = call.run();
        let below = outcome.says(1, "unshare: mount /dev/null failed: Value too large for defined data type");
        let hint = format!(
            "unshare: hint: what is made there belongs to our user and group, and our {who} no id in the new user \
             namespace: add --map-root-user (-r)"
        );
        assert_eq!(below, [hint], "{options}");
    }
}

scene_test!(a_look_up_that_is_disturbed_without_end_is_given_up);
fn a_look_up_that_is_disturbed_without_end_is_given_up() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    // As the kernel answers where somebody renames all the time.
    let call = scene.unshare(["--pivot-root", &root, "--tmpfs=/tmp", "/bin/busybox", "echo", "ran"]);
    let outcome = call.refused(&scene, libc::SYS_openat2, libc::EAGAIN, 0).run();
    outcome.says(1, "unshare: mount /tmp failed: Resource temporarily unavailable");
}

scene_test!(new_file_systems_give_no_rights);
fn new_file_systems_give_no_rights() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    for way in WAYS {
        let line = ["--pivot-root", &root, "--tmpfs=/home", "--tmpfs=/tmp", "--mount-dev", "--mount-proc"];
        let mountinfo = run(&scene, way, &line, "busybox cat /proc/self/mountinfo").env("PATH", "/bin").ok();
        for (place, fstype, options) in [
            ("/home", "tmpfs", "rw,nosuid,nodev,relatime"),
            ("/tmp", "tmpfs", "rw,nosuid,nodev,relatime"),
            ("/dev", "tmpfs", "rw,nosuid,nodev,relatime"),
            ("/dev/pts", "devpts", "rw,nosuid,noexec,relatime"),
            ("/proc", "proc", "rw,nosuid,nodev,noexec,relatime"),
        ] {
            let mount = mount_on(&mountinfo, place).unwrap();
            assert_eq!((&*mount.fstype, &*mount.options), (fstype, options), "{way:?} {place}");
        }
    }
}

scene_test!(a_bind_mount_shows_what_is_outside);
fn a_bind_mount_shows_what_is_outside() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    let source = scene.subdirectory("source:\\");
    scene.subdirectory("source:\\/below");
    scene.file("source:\\/file", "text\n");
    scene.mount(["-t", "tmpfs", "-o", "nosuid", "below", &format!("{source}/below")]);
    scene.call("/bin/sh", ["-c", "echo inner >\"$0/below/inner\"", &source]).ok();
    scene.file("rootfs/home/file", "covered\n");
    let escaped = source.replace('\\', r"\\").replace(':', r"\:");
    for way in WAYS {
        let bind = format!("--bind={escaped}:/home");
        let script = "busybox cat /home/file /home/below/inner";
        let call = run(&scene, way, &["--pivot-root", &root, &bind], script).env("PATH", "/bin");
        assert_eq!(call.ok(), "text\ninner\n", "{way:?}");
        // A file on a file, without a new root.
        let passwd = scene.file("users", "me\n");
        let bind = format!("--bind={passwd}:/etc/passwd");
        let call = scene.unshare(way.1).args([&*bind, "cat", "/etc/passwd"]).user(way.0);
        assert_eq!(call.ok(), "me\n", "{way:?}");
    }
}

/// Whether each directory can be written to.
const WRITES: &str = "for at in /home /home/below; do busybox touch $at/new 2>&- && busybox rm $at/new && busybox echo yes || busybox echo no; done";

scene_test!(a_read_only_bind_mount_is_so_in_all_its_depth);
fn a_read_only_bind_mount_is_so_in_all_its_depth() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    let source = scene.subdirectory("source");
    let below = scene.subdirectory("source/below");
    scene.mount(["-t", "tmpfs", "-o", "nosuid,noexec,mode=1777", "below", &below]);
    scene.call("/bin/chmod", ["1777", &source]).ok();
    for way in WAYS {
        for (suffix, expected) in [(":ro", "no\nno\n"), ("", "yes\nyes\n")] {
            let bind = format!("--bind={source}:/home{suffix}");
            let call = run(&scene, way, &["--pivot-root", &root, &bind], WRITES).env("PATH", "/bin");
            assert_eq!(call.ok(), expected, "{way:?} {suffix}");
        }
        let bind = format!("--bind={source}:/home:ro");
        let line = ["--pivot-root", &root, &bind, "--mount-proc"];
        let mountinfo = run(&scene, way, &line, "busybox cat /proc/self/mountinfo").env("PATH", "/bin").ok();
        let options = |path: &str| mount_on(&mountinfo, path).unwrap().options;
        assert_eq!(options("/home/below"), "ro,nosuid,noexec,relatime", "{way:?}");
        assert!(options("/home").starts_with("ro,"), "{way:?}");
    }
    // Outside, nothing has become so.
    assert!(scene.mount_on(&below).unwrap().options.starts_with("rw,"));
}

scene_test!(what_a_tmpfs_covers_can_be_bound_into_it);
fn what_a_tmpfs_covers_can_be_bound_into_it() {
    ours_only();
    let scene = Scene::new();
    let home = scene.subdirectory("home/me/work");
    scene.file("home/me/work/file", "text\n");
    scene.file("home/secret", "");
    let covered = scene.text("home");
    for way in WAYS {
        let (tmpfs, bind) = (format!("--tmpfs={covered}"), format!("--bind={home}:{home}"));
        let file = format!("--bind={home}/file:{covered}/a/b");
        let call = scene.unshare(way.1).args([&*tmpfs, &bind, &file, "sh", "-c"]).user(way.0).umask(0o077);
        let call =
            call.args([format!("ls {covered}; cat {home}/file {covered}/a/b; stat -c %a {covered} {covered}/a")]);
        assert_eq!(call.ok(), "a\nme\ntext\ntext\n755\n755\n", "{way:?}");
    }
    assert!(scene.path("home/secret").exists() && !scene.path("home/a").exists());
}

scene_test!(the_root_itself_can_be_an_empty_tmpfs);
fn the_root_itself_can_be_an_empty_tmpfs() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    for way in WAYS {
        let bind = format!("--bind={root}/bin:/bin:ro");
        let line = ["--pivot-root", &root, "--tmpfs=/", &bind, "--mount-dev", "--tmpfs=/tmp", "--mount-proc"];
        let script = "busybox ls /; busybox stat -c %a / /tmp; busybox touch /new; busybox readlink /proc/self";
        let call = run(&scene, way, &line, &format!("{script} | busybox wc -l")).env("PATH", "/bin");
        assert_eq!(call.ok(), "bin\ndev\nproc\ntmp\n755\n1777\n1\n", "{way:?}");
    }
    assert!(!scene.path("rootfs/new").exists());
}

scene_test!(a_directory_for_devices_has_what_programs_expect);
fn a_directory_for_devices_has_what_programs_expect() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    for way in WAYS {
        let script = "cd /dev; busybox ls; busybox stat -c '%t:%T' null zero full random urandom tty
            busybox stat -c %a . shm pts/ptmx; for at in ptmx fd stdin stdout stderr; do busybox readlink $at; done
            echo gone >null; busybox head -c 3 zero | busybox wc -c; { echo x >full; } 2>&1 | busybox grep -c .
            exec 3<>ptmx; busybox ls pts; echo out >>stdout";
        let line = ["--pivot-root", &root, "--mount-proc", "--mount-dev"];
        let said = run(&scene, way, &line, script).env("PATH", "/bin").umask(0o077).ok();
        let expected = [
            "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero",
            "1:3 1:5 1:7 1:8 1:9 5:0 755 1777 666",
            "pts/ptmx /proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2",
            "3 1 0 ptmx out",
        ];
        assert_eq!(said.split_whitespace().collect::<Vec<_>>().join(" "), expected.join(" "), "{way:?}");
    }
    // The group of terminals is tty where there is one.
    for (options, group) in [(&[][..], "5"), (&["-r"][..], "0"), (&["--map-groups=0:0:10", "--map-users=0:0:1"], "5")] {
        let line = ["--pivot-root", &root, "--mount-proc", "--mount-dev"];
        let script = "exec 3<>/dev/ptmx; busybox stat -c %g /dev/pts/0";
        let said = run(&scene, (ROOT, options), &line, script).env("PATH", "/bin").ok();
        assert_eq!(said.trim(), group, "{options:?}");
    }
}

scene_test!(a_container_by_one_command);
fn a_container_by_one_command() {
    ours_only();
    let scene = Scene::new();
    let root = busybox_root(&scene);
    let line = ["-r", "--pid", "--fork", "--net", "--uts", "--pivot-root", &root, "--mount-proc", "--mount-dev"];
    let script =
        "busybox id -u; echo $$; busybox touch /tmp/x && busybox ls /tmp; busybox ls /proc | busybox grep -c '^[0-9]'";
    let call = scene.unshare(line).args(["--tmpfs", "/tmp", "/bin/busybox", "sh", "-c", script]).user(ALICE);
    assert_eq!(call.env("PATH", "/bin").ok(), "0\n1\nx\n3\n");
}
