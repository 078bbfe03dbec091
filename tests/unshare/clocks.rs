//! `--monotonic @S` and `--boottime @S`: what a clock shows when the program starts.

use nix::time::{ClockId, clock_gettime};

use crate::common::{ALICE, ROOT, Scene, User, on_purpose};

fn only_ours() {
    on_purpose("theirs takes offsets only");
}

const SECOND: i128 = 1_000_000_000;

/// A clock of ours, without the offset of our time namespace, in nanoseconds.
fn initial(name: &str) -> i128 {
    let clock = if name == "monotonic" { ClockId::CLOCK_MONOTONIC } else { ClockId::CLOCK_BOOTTIME };
    let now = clock_gettime(clock).unwrap();
    let ours = std::fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
    i128::from(now.tv_sec()) * SECOND + i128::from(now.tv_nsec()) - offset(&ours, name)
}

/// The offset of a clock in the text of timens_offsets, in nanoseconds; 0 without one.
fn offset(text: &str, name: &str) -> i128 {
    let fields = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find(|line| line[0] == name);
    fields.map_or(0, |fields| fields[1].parse::<i128>().unwrap() * SECOND + fields[2].parse::<i128>().unwrap())
}

/// Runs it; the clock is to show so many seconds at one moment between the start and the end of the call.
#[track_caller]
fn shows(scene: &Scene, options: &[&str], user: User, name: &str, seconds: i128) -> String {
    let before = initial(name);
    let text = scene.unshare(options).args(["cat", "/proc/self/timens_offsets"]).user(user).ok();
    let after = initial(name);
    let set_at = seconds * SECOND - offset(&text, name);
    assert!((before..=after).contains(&set_at), "{options:?}: {before} {set_at} {after}: {text}");
    text
}

scene_test!(a_clock_shows_what_it_is_told_to);
fn a_clock_shows_what_it_is_told_to() {
    only_ours();
    let scene = Scene::new();
    let options = ["-Tf", "--monotonic", "@7", "--boottime", "@9"];
    shows(&scene, &options, ROOT, "monotonic", 7);
    shows(&scene, &options, ROOT, "boottime", 9);
    let text = shows(&scene, &["-Tf", "--monotonic=@7", "--boottime=-3"], ROOT, "monotonic", 7);
    assert_eq!(offset(&text, "boottime"), -3 * SECOND);
    for (options, user) in [
        (&["-T", "-f"][..], ROOT),
        (&["-T", "--init"], ROOT),
        (&["-T", "-f", "-rmuinpC"], ROOT),
        // Older kernels give only children the new clocks, and the file of offsets is that of children.
        (&["-T"], ROOT),
        (&["-T", "-f", "--map-auto", "--cap-drop=all"], ALICE),
        (&["-rT", "--fork", "--kill-child"], ALICE),
        (&["-UT", "-f"], ALICE),
        (&["-T", "-f", "-muinpC", "-S1001", "-G1001"], ROOT),
    ] {
        for (name, seconds) in [("monotonic", 0), ("boottime", 0), ("monotonic", 86_400), ("boottime", 300_000_000)] {
            let option = format!("--{name}=@{seconds}");
            let text = shows(&scene, &[options, &[&*option]].concat(), user, name, seconds);
            let other = if name == "monotonic" { "boottime" } else { "monotonic" };
            assert_eq!(offset(&text, other), 0, "{text}");
        }
    }
}

scene_test!(in_a_time_namespace_with_an_offset_the_clock_shows_it_as_well);
fn in_a_time_namespace_with_an_offset_the_clock_shows_it_as_well() {
    only_ours();
    let scene = Scene::new();
    for (outer, name) in
        [("--monotonic=1000000", "monotonic"), ("--boottime=@5000", "boottime"), ("--monotonic=@0", "monotonic")]
    {
        let option = format!("--{name}=@50");
        shows(&scene, &["-T", "-f", outer, "unshare", "-T", "-f", &option], ROOT, name, 50);
        shows(&scene, &["-T", "-f", outer, "unshare", "-r", "-T", "-f", &option], ROOT, name, 50);
    }
}

scene_test!(a_clock_is_not_reckoned_from_one_that_children_will_not_have);
fn a_clock_is_not_reckoned_from_one_that_children_will_not_have() {
    only_ours();
    let scene = Scene::new();
    let said = |words: &[&str]| scene.probe(["resolve"]).args(words).ok();
    let refused = "--monotonic=@ and --boottime=@: our children are to be in another time namespace than we are\n";
    assert_eq!(said(&["-T", "--boottime=@0", "true"]), refused);
    assert_eq!(said(&["-Tf", "--monotonic=@7", "true"]), refused);
    assert_eq!(said(&["-T", "--boottime=0", "--monotonic=-7", "true"]), "nothing\n");
}

scene_test!(the_uptime_of_tutorials_begins_at_zero);
fn the_uptime_of_tutorials_begins_at_zero() {
    only_ours();
    let scene = Scene::new();
    let uptime = |options: &[&str]| -> f64 {
        let uptime = scene.unshare(options).args(["cat", "/proc/uptime"]).ok();
        uptime.split(' ').next().unwrap().parse().unwrap()
    };
    let shown = uptime(&["-T", "--fork", "--boottime", "@0"]);
    // Far below any deadline of these tests, and far above what the set-up takes.
    assert!((0.0..60.0).contains(&shown), "{shown}");
    let shown = uptime(&["-T", "--fork", "--boottime", "@1000000"]);
    assert!((1_000_000.0..1_000_060.0).contains(&shown), "{shown}");
}

scene_test!(the_time_namespace_that_is_kept_has_the_clock);
fn the_time_namespace_that_is_kept_has_the_clock() {
    only_ours();
    let scene = Scene::new();
    let file = scene.file("time", "");
    let keep = format!("--time={file}");
    scene.unshare([&*keep, "--boottime=@1000000", "true"]).ok();
    let uptime = scene.nsenter([&*keep, "cat", "/proc/uptime"]).ok();
    let seconds: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    assert!((1_000_000.0..1_000_060.0).contains(&seconds), "{uptime}");
}

scene_test!(a_clock_that_cannot_show_that_is_refused_and_nothing_is_done);
fn a_clock_that_cannot_show_that_is_refused_and_nothing_is_done() {
    only_ours();
    let scene = Scene::new();
    let file = scene.file("time", "");
    let keep = format!("--time={file}");
    for name in ["monotonic", "boottime"] {
        for value in ["@", "@-1", "@+1", "@ 1", "@1.5", "@@1", "1@", "@9223372036854775808"] {
            let outcome = scene.unshare([&*keep, &format!("--{name}={value}"), "echo", "ran"]).run();
            let below = outcome.says(1, &format!("unshare: failed to parse {name} offset: '{value}'"));
            assert!(below[0].contains("or @ and the seconds that the clock is to show"), "{below:?}");
        }
        let outcome = scene.unshare([&format!("--{name}=@0"), "echo", "ran"]).run();
        outcome.says(1, "unshare: options --monotonic and --boottime require unsharing of a time namespace (-t)");
        for value in ["@9223372036854775807", "@9000000000"] {
            let outcome = scene.unshare([&*keep, &format!("--{name}={value}"), "echo", "ran"]).run();
            let below =
                outcome.says(1, "unshare: failed to write to /proc/self/timens_offsets: Numerical result out of range");
            assert!(below[0].contains("beyond what the kernel can count"), "{below:?}");
        }
        assert_eq!(scene.mount_on(&file), None);
    }
    let outcome =
        scene.unshare(["-T", "--boottime=@0", "echo", "ran"]).under(&scene, "setpriv", ["--bounding-set=-sys_time"]);
    let outcome = outcome.run();
    let below = outcome.says(1, "unshare: failed to write to /proc/self/timens_offsets: Operation not permitted");
    assert!(below[0].contains("needs CAP_SYS_TIME"), "{below:?}");
}

scene_test!(a_file_that_is_not_of_proc_is_no_file_of_offsets);
fn a_file_that_is_not_of_proc_is_no_file_of_offsets() {
    only_ours();
    let scene = Scene::new();
    // What a container may have planted: its text is not to count.
    let planted = scene.file("offsets", "monotonic 5 0\nboottime 7 0\n");
    scene.mount(["-t", "tmpfs", "none", "/proc"]);
    let script = "mkdir -p /proc/self && cp \"$0\" /proc/self/timens_offsets; exec unshare -T --boottime=@0 echo ran";
    let outcome = scene.call("/bin/sh", ["-c", script, &planted]).run();
    outcome.says(1, "unshare: failed to write to /proc/self/timens_offsets: No such device");
    assert_eq!(std::fs::read_to_string(planted).unwrap(), "monotonic 5 0\nboottime 7 0\n");
}
