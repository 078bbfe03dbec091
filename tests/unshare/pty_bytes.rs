//! --pty: what passes between our caller and the program's terminal, byte by byte, and its end.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::common::{Call, Descendant, Ending, Pty, Scene, on_purpose, other_input, poll_until};

fn ours() {
    on_purpose("theirs has no --pty");
}

/// The options, to begin with the tool.
const WAYS: [&[&str]; 3] = [&["nsenter", "--pty"], &["unshare", "--pty", "--init"], &["unshare", "--pty", "--pid"]];

fn call(scene: &Scene, way: &[&str], line: &[&str]) -> Call {
    let call = if way[0] == "nsenter" { scene.nsenter(&way[1..]) } else { scene.unshare(&way[1..]) };
    call.args(line)
}

/// What `probe bytes` writes.
fn pattern(count: usize) -> Vec<u8> {
    (0..count as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn pipe() -> (File, OwnedFd) {
    let (read, write) = std::io::pipe().unwrap();
    (OwnedFd::from(read).into(), write.into())
}

fn empty() -> File {
    File::open("/dev/null").unwrap()
}

const MUCH: usize = 10 << 20;

scene_test!(no_byte_of_a_large_output_is_lost);
fn no_byte_of_a_large_output_is_lost() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let (mut read, write) = pipe();
        let line = ["probe", "bytes", &MUCH.to_string()];
        let mut process = call(&scene, way, &line).stdin(empty()).stdout(write).spawn();
        let mut bytes = Vec::new();
        read.read_to_end(&mut bytes).unwrap();
        assert_eq!(process.wait(), Ending::Exited(0), "{}", process.stderr());
        assert!(bytes == pattern(MUCH), "{way:?}: {} bytes", bytes.len());
    }
    // To a file, and to a socket.
    let file = scene.path("file");
    let line = ["probe", "bytes", "1000000"];
    let mut process = call(&scene, WAYS[0], &line).stdin(empty()).stdout(File::create(&file).unwrap()).spawn();
    assert_eq!(process.wait(), Ending::Exited(0));
    assert!(std::fs::read(&file).unwrap() == pattern(1_000_000));
    let (mut near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut process = call(&scene, WAYS[0], &line).stdin(empty()).stdout(OwnedFd::from(far)).spawn();
    let mut bytes = Vec::new();
    near.read_to_end(&mut bytes).unwrap();
    assert_eq!(process.wait(), Ending::Exited(0));
    assert!(bytes == pattern(1_000_000));
}

scene_test!(no_byte_is_lost_in_both_directions_at_once);
fn no_byte_is_lost_in_both_directions_at_once() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let (input, to_program) = pipe();
        let (mut read, write) = pipe();
        let line = ["probe", "copy", &MUCH.to_string()];
        let mut process = call(&scene, way, &line).stdin(input).stdout(write).spawn();
        let mut ready = [0; 6];
        read.read_exact(&mut ready).unwrap();
        assert_eq!(&ready, b"ready\n");
        let writer = thread::spawn(move || File::from(to_program).write_all(&pattern(MUCH)));
        let mut bytes = Vec::new();
        read.read_to_end(&mut bytes).unwrap();
        assert_eq!(process.wait(), Ending::Exited(0), "{}", process.stderr());
        assert!(writer.join().unwrap().is_ok());
        assert!(bytes == pattern(MUCH), "{way:?}: {} bytes", bytes.len());
    }
}

scene_test!(no_line_of_a_large_input_is_lost);
fn no_line_of_a_large_input_is_lost() {
    ours();
    let scene = Scene::new();
    let text: String = (0..200_000).map(|number| format!("line {number} of many that are to come\n")).collect();
    let file = scene.path("lines");
    std::fs::write(&file, &text).unwrap();
    for way in WAYS {
        let outcome = call(&scene, way, &["sh", "-c", "cat >copy; echo done"]).stdin(File::open(&file).unwrap()).run();
        assert_eq!(outcome.stdout, "done\r\n", "{outcome:?}");
        assert!(std::fs::read_to_string(scene.path("copy")).unwrap() == text, "{way:?}");
    }
}

scene_test!(a_line_is_cut_after_4095_bytes_for_who_reads_lines);
fn a_line_is_cut_after_4095_bytes_for_who_reads_lines() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        for (mode, whole) in [("sane -echo", "4096"), ("raw -echo", "5001")] {
            let (read, write) = pipe();
            let script = format!("stty {mode}; echo ready; head -c {whole} | wc -c");
            let mut process = call(&scene, way, &["sh", "-c", &script]).stdin(read).spawn();
            process.expect("ready");
            File::from(write).write_all(format!("{}\n", "a".repeat(5000)).as_bytes()).unwrap();
            assert_eq!(process.wait(), Ending::Exited(0));
            assert_eq!(process.stdout().split_whitespace().last(), Some(whole), "{way:?} {mode}");
        }
        // The end of the line comes after what is left of it.
        let (read, write) = pipe();
        File::from(write).write_all(format!("{}b\n", "a".repeat(5000)).as_bytes()).unwrap();
        let outcome =
            call(&scene, way, &["sh", "-c", "read line; echo ${#line}; expr \"$line\" : '.*b'"]).stdin(read).run();
        assert_eq!(outcome.stdout, "4095\r\n0\r\n", "{way:?}");
    }
}

scene_test!(an_end_of_input_is_passed_on_once);
fn an_end_of_input_is_passed_on_once() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        for (input, output) in [("", ""), ("word\n", "word\r\n"), ("word\nunfinished", "word\r\nunfinished")] {
            let (read, write) = pipe();
            File::from(write).write_all(input.as_bytes()).unwrap();
            let outcome = call(&scene, way, &["cat"]).stdin(read).run();
            assert_eq!(
                (outcome.ending, &*outcome.stdout, &*outcome.stderr),
                (Ending::Exited(0), output, ""),
                "{way:?}"
            );
        }
        // Who reads bytes gets one, and no more.
        let (read, write) = pipe();
        let script = "stty raw min 1 time 0; echo ready; head -c 1 | od -An -tx1; stty min 0 time 6; cat | od -An -tx1; echo end";
        let mut process = call(&scene, way, &["sh", "-c", script]).stdin(read).spawn();
        process.expect("ready\n");
        drop(write);
        assert_eq!(process.wait(), Ending::Exited(0));
        assert_eq!(process.stdout(), "ready\n 04\nend\n", "{way:?}");
    }
}

scene_test!(a_shell_that_edits_lines_takes_its_commands_from_a_pipe);
fn a_shell_that_edits_lines_takes_its_commands_from_a_pipe() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let (read, write) = pipe();
        File::from(write).write_all(b"sleep 0.4\necho $((6 * 7)) end\n").unwrap();
        let call = call(&scene, way, &["/bin/bash", "--norc", "--noprofile", "-i"]);
        let mut process = call.env("HISTFILE", "").env("TERM", "dumb").env("PS1", "").stdin(read).spawn();
        assert_eq!(process.wait(), Ending::Exited(0), "{way:?}: {}", process.stdout());
        assert!(process.stdout().contains("42 end"), "{}", process.stdout());
    }
}

scene_test!(what_comes_from_a_pipe_is_not_printed);
fn what_comes_from_a_pipe_is_not_printed() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let (read, write) = pipe();
        File::from(write).write_all(b"word\n").unwrap();
        let outcome = call(&scene, way, &["sh", "-c", "read word; echo got $word; sleep 0.1"]).stdin(read).run();
        assert_eq!(outcome.ok(), "got word\r\n");
    }
}

scene_test!(a_reader_that_stands_still_does_not_keep_the_tool_from_ending);
fn a_reader_that_stands_still_does_not_keep_the_tool_from_ending() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let (mut read, write) = pipe();
        let mut process = call(&scene, way, &["probe", "bytes", "3000000"]).stdin(empty()).stdout(write).spawn();
        let mut first = [0; 1];
        read.read_exact(&mut first).unwrap();
        thread::sleep(Duration::from_millis(300));
        assert!(!process.has_ended());
        let mut rest = Vec::new();
        read.read_to_end(&mut rest).unwrap();
        assert_eq!(process.wait(), Ending::Exited(0));
        assert!([&first[..], &rest].concat() == pattern(3_000_000), "{way:?}");
        // Nobody reads on: a signal ends us all the same.
        let (mut read, write) = pipe();
        let mut process = call(&scene, way, &["yes"]).stdin(empty()).stdout(write).spawn();
        read.read_exact(&mut first).unwrap();
        thread::sleep(Duration::from_millis(200));
        if way.contains(&"--init") {
            // The first one is the program's.
            let init = process.child();
            process.signal(libc::SIGTERM);
            init.wait();
        }
        process.signal(libc::SIGTERM);
        assert_eq!(process.wait(), Ending::Killed(libc::SIGTERM), "{way:?}");
    }
    // The same of a terminal that nobody looks at. Its program has ended by then.
    let pty = Pty::new();
    let mut process = scene.unshare(["--pty", "probe", "bytes", "3000000"]).terminal(&pty).spawn();
    pty.wait_for_raw(true);
    thread::sleep(Duration::from_millis(300));
    process.signal(libc::SIGTERM);
    assert_eq!(process.wait(), Ending::Killed(libc::SIGTERM));
    assert!(!pty.is_raw());
}

scene_test!(a_signal_that_comes_right_after_the_programs_end_is_not_lost);
/// Nobody reads what the program has written, so that only the signal ends the tool.
fn a_signal_that_comes_right_after_the_programs_end_is_not_lost() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let (_read, write) = pipe();
        let full = write.try_clone().unwrap();
        let mut process = call(&scene, way, &["yes"]).stdin(empty()).stdout(write).spawn();
        poll_until("a full pipe", || is_full(&full));
        let child = process.child();
        // So that it finds both at once, its child's end and the signal.
        process.signal(libc::SIGSTOP);
        process.wait_for_stop();
        child.signal(libc::SIGKILL);
        child.wait();
        process.signal(libc::SIGTERM);
        process.signal(libc::SIGCONT);
        assert_eq!(process.wait(), Ending::Killed(libc::SIGTERM), "{way:?}");
    }
}

/// Whether a pipe takes no more.
fn is_full(pipe: &OwnedFd) -> bool {
    poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::POLLOUT)], PollTimeout::ZERO).unwrap() == 0
}

scene_test!(a_reader_that_is_gone_ends_us_as_any_program);
fn a_reader_that_is_gone_ends_us_as_any_program() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let (read, write) = pipe();
        drop(read);
        let mut process = call(&scene, way, &["yes"]).stdin(empty()).stdout(write).spawn();
        assert_eq!(process.wait(), Ending::Killed(libc::SIGPIPE), "{way:?}");
    }
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut process = scene.unshare(["--pty", "echo", "word"]).stdin(empty()).stdout(full).spawn();
    assert_eq!(process.wait(), Ending::Exited(1));
    assert_eq!(process.stderr(), "unshare: write error: No space left on device\n");
}

scene_test!(a_program_that_reads_nothing_holds_nobody_up);
fn a_program_that_reads_nothing_holds_nobody_up() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let (read, write) = pipe();
        let writer = thread::spawn(move || File::from(write).write_all(&[b'x'; 1 << 20]));
        let script = "stty raw -echo; echo ready; sleep 0.3; exit 7";
        let outcome = call(&scene, way, &["sh", "-c", script]).stdin(read).run();
        assert_eq!((outcome.ending, &*outcome.stdout), (Ending::Exited(7), "ready\n"), "{way:?}");
        assert!(writer.join().unwrap().is_err());
    }
}

scene_test!(what_is_left_in_the_background_does_not_hold_us);
fn what_is_left_in_the_background_does_not_hold_us() {
    ours();
    let scene = Scene::new();
    let pid = scene.text("pid");
    for way in WAYS {
        for left in ["sleep 1000", "yes"] {
            let script = format!("trap '' HUP; {left} & echo $! >{pid}; probe bytes 100000; echo end");
            let mut process = call(&scene, way, &["sh", "-c", &script]).stdin(empty()).spawn();
            assert_eq!(process.wait(), Ending::Exited(0), "{way:?} {left}");
            let text = process.stdout();
            if left != "yes" {
                assert!(text.ends_with("end\n"), "{way:?}: {} bytes", text.len());
            }
            if !way.contains(&"--init") && !way.contains(&"--pid") {
                let left: i32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
                let left = Descendant::of(left).expect("what is left");
                left.signal(libc::SIGKILL);
                left.wait();
            }
        }
    }
}

scene_test!(a_program_may_close_its_terminal_and_open_it_again);
fn a_program_may_close_its_terminal_and_open_it_again() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let script = "exec <&- >&- 2>&-; sleep 0.2; exec </dev/tty >/dev/tty; echo back; tty";
        let outcome = call(&scene, way, &["bash", "-c", script]).stdin(empty()).run();
        assert_eq!(outcome.ok(), "back\r\n/dev/tty\r\n", "{way:?}");
    }
}

scene_test!(ctrl_c_is_the_programs_where_only_output_is_a_terminal);
fn ctrl_c_is_the_programs_where_only_output_is_a_terminal() {
    ours();
    let scene = Scene::new();
    for way in WAYS {
        let pty = Pty::new();
        let input = other_input(&scene);
        // The shell itself waits for both, and takes no notice. It opens the file before either begins.
        let line = format!("trap : INT; exec <fifo; (trap '' INT; exec cat) | {} probe catch 2", way.join(" "));
        let mut process = scene.call("/bin/sh", ["-c", &line]).terminal(&pty).spawn();
        pty.expect("ready\n");
        assert!(!pty.is_raw());
        for round in 1..=5 {
            pty.type_in(b"\x03");
            pty.expect_times("got 02\n", round);
        }
        drop(input);
        assert_eq!(process.wait(), Ending::Exited(0), "{way:?}");
    }
}
