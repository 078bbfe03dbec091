//! User, groups and capabilities of the program.

use crate::common::{ALICE, BOB, ROOT, newer_than_theirs, on_purpose};
use crate::{Target, scene};

/// A container with the ids 0 to 999, in which root's processes run.
const REMAPPED: &[&str] =
    &["--map-users=500000,0,1000", "--map-groups=500000,0,1000", "-U", "--setuid=7", "--setgid=8"];

scene_test!(in_a_user_namespace_the_program_is_root_without_groups);
fn in_a_user_namespace_the_program_is_root_without_groups() {
    crate::common::needs_root("ids of other users");
    let scene = scene();
    for target in [Target::new(&scene, ROOT, REMAPPED), Target::new(&scene, ALICE, &["-U", "-r"])] {
        let call = scene.nsenter(["-t", &target.id(), "-U", "probe", "seen"]).groups(&[50]);
        let seen = call.seen();
        assert_eq!(seen.one("uid"), "0 0 0");
        assert_eq!(seen.one("gid"), "0 0 0");
        assert_eq!(seen.one("groups"), "");
    }
}

scene_test!(credentials_are_preserved);
fn credentials_are_preserved() {
    crate::common::needs_root("ids of other users");
    let scene = scene();
    let target = Target::new(&scene, ROOT, REMAPPED);
    let call = scene.nsenter(["-t", &target.id(), "-U", "--preserve-credentials"]);
    let seen = call.args(["probe", "seen"]).groups(&[500_050]).seen();
    assert_eq!(seen.one("uid"), "65534 65534 65534");
    assert_eq!(seen.one("gid"), "65534 65534 65534");
    assert_eq!(seen.one("groups"), "50");
}

scene_test!(preserved_credentials_give_way_to_those_that_are_given);
fn preserved_credentials_give_way_to_those_that_are_given() {
    crate::common::needs_root("ids of other users");
    let scene = scene();
    let target = Target::new(&scene, ROOT, REMAPPED);
    let call = scene.nsenter(["-t", &target.id(), "-U", "--preserve-credentials", "-S5", "-G6"]);
    let seen = call.args(["probe", "seen"]).seen();
    assert_eq!((seen.one("uid"), seen.one("gid")), ("5 5 5", "6 6 6"));
}

scene_test!(user_and_group_are_given_by_number);
fn user_and_group_are_given_by_number() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    for options in [&["-S5", "-G6"][..], &["-S", "5", "-G", "6"], &["--setuid=5", "--setgid", "6"]] {
        let seen = scene.nsenter(options).args(["probe", "seen"]).groups(&[50]).seen();
        assert_eq!((seen.one("uid"), seen.one("gid")), ("5 5 5", "6 6 6"));
        assert_eq!(seen.one("groups"), "");
    }
    // -S0 is not "no -S".
    let seen = scene.nsenter(["-S0", "-G0", "probe", "seen"]).groups(&[50]).seen();
    assert_eq!((seen.one("uid"), seen.one("groups")), ("0 0 0", ""));
}

scene_test!(without_a_user_namespace_only_the_group_drops_the_others);
fn without_a_user_namespace_only_the_group_drops_the_others() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    let seen = scene.nsenter(["-S5", "probe", "seen"]).groups(&[50]).seen();
    assert_eq!((seen.one("uid"), seen.one("gid"), seen.one("groups")), ("5 5 5", "0 0 0", "50"));
    let seen = scene.nsenter(["-G5", "probe", "seen"]).groups(&[50]).seen();
    assert_eq!((seen.one("uid"), seen.one("gid"), seen.one("groups")), ("0 0 0", "5 5 5", ""));
    let target = Target::new(&scene, ROOT, &["-n"]);
    let seen = scene.nsenter(["-t", &target.id(), "-n", "probe", "seen"]).groups(&[50]).seen();
    assert_eq!((seen.one("uid"), seen.one("gid"), seen.one("groups")), ("0 0 0", "0 0 0", "50"));
}

scene_test!(ids_are_those_of_the_user_namespace_that_is_entered);
fn ids_are_those_of_the_user_namespace_that_is_entered() {
    crate::common::needs_root("ids of other users");
    let scene = scene();
    let target = Target::new(&scene, ROOT, REMAPPED);
    let call = scene.nsenter(["-t", &target.id(), "-U", "-S5", "-G6", "probe", "hold"]);
    let process = call.leashed().spawn();
    process.expect("ready");
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    assert!(status.contains("Uid:\t500005\t500005\t500005\t500005\n"), "{status}");
    assert!(status.contains("Gid:\t500006\t500006\t500006\t500006\n"), "{status}");
}

scene_test!(user_and_group_are_given_by_name);
fn user_and_group_are_given_by_name() {
    crate::common::needs_root("setgroups(2)");
    on_purpose("names for --setuid and --setgid");
    let scene = scene();
    let seen = scene.nsenter(["-S", "alice", "-G", "staff", "probe", "seen"]).seen();
    assert_eq!((seen.one("uid"), seen.one("gid")), ("1001 1001 1001", "50 50 50"));
    for (option, what, id) in [("-S", "user", "uid"), ("-G", "group", "gid")] {
        let outcome = scene.nsenter([option, "nobody-of-this-name", "true"]).run();
        let below = outcome.says(1, &format!("nsenter: failed to parse {id}: 'nobody-of-this-name'"));
        assert_eq!(below, [format!("nsenter: hint: no {what} is called 'nobody-of-this-name'")]);
    }
    // Looked up outside: the container's passwd has no say.
    let target = Target::new(&scene, ROOT, &["-m"]);
    let hidden = scene.file("empty", "");
    scene.call("/usr/bin/nsenter", ["-t", &target.id(), "-m", "mount", "--bind", &hidden, "/etc/passwd"]).ok();
    let call = scene.nsenter(["-t", &target.id(), "-m", "-S", "alice", "probe", "seen"]);
    assert_eq!(call.seen().one("uid"), "1001 1001 1001");
}

scene_test!(user_and_group_of_the_target_are_followed_as_they_are_called_inside);
fn user_and_group_of_the_target_are_followed_as_they_are_called_inside() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 39), "--setuid follow");
    let scene = scene();
    let target = Target::new(&scene, ROOT, REMAPPED);
    let id = target.id();
    let follow = ["-S", "follow", "-G", "follow", "probe", "seen"];
    let seen = scene.nsenter(["-t", &id, "-U"]).args(follow).seen();
    assert_eq!((seen.one("uid"), seen.one("gid")), ("7 7 7", "8 8 8"));
    let seen = scene.nsenter(["-t", &id]).args(follow).seen();
    assert_eq!((seen.one("uid"), seen.one("gid")), ("500007 500007 500007", "500008 500008 500008"));
}

scene_test!(who_has_no_id_inside_is_not_followed);
fn who_has_no_id_inside_is_not_followed() {
    crate::common::otherwise_since((2, 42), "its words");
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 39), "--setuid follow");
    let scene = scene();
    // Its user and group are root's outside, which the maps leave out; 65534 inside is somebody.
    let maps = ["--map-users=1:100000:65535", "--map-groups=1:100000:65535"];
    let target = Target::new(&scene, ROOT, &maps);
    let id = target.id();
    let by_file = format!("--user={}", target.proc("ns/user"));
    for (option, what) in [("-S", "user"), ("-G", "group")] {
        for user in ["-U", &by_file] {
            let call = scene.nsenter(["-t", &id, user, option, "follow", "echo", "ran"]);
            let words = [&format!("the {what} of process {id}"), "no id in the user namespace that is entered"];
            call.run().failed("nsenter", 1, &words);
        }
    }
    // Nor is it in the user namespace of somebody else.
    let other = Target::new(&scene, ROOT, &maps);
    let target = Target::new(&scene, ROOT, &["-n"]);
    let user = format!("--user={}", other.proc("ns/user"));
    for (option, what) in [("-S", "user"), ("-G", "group")] {
        let call = scene.nsenter(["-t", &target.id(), &user, option, "follow", "echo", "ran"]);
        call.run().failed("nsenter", 1, &[&format!("the {what} of process {}", target.id()), "no id"]);
    }
    // Who has an id there is followed.
    let target = Target::of(
        scene.call("/usr/bin/setpriv", ["--reuid=100004", "--regid=100005", "--clear-groups"]).args(["probe", "hold"]),
    );
    let seen = scene.nsenter(["-t", &target.id(), &user, "-S", "follow", "-G", "follow", "probe", "seen"]).seen();
    assert_eq!((seen.one("uid"), seen.one("gid")), ("5 5 5", "6 6 6"));
}

scene_test!(capabilities_are_kept_for_the_program);
fn capabilities_are_kept_for_the_program() {
    crate::common::otherwise_since((2, 42), "capabilities are not kept for the program");
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 39), "--keep-caps");
    let scene = scene();
    let target = Target::new(&scene, ROOT, REMAPPED);
    let id = target.id();
    let options = ["-t", &id, "-U", "-S5", "-G5"];
    let none = "permitted 0 effective 0 inheritable 0";
    let seen = scene.nsenter(options).args(["probe", "seen"]).seen();
    assert_eq!(seen.all("caps")[0], none);
    let seen = scene.nsenter(options).args(["--keep-caps", "probe", "seen"]).seen();
    assert_ne!(seen.all("caps")[0], none);
    let ambient = seen.all("caps")[1].split(' ').nth(1).unwrap();
    assert!(seen.all("caps")[0].contains(&format!("effective {ambient} ")), "{seen:#?}");
}

scene_test!(the_users_own_groups_stay_where_the_namespace_denies_to_drop_them);
fn the_users_own_groups_stay_where_the_namespace_denies_to_drop_them() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-r"]);
    let call = scene.nsenter(["-t", &target.id(), "-U", "--preserve-credentials"]);
    let seen = call.args(["probe", "seen"]).user(ALICE).groups(&[50]).seen();
    assert_eq!((seen.one("uid"), seen.one("gid")), ("0 0 0", "0 0 0"));
    assert_eq!(seen.one("groups"), "65534");
}

scene_test!(a_user_may_not_become_another);
fn a_user_may_not_become_another() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    let outcome = scene.nsenter(["-S0", "true"]).user(BOB).run();
    outcome.says(1, "nsenter: setuid failed: Operation not permitted");
}
