//! --all, where some of the target's namespaces are our own.

use crate::common::{ALICE, ROOT, on_purpose};
use crate::{KINDS, ROOTLESS, Target, assert_entered, namespace, scene};

scene_test!(an_ordinary_user_enters_all_of_their_own_container);
fn an_ordinary_user_enters_all_of_their_own_container() {
    on_purpose("what is our own already is passed over where entering it is refused");
    let scene = scene();
    let target = Target::new(&scene, ALICE, ROOTLESS);
    for options in [&["-a"][..], &["--all"], &["-a", "-w", "-r"]] {
        let call = scene.nsenter(["-t", &target.id(), "--preserve-credentials"]);
        let seen = call.args(options).args(["probe", "seen"]).user(ALICE).seen();
        // Those that the container has of its own, and for the rest those that both are in.
        assert_entered(&scene, &target, &seen, &["user", "mnt", "net", "pid"]);
        assert_eq!(namespace(&seen, "uts"), target.namespace("uts"));
        assert_eq!(seen.one("uid"), "0 0 0");
    }
    // One namespace of its own is enough, or none.
    for container in [&["-U", "-r"][..], &["-U", "-r", "-u"]] {
        let target = Target::new(&scene, ALICE, container);
        let call = scene.nsenter(["-t", &target.id(), "-a", "--preserve-credentials", "probe", "seen"]);
        let seen = call.user(ALICE).seen();
        for (_, _, name) in KINDS {
            assert_eq!(namespace(&seen, name), target.namespace(name), "{container:?}");
        }
    }
    let plain = Target::of(scene.probe(["hold"]).user(ALICE));
    let seen = scene.nsenter(["-t", &plain.id(), "-a", "probe", "seen"]).user(ALICE).seen();
    assert_entered(&scene, &plain, &seen, &[]);
}

scene_test!(a_container_with_all_of_a_users_ids_needs_no_option);
fn a_container_with_all_of_a_users_ids_needs_no_option() {
    on_purpose("what is our own already is passed over where entering it is refused");
    crate::common::needs_root("ids of other users");
    if !std::path::Path::new("/usr/bin/newuidmap").exists() {
        crate::common::skip("there is no newuidmap");
    }
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-r", "--map-auto", "-m", "-p", "-f", "--mount-proc"]);
    let seen = scene.nsenter(["-t", &target.id(), "-a", "probe", "seen"]).user(ALICE).seen();
    assert_entered(&scene, &target, &seen, &["user", "mnt", "pid"]);
    assert_eq!(seen.one("groups"), "");
}

scene_test!(one_of_our_own_that_is_named_is_refused);
fn one_of_our_own_that_is_named_is_refused() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, ROOTLESS);
    for named in ["-u", "-i", "-C"] {
        for all in [&[named][..], &["-a", named], &[named, "-a"]] {
            let call = scene.nsenter(["-t", &target.id(), "-U", "--preserve-credentials"]);
            let outcome = call.args(all).args(["echo", "entered"]).user(ALICE).run();
            outcome.failed("nsenter", 1, &["reassociate to namespace 'ns/", "Operation not permitted"]);
        }
    }
}

scene_test!(where_it_is_allowed_our_own_are_entered_again);
fn where_it_is_allowed_our_own_are_entered_again() {
    let scene = scene();
    // setns(2) into a mount namespace changes the root directory to that of the namespace, also into our own. Below the old
    // one, what is bound there is not seen once more.
    let target = Target::of(scene.probe(["hold"]));
    let (root, id) = (scene.subdirectory("root"), target.id());
    scene.mount(["--rbind", "/", &root]);
    let path = format!("{}:/usr/bin:/bin", scene.text("bin"));
    let below = |command: &[&str]| {
        let call = scene.call("/usr/sbin/chroot", [&*root, "/usr/bin/env"]).args(command).args(["ls", &root]);
        call.env("PATH", &path).user(ROOT).ok()
    };
    assert_eq!(below(&[]), "");
    assert_ne!(below(&["nsenter", "-t", &id, "-a"]), "");
}
