//! getopt_long(3)'s own lines: with argv[0] as it was given, and a second line with its base name.

use crate::call;
use crate::common::{Ending, Scene};

scene_test!(argv_0_stands_there_as_it_was_given);
fn argv_0_stands_there_as_it_was_given() {
    crate::common::otherwise_since((2, 42), "more options, with other abbreviations");
    let scene = Scene::new();
    for (tool, args, said) in [
        ("unshare", &["--foo=5"][..], "unrecognized option '--foo=5'"),
        ("unshare", &["-zq"], "invalid option -- 'z'"),
        ("unshare", &["-u=x"], "invalid option -- '='"),
        ("unshare", &["-S"], "option requires an argument -- 'S'"),
        ("unshare", &["-fS"], "option requires an argument -- 'S'"),
        ("unshare", &["--setu"], "option '--setuid' requires an argument"),
        ("unshare", &["--fork=3"], "option '--fork' doesn't allow an argument"),
        (
            "unshare",
            &["--map=5"],
            "option '--map=5' is ambiguous; possibilities: '--map-user' '--map-users' '--map-group' '--map-groups' \
             '--map-root-user' '--map-current-user' '--map-auto'",
        ),
        (
            "unshare",
            &["--m"],
            "option '--m' is ambiguous; possibilities: '--mount' '--mount-proc' '--map-user' '--map-users' '--map-group' \
             '--map-groups' '--map-root-user' '--map-current-user' '--map-auto' '--monotonic'",
        ),
        ("unshare", &["--s"], "option '--s' is ambiguous; possibilities: '--setgroups' '--setuid' '--setgid'"),
        ("unshare", &["--k"], "option '--k' is ambiguous; possibilities: '--kill-child' '--keep-caps'"),
        ("nsenter", &["--t"], "option '--t' is ambiguous; possibilities: '--target' '--time'"),
        ("nsenter", &["--u"], "option '--u' is ambiguous; possibilities: '--uts' '--user'"),
        ("nsenter", &["--n"], "option '--n' is ambiguous; possibilities: '--net' '--no-fork'"),
        ("nsenter", &["--w"], "option '--w' is ambiguous; possibilities: '--wd' '--wdns'"),
        ("nsenter", &["--all=1"], "option '--all' doesn't allow an argument"),
        ("lsns", &["--t"], "option '--t' is ambiguous; possibilities: '--task' '--type' '--tree'"),
        ("lsns", &["--no=5"], "option '--no=5' is ambiguous; possibilities: '--notruncate' '--noheadings' '--nowrap'"),
    ] {
        for (given, base) in [("/some/where/it", "it"), ("it", "it"), ("./it", "it")] {
            let outcome = call(&scene, tool, args).arg0(given).run();
            let expected = format!("{given}: {said}\nTry '{base} --help' for more information.\n");
            assert_eq!((outcome.ending, &*outcome.stderr), (Ending::Exited(1), &*expected), "{args:?}");
        }
    }
}
