//! getent(1), which is asked for users that are in no file, and runs with the rights of whoever runs the tool.

use crate::common::{Call, Scene, User, on_purpose};
use crate::scene;

/// A user without a line in any file.
const STRANGER: User = User { name: "stranger", uid: 4242, gid: 4242 };

/// With all that a caller, or where the call is made, could have getent be another program by.
fn misled(scene: &Scene, call: Call) -> Call {
    let trap = scene.subdirectory("trap");
    let path = format!("{trap}:/usr/bin:/bin");
    let library = format!("{trap}/library.so");
    call.directory(&trap)
        .given(9, std::fs::File::open("/dev/null").unwrap())
        .env("PATH", path)
        .env("LD_PRELOAD", &library)
        .env("LD_LIBRARY_PATH", &trap)
        .env("BASH_ENV", &library)
        .env("ENV", &library)
        .env("IFS", "/")
}

scene_test!(it_is_found_by_its_path_and_started_without_an_environment);
fn it_is_found_by_its_path_and_started_without_an_environment() {
    on_purpose("theirs has the name service modules in its own process");
    let scene = scene();
    // What it is started with, as /proc tells it: a shell sets variables of its own.
    let record = scene.file("record", "");
    let recorder = format!(
        "#!/bin/sh
{{ echo \"arguments $*\"; echo \"environment $(/usr/bin/tr '\\0' ' ' </proc/$$/environ)\"
echo \"directory $(/bin/readlink /proc/$$/cwd)\"; }} >>{record}
echo /proc/$$/fd/* >>{record}
echo stranger:x:4242:4242::/:/bin/sh\n"
    );
    let recorder = scene.program("recorder", &recorder);
    scene.mount(["--bind", &recorder, "/usr/bin/getent"]);
    scene.subdirectory("trap");
    let sprung = scene.text("sprung");
    scene.program("trap/getent", &format!("#!/bin/sh\necho \"$0\" >>{sprung}\n"));

    let mut target = scene.call(scene.path("our-unshare"), ["-U", "probe", "hold"]).user(STRANGER).leashed().spawn();
    target.expect("ready");
    let probe = scene.text("bin/probe");
    let calls = [
        (scene.unshare(["--map-user=stranger", &probe, "seen"]), "-- passwd stranger"),
        (scene.nsenter(["-S", "stranger", &probe, "seen"]), "-- passwd stranger"),
        (scene.lsns(["-t", "user", "-o", "USER"]), "-- passwd 4242"),
    ];
    for (call, arguments) in calls {
        std::fs::write(scene.path("record"), "").unwrap();
        let outcome = misled(&scene, call).run();
        assert!(outcome.stdout.contains("4242") || outcome.stdout.contains("stranger"), "{outcome:?}");
        let recorded = std::fs::read_to_string(scene.path("record")).unwrap();
        let lines: Vec<_> = recorded.lines().collect();
        // Others may run in namespaces of their own by now, whose users have no line in this scene either.
        assert!(lines[0].starts_with(&format!("arguments {}", arguments.split_at(9).0)), "{recorded}");
        assert!(lines[0].split(' ').any(|word| arguments.ends_with(word)), "{recorded}");
        assert_eq!(lines[1..3], ["environment ", "directory /"], "{recorded}");
        let has = |fd: &str| lines[3].split(' ').any(|path| path.ends_with(&format!("/{fd}")));
        assert!(has("0") && !has("9"), "{recorded}");
        assert!(!scene.path("sprung").exists());
    }
    target.release();
}

/// A scene in which getent knows the stranger, and leaves a word when it is asked.
fn with_getent() -> Scene {
    let scene = scene();
    let script = format!("#!/bin/sh\necho >>{}\necho stranger:x:4242:4242::/:/bin/sh\n", scene.text("asked"));
    let getent = scene.program("answerer", &script);
    scene.mount(["--bind", &getent, "/usr/bin/getent"]);
    scene
}

scene_test!(the_program_finds_no_trace_of_it);
fn the_program_finds_no_trace_of_it() {
    crate::common::needs_root("ids of other users");
    on_purpose("theirs has the name service modules in its own process");
    let scene = with_getent();
    for call in
        [scene.unshare(["--map-user=stranger", "probe", "seen"]), scene.nsenter(["-S", "stranger", "probe", "seen"])]
    {
        let seen = call.blocking(libc::SIGCHLD).seen();
        assert_eq!(seen.all("pending"), [""; 0]);
        assert!(scene.path("asked").exists());
    }
}

scene_test!(the_first_child_in_a_pid_namespace_is_the_shells);
fn the_first_child_in_a_pid_namespace_is_the_shells() {
    let scene = with_getent();
    // What a login shell reads may make a child as well.
    let nothing = scene.file("nothing", "");
    scene.mount(["--bind", &nothing, "/etc/profile"]);
    let shell = |options: &[&str]| {
        let mut process = scene.unshare(options).user(STRANGER).no_env().leashed().spawn();
        process.write("/bin/true && echo one\n/bin/true && echo two\n");
        process.release();
        process.finish()
    };
    // Else process 1 of the namespace would have been getent, and have ended.
    let outcome = shell(&["-c", "-p"]);
    assert_eq!(outcome.stdout, "one\n", "{outcome:?}");
    assert_eq!(shell(&["-c", "-p", "-f"]).stdout, "one\ntwo\n");
}
