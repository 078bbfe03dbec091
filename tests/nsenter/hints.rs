//! The hint below a failure where another one looks alike: what each of them may say, and what it may not.

mod names;
mod processes;
mod programs;
mod rights;

use crate::common::{ALICE, BOB, Call, ROOT, Scene, on_purpose};
use crate::{ROOTLESS, Target};

/// A scene; `None` as well where the tool under test has no hints.
fn scene() -> Scene {
    on_purpose("theirs has no hints");
    crate::scene()
}

/// Asserts that it fails with `status`, with a message that holds `words` and one hint, which is returned.
#[track_caller]
fn hint(call: Call, status: i32, words: &[&str]) -> String {
    let outcome = call.run();
    let below = outcome.failed("nsenter", status, words);
    let [only] = below[..] else { panic!("not one hint: {outcome:#?}") };
    let hint = only.strip_prefix("nsenter: hint: ");
    hint.unwrap_or_else(|| panic!("{outcome:#?}")).to_string()
}

const REFUSED: &str = "Operation not permitted";
const INVALID: &str = "Invalid argument";
const DENIED: &str = "Permission denied";
const MISSING: &str = "No such file or directory";

scene_test!(a_mount_namespace_is_entered_with_the_right_to_chroot);
fn a_mount_namespace_is_entered_with_the_right_to_chroot() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-m"]);
    let without = |lacking: &str| {
        let bounds = ["--bounding-set", lacking, "--inh-caps", lacking];
        let call = scene.call("/usr/bin/setpriv", bounds);
        call.args(["bin/nsenter", "-t", &target.id(), "-m", "true"])
    };
    let words = ["reassociate to namespace 'ns/mnt' failed", REFUSED];
    let chroot = hint(without("-sys_chroot"), 1, &words);
    assert!(chroot.ends_with("and we lack CAP_SYS_CHROOT"), "{chroot}");
    let admin = hint(without("-sys_admin"), 1, &words);
    assert!(admin.ends_with("where we lack CAP_SYS_ADMIN"), "{admin}");
    let both = hint(without("-sys_admin,-sys_chroot"), 1, &words);
    assert!(both.ends_with("where we lack CAP_SYS_ADMIN and CAP_SYS_CHROOT"), "{both}");
}

scene_test!(the_process_that_is_protected_is_the_one_of_the_path);
fn the_process_that_is_protected_is_the_one_of_the_path() {
    let scene = scene();
    // Bob's own, whom nothing keeps from looking into it.
    let target = Target::of(scene.probe(["hold"]).user(BOB));
    let roots = scene.pid();
    for option in ["--net=", "--root="] {
        let name = if option == "--net=" { "ns/net" } else { "root" };
        let file = format!("{option}/proc/{roots}/{name}");
        let call = scene.nsenter(["-t", &target.id(), &file, "true"]);
        let hint = hint(call.user(BOB), 1, &[name, DENIED]);
        assert!(hint.starts_with(&format!("process {roots} may be looked into")), "{hint}");
    }
    // What refuses here is a directory, and no process.
    let closed = scene.subdirectory("closed");
    scene.subdirectory("closed/directory");
    scene.call("/bin/chmod", ["700", &closed]).ok();
    let root = format!("--root={}{closed}/directory", target.proc("root"));
    let call = scene.nsenter(["-t", &target.id(), &root, "true"]);
    let outcome = call.user(BOB).run();
    let below = outcome.failed("nsenter", 1, &["closed", DENIED]);
    assert_eq!(below, [""; 0]);
}

scene_test!(groups_that_were_given_are_to_be_left_out);
fn groups_that_were_given_are_to_be_left_out() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, &["-U", "-r"]);
    let words = ["setgroups", REFUSED];
    let preserve = "--preserve-credentials";
    let call = scene.nsenter(["-t", &target.id(), "-U", preserve, "-G0", "true"]);
    let preserving = hint(call.user(ALICE), 1, &words);
    assert!(preserving.contains("leave -G out") && !preserving.contains(preserve), "{preserving}");
    let call = scene.nsenter(["-t", &target.id(), "-U", "-G0", "true"]);
    let becoming_root = hint(call.user(ALICE), 1, &words);
    assert!(becoming_root.contains("leave -G out") && becoming_root.contains(preserve), "{becoming_root}");
    // As the hints say.
    let call = scene.nsenter(["-t", &target.id(), "-U", preserve, "true"]);
    call.user(ALICE).ok();
}

scene_test!(nothing_is_preserved_where_no_user_namespace_is_entered);
fn nothing_is_preserved_where_no_user_namespace_is_entered() {
    let scene = scene();
    let inside = |option: &str| {
        let call = scene.call(scene.path("our-unshare"), ["-r", "bin/nsenter"]);
        call.args([option, "true"]).user(ALICE)
    };
    let user = hint(inside("-S5"), 1, &["setuid failed", INVALID]);
    assert!(
        user.starts_with("the id is not mapped in the user namespace that we are in")
            && user.contains("-S")
            && !user.contains("--preserve"),
        "{user}"
    );
    let groups = hint(inside("-G5"), 1, &["setgroups failed", REFUSED]);
    assert!(groups.starts_with("the user namespace that we are in denies setgroups(2): leave -G out"), "{groups}");
}

scene_test!(a_program_that_is_named_by_its_path_is_looked_up_by_no_variable);
fn a_program_that_is_named_by_its_path_is_looked_up_by_no_variable() {
    let scene = scene();
    let target = Target::new(&scene, ROOT, &["-m"]);
    let script = scene.program("script", "#!/no/such/shell\n");
    for program in ["/no/such/program", &script] {
        let call = scene.nsenter(["-t", &target.id(), "-m", program]);
        let hint = hint(call, 127, &[program, MISSING]);
        assert!(
            hint.contains("the mount namespace that was entered")
                && hint.contains("interpreter")
                && !hint.contains("PATH"),
            "{hint}"
        );
    }
}

scene_test!(the_pid_namespace_has_no_process_1_any_more);
fn the_pid_namespace_has_no_process_1_any_more() {
    let scene = scene();
    let keep = format!("--pid={}", scene.file("pid", ""));
    let unshare = scene.path("our-unshare");
    scene.call(unshare, [&*keep, "-f", "true"]).ok();
    let call = scene.nsenter([&*keep, "true"]);
    let hint = hint(call, 1, &["fork", "Cannot allocate memory"]);
    assert!(hint.starts_with("process 1 of the PID namespace that was entered has ended"), "{hint}");
}

scene_test!(another_root_directory_than_the_namespaces_is_named);
fn another_root_directory_than_the_namespaces_is_named() {
    let scene = scene();
    let target = Target::new(&scene, ALICE, ROOTLESS);
    let root = format!("--root={}", scene.subdirectory("root"));
    for options in [&["-m", "-U"][..], &[]] {
        let call = scene.nsenter(["-t", &target.id(), &root]).args(options);
        let hint = hint(call.args(["no-such-program"]), 127, &[MISSING]);
        assert!(hint.starts_with("it was looked for below the root directory that was entered"), "{hint}");
    }
}
