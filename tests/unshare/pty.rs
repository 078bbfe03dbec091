//! --pty, of unshare and nsenter: the program has its own terminal, and our caller's is passed through and put back.

use crate::common::{
    ALICE, Call, Descendant, Ending, Process, Pty, ROOT, SHELL, Scene, User, on_purpose, other_input, poll_until, shell,
};

fn ours() {
    on_purpose("theirs has no --pty");
}

/// A way to give a program a terminal.
struct Way {
    tool: &'static str,
    options: &'static [&'static str],
    user: User,
    /// Whether the program is process 1, which no terminal stops.
    is_first: bool,
}

const fn way(tool: &'static str, options: &'static [&'static str], user: User) -> Way {
    Way { tool, options, user, is_first: false }
}

const WAYS: [Way; 6] = [
    way("nsenter", &["--pty"], ROOT),
    way("unshare", &["--pty"], ROOT),
    way("unshare", &["--init", "--pty", "--mount-proc"], ROOT),
    Way { is_first: true, ..way("unshare", &["--pid", "--pty", "--mount-proc"], ROOT) },
    way("unshare", &["-r", "--pty"], ALICE),
    way("unshare", &["-r", "--init", "--pty"], ALICE),
];

impl Way {
    fn call(&self, scene: &Scene, line: &[&str]) -> Call {
        let call = match self.tool {
            "nsenter" => scene.nsenter(self.options),
            _ => scene.unshare(self.options),
        };
        let call = call.args(line);
        if self.user == ALICE { call.user(ALICE) } else { call }
    }

    fn spawn(&self, scene: &Scene, pty: &Pty, line: &[&str]) -> Process {
        self.call(scene, line).terminal(pty).spawn()
    }

    fn line(&self, line: &str) -> String {
        format!("{} {} {line}", self.tool, self.options.join(" "))
    }
}

scene_test!(the_program_leads_with_a_terminal_that_has_a_name);
fn the_program_leads_with_a_terminal_that_has_a_name() {
    ours();
    let scene = Scene::new();
    let outer = Pty::new();
    for way in WAYS {
        let pty = Pty::new();
        let script = "tty; tty <&1; tty <&2; echo own >/dev/tty; echo $(stat -c %u $(tty)) end";
        let mut process = way.spawn(&scene, &pty, &["sh", "-c", script]);
        assert_eq!(process.wait(), Ending::Exited(0));
        pty.expect(" end");
        let text = pty.text();
        let lines: Vec<&str> = text.lines().collect();
        let [one, two, three, "own", owner] = lines[..] else { panic!("{:?}: {text}", way.options) };
        assert!(one.starts_with("/dev/pts/") && one == two && two == three, "{text}");
        assert_ne!(one, outer.name(), "{text}");
        // It belongs to who runs the program.
        assert_eq!(owner, "0 end", "{text}");
    }
    let pty = Pty::new();
    let script = "stat -c %u $(tty) $(readlink /proc/self/fd/0); id -u";
    let call = scene.unshare(["--pty", "-S1001", "-G1001", "sh", "-c", script]);
    assert_eq!(call.terminal(&pty).spawn().wait(), Ending::Exited(0));
    assert_eq!(pty.text(), "1001\n1001\n1001\n");
}

scene_test!(the_program_begins_with_the_callers_settings_and_size);
fn the_program_begins_with_the_callers_settings_and_size() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let pty = Pty::new();
        pty.resize(17, 93);
        let before = scene.call("/bin/stty", ["-a"]).terminal(&pty).spawn().wait();
        assert_eq!(before, Ending::Exited(0));
        let expected = pty.text();
        assert!(expected.contains("rows 17; columns 93"), "{expected}");
        assert_eq!(way.spawn(&scene, &pty, &["stty", "-a"]).wait(), Ending::Exited(0));
        assert_eq!(pty.text(), expected.repeat(2), "{:?}", way.options);
    }
}

scene_test!(the_size_follows);
fn the_size_follows() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let pty = Pty::new();
        pty.resize(20, 40);
        let mut process = way.spawn(&scene, &pty, &["probe", "size"]);
        pty.expect("size 20 40\n");
        for columns in [50, 60, 70] {
            pty.resize(30, columns);
            pty.expect(&format!("\nsize 30 {columns}\n"));
        }
        pty.type_in(b"\x04");
        assert_eq!(process.wait(), Ending::Exited(0), "{:?}", way.options);
    }
}

scene_test!(a_size_that_has_changed_while_we_stood_is_taken_over);
fn a_size_that_has_changed_while_we_stood_is_taken_over() {
    ours();
    let scene = Scene::new();
    let pty = Pty::new();
    pty.resize(20, 40);
    let mut shell = shell(&scene, &pty, ROOT, "");
    pty.type_in(b"nsenter --pty probe size\n");
    pty.expect("size 20 40\n");
    pty.wait_for_raw(true);
    pty.type_in(b"\x1a");
    pty.expect("Stopped");
    pty.resize(30, 60);
    pty.type_in(b"fg >/dev/null\n");
    pty.expect("size 30 60\n");
    pty.type_in(b"\x04");
    pty.wait_for_raw(false);
    pty.type_in(b"exit 3\n");
    assert_eq!(shell.wait(), Ending::Exited(3));
}

scene_test!(ctrl_c_reaches_the_program_once);
fn ctrl_c_reaches_the_program_once() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let pty = Pty::new();
        let mut process = way.spawn(&scene, &pty, &["probe", "catch", "2", "3"]);
        pty.expect("ready\n");
        for round in 1..=20 {
            pty.type_in(b"\x03");
            pty.expect_times("got 02\n", round);
        }
        pty.type_in(b"\x1c");
        pty.expect("got 03\n");
        pty.type_in(b"\x04");
        assert_eq!(process.wait(), Ending::Exited(0), "{:?}", way.options);
        assert_eq!(pty.text(), format!("ready\n{}got 03\n", "got 02\n".repeat(20)), "{:?}", way.options);
        if !way.is_first {
            let pty = Pty::new();
            let mut process = way.spawn(&scene, &pty, &["sh", "-c", "echo ready; read line"]);
            pty.expect("ready\n");
            pty.type_in(b"\x03");
            assert_eq!(process.wait(), Ending::Killed(libc::SIGINT), "{:?}", way.options);
        }
    }
}

scene_test!(ctrl_z_stops_the_job_and_fg_goes_on);
fn ctrl_z_stops_the_job_and_fg_goes_on() {
    ours();
    let scene = Scene::new();
    for way in WAYS.iter().filter(|way| !way.is_first) {
        let pty = Pty::new();
        let before = pty.settings();
        let mut shell = shell(&scene, &pty, way.user, "");
        // Two processes: the kernel stops the whole group, and the whole group must go on.
        pty.type_in(way.line("sh -c 'probe catch 18; echo over'; echo status $?.\n").as_bytes());
        pty.expect("ready\n");
        for round in 1..=10 {
            assert!(pty.is_raw());
            pty.type_in(b"\x1a");
            pty.expect_times("Stopped", round);
            poll_until("the terminal to be put back", || pty.settings() == before);
            pty.type_in(b"fg >/dev/null; echo status $?.\n");
            pty.expect_times("got 18\n", round);
            pty.wait_for_raw(true);
        }
        pty.type_in(b"\x04");
        pty.expect("over\nstatus 0.");
        assert_eq!(pty.text().matches("got 18\n").count(), 10, "{:?}", way.options);
        pty.type_in(b"exit 3\n");
        assert_eq!(shell.wait(), Ending::Exited(3), "{:?}", way.options);
        assert_eq!(pty.settings(), before);
    }
}

scene_test!(ctrl_z_without_a_shell_stops_nothing_for_good);
fn ctrl_z_without_a_shell_stops_nothing_for_good() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let pty = Pty::new();
        let mut process = way.spawn(&scene, &pty, &["probe", "catch", "2"]);
        pty.expect("ready\n");
        for _ in 0..5 {
            pty.type_in(b"\x1a");
        }
        // What is typed does arrive.
        pty.type_in(b"\x03");
        pty.expect("got 02\n");
        pty.type_in(b"\x04");
        assert_eq!(process.wait(), Ending::Exited(0), "{:?}", way.options);
    }
}

scene_test!(a_shell_inside_has_job_control);
fn a_shell_inside_has_job_control() {
    ours();
    let scene = Scene::new();
    let _input = other_input(&scene);
    for way in WAYS {
        let pty = Pty::new();
        let call = way.call(&scene, &SHELL).env("PS1", "").env("HISTFILE", "");
        let mut process = call.terminal(&pty).spawn();
        for round in 1..=3 {
            pty.type_in(b"probe catch 18 <fifo\n");
            pty.expect_times("ready\n", round);
            pty.type_in(b"\x1a");
            pty.expect_times("Stopped", round);
            assert_ne!(process.state(), 'T');
            pty.type_in(b"fg >/dev/null\n");
            pty.expect_times("got 18\n", round);
            pty.type_in(b"\x03");
            pty.type_in(b"echo status $?.\n");
            pty.expect_times("status 130.", round);
        }
        pty.type_in(b"exit 3\n");
        assert_eq!(process.wait(), Ending::Exited(3), "{:?}", way.options);
    }
}

scene_test!(nothing_is_pushed_into_the_callers_terminal);
fn nothing_is_pushed_into_the_callers_terminal() {
    ours();
    let scene = Scene::new();
    let text = "#!/bin/sh\nfor fd in 0 1 2; do probe push $fd \"touch $1\n\"; done\nprobe push 3 \"touch $1\n\" 3<>/dev/tty\necho end\n";
    let pusher = scene.program("pusher", text);
    let pushed = |line: &str| {
        let pty = Pty::new();
        let mut shell = shell(&scene, &pty, ROOT, "");
        pty.type_in(format!("{line} {pusher} pushed\n").as_bytes());
        pty.expect("end\n");
        assert_eq!(pty.text().matches("pushed\n").count() + pty.text().matches("refused").count(), 4, "{}", pty.text());
        pty.wait_for_raw(false);
        pty.type_in(b"\nexit 3\n");
        assert_eq!(shell.wait(), Ending::Exited(3), "{line}: {}", pty.text());
        let file = scene.path("pushed");
        file.exists() && std::fs::remove_file(file).is_ok()
    };
    // Without its own terminal, root's program types what it likes.
    assert!(pushed("unshare -u") && pushed("nsenter"));
    for line in ["unshare --pty", "unshare --pty --init", "unshare --pty --pid", "unshare --pty -r", "nsenter --pty"] {
        assert!(!pushed(line), "{line}");
    }
}

scene_test!(the_terminal_is_put_back_however_it_ends);
fn the_terminal_is_put_back_however_it_ends() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let ends =
            [libc::SIGTERM, libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGUSR1, libc::SIGALRM, libc::SIGXCPU];
        for signal in ends {
            let pty = Pty::new();
            let before = pty.settings();
            let mut process = way.spawn(&scene, &pty, &["probe", "hold"]);
            pty.expect("ready\n");
            pty.wait_for_raw(true);
            process.signal(signal);
            assert_eq!(process.wait(), Ending::Killed(signal), "{:?}", way.options);
            assert_eq!(pty.settings(), before, "{:?} {signal}", way.options);
        }
        for (line, ending) in [
            (&["probe", "exit", "0"][..], Ending::Exited(0)),
            (&["probe", "exit", "255"], Ending::Exited(255)),
            (&["sh", "-c", "kill -9 $$; exit 6"], if way.is_first { Ending::Exited(6) } else { Ending::Killed(9) }),
            (&["sh", "-c", "stty raw -echo; exit 1"], Ending::Exited(1)),
            (&["no-such-program"], Ending::Exited(127)),
            (&["/etc/passwd"], Ending::Exited(126)),
        ] {
            let pty = Pty::new();
            let before = pty.settings();
            assert_eq!(way.spawn(&scene, &pty, line).wait(), ending, "{:?} {line:?}", way.options);
            assert_eq!(pty.settings(), before, "{:?} {line:?}", way.options);
        }
    }
}

scene_test!(a_failure_is_told_where_the_caller_reads_it);
fn a_failure_is_told_where_the_caller_reads_it() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let outcome = way.call(&scene, &["no-such-program"]).run();
        let line = format!("{}: failed to execute no-such-program: No such file or directory", way.tool);
        outcome.says(127, &line);
        let pty = Pty::new();
        assert_eq!(way.spawn(&scene, &pty, &["no-such-program"]).wait(), Ending::Exited(127));
        assert!(pty.text().starts_with(&format!("{line}\n")), "{}", pty.text());
    }
}

scene_test!(a_stopped_tool_gives_the_terminal_back);
fn a_stopped_tool_gives_the_terminal_back() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let pty = Pty::new();
        let before = pty.settings();
        let mut shell = shell(&scene, &pty, way.user, "");
        pty.type_in(way.line("sh -c 'echo ready; read line; echo got $line'; echo status $?.\n").as_bytes());
        pty.expect("ready\n");
        pty.wait_for_raw(true);
        // From another process, not from the terminal.
        shell.child().signal(libc::SIGTSTP);
        pty.expect("Stopped");
        assert_eq!(pty.settings(), before);
        pty.type_in(b"fg >/dev/null; echo status $?.\n");
        pty.wait_for_raw(true);
        pty.type_in(b"word\n");
        pty.expect("got word\nstatus 0.");
        assert_eq!(pty.settings(), before);
        pty.type_in(b"exit 3\n");
        assert_eq!(shell.wait(), Ending::Exited(3), "{:?}", way.options);
    }
}

scene_test!(in_the_background_the_terminal_is_the_shells);
fn in_the_background_the_terminal_is_the_shells() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let pty = Pty::new();
        let before = pty.settings();
        let mut shell = shell(&scene, &pty, way.user, "");
        pty.type_in(way.line("sh -c 'echo ready; read line; echo got $line' &\n").as_bytes());
        pty.type_in(b"while ! jobs | grep Stopped; do sleep 0.01; done\n");
        pty.expect("Stopped");
        assert_eq!(pty.settings(), before);
        assert!(!pty.text().contains("ready\n"), "{}", pty.text());
        pty.type_in(b"fg >/dev/null; echo status $?.\n");
        pty.expect("ready\n");
        pty.type_in(b"word\n");
        pty.expect("got word\nstatus 0.");
        pty.type_in(b"exit 3\n");
        assert_eq!(shell.wait(), Ending::Exited(3), "{:?}", way.options);
    }
}

scene_test!(a_stopped_job_ends_by_the_signal_that_ends_others);
fn a_stopped_job_ends_by_the_signal_that_ends_others() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        for is_begun in [false, true] {
            if is_begun && way.is_first {
                continue;
            }
            let pty = Pty::new();
            let before = pty.settings();
            let mut shell = shell(&scene, &pty, way.user, "");
            let end = if is_begun { "\n" } else { " &\n" };
            pty.type_in(way.line(&format!("sh -c 'echo ready; read line'{end}")).as_bytes());
            if is_begun {
                pty.expect("ready\n");
                pty.wait_for_raw(true);
                pty.type_in(b"\x1a");
            }
            poll_until("the stop", || !shell.children().is_empty());
            let job = Descendant::of(shell.children()[0]).unwrap();
            poll_until("the stop", || job.state() == 'T');
            for round in 1..=3 {
                pty.type_in(b"bg >/dev/null; while ! jobs -s | grep -q .; do sleep 0.01; done; echo again\n");
                pty.expect_times("again\n", round);
                assert_eq!(job.state(), 'T', "{:?}", way.options);
            }
            pty.type_in(b"kill %1\n");
            job.wait();
            assert_eq!(pty.text().contains("ready\n"), is_begun, "{:?}", way.options);
            assert_eq!(pty.settings(), before);
            // The shell may have missed the end, and learns of it with that of another program.
            pty.type_in(b"/bin/true\nexit 3\n");
            assert_eq!(shell.wait(), Ending::Exited(3), "{:?}", way.options);
        }
    }
}

scene_test!(a_job_that_lives_on_in_the_background_is_given_the_terminal_later);
fn a_job_that_lives_on_in_the_background_is_given_the_terminal_later() {
    ours();
    let scene = Scene::new();
    for way in WAYS.iter().filter(|way| way.options.contains(&"--init")) {
        let pty = Pty::new();
        let mut shell = shell(&scene, &pty, way.user, "");
        pty.type_in(way.line("probe catch 15; echo status $?.\n").as_bytes());
        pty.expect("ready\n");
        pty.wait_for_raw(true);
        pty.type_in(b"\x1a");
        pty.expect("Stopped");
        // It is passed on.
        pty.type_in(b"kill %1\n");
        pty.expect("got 15\n");
        pty.type_in(b"fg >/dev/null; echo status $?.\n");
        pty.wait_for_raw(true);
        pty.type_in(b"\x04");
        pty.expect("status 0.");
        pty.type_in(b"exit 3\n");
        assert_eq!(shell.wait(), Ending::Exited(3), "{:?}", way.options);
    }
}

scene_test!(when_we_die_the_program_is_told_that_its_terminal_is_gone);
fn when_we_die_the_program_is_told_that_its_terminal_is_gone() {
    ours();
    let scene = Scene::new();
    for way in WAYS.iter().filter(|way| !way.is_first) {
        let pty = Pty::new();
        let file = scene.text("told");
        let script = format!("trap 'echo told >{file}; exit' HUP; echo ready; while :; do sleep 0.01; done");
        let mut process = way.spawn(&scene, &pty, &["sh", "-c", &script]);
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
        pty.expect("ready\n");
        process.signal(libc::SIGKILL);
        process.wait();
        poll_until("the program to be told", || std::fs::read_to_string(&file).unwrap() == "told\n");
    }
}

scene_test!(kill_child_ends_the_program_too);
fn kill_child_ends_the_program_too() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        for (option, signal) in [("--kill-child", "KILL"), ("--kill-child=TERM", "TERM")] {
            if way.is_first && signal == "TERM" {
                continue;
            }
            let pty = Pty::new();
            let options = [way.options, &[option]].concat();
            let call = match way.tool {
                "nsenter" => scene.nsenter(options),
                _ => scene.unshare(options),
            };
            let line = ["sh", "-c", "trap '' HUP; echo ready $$; while :; do sleep 0.01; done"];
            let call = if way.user == ALICE { call.user(ALICE) } else { call };
            let mut process = call.args(line).terminal(&pty).spawn();
            pty.expect("ready ");
            let leader = process.child();
            let below: Vec<Descendant> = leader.children().into_iter().filter_map(Descendant::of).collect();
            // Where it is not the program itself, it has it as its child.
            assert!(way.is_first || below.len() == 1, "{:?}", way.options);
            process.signal(libc::SIGKILL);
            process.wait();
            leader.wait();
            below.iter().for_each(Descendant::wait);
        }
    }
}

scene_test!(signals_are_passed_on_to_the_program);
fn signals_are_passed_on_to_the_program() {
    ours();
    let scene = Scene::new();
    for (tool, options, all) in [
        ("nsenter", &["--pty", "--forward-signals=all"][..], true),
        ("unshare", &["--pty", "--forward-signals=all"], true),
        ("unshare", &["--pty", "--init"], true),
        ("unshare", &["--pty", "--pid", "--forward-signals=all"], true),
        ("nsenter", &["--pty", "--forward-signals"], false),
    ] {
        let pty = Pty::new();
        let call = if tool == "nsenter" { scene.nsenter(options) } else { scene.unshare(options) };
        let mut process = call.args(["probe", "catch", "1", "2", "10", "15", "28", "20"]).terminal(&pty).spawn();
        pty.expect("ready\n");
        let signals: &[i32] = if all { &[1, 2, 10, 15, 28, 20] } else { &[2, 15] };
        let mut expected = "ready\n".to_string();
        for signal in signals {
            process.signal(*signal);
            expected.push_str(&format!("got {signal:02}\n"));
            pty.expect(&expected);
        }
        pty.type_in(b"\x04");
        assert_eq!(process.wait(), Ending::Exited(0));
        assert_eq!(pty.text(), expected, "{tool} {options:?}");
    }
}

scene_test!(an_early_signal_is_not_lost);
fn an_early_signal_is_not_lost() {
    ours();
    let scene = Scene::new();
    for options in [&["--pty", "--init"][..], &["--pty", "--forward-signals"], &["--pty"]] {
        for delay in 0..30 {
            let pty = Pty::new();
            let mut process = scene.unshare(options).args(["sleep", "1000"]).terminal(&pty).spawn();
            std::thread::sleep(std::time::Duration::from_micros(delay * 300));
            process.signal(libc::SIGTERM);
            assert_eq!(process.wait(), Ending::Killed(libc::SIGTERM), "{options:?} {delay}");
            assert!(!pty.is_raw());
        }
    }
}

scene_test!(the_program_gets_no_file_of_ours);
fn the_program_gets_no_file_of_ours() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let outcome = |call: Call| {
            let pty = Pty::new();
            assert_eq!(call.terminal(&pty).spawn().wait(), Ending::Exited(0));
            let text = pty.text();
            let lines = text.lines().filter(|line| {
                ["fd ", "blocked ", "pending ", "ignored ", "caught "].iter().any(|what| line.starts_with(what))
            });
            // Whether it was opened for large files, which a terminal is not, depends on the call.
            lines.map(|line| line.replace("status 100002", "status 2")).collect::<Vec<_>>()
        };
        let plain =
            outcome(scene.call(scene.path("bin/probe"), ["seen"]).ignoring(libc::SIGUSR1).blocking(libc::SIGUSR2));
        let call = way.call(&scene, &["probe", "seen"]).ignoring(libc::SIGUSR1).blocking(libc::SIGUSR2);
        assert_eq!(outcome(call), plain, "{:?}", way.options);
    }
}

scene_test!(it_goes_together_with_a_new_root_and_its_own_devpts);
fn it_goes_together_with_a_new_root_and_its_own_devpts() {
    ours();
    let scene = Scene::new();
    for (options, user) in [
        (&["--pid"][..], ROOT),
        (&["--init", "--kill-child"], ROOT),
        (&["-r", "--init", "--cap-drop=all", "--no-new-privs", "--kill-child"], ALICE),
    ] {
        let pty = Pty::new();
        let line = ["--pty", "--pivot-root=/", "--mount-proc", "--mount-dev", "--tmpfs=/tmp", "sh", "-c"];
        let script = "tty; ls -1 /dev/pts; stat -c %t:%T /dev/pts/0; readlink /proc/self/fd/1";
        let call = scene.unshare(options).args(line).args([script]);
        let call = if user == ALICE { call.user(ALICE) } else { call };
        let mut process = call.terminal(&pty).spawn();
        assert_eq!(process.wait(), Ending::Exited(0), "{}", pty.text());
        assert_eq!(pty.text(), "/dev/pts/0\n0\nptmx\n88:0\n/dev/pts/0\n", "{options:?}");
    }
}

scene_test!(the_caller_may_have_closed_its_descriptors);
fn the_caller_may_have_closed_its_descriptors() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        for closed in [&[0][..], &[1], &[2], &[0, 1, 2]] {
            let call = closed
                .iter()
                .fold(way.call(&scene, &["sh", "-c", "tty >&2; tty <&1 >&2; cat; echo told; exit 5"]), |call, fd| {
                    call.closed(*fd)
                });
            let call = if closed.contains(&0) { call } else { call.stdin(std::fs::File::open("/dev/null").unwrap()) };
            let outcome = call.run();
            assert_eq!((outcome.ending, &*outcome.stderr), (Ending::Exited(5), ""), "{:?} {closed:?}", way.options);
            assert_eq!(outcome.stdout.ends_with("told\r\n"), !closed.contains(&1), "{outcome:?}");
        }
    }
}
