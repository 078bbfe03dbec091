//! Id maps, and newuidmap(1).

use super::*;

scene_test!(root_of_outside_needs_cap_setfcap);
fn root_of_outside_needs_cap_setfcap() {
    let scene = scene();
    let without = ["--bounding-set=-setfcap"];
    for options in [&["-r"][..], &["--map-users=0:0:1"]] {
        let call = unshare(&scene, ROOT, options).under(&scene, "setpriv", without);
        let hint = hint(call, &[REFUSED]);
        assert!(hint.contains("needs CAP_SETFCAP since Linux 5.12"), "{options:?}: {hint}");
    }
    // No other user needs it.
    unshare(&scene, ALICE, &["-r"]).under(&scene, "setpriv", without).user(ALICE).ok();
    unshare(&scene, ROOT, &["--map-users=0:100000:10"]).under(&scene, "setpriv", without).ok();
}

scene_test!(a_block_needs_the_right_to_change_the_user);
fn a_block_needs_the_right_to_change_the_user() {
    crate::common::needs_root("ids of other users");
    let scene = scene();
    for (option, lacking, name) in
        [("--map-users=0:100000:10", "setuid", "CAP_SETUID"), ("--map-groups=0:100000:10", "setgid", "CAP_SETGID")]
    {
        let without = format!("--bounding-set=-{lacking}");
        let hint = hint(unshare(&scene, ROOT, &[option]).under(&scene, "setpriv", [without]), &[REFUSED]);
        assert!(hint.ends_with(&format!("needs {name}, which we lack")), "{hint}");
    }
}

scene_test!(ids_that_the_outer_user_namespace_lacks);
fn ids_that_the_outer_user_namespace_lacks() {
    crate::common::needs_root("ids of other users");
    let scene = scene();
    // Root has subordinate ids, which are not mapped in the outer one.
    let call = scene.unshare(["-r", "bin/unshare", "--map-auto", "true"]);
    let alone = hint(call, &[REFUSED]);
    assert!(alone.starts_with("the ids 500000 to 500999 outside are not mapped"), "{alone}");
    assert!(alone.contains("which has 0: ") && alone.ends_with("as unshare -r --map-auto does"), "{alone}");
    scene.unshare(["-r", "--map-auto", "true"]).ok();
    // And where it has none, usermod(8) would give ids that are not mapped.
    scene.file("etc/subuid", "alice:100000:10\n");
    let call = scene.unshare(["-r", "bin/unshare", "--map-auto", "true"]);
    let none = hint(call, &["/etc/subuid"]);
    assert!(none.starts_with("subordinate ids are not mapped") && !none.contains("usermod"), "{none}");
    let call = scene.unshare(["--map-users=0:0:10", "--map-groups=0:0:10", "bin/unshare", "--map-auto", "true"]);
    let few = hint(call, &["/etc/subuid"]);
    assert!(few.contains("(0 to 9)") && few.contains("usermod --add-subuids FIRST-LAST root"), "{few}");
}

scene_test!(newuidmap_gets_no_rights_under_no_new_privs);
fn newuidmap_gets_no_rights_under_no_new_privs() {
    let scene = scene();
    let call = unshare(&scene, ALICE, &["--map-auto"]).under(&scene, "setpriv", ["--no-new-privs"]).user(ALICE);
    let hint = hint(call, &["newuidmap"]);
    assert!(hint.starts_with("no_new_privs is set"), "{hint}");
}

scene_test!(newuidmap_is_asked_for_blocks_that_share_ids);
fn newuidmap_is_asked_for_blocks_that_share_ids() {
    let scene = scene();
    let options = ["--map-users=0:100000:10", "--map-users=5:100100:10"];
    let hint = hint(unshare(&scene, ALICE, &options), &["newuidmap"]);
    assert_eq!(hint, "two blocks share the ids 5 to 9 inside");
}

scene_test!(newuidmap_looks_at_its_file_before_the_kernel_looks_at_the_map);
fn newuidmap_looks_at_its_file_before_the_kernel_looks_at_the_map() {
    let scene = scene();
    let options = ["--map-users=0:100000:10", "--map-users=5:7:10"];
    let hint = hint(unshare(&scene, ALICE, &options), &["newuidmap"]);
    assert!(hint.starts_with("/etc/subuid allows this user") && hint.ends_with("and not 7 to 16"), "{hint}");
}

scene_test!(who_has_no_account_has_no_subordinate_ids);
fn who_has_no_account_has_no_subordinate_ids() {
    crate::common::needs_root("a process of another user");
    let scene = scene();
    let call = unshare(&scene, ROOT, &["--map-auto"]).under(&scene, "setpriv", ["--reuid=4711", "--clear-groups"]);
    let hint = hint(call, &["you (user 4711) don't exist."]);
    assert!(hint.contains("useradd -u 4711") && !hint.contains("usermod"), "{hint}");
}

scene_test!(newuidmap_has_no_rights);
fn newuidmap_has_no_rights() {
    let scene = scene();
    scene.subdirectory("fake");
    copy_to_run("/usr/bin/newuidmap".as_ref(), &scene.path("fake/newuidmap"));
    let run = || unshare(&scene, ALICE, &["--map-auto"]).env("PATH", scene.text("fake"));
    let chmod = |mode: &str| scene.call("/bin/chmod", [mode, "fake/newuidmap"]).ok();
    let named = scene.text("fake/newuidmap");
    let plain = hint(run(), &["newuidmap"]);
    assert!(plain.starts_with(&format!("{named} has neither the set-user-ID bit")), "{plain}");
    chmod("4755");
    scene.call("/bin/chown", ["1002", "fake/newuidmap"]).ok();
    chmod("4755");
    let owned = hint(run(), &["newuidmap"]);
    assert!(owned.contains("(owner 1002, mode 4755)") && owned.contains("chown root, then chmod u+s"), "{owned}");
    scene.call("/bin/chown", ["0", "fake/newuidmap"]).ok();
    chmod("4755");
    scene.mount(["--bind", "fake", "fake"]);
    scene.mount(["-o", "remount,bind,nosuid", "fake"]);
    let nosuid = hint(run(), &["newuidmap"]);
    assert!(nosuid.starts_with(&named) && nosuid.contains("option nosuid"), "{nosuid}");
}

scene_test!(a_map_that_cannot_be_read_says_what_one_is);
fn a_map_that_cannot_be_read_says_what_one_is() {
    let scene = scene();
    for option in ["--map-users=1", "--map-groups=1:2"] {
        let hint = hint(unshare(&scene, ROOT, &[option]), &["1"]);
        assert!(hint.contains("INNER:OUTER:COUNT") && hint.contains("OUTER,INNER,COUNT"), "{hint}");
    }
}
