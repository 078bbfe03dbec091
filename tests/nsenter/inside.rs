//! What is opened inside, after entering: files that whoever is inside may have put there to mislead.

use crate::common::{ALICE, Ending, ROOT, Under, on_purpose, under_test};
use crate::{Target, scene};

scene_test!(a_pipe_for_a_passwd_file_is_not_waited_for);
fn a_pipe_for_a_passwd_file_is_not_waited_for() {
    crate::common::otherwise_since((2, 42), "a pipe for a passwd file is waited for");
    let scene = scene();
    // The shell that is fallen back to is the probe, which tells that it ran. getent would wait for the pipe as well.
    let script = "mkfifo pipe
mount --bind pipe /etc/passwd && mount --bind bin/probe /bin/sh && exec bin/probe hold";
    let options = ["-m", "/bin/sh", "-ec", script];
    let target = Target::of(scene.call(scene.path("our-unshare"), options));
    let outcome = scene.nsenter(["-t", &target.id(), "-m"]).run();
    assert_eq!(outcome.ending, Ending::Exited(98), "{outcome:?}");
    assert_eq!(outcome.stdout, "probe: what is ''?\n");
}

scene_test!(a_passwd_file_without_an_end_is_not_read_to_it);
fn a_passwd_file_without_an_end_is_not_read_to_it() {
    crate::common::needs_root("/proc/kmsg");
    let scene = scene();
    for make in ["truncate -s 1T endless", "mount --bind /dev/zero endless", "mount --bind /proc/kmsg endless"] {
        let script = format!(
            "touch endless; {make}
mount --bind endless /etc/passwd && mount --bind bin/probe /bin/sh && exec bin/probe hold"
        );
        let options = ["-m", "/bin/sh", "-ec", &script];
        let target = Target::of(scene.call(scene.path("our-unshare"), options));
        // Theirs may be waiting for it.
        if under_test() == Under::Ours {
            let outcome = scene.nsenter(["-t", &target.id(), "-m"]).run();
            assert_eq!(outcome.stdout, "probe: what is ''?\n", "{make}: {outcome:?}");
        }
    }
}

scene_test!(a_context_is_written_only_to_a_file_of_proc);
fn a_context_is_written_only_to_a_file_of_proc() {
    on_purpose("theirs takes the /proc inside for one");
    for (make, said) in
        [("cp /dev/null", "No such device"), ("mkfifo", "No such device or address"), ("mkdir", "Is a directory")]
    {
        let scene = scene();
        let script = format!(
            "mount -t tmpfs none /proc; mkdir -p /proc/self/attr; {make} /proc/self/attr/exec; exec bin/probe hold"
        );
        let options = ["-m", "/bin/sh", "-ec", &script];
        let target = Target::of(scene.call(scene.path("our-unshare"), options).user(ROOT));
        // A machine with SELinux, as far as we can see.
        scene.mount(["-t", "tmpfs", "none", "/sys"]);
        scene.call("/bin/mkdir", ["-p", "/sys/fs/selinux/enforce"]).ok();
        let context = scene.file("context", "system_u:system_r:container_t:s0");
        scene.mount(["--bind", &context, &target.proc("attr/current")]);

        let id = target.id();
        let outcome = scene.nsenter(["-t", &id, "-m", "-Z", "echo", "ran"]).run();
        let hints = outcome.failed("nsenter", 1, &["SELinux context", said]);
        if make.starts_with("cp") {
            assert!(hints[0].contains("does not belong to a proc"), "{hints:?}");
            let taken = std::fs::read_to_string(target.proc("root/proc/self/attr/exec"));
            assert_eq!(taken.unwrap(), "");
        }
    }
}

scene_test!(the_user_namespace_is_not_looked_for_inside);
fn the_user_namespace_is_not_looked_for_inside() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    let scene = scene();
    let decoy = Target::new(&scene, ALICE, &["-U", "-r"]);
    // In its own mount namespace, the target's directory in /proc tells of the decoy's user namespace.
    let script = format!(
        "touch decoy; mount --bind {} decoy; mount -t tmpfs none /proc; mkdir -p /proc/$$/ns; touch /proc/$$/ns/user
mount --bind decoy /proc/$$/ns/user; exec bin/probe hold",
        decoy.proc("ns/user")
    );
    let options = ["-m", "/bin/sh", "-ec", &script];
    let target = Target::of(scene.call(scene.path("our-unshare"), options));
    // Outside it does not tell of any, so that the pidfd alone is left: and that leads to the one that we are in.
    scene.mount(["-t", "tmpfs", "none", &target.proc("ns")]);
    let id = target.id();
    let call = scene.nsenter(["-t", &id, "-m", "-U", "--preserve-credentials", "echo", "ran"]);
    let line = format!("nsenter: cannot open {}: No such file or directory", target.proc("ns/user"));
    call.run().says(1, &line);
}

scene_test!(a_context_needs_a_proc_that_can_be_written);
fn a_context_needs_a_proc_that_can_be_written() {
    on_purpose("theirs has no hints");
    let scene = scene();
    let script = "mount -o remount,bind,ro /proc; exec bin/probe hold";
    let target = Target::of(scene.call(scene.path("our-unshare"), ["-m", "/bin/sh", "-ec", script]));
    // A machine with SELinux, as far as we can see.
    scene.mount(["-t", "tmpfs", "none", "/sys"]);
    scene.call("/bin/mkdir", ["-p", "/sys/fs/selinux/enforce"]).ok();
    let context = scene.file("context", "system_u:system_r:container_t:s0");
    scene.mount(["--bind", &context, &target.proc("attr/current")]);
    let outcome = scene.nsenter(["-t", &target.id(), "-m", "-Z", "true"]).run();
    let hints = outcome.failed("nsenter", 1, &["Read-only file system"]);
    assert!(hints[0].contains("proc is mounted read-only on /proc"), "{hints:?}");
}
