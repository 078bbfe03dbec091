//! Root and working directory.

use crate::common::{ALICE, Ending, ROOT, Scene, part, their_bug};
use crate::{Target, scene};

/// A root directory in the scene, with the system's programs and a file `mark` that holds its name.
fn root_directory(scene: &Scene, name: &str) -> String {
    let root = scene.subdirectory(name);
    scene.subdirectory(&format!("{name}/usr"));
    scene.mount(["--bind", "/usr", &format!("{root}/usr")]);
    for link in ["bin", "lib", "lib64", "sbin"] {
        std::os::unix::fs::symlink(format!("usr/{link}"), format!("{root}/{link}")).unwrap();
    }
    scene.subdirectory(&format!("{name}/inside"));
    scene.file(&format!("{name}/inside/mark"), format!("inside {name}\n"));
    scene.file(&format!("{name}/mark"), format!("{name}\n"));
    root
}

/// A process with that root directory, in `/inside` there.
fn target_in(scene: &Scene, root: &str) -> Target {
    let script = "cd /inside; echo ready; exec cat";
    let call = scene.call(scene.path("our-unshare"), ["-u", "-R", root, "sh", "-c", script]);
    Target::of(call)
}

scene_test!(the_root_directory_is_the_targets_or_a_given_one);
fn the_root_directory_is_the_targets_or_a_given_one() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    let (theirs, given) = (root_directory(&scene, "theirs"), root_directory(&scene, "given"));
    let target = target_in(&scene, &theirs);
    let id = target.id();
    for (options, expected) in [
        (vec!["-t".to_string(), id.clone(), "-r".into()], "theirs\n"),
        (vec!["-t".to_string(), id.clone(), "--root".into()], "theirs\n"),
        (vec![format!("-r{given}")], "given\n"),
        (vec![format!("--root={given}")], "given\n"),
        // Relative to where we are.
        (vec!["-rgiven".into()], "given\n"),
        (vec!["-t".to_string(), id.clone(), "-u".into(), format!("-r{given}")], "given\n"),
    ] {
        assert_eq!(scene.nsenter(&options).args(["cat", "/mark"]).ok(), expected, "{options:?}");
    }
    if !part(|| their_bug("the = of -r=DIR becomes part of the name")) {
        assert_eq!(scene.nsenter([&format!("-r={given}"), "cat", "/mark"]).ok(), "given\n");
    }
}

scene_test!(the_working_directory_is_the_targets_or_a_given_one);
fn the_working_directory_is_the_targets_or_a_given_one() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    let target = Target::of(scene.probe(["hold"]).directory("/usr/bin"));
    let id = target.id();
    let here = scene.directory().to_str().unwrap();
    for (options, expected) in [
        (&["-t", &id, "-w"][..], "/usr/bin"),
        (&["-t", &id, "--wd"], "/usr/bin"),
        (&["-t", &id], here),
        (&["-w/usr/lib"], "/usr/lib"),
        (&["--wd=/usr/lib"], "/usr/lib"),
        (&["--wdns=/usr/lib"], "/usr/lib"),
        (&["-W", "/usr/lib"], "/usr/lib"),
    ] {
        assert_eq!(scene.nsenter(options).args(["pwd"]).ok(), format!("{expected}\n"), "{options:?}");
    }
    their_bug("the = of -w=DIR becomes part of the name, --wdns DIR takes no DIR");
    for options in [&["-w=/usr/lib"][..], &["-W/usr/lib"], &["-W=/usr/lib"], &["--wdns", "/usr/lib"]] {
        assert_eq!(scene.nsenter(options).args(["pwd"]).ok(), "/usr/lib\n", "{options:?}");
    }
}

scene_test!(one_working_directory_is_opened_outside_and_the_other_inside);
fn one_working_directory_is_opened_outside_and_the_other_inside() {
    let scene = scene();
    // In the container, something else is mounted on the directory.
    let place = scene.subdirectory("place");
    scene.file("place/mark", "outside\n");
    let other = scene.subdirectory("other");
    scene.file("other/mark", "inside\n");
    let script = format!("mount --bind {other} {place}; echo ready; exec cat");
    let call = scene.call(scene.path("our-unshare"), ["-m", "sh", "-c", &script]);
    let target = Target::of(call);
    for (option, expected) in [("--wd", "outside\n"), ("--wdns", "inside\n")] {
        let call = scene.nsenter(["-t", &target.id(), "-m", &format!("{option}={place}")]);
        assert_eq!(call.args(["cat", "mark"]).ok(), expected, "{option}");
    }
}

scene_test!(the_directory_inside_is_opened_after_the_root_has_changed);
fn the_directory_inside_is_opened_after_the_root_has_changed() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    let root = root_directory(&scene, "new");
    let call = scene.nsenter([&format!("--root={root}"), "--wdns=/inside", "cat", "mark"]);
    assert_eq!(call.ok(), "inside new\n");
    let call = scene.nsenter([&format!("--root={root}"), "--wdns=inside", "cat", "mark"]);
    assert_eq!(call.ok(), "inside new\n");
    let target = target_in(&scene, &root);
    let call = scene.nsenter(["-t", &target.id(), "--root", "--wd", "cat", "mark", "/mark"]);
    assert_eq!(call.ok(), "inside new\nnew\n");
}

scene_test!(with_a_root_alone_the_working_directory_is_kept);
fn with_a_root_alone_the_working_directory_is_kept() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    let root = root_directory(&scene, "new");
    scene.file("mark", "kept\n");
    let call = scene.nsenter([&format!("--root={root}"), "cat", "mark"]);
    assert_eq!(call.ok(), "kept\n");
    // With a mount namespace, it is the root of that one.
    let target = Target::new(&scene, ROOT, &["-m"]);
    let call = scene.nsenter(["-t", &target.id(), "-m", &format!("--root={root}"), "ls", "-d", "proc"]);
    assert_eq!(call.ok(), "proc\n");
}

scene_test!(the_targets_directories_are_taken_together_with_its_namespaces);
fn the_targets_directories_are_taken_together_with_its_namespaces() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-m", "-p", "-f", "--mount-proc", "--wd=/usr"]);
    let call = scene.nsenter(["-t", &target.id(), "-m", "-p", "--root", "--wd", "pwd"]);
    assert_eq!(call.ok(), "/usr\n");
    let call = scene.nsenter(["-t", &target.id(), "-m", "-p", "--root", "--wd", "cat", "/proc/1/comm"]);
    assert_eq!(call.ok(), "probe\n");
    let users = Target::new(&scene, ALICE, &["-U", "-r", "-m", "-p", "-f", "--mount-proc", "--wd=/usr"]);
    let call = scene.nsenter(["-t", &users.id(), "-a", "-r", "-w", "pwd"]);
    assert_eq!(call.ok(), "/usr\n");
}

scene_test!(a_directory_that_is_gone_is_no_obstacle);
fn a_directory_that_is_gone_is_no_obstacle() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    let gone = scene.subdirectory("gone");
    let target = Target::of(scene.probe(["hold"]).directory(&gone));
    let root = root_directory(&scene, "new");
    // The target's, and then our own.
    std::fs::remove_dir(&gone).unwrap();
    let link = scene.nsenter(["-t", &target.id(), "-w", "readlink", "/proc/self/cwd"]).ok();
    assert_eq!(link, format!("{gone} (deleted)\n"));
    let script = |line: String| {
        let script = format!("mkdir {gone}; cd {gone}; rmdir {gone}; exec {line}");
        scene.call("/bin/sh", ["-c", &script]).run()
    };
    let nsenter = scene.text("bin/nsenter");
    for options in [format!("--root={root}"), format!("-t {} -u", target.id())] {
        let outcome = script(format!("{nsenter} {options} echo x"));
        assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(0), "x\n"), "{outcome:?}");
    }
}

scene_test!(a_missing_directory_is_named);
fn a_missing_directory_is_named() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    for option in ["--root=/nowhere", "--wd=/nowhere", "--wdns=/nowhere"] {
        let what = if option.starts_with("--wdns") { "current working directory" } else { "/nowhere" };
        let line = format!("nsenter: cannot open {what}: No such file or directory");
        scene.nsenter([option, "true"]).run().says(1, &line);
    }
    scene.file("file", "");
    for option in ["--root=file", "--wd=file", "--wdns=file"] {
        let what = if option.starts_with("--root") { "root" } else { "working directory" };
        let line = format!("nsenter: change directory by {what} file descriptor failed: Not a directory");
        scene.nsenter([option, "true"]).run().says(1, &line);
    }
    let both = scene.nsenter(["--wd=/", "--wdns=/", "true"]).run();
    both.says(1, "nsenter: mutually exclusive arguments: --wdns --wd");
    let outcome = scene.nsenter(["--root=/usr", "true"]).user(ALICE).run();
    outcome.says(1, "nsenter: chroot failed: Operation not permitted");
}
