//! mount(2), and what is not mounted.

use super::*;

scene_test!(a_security_module_forbids_mounting);
fn a_security_module_forbids_mounting() {
    let scene = scene();
    for options in [&["-m"][..], &["-m", "--propagation=unchanged", "--mount-proc"]] {
        let call = unshare(&scene, ROOT, options).refused(&scene, libc::SYS_mount, libc::EACCES, 0);
        let hint = hint(call, &[DENIED]);
        assert!(hint.contains("forbids mounting here") && hint.contains("apparmor=unconfined"), "{hint}");
    }
    let call = unshare(&scene, ROOT, &["-n"]).refused(&scene, libc::SYS_unshare, libc::EACCES, 0);
    let namespaces = hint(call, &[DENIED]);
    assert!(namespaces.contains("forbids making namespaces here"), "{namespaces}");
    // The way to where it is to be mounted may be barred by its mode alone.
    let barred = scene.subdirectory("barred");
    let place = scene.subdirectory("barred/proc");
    scene.call("/bin/chmod", ["700", &barred]).ok();
    let option = format!("--mount-proc={place}");
    let call = unshare(&scene, ALICE, &["-r", "-p", "-f", &option]);
    assert!(call.run().failed("unshare", 1, &[DENIED]).is_empty());
}

scene_test!(a_filter_forbids_mounting);
fn a_filter_forbids_mounting() {
    let scene = scene();
    // As SystemCallFilter=~@mount with SystemCallErrorNumber=EPERM.
    for options in [&["-m"][..], &["-m", "-p", "-f", "--propagation=unchanged", "--mount-proc"]] {
        let call = unshare(&scene, ROOT, options).refused(&scene, libc::SYS_mount, libc::EPERM, 0);
        let hint = hint(call, &[REFUSED]);
        assert!(hint.starts_with("probably it is the seccomp filter of this container or service"), "{hint}");
    }
}

scene_test!(proc_is_masked_whether_or_not_a_process_of_its_mount_namespace_is_left);
fn proc_is_masked_whether_or_not_a_process_of_its_mount_namespace_is_left() {
    let scene = scene();
    let mask = "mount -t tmpfs -o ro t /proc/irq";
    let over = "mount -t proc p /proc";
    let run = "unshare -Urmpf --mount-proc true";
    for line in [
        format!("{mask}; {run}; exit $?"),
        // The last process of the mount namespace leaves it.
        format!("{mask}; exec {run}"),
        // A proc over another.
        format!("{over}; {mask}; {run}; exit $?"),
        format!("{over}; {mask}; exec {run}"),
    ] {
        let hint = hint(with_mounts_of_its_own(&scene, &line), &[REFUSED]);
        assert!(hint.starts_with("proc is partly masked here (/proc/irq is covered"), "{line}: {hint}");
    }
}

scene_test!(a_hint_outlives_the_mount_namespace_that_it_is_about);
fn a_hint_outlives_the_mount_namespace_that_it_is_about() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = scene();
    let file = scene.file("kept", "");
    let mounted = scene.subdirectory("mounted");
    let other = in_another_mount_namespace(&scene);
    let there = format!("/proc/{}/root{file}", other.pid());
    let line = format!("exec unshare -m --uts={there} true");
    let elsewhere = hint(with_mounts_of_its_own(&scene, &line), &[INVALID]);
    assert!(elsewhere.starts_with(&there) && elsewhere.contains("in another one"), "{elsewhere}");
    // A shared mount that goes with its mount namespace.
    let line = format!(
        "mount -t tmpfs t {mounted}; mount --make-shared {mounted}; touch {mounted}/f; exec unshare --mount={mounted}/f true"
    );
    let shared = hint(with_mounts_of_its_own(&scene, &line), &[INVALID]);
    assert!(shared.starts_with(&format!("{mounted} is a shared mount")), "{shared}");
    // And what is read of /etc.
    let line = "mount -t tmpfs t /etc; echo alice:x:1001:1001::/: >/etc/passwd; echo alice:7:8 >/etc/subuid; \
                exec setpriv --reuid 1001 --regid 1001 --clear-groups unshare -m --map-users=0:100000:10 true";
    let hint = hint(with_mounts_of_its_own(&scene, line), &["newuidmap"]);
    assert!(hint.contains("allows this user 7 to 14"), "{hint}");
}

scene_test!(a_hint_names_what_the_options_of_the_old_proc_forbid);
fn a_hint_names_what_the_options_of_the_old_proc_forbid() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = scene();
    let line = |option: &str, run: &str| format!("mount -o remount,bind,{option} /proc; {run}; exit $?");
    let run = "unshare -Urmpf --mount-proc true";
    let noatime = hint(with_mounts_of_its_own(&scene, &line("noatime", run)), &[REFUSED]);
    assert!(noatime.starts_with("the proc on /proc is mounted with noatime"), "{noatime}");
    // The map is written in it.
    let read_only = hint(with_mounts_of_its_own(&scene, &line("ro", run)), &["Read-only file system"]);
    assert!(read_only.starts_with("/proc is mounted read-only here"), "{read_only}");
    let run = "unshare -Umpf --mount-proc true";
    let unmapped = hint(with_mounts_of_its_own(&scene, &line("ro", run)), &[REFUSED]);
    assert!(unmapped.starts_with("the proc on /proc is mounted read-only"), "{unmapped}");
}

scene_test!(there_is_no_proc);
fn there_is_no_proc() {
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = scene();
    let file = scene.file("uts", "");
    for options in ["-r", "--map-auto", &format!("--uts={file}"), "-T --boottime 5"] {
        let line = format!("umount -l /proc; unshare {options} true; exit $?");
        let hint = hint(with_mounts_of_its_own(&scene, &line), &[MISSING]);
        assert!(hint.starts_with("no proc is mounted on /proc"), "{options}: {hint}");
    }
}

scene_test!(where_proc_is_to_be_mounted_is_not_there);
fn where_proc_is_to_be_mounted_is_not_there() {
    let scene = scene();
    let root = scene.subdirectory("root");
    let missing = hint(unshare(&scene, ROOT, &["-r", "-p", "-f", "--mount-proc", "-R", &root]), &[MISSING]);
    assert_eq!(missing, format!("there is no directory {root}/proc: create it first (mkdir {root}/proc)"));
    let missing = hint(unshare(&scene, ROOT, &["--mount-proc=/no/such"]), &[MISSING]);
    assert!(missing.starts_with("there is no directory /no/such"), "{missing}");
    scene.file("root/proc", "");
    let file = hint(unshare(&scene, ROOT, &["-p", "-f", "--mount-proc", "-R", &root]), &["Not a directory"]);
    assert_eq!(file, format!("{root}/proc is not a directory"));
}

scene_test!(a_hint_names_the_option_that_implies_mount_proc);
fn a_hint_names_the_option_that_implies_mount_proc() {
    let scene = scene();
    for options in [&["--mount-binfmt"][..], &["-l", ":a:E::a::/bin/cat:"]] {
        let implied = hint(unshare(&scene, ROOT, options), &[REFUSED]);
        assert!(implied.contains("add --pid --fork") && implied.contains("implied by --mount-binfmt"), "{implied}");
    }
    let asked = hint(unshare(&scene, ROOT, &["-r", "--mount-proc"]), &[REFUSED]);
    assert!(!asked.contains("implied"), "{asked}");
}

scene_test!(a_file_to_keep_a_namespace_on_is_missing_or_a_directory);
fn a_file_to_keep_a_namespace_on_is_missing_or_a_directory() {
    let scene = scene();
    let missing = scene.text("missing");
    for kind in ["uts", "net", "mount"] {
        let hint = hint(unshare(&scene, ROOT, &[&format!("--{kind}={missing}")]), &[MISSING]);
        assert!(hint.ends_with(&format!("touch {missing}")), "{hint}");
        assert_eq!(hint.contains("private mount"), kind == "mount", "{hint}");
    }
    let directory = scene.subdirectory("directory");
    let hint = hint(unshare(&scene, ROOT, &[&format!("--net={directory}")]), &["Not a directory"]);
    assert!(hint.starts_with(&format!("{directory} is a directory")), "{hint}");
    let missing = scene.text("no/such/file");
    let deep = self::hint(unshare(&scene, ROOT, &[&format!("--net={missing}")]), &[MISSING]);
    assert!(deep.ends_with(&format!("mkdir -p {} && touch {missing}", scene.text("no/such"))), "{deep}");
    let empty = self::hint(unshare(&scene, ROOT, &["--net="]), &[MISSING]);
    assert_eq!(empty, "the name of the file is empty, perhaps because a variable is empty");
}
