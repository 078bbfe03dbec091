//! Each way of writing an option.

use super::*;

const TABLE: [Opt<()>; 7] = [
    Opt::switch("mount", "", |()| ()).short(b'm').optional("FILE"),
    Opt::switch("mount-proc", "", |()| ()).optional("DIR"),
    Opt::switch("uts", "", |()| ()).short(b'u').optional_long("FILE"),
    Opt::switch("map-user", "", |()| ()).required("UID"),
    Opt::switch("map-users", "", |()| ()).required("MAP"),
    Opt::switch("setuid", "", |()| ()).short(b'S').required("UID"),
    Opt::switch("fork", "", |()| ()).short(b'f'),
];

/// What is read: the name of an option, its value behind `:`; then the operands.
fn read(order: Order, line: &[&str]) -> Result<String, UsageError> {
    let mut getopt = Getopt::new(&TABLE, order, line.iter().map(OsString::from).collect());
    let mut read = Vec::new();
    while let Some(matched) = getopt.next_option()? {
        let value = matched.value.map(|value| format!(":{}", value.display())).unwrap_or_default();
        read.push(format!("{}{value}", matched.opt.long));
    }
    read.push("|".to_string());
    read.extend(getopt.operands().iter().map(|operand| operand.display().to_string()));
    Ok(read.join(" "))
}

#[test]
fn each_way_of_writing_an_option() {
    for (line, expected) in [
        (&["--mount", "file"][..], "mount | file"),
        (&["--mount=file"], "mount:file |"),
        (&["--mount="], "mount: |"),
        (&["--mount-p=/p"], "mount-proc:/p |"),
        (&["--map-user", "0"], "map-user:0 |"),
        (&["--map-users=a=b"], "map-users:a=b |"),
        (&["-fu", "-S0"], "fork uts setuid:0 |"),
        (&["-S", "0"], "setuid:0 |"),
        (&["-S=0"], "setuid:=0 |"),
        (&["-mu"], "mount:u |"),
        (&["-m=u"], "mount:u |"),
        (&["-fm"], "fork mount |"),
        (&["-f", "ls", "-l", "--uts"], "fork | ls -l --uts"),
        (&["-f", "--", "-u"], "fork | -u"),
        (&["-f", "-", "-u"], "fork | - -u"),
    ] {
        assert_eq!(read(Order::UntilOperand, line).as_deref(), Ok(expected), "{line:?}");
    }
    assert_eq!(read(Order::Mixed, &["a", "-f", "b", "--", "-u"]).as_deref(), Ok("fork | a b -u"));
}

#[test]
fn what_cannot_be_read_is_named() {
    for (line, expected) in [
        (&["-x"][..], "invalid option -- 'x'"),
        (&["-u=x"], "invalid option -- '='"),
        (&["--none=1"], "unrecognized option '--none=1'"),
        (&["--map"], "option '--map' is ambiguous; possibilities: '--map-user' '--map-users'"),
        (&["--fork=1"], "option '--fork' doesn't allow an argument"),
        (&["--setuid"], "option '--setuid' requires an argument"),
        (&["-fS"], "option requires an argument -- 'S'"),
    ] {
        assert_eq!(read(Order::UntilOperand, line).unwrap_err().to_string(), expected, "{line:?}");
    }
}
