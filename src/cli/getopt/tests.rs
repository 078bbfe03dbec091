//! Each way of writing an option.

use super::*;

const TABLE: [Opt<char>; 7] = [
    Opt::new('m', "mount", "").short(b'm').optional("FILE"),
    Opt::new('P', "mount-proc", "").optional("DIR"),
    Opt::new('u', "uts", "").short(b'u').optional_long("FILE"),
    Opt::new('U', "map-user", "").required("UID"),
    Opt::new('M', "map-users", "").required("MAP"),
    Opt::new('S', "setuid", "").short(b'S').required("UID"),
    Opt::new('f', "fork", "").short(b'f'),
];

/// What is read: a letter an option, its value behind `:`; then the operands.
fn read(order: Order, line: &[&str]) -> Result<String, UsageError> {
    let mut getopt = Getopt::new(&TABLE, order, line.iter().map(OsString::from).collect());
    let mut read = Vec::new();
    while let Some(met) = getopt.next_option()? {
        let value = met.value.map(|value| format!(":{}", value.display())).unwrap_or_default();
        let Asks::Own(id) = met.opt.asks else {
            panic!("{:?} is none of the table's", met.opt);
        };
        read.push(format!("{id}{value}"));
    }
    read.push("|".to_string());
    read.extend(getopt.operands().iter().map(|operand| operand.display().to_string()));
    Ok(read.join(" "))
}

#[test]
fn each_way_of_writing_an_option() {
    for (line, expected) in [
        (&["--mount", "file"][..], "m | file"),
        (&["--mount=file"], "m:file |"),
        (&["--mount="], "m: |"),
        (&["--mount-p=/p"], "P:/p |"),
        (&["--map-user", "0"], "U:0 |"),
        (&["--map-users=a=b"], "M:a=b |"),
        (&["-fu", "-S0"], "f u S:0 |"),
        (&["-S", "0"], "S:0 |"),
        (&["-S=0"], "S:=0 |"),
        (&["-mu"], "m:u |"),
        (&["-m=u"], "m:u |"),
        (&["-fm"], "f m |"),
        (&["-f", "ls", "-l", "--uts"], "f | ls -l --uts"),
        (&["-f", "--", "-u"], "f | -u"),
        (&["-f", "-", "-u"], "f | - -u"),
    ] {
        assert_eq!(read(Order::UntilOperand, line).as_deref(), Ok(expected), "{line:?}");
    }
    assert_eq!(read(Order::Mixed, &["a", "-f", "b", "--", "-u"]).as_deref(), Ok("f | a b -u"));
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
