//! Arguments: letters taken for a file, a file taken for the program, and a PID that is none.

use super::{hint, scene};
use crate::common::{Process, Pty, ROOT};
use crate::{Target, link};

scene_test!(letters_behind_one_that_takes_a_file_are_to_be_written_apart);
fn letters_behind_one_that_takes_a_file_are_to_be_written_apart() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-u"]);
    let id = target.id();
    let attached = format!("-mt{id}");
    let attached_apart = format!("{attached} is -m with the file t{id}: write -m -t{id}");
    for (words, expected) in [
        (&["-mun", "-t", &id, "true"][..], "-mun is -m with the file un: write -m -u -n"),
        (&["-t", &id, "-Un", "true"], "-Un is -U with the file n: write -U -n"),
        (&["-munpit", &id], "-munpit is -m with the file unpit: write -m -u -n -p -i -t"),
        (&["-Fpm", "-t", &id, "true"], "-Fpm is -p with the file m: write -F -p -m"),
        (&["-rw", "-t", &id, "true"], "-rw is -r with the file w: write -r -w"),
        (&[&attached, "true"], &attached_apart),
    ] {
        assert_eq!(hint(scene.nsenter(words), 1, &["No such file"]), expected, "{words:?}");
    }
    // The line of the program is its own, and a name written out was meant.
    for words in
        [&["--mount=un", "-t", &id, "echo", "-mun"][..], &["-mxyz", "-t", &id, "true"], &["-mVh", "-t", &id, "true"]]
    {
        let outcome = scene.nsenter(words).run();
        assert_eq!(outcome.failed("nsenter", 1, &["No such file"]), [""; 0], "{words:?}");
    }
    // As the hint says; and where there is such a file, it is the one that was meant.
    scene.nsenter(["-u", "-t", &id, "true"]).ok();
    let bound = scene.file("n", "");
    scene.mount(["--bind", &target.proc("ns/uts"), &bound]);
    assert_eq!(scene.nsenter(["-un", "readlink", "/proc/self/ns/uts"]).ok().trim(), target.namespace("uts"));
}

scene_test!(a_file_behind_a_blank_is_to_be_attached);
fn a_file_behind_a_blank_is_to_be_attached() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-n"]);
    let id = target.id();
    let file = target.proc("ns/net");
    let directory = scene.subdirectory("directory");
    let number = target.namespace("net")["net:[".len()..].trim_end_matches(']').to_string();
    let write = |option: &str, argument: &str| {
        let taken = format!("{argument} was taken for the program to run: ");
        format!("{taken}the argument of --{option} must be attached, so write --{option}={argument}")
    };
    for (words, status, expected) in [
        (&["-n", &*file, "ip", "a"][..], 1, write("net", &file)),
        (&["--net", &file], 1, write("net", &file)),
        (&["-t", &id, "-n", &file, "ip", "a"], 126, write("net", &file)),
        (&["-t", &id, "-m", "-u", &file, "ip", "a"], 126, write("net", &file)),
        (&["-n", &number, "ip", "a"], 1, write("net", &number)),
        (&["-t", &id, "-n", &number], 127, write("net", &number)),
        (&["-r", &directory, "ls"], 1, write("root", &directory)),
        (&["-t", &id, "-w", &directory, "ls"], 126, write("wd", &directory)),
        (&["-t", &id, "-n", "-r", "./directory", "ls"], 126, write("root", "./directory")),
    ] {
        assert_eq!(hint(scene.nsenter(words), status, &[]), expected, "{words:?}");
    }
    let seen = scene.nsenter([&format!("--net={file}"), "readlink", "/proc/self/ns/net"]).ok();
    assert_eq!(seen.trim(), target.namespace("net"));
    // A file that is no namespace was not meant for one, and is not opened to find out.
    scene.call("/usr/bin/mkfifo", ["pipe"]).ok();
    let outcome = scene.nsenter(["-t", &id, "-n", "./pipe"]).run();
    assert_eq!(outcome.failed("nsenter", 126, &["pipe"]), [""; 0]);
}

scene_test!(a_number_in_the_place_of_the_program_is_a_pid);
fn a_number_in_the_place_of_the_program_is_a_pid() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-u"]);
    let id = target.id();
    let alone = hint(scene.nsenter(["1234"]), 127, &["1234"]);
    assert_eq!(alone, "1234 was taken for the program to run: write -t 1234 for the process with this PID");
    let two = hint(scene.nsenter(["-t", &id, "1234", "-u"]), 127, &["1234"]);
    assert_eq!(two, format!("1234 was taken for the program to run: -t takes one PID, which is {id} here"));
}

scene_test!(a_pid_that_is_none_says_what_it_may_have_been);
fn a_pid_that_is_none_says_what_it_may_have_been() {
    let scene = scene();
    for (words, expected) in [
        (
            &["-t", "-n", "ip", "a"][..],
            "-n was taken for the PID: the variable or the command before it probably gave nothing",
        ),
        (&["--target", "--net"], "--net was taken for the PID"),
        (&["-t", "", "-n"], "the PID is empty"),
        (&["--target=", "-n"], "the PID is empty"),
        (&["-t", "0", "-n"], "no process has the PID 0: an engine gives it for a container that is not running"),
        (&["-t", "nginx", "-n"], "-t takes a PID: 'pgrep -o nginx' finds that of a program"),
        (&["-t", "12 34", "-n"], "these are several PIDs, and -t takes one: -t 12"),
    ] {
        let hint = hint(scene.nsenter(words), 1, &[]);
        assert!(hint.starts_with(expected), "{words:?}: {hint}");
    }
}

scene_test!(an_option_that_was_read_as_an_argument_is_named);
fn an_option_that_was_read_as_an_argument_is_named() {
    let scene = scene();
    for words in [["-S", "-n"], ["-G", "--net"], ["-N", "-u"]] {
        let hint = hint(scene.nsenter(words), 1, &[]);
        let expected = format!("{} was taken for the argument of the option before it", words[1]);
        assert!(hint.starts_with(&expected), "{words:?}: {hint}");
    }
    for words in [["-S", ""], ["-G", ""], ["-N", ""]] {
        let hint = hint(scene.nsenter(words), 1, &[]);
        assert!(hint.starts_with("it is empty"), "{words:?}: {hint}");
    }
}

/// What is said on a terminal before `true` runs.
fn said_on_a_terminal(call: crate::Call) -> String {
    let pty = Pty::new();
    let mut process: Process = call.terminal(&pty).spawn();
    process.wait();
    pty.text()
}

scene_test!(on_a_terminal_a_note_says_that_nothing_is_entered);
fn on_a_terminal_a_note_says_that_nothing_is_entered() {
    crate::common::needs_root("to enter the PID namespace that is there");
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-u"]);
    let id = target.id();
    for words in
        [&["-t", &id, "true"][..], &["-t", &id, "-S", "0", "true"], &["-t", &id, "--uts=/proc/self/ns/uts", "true"]]
    {
        let said = said_on_a_terminal(scene.nsenter(words));
        assert!(
            said.starts_with(&format!("nsenter: note: nothing of process {id} is entered: add -a")),
            "{words:?}: {said}"
        );
        scene.nsenter(words).ok();
    }
    for options in [&["-u"][..], &["-a"], &["-w"], &["-r"], &["-e"], &["-S", "follow"], &["-c"]] {
        let said = said_on_a_terminal(scene.nsenter(["-t", &id]).args(options).args(["true"]));
        assert_eq!(said, "", "{options:?}");
    }
    assert_eq!(said_on_a_terminal(scene.nsenter(["true"])), "");
}

scene_test!(what_a_link_is_called_is_told_apart_by_its_kind);
fn what_a_link_is_called_is_told_apart_by_its_kind() {
    let scene = scene();
    let uts = link("/proc/self/ns/uts");
    let number = uts["uts:[".len()..].trim_end_matches(']');
    let of_another = hint(scene.nsenter([&format!("--net={uts}"), "true"]), 1, &[&uts]);
    assert_eq!(of_another, format!("{number} is the number of a uts namespace: write --uts={number}"));
    let none = hint(scene.nsenter(["--net=7", "true"]), 1, &["7", "No such file"]);
    assert!(none.starts_with("no file is called 7 here, and no net namespace with the number 7 can be seen"));
    let name = hint(scene.nsenter(["--net=blue", "true"]), 1, &["blue", "No such file"]);
    assert_eq!(name, "no file is called blue here, and /run/netns/blue is not there either");
}
