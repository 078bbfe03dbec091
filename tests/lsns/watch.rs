//! --watch: on a real terminal, and as lines.

use crate::common::{
    Call, Ending, Frozen, Process, Pty, ROOT, Scene, needs_root, on_purpose, poll_until, probe, shell, tool,
    wait_for_first_look,
};

/// Makes a UTS namespace, beside those that are there, as long as the process lives.
fn come(frozen: &Frozen) -> Process {
    let process =
        frozen.run_next("/bin:/usr/bin", ["unshare", "-u", "sh", "-c", "echo ready; exec cat"]).leashed().spawn();
    process.expect("ready");
    process
}

fn go(mut process: Process) {
    process.release();
    process.finish();
}

scene_test!(each_change_is_a_line);
fn each_change_is_a_line() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let frozen = Frozen::new("");
    let lsns = |args: &str| frozen.lsns(&format!("--watch=0.1 -t uts -o NS,TYPE {args}")).leashed().spawn();
    for args in ["", "-r", "-J"] {
        let mut watching = lsns(args);
        wait_for_first_look(|| watching.children());
        let other = come(&frozen);
        let appeared = if args == "-J" { "\"appeared\"" } else { "+ " };
        watching.expect(appeared);
        go(other);
        let vanished = if args == "-J" { "\"vanished\"" } else { "- " };
        watching.expect(vanished);
        let said = watching.stdout();
        assert_eq!(said.lines().count(), 2, "{args}: {said}");
        if args == "-J" {
            let lines: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!((&lines[0]["event"], &lines[1]["event"]), (&"appeared".into(), &"vanished".into()));
            assert_eq!((&lines[0]["ns"], &lines[0]["type"]), (&lines[1]["ns"], &"uts".into()));
            let time = |line: &serde_json::Value| line["time"].as_f64().unwrap();
            assert!(time(&lines[0]) > 1.7e9 && time(&lines[0]) <= time(&lines[1]));
        } else {
            let numbers: Vec<_> = said.lines().map(|line| line.split_whitespace().nth(1)).collect();
            assert!(numbers[0] == numbers[1] && said.contains(" uts\n"), "{said}");
        }
        let tool = watching.children()[0];
        // SAFETY: plain numbers.
        assert_eq!(unsafe { libc::kill(tool, libc::SIGINT) }, 0);
        assert_eq!(watching.wait(), Ending::Exited(0), "{args}");
    }
    frozen.end();
}

scene_test!(without_ids_a_namespace_is_told_by_its_first_holder);
/// Before Linux 6.18 no namespace has an id: as if there were none of the calls that tell it.
fn without_ids_a_namespace_is_told_by_its_first_holder() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let frozen = Frozen::new(
        "unshare -u /bin/sh -c 'sleep 1001 & exec sleep 1002' & FIRST=$!\n\
         until pgrep -xf 'sleep 1001' && pgrep -xf 'sleep 1002'; do sleep 0.01; done >/dev/null\n\
         UTS=$(inode /proc/$FIRST/ns/uts); tell FIRST UTS",
    );
    let has_ids = frozen.lsns("-rn -t uts -o NSID").ok().trim() != "";
    let (probe, lsns) = (probe().display().to_string(), tool("lsns").display().to_string());
    let words = |refused: &str| {
        let line = format!("{probe} refuse {refused} {lsns} --watch=0.1 -r -t uts -o NS");
        line.split(' ').map(str::to_string).collect::<Vec<_>>()
    };
    let ioctl = format!("{} {} 0", libc::SYS_ioctl, libc::ENOTTY);
    let without = words(&ioctl);
    let watching: Vec<Process> = vec![
        frozen.run_next("/bin:/usr/bin", without.iter().map(String::as_str)).leashed().spawn(),
        frozen.lsns("--watch=0.1 -r -t uts -o NS").leashed().spawn(),
    ];
    for one in &watching {
        wait_for_first_look(|| one.children());
    }
    frozen.run("/bin:/usr/bin", ["sh", "-c", &frozen.expand("kill $FIRST")]).ok();
    // Another process is the first one now.
    let expected = frozen.expand("- $UTS\n+ $UTS\n");
    poll_until("two lines", || watching[0].stdout().lines().count() >= 2);
    assert_eq!(watching[0].stdout(), expected);
    // What comes then is seen by both, and nothing was seen before where there are ids.
    let other = come(&frozen);
    let before = [&*expected, if has_ids { "" } else { &*expected }];
    for (one, before) in watching.iter().zip(before) {
        poll_until("what has come", || one.stdout().len() > before.len());
        let said = one.stdout();
        let new = said.strip_prefix(before).unwrap_or_else(|| panic!("{said}"));
        assert!(new.starts_with("+ ") && new.lines().count() == 1, "{said}");
    }
    go(other);
    drop(watching);
    frozen.end();
}

scene_test!(what_ends_during_a_look_is_no_other_namespace);
/// One namespace ends after the other, some of them after a look has seen the process and before it asks for the id.
fn what_ends_during_a_look_is_no_other_namespace() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let frozen = Frozen::new(
        "for at in $(seq 300); do unshare -u sleep 1000 & done\n\
         until [ $(pgrep -xc sleep) = 300 ]; do sleep 0.01; done",
    );
    let list = || frozen.lsns("-rn -t uts -o NS,NSID").ok();
    let before = list();
    let watching = frozen.lsns("--watch=0.1 -r -t uts -o NS,NSID").leashed().spawn();
    wait_for_first_look(|| watching.children());
    let end_all = "for pid in $(pgrep -x sleep); do kill $pid; sleep 0.01; done";
    frozen.run_next("/bin:/usr/bin", ["sh", "-c", end_all]).ok();
    poll_until("the end of all", || watching.stdout().lines().count() >= 300);
    let left = list();
    let gone = before.lines().filter(|line| *line != left.trim_end()).map(|line| format!("- {line}"));
    let mut gone: Vec<String> = gone.collect();
    let said = watching.stdout();
    let mut said: Vec<&str> = said.lines().collect();
    gone.sort();
    said.sort_unstable();
    // Nothing has come.
    assert_eq!(said, gone);
    drop(watching);
    frozen.end();
}

/// lsns on a terminal of that size, when it has drawn its list.
fn on(pty: &Pty, frozen: &Frozen, args: &str) -> Process {
    let call: Call = frozen.lsns(&format!("--watch=0.2 {args}"));
    let process = call.terminal(pty).spawn();
    pty.expect("TYPE");
    process
}

/// What has been written since the last frame began.
fn last_frame(pty: &Pty) -> String {
    let text = pty.text();
    text.rsplit("\x1b[H").next().unwrap().to_string()
}

scene_test!(a_terminal_shows_the_list_and_is_given_back);
fn a_terminal_shows_the_list_and_is_given_back() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let frozen = Frozen::new("");
    let pty = Pty::new();
    pty.resize(24, 80);
    let settings = || nix::sys::termios::tcgetattr(pty.slave()).unwrap();
    let before = settings();
    let mut watching = on(&pty, &frozen, "-t uts -o NS,TYPE");
    let first = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H          NS TYPE\x1b[K\r\n  40";
    assert!(pty.text().starts_with(first), "{:?}", pty.text());
    assert!(settings() != before);
    let other = come(&frozen);
    pty.expect("\n+ 40");
    // The mark is there for one look.
    poll_until("no mark", || !last_frame(&pty).contains("\n+ 40"));
    go(other);
    pty.expect("\n- 40");
    poll_until("no mark", || !last_frame(&pty).contains("\n- 40"));
    pty.type_in(b"q");
    assert_eq!(watching.wait(), Ending::Exited(0));
    assert!(pty.text().ends_with(LEFT), "{:?}", pty.text());
    assert!(settings() == before);
    frozen.end();
}

/// How a terminal is given back.
const LEFT: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

scene_test!(ctrl_c_ends_it_in_order);
fn ctrl_c_ends_it_in_order() {
    on_purpose("--watch");
    let scene = Scene::new();
    for (typed, ending) in [(&b"\x03"[..], Ending::Exited(0)), (b"", Ending::Killed(libc::SIGTERM))] {
        let pty = Pty::new();
        let settings = || nix::sys::termios::tcgetattr(pty.slave()).unwrap();
        let before = settings();
        let mut watching = scene.lsns(["--watch=60", "-t", "uts", "-o", "NS,TYPE"]).terminal(&pty).spawn();
        pty.expect("TYPE");
        match typed {
            b"" => watching.signal(libc::SIGTERM),
            typed => pty.type_in(typed),
        }
        assert_eq!(watching.wait(), ending);
        assert!(pty.text().ends_with(LEFT) && settings() == before, "{:?}", pty.text());
    }
}

scene_test!(whatever_signal_ends_it_the_terminal_is_given_back);
fn whatever_signal_ends_it_the_terminal_is_given_back() {
    on_purpose("--watch");
    let scene = Scene::new();
    let signals = [
        libc::SIGHUP,
        libc::SIGQUIT,
        libc::SIGABRT,
        libc::SIGUSR1,
        libc::SIGSEGV,
        libc::SIGUSR2,
        libc::SIGPIPE,
        libc::SIGALRM,
        libc::SIGTERM,
        libc::SIGXCPU,
        libc::SIGVTALRM,
        libc::SIGIO,
        libc::SIGPWR,
        libc::SIGSYS,
        34,
        64,
    ];
    for (signal, is_typed) in signals.map(|signal| (signal, false)).into_iter().chain([(libc::SIGQUIT, true)]) {
        let pty = Pty::new();
        let before = pty.settings();
        let mut watching = scene.lsns(["--watch=60", "-t", "uts", "-o", "NS,TYPE"]).terminal(&pty).spawn();
        pty.expect("TYPE");
        assert_ne!(pty.settings(), before);
        // What ends nothing by default does not end it either.
        watching.signal(libc::SIGCHLD);
        watching.signal(libc::SIGURG);
        if is_typed {
            pty.type_in(b"\x1c");
        } else {
            watching.signal(signal);
        }
        assert_eq!(watching.wait(), Ending::Killed(signal));
        assert!(pty.text().ends_with(LEFT) && pty.settings() == before, "{signal}: {:?}", pty.text());
    }
}

scene_test!(in_the_background_it_leaves_the_terminal_alone);
/// timeout(1) makes its child a background job, where there is no shell with job control.
fn in_the_background_it_leaves_the_terminal_alone() {
    on_purpose("--watch");
    let scene = Scene::new();
    for input in ["", "</dev/null"] {
        let pty = Pty::new();
        let before = pty.settings();
        let line = format!("timeout 0.5 lsns --watch=0.1 -t uts {input}; echo rc $?");
        let mut script = scene.call("/bin/sh", ["-c", &*line]).terminal(&pty).spawn();
        poll_until("the end", || script.has_ended());
        assert_eq!(script.wait(), Ending::Exited(0));
        assert_eq!((&*pty.text(), pty.settings()), ("rc 124\n", before), "{input}");
    }
}

/// The state of the first job, which is lsns.
fn job(shell: &Process) -> char {
    let stat = shell.children().first().and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stat.and_then(|stat| stat.rsplit(") ").next()?.chars().next()).unwrap_or('-')
}

/// Waits until the shell has seen that its job is stopped: it continues no other.
const SEE_STOP: &str = "while ! jobs -s | grep -q .; do sleep 0.01; done";

scene_test!(a_stopped_job_ends_by_the_signal_that_ends_others);
fn a_stopped_job_ends_by_the_signal_that_ends_others() {
    on_purpose("--watch");
    let scene = Scene::new();
    for (started, stopped) in [
        ("lsns --watch -t uts &\n", ""),
        ("lsns --watch -t uts </dev/null &\n", ""),
        ("lsns --watch -t uts\n", "\x1a"),
        ("lsns --watch -t uts\n", "STOP"),
        ("stty tostop; lsns --watch=0.1 -r -t uts & sleep 0.5; unshare -u true; unshare -u sleep 1\n", "write"),
    ] {
        let pty = Pty::new();
        let mut shell = shell(&scene, &pty, ROOT, "");
        pty.type_in(started.as_bytes());
        if matches!(stopped, "\x1a" | "STOP") {
            pty.expect("TYPE");
        }
        match stopped {
            "STOP" => shell.child().signal(libc::SIGSTOP),
            "\x1a" => pty.type_in(b"\x1a"),
            _ => {}
        }
        poll_until("the stop", || job(&shell) == 'T');
        // A shell at work may have settings of its own.
        pty.type_in(b"stty -echok; echo stopped\n");
        pty.expect("stopped\n");
        let settings = pty.settings();
        // A second stop in the background changes nothing.
        pty.type_in(format!("{SEE_STOP}; bg >/dev/null; {SEE_STOP}; kill %1\n").as_bytes());
        poll_until("the end", || matches!(job(&shell), 'Z' | '-'));
        // The shell may have missed the end, and learns of it with that of another program.
        pty.type_in(b"/bin/true\nexit 3\n");
        assert_eq!(shell.wait(), Ending::Exited(3), "{started}{stopped}");
        assert_eq!(pty.settings(), settings, "{started}{stopped}");
        let text = pty.text();
        assert_eq!(text.matches("\x1b[?1049h").count(), text.matches(LEFT).count(), "{text:?}");
    }
}

scene_test!(a_job_shows_its_screen_in_the_foreground_only);
fn a_job_shows_its_screen_in_the_foreground_only() {
    on_purpose("--watch");
    let scene = Scene::new();
    let pty = Pty::new();
    let before = pty.settings();
    let mut shell = shell(&scene, &pty, ROOT, "");
    let screens = || pty.text().matches("\x1b[?1049h").count();
    pty.type_in(b"lsns --watch=0.1 -t uts &\n");
    poll_until("the stop", || job(&shell) == 'T');
    assert_eq!(screens(), 0);
    for round in 1..=5 {
        pty.type_in(format!("{SEE_STOP}; fg >/dev/null; echo status $?.\n").as_bytes());
        poll_until("the screen", || screens() == round && pty.settings() != before);
        match round {
            5 => pty.type_in(b"q"),
            1 | 3 => pty.type_in(b"\x1a"),
            _ => {
                shell.child().signal(libc::SIGSTOP);
                poll_until("the shell", || pty.foreground() == shell.pid());
                // It takes back what it has left on the terminal, and stops for good.
                pty.type_in(format!("{SEE_STOP}; bg >/dev/null\n").as_bytes());
            }
        }
        if round < 5 {
            poll_until("the end of the screen", || pty.text().matches(LEFT).count() == round && job(&shell) == 'T');
            assert_eq!(pty.settings(), before);
        }
    }
    pty.expect("status 0.");
    pty.type_in(b"exit 3\n");
    assert_eq!(shell.wait(), Ending::Exited(3));
    assert_eq!(pty.settings(), before);
}

scene_test!(where_nobody_reads_a_signal_ends_it_at_once);
fn where_nobody_reads_a_signal_ends_it_at_once() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let frozen = Frozen::new("");
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let (read, write) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
        let room = nix::fcntl::fcntl(&write, nix::fcntl::FcntlArg::F_GETPIPE_SZ).unwrap();
        nix::unistd::write(&write, &vec![b'-'; usize::try_from(room).unwrap()]).unwrap();
        let mut watching = frozen.lsns("--watch=0.1 -t uts -o NS,TYPE").stdout(write).spawn();
        wait_for_first_look(|| watching.children());
        let other = come(&frozen);
        let tool = watching.children()[0];
        let in_write = format!("{} 0x1 ", libc::SYS_write);
        let call = || std::fs::read_to_string(format!("/proc/{tool}/syscall")).unwrap_or_default();
        poll_until("the write", || call().starts_with(&in_write));
        // SAFETY: plain numbers.
        assert_eq!(unsafe { libc::kill(tool, signal) }, 0);
        assert_eq!(watching.wait(), Ending::Killed(signal));
        drop(read);
        go(other);
    }
    frozen.end();
}

scene_test!(the_size_of_the_terminal_is_followed);
fn the_size_of_the_terminal_is_followed() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let frozen = Frozen::new("");
    let pty = Pty::new();
    pty.resize(24, 80);
    let mut watching = on(&pty, &frozen, "-o NS,TYPE,COMMAND");
    let lines = || {
        last_frame(&pty).split("\r\n").map(|line| line.replace("\x1b[K", "").replace("\x1b[0J", "")).collect::<Vec<_>>()
    };
    poll_until("a whole frame", || lines().len() >= 9);
    assert!(lines().iter().all(|line| line.len() <= 80));
    pty.resize(4, 30);
    poll_until("a smaller frame", || lines().len() == 4 && lines()[3].starts_with("  and "));
    assert!(lines().iter().all(|line| line.len() <= 30), "{:?}", lines());
    pty.resize(24, 80);
    poll_until("a larger frame", || lines().len() >= 9);
    pty.type_in(b"q");
    assert_eq!(watching.wait(), Ending::Exited(0));
    frozen.end();
}

scene_test!(what_stands_after_a_cell_of_several_lines_is_seen);
fn what_stands_after_a_cell_of_several_lines_is_seen() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let frozen = Frozen::new(
        "unshare -u sleep 1001 & settle uts $!; UTS=$(inode /proc/$!/ns/uts)\n\
         exec 7</proc/$!/ns/uts 8</proc/$!/ns/uts; tell UTS",
    );
    for (more, rows) in [("", 3), ("-W", 1)] {
        let pty = Pty::new();
        pty.resize(24, 60);
        let filter = frozen.expand("NS==$UTS");
        let args = format!("--watch=60 -t uts -o NS,HOLDERS,HOLDERS,TYPE {more} -Q {filter}");
        let mut watching = frozen.lsns(&args).terminal(&pty).spawn();
        pty.expect("\x1b[0J");
        let frame = last_frame(&pty);
        assert_eq!(frame.matches("\r\n").count(), rows, "{frame:?}");
        let column = frame.lines().nth(1).unwrap().find(" uts").unwrap();
        assert_eq!(column < 60, more.is_empty(), "{frame:?}");
        pty.type_in(b"q");
        assert_eq!(watching.wait(), Ending::Exited(0));
    }
    frozen.end();
}

scene_test!(what_the_caller_ignores_does_not_end_it);
fn what_the_caller_ignores_does_not_end_it() {
    on_purpose("--watch");
    let scene = Scene::new();
    for signal in [libc::SIGHUP, libc::SIGINT] {
        let call = scene.lsns(["--watch=60", "-t", "uts", "-o", "NS,TYPE"]).ignoring(signal);
        let mut watching = call.spawn();
        wait_for_first_look(|| vec![watching.pid()]);
        watching.signal(signal);
        watching.signal(libc::SIGTERM);
        assert_eq!(watching.wait(), Ending::Killed(libc::SIGTERM), "{signal}");
    }
}

scene_test!(where_nobody_reads_the_changes_it_ends);
fn where_nobody_reads_the_changes_it_ends() {
    on_purpose("--watch");
    needs_root("namespaces of others");
    let frozen = Frozen::new("");
    let (read, write) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
    let call = frozen.lsns("--watch=0.1 -t uts -o NS,TYPE").ignoring(libc::SIGPIPE).stdout(write);
    let mut watching = call.spawn();
    drop(read);
    wait_for_first_look(|| watching.children());
    let other = come(&frozen);
    assert_eq!(watching.wait(), Ending::Exited(1));
    assert_eq!(watching.stderr(), "lsns: write error: Broken pipe\n");
    go(other);
    frozen.end();
}

scene_test!(ctrl_z_does_not_stop_what_nobody_would_continue);
fn ctrl_z_does_not_stop_what_nobody_would_continue() {
    on_purpose("--watch");
    let scene = Scene::new();
    let pty = Pty::new();
    let mut watching = scene.lsns(["--watch=60", "-t", "uts", "-o", "NS,TYPE"]).terminal(&pty).spawn();
    pty.expect("TYPE");
    pty.type_in(b"\x1a");
    // It has left the screen, and taken it again.
    pty.expect_times("\x1b[?1049h", 2);
    pty.type_in(b"q");
    assert_eq!(watching.wait(), Ending::Exited(0));
}

scene_test!(what_cannot_be_watched_is_said);
fn what_cannot_be_watched_is_said() {
    on_purpose("--watch");
    let frozen = Frozen::new("");
    for (args, said) in [
        ("--watch=0", "failed to parse seconds: 0"),
        ("--watch=0.09", "failed to parse seconds: 0.09"),
        ("--watch=1.", "failed to parse seconds: 1."),
        ("--watch=.5", "failed to parse seconds: .5"),
        ("--watch=-1", "failed to parse seconds: -1"),
        ("--watch=1s", "failed to parse seconds: 1s"),
        ("--watch=99999999999", "failed to parse seconds: 99999999999"),
        ("--watch 4026531836", "--watch is mutually exclusive with <namespace>"),
        ("--watch --style=ascii", "options --watch and --style cannot be combined"),
    ] {
        let outcome = frozen.lsns(args).run();
        assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(1), ""), "{args}");
        assert_eq!(outcome.stderr.lines().next(), Some(&*format!("lsns: {said}")), "{args}");
    }
    frozen.end();
}
