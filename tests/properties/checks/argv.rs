//! The command lines of the three tools: read as getopt_long(3) does, and what was read can be written and read again.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nskit::internals::cli::getopt::Order;
use nskit::internals::cli::value::IdOrName;
use nskit::internals::cli::{Parsed, UsageError, lsns, nsenter, unshare};
use nskit::internals::enter::target_source::TargetSource;

use super::getopt::assert_as_the_c_library;
use super::memory::bounded;
use super::{Check, assert_said, lines_of};

/// unshare's.
pub const UNSHARE: Check = Check {
    name: "unshare_argv",
    tokens: &[
        "\0",
        "-",
        "--",
        "=",
        "-m",
        "-muinpUCT",
        "--mount",
        "--net=",
        "--kill-child",
        "--kill-child=TERM",
        "--forward-signals=HUP,RTMIN+1",
        "--forward-signals=all",
        "--init",
        "--pty",
        "--status-fd=7",
        "-f",
        "--mount-proc=/p",
        "--mount-binfmt",
        "-l",
        "--propagation=slave",
        "-r",
        "-c",
        "--map-user",
        "--map-users=",
        "--map-groups",
        "1:2:3",
        "auto",
        "ranges",
        "subids",
        "all",
        "--map-auto",
        "--map-ranges",
        "--owner=1:2",
        "--setgroups",
        "deny",
        "--keep-caps",
        "--cap-drop=",
        "--cap-add",
        "ALL,cap_chown",
        "99",
        "--no-new-privs",
        "-S",
        "-G",
        "-R",
        "-w",
        "/dir",
        "--loopback",
        "--hostname=",
        "--domainname",
        "--monotonic=-5",
        "--boottime",
        "@9",
        "7",
        "--clear-env",
        "--whitelist-env=A,B",
        "ls",
        "-h",
    ],
    run: check_unshare,
};

/// nsenter's.
pub const NSENTER: Check = Check {
    name: "nsenter_argv",
    tokens: &[
        "\0",
        "-",
        "--",
        "=",
        "-a",
        "-t",
        "--target=1:2",
        "7",
        ":",
        "-m",
        "--net=",
        "[4026531840]",
        "net:[1]",
        "mnt:[1]",
        ":5",
        "-N",
        "--user-parent",
        "-S",
        "follow",
        "0",
        "-G",
        "name",
        "--preserve-credentials",
        "--keep-caps",
        "--cap-drop=",
        "--cap-add",
        "ALL,cap_chown",
        "99",
        "--no-new-privs",
        "-r",
        "-r=/",
        "-w",
        "-W",
        "--wdns",
        "/dir",
        "-e",
        "-F",
        "--pty",
        "--kill-child=TERM",
        "--forward-signals=all",
        "-c",
        "-Z",
        "--like-target",
        "ls",
        "--version",
    ],
    run: check_nsenter,
};

/// lsns's.
pub const LSNS: Check = Check {
    name: "lsns_argv",
    tokens: &[
        "\0",
        "-",
        "--",
        "=",
        "-J",
        "-l",
        "-n",
        "-o",
        "NS,PID",
        "+HELD-BY",
        "--output-all",
        "-P",
        "-p",
        "7",
        "-Q",
        "PID == 1",
        "-r",
        "-u",
        "-W",
        "-t",
        "net",
        "mnt",
        "-T",
        "-Towner",
        "--tree=process",
        "--scan=",
        "--proc",
        "--style=ascii",
        "--watch",
        "--watch=0.5",
        "--color",
        "--color=always",
        "--find",
        "mount:/mnt",
        "address:10.0.0.0/8",
        "pid:7",
        "all",
        "-fd",
        "+kernel",
        "-H",
        "4026531840",
        "0",
        "--l",
        "-h",
    ],
    run: check_lsns,
};

/// A thousand bytes for each argument, however short, would be too much.
const EACH: usize = 600;
const FIXED: usize = 16 * 1024;

/// It moves operands behind the options again and again, which takes time that grows with the square of them. No input
/// of a fuzz target is longer, but for those that are to show how ours grows.
const MOST_FOR_C_LIBRARY: usize = 4096;

/// NUL ends an argument, as it does in the kernel.
fn arguments(bytes: &[u8]) -> Vec<OsString> {
    let mut parts: Vec<_> = bytes.split(|byte| *byte == 0).collect();
    parts.pop_if(|last| last.is_empty());
    parts.into_iter().map(|part| OsString::from_vec(part.to_vec())).collect()
}

fn check_unshare(bytes: &[u8]) {
    check(bytes, unshare::OPTIONS, Order::UntilOperand, unshare::parse, lines_of::unshare, |args| {
        for id in [&args.uid, &args.gid].into_iter().flatten() {
            assert_ne!(*id, IdOrName::Id(u32::MAX));
        }
    });
}

fn check_nsenter(bytes: &[u8]) {
    check(bytes, nsenter::OPTIONS, Order::UntilOperand, nsenter::parse, lines_of::nsenter, |args| {
        assert!(!matches!(args.target, Some(TargetSource::Process(target)) if target.pid <= 0));
        assert!(args.net_socket.is_none_or(|fd| fd >= 0));
    });
}

fn check_lsns(bytes: &[u8]) {
    check(bytes, lsns::OPTIONS, Order::Mixed, lsns::parse, lines_of::lsns, |args| {
        assert!(args.task.is_none_or(|pid| pid > 0));
        let length = bytes.len();
        match bounded(length, EACH, 8 << 20, || lsns::resolve(args.clone())) {
            Ok(request) => assert!(!request.columns.is_empty() && !request.kinds.is_empty()),
            Err(error) => drop(assert_said(error)),
        }
    });
}

fn check<A: Clone + std::fmt::Debug + PartialEq>(
    bytes: &[u8],
    table: &[nskit::internals::cli::getopt::Opt<A>],
    order: Order,
    parse: fn(Vec<OsString>) -> Result<Parsed<A>, UsageError>,
    write: fn(&A) -> Vec<OsString>,
    holds: impl Fn(&A),
) {
    let arguments = arguments(bytes);
    if bytes.len() <= MOST_FOR_C_LIBRARY {
        assert_as_the_c_library(table, order, &arguments);
    }
    let parsed = bounded(bytes.len(), EACH, FIXED, || parse(arguments.clone()));
    match parsed {
        Ok(Parsed::Run(args)) => {
            holds(&args);
            let written = write(&args);
            assert_eq!(parse(written.clone()), Ok(Parsed::Run(args)), "{written:?}");
        }
        Ok(_) => {}
        Err(error) => {
            assert_named(&error, &arguments);
            assert_said(error);
        }
    }
}

/// Whether the error says what was typed, and was typed what it says.
fn assert_named(error: &UsageError, arguments: &[OsString]) {
    let typed = |end: &[u8]| arguments.iter().any(|typed| typed.as_bytes().ends_with(end));
    let within = |part: &[u8]| {
        let mut typed = arguments.iter().map(|typed| typed.as_bytes());
        typed.any(|typed| typed.windows(part.len().max(1)).any(|window| window == part))
    };
    let said = error.to_string();
    match error {
        UsageError::UnknownLetter(letter) => {
            assert!(within(&[*letter]) && said.contains(&letter.escape_ascii().to_string()));
        }
        UsageError::UnknownName(name) => {
            assert!(within(name.as_bytes()) && said.contains(&super::shown(name.as_bytes())));
        }
        UsageError::Ambiguous(name, names) => {
            assert!(name.is_empty() || within(name.as_bytes()));
            assert!(said.contains(&super::shown(name.as_bytes())));
            assert!(names.len() > 1 && names.iter().all(|name| said.contains(name)));
        }
        UsageError::BadValue { option, value, .. } => {
            assert!(typed(value.as_bytes()) && error.detail().unwrap().contains(option));
            // Of a map, only the part that is wrong may be said.
            let parts = said.split('\'').chain(said.rsplit(": "));
            assert!(
                said.contains("failed")
                    // Nothing between two commas of a list.
                    || said.ends_with(": ") && value.as_bytes().split(|byte| *byte == b',').any(<[u8]>::is_empty)
                    || parts.filter(|part| !part.is_empty()).any(|part| {
                        let value = super::shown(value.as_bytes());
                        // A long one is not said to its end.
                        let beginning: String = part.chars().take(20).collect();
                        value.contains(&beginning) || part.contains(&value)
                    })
            );
        }
        UsageError::Words { wording, value } => {
            assert!(typed(value.as_bytes()));
            assert!(said == wording.of(value) && said.contains(&super::shown(value.as_bytes())));
        }
        UsageError::Apart(sentence) => assert_eq!(said, *sentence),
        UsageError::MissingArgument(option) => assert!(said.contains(option)),
        UsageError::MissingArgumentOfLetter(letter) => {
            assert!(within(&[*letter]) && said.contains(&letter.escape_ascii().to_string()));
        }
        UsageError::NeedlessArgument(option) | UsageError::Repeated(option) => {
            assert!(said.contains(option));
        }
        UsageError::Exclusive(one, other) => assert!(said.contains(one) && said.contains(other)),
    }
}
