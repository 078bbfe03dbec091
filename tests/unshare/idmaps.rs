//! The maps of user and group ids.

use crate::common::{
    ALICE, BOB, CAROL, Ending, Outcome, ROOT, Scene, User, newer_than_theirs, on_purpose, their_bug, their_bug_since,
};
use crate::squeeze;

/// uid_map, gid_map and setgroups of a program that this user runs with these options.
fn maps(scene: &Scene, user: User, options: &[&str]) -> [String; 3] {
    let script = "for name in uid_map gid_map setgroups; do echo \"$(cat /proc/self/$name)\"; echo --; done";
    let line = options.iter().copied().chain(["/bin/sh", "-c", script]);
    let output = scene.unshare(line).user(user).ok();
    let mut parts = output.split("--\n").map(squeeze);
    std::array::from_fn(|_| parts.next().unwrap())
}

fn refused(scene: &Scene, user: User, options: &[&str]) -> Outcome {
    scene.unshare(options.iter().copied().chain(["echo", "ran"])).user(user).run()
}

#[track_caller]
fn assert_maps(user: User, rows: &[(&[&str], &str, &str, &str)]) {
    let scene = Scene::new();
    for (options, uid_map, gid_map, setgroups) in rows {
        assert_eq!(maps(&scene, user, options), [*uid_map, *gid_map, *setgroups], "{options:?} by {}", user.name);
    }
}

scene_test!(without_a_map_option_no_map_is_written);
fn without_a_map_option_no_map_is_written() {
    assert_maps(ALICE, &[(&["-U"], "", "", "allow")]);
}

scene_test!(a_single_id_is_mapped_by_the_process_itself);
fn a_single_id_is_mapped_by_the_process_itself() {
    assert_maps(
        ALICE,
        &[
            (&["-r"], "0 1001 1", "0 1001 1", "deny"),
            (&["--map-root-user"], "0 1001 1", "0 1001 1", "deny"),
            (&["-c"], "1001 1001 1", "1001 1001 1", "deny"),
            (&["--map-current-user"], "1001 1001 1", "1001 1001 1", "deny"),
            (&["--map-user", "5"], "5 1001 1", "", "allow"),
            (&["--map-user=bob"], "1002 1001 1", "", "allow"),
            (&["--map-group", "6"], "", "6 1001 1", "deny"),
            (&["--map-group=staff"], "", "50 1001 1", "deny"),
            (&["--map-user=5", "--map-group=6"], "5 1001 1", "6 1001 1", "deny"),
        ],
    );
    assert_maps(ROOT, &[(&["-r"], "0 0 1", "0 0 1", "deny"), (&["--map-user", "5"], "5 0 1", "", "allow")]);
}

scene_test!(the_last_single_map_wins);
fn the_last_single_map_wins() {
    assert_maps(
        ALICE,
        &[
            (&["-r", "--map-user=7"], "7 1001 1", "0 1001 1", "deny"),
            (&["--map-user=7", "--map-user=8", "--map-group=9"], "8 1001 1", "9 1001 1", "deny"),
        ],
    );
}

scene_test!(the_last_of_r_c_and_map_user_wins);
fn the_last_of_r_c_and_map_user_wins() {
    assert_maps(
        ALICE,
        &[
            (&["-r", "-c"], "1001 1001 1", "1001 1001 1", "deny"),
            (&["-c", "-r"], "0 1001 1", "0 1001 1", "deny"),
            (&["--map-user=7", "-r"], "0 1001 1", "0 1001 1", "deny"),
        ],
    );
}

scene_test!(the_block_of_subordinate_ids_is_mapped_from_0);
fn the_block_of_subordinate_ids_is_mapped_from_0() {
    assert_maps(
        ALICE,
        &[
            (&["--map-auto"], "0 100000 65536", "0 100000 65536", "allow"),
            (&["--map-users=auto"], "0 100000 65536", "", "allow"),
            (&["--map-groups=auto"], "", "0 100000 65536", "allow"),
        ],
    );
}

scene_test!(a_block_in_the_old_way_of_writing);
fn a_block_in_the_old_way_of_writing() {
    assert_maps(
        ALICE,
        &[
            (&["--map-users", "100000,0,10"], "0 100000 10", "", "allow"),
            (&["--map-users", " 100000, 0,+10"], "0 100000 10", "", "allow"),
        ],
    );
    assert_maps(ALICE, &[(&["--map-groups=100000,3,11"], "", "3 100000 11", "allow")]);
}

scene_test!(a_block_in_the_new_way_of_writing);
fn a_block_in_the_new_way_of_writing() {
    newer_than_theirs((2, 39), "INNER:OUTER:COUNT");
    assert_maps(ALICE, &[(&["--map-users", "5:100000:10"], "5 100000 10", "", "allow")]);
    assert_maps(ROOT, &[(&["--map-groups=7:100000:10"], "", "7 100000 10", "allow")]);
}

scene_test!(a_single_map_beside_blocks_comes_first_and_wins);
fn a_single_map_beside_blocks_comes_first_and_wins() {
    crate::common::otherwise_since((2, 42), "a block is cut where a single map takes an id of it");
    newer_than_theirs((2, 39), "the single map as a line of its own, without loss of an id");
    assert_maps(
        ALICE,
        &[
            (&["--map-auto", "-r"], "0 1001 1; 1 100000 65536", "0 1001 1; 1 100000 65536", "allow"),
            (&["-r", "--map-auto"], "0 1001 1; 1 100000 65536", "0 1001 1; 1 100000 65536", "allow"),
            (
                &["--map-auto", "-c"],
                "1001 1001 1; 0 100000 1001; 1002 101001 64535",
                "1001 1001 1; 0 100000 1001; 1002 101001 64535",
                "allow",
            ),
            (
                &["--map-users", "0:100000:1000", "--map-user", "500"],
                "500 1001 1; 0 100000 500; 501 100500 499",
                "",
                "allow",
            ),
            (&["--map-users", "0:100000:1000", "--map-user", "1000"], "1000 1001 1; 0 100000 1000", "", "allow"),
        ],
    );
    assert_maps(
        ROOT,
        &[(&["--map-users", "0:100000:10", "--map-user", "5"], "5 0 1; 0 100000 5; 6 100005 4", "", "allow")],
    );
}

scene_test!(subids_are_mapped_to_themselves);
fn subids_are_mapped_to_themselves() {
    newer_than_theirs((2, 41), "--map-subids");
    assert_maps(
        ALICE,
        &[
            (&["--map-subids"], "100000 100000 65536", "100000 100000 65536", "allow"),
            (&["--map-users=subids"], "100000 100000 65536", "", "allow"),
            (&["--map-subids", "-r"], "0 1001 1; 100000 100000 65536", "0 1001 1; 100000 100000 65536", "allow"),
        ],
    );
}

scene_test!(all_passes_every_id_through);
fn all_passes_every_id_through() {
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 39), "--map-users=all");
    assert_maps(
        ROOT,
        &[
            (&["--map-users=all", "--map-groups=all"], "0 0 4294967295", "0 0 4294967295", "allow"),
            (&["--map-users=all", "-r"], "0 0 1; 1 1 4294967294", "0 0 1", "deny"),
        ],
    );
}

scene_test!(blocks_add_up_in_their_order);
fn blocks_add_up_in_their_order() {
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 39), "more than one block");
    assert_maps(ROOT, &[(&["--map-users=10:100:5", "--map-users=0:200:5"], "10 100 5; 0 200 5", "", "allow")]);
}

scene_test!(users_and_groups_are_decided_apart);
fn users_and_groups_are_decided_apart() {
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 39), "a block of one kind beside a single map of the other");
    assert_maps(
        ROOT,
        &[
            (&["-r", "--map-users", "1:100000:10"], "0 0 1; 1 100000 10", "0 0 1", "deny"),
            (&["-r", "--map-groups", "1:100000:10"], "0 0 1", "0 0 1; 1 100000 10", "allow"),
        ],
    );
}

scene_test!(a_block_that_contains_the_outer_id_does_not_run_over_its_end);
fn a_block_that_contains_the_outer_id_does_not_run_over_its_end() {
    crate::common::needs_root("ids of other users");
    their_bug_since((2, 39), "an auto block that contains the single outer id runs over its end");
    let scene = Scene::new();
    std::fs::write(scene.path("etc/subuid"), "root:0:10\n").unwrap();
    std::fs::write(scene.path("etc/subgid"), "root:0:10\n").unwrap();
    let expected = ["0 0 1; 1 1 9", "0 0 1; 1 1 9", "allow"];
    assert_eq!(maps(&scene, ROOT, &["--map-auto", "-r"]), expected);
}

scene_test!(a_line_may_name_its_user_by_number);
fn a_line_may_name_its_user_by_number() {
    assert_maps(CAROL, &[(&["--map-auto"], "0 300000 1000", "0 310000 1000", "allow")]);
}

scene_test!(a_number_in_the_file_counts_without_a_passwd_entry);
fn a_number_in_the_file_counts_without_a_passwd_entry() {
    crate::common::needs_root("ids of other users");
    let scene = Scene::new();
    std::fs::write(scene.path("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
    std::fs::write(scene.path("etc/subuid"), "0:600000:7\n").unwrap();
    assert_eq!(maps(&scene, ROOT, &["--map-users=auto"])[0], "0 600000 7");
}

scene_test!(root_has_the_block_of_root_only);
fn root_has_the_block_of_root_only() {
    crate::common::needs_root("ids of other users");
    their_bug("as root, a line of any named user matches");
    let scene = Scene::new();
    let expected = ["0 500000 1000", "0 500000 1000", "allow"];
    assert_eq!(maps(&scene, ROOT, &["--map-auto"]), expected);
}

scene_test!(without_a_block_the_user_and_the_file_are_named);
fn without_a_block_the_user_and_the_file_are_named() {
    crate::common::otherwise_since((2, 42), "its words");
    let scene = Scene::new();
    for (option, file) in [("--map-users=auto", "/etc/subuid"), ("--map-groups=auto", "/etc/subgid")] {
        let outcome = refused(&scene, BOB, &[option]);
        outcome.says(1, &format!("unshare: no line matching user \"bob\" in {file}: Success"));
    }
}

scene_test!(without_a_block_a_hint_says_how_to_get_one);
fn without_a_block_a_hint_says_how_to_get_one() {
    on_purpose("hints");
    let scene = Scene::new();
    let outcome = refused(&scene, BOB, &["--map-auto"]);
    let below = outcome.says(1, "unshare: no line matching user \"bob\" in /etc/subuid: Success");
    assert!(
        below.len() == 1 && below[0].starts_with("unshare: hint: ") && below[0].contains("usermod --add-subuids"),
        "{below:?}"
    );
}

scene_test!(without_a_map_setgroups_is_what_is_asked_for);
fn without_a_map_setgroups_is_what_is_asked_for() {
    assert_maps(
        ALICE,
        &[
            (&["-U", "--setgroups", "deny"], "", "", "deny"),
            (&["-U", "--setgroups=allow"], "", "", "allow"),
            (&["--map-user=0", "--setgroups", "deny"], "0 1001 1", "", "deny"),
        ],
    );
}

scene_test!(denied_setgroups_and_a_single_group_go_together);
fn denied_setgroups_and_a_single_group_go_together() {
    their_bug("setgroups is denied twice, the second time too late");
    assert_maps(ALICE, &[(&["-r", "--setgroups", "deny"], "0 1001 1", "0 1001 1", "deny")]);
}

scene_test!(denied_setgroups_and_blocks_go_together);
fn denied_setgroups_and_blocks_go_together() {
    their_bug("with blocks, setgroups is denied too late");
    assert_maps(ALICE, &[(&["--map-auto", "--setgroups=deny"], "0 100000 65536", "0 100000 65536", "deny")]);
}

scene_test!(allowed_setgroups_and_a_single_group_exclude_each_other);
fn allowed_setgroups_and_a_single_group_exclude_each_other() {
    let scene = Scene::new();
    for options in [&["-r", "--setgroups", "allow"][..], &["--setgroups=allow", "--map-group=0"]] {
        let line = "unshare: options --setgroups=allow and --map-group are mutually exclusive";
        refused(&scene, ALICE, options).says(1, line);
    }
}

scene_test!(arguments_that_are_no_ids_are_refused);
fn arguments_that_are_no_ids_are_refused() {
    crate::common::otherwise_since((2, 42), "its words");
    let scene = Scene::new();
    for (option, said) in [
        ("--map-user=nobody-at-all", "failed to parse uid: 'nobody-at-all'"),
        ("--map-group=no-such-group", "failed to parse gid: 'no-such-group'"),
        ("--map-users=1,2", "mapping '1,2' contains only 2 elements"),
        ("--map-groups=x", "could not parse ID: 'x'"),
    ] {
        refused(&scene, ALICE, &[option]).says(1, &format!("unshare: {said}"));
    }
}

scene_test!(a_map_beyond_a_page_is_refused_before_any_effect);
fn a_map_beyond_a_page_is_refused_before_any_effect() {
    newer_than_theirs((2, 39), "more than one block");
    let scene = Scene::new();
    let blocks: Vec<String> =
        (0..300).map(|at| format!("--map-users={}:{}:1", at * 2, 4_000_000_000u32 + at * 2)).collect();
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    refused(&scene, ROOT, &blocks).failed("unshare", 1, &["uid_map"]);
}

scene_test!(id_says_root_for_an_ordinary_user);
fn id_says_root_for_an_ordinary_user() {
    let scene = Scene::new();
    assert_eq!(scene.unshare(["-Ur", "id", "-u"]).user(ALICE).ok(), "0\n");
}

scene_test!(the_id_that_nobody_has_is_refused);
fn the_id_that_nobody_has_is_refused() {
    on_purpose("theirs runs the program without a map");
    let scene = Scene::new();
    for option in ["--map-user", "--map-group"] {
        for id in ["-1", "4294967295"] {
            let outcome = scene.unshare([&format!("{option}={id}"), "echo", "ran"]).run();
            assert_eq!((outcome.ending, outcome.stdout.as_str()), (Ending::Exited(1), ""));
            assert!(outcome.stderr.contains(&format!("'{id}'")), "{outcome:?}");
        }
    }
}
