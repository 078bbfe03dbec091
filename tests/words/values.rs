//! Values that an option does not take.

use crate::common::{Scene, Under, is_root, newer_than_theirs, on_purpose, under_test};
use crate::{assert_says, call};

fn assert_rows(tool: &str, rows: &[(&str, &str)]) {
    let scene = Scene::new();
    for (option, said) in rows {
        let outcome = call(&scene, tool, &[option, "true"]).run();
        assert_says(option, &outcome, 1, &format!("{tool}: {said}"));
    }
}

scene_test!(bad_values_of_unshare_get_the_words_of_util_linux);
fn bad_values_of_unshare_get_the_words_of_util_linux() {
    crate::common::otherwise_since((2, 42), "its words");
    assert_rows(
        "unshare",
        &[
            ("--setuid=5x", "failed to parse uid: '5x'"),
            ("--setuid=", "failed to parse uid: ''"),
            ("-S18446744073709551616", "failed to parse uid: '18446744073709551616': Numerical result out of range"),
            ("-S4294967295", "setuid failed: Invalid argument"),
            ("--setgid=foo", "failed to parse gid: 'foo'"),
            ("--map-user=nosuch", "failed to parse uid: 'nosuch'"),
            ("--map-user=", "failed to parse uid: ''"),
            ("--map-group=nosuch", "failed to parse gid: 'nosuch'"),
            ("--kill-child=foo", "unknown signal: foo"),
            ("--kill-child=", "unknown signal: "),
            ("--kill-child=9", "unknown signal: 9"),
            ("--propagation=foo", "unsupported propagation mode: foo"),
            ("--propagation=", "unsupported propagation mode: "),
            ("--setgroups=foo", "unsupported --setgroups argument 'foo'"),
            ("--setgroups=", "unsupported --setgroups argument ''"),
            ("--boottime=x", "failed to parse boottime offset: 'x'"),
            ("--boottime=", "failed to parse boottime offset: ''"),
            (
                "--boottime=99999999999999999999",
                "failed to parse boottime offset: '99999999999999999999': Numerical result out of range",
            ),
            ("--monotonic=-x", "failed to parse monotonic offset: '-x'"),
            (
                "--monotonic=-99999999999999999999",
                "failed to parse monotonic offset: '-99999999999999999999': Numerical result out of range",
            ),
            ("--monotonic=1", "options --monotonic and --boottime require unsharing of a time namespace (-t)"),
        ],
    );
}

scene_test!(bad_blocks_of_ids_get_the_words_of_util_linux);
fn bad_blocks_of_ids_get_the_words_of_util_linux() {
    crate::common::otherwise_since((2, 42), "its words");
    assert_rows(
        "unshare",
        &[
            ("--map-users=1", "mapping '1' contains only 1 elements"),
            ("--map-users=1,2", "mapping '1,2' contains only 2 elements"),
            ("--map-users=1,2,3,4", "too many elements for mapping '1,2,3,4'"),
            ("--map-users=1,2,3,x", "too many elements for mapping '1,2,3,x'"),
            ("--map-users=", "too many elements for mapping ''"),
            ("--map-users=1,,3", "too many elements for mapping '1,,3'"),
            ("--map-users=,1", "too many elements for mapping ',1'"),
            ("--map-users=1,2,4294967295", "too many elements for mapping '1,2,4294967295'"),
            ("--map-users=a,b,c", "could not parse ID: 'a'"),
            ("--map-users=1,2,", "could not parse ID: '2,'"),
            ("--map-users=1,2,3,", "could not parse ID: '3,'"),
            ("--map-users=,", "could not parse ID: ','"),
            ("--map-users=1,2,c", "could not parse ID: 'c'"),
            ("--map-users=1 ,2,3", "could not parse ID: '1 '"),
            ("--map-users=0x1,2,3", "could not parse ID: '0x1'"),
            (
                "--map-users=1,2,99999999999999999999999",
                "could not parse ID: '99999999999999999999999': Numerical result out of range",
            ),
            ("--map-groups=foo", "could not parse ID: 'foo'"),
            (
                "--map-groups=a name of which not everything is told,1,2",
                "could not parse ID: 'a name of which not everything is'",
            ),
        ],
    );
    newer_than_theirs((2, 39), "INNER:OUTER:COUNT");
    assert_rows(
        "unshare",
        &[
            ("--map-users=1:2", "invalid mapping '1:2'"),
            ("--map-users=1:2:x", "invalid mapping '1:2:x'"),
            ("--map-groups=1:2:3:4", "invalid mapping '1:2:3:4'"),
        ],
    );
}

scene_test!(numbers_that_overflow_in_theirs_are_refused);
fn numbers_that_overflow_in_theirs_are_refused() {
    on_purpose("numbers beyond the type are refused");
    let beyond = "Numerical result out of range";
    for tool in ["unshare", "nsenter"] {
        assert_rows(
            tool,
            &[
                ("-S4294967296", &format!("failed to parse uid: '4294967296': {beyond}")),
                ("-G4294967296", &format!("failed to parse gid: '4294967296': {beyond}")),
            ],
        );
    }
    assert_rows("nsenter", &[("-t99999999999", &format!("failed to parse pid: '99999999999': {beyond}"))]);
}

scene_test!(bad_values_of_nsenter_get_the_words_of_util_linux);
fn bad_values_of_nsenter_get_the_words_of_util_linux() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    // The user namespace of an ordinary user's scene has setgroups(2) denied, with which ours ends.
    let no_group = match is_root() || under_test() == Under::Theirs {
        true => "setgid failed: Invalid argument",
        false => "setgroups failed: Operation not permitted",
    };
    assert_rows(
        "nsenter",
        &[
            ("-Sx y", "failed to parse uid: 'x y'"),
            ("-G4294967295", no_group),
            ("-tx", "failed to parse pid: 'x'"),
            ("--target=", "failed to parse pid: ''"),
            ("-t 5x", "failed to parse pid: ' 5x'"),
        ],
    );
    newer_than_theirs((2, 42), "--owner, --net-socket, :NSID");
    assert_rows("nsenter", &[("-Nx", "failed to parse file descriptor: 'x'"), ("--net=:x", "failed to parse nsid: x")]);
    assert_rows("unshare", &[("--owner=1", "failed to parse owner")]);
}

scene_test!(the_first_fault_of_the_line_is_the_one_that_is_told);
fn the_first_fault_of_the_line_is_the_one_that_is_told() {
    crate::common::otherwise_since((2, 42), "its words");
    let scene = Scene::new();
    for (tool, args, line) in [
        ("nsenter", &["-t", "4x", "--version"][..], "nsenter: failed to parse pid: '4x'"),
        ("nsenter", &["-t", "4x", "--no-such"], "nsenter: failed to parse pid: '4x'"),
        ("nsenter", &["-w/", "-W/", "-t", "x"], "nsenter: mutually exclusive arguments: --wdns --wd"),
        ("unshare", &["--propagation=x", "--help"], "unshare: unsupported propagation mode: x"),
        ("unshare", &["--kill-child=x", "-S", "4x"], "unshare: unknown signal: x"),
        // Names.
        ("nsenter", &["-S", "no such", "--version"], "nsenter: failed to parse uid: 'no such'"),
        ("nsenter", &["-G", "nosuch", "-h", "-Sx"], "nsenter: failed to parse gid: 'nosuch'"),
        ("unshare", &["-S", "nosuch", "--help"], "unshare: failed to parse uid: 'nosuch'"),
        ("unshare", &["-G", "nosuch", "-V"], "unshare: failed to parse gid: 'nosuch'"),
        ("unshare", &["--map-user=nosuch", "-V"], "unshare: failed to parse uid: 'nosuch'"),
        ("unshare", &["--map-group=nosuch", "--help"], "unshare: failed to parse gid: 'nosuch'"),
        ("unshare", &["--boottime=1", "--map-user=nosuch"], "unshare: failed to parse uid: 'nosuch'"),
        ("unshare", &["--monotonic=1", "-G", "nosuch"], "unshare: failed to parse gid: 'nosuch'"),
    ] {
        assert_says(&args, &call(&scene, tool, args).run(), 1, line);
    }
    for args in [["-V", "-S", "nosuch"], ["--map-user", "root", "--version"], ["--map-group=0", "-r", "-V"]] {
        assert!(call(&scene, "unshare", &args).ok().starts_with("unshare from util-linux 2."));
    }
}

scene_test!(a_name_that_somebody_has_is_no_fault);
fn a_name_that_somebody_has_is_no_fault() {
    on_purpose("-S takes names");
    let scene = Scene::new();
    for args in [["-S", "root", "--version"], ["-G", "root", "-h"]] {
        call(&scene, "nsenter", &args).ok();
        call(&scene, "unshare", &args).ok();
    }
}

scene_test!(maps_that_exclude_each_other);
fn maps_that_exclude_each_other() {
    let scene = Scene::new();
    let line = "unshare: options --setgroups=allow and --map-group are mutually exclusive";
    for option in ["-r", "-c", "--map-group=5"] {
        assert_says(&option, &call(&scene, "unshare", &[option, "--setgroups=allow", "true"]).run(), 1, line);
    }
}
