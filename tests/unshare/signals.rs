//! Signals to unshare and to the program, stopping, and the terminal.

use std::path::Path;

use crate::common::{
    ALICE, Ending, Process, Pty, ROOT, Scene, newer_than_theirs, on_purpose, other_input, part, poll_until, shell,
    skip, their_bug,
};

/// A probe that tells of these signals, run with these options.
fn catching(scene: &Scene, options: &[&str], signals: &str) -> Process {
    let line = options.iter().copied().chain(["probe", "catch"]).chain(signals.split_whitespace());
    let process = scene.unshare(line).leashed().spawn();
    process.expect("ready\n");
    process
}

scene_test!(without_fork_unshare_is_the_program);
fn without_fork_unshare_is_the_program() {
    let scene = Scene::new();
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

scene_test!(a_forked_program_is_left_alone_by_sigterm_and_sigint_to_unshare);
fn a_forked_program_is_left_alone_by_sigterm_and_sigint_to_unshare() {
    let scene = Scene::new();
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

scene_test!(a_forked_program_survives_the_death_of_unshare);
fn a_forked_program_survives_the_death_of_unshare() {
    let scene = Scene::new();
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

scene_test!(kill_child_kills_the_program_when_unshare_dies);
fn kill_child_kills_the_program_when_unshare_dies() {
    let scene = Scene::new();
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

scene_test!(kill_child_sends_the_signal_that_was_asked_for);
fn kill_child_sends_the_signal_that_was_asked_for() {
    let scene = Scene::new();
    let mut process = catching(&scene, &["--kill-child=SIGTERM"], "15");
    let child = process.child();
    process.signal(libc::SIGKILL);
    poll_until("the signal", || process.stdout() == "ready\ngot 15\n");
    assert!(!child.has_ended());
    process.release();
    child.wait();
}

scene_test!(kill_child_survives_a_change_of_ids);
fn kill_child_survives_a_change_of_ids() {
    crate::common::needs_root("ids of other users");
    their_bug("a change of ids clears the death signal, and the child survives");
    let scene = Scene::new();
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

scene_test!(forward_signals_passes_sigterm_and_sigint_on);
fn forward_signals_passes_sigterm_and_sigint_on() {
    crate::common::otherwise_since((2, 42), "a signal may not be forwarded");
    newer_than_theirs((2, 42), "--forward-signals");
    let scene = Scene::new();
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

scene_test!(forward_signals_ends_as_the_program_does);
fn forward_signals_ends_as_the_program_does() {
    newer_than_theirs((2, 42), "--forward-signals");
    let scene = Scene::new();
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let mut process = catching(&scene, &["--forward-signals"], "");
        process.signal(signal);
        assert_eq!(process.wait(), Ending::Killed(signal));
        assert_eq!(process.left_behind(), [0; 0]);
    }
    let status = scene.unshare(["--forward-signals", "probe", "exit", "7"]).run();
    assert_eq!(status.ending, Ending::Exited(7));
}

scene_test!(forward_signals_leaves_the_program_when_unshare_is_killed);
fn forward_signals_leaves_the_program_when_unshare_is_killed() {
    newer_than_theirs((2, 42), "--forward-signals");
    let scene = Scene::new();
    let mut process = catching(&scene, &["--forward-signals"], "");
    let child = process.child();
    process.signal(libc::SIGKILL);
    assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL));
    assert!(!child.has_ended());
    process.release();
    child.wait();
}

scene_test!(forward_signals_passes_those_of_a_list_on);
fn forward_signals_passes_those_of_a_list_on() {
    on_purpose("theirs takes no list");
    let scene = Scene::new();
    for options in [&["--forward-signals=HUP,sigusr1,RTMIN+2"][..], &["--forward-signals=hup,USR1,RTMIN+2", "-p"]] {
        let mut process = catching(&scene, options, "1 10 15 36");
        for (signal, line) in [(libc::SIGHUP, "got 01\n"), (36, "got 36\n"), (libc::SIGUSR1, "got 10\n")] {
            process.signal(signal);
            process.expect(line);
        }
        // What is not in the list is left to the program, as without the option.
        process.signal(libc::SIGTERM);
        process.signal(libc::SIGHUP);
        process.expect("got 10\ngot 01\n");
        process.release();
        assert_eq!(process.wait(), Ending::Exited(0));
        assert_eq!(process.stdout(), "ready\ngot 01\ngot 36\ngot 10\ngot 01\n", "{options:?}");
    }
}

scene_test!(what_a_process_sends_to_the_whole_group_reaches_the_program_twice);
fn what_a_process_sends_to_the_whole_group_reaches_the_program_twice() {
    on_purpose("theirs takes no list");
    let scene = Scene::new();
    // A real-time signal is not merged with one of its kind that still waits.
    let mut process = catching(&scene, &["--forward-signals=RTMIN"], "34");
    let pid = nix::unistd::Pid::from_raw(process.pid());
    assert_eq!(nix::unistd::getpgid(Some(pid)), Ok(pid));
    scene.call("/bin/kill", ["-34", "--", &format!("-{pid}")]).ok();
    process.expect("ready\ngot 34\ngot 34\n");
    process.release();
    assert_eq!(process.wait(), Ending::Exited(0));
    assert_eq!(process.stdout(), "ready\ngot 34\ngot 34\n");
}

scene_test!(forward_signals_passes_all_on_that_processes_send);
fn forward_signals_passes_all_on_that_processes_send() {
    on_purpose("theirs takes no list");
    let scene = Scene::new();
    // SIGCONT reaches the program in any case, and SIGTSTP stops it: see below.
    let all: Vec<i32> = [1, 2, 3, 10, 12, 14, 15, 28].into_iter().chain(34..=64).collect();
    let numbers = all.iter().map(i32::to_string).collect::<Vec<_>>().join(" ");
    let mut process = catching(&scene, &["--forward-signals=all"], &numbers);
    let mut expected = "ready\n".to_string();
    for signal in all {
        process.signal(signal);
        expected.push_str(&format!("got {signal:02}\n"));
        process.expect(&expected);
    }
    process.release();
    assert_eq!(process.wait(), Ending::Exited(0));
    assert_eq!(process.stdout(), expected);
}

scene_test!(a_stop_that_is_passed_on_stops_the_program_and_the_job);
fn a_stop_that_is_passed_on_stops_the_program_and_the_job() {
    on_purpose("theirs takes no list");
    let scene = Scene::new();
    // Nobody would continue unshare here: only the program stops.
    let mut process = catching(&scene, &["--forward-signals=TSTP"], "");
    let child = process.child();
    process.signal(libc::SIGTSTP);
    poll_until("the child to stop", || child.state() == 'T');
    assert_ne!(process.state(), 'T');
    process.signal(libc::SIGCONT);
    poll_until("the child to go on", || child.state() == 'S');
    process.release();
    assert_eq!(process.wait(), Ending::Exited(0));
    // Here a shell would, though unshare holds the signal of Ctrl-Z back.
    let input = other_input(&scene);
    let pty = Pty::new();
    let mut shell = shell(&scene, &pty, ROOT, "");
    pty.type_in(b"unshare --forward-signals=all probe catch 18 <fifo\n");
    pty.expect("ready\n");
    for round in 1..=5 {
        pty.type_in(b"\x1a");
        pty.expect_times("Stopped", round);
        pty.type_in(b"fg >/dev/null; echo status $?.\n");
        pty.expect_times("got 18\n", round);
    }
    drop(input);
    pty.expect("status 0.");
    pty.type_in(b"exit 3\n");
    assert_eq!(shell.wait(), Ending::Exited(3));
}

scene_test!(a_terminal_that_is_hung_up_tells_only_the_leader_who_passes_it_on);
fn a_terminal_that_is_hung_up_tells_only_the_leader_who_passes_it_on() {
    on_purpose("theirs takes no list");
    let scene = Scene::new();
    let pty = Pty::new();
    let told = scene.path("told");
    let script = format!("trap 'echo hung up >{}; exit 6' HUP; echo ready; sleep 1000 & wait", told.display());
    let line = ["--forward-signals=HUP", "--kill-child", "sh", "-c", &script];
    let mut process = scene.unshare(line).terminal(&pty).spawn();
    pty.expect("ready\n");
    drop(pty);
    assert_eq!(process.wait(), Ending::Exited(6));
    assert_eq!(std::fs::read_to_string(told).unwrap(), "hung up\n");
    for pid in process.left_behind() {
        nskit::internals::sys::signal::send(pid, nskit::internals::sys::signal::SignalNumber::KILL).unwrap();
    }
}

scene_test!(a_list_of_signals_that_cannot_be_passed_on_is_an_error);
fn a_list_of_signals_that_cannot_be_passed_on_is_an_error() {
    on_purpose("theirs takes no list");
    let scene = Scene::new();
    for (list, said) in [
        ("", "unknown signal: "),
        ("HUP,", "unknown signal: "),
        ("HUP,SIGNAL", "unknown signal: SIGNAL"),
        ("9", "unknown signal: 9"),
        ("ALL", "unknown signal: ALL"),
        ("TERM,KILL", "signal cannot be passed on: KILL"),
        ("all,sigstop", "signal cannot be passed on: sigstop"),
    ] {
        let outcome = scene.unshare([&*format!("--forward-signals={list}"), "echo", "ran"]).run();
        let below = outcome.says(1, &format!("unshare: {said}"));
        assert!(below[0].contains("--forward-signals takes "), "{below:?}");
    }
}

/// The options with which the program is a child.
const FORKING: [&[&str]; 4] = [&["--fork"], &["--kill-child"], &["--forward-signals"], &["-r", "-f"]];

/// The same, as far as the tool under test knows them.
fn forking() -> impl Iterator<Item = &'static [&'static str]> {
    let new = |options: &&&[&str]| options.contains(&"--forward-signals");
    let left_out = part(|| newer_than_theirs((2, 42), "--forward-signals"));
    FORKING.iter().filter(move |options| !left_out || !new(options)).copied()
}

scene_test!(a_program_that_stops_itself_does_not_stop_unshare_where_no_shell_would_continue_it);
fn a_program_that_stops_itself_does_not_stop_unshare_where_no_shell_would_continue_it() {
    let scene = Scene::new();
    let script = "(sleep 0.3; kill -CONT $$) & kill -STOP $$; exit 5";
    for options in forking() {
        let outcome = scene.unshare(options).args(["sh", "-c", script]).run();
        assert_eq!(outcome.ending, Ending::Exited(5), "{options:?}");
        // The terminal is there, but the shell waits for another group.
        let pty = Pty::new();
        let mut process = scene.unshare(options).args(["sh", "-c", script]).terminal(&pty).spawn();
        assert_eq!(process.wait(), Ending::Exited(5), "{options:?}");
    }
}

scene_test!(a_program_that_others_stop_does_not_stop_unshare_where_no_shell_would_continue_it);
fn a_program_that_others_stop_does_not_stop_unshare_where_no_shell_would_continue_it() {
    let scene = Scene::new();
    for options in forking() {
        for stop in [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU] {
            let mut process = catching(&scene, options, "");
            let child = process.child();
            for _ in 0..3 {
                child.signal(stop);
                poll_until("the child to stop", || child.state() == 'T');
                assert_ne!(process.state(), 'T', "{options:?}");
                child.signal(libc::SIGCONT);
                poll_until("the child to go on", || child.state() == 'S');
            }
            process.release();
            assert_eq!(process.wait(), Ending::Exited(0), "{options:?}");
        }
    }
}

scene_test!(a_program_that_is_killed_while_it_is_stopped_ends_unshare);
fn a_program_that_is_killed_while_it_is_stopped_ends_unshare() {
    newer_than_theirs((2, 40), "137 for a program that SIGKILL ends");
    let scene = Scene::new();
    for options in forking() {
        let mut process = catching(&scene, options, "");
        let child = process.child();
        child.signal(libc::SIGSTOP);
        poll_until("the child to stop", || child.state() == 'T');
        child.signal(libc::SIGKILL);
        assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL), "{options:?}");
    }
}

scene_test!(who_continues_unshare_continues_the_program);
fn who_continues_unshare_continues_the_program() {
    on_purpose("theirs waits on while the program is stopped");
    let scene = Scene::new();
    for options in FORKING {
        let mut process = scene.unshare(options).args(["probe", "stop"]).spawn();
        let child = process.child();
        poll_until("the child to stop", || child.state() == 'T');
        process.signal(libc::SIGCONT);
        assert_eq!(process.wait(), Ending::Exited(7), "{options:?}");
    }
}

scene_test!(a_stopped_child_stops_the_job_of_a_shell);
fn a_stopped_child_stops_the_job_of_a_shell() {
    on_purpose("theirs waits on while the program is stopped");
    if !Path::new("/bin/bash").exists() {
        skip("there is no bash");
    }
    let scene = Scene::new();
    for options in FORKING {
        let pty = Pty::new();
        let mut shell = shell(&scene, &pty, ROOT, "");
        let options = options.join(" ");
        for (times, signal) in (1..).zip(["STOP", "TSTP", "TTIN", "TTOU"]) {
            pty.type_in(format!("unshare {options} sh -c 'kill -{signal} $$; exit 5'\n").as_bytes());
            pty.expect_times("Stopped", times);
            pty.type_in(b"fg >/dev/null; echo status $?.\n");
            pty.expect_times("status 5.", times);
        }
        pty.type_in(b"exit 3\n");
        assert_eq!(shell.wait(), Ending::Exited(3), "{options}");
    }
}

scene_test!(a_script_at_a_terminal_is_not_held_up_by_a_program_that_stops_itself);
fn a_script_at_a_terminal_is_not_held_up_by_a_program_that_stops_itself() {
    if !Path::new("/bin/bash").exists() {
        skip("there is no bash");
    }
    let scene = Scene::new();
    // The shell has made the script a job, not unshare: were that stopped alone, the terminal would wait for ever.
    let script = "unshare --fork sh -c '(sleep 0.3; kill -CONT $$) & kill -STOP $$; exit 5'; echo status $?.";
    let script = scene.program("script", &format!("#!/bin/sh\n{script}\n"));
    let pty = Pty::new();
    let mut shell = shell(&scene, &pty, ROOT, "");
    pty.type_in(format!("{script}\n").as_bytes());
    pty.expect("status 5.\n");
    pty.type_in(b"exit 3\n");
    assert_eq!(shell.wait(), Ending::Exited(3));
}

scene_test!(as_process_1_unshare_waits_for_orphans);
fn as_process_1_unshare_waits_for_orphans() {
    their_bug("orphans of a PID namespace stay as zombies");
    let scene = Scene::new();
    let file = scene.file("uts", "");
    let script = "sh -c 'sleep 0.1 & sleep 0.1 &'; sleep 0.4; \
                  for stat in /proc/[0-9]*/stat; do read -r line <$stat; echo \"${line##*) }\"; done";
    let own = ["-p", "-f", "-m", "--mount-proc"];
    for options in [&["--fork"][..], &["--fork", &format!("--uts={file}")]] {
        let call = scene.call(scene.path("bin/unshare"), own).args(["unshare"]).args(options);
        let states = call.args(["sh", "-c", script]).ok();
        assert!(states.lines().count() >= 2 && !states.contains('Z'), "{states}");
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

scene_test!(ctrl_c_reaches_the_program_once);
fn ctrl_c_reaches_the_program_once() {
    let scene = Scene::new();
    for options in [&[][..], &["--fork"], &["--fork", "--pid"], &["--kill-child"]] {
        interrupted(&scene, options);
    }
}

scene_test!(ctrl_c_reaches_the_program_once_while_signals_are_forwarded);
fn ctrl_c_reaches_the_program_once_while_signals_are_forwarded() {
    newer_than_theirs((2, 42), "--forward-signals");
    let scene = Scene::new();
    interrupted(&scene, &["--forward-signals"]);
}

scene_test!(ctrl_c_ends_unshare_as_it_ends_the_program);
fn ctrl_c_ends_unshare_as_it_ends_the_program() {
    let scene = Scene::new();
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

scene_test!(ctrl_z_gives_the_terminal_back_to_the_shell);
fn ctrl_z_gives_the_terminal_back_to_the_shell() {
    if !Path::new("/bin/bash").exists() {
        skip("there is no bash");
    }
    let scene = Scene::new();
    for options in ["", "--fork", "-r --fork"] {
        let input = other_input(&scene);
        let pty = Pty::new();
        let mut shell = shell(&scene, &pty, ALICE, "");
        pty.type_in(format!("unshare {options} probe hold <fifo\n").as_bytes());
        pty.expect("ready\n");
        pty.type_in(b"\x1a");
        pty.expect("Stopped");
        pty.type_in(b"echo the shell again\n");
        pty.expect("the shell again\n");
        pty.type_in(b"fg; echo status $?\n");
        drop(input);
        pty.expect("status 0\n");
        pty.type_in(b"exit 3\n");
        assert_eq!(shell.wait(), Ending::Exited(3), "{options}");
    }
}
