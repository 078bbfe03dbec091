//! What unshare's options imply, and how they add up.

use super::*;
use crate::cli::value::IdOrName;

fn parse(line: &[&str]) -> Result<UnshareArgs, String> {
    crate::cli::typed(super::parse, line)
}

fn kinds(line: &[&str]) -> String {
    parse(line).unwrap().request.kinds.to_string()
}

#[test]
fn options_imply_namespaces() {
    assert_eq!(kinds(&["-muinpUCT"]), "mnt, uts, ipc, net, pid, user, cgroup, time");
    for option in ["-r", "-c", "--map-user=1", "--map-group=1", "--map-users=auto", "--map-groups=all"] {
        assert_eq!(kinds(&[option]), "user", "{option}");
    }
    for option in ["--map-auto", "--map-subids", "--owner=1:2"] {
        assert_eq!(kinds(&[option]), "user", "{option}");
    }
    for option in ["--mount-proc", "--pivot-root=/", "--bind=/a:/b", "--tmpfs=/a", "--mount-dev", "--mount-dev=/a"] {
        assert_eq!(kinds(&[option]), "mnt", "{option}");
    }
    assert_eq!(kinds(&["--mount-binfmt"]), "mnt, user");
    assert_eq!(kinds(&["-lx"]), "mnt, user");
    assert_eq!(kinds(&["--propagation=shared", "--setgroups=deny", "-S0", "-G0", "-R/", "-w/"]), "");
}

#[test]
fn options_imply_fork() {
    for (option, fork) in [("-f", true), ("--kill-child", true), ("--forward-signals", true), ("-p", false)] {
        assert_eq!(parse(&[option]).unwrap().fork, fork, "{option}");
    }
}

#[test]
fn the_last_single_map_wins_and_blocks_add_up() {
    let args = parse(&["-r", "--map-group", "7", "-c", "--map-user=bob", "--map-auto", "--map-users", "1:2:3"]);
    let args = args.unwrap();
    assert_eq!(args.map_user, Some(SingleId::To(IdOrName::Name("bob".into()))));
    assert_eq!(args.map_group, Some(SingleId::Current));
    assert_eq!(args.map_users.len(), 2);
    assert_eq!(args.map_groups, [BlockArgument::Auto]);
}

#[test]
fn variables_add_up_and_clear_env_takes_none_back() {
    let names = |line: &[&str]| parse(line).unwrap().request.variables;
    assert_eq!(names(&[]), None);
    assert_eq!(names(&["--clear-env"]), Some(vec![]));
    assert_eq!(
        names(&["--whitelist-env", "A,B", "--clear-env", "--whitelist-env=,C"]),
        Some(vec!["A".into(), "B".into(), "C".into()])
    );
}

#[test]
fn a_file_stays_when_the_option_comes_again_without_one() {
    assert_eq!(parse(&["--net=a", "--net=b", "-n"]).unwrap().keep, [(Kind::Net, "b".into())]);
}

#[test]
fn bad_values_are_named() {
    for (line, expected) in [
        (&["--propagation=no"][..], "unsupported propagation mode: no"),
        (&["-S", "99999999999"], "failed to parse uid: '99999999999': Numerical result out of range"),
        (&["--kill-child=9"], "unknown signal: 9"),
        (&["--owner=1"], "failed to parse owner"),
        (&["--monotonic=1.5"], "failed to parse monotonic offset: '1.5'"),
    ] {
        assert_eq!(parse(line).unwrap_err(), expected, "{line:?}");
    }
}

#[test]
fn what_follows_the_program_belongs_to_it() {
    assert_eq!(parse(&["-f", "ls", "-l"]).unwrap().program, ["ls", "-l"]);
    assert_eq!(parse(&["--bogus", "-h"]).unwrap_err(), "unrecognized option '--bogus'");
    assert!(parse(&["-h", "--bogus"]).unwrap_err().starts_with("Help("));
}

#[test]
fn mounts_add_up_in_their_order() {
    let args = parse(&["--tmpfs=/a", r"--bind=b\:\\:/c", "--mount-dev", "--bind=/d:/e:ro", "--mount-dev=/f"]).unwrap();
    let bind = |source: &str, on: &str, read_only| NewMount::Bind { source: source.into(), on: on.into(), read_only };
    assert_eq!(
        args.request.mounts,
        [
            NewMount::Tmpfs("/a".into()),
            bind("b:\\", "/c", false),
            NewMount::Devices("/dev".into()),
            bind("/d", "/e", true),
            NewMount::Devices("/f".into()),
        ]
    );
}
