//! Another root directory, user or group.

use super::*;

scene_test!(a_user_is_told_which_option_needs_root);
fn a_user_is_told_which_option_needs_root() {
    let scene = scene();
    for (options, words) in [
        (&["-R", "bin"][..], "--root needs CAP_SYS_CHROOT"),
        (&["--owner", "0:0"], "--owner makes unshare itself that user and group, which needs root"),
        (&["-S", "5"], "-S changes the user, which needs root"),
        (&["-G", "5"], "-G changes the group and drops the supplementary ones, which needs root"),
    ] {
        let hint = hint(unshare(&scene, ALICE, options), &[REFUSED]);
        assert!(hint.starts_with(words), "{options:?}: {hint}");
    }
    // Root that is refused has the rights.
    for (options, call) in [(["-R", "/"], libc::SYS_chroot), (["-S", "5"], libc::SYS_setuid)] {
        let call = unshare(&scene, ROOT, &options).refused(&scene, call, libc::EPERM, 0);
        let stderr = call.run().stderr;
        assert!(!stderr.contains("needs"), "{stderr}");
    }
}

scene_test!(an_id_that_is_not_mapped_is_told_with_those_that_are);
fn an_id_that_is_not_mapped_is_told_with_those_that_are() {
    crate::common::needs_root("ids of other users");
    let scene = scene();
    for (options, words) in [
        (&["-r", "-S", "1000"][..], "user 1000 is not mapped in the new user namespace, which has 0:"),
        (&["--map-users=5:100000:10", "-S", "0"], "user 0 is not mapped in the new user namespace, which has 5 to 14:"),
        (&["-U", "-S", "0"], "no user is mapped in the new user namespace: map root with -r"),
        (
            &["--map-groups=0:100000:10", "-G", "10"],
            "group 10 is not mapped in the new user namespace, which has 0 to 9:",
        ),
    ] {
        let hint = hint(unshare(&scene, ROOT, options), &[INVALID]);
        assert!(hint.starts_with(words), "{options:?}: {hint}");
    }
    // In the user namespace that we are in.
    let inside = scene.unshare(["-r", "bin/unshare", "-S", "7", "true"]);
    let inside = hint(inside, &[INVALID]);
    assert_eq!(inside, "user 7 is not mapped in the user namespace that we are in, which has 0");
}

scene_test!(groups_are_denied_where_no_block_is_mapped);
fn groups_are_denied_where_no_block_is_mapped() {
    let scene = scene();
    for options in [["-r", "-G", "0"], ["-U", "-G", "0"]] {
        let hint = hint(unshare(&scene, ROOT, &options), &[REFUSED]);
        assert!(hint.starts_with("setgroups(2) is denied") && hint.contains("--map-groups"), "{options:?}: {hint}");
    }
}

scene_test!(setgroups_is_of_a_new_user_namespace);
fn setgroups_is_of_a_new_user_namespace() {
    let scene = scene();
    for (user, errno) in [(ROOT, REFUSED), (ALICE, DENIED)] {
        let hint = hint(unshare(&scene, user, &["--setgroups=deny"]), &[errno]);
        assert!(hint.contains("add --user"), "{hint}");
    }
    unshare(&scene, ALICE, &["-U", "--setgroups=deny"]).ok();
}
