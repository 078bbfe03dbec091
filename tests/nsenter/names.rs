//! Namespaces by name and number: `--net=blue`, `--net=4026532193`.

use crate::common::{Pty, ROOT, Scene, on_purpose};
use crate::{KINDS, Target};

/// A scene with a private /run. Leaves the test out where the tool under test takes files only.
fn scene() -> Scene {
    on_purpose("theirs takes files only");
    let scene = crate::scene();
    scene.mount(["-t", "tmpfs", "none", "/run"]);
    scene
}

/// Binds the target's network namespace on `path`.
fn keep(scene: &Scene, target: &Target, path: &str) {
    scene.call("/bin/sh", ["-ec", "mkdir -p \"${1%/*}\"; touch \"$1\"", "sh", path]).ok();
    scene.mount(["--bind", &target.proc("ns/net"), path]);
}

fn number(link: &str) -> String {
    link.split(['[', ']']).nth(1).unwrap().to_string()
}

#[track_caller]
fn entered(scene: &Scene, option: &str, name: &str) -> String {
    scene.nsenter([option, "readlink", &format!("/proc/self/ns/{name}")]).ok().trim().to_string()
}

scene_test!(a_name_is_that_of_a_network_namespace_of_ip);
fn a_name_is_that_of_a_network_namespace_of_ip() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-n", "-u"]);
    keep(&scene, &target, "/run/netns/blue");
    // As a number it would be that of a namespace of the machine.
    let of_machine = number(&scene.namespace("net"));
    keep(&scene, &target, &format!("/run/netns/{of_machine}"));
    for option in ["--net=blue", "-nblue", "-n=blue", &format!("--net={of_machine}")] {
        assert_eq!(entered(&scene, option, "net"), target.namespace("net"), "{option}");
    }
    // Of no other kind, by no path, and out of no directory.
    keep(&scene, &target, "/run/blue");
    for option in ["--uts=blue", "--net=./blue", "--net=../blue", "--net=..", "--net=", "--net=green"] {
        let outcome = scene.nsenter([option, "true"]).run();
        outcome.failed("nsenter", 1, &[]);
    }
    let directory = scene.nsenter(["--net=netns", "true"]).directory("/run").run();
    directory.says(1, "nsenter: reassociate to namespace 'ns/net' failed: Invalid argument");
}

scene_test!(a_number_is_that_of_a_namespace_of_the_kind);
fn a_number_is_that_of_a_namespace_of_the_kind() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-n", "-u", "-i", "-m"]);
    for (_, option, name) in KINDS.into_iter().filter(|(_, _, name)| ["net", "uts", "ipc"].contains(name)) {
        let number = number(&target.namespace(name));
        for form in [number.clone(), format!("[{number}]"), format!("{name}:[{number}]")] {
            assert_eq!(entered(&scene, &format!("{option}={form}"), name), target.namespace(name), "{option}={form}");
        }
    }
    // Neither another kind nor a number of nobody.
    let uts = number(&target.namespace("uts"));
    for option in [format!("--net={uts}"), format!("--net=[{uts}]"), "--net=1".to_string(), "--net=net:[1]".to_string()]
    {
        let outcome = scene.nsenter([&option, "true"]).run();
        outcome.failed("nsenter", 1, &["No such file or directory"]);
    }
}

scene_test!(a_file_of_that_name_comes_first);
fn a_file_of_that_name_comes_first() {
    let scene = scene();
    let (by_file, by_name) = (Target::new(&scene, ROOT, &["-n"]), Target::new(&scene, ROOT, &["-n"]));
    keep(&scene, &by_name, "/run/netns/blue");
    let of_name = number(&by_name.namespace("net"));
    let names = ["blue".to_string(), of_name.clone(), format!("[{of_name}]"), format!("net:[{of_name}]")];
    for name in &names {
        keep(&scene, &by_file, &scene.text(name));
        let option = format!("--net={name}");
        assert_eq!(entered(&scene, &option, "net"), by_file.namespace("net"), "{name}");
        // A person is told.
        let pty = Pty::new();
        scene.nsenter([&option, "true"]).terminal(&pty).run();
        let said = pty.text();
        let note = format!("nsenter: note: the file {name} of this directory is entered, and not ");
        assert!(said.starts_with(&note), "{name}: {said}");
    }
    // In the directory itself, the two are one.
    let pty = Pty::new();
    scene.nsenter(["--net=blue", "true"]).directory("/run/netns").terminal(&pty).run();
    assert_eq!(pty.text(), "");
    // A file that is there and no namespace is not passed over.
    scene.file("green", "");
    keep(&scene, &by_name, "/run/netns/green");
    let outcome = scene.nsenter(["--net=green", "true"]).run();
    outcome.says(1, "nsenter: reassociate to namespace 'ns/net' failed: Invalid argument");
}
