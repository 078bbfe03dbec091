//! What --like-target cannot take over is named, and nothing is run.

use super::{docker, refused, rootless};
use crate::common::{ALICE, Call, ROOT, Scene, needs_root, on_purpose};
use crate::{Target, scene};

/// nsenter, with fewer rights.
fn with_less(scene: &Scene, setpriv: &str, target: &Target) -> Call {
    let script = format!("ulimit -n 500; exec setpriv {setpriv} nsenter -t {} --like-target echo run", target.id());
    scene.call("/bin/sh", ["-c", &script])
}

scene_test!(a_limit_that_we_may_not_raise);
fn a_limit_that_we_may_not_raise() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let target = docker().start(&scene);
    let outcome = refused(with_less(&scene, "--bounding-set=-sys_resource --inh-caps=-sys_resource", &target));
    let below =
        outcome.says(1, "nsenter: cannot take over the target's limit \"Max open files\": Operation not permitted");
    let hint = "nsenter: hint: to raise a hard limit needs CAP_SYS_RESOURCE outside of all user namespaces";
    assert_eq!(below, [hint]);
}

scene_test!(a_capability_that_we_lack);
fn a_capability_that_we_lack() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let target = docker().start(&scene);
    let outcome = refused(with_less(&scene, "--bounding-set=-chown,-net_raw --inh-caps=-all", &target));
    let line = format!("nsenter: process {} has capabilities that we lack: cap_chown, cap_net_raw", target.pid());
    let hint = "nsenter: hint: we cannot give capabilities that we lack: add --cap-drop with these to run the program \
                without them";
    assert_eq!(outcome.says(1, &line), [hint]);
    // As the hint says.
    let script = format!(
        "exec setpriv --bounding-set=-chown,-net_raw --inh-caps=-all nsenter -t {} --like-target --cap-drop=chown,net_raw \
         echo run",
        target.id()
    );
    assert_eq!(scene.call("/bin/sh", ["-c", &script]).ok(), "run\n");
}

scene_test!(a_nice_value_that_we_may_not_lower);
fn a_nice_value_that_we_may_not_lower() {
    on_purpose("--like-target");
    needs_root("the container of another user");
    let scene = scene();
    let probe = scene.text("bin/probe");
    let target = rootless(&scene, ALICE, &[&probe, "hold"]);
    scene.call("renice", ["-n", "-20", "-p", &target.id()]).ok();
    let outcome = refused(scene.nsenter(["-t", &target.id(), "--like-target", "echo", "run"]).user(ALICE));
    outcome.says(1, "nsenter: cannot take over the target's nice value: Permission denied");
}

scene_test!(groups_that_may_not_be_changed);
fn groups_that_may_not_be_changed() {
    on_purpose("--like-target");
    needs_root("groups");
    let scene = scene();
    let probe = scene.text("bin/probe");
    let target = rootless(&scene, ALICE, &[&probe, "hold"]);
    // The user namespace of an ordinary user denies setgroups(2).
    let call = scene.nsenter(["-t", &target.id(), "--like-target", "echo", "run"]).user(ALICE).groups(&[50]);
    refused(call).says(1, "nsenter: cannot take over the target's supplementary groups: Operation not permitted");
    // Outside, root may, and leaves none of its own.
    let call = scene.nsenter(["-t", &target.id(), "--like-target", &probe, "seen"]).groups(&[50]);
    assert_eq!(call.seen().one("groups"), "");
}

scene_test!(a_filter_that_cannot_be_read_is_told_of);
fn a_filter_that_cannot_be_read_is_told_of() {
    on_purpose("--like-target");
    let scene = scene();
    let user = if crate::common::is_root() { ALICE } else { ROOT };
    let probe = scene.text("bin/probe");
    let refuse = [&*probe, "refuse", &libc::SYS_sethostname.to_string(), "1", "0", &probe, "hold"].map(String::from);
    let target = rootless(&scene, user, &refuse.each_ref().map(String::as_str));
    let outcome =
        scene.nsenter(["-t", &target.id(), "--like-target", "grep", "^Seccomp:", "/proc/self/status"]).user(user).run();
    assert_eq!(outcome.stdout, "Seccomp:\t0\n", "{outcome:?}");
    let note = "nsenter: note: the target's seccomp filter is not in force: reading it needs CAP_SYS_ADMIN outside of all user \
                namespaces, and no filter of our own\n";
    assert_eq!(outcome.stderr, note);
}

scene_test!(who_is_traced_does_not_get_rid_of_its_filter);
fn who_is_traced_does_not_get_rid_of_its_filter() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let target = docker().start(&scene);
    // SAFETY: plain numbers: this becomes the tracer, and lets go when it ends.
    let traced = || unsafe { libc::ptrace(libc::PTRACE_SEIZE, target.pid(), 0, 0) };
    assert_eq!(traced(), 0);
    let outcome = refused(scene.nsenter(["-t", &target.id(), "--like-target", "echo", "run"]));
    let said =
        format!("nsenter: the seccomp filter of process {} cannot be read: another process traces it", target.pid());
    outcome.says(1, &said);
}

scene_test!(a_paused_target_is_not_waited_for);
fn a_paused_target_is_not_waited_for() {
    on_purpose("--like-target");
    needs_root("cgroups of its own");
    let scene = scene();
    let mut cgroups = crate::common::Cgroups::new("like-paused");
    let target = docker().start(&scene);
    let cgroup = cgroups.make("/box");
    cgroups.put(target.pid(), "/box");
    std::fs::write(cgroup.join("cgroup.freeze"), "1").unwrap();
    let outcome = refused(scene.nsenter(["-t", &target.id(), "--like-target", "echo", "run"]));
    std::fs::write(cgroup.join("cgroup.freeze"), "0").unwrap();
    assert!(
        outcome.stderr.starts_with("nsenter: the cgroup ") && outcome.stderr.contains(" is paused\n"),
        "{outcome:?}"
    );
}

scene_test!(options_that_contradict_it);
fn options_that_contradict_it() {
    on_purpose("--like-target");
    let scene = scene();
    let none = scene.nsenter(["--like-target", "true"]).run();
    let below = none.says(1, "nsenter: no target PID specified");
    assert_eq!(below, ["nsenter: hint: --like-target needs a target process (--target)"]);
    for (args, both) in [
        (["-F", "--like-target", "-t1", "true"], "--no-fork --like-target"),
        (["--netns=blue", "--like-target", "-t1", "true"], "--netns --like-target"),
    ] {
        let outcome = scene.nsenter(args).run();
        outcome.says(1, &format!("nsenter: mutually exclusive arguments: {both}"));
    }
    let outcome = scene.nsenter(["-t999999999", "--like-target", "true"]).run();
    outcome.says(1, "nsenter: failed to pidfd_open() for 999999999: No such process");
}
