//! --status-fd: what the caller is told of the program.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use crate::common::{ALICE, Call, Descendant, Ending, Scene, User, needs_root, on_purpose};

fn ours() {
    on_purpose("theirs has no --status-fd");
}

/// What is written to descriptor 7 while the call runs, and how that ends.
fn told(call: Call) -> (String, crate::common::Outcome) {
    let (read, write) = nix::unistd::pipe().unwrap();
    let outcome = call.given(7, write).run();
    let mut text = String::new();
    File::from(read).read_to_string(&mut text).unwrap();
    (text, outcome)
}

/// The number behind this key, wherever it stands.
fn number(text: &str, key: &str) -> Option<u64> {
    let rest = text.split_once(&format!("\"{key}\": "))?.1;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// What is said of the namespace of this kind.
fn namespace<'t>(text: &'t str, kind: &str) -> &'t str {
    text.split_once(&format!("\"{kind}\": {{")).unwrap().1.split_once('}').unwrap().0
}

const KINDS: [&str; 8] = ["mnt", "uts", "ipc", "net", "pid", "user", "cgroup", "time"];

/// The program says where it is, and then comes what was told of it.
fn compare(scene: &Scene, user: Option<User>, options: &[&str], has_init: bool) {
    let forks = options.iter().any(|option| *option == "--init" || !option.starts_with("--") && option.contains('f'));
    // With the ids that lsns finds for these namespaces, where the kernel has ids.
    let script = "for kind in mnt uts ipc net pid user cgroup time; do stat -Lc %i /proc/self/ns/$kind; done
        lsns -rno NS,NSID --scan=process";
    let line = [&["--status-fd=7"], options, &["sh", "-c", script]].concat();
    let mut call = scene.unshare(line);
    if let Some(user) = user {
        call = call.user(user);
    }
    let (text, outcome) = told(call);
    assert_eq!((outcome.ending, &*outcome.stderr), (Ending::Exited(0), ""), "{options:?}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + usize::from(forks), "{text}");
    let listed = outcome.stdout.lines().skip(KINDS.len());
    let ids: Vec<(&str, &str)> = listed.map(|line| line.split_once(' ').unwrap_or((line, ""))).collect();
    for (kind, inode) in KINDS.into_iter().zip(outcome.stdout.lines()) {
        let id = ids.iter().find_map(|(number, id)| (*number == inode).then_some(*id).filter(|id| !id.is_empty()));
        let said = number(namespace(lines[0], kind), "id").map(|id| id.to_string());
        assert!(id.is_none() || said.as_deref() == id, "{options:?} {kind}: {id:?} {text}");
        assert_eq!(
            number(namespace(lines[0], kind), "inode").unwrap().to_string(),
            inode,
            "{options:?} {kind}: {text}"
        );
    }
    assert_eq!(number(lines[0], "init").is_some(), has_init, "{text}");
    if forks {
        assert_eq!(lines[1], "{\"status\": 0}");
    }
}

scene_test!(the_namespaces_are_those_of_the_program);
fn the_namespaces_are_those_of_the_program() {
    ours();
    let scene = Scene::new();
    for options in [&["-u"][..], &["-f"], &["-muinC"], &["-muinpCTf"], &["-T"], &["-muinpCTUrf", "--mount-proc"]] {
        compare(&scene, None, options, false);
    }
    compare(&scene, None, &["--init", "-muinCT", "--mount-proc"], true);
    needs_root("ids of other users");
    compare(&scene, None, &["-S1001", "-f", "-n"], false);
    compare(&scene, None, &["--init", "-S1001", "-G1001"], true);
    for options in [&["-r"][..], &["-rmnpf", "--mount-proc"], &["-rn"]] {
        compare(&scene, Some(ALICE), options, false);
    }
    compare(&scene, Some(ALICE), &["--init", "-rmn", "--mount-proc"], true);
}

scene_test!(the_pid_is_that_of_outside);
fn the_pid_is_that_of_outside() {
    ours();
    let scene = Scene::new();
    for (options, depth) in
        [(&[][..], 0), (&["-f"], 1), (&["-pf", "--mount-proc"], 1), (&["--init", "--mount-proc"], 2)]
    {
        let (read, write) = nix::unistd::pipe().unwrap();
        let line = [&["--status-fd", "7"], options, &["probe", "hold"]].concat();
        let mut process = scene.unshare(line).given(7, write).leashed().spawn();
        process.expect("ready\n");
        let mut text = [0; 1024];
        let length = nix::unistd::read(&read, &mut text).unwrap();
        let text = String::from_utf8_lossy(&text[..length]).into_owned();
        let mut expected = process.pid();
        let mut before = expected;
        for _ in 0..depth {
            before = expected;
            let [child] = Descendant::of(expected).unwrap().children()[..] else { panic!("{options:?}") };
            expected = child;
        }
        assert_eq!(number(&text, "pid"), Some(expected as u64), "{options:?}: {text}");
        if depth == 2 {
            assert_eq!(number(&text, "init"), Some(before as u64), "{text}");
        }
        // The program does not have it.
        let links = std::fs::read_dir(format!("/proc/{expected}/fd")).unwrap().flatten();
        assert!(links.into_iter().all(|entry| entry.file_name() != "7"), "{options:?}");
        process.release();
        assert_eq!(process.wait(), Ending::Exited(0));
    }
}

scene_test!(how_the_program_ends_is_told_where_there_is_somebody_to_tell);
fn how_the_program_ends_is_told_where_there_is_somebody_to_tell() {
    ours();
    let scene = Scene::new();
    let last = |options: &[&str], line: &[&str]| {
        let (text, _) = told(scene.unshare([&["--status-fd=7"], options, line].concat()).core_limit(0));
        text.lines().skip(1).map(String::from).collect::<Vec<_>>()
    };
    for options in [&["-f"][..], &["--init"]] {
        assert_eq!(last(options, &["probe", "exit", "255"]), ["{\"status\": 255}"], "{options:?}");
        assert_eq!(last(options, &["probe", "die", "15"]), ["{\"signal\": \"TERM\"}"], "{options:?}");
        assert_eq!(last(options, &["probe", "die", "6"]), ["{\"signal\": \"ABRT\"}"], "{options:?}");
        assert_eq!(last(options, &["probe", "die", "36"]), ["{\"signal\": \"RTMIN+2\"}"], "{options:?}");
    }
    for options in [&[][..], &["-f"], &["--init"]] {
        assert_eq!(last(options, &["missing"]), ["{\"status\": 127}"], "{options:?}");
        assert_eq!(last(options, &["/etc/passwd"]), ["{\"status\": 126}"], "{options:?}");
    }
    assert_eq!(last(&["-u"], &["probe", "exit", "3"]), [""; 0]);
}

scene_test!(a_program_that_never_starts_is_not_reported);
fn a_program_that_never_starts_is_not_reported() {
    ours();
    let scene = Scene::new();
    for options in [&["-w/missing"][..], &["-f", "-w/missing"], &["--init", "-w/missing"]] {
        let (text, outcome) = told(scene.unshare([&["--status-fd=7"], options, &["echo", "ran"]].concat()));
        outcome.says(1, "unshare: cannot chdir to '/missing': No such file or directory");
        assert_eq!(text, "", "{options:?}");
    }
}

scene_test!(a_closed_status_pipe_does_not_disturb_the_program);
fn a_closed_status_pipe_does_not_disturb_the_program() {
    ours();
    let scene = Scene::new();
    for options in [&[][..], &["-f"], &["--init"]] {
        let (read, write) = nix::unistd::pipe().unwrap();
        drop(read);
        let call = scene.unshare([&["--status-fd=7"], options, &["probe", "exit", "5"]].concat()).given(7, write);
        let outcome = call.run();
        assert_eq!((outcome.ending, &*outcome.stderr), (Ending::Exited(5), ""), "{options:?}");
    }
}

scene_test!(a_descriptor_that_cannot_be_written_to_is_an_error);
fn a_descriptor_that_cannot_be_written_to_is_an_error() {
    ours();
    let scene = Scene::new();
    for (value, said) in [
        ("1", "--status-fd 1: the descriptors 0 to 2 are the program's"),
        ("9", "--status-fd 9: Bad file descriptor"),
        ("7", "--status-fd 7: it is not open for writing"),
        ("-1", "failed to parse file descriptor: '-1': Numerical result out of range"),
        ("x", "failed to parse file descriptor: 'x'"),
        ("", "failed to parse file descriptor: ''"),
        ("99999999999", "failed to parse file descriptor: '99999999999': Numerical result out of range"),
    ] {
        let uts = scene.file("uts", "");
        let line = [&*format!("--uts={uts}"), &format!("--status-fd={value}"), "echo", "ran"];
        let outcome = scene.unshare(line).given(7, File::open("/").unwrap()).run();
        outcome.says(1, &format!("unshare: {said}"));
        assert_eq!(outcome.stdout, "");
        assert_ne!(std::fs::metadata(&uts).unwrap().dev(), std::fs::metadata("/proc/self/ns/uts").unwrap().dev());
    }
}
