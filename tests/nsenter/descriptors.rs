//! Descriptors of the program: those that the caller passes on, and none of ours.

use std::fs::File;

use crate::common::{ALICE, Call, ROOT, Scene, Under, under_test};
use crate::{ROOTLESS, ROOTS, Target, scene};

/// What opens a descriptor of ours, by option; theirs lacks the last ones.
fn options(target: &Target) -> Vec<String> {
    let id = target.id();
    let words = ["-n", "-p", "-C", "-r", "-w"].map(String::from).to_vec();
    let file = format!("--uts=/proc/{id}/ns/uts");
    let newer = ["-e", "-c", "-Sfollow", "-N9"].map(String::from);
    let words = [words, vec![file]].concat();
    match under_test() {
        Under::Ours => [words, newer.to_vec()].concat(),
        Under::Theirs => words,
    }
}

fn descriptors(call: Call) -> Vec<String> {
    let seen = call.seen();
    seen.all("fd").into_iter().map(str::to_string).collect()
}

/// The probe, with what a caller may pass on.
fn passed_on(call: Call) -> Call {
    call.given(7, File::open("/usr").unwrap())
}

fn probe(scene: &Scene, words: &[String], id: &str) -> Call {
    scene.nsenter(["-t", id]).args(words).args([scene.path("bin/probe")]).args(["seen"])
}

scene_test!(every_combination_of_options_leaves_none_of_ours);
fn every_combination_of_options_leaves_none_of_ours() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    crate::common::needs_root("to enter the PID namespace that is there");
    let scene = scene();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let call = scene.call(scene.path("our-unshare"), ["-u", "-C", "probe", "hold"]);
    let target = Target::of(call.given(9, socket));
    let expected = descriptors(passed_on(scene.probe(["seen"])));
    assert!(expected.iter().any(|line| line.starts_with("7 ")), "{expected:?}");
    let options = options(&target);
    for set in 0..1u32 << options.len() {
        // Each by itself, each pair, all, and all but one; the sets between have nothing new.
        let count = set.count_ones() as usize;
        if count > 2 && count + 1 < options.len() {
            continue;
        }
        let bits = 0..options.len();
        let chosen: Vec<String> = bits.filter(|bit| set & 1 << bit != 0).map(|bit| options[bit].clone()).collect();
        let both = chosen.contains(&"-n".to_string()) && chosen.contains(&"-N9".to_string());
        let chosen: Vec<String> = chosen.into_iter().filter(|word| !(both && word == "-n")).collect();
        assert_eq!(descriptors(passed_on(probe(&scene, &chosen, &target.id()))), expected, "{chosen:?}");
    }
}

scene_test!(a_program_named_by_a_descriptor_is_not_found_among_ours);
fn a_program_named_by_a_descriptor_is_not_found_among_ours() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    crate::common::needs_root("a socket in the network namespace that is there");
    let scene = scene();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let call = scene.call(scene.path("our-unshare"), ["-u", "-p", "-f", "probe", "hold"]);
    let target = Target::of(call.given(9, socket));
    let id = target.id();
    let callers = descriptors(scene.probe(["seen"]));
    let is_callers = |fd: &i32| callers.iter().any(|line| line.starts_with(&format!("{fd} ")));
    for option in options(&target) {
        for fd in (3..12).filter(|fd| !is_callers(fd)) {
            let program = format!("/proc/self/fd/{fd}");
            let outcome = scene.nsenter(["-t", &id, &option, "--", &program]).run();
            outcome.says(127, &format!("nsenter: failed to execute {program}: No such file or directory"));
        }
    }
    // That of the caller is found.
    let file = File::open("/bin/false").unwrap();
    let call = scene.nsenter(["-t", &id, "-n", "/proc/self/fd/7"]).given(7, file);
    assert_eq!(call.run().ending, crate::common::Ending::Exited(1));
}

scene_test!(entering_everything_leaves_none_of_ours);
fn entering_everything_leaves_none_of_ours() {
    let scene = scene();
    let expected = descriptors(passed_on(scene.probe(["seen"])));
    for target in [Target::new(&scene, ROOT, ROOTS), Target::new(&scene, ALICE, ROOTLESS)] {
        for words in [&["-a"][..], &["-a", "-r", "-w"], &["-a", "-F"], &["-a", "-r", "--wdns=/"]] {
            let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
            assert_eq!(descriptors(passed_on(probe(&scene, &words, &target.id()))), expected, "{words:?}");
        }
    }
}

scene_test!(closed_descriptors_stay_closed_and_harm_nothing);
fn closed_descriptors_stay_closed_and_harm_nothing() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = scene();
    let target = Target::new(&scene, ALICE, ROOTLESS);
    let users = target.id();
    let plain = Target::new(&scene, ROOT, &["-u"]);
    let id = plain.id();
    let mut lines = vec![
        vec!["-t", &users, "-a"],
        vec!["-t", &users, "-a", "-r", "-w"],
        vec!["-t", &id, "-u"],
        vec!["-t", &id, "-r", "-w"],
        vec!["-t", &id, "-p"],
    ];
    if under_test() == Under::Ours {
        lines.push(vec!["-t", &id, "-u", "-e", "-c", "-Sfollow", "-Gfollow"]);
    }
    for closed in [&[0][..], &[2], &[0, 2]] {
        let close = |call: Call| closed.iter().fold(call, |call, fd| call.closed(*fd));
        let direct = descriptors(close(scene.probe(["seen"])));
        for line in &lines {
            let call = scene.nsenter(line).args([scene.path("bin/probe")]).args(["seen"]);
            assert_eq!(descriptors(close(call)), direct, "{line:?} without {closed:?}");
        }
    }
}
