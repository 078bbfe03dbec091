//! The program as a job: how it ends, stops and goes on, and what the terminal sends.

use std::fs::File;

use crate::common::{Ending, Pty, ROOT, SHELL, Scene, on_purpose, other_input, poll_until, shell, their_bug};
use crate::{Target, scene};

/// A PID namespace, so that the program runs as a child, with its own /proc.
fn in_pid_namespace(scene: &Scene) -> Target {
    Target::new(scene, ROOT, &["-m", "-p", "-f", "--mount-proc"])
}

scene_test!(the_status_is_the_programs);
fn the_status_is_the_programs() {
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let id = target.id();
    for options in [&["-t", &id, "-m"][..], &["-t", &id, "-m", "-p"], &["-t", &id, "-m", "-p", "-F"]] {
        let run = |words: &[&str]| scene.nsenter(options).args(words).core_limit(0).run();
        for (words, ending) in [
            (&["probe", "exit", "0"][..], Ending::Exited(0)),
            (&["probe", "exit", "77"], Ending::Exited(77)),
            (&["probe", "exit", "255"], Ending::Exited(255)),
            (&["probe", "die", "9"], Ending::Killed(9)),
            (&["probe", "die", "15"], Ending::Killed(15)),
            (&["probe", "die", "6"], Ending::Killed(6)),
        ] {
            // The first process of the namespace for our children is the target's.
            assert_eq!(run(words).ending, ending, "{options:?} {words:?}");
        }
        run(&["no-such-program"]).says(127, "nsenter: failed to execute no-such-program: No such file or directory");
        run(&["/etc/passwd"]).says(126, "nsenter: failed to execute /etc/passwd: Permission denied");
        run(&["/etc"]).says(126, "nsenter: failed to execute /etc: Permission denied");
    }
}

scene_test!(an_executable_without_an_interpreter_is_run_by_the_shell);
fn an_executable_without_an_interpreter_is_run_by_the_shell() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    let script = scene.program("script", "echo \"$1\"\n");
    assert_eq!(scene.nsenter([script.as_str(), "x"]).ok(), "x\n");
}

scene_test!(without_a_program_the_login_shell_is_run);
fn without_a_program_the_login_shell_is_run() {
    let scene = scene();
    let shell = scene.program("shell", "#!/bin/sh\necho shell \"$#\"\n");
    let target = in_pid_namespace(&scene);
    for options in [&["-t", &target.id(), "-n"][..], &["-t", &target.id(), "-p"]] {
        assert_eq!(scene.nsenter(options).env("SHELL", &shell).ok(), "shell 0\n");
    }
}

scene_test!(a_child_that_stops_does_not_stop_nsenter_where_no_shell_would_continue_it);
fn a_child_that_stops_does_not_stop_nsenter_where_no_shell_would_continue_it() {
    their_bug("it stops with its child, and stays stopped");
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let id = target.id();
    let script = "read -r self rest </proc/self/stat; (sleep 0.3; kill -CONT $self) & kill -STOP $self; exit 5";
    let call = scene.nsenter(["-t", &id, "-p", "-m", "sh", "-c", script]);
    assert_eq!(call.run().ending, Ending::Exited(5));
    let mut process = scene.nsenter(["-t", &id, "-p", "probe", "hold"]).leashed().spawn();
    process.expect("ready");
    let child = process.child();
    for stop in [libc::SIGSTOP, libc::SIGTSTP, libc::SIGSTOP] {
        child.signal(stop);
        poll_until("the child to stop", || child.state() == 'T');
        assert_ne!(process.state(), 'T');
        child.signal(libc::SIGCONT);
        poll_until("the child to go on", || child.state() == 'S');
    }
    child.signal(libc::SIGSTOP);
    poll_until("the child to stop", || child.state() == 'T');
    child.signal(libc::SIGKILL);
    assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL));
}

scene_test!(who_continues_nsenter_continues_its_child);
fn who_continues_nsenter_continues_its_child() {
    their_bug("it stops with its child, and tells of no end");
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let mut process = scene.nsenter(["-t", &target.id(), "-p", "probe", "hold"]).leashed().spawn();
    process.expect("ready");
    let child = process.child();
    for _ in 0..3 {
        child.signal(libc::SIGSTOP);
        poll_until("the child to stop", || child.state() == 'T');
        process.signal(libc::SIGCONT);
        poll_until("the child to go on", || child.state() == 'S');
    }
    process.release();
    assert_eq!(process.wait(), Ending::Exited(0));
}

scene_test!(a_stopped_child_stops_the_job_of_a_shell);
fn a_stopped_child_stops_the_job_of_a_shell() {
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let pty = Pty::new();
    let mut shell = shell(&scene, &pty, ROOT, PROMPT);
    pty.expect(PROMPT);
    let own = pty.foreground();
    for times in 1..=3 {
        pty.type_in(format!("{} -t {} -p probe stop\n", scene.text("bin/nsenter"), target.id()).as_bytes());
        pty.expect_times("Stopped", times);
        poll_until("the shell in the foreground", || pty.foreground() == own);
        pty.type_in(b"fg >/dev/null; echo status $?.\n");
        pty.expect_times("status 7.", times);
    }
    pty.type_in(b"exit 3\n");
    assert_eq!(shell.wait(), Ending::Exited(3));
}

scene_test!(a_job_that_is_continued_at_once_does_not_stay_stopped);
fn a_job_that_is_continued_at_once_does_not_stay_stopped() {
    their_bug("it stops for what is over, and stays stopped");
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let id = target.id();
    let nsenter = scene.nsenter(["-t", &id, "-p", "probe", "hold"]);
    let unshare = scene.call(scene.path("our-unshare"), ["-f", "probe", "hold"]);
    for call in [nsenter, unshare] {
        let mut process = call.leashed().spawn();
        process.expect("ready");
        let child = process.child();
        for round in 0..300 {
            for signal in [libc::SIGTSTP, libc::SIGCONT] {
                // SAFETY: plain numbers; the process leads its group, and is not reaped.
                assert_eq!(unsafe { libc::kill(-process.pid(), signal) }, 0);
            }
            let runs = || process.state() == 'S' && child.state() == 'S';
            poll_until(&format!("both to run, round {round}"), runs);
        }
        process.release();
        assert_eq!(process.wait(), Ending::Exited(0));
    }
}

scene_test!(a_signal_to_the_child_is_nsenters_own_end);
fn a_signal_to_the_child_is_nsenters_own_end() {
    let scene = scene();
    let target = in_pid_namespace(&scene);
    for signal in [libc::SIGTERM, libc::SIGKILL, libc::SIGINT] {
        let call = scene.nsenter(["-t", &target.id(), "-p", "probe", "hold"]);
        let mut process = call.leashed().spawn();
        process.expect("ready");
        process.child().signal(signal);
        assert_eq!(process.wait(), Ending::Killed(signal));
    }
}

scene_test!(ctrl_c_reaches_the_child_once_and_nsenter_waits_for_it);
fn ctrl_c_reaches_the_child_once_and_nsenter_waits_for_it() {
    their_bug("it dies of Ctrl-C and Ctrl-\\ while its child goes on");
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let pty = Pty::new();
    let call = scene.nsenter(["-t", &target.id(), "-p", "probe", "catch", "2", "3"]);
    let mut process = call.terminal(&pty).spawn();
    pty.expect("ready");
    pty.type_in(b"\x03");
    pty.expect("got 02");
    pty.type_in(b"\x1c");
    pty.expect("got 03");
    // Behind both: whatever else was on its way has come by now.
    pty.type_in(b"\x04");
    assert_eq!(process.wait(), Ending::Exited(0));
    assert_eq!(pty.text(), "ready\ngot 02\ngot 03\n");
}

scene_test!(ctrl_c_ends_both_where_the_child_does_not_catch_it);
fn ctrl_c_ends_both_where_the_child_does_not_catch_it() {
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let pty = Pty::new();
    let call = scene.nsenter(["-t", &target.id(), "-p", "probe", "hold"]);
    let mut process = call.terminal(&pty).spawn();
    pty.expect("ready");
    pty.type_in(b"\x03");
    assert_eq!(process.wait(), Ending::Killed(libc::SIGINT));
}

/// What a shell shows when it is ready for a line.
const PROMPT: &str = "-now-";

/// Ctrl-C reaches the `probe catch 2` in the foreground, which then ends with its input, and the shell is back.
fn end_the_catching_job(pty: &Pty, input: File) {
    pty.type_in(b"\x03");
    pty.expect("got 02");
    drop(input);
    poll_until("the prompt", || pty.text().trim_end().ends_with(PROMPT));
}

scene_test!(ctrl_z_stops_the_job_and_fg_goes_on_with_it);
fn ctrl_z_stops_the_job_and_fg_goes_on_with_it() {
    their_bug("it stops again at the first fg");
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let input = other_input(&scene);
    let pty = Pty::new();
    let mut shell = shell(&scene, &pty, ROOT, PROMPT);
    pty.expect(PROMPT);
    let own = pty.foreground();
    let line = format!("{} -t {} -p probe catch 2 <fifo\n", scene.text("bin/nsenter"), target.id());
    pty.type_in(line.as_bytes());
    pty.expect("ready");
    for round in 1..=20 {
        let times = |text: &str| pty.text().matches(text).count();
        pty.type_in(b"\x1a");
        poll_until("the shell to see it stopped", || times("Stopped") == round);
        poll_until("the shell in the foreground", || pty.foreground() == own);
        pty.type_in(b"fg\n");
        poll_until("the job in the foreground", || pty.foreground() != own);
    }
    end_the_catching_job(&pty, input);
    pty.type_in(b"exit $?\n");
    assert_eq!(shell.wait(), Ending::Exited(0));
}

scene_test!(a_shell_in_the_pid_namespace_has_job_control);
fn a_shell_in_the_pid_namespace_has_job_control() {
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let input = other_input(&scene);
    let pty = Pty::new();
    let call = scene.nsenter(["-t", &target.id(), "-m", "-p"]).args(SHELL);
    let mut process = call.env("PS1", PROMPT).env("HISTFILE", "").terminal(&pty).spawn();
    pty.expect(PROMPT);
    assert!(!pty.text().contains("job control"), "{}", pty.text());
    let own = pty.foreground();
    pty.type_in(format!("probe catch 2 <{}\n", scene.text("fifo")).as_bytes());
    pty.expect("ready");
    pty.type_in(b"\x1a");
    pty.expect("Stopped");
    pty.type_in(b"echo jobs: $(jobs | wc -l)\n");
    pty.expect("jobs: 1");
    pty.type_in(b"fg\n");
    poll_until("the job in the foreground", || pty.foreground() != own);
    end_the_catching_job(&pty, input);
    pty.type_in(b"exit 5\n");
    assert_eq!(process.wait(), Ending::Exited(5));
}

scene_test!(a_stop_of_nsenter_alone_is_its_own_and_what_the_caller_blocks_does_not_reach_it);
fn a_stop_of_nsenter_alone_is_its_own_and_what_the_caller_blocks_does_not_reach_it() {
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let id = target.id();
    let call = || scene.nsenter(["-t", &id, "-p", "probe", "hold"]).leashed();
    for signal in [libc::SIGTSTP, libc::SIGTTIN, libc::SIGSTOP] {
        let mut process = call().spawn();
        process.expect("ready");
        process.signal(signal);
        assert_eq!(process.wait_for_stop(), signal);
        process.signal(libc::SIGCONT);
        process.release();
        assert_eq!(process.wait(), Ending::Exited(0));
    }
    for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP] {
        for call in [call().blocking(signal), call().ignoring(signal)] {
            let mut process = call.spawn();
            process.expect("ready");
            process.signal(signal);
            process.release();
            assert_eq!(process.wait(), Ending::Exited(0), "{signal}");
        }
    }
}

scene_test!(signals_are_to_the_program_as_the_caller_had_them);
fn signals_are_to_the_program_as_the_caller_had_them() {
    let scene = scene();
    let target = in_pid_namespace(&scene);
    for options in [&["-t", &target.id(), "-n"][..], &["-t", &target.id(), "-p"]] {
        let call = scene.nsenter(options).args(["probe", "seen"]);
        let call = call.ignoring(libc::SIGPIPE).ignoring(libc::SIGINT).blocking(libc::SIGUSR1);
        let seen = call.seen();
        assert_eq!(seen.all("ignored"), ["2", "13"], "{options:?}");
        assert_eq!(seen.all("blocked"), ["10"], "{options:?}");
        assert_eq!(seen.one("dumpable"), "1");
        assert_eq!(seen.one("death-signal"), "0");
    }
}

scene_test!(kill_child_ends_the_program_when_nsenter_dies);
fn kill_child_ends_the_program_when_nsenter_dies() {
    crate::common::needs_root("setgroups(2)");
    on_purpose("theirs has no --kill-child");
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let id = target.id();
    for options in [
        &["-t", &id, "-p", "--kill-child"][..],
        &["-t", &id, "-u", "--kill-child"],
        &["-t", &id, "-p", "-S1001", "-G1001", "--kill-child=KILL"],
    ] {
        let call = scene.nsenter(options).args(["probe", "catch", "15"]);
        let mut process = call.leashed().spawn();
        process.expect("ready\n");
        let child = process.child();
        process.signal(libc::SIGKILL);
        assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL));
        child.wait();
        assert_eq!(process.stdout(), "ready\n", "{options:?}");
    }
    let mut process = scene.nsenter(["-t", &id, "-p", "--kill-child=TERM", "probe", "catch", "15"]).leashed().spawn();
    process.expect("ready\n");
    let child = process.child();
    process.signal(libc::SIGTERM);
    assert_eq!(process.wait(), Ending::Killed(libc::SIGTERM));
    poll_until("the signal", || process.stdout() == "ready\ngot 15\n");
    process.release();
    child.wait();
}

scene_test!(forward_signals_passes_signals_on_to_the_program);
fn forward_signals_passes_signals_on_to_the_program() {
    on_purpose("theirs has no --forward-signals");
    let scene = scene();
    let target = in_pid_namespace(&scene);
    let id = target.id();
    for options in [&["-t", &id, "-p"][..], &["-t", &id, "-u"]] {
        let line = options.iter().copied().chain(["--forward-signals=HUP,TERM", "probe", "catch", "1", "15"]);
        let mut process = scene.nsenter(line).leashed().spawn();
        process.expect("ready\n");
        process.signal(libc::SIGHUP);
        process.expect("got 01\n");
        process.signal(libc::SIGTERM);
        process.expect("got 15\n");
        // Of others it dies, as without the option, and the program lives.
        let child = process.child();
        process.signal(libc::SIGINT);
        assert_eq!(process.wait(), Ending::Killed(libc::SIGINT));
        assert!(!child.has_ended(), "{options:?}");
        process.release();
        child.wait();
    }
}

scene_test!(what_is_about_a_child_makes_no_sense_without_one);
fn what_is_about_a_child_makes_no_sense_without_one() {
    on_purpose("theirs has neither --kill-child nor --forward-signals");
    let scene = scene();
    for option in ["--kill-child", "--forward-signals"] {
        for line in [["-F", option], [option, "--no-fork"]] {
            let outcome = scene.nsenter(line).args(["echo", "ran"]).run();
            outcome.says(1, &format!("nsenter: mutually exclusive arguments: --no-fork {option}"));
        }
    }
    let outcome = scene.nsenter(["--kill-child=NONE", "echo", "ran"]).run();
    outcome.says(1, "nsenter: unknown signal: NONE");
}
