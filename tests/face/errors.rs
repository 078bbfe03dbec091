//! Errors, and why.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use nskit::{Command, Error, ErrorKind, IdMap, Kind, Listing, Target};

use crate::common::needs_root;
use crate::concerns_ours;

fn is_an_error<E: std::error::Error + Send + Sync + 'static>() {}

scene_test!(an_error_is_one_for_everybody);
fn an_error_is_one_for_everybody() {
    concerns_ours();
    is_an_error::<Error>();
    fn boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Listing::new().proc("/missing").scan()?;
        Ok(())
    }
    fn by_anyhow() -> anyhow::Result<()> {
        Listing::new().proc("/missing").scan()?;
        Ok(())
    }
    let said = "cannot open /missing: No such file or directory";
    assert_eq!(boxed().unwrap_err().to_string(), said);
    let error = by_anyhow().unwrap_err();
    assert_eq!(error.to_string(), said);
    let error = error.downcast::<Error>().unwrap();
    assert_eq!((error.errno(), error.kind()), (Some(libc::ENOENT), ErrorKind::NotFound));
    assert!(error.source().is_none());
    let error = io::Error::from(error);
    assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::NotFound, said.to_string()));
}

/// What unshare or nsenter says: the message and the hint.
fn said_by(tool: &str, arguments: &[&str]) -> (String, Option<String>) {
    let output = std::process::Command::new(crate::common::ours(tool)).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let mut lines = text.lines();
    let message = lines.next().unwrap().strip_prefix(&format!("{tool}: ")).unwrap().to_string();
    let hint = lines.next().and_then(|line| line.split_once("hint: ")).map(|(_, hint)| hint.to_string());
    (message, hint)
}

scene_test!(an_error_says_what_the_tool_says);
fn an_error_says_what_the_tool_says() {
    concerns_ours();
    needs_root("to get as far as what fails");
    let missing = || PathBuf::from("/missing");
    let root = "--root=/missing";
    let target: &str = format!("--target={}", std::process::id()).leak();
    let mut cases = Vec::new();
    let mut add = |error: nskit::Result<nskit::Child>, errno, kind, tool, line: &[&'static str]| {
        cases.push((error.unwrap_err(), errno, kind, tool, line.to_vec()));
    };
    add(
        Command::new("nskit-no-program").spawn(),
        Some(libc::ENOENT),
        ErrorKind::NotFound,
        "unshare",
        &["nskit-no-program"],
    );
    add(
        Command::new("/etc/passwd").spawn(),
        Some(libc::EACCES),
        ErrorKind::PermissionDenied,
        "unshare",
        &["/etc/passwd"],
    );
    add(
        Command::new("true").root(missing()).spawn(),
        Some(libc::ENOENT),
        ErrorKind::NotFound,
        "unshare",
        &[root, "true"],
    );
    let map = IdMap::Range { inner: 0, outer: 0, count: 4_294_967_295 };
    add(
        Command::new("true").map_users(map).map_users(map).spawn(),
        Some(libc::EINVAL),
        ErrorKind::InvalidInput,
        "unshare",
        &["--map-users=0:0:4294967295", "--map-users=0:0:4294967295", "true"],
    );
    add(Command::new("true").all().spawn(), None, ErrorKind::InvalidInput, "nsenter", &["--all", "true"]);
    add(
        Command::new("true").target(Target::container("nskit-no-container")).all().spawn(),
        None,
        ErrorKind::NotFound,
        "nsenter",
        &["--container=nskit-no-container", "--all", "true"],
    );
    add(
        Command::new("true").target(Target::pid(std::process::id()).unwrap()).namespaces([Kind::User]).spawn(),
        Some(libc::EINVAL),
        ErrorKind::InvalidInput,
        "nsenter",
        &[target, "--user", "true"],
    );
    let mut with_hint = 0;
    for (error, errno, kind, tool, line) in cases {
        let (message, hint) = said_by(tool, &line);
        assert_eq!((error.to_string(), error.hint().map(String::from)), (message, hint), "{tool} {line:?}");
        assert_eq!((error.errno(), error.kind()), (errno, kind), "{error}");
        with_hint += usize::from(error.hint().is_some());
    }
    assert!(with_hint >= 3);
}

scene_test!(what_makes_no_sense_is_told_before_anything_is_done);
fn what_makes_no_sense_is_told_before_anything_is_done() {
    concerns_ours();
    let net = nskit::Namespace::current(Kind::Net).unwrap();
    for (command, said) in [
        (
            Command::new("true").unshare([Kind::Net]).enter(&net),
            "unshare makes new namespaces and enter is about those",
        ),
        (Command::new("true").bind("/a", "b"), "a mount point is a path from / on"),
        (Command::new("true").hostname(""), "a host name has 1 to 64 bytes"),
        (Command::new("true").kill_child(65), "65 is no signal"),
        (Command::new("true").capabilities(["chown", "none"]), "'none' is no capability"),
        (Command::new("true").netns("a/b"), "the name of a network namespace"),
        (Command::new("true").netns("a").enter(&net), "--netns --net"),
        (&mut Command::new("true\0"), "nul byte"),
        (Command::new("true").env("A", "\0"), "nul byte"),
        (Command::new("true").pivot_root("/").root("/"), "--pivot-root"),
    ] {
        for error in [command.spawn().map(drop).unwrap_err(), command.plan().map(drop).unwrap_err()] {
            assert!(error.to_string().to_lowercase().contains(&said.to_lowercase()), "{error}");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
    }
}
