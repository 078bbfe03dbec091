//! What the program may: --cap-drop, --cap-add and --no-new-privs.

use crate::common::{ALICE, Call, ROOT, Scene, Seen, User, needs_root, on_purpose};

const CHOWN: u64 = 1 << 0;
const SETPCAP: u64 = 1 << 8;
const NET_RAW: u64 = 1 << 13;
const SYS_ADMIN: u64 = 1 << 21;

fn only_ours() {
    on_purpose("theirs has no such option");
}

fn seen(scene: &Scene, options: &[&str], user: User) -> Seen {
    call(scene, options, user).seen()
}

fn call(scene: &Scene, options: &[&str], user: User) -> Call {
    scene.unshare(options).args(["probe", "seen"]).user(user)
}

/// The five sets: permitted, effective, inheritable, ambient, bounding.
fn sets(seen: &Seen) -> [u64; 5] {
    let text = seen.all("caps").join(" ");
    let words: Vec<&str> = text.split(' ').collect();
    ["permitted", "effective", "inheritable", "ambient", "bounding"].map(|set| {
        let at = words.iter().position(|word| *word == set).unwrap();
        u64::from_str_radix(words[at + 1], 16).unwrap()
    })
}

scene_test!(root_loses_what_is_dropped_from_every_set);
fn root_loses_what_is_dropped_from_every_set() {
    only_ours();
    let scene = Scene::new();
    let before = sets(&seen(&scene, &[], ROOT));
    for (list, dropped) in [
        ("cap_chown,13", CHOWN | NET_RAW),
        ("CAP_SETPCAP,net_raw,Cap_Sys_Admin", SETPCAP | NET_RAW | SYS_ADMIN),
        ("all", u64::MAX),
        ("net_raw,63,64,99999999999999999999", NET_RAW),
    ] {
        let after = sets(&seen(&scene, &["--cap-drop", list], ROOT));
        assert_eq!(after, before.map(|set| set & !dropped), "{list}");
    }
    let after = sets(&seen(&scene, &["--cap-drop=chown", "-f", "--cap-drop=net_raw"], ROOT));
    assert_eq!(after, before.map(|set| set & !(CHOWN | NET_RAW)));
}

scene_test!(what_is_added_stays_whatever_the_order);
fn what_is_added_stays_whatever_the_order() {
    only_ours();
    let scene = Scene::new();
    let before = sets(&seen(&scene, &[], ROOT));
    for options in [
        ["--cap-drop=all", "--cap-add=chown,net_raw"],
        ["--cap-add=cap_net_raw,0", "--cap-drop=ALL"],
        ["--cap-drop=net_raw,all", "--cap-add=NET_RAW,CHOWN"],
    ] {
        assert_eq!(sets(&seen(&scene, &options, ROOT)), before.map(|set| set & (CHOWN | NET_RAW)), "{options:?}");
    }
    assert_eq!(sets(&seen(&scene, &["--cap-drop=all", "--cap-add=all"], ROOT)), before);
}

scene_test!(another_user_has_what_is_left_and_no_more);
fn another_user_has_what_is_left_and_no_more() {
    only_ours();
    let scene = Scene::new();
    needs_root("ids of other users");
    let bounding = sets(&seen(&scene, &[], ROOT))[4];
    for fork in [&[][..], &["--kill-child"]] {
        let options = [&["-S1001", "-G1001", "--cap-drop=all", "--cap-add=net_raw"][..], fork].concat();
        let after = seen(&scene, &options, ROOT);
        assert_eq!((after.one("uid"), after.one("groups")), ("1001 1001 1001", ""));
        assert_eq!(sets(&after), [NET_RAW; 5]);
        assert_eq!(after.one("death-signal"), if fork.is_empty() { "0" } else { "9" });
    }
    // CAP_SETPCAP too: it goes after the bounding set has gone.
    let after = sets(&seen(&scene, &["-S1001", "--cap-drop=setpcap,sys_admin"], ROOT));
    assert_eq!(after, [bounding & !(SETPCAP | SYS_ADMIN); 5]);
    assert_eq!(sets(&seen(&scene, &["-S1001", "--cap-drop=all"], ROOT)), [0; 5]);
    assert_eq!(sets(&seen(&scene, &["-S1001"], ROOT)), [0, 0, 0, 0, bounding]);
}

scene_test!(in_a_user_namespace_of_an_ordinary_user);
fn in_a_user_namespace_of_an_ordinary_user() {
    only_ours();
    let scene = Scene::new();
    assert_eq!(sets(&seen(&scene, &["-r", "--cap-drop=all"], ALICE)), [0; 5]);
    let after = sets(&seen(&scene, &["-r", "--cap-drop=all", "--cap-add=sys_admin"], ALICE));
    assert_eq!(after, [SYS_ADMIN, SYS_ADMIN, 0, 0, SYS_ADMIN]);
    for keep in [&["-c"][..], &["-c", "--keep-caps"], &["-U"]] {
        let options = [keep, &["--cap-drop=all", "--cap-add=net_raw,chown"]].concat();
        assert_eq!(sets(&seen(&scene, &options, ALICE)), [CHOWN | NET_RAW; 5], "{keep:?}");
    }
}

scene_test!(without_cap_setpcap_the_bounding_set_stays_and_that_is_an_error);
fn without_cap_setpcap_the_bounding_set_stays_and_that_is_an_error() {
    only_ours();
    let scene = Scene::new();
    let outcome = call(&scene, &["--cap-drop=net_raw"], ALICE).run();
    let below = outcome.says(1, "unshare: prctl(PR_CAPBSET_DROP) failed: Operation not permitted");
    assert_eq!(
        below,
        [
            "unshare: hint: a capability leaves the bounding set by CAP_SETPCAP only, which we lack: add --no-new-privs where \
            the program's user is not root"
        ]
    );
    assert_eq!(outcome.stdout, "");
    // Whoever is not root gets nothing from it then.
    let before = sets(&seen(&scene, &[], ALICE));
    let after = seen(&scene, &["--cap-drop=all", "--no-new-privs"], ALICE);
    assert_eq!((sets(&after), after.one("no-new-privs")), (before, "1"));
    // But root would.
    let outcome = scene
        .unshare(["--cap-drop=setpcap"])
        .args([crate::common::ours("unshare")])
        .args(["--cap-drop=net_raw", "--no-new-privs", "probe", "seen"])
        .run();
    outcome.says(1, "unshare: prctl(PR_CAPBSET_DROP) failed: Operation not permitted");
    assert_eq!(outcome.stdout, "");
    // What the bounding set lacks already need not be dropped.
    let dropped = scene.unshare(["-S1001", "--cap-drop=all"]).args([crate::common::ours("unshare")]);
    assert_eq!(sets(&dropped.args(["--cap-drop=all", "probe", "seen"]).seen()), [0; 5]);
}

scene_test!(no_new_privileges_alone_takes_nothing);
fn no_new_privileges_alone_takes_nothing() {
    only_ours();
    let scene = Scene::new();
    for (options, user) in [(&["--no-new-privs"][..], ROOT), (&["--no-new-privs", "-f"], ALICE), (&["--no"], ALICE)] {
        let after = seen(&scene, options, user);
        assert_eq!(after.one("no-new-privs"), "1", "{options:?}");
        assert_eq!(sets(&after), sets(&seen(&scene, &[], user)));
    }
    // newuidmap is a set-user-ID program, and has done its work by then.
    let after = seen(&scene, &["--map-auto", "-r", "--no-new-privs"], ALICE);
    assert_eq!((after.one("uid"), after.one("no-new-privs")), ("0 0 0", "1"));
}

scene_test!(an_unknown_capability_is_named);
fn an_unknown_capability_is_named() {
    only_ours();
    let scene = Scene::new();
    for (option, name) in [
        ("--cap-drop=sys_admim", "sys_admim"),
        ("--cap-add=chown,cap_", "cap_"),
        ("--cap-drop=", ""),
        ("--cap-add=chown,,kill", ""),
        ("--cap-drop=-1", "-1"),
    ] {
        let outcome = scene.unshare([option, "echo", "ran"]).run();
        let below = outcome.says(1, &format!("unshare: failed to parse capability: '{name}'"));
        let option = option.split('=').next().unwrap();
        let list = "a comma-separated list of capabilities: names, numbers or all";
        assert_eq!((below, &*outcome.stdout), (vec![&*format!("unshare: hint: {option} takes {list}")], ""));
    }
    for number in ["63", "64", "9999999999"] {
        let outcome = scene.unshare([&*format!("--cap-add={number}"), "echo", "ran"]).run();
        let first = format!("unshare: failed to parse capability: '{number}': Numerical result out of range");
        assert_eq!(outcome.says(1, &first), ["unshare: hint: this kernel has no capability of that number"]);
    }
}

scene_test!(nsenter_has_the_same_options);
fn nsenter_has_the_same_options() {
    only_ours();
    let scene = Scene::new();
    let before = sets(&seen(&scene, &[], ROOT));
    let target = scene.unshare(["-u", "probe", "hold"]).leashed().spawn();
    target.expect("ready\n");
    let pid = target.pid().to_string();
    let nsenter = |options: &[&str]| {
        let line = [&["-t", &pid, "-u"], options, &["probe", "seen"]].concat();
        scene.nsenter(line).seen()
    };
    let after = nsenter(&["--cap-drop=all", "--cap-add=net_raw", "--no-new-privs"]);
    assert_eq!((sets(&after), after.one("no-new-privs")), (before.map(|set| set & NET_RAW), "1"));
    needs_root("ids of other users");
    let after = nsenter(&["-S1001", "-G1001", "--cap-drop=all", "--cap-add=net_raw"]);
    assert_eq!((sets(&after), after.one("uid"), after.one("no-new-privs")), ([NET_RAW; 5], "1001 1001 1001", "0"));
    // In the user namespace of an ordinary user.
    let target = scene.unshare(["-r", "probe", "hold"]).user(ALICE).leashed().spawn();
    target.expect("ready\n");
    let pid = target.pid().to_string();
    let line = ["-t", &pid, "-U", "--preserve-credentials", "--cap-drop=all", "--cap-add=chown", "probe", "seen"];
    assert_eq!(sets(&scene.nsenter(line).user(ALICE).seen()), [CHOWN, CHOWN, 0, 0, CHOWN]);
}
