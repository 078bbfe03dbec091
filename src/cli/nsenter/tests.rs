//! Where nsenter's options find things, and which exclude each other.

use super::*;

fn parse(line: &[&str]) -> Result<NsenterArgs, String> {
    crate::cli::typed(super::parse, line)
}

fn sources(line: &[&str]) -> Vec<(Kind, NamespaceSource)> {
    parse(line).unwrap().namespaces
}

#[test]
fn a_namespace_is_the_targets_or_a_file_or_an_id() {
    let file = |kind, file: &str| vec![(kind, NamespaceSource::File(file.into()))];
    for (line, expected) in [
        (&["-n"][..], vec![(Kind::Net, NamespaceSource::Target)]),
        (&["-n/run/netns/x"], file(Kind::Net, "/run/netns/x")),
        (&["-n=/run/netns/x"], file(Kind::Net, "/run/netns/x")),
        (&["--net=/run/netns/x"], file(Kind::Net, "/run/netns/x")),
        (&["-mu"], file(Kind::Mount, "u")),
        (&["--mount=./:x"], file(Kind::Mount, "./:x")),
        (&["--mount=:7"], vec![(Kind::Mount, NamespaceSource::Number(NamespaceNumber::Id(7)))]),
        // A file may have such a name. Only if none has, the name counts as a number.
        (&["--mount=[7]"], file(Kind::Mount, "[7]")),
        (&["-mmnt:[7]"], file(Kind::Mount, "mnt:[7]")),
        (&["-n7"], file(Kind::Net, "7")),
        (&["-n", "-n=x"], file(Kind::Net, "x")),
        (&["-n=x", "-n"], vec![(Kind::Net, NamespaceSource::Target)]),
    ] {
        assert_eq!(sources(line), expected, "{line:?}");
    }
    let error = parse(&["-n", "--net=:x"]).unwrap_err();
    assert_eq!(error, "failed to parse nsid: x");
}

#[test]
fn directories_are_the_targets_or_given() {
    for (line, expected) in [("-r", None), ("-r=/d", Some("/d")), ("-r/d", Some("/d")), ("--root=/d", Some("/d"))] {
        assert_eq!(parse(&[line]).unwrap().root, Some(expected.map(PathBuf::from)), "{line}");
    }
    for line in [&["-W", "d"][..], &["-Wd"], &["-W=d"], &["--wdns", "d"], &["--wdns=d"]] {
        assert_eq!(parse(line).unwrap().working_directory_inside, Some("d".into()), "{line:?}");
    }
    assert_eq!(parse(&["-w", "-Wd"]).unwrap_err(), "mutually exclusive arguments: --wdns --wd");
}

#[test]
fn the_target_is_a_process_and_stands_once() {
    let target = |pid, inode| Some(TargetSource::Process(TargetArgument { pid, inode }));
    assert_eq!(parse(&["-t1"]).unwrap().target, target(1, None));
    assert_eq!(parse(&["--target=5:77"]).unwrap().target, target(5, Some(77)));
    for text in ["", "x", "1:", "1:x", ":1"] {
        assert_eq!(parse(&["-t", text]).unwrap_err(), format!("failed to parse pid: '{text}'"));
    }
    for text in ["0", "-1", "99999999999"] {
        let said = format!("failed to parse pid: '{text}': Numerical result out of range");
        assert_eq!(parse(&["-t", text]).unwrap_err(), said);
    }
    assert_eq!(parse(&["-t1", "-t2"]).unwrap_err(), "option --target may be given only once");
}

#[test]
fn ids_are_numbers_names_or_the_targets() {
    let args = parse(&["-S0", "-G", "follow"]).unwrap();
    assert_eq!(args.uid, Some(IdArgument::To(IdOrName::Id(0))));
    assert_eq!(args.gid, Some(IdArgument::Follow));
    let args = parse(&["-S", "bob"]).unwrap();
    assert_eq!(args.uid, Some(IdArgument::To(IdOrName::Name("bob".into()))));
}

#[test]
fn one_network_namespace_is_entered() {
    assert_eq!(parse(&["-N3", "-a"]).unwrap().net_socket, Some(3));
    assert_eq!(parse(&["-N3", "-n"]).unwrap_err(), "mutually exclusive arguments: --net --net-socket");
    assert_eq!(parse(&["-Nx"]).unwrap_err(), "failed to parse file descriptor: 'x'");
}
