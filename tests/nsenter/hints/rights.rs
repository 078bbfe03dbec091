//! What may not be entered.

use super::{DENIED, REFUSED, hint, scene};
use crate::Target;
use crate::common::ALICE;

/// An ordinary user's container, which shares the rest with the machine.
const SOME: &[&str] = &["-U", "-r", "-m", "-p", "-f", "--mount-proc"];

scene_test!(a_namespace_that_is_our_own_is_to_be_left_out);
fn a_namespace_that_is_our_own_is_to_be_left_out() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, SOME);
    let id = target.id();
    let named =
        hint(scene.nsenter(["-t", &id, "-U", "--preserve-credentials", "-u", "true"]).user(ALICE), 1, &[REFUSED]);
    assert!(
        named.starts_with(&format!("process {id} is in our own uts namespace")) && named.ends_with(": leave --uts out"),
        "{named}"
    );
}

scene_test!(the_owner_of_a_container_changes_the_root_in_its_user_namespace);
fn the_owner_of_a_container_changes_the_root_in_its_user_namespace() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, SOME);
    let id = target.id();
    let root = hint(scene.nsenter(["-t", &id, "-r", "true"]).user(ALICE), 1, &[REFUSED]);
    assert!(root.contains("CAP_SYS_CHROOT") && root.ends_with(": add --user"), "{root}");
    scene.nsenter(["-t", &id, "-U", "--preserve-credentials", "-r", "true"]).user(ALICE).ok();
    // No user namespace to enter helps here.
    let plain = Target::of(scene.probe(["hold"]).user(ALICE));
    let root = hint(scene.nsenter(["-t", &plain.id(), "-r", "true"]).user(ALICE), 1, &[REFUSED]);
    assert!(root.ends_with("run it as root"), "{root}");
}

scene_test!(no_way_leads_back_to_the_user_namespace_around);
fn no_way_leads_back_to_the_user_namespace_around() {
    let scene = scene();
    let target = Target::of(scene.probe(["hold"]).user(ALICE));
    let inside = |options: &[&str]| {
        let call = scene.call(scene.path("our-unshare"), ["-r", "bin/nsenter", "-t", &target.id()]);
        call.args(options).args(["true"]).user(ALICE)
    };
    for options in [&["-U"][..], &["-n"]] {
        let hint = hint(inside(options), 1, &[DENIED]);
        assert!(
            hint.starts_with(&format!("process {} is outside of our user namespace", target.id()))
                && hint.contains("nobody can go back"),
            "{options:?}: {hint}"
        );
    }
    // The file of it can be had from outside, and does not help.
    let outside = std::fs::File::open(target.proc("ns/user")).unwrap();
    let call = scene.call(scene.path("our-unshare"), ["-r", "bin/nsenter", "--user=/proc/self/fd/9", "true"]);
    let file = hint(call.user(ALICE).given(9, outside), 1, &[REFUSED]);
    assert!(file.contains("nobody can go back"), "{file}");
}
