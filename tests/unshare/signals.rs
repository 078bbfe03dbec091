//! Signals to unshare and to the program, stopping, and the terminal.

use std::fs::OpenOptions;
use std::path::Path;

use crate::common::{ALICE, Ending, Process, Pty, Scene, newer_than_theirs, on_purpose, poll_until, skip, their_bug};

/// A probe that tells of these signals, run with these options.
fn catching(scene: &Scene, options: &[&str], signals: &str) -> Process {
    let line = options.iter().copied().chain(["probe", "catch"]).chain(signals.split_whitespace());
    let process = scene.unshare(line).leashed().spawn();
    process.expect("ready\n");
    process
}

#[test]
fn without_fork_unshare_is_the_program() {
    let Some(scene) = Scene::new() else { return };
    for signal in [libc::SIGKILL, libc::SIGTERM, libc::SIGINT] {
        let mut process = catching(&scene, &["-um"], "");
        process.signal(signal);
        assert_eq!(process.wait(), Ending::Killed(signal));
    }
    let mut process = catching(&scene, &["-um"], "2 15");
    process.signal(libc::SIGTERM);
    process.expect("got 15\n");
    process.signal(libc::SIGINT);
    process.expect("got 02\n");
    process.release();
    assert_eq!(process.wait(), Ending::Exited(0));
}

#[test]
fn a_forked_program_is_left_alone_by_sigterm_and_sigint_to_unshare() {
    let Some(scene) = Scene::new() else { return };
    for options in [&["--fork"][..], &["--fork", "--pid"], &["--kill-child"]] {
        for signal in [libc::SIGTERM, libc::SIGINT] {
            let mut process = catching(&scene, options, "2 15");
            let child = process.child();
            process.signal(signal);
            // What comes after it is told, it is not.
            child.signal(if signal == libc::SIGTERM { libc::SIGINT } else { libc::SIGTERM });
            process.expect("got");
            process.release();
            assert_eq!(process.wait(), Ending::Exited(0), "{options:?}");
            let other = if signal == libc::SIGTERM { "ready\ngot 02\n" } else { "ready\ngot 15\n" };
            assert_eq!(process.stdout(), other, "{options:?}");
        }
    }
}

#[test]
fn a_forked_program_survives_the_death_of_unshare() {
    let Some(scene) = Scene::new() else { return };
    for options in [&["--fork"][..], &["--fork", "--pid"]] {
        let mut process = catching(&scene, options, "15");
        let child = process.child();
        process.signal(libc::SIGKILL);
        assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL));
        child.signal(libc::SIGTERM);
        poll_until("the child's answer", || process.stdout() == "ready\ngot 15\n");
        assert!(!child.has_ended(), "{options:?}");
        process.release();
        child.wait();
    }
}

#[test]
fn kill_child_kills_the_program_when_unshare_dies() {
    let Some(scene) = Scene::new() else { return };
    for options in
        [&["--kill-child"][..], &["--kill-child", "--pid"], &["--kill-child=KILL", "-f"], &["-r", "--kill-child"]]
    {
        let mut process = catching(&scene, options, "15");
        let child = process.child();
        process.signal(libc::SIGKILL);
        assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL));
        child.wait();
        assert_eq!(process.stdout(), "ready\n", "{options:?}");
    }
}

#[test]
fn kill_child_sends_the_signal_that_was_asked_for() {
    let Some(scene) = Scene::new() else { return };
    let mut process = catching(&scene, &["--kill-child=SIGTERM"], "15");
    let child = process.child();
    process.signal(libc::SIGKILL);
    poll_until("the signal", || process.stdout() == "ready\ngot 15\n");
    assert!(!child.has_ended());
    process.release();
    child.wait();
}

#[test]
fn kill_child_survives_a_change_of_ids() {
    if their_bug("a change of ids clears the death signal, and the child survives") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    for options in [&["-S", "1001"][..], &["-G", "1001"], &["-S1001", "-G1001"], &["--map-auto", "-S7", "-G7"]] {
        let line: Vec<_> = ["--kill-child"].iter().chain(options).copied().collect();
        let mut process = catching(&scene, &line, "15");
        let child = process.child();
        process.signal(libc::SIGKILL);
        assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL));
        child.wait();
        assert_eq!(process.stdout(), "ready\n", "{options:?}");
    }
}

#[test]
fn forward_signals_passes_sigterm_and_sigint_on() {
    if newer_than_theirs((2, 42), "--forward-signals") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    for options in [&["--forward-signals"][..], &["--forward-signals", "--pid"], &["--forward-signals", "--kill-child"]]
    {
        let mut process = catching(&scene, options, "2 15");
        process.signal(libc::SIGTERM);
        process.expect("got 15\n");
        process.signal(libc::SIGINT);
        process.expect("got 02\n");
        process.signal(libc::SIGTERM);
        process.expect("got 02\ngot 15\n");
        process.release();
        assert_eq!(process.wait(), Ending::Exited(0));
        assert_eq!(process.stdout(), "ready\ngot 15\ngot 02\ngot 15\n", "{options:?}");
    }
}

#[test]
fn forward_signals_ends_as_the_program_does() {
    if newer_than_theirs((2, 42), "--forward-signals") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let mut process = catching(&scene, &["--forward-signals"], "");
        process.signal(signal);
        assert_eq!(process.wait(), Ending::Killed(signal));
        assert_eq!(process.left_behind(), []);
    }
    let status = scene.unshare(["--forward-signals", "probe", "exit", "7"]).run();
    assert_eq!(status.ending, Ending::Exited(7));
}

#[test]
fn forward_signals_leaves_the_program_when_unshare_is_killed() {
    if newer_than_theirs((2, 42), "--forward-signals") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    let mut process = catching(&scene, &["--forward-signals"], "");
    let child = process.child();
    process.signal(libc::SIGKILL);
    assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL));
    assert!(!child.has_ended());
    process.release();
    child.wait();
}

#[test]
fn unshare_stops_with_the_program_and_continues_with_it() {
    if on_purpose("theirs waits on while the program is stopped") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    for options in [&["--fork"][..], &["--kill-child"], &["--forward-signals"], &["-r", "-f"]] {
        let mut process = scene.unshare(options).args(["probe", "stop"]).spawn();
        assert_eq!(process.wait_for_stop(), libc::SIGSTOP, "{options:?}");
        process.signal(libc::SIGCONT);
        assert_eq!(process.wait(), Ending::Exited(7), "{options:?}");
    }
}

/// Ctrl-C in the session of a program that catches SIGINT: what it has said in the end.
fn interrupted(scene: &Scene, options: &[&str]) {
    let pty = Pty::new();
    let line = options.iter().copied().chain(["probe", "catch", "2"]);
    let mut process = scene.unshare(line).terminal(&pty).spawn();
    pty.expect("ready\n");
    pty.type_in(b"\x03");
    pty.expect("got 02\n");
    // The end of its input.
    pty.type_in(b"\x04");
    assert_eq!(process.wait(), Ending::Exited(0), "{options:?}");
    assert_eq!(pty.text(), "ready\ngot 02\n", "{options:?}");
}

#[test]
fn ctrl_c_reaches_the_program_once() {
    let Some(scene) = Scene::new() else { return };
    for options in [&[][..], &["--fork"], &["--fork", "--pid"], &["--kill-child"]] {
        interrupted(&scene, options);
    }
}

#[test]
fn ctrl_c_reaches_the_program_once_while_signals_are_forwarded() {
    if newer_than_theirs((2, 42), "--forward-signals") {
        return;
    }
    let Some(scene) = Scene::new() else { return };
    interrupted(&scene, &["--forward-signals"]);
}

#[test]
fn ctrl_c_ends_unshare_as_it_ends_the_program() {
    let Some(scene) = Scene::new() else { return };
    for options in [&[][..], &["--fork"], &["--fork", "--pid", "--kill-child"]] {
        let pty = Pty::new();
        let line = options.iter().copied().chain(["sh", "-c", "echo ready; read line"]);
        let mut process = scene.unshare(line).terminal(&pty).spawn();
        pty.expect("ready\n");
        // An init is not killed by what it does not catch.
        if options.contains(&"--pid") {
            pty.type_in(b"\x04");
            assert_eq!(process.wait(), Ending::Exited(1));
        } else {
            pty.type_in(b"\x03");
            assert_eq!(process.wait(), Ending::Killed(libc::SIGINT), "{options:?}");
        }
    }
}

#[test]
fn ctrl_z_gives_the_terminal_back_to_the_shell() {
    if !Path::new("/bin/bash").exists() {
        return skip("there is no bash");
    }
    let Some(scene) = Scene::new() else { return };
    // The program waits for something else than the terminal: it may be given the line that the shell is to have, as it
    // stops only once it runs again.
    let fifo = scene.path("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o644)).unwrap();
    for options in ["", "--fork", "-r --fork"] {
        let writer = OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
        let pty = Pty::new();
        let shell = scene.call("/bin/bash", ["--norc", "--noprofile", "--noediting", "-i"]);
        let shell = shell.user(ALICE).env("PS1", "").env("HISTFILE", "");
        let mut shell = shell.terminal(&pty).spawn();
        pty.type_in(format!("unshare {options} probe hold <fifo\n").as_bytes());
        pty.expect("ready\n");
        pty.type_in(b"\x1a");
        pty.expect("Stopped");
        pty.type_in(b"echo the shell again\n");
        pty.expect("the shell again\n");
        pty.type_in(b"fg; echo status $?\n");
        drop(writer);
        pty.expect("status 0\n");
        pty.type_in(b"exit 3\n");
        assert_eq!(shell.wait(), Ending::Exited(3), "{options}");
    }
}
