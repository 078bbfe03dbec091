//! A program that is not where it was looked for.

use super::{MISSING, hint, scene};
use crate::common::ROOT;
use crate::{ROOTS, Target};

scene_test!(where_a_container_lacks_the_program_the_machines_own_can_be_run);
fn where_a_container_lacks_the_program_the_machines_own_can_be_run() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, ROOTS);
    let id = target.id();
    let named = hint(scene.nsenter(["-t", &id, "-m", "-n", "no-such"]), 127, &[MISSING]);
    assert!(named.ends_with(": leave --mount out to run the machine's own, or run /bin/sh, which is there"), "{named}");
    let all = hint(scene.nsenter(["-t", &id, "-a", "no-such"]), 127, &[MISSING]);
    let (_, remedy) = all.rsplit_once(": ").unwrap();
    let options = remedy.strip_prefix("write ").and_then(|rest| rest.split_once(" instead of -a"));
    let (options, _) = options.unwrap_or_else(|| panic!("{all}"));
    assert!(!options.contains("-m") && options.contains("-n"), "{all}");
    // As the hint says.
    scene.nsenter(["-t", &id]).args(options.split(' ')).args(["true"]).ok();
}

scene_test!(a_shell_that_is_not_there_is_not_recommended);
fn a_shell_that_is_not_there_is_not_recommended() {
    let scene = scene();
    // A file system with nothing but the probe in it, from which the old one is gone.
    let script = "mount -t tmpfs none directory && mkdir directory/old && cp bin/probe directory && cd directory
pivot_root . old && exec ./probe hold";
    scene.subdirectory("directory");
    let target = Target::of(scene.call(scene.path("our-unshare"), ["-m", "/bin/sh", "-ec", script]));
    let hint = hint(scene.nsenter(["-t", &target.id(), "-m", "no-such"]), 127, &[MISSING]);
    assert!(hint.ends_with("leave --mount out to run the machine's own"), "{hint}");
}

scene_test!(where_the_target_has_another_root_it_is_to_be_entered);
fn where_the_target_has_another_root_it_is_to_be_entered() {
    let scene = scene();
    let script = "mkdir directory; cp bin/probe directory; exec chroot directory /probe hold";
    let target = Target::of(scene.call(scene.path("our-unshare"), ["-m", "/bin/sh", "-ec", script]));
    let id = target.id();
    let hint = hint(scene.nsenter(["-t", &id, "-m", "/probe", "exit", "5"]), 127, &[MISSING]);
    assert!(hint.ends_with(&format!("process {id} has another root directory: add --root")), "{hint}");
    // As the hint says.
    let outcome = scene.nsenter(["-t", &id, "-m", "--root", "/probe", "exit", "5"]).run();
    assert_eq!(outcome.ending, crate::common::Ending::Exited(5));
}

scene_test!(a_target_in_our_own_mount_namespace_is_nowhere_else);
fn a_target_in_our_own_mount_namespace_is_nowhere_else() {
    crate::common::needs_root("to enter the PID namespace that is there");
    let scene = scene();
    // As in a container with processes of its own: process 1 is one of them.
    let call = scene.call(scene.path("our-unshare"), ["-p", "-f", "-m", "--mount-proc", "/bin/sh", "-c"]);
    let one = hint(call.args(["bin/nsenter -t 1 -m no-such; exit $?"]), 127, &[MISSING]);
    assert!(
        one.starts_with("process 1 is in our own mount namespace, so it was looked for here")
            && one.contains("docker run --pid=host"),
        "{one}"
    );
    let target = Target::of(scene.probe(["hold"]));
    let other = hint(scene.nsenter(["-t", &target.id(), "-a", "no-such"]), 127, &[MISSING]);
    assert!(
        other.starts_with(&format!("process {} is in our own mount namespace", target.id()))
            && !other.contains("docker"),
        "{other}"
    );
}

scene_test!(what_a_program_needs_is_missing_inside);
fn what_a_program_needs_is_missing_inside() {
    let scene = scene();
    // A file system with nothing but the probe, a program with a loader and a script.
    let script = "mount -t tmpfs none directory && mkdir directory/old && cp bin/probe /bin/true directory &&
printf '#!/opt/runner\\n' >directory/script && chmod +x directory/script && cd directory &&
pivot_root . old && exec ./probe hold";
    scene.subdirectory("directory");
    let target = Target::of(scene.call(scene.path("our-unshare"), ["-m", "/bin/sh", "-ec", script]));
    let id = target.id();
    let inside = |program: &str| hint(scene.nsenter(["-t", &id, "-m", program]), 127, &[MISSING]);
    let place = "is missing inside the mount namespace that was entered";
    let script = inside("/script");
    assert_eq!(script, format!("the interpreter of /script, /opt/runner, {place}"));
    let loader = inside("/true");
    assert!(loader.starts_with("the loader that /true names, /") && loader.ends_with(place), "{loader}");
}

scene_test!(a_dash_that_is_none_is_no_option);
fn a_dash_that_is_none_is_no_option() {
    let scene = scene();
    for dash in ["\u{2010}", "\u{2013}", "\u{2014}", "\u{2212}"] {
        let hint = hint(scene.nsenter([&format!("{dash}t"), "1"]), 127, &[MISSING]);
        assert!(hint.contains("begins with a dash that is not '-'") && hint.ends_with("write -t"), "{hint}");
    }
}

scene_test!(a_program_that_is_there_lacks_something_else);
fn a_program_that_is_there_lacks_something_else() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-m", "-n"]);
    let id = target.id();
    let script = scene.program("script", "#!/no/such/shell\n");
    let outside = hint(scene.nsenter(["-t", &id, "-n", &script]), 127, &[MISSING]);
    assert_eq!(outside, format!("the interpreter of {script}, /no/such/shell, is missing"));
    for options in [&["-n"][..], &["-m"]] {
        let of_shell = hint(scene.nsenter(["-t", &id]).args(options).args(["cd", "/"]), 127, &[MISSING]);
        assert!(of_shell.starts_with("cd is a command of the shell"), "{options:?}: {of_shell}");
    }
    // It was found where nobody may execute it.
    let file = scene.file("plain", "");
    let refused = hint(scene.nsenter(["-t", &id, "-m", &file]), 126, &["denied"]);
    assert!(refused.contains("has no permission to be executed"), "{refused}");
}
