//! Ours and theirs side by side, on the same target: the program sees the same, in every respect.

use crate::common::{ALICE, Call, ROOT, Scene, User, on_purpose, skip, theirs};
use crate::{ROOTLESS, ROOTS, Seen, Target, scene};

const REMAPPED: &[&str] =
    &["-U", "--map-users=500000,0,1000", "--map-groups=500000,0,1000", "--setuid=7", "--setgid=8"];

/// Each target, who enters it, and the options.
const LINES: &[(User, &[&str], User, &str)] = &[
    (ROOT, ROOTS, ROOT, "-a"),
    (ROOT, ROOTS, ROOT, "-m -u -i -n -p -C -T"),
    (ROOT, ROOTS, ROOT, "-n"),
    (ROOT, ROOTS, ROOT, "-m -p --root --wd"),
    (ROOT, ROOTS, ROOT, "-p -F"),
    (ROOT, ROOTS, ROOT, "-T"),
    (ROOT, ROOTS, ROOT, "-n -S 5"),
    (ROOT, ROOTS, ROOT, "-n -G 5"),
    (ROOT, ROOTS, ROOT, "-n -S 5 -G 6"),
    (ROOT, ROOTS, ROOT, "-m --wd=/usr"),
    (ROOT, ROOTS, ROOT, "-m --wdns=/usr"),
    (ROOT, ROOTS, ROOT, "-m --root=/"),
    (ROOT, ROOTS, ROOT, "-m --root=/usr/.. --wdns=/usr"),
    (ROOT, REMAPPED, ROOT, "-U"),
    (ROOT, REMAPPED, ROOT, "-a"),
    (ROOT, REMAPPED, ROOT, "-U --preserve-credentials"),
    (ROOT, REMAPPED, ROOT, "-U --preserve-credentials -S 3"),
    (ROOT, REMAPPED, ROOT, "-U --preserve-credentials -G 3"),
    (ROOT, REMAPPED, ROOT, "-U -S 3 -G 4"),
    (ALICE, ROOTLESS, ROOT, "-a"),
    (ALICE, ROOTLESS, ROOT, "-a -r -w"),
    (ALICE, ROOTLESS, ROOT, "-U -m -p"),
    (ALICE, ROOTLESS, ALICE, "-U --preserve-credentials"),
    (ALICE, ROOTLESS, ALICE, "-U -m -n -p --preserve-credentials"),
    (ALICE, ROOTLESS, ALICE, "-U -n --preserve-credentials -r -w"),
    // Both refuse.
    (ALICE, ROOTLESS, ALICE, "-U"),
    (ALICE, ROOTLESS, ALICE, "-n"),
    (ROOT, ROOTS, ALICE, "-n"),
    (ROOT, ROOTS, ROOT, "-U"),
    (ROOT, REMAPPED, ROOT, "-U -S 77777"),
];

/// How it ended, and what the program saw but for its PID.
fn effect(scene: &Scene, nsenter: &str, target: &Target, line: &(User, &[&str], User, &str)) -> (String, Seen) {
    let (_, _, visitor, options) = line;
    let call: Call = scene.call(nsenter, ["-t", &target.id()]).args(options.split(' '));
    let outcome = call
        .args([scene.text("bin/probe").as_str(), "seen"])
        .user(*visitor)
        .groups(&[50])
        .given(7, std::fs::File::open("/usr").unwrap())
        .ignoring(libc::SIGPIPE)
        .blocking(libc::SIGUSR1)
        .umask(0o27)
        .run();
    // Standard output and error are other files each time.
    let seen = Seen::read(&outcome.stdout).without(&["pid", "file"]);
    (format!("{:?}", outcome.ending), seen)
}

scene_test!(the_program_sees_the_same);
fn the_program_sees_the_same() {
    on_purpose("ours is compared with theirs already");
    if !theirs("nsenter").exists() {
        skip("there is no nsenter of util-linux");
    }
    let scene = scene();
    for line in LINES {
        let target = Target::new(&scene, line.0, line.1);
        let ours = effect(&scene, &scene.text("bin/nsenter"), &target, line);
        let theirs = effect(&scene, "/usr/bin/nsenter", &target, line);
        assert_eq!(ours, theirs, "nsenter {}", line.3);
    }
}
