use super::*;

fn parse(line: &[&str]) -> Result<LsnsArgs, String> {
    crate::cli::typed(super::parse, line)
}

#[test]
fn options_may_follow_the_operand() {
    let args = parse(&["4026531837", "-J", "--", "-x"]).unwrap();
    assert_eq!((args.namespace, args.json), (Some(4026531837), true));
}

#[test]
fn a_tree_takes_its_relation_attached_only() {
    for (line, tree) in [
        (&["-T"][..], Tree::Owner),
        (&["--tree"], Tree::Owner),
        (&["-Tparent"], Tree::Parent),
        (&["-T=process"], Tree::Process),
        (&["--tree=process", "-T"], Tree::Owner),
    ] {
        assert_eq!(parse(line).unwrap().tree, Some(tree), "{line:?}");
    }
    assert_eq!(parse(&["-T", "owner"]).unwrap_err(), "invalid namespace argument: 'owner'");
}

#[test]
fn kinds_add_up() {
    assert_eq!(parse(&["-tnet", "--type=mnt", "-t", "net"]).unwrap().kinds.to_string(), "mnt, net");
}

#[test]
fn a_namespace_has_the_forms_that_nsenter_takes() {
    for (operand, kind, inode) in [
        ("0", None, 0),
        ("7", None, 7),
        (" +7", None, 7),
        ("4294967297", None, 4294967297),
        ("[7]", None, 7),
        ("uts:[7]", Some(Kind::Uts), 7),
    ] {
        let args = parse(&[operand]).unwrap();
        assert_eq!((args.kind_of_namespace, args.namespace), (kind, Some(inode)), "{operand}");
    }
    for operand in ["", "[", "[]", "[7", "7]", "[ 7]", "[x]", "utc:[7]", "uts:7", "uts:[0]", "uts:[4294967297]"] {
        assert_eq!(parse(&[operand]).unwrap_err(), format!("invalid namespace argument: '{operand}'"));
    }
}

#[test]
fn bad_values_and_combinations_are_named() {
    const RANGE: &str = "Numerical result out of range";
    for (line, expected) in [
        (&["-p", "x"][..], "invalid PID argument: 'x'".to_string()),
        (&["-p", ""], "invalid PID argument: ''".to_string()),
        (&["-p", "1 "], "invalid PID argument: '1 '".to_string()),
        (&["-p", "0"], format!("invalid PID argument: '0': {RANGE}")),
        (&["-p", "+00"], format!("invalid PID argument: '+00': {RANGE}")),
        (&["-p", "-1"], format!("invalid PID argument: '-1': {RANGE}")),
        (&["-p", "4294967297"], format!("invalid PID argument: '4294967297': {RANGE}")),
        (&["0x10"], "invalid namespace argument: '0x10'".to_string()),
        (&["--", "-1"], format!("invalid namespace argument: '-1': {RANGE}")),
        (&["18446744073709551616"], format!("invalid namespace argument: '18446744073709551616': {RANGE}")),
        (&["-t", "mnt,net"], "unknown namespace type: mnt,net".to_string()),
        (&["-T="], "unknown tree type: ".to_string()),
        (&["-J", "-r", "-t", "x"], "mutually exclusive arguments: --json --raw".to_string()),
        (&["-r", "-J"], "mutually exclusive arguments: --json --raw".to_string()),
        (&["-t", "x", "-J", "-r"], "unknown namespace type: x".to_string()),
        (&["-P", "-p1"], "options --persistent and --task cannot be combined".to_string()),
        (&["-p1", "x"], "--task is mutually exclusive with <namespace>".to_string()),
        (&["0", "-p1"], "--task is mutually exclusive with <namespace>".to_string()),
    ] {
        assert_eq!(parse(line).unwrap_err(), expected, "{line:?}");
    }
}
