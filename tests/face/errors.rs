//! Errors, and why.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use nskit::{Clock, ClockChange, Command, Error, ErrorKind, IdMap, Kind, Listing, Target};

use crate::common::{needs_root, poll_until};
use crate::concerns_ours;

/// The page says that all are so: this compiles.
#[allow(dead_code)]
fn are_for_all_threads() {
    fn check<T: Send + Sync>() {}
    check::<(Command, nskit::Child, nskit::Plan, nskit::Stdio, Target)>();
    check::<(nskit::Namespace, nskit::NamespaceInfo, nskit::Namespaces, Listing, nskit::Watch, nskit::Change)>();
}

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
        // An option is a method, or a kind.
        let hint = hint.map(|hint| {
            hint.replace("leave --user out", "leave Kind::User out").replace("with --target", "with Command::target")
        });
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
        (Command::new("true").netns("a").enter(&net), "Command::netns"),
        (&mut Command::new("true\0"), "nul byte"),
        (Command::new("true").env("A", "\0"), "nul byte"),
        (Command::new("true").pivot_root("/").root("/"), "Command::pivot_root and Command::root"),
        (Command::new("true").forward_signals([15, 9]), "signal 9 cannot be forwarded"),
    ] {
        for error in [command.spawn().map(drop).unwrap_err(), command.plan().map(drop).unwrap_err()] {
            assert!(error.to_string().to_lowercase().contains(&said.to_lowercase()), "{error}");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
    }
}

scene_test!(an_error_speaks_of_methods_and_not_of_options);
fn an_error_speaks_of_methods_and_not_of_options() {
    concerns_ours();
    let target = || Target::pid(std::process::id()).unwrap();
    for (error, said, hint) in [
        (
            Command::new("true").all().spawn().unwrap_err(),
            "no target specified for Command::all",
            Some("Command::all needs Command::target"),
        ),
        (
            Command::new("true").map_root().setgroups(true).spawn().unwrap_err(),
            "Command::setgroups(true) and Command::map_group are mutually exclusive",
            Some("the kernel takes a map of your own group only while setgroups is denied"),
        ),
        (
            Command::new("true").unshare_kept(Kind::Uts, "/missing").spawn().unwrap_err(),
            "mount /proc/",
            Some("the file must be there first, and may be empty: touch /missing"),
        ),
    ] {
        assert!(error.to_string().starts_with(said), "{error}");
        assert_eq!(error.hint(), hint);
    }
    // A number as a program is a program: nobody has typed it in the place of an option.
    let error = Command::new("4711").target(target()).all().spawn().unwrap_err();
    assert_eq!(error.to_string(), "failed to execute 4711: No such file or directory");
    assert!(error.hint().unwrap().starts_with("process "), "{error:?}");
}

scene_test!(a_process_that_has_ended_is_told_in_one_way);
fn a_process_that_has_ended_is_told_in_one_way() {
    concerns_ours();
    let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
    let pid = child.id();
    let target = Target::pid(pid).unwrap();
    child.kill().unwrap();
    let is_zombie = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().contains(") Z ");
    poll_until("it has ended", is_zombie);
    let zombie = nskit::Namespace::of(pid, Kind::Net).unwrap_err();
    child.wait().unwrap();
    let gone = nskit::Namespace::of(pid, Kind::Net).unwrap_err();
    let untargeted = Target::pid(pid).unwrap_err();
    let hint = |error: &Error| error.hint().unwrap().to_string();
    assert!(hint(&zombie).contains("its parent has not waited for it"), "{zombie:?}");
    for error in [&gone, &untargeted] {
        assert!(hint(error).starts_with(&format!("no process has the PID {pid} ")), "{error:?}");
    }
    for error in [zombie, gone, untargeted] {
        assert_eq!(error.to_string(), format!("cannot find process {pid}: No such process"));
        assert_eq!((error.errno(), error.kind()), (Some(libc::ESRCH), ErrorKind::NotFound));
    }
    let late = Command::new("true").target(target).all().spawn().unwrap_err();
    assert_eq!(late.kind(), ErrorKind::NotFound, "{late:?}");
    for error in [nskit::Namespace::of(0, Kind::Net).unwrap_err(), Target::pid(0).unwrap_err()] {
        assert_eq!((error.to_string().as_str(), error.kind()), ("0 is no PID", ErrorKind::InvalidInput));
    }
}

scene_test!(what_is_asked_wrongly_is_invalid_input);
fn what_is_asked_wrongly_is_invalid_input() {
    concerns_ours();
    let error = "network".parse::<Kind>().unwrap_err().to_string();
    assert_eq!(
        error,
        "no kind of namespace is called 'network': there are mnt, uts, ipc, net, pid, user, cgroup, time"
    );
    needs_root("to make a time namespace");
    // A clock that would stand before the boot: ERANGE.
    let error = Command::new("true").clock(Clock::Monotonic, ClockChange::Offset(-1_000_000_000)).spawn().unwrap_err();
    assert_eq!((error.errno(), error.kind()), (Some(libc::ERANGE), ErrorKind::InvalidInput), "{error:?}");
    // Somebody else has waited.
    let mut child = Command::new("true").spawn().unwrap();
    nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(child.id() as i32), None).unwrap();
    let error = child.wait().unwrap_err();
    assert_eq!((error.errno(), error.kind()), (Some(libc::ECHILD), ErrorKind::NotFound));
    assert!(error.hint().unwrap().contains("has waited for it"), "{error:?}");
}
