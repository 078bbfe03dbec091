//! An attacker's view of those that enter its container: it must get nothing of them before they have become the program
//! that they run there.
//!
//! The same attacker against the installed nsenter is the control: it shows that this one would have been able.

#![allow(clippy::unwrap_used)]

#[macro_use]
mod common;

use std::path::{Path, PathBuf};

use common::{
    ALICE, Call, Ending, ROOT, Scene, User, example, note, on_purpose, ours, scene_with_our_unshare, skip, theirs,
};

/// Who made the container, who enters it, and how.
struct Case {
    name: &'static str,
    owner: User,
    container: &'static [&'static str],
    visitor: User,
    options: &'static [&'static [&'static str]],
    /// The same with options that theirs has not: each of them is between the entering and the program.
    own: &'static [&'static [&'static str]],
    entries: usize,
}

/// User namespaces are mapped as rootless containers and those of a container manager with remapped ids are.
const CASES: [Case; 3] = [
    Case {
        name: "root enters a user's container",
        owner: ALICE,
        container: &["-r"],
        visitor: ROOT,
        options: &[&["-a"], &["-U", "-m", "-p", "-n"], &["-a", "-r", "-w"], &["-a", "--preserve-credentials"]],
        own: &[
            &["--like-target"],
            &["-a", "--pty"],
            &["-a", "--cap-drop=all"],
            &["-a", "--no-new-privs", "--kill-child"],
        ],
        entries: 500,
    },
    Case {
        name: "root enters a container of its own with other ids",
        owner: ROOT,
        container: &["--map-users=500000,0,1000", "--map-groups=500000,0,1000", "--setuid=0", "--setgid=0"],
        visitor: ROOT,
        options: &[&["-a"], &["-a", "--preserve-credentials"], &["-p", "-m"], &["-U", "-p", "-r", "-w"]],
        own: &[&["--like-target"], &["--like-target", "--pty"], &["-a", "--cap-drop=all", "--forward-signals"]],
        entries: 500,
    },
    Case {
        name: "a user enters her own container",
        owner: ALICE,
        container: &["-r"],
        visitor: ALICE,
        options: &[
            &["-U", "-m", "-n", "-p", "--preserve-credentials"],
            &["-U", "-p", "--preserve-credentials", "-r", "-w"],
        ],
        own: &[&["--like-target"], &["-U", "-p", "--preserve-credentials", "--cap-drop=all", "--kill-child"]],
        entries: 200,
    },
];

/// How often all that enter a container enter it again, if the attacker has met too few of them.
const TRIES: usize = 10;

/// Of how many processes the attacker has got what.
#[derive(Debug, PartialEq, Eq)]
struct Booty {
    seen: usize,
    exe: usize,
    fd: usize,
    ptrace: usize,
}

fn attack(scene: &Scene, case: &Case, options: &[&[&str]], entries: usize, nsenter: &Path, attacker: &str) -> Booty {
    // Read where it is mounted.
    let identity = scene.call("stat", ["-Lc", "%d:%i"]).args([nsenter]).ok();
    let unshare = scene.text("our-unshare");
    let container = scene.call(unshare, ["-U", "-m", "-n", "-p", "-f", "--mount-proc"]).args(case.container);
    let mut container = container.args([attacker, identity.trim_end()]).user(case.owner).leashed().spawn();
    container.expect("ready");
    let target = container.child().pid.to_string();
    let enter = |options: &[&str]| -> Call {
        let call = scene.call(nsenter, ["-t", &target]).args(options);
        call.args(["/bin/true"]).user(case.visitor)
    };
    for entry in 0..entries {
        let mut entered = enter(options[entry % options.len()]).spawn();
        assert_eq!(entered.wait(), Ending::Exited(0), "{}", entered.stderr());
    }
    container.release();
    assert_eq!(container.wait(), Ending::Exited(0), "{}", container.stderr());
    let words = container.stdout().replace("ready\n", "");
    let words: Vec<&str> = words.split_whitespace().collect();
    match words[..] {
        ["seen", seen, "exe", exe, "fd", fd, "ptrace", ptrace] => {
            let [seen, exe, fd, ptrace] = [seen, exe, fd, ptrace].map(|n| n.parse().unwrap());
            Booty { seen, exe, fd, ptrace }
        }
        _ => panic!("{words:?}"),
    }
}

scene_test!(an_attacker_inside_gets_nothing_of_those_who_enter);
fn an_attacker_inside_gets_nothing_of_those_who_enter() {
    on_purpose("it does not hide from the processes inside");
    let scene = scene_with_our_unshare();
    let bind = |from: PathBuf, name: &str| {
        let on = scene.file(name, "");
        scene.mount(["--bind".as_ref(), from.as_os_str(), on.as_ref()]);
        on
    };
    let ours = bind(ours("nsenter"), "our-nsenter");
    let attacker = bind(example("attacker"), "attacker");

    let mut control = 0;
    for case in &CASES {
        for options in [case.options, case.own] {
            // Under load it comes late to many, and has further tries.
            let mut met = 0;
            for _ in 0..TRIES {
                let got = attack(&scene, case, options, case.entries, ours.as_ref(), &attacker);
                note(&format!("{} ({} times), ours: {got:?} {options:?}", case.name, case.entries));
                assert_eq!((got.exe, got.fd, got.ptrace), (0, 0, 0), "{} {options:?}", case.name);
                met += got.seen;
                if met * 2 > case.entries {
                    break;
                }
            }
            // It has met many, so it is not by being late that it gets nothing.
            assert!(met * 2 > case.entries, "{} {options:?}: met {met}", case.name);
        }
        if theirs("nsenter").exists() {
            let entries = case.entries / 4;
            let got = attack(&scene, case, case.options, entries, &theirs("nsenter"), &attacker);
            note(&format!("{} ({entries} times), theirs: {got:?}", case.name));
            control += got.exe + got.fd + got.ptrace;
        }
    }
    match theirs("nsenter").exists() {
        true => assert!(control > 0, "an attacker that gets nothing of theirs proves nothing"),
        false => skip("there is no nsenter of util-linux for the control"),
    }
}

fn main() -> std::process::ExitCode {
    common::main()
}
