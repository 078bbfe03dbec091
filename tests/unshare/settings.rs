//! What new namespaces start with: a loopback device that is up, names of the machine.

use crate::common::{ALICE, Call, ROOT, Scene, User, on_purpose};

fn only_ours() {
    on_purpose("theirs has no such option");
}

/// The probe's whole report, under unshare with these options, as `user`.
fn world(scene: &Scene, options: &[&str], user: User) -> Call {
    scene.unshare(options).args(["probe", "world"]).user(user)
}

scene_test!(loopback_is_up_in_a_new_network_namespace);
fn loopback_is_up_in_a_new_network_namespace() {
    only_ours();
    let scene = Scene::new();
    for (options, user) in [
        (&["--loopback"][..], ROOT),
        (&["--loopback", "--fork"], ROOT),
        (&["-r", "--loopback"], ALICE),
        (&["-U", "--loopback"], ALICE),
        (&["-n", "-c", "--loopback", "-f"], ALICE),
        (&["--loopback", "-S1001", "-G1001"], ROOT),
    ] {
        let seen = world(&scene, options, user).seen();
        assert_eq!(seen.one("loopback"), "up", "{options:?}");
        assert!(!seen.all("ns").contains(&&*format!("net {}", scene.namespace("net"))), "{options:?}");
    }
    assert_eq!(world(&scene, &["-n"], ROOT).seen().one("loopback"), "down");
}

scene_test!(a_loopback_of_127_0_0_1_and_of_ipv6_where_the_kernel_has_that);
fn a_loopback_of_127_0_0_1_and_of_ipv6_where_the_kernel_has_that() {
    only_ours();
    let scene = Scene::new();
    let addresses = scene.unshare(["--loopback", "cat", "/proc/net/fib_trie", "/proc/net/if_inet6"]).run().stdout;
    assert!(addresses.contains("127.0.0.1"), "{addresses}");
    if std::path::Path::new("/proc/net/if_inet6").exists() {
        assert!(addresses.contains("00000000000000000000000000000001 01 80 10 80       lo"), "{addresses}");
    }
}

scene_test!(a_namespace_that_is_kept_has_its_loopback_up);
fn a_namespace_that_is_kept_has_its_loopback_up() {
    only_ours();
    let scene = Scene::new();
    let file = scene.file("net", "");
    scene.unshare([&*format!("--net={file}"), "--loopback", "true"]).ok();
    let seen = scene.nsenter([&*format!("--net={file}"), "probe", "world"]).seen();
    assert_eq!(seen.one("loopback"), "up");
}

scene_test!(loopback_without_rights_says_so_and_runs_nothing);
fn loopback_without_rights_says_so_and_runs_nothing() {
    only_ours();
    let scene = Scene::new();
    let outcome = scene.unshare(["--loopback", "echo", "ran"]).user(ALICE).run();
    outcome.says(1, "unshare: unshare failed: Operation not permitted");
    // As where a security module takes the rights out of a user namespace.
    for (call, first) in [
        (libc::SYS_ioctl, "unshare: cannot bring up the loopback device: Operation not permitted"),
        (libc::SYS_socket, "unshare: socket failed: Operation not permitted"),
    ] {
        let outcome = scene.unshare(["--loopback", "echo", "ran"]).refused(&scene, call, libc::EPERM, 0).run();
        let below = outcome.says(1, first);
        assert_eq!(outcome.stdout, "");
        assert!(below[0].contains("seccomp filter"), "{below:?}");
    }
}

scene_test!(the_names_of_the_machine_are_set_inside_only);
fn the_names_of_the_machine_are_set_inside_only() {
    only_ours();
    let scene = Scene::new();
    let before = world(&scene, &[], ROOT).seen();
    let longest = "x".repeat(64);
    for (options, user) in [
        (vec!["--hostname", "box", "--domainname=lab"], ROOT),
        (vec!["-u", "--hostname=box", "--domainname", "lab", "-f"], ROOT),
        (vec!["-r", "--hostname=box", "--domainname=lab"], ALICE),
        (vec!["-U", "--domainname=lab", "--hostname=first", "--hostname=box"], ALICE),
        (vec!["--hostname=box", "--domainname=lab", "-S1001", "-G1001"], ROOT),
    ] {
        let seen = world(&scene, &options, user).seen();
        assert_eq!([seen.one("hostname"), seen.one("domainname")], ["box", "lab"], "{options:?}");
    }
    let seen = world(&scene, &["--hostname", &longest], ROOT).seen();
    assert_eq!([seen.one("hostname"), seen.one("domainname")], [&*longest, before.one("domainname")]);
    let seen = world(&scene, &["--domainname", &longest], ROOT).seen();
    assert_eq!([seen.one("hostname"), seen.one("domainname")], [before.one("hostname"), &*longest]);
    let after = world(&scene, &[], ROOT).seen();
    for name in ["hostname", "domainname"] {
        assert_eq!(after.one(name), before.one(name));
    }
}

scene_test!(a_kept_uts_namespace_keeps_its_host_name);
fn a_kept_uts_namespace_keeps_its_host_name() {
    only_ours();
    let scene = Scene::new();
    let file = scene.file("uts", "");
    scene.unshare([&*format!("--uts={file}"), "--hostname=kept", "true"]).ok();
    assert_eq!(scene.nsenter([&*format!("--uts={file}"), "probe", "world"]).seen().one("hostname"), "kept");
}

scene_test!(a_name_of_no_byte_or_of_too_many_is_an_error_before_anything_is_done);
fn a_name_of_no_byte_or_of_too_many_is_an_error_before_anything_is_done() {
    only_ours();
    let scene = Scene::new();
    let too_long = "x".repeat(65);
    let file = scene.file("uts", "");
    let keep = format!("--uts={file}");
    for option in ["--hostname", "--domainname"] {
        for name in ["", &too_long] {
            let outcome = scene.unshare([&*keep, &format!("{option}={name}"), "echo", "ran"]).run();
            let below = outcome.says(1, &format!("unshare: unsupported {option} argument '{name}'"));
            assert_eq!(below, [format!("unshare: hint: {option} takes a name of 1 to 64 bytes")]);
            assert_eq!((outcome.stdout.as_str(), scene.mount_on(&file)), ("", None));
        }
    }
}

scene_test!(names_without_rights_say_so_and_run_nothing);
fn names_without_rights_say_so_and_run_nothing() {
    only_ours();
    let scene = Scene::new();
    for (option, call, first) in [
        ("--hostname=box", libc::SYS_sethostname, "unshare: sethostname failed: Operation not permitted"),
        ("--domainname=lab", libc::SYS_setdomainname, "unshare: setdomainname failed: Operation not permitted"),
    ] {
        let outcome = scene.unshare([option, "echo", "ran"]).user(ALICE).run();
        outcome.says(1, "unshare: unshare failed: Operation not permitted");
        let outcome = scene.unshare([option, "echo", "ran"]).refused(&scene, call, libc::EPERM, 0).run();
        let below = outcome.says(1, first);
        assert_eq!(outcome.stdout, "");
        assert!(below[0].contains("seccomp filter"), "{below:?}");
    }
}
