//! System calls that fail.

use crate::common::{ALICE, Scene, newer_than_theirs, on_purpose};
use crate::{assert_says, call, faulty};

/// A tool, what strace makes fail, the arguments, the status and the line.
type Row = (&'static str, &'static [&'static str], &'static [&'static str], i32, &'static str);

fn assert_rows(rows: &[Row]) {
    let scene = Scene::new();
    for (tool, faults, args, status, said) in rows {
        let call = if faults.is_empty() { call(&scene, tool, args) } else { faulty(&scene, tool, faults, args) };
        assert_says(&(faults, args), &call.args(["true"]).run(), *status, &format!("{tool}: {said}"));
    }
}

scene_test!(namespaces_and_processes);
fn namespaces_and_processes() {
    crate::common::otherwise_since((2, 42), "all namespaces of a target are entered by one call, with one message");
    crate::common::needs_root("to enter the namespaces that are there");
    assert_rows(&[
        ("unshare", &["-e", "inject=unshare:error=EPERM"], &["-m"], 1, "unshare failed: Operation not permitted"),
        ("unshare", &["-e", "inject=unshare:error=ENOSPC"], &["-U"], 1, "unshare failed: No space left on device"),
        (
            "unshare",
            &["-e", "inject=fork,clone,clone3,vfork:error=EAGAIN"],
            &["-f"],
            1,
            "fork failed: Resource temporarily unavailable",
        ),
        (
            "unshare",
            &["-e", "inject=rt_sigprocmask:error=EINVAL"],
            &["-f"],
            1,
            "sigprocmask block failed: Invalid argument",
        ),
    ]);
    let scene = Scene::new();
    // A process that may be looked into.
    let target = format!("-t{}", std::process::id());
    let refused = ["-e", "inject=setns:error=EPERM"];
    let no_more = ["-e", "inject=fork,clone,clone3,vfork:error=EAGAIN"];
    let of = |kind: &str| format!("reassociate to namespace 'ns/{kind}' failed: Operation not permitted");
    for (faults, args, line) in [
        (refused, &["-m", "-C", "-n"][..], of("cgroup")),
        (refused, &["-T", "-p", "-m"], of("pid")),
        (refused, &["-a"], of("cgroup")),
        (refused, &["-m"], of("mnt")),
        (no_more, &["-p"], "fork failed: Resource temporarily unavailable".to_string()),
    ] {
        let call = faulty(&scene, "nsenter", &faults, &[&target]);
        assert_says(&args, &call.args(args).args(["/bin/true"]).run(), 1, &format!("nsenter: {line}"));
    }
}

scene_test!(refused_forks_and_waits_get_the_words_of_util_linux);
fn refused_forks_and_waits_get_the_words_of_util_linux() {
    let scene = Scene::new();
    // The child only sets the mask; before it there is a block.
    let call = call(&scene, "unshare", &["-f", "true"]);
    let outcome = call.refused(&scene, libc::SYS_rt_sigprocmask, libc::EINVAL, libc::SIG_SETMASK).run();
    assert_says(&"restore", &outcome, 1, "unshare: sigprocmask restore failed: Invalid argument");
    assert_rows(&[(
        "unshare",
        &["-e", "inject=wait4,waitid:error=ECHILD"],
        &["-f"],
        1,
        "waitpid failed: No child processes",
    )]);
    // Ours does not call eventfd(2): what it has in its place fails with the same line.
    let directory = scene.subdirectory("private");
    scene.mount(["--bind", &directory, &directory]);
    scene.mount(["--make-private", &directory]);
    let file = format!("--mount={}", scene.file("private/file", ""));
    let faults = ["-e", "inject=eventfd2,socketpair:error=EMFILE"];
    let outcome = faulty(&scene, "unshare", &faults, &[&file, "true"]).run();
    assert_says(&"eventfd", &outcome, 1, "unshare: eventfd failed: Too many open files");
}

scene_test!(the_directory_that_nsenter_comes_from);
fn the_directory_that_nsenter_comes_from() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = Scene::new();
    let directory = scene.subdirectory("closed");
    std::fs::set_permissions(&directory, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let call = call(&scene, "nsenter", &["-r/", "true"]).user(ALICE).directory(&directory);
    let said = "nsenter: cannot open current working directory: Permission denied";
    assert_says(&"-r", &call.run(), 1, said);
}

scene_test!(handlers_of_programs);
fn handlers_of_programs() {
    crate::common::otherwise_since((2, 42), "a handler that cannot be registered is no error");
    newer_than_theirs((2, 42), "--load-interp");
    let scene = Scene::new();
    let register = "/proc/sys/fs/binfmt_misc/register";
    let interpreter = "--load-interp=:nskit:M::nskit::/bin/sh:";
    // musl opens by open(2), where there is one.
    for (call, said) in [("?open,openat", "cannot open"), ("write", "write failed")] {
        let fault = format!("inject={call}:error=EACCES");
        let call = faulty(&scene, "unshare", &["-P", register, "-e", &fault], &["-rpf", interpreter, "true"]);
        let line = format!("unshare: {said} {register}: Permission denied");
        assert_says(&said, &call.run(), 1, &line);
    }
}

scene_test!(ids_that_no_namespace_has);
fn ids_that_no_namespace_has() {
    newer_than_theirs((2, 42), ":NSID");
    let scene = Scene::new();
    for option in ["--net=:999999999999", "--mount=:999999999999"] {
        let outcome = call(&scene, "nsenter", &[option, "true"]).run();
        let line = "nsenter: cannot open namespace of id 999999999999: Stale file handle";
        assert_says(&option, &outcome, 1, line);
    }
}

scene_test!(settings_of_namespaces);
fn settings_of_namespaces() {
    let said = "Operation not permitted";
    for (nth, file) in [("1", "uid_map"), ("2", "setgroups"), ("3", "gid_map")] {
        let scene = Scene::new();
        let fault = format!("inject=write:error=EPERM:when={nth}");
        let call = faulty(&scene, "unshare", &["-e", &fault], &["-r", "true"]);
        assert_says(&file, &call.run(), 1, &format!("unshare: write failed /proc/self/{file}: {said}"));
    }
    assert_rows(&[(
        "unshare",
        &[],
        &["-T", "--monotonic=99999999999999999"],
        1,
        "failed to write to /proc/self/timens_offsets: Numerical result out of range",
    )]);
    let scene = Scene::new();
    scene.mount(["-t", "tmpfs", "none", "/proc"]);
    for (args, line) in [
        (&["-r", "true"][..], "cannot open /proc/self/uid_map: No such file or directory"),
        (&["-T", "--boottime=1", "true"], "failed to open /proc/self/timens_offsets: No such file or directory"),
    ] {
        assert_says(&args, &call(&scene, "unshare", args).run(), 1, &format!("unshare: {line}"));
    }
}

scene_test!(refused_credentials_get_the_words_of_util_linux);
fn refused_credentials_get_the_words_of_util_linux() {
    crate::common::otherwise_since((2, 42), "its words");
    crate::common::needs_root("setgroups(2)");
    assert_rows(&[
        ("unshare", &["-e", "inject=setgroups:error=EPERM"], &["-G0"], 1, "setgroups failed: Operation not permitted"),
        ("unshare", &["-e", "inject=setgid:error=EPERM"], &["-G0"], 1, "setgid failed: Operation not permitted"),
        ("unshare", &["-e", "inject=setuid:error=EPERM"], &["-S0"], 1, "setuid failed: Operation not permitted"),
        ("nsenter", &["-e", "inject=setgid:error=EPERM"], &["-G0"], 1, "setgid failed: Operation not permitted"),
        ("nsenter", &["-e", "inject=setuid:error=EPERM"], &["-S0"], 1, "setuid failed: Operation not permitted"),
        (
            "unshare",
            &["-e", "inject=capget:error=EPERM"],
            &["-U", "--keep-caps"],
            1,
            "capget failed: Operation not permitted",
        ),
        (
            "unshare",
            &["-e", "inject=capset:error=EPERM"],
            &["-U", "--keep-caps"],
            1,
            "capset failed: Operation not permitted",
        ),
        (
            "unshare",
            &["-e", "inject=prctl:error=EPERM"],
            &["-U", "--keep-caps"],
            1,
            "prctl(PR_CAP_AMBIENT) failed: Operation not permitted",
        ),
        ("unshare", &["-e", "inject=prctl:error=EINVAL"], &["--kill-child"], 1, "prctl failed: Invalid argument"),
    ]);
}

scene_test!(mounts_and_directories);
fn mounts_and_directories() {
    crate::common::otherwise_since((2, 42), "its words");
    assert_rows(&[
        ("unshare", &[], &["-R/no/such"], 1, "cannot change root directory to '/no/such': No such file or directory"),
        ("unshare", &[], &["--root="], 1, "cannot change root directory to '': No such file or directory"),
        ("unshare", &[], &["-R/etc/passwd"], 1, "cannot change root directory to '/etc/passwd': Not a directory"),
        ("unshare", &[], &["-w/no/such"], 1, "cannot chdir to '/no/such': No such file or directory"),
        ("unshare", &["-e", "inject=chdir:error=EACCES"], &["-R/"], 1, "cannot chdir to '/': Permission denied"),
        ("unshare", &[], &["--mount-proc=/no/such"], 1, "mount /no/such failed: No such file or directory"),
        (
            "unshare",
            &[],
            &["-m", "--propagation=slave", "--mount-proc=/no/such"],
            1,
            "cannot change /no/such filesystem propagation: No such file or directory",
        ),
        (
            "unshare",
            &["-e", "inject=mount:error=EINVAL"],
            &["-m"],
            1,
            "cannot change root filesystem propagation: Invalid argument",
        ),
        ("nsenter", &["-e", "inject=chroot:error=EPERM"], &["-r/"], 1, "chroot failed: Operation not permitted"),
        (
            "nsenter",
            &["-e", "inject=chdir:error=EPERM"],
            &["-r/"],
            1,
            "cannot change directory to /: Operation not permitted",
        ),
        (
            "nsenter",
            &["-e", "inject=fchdir:error=EPERM"],
            &["-r/"],
            1,
            "change directory by root file descriptor failed: Operation not permitted",
        ),
        (
            "nsenter",
            &["-e", "inject=fchdir:error=EPERM"],
            &["-w/"],
            1,
            "change directory by working directory file descriptor failed: Operation not permitted",
        ),
    ]);
}

scene_test!(files_that_keep_namespaces);
fn files_that_keep_namespaces() {
    let on = |name: &'static str| -> Row {
        let line = format!("mount /proc/<PID>/ns/{} on /no/such failed: No such file or directory", name);
        let option: &'static str = match name {
            "mnt" => "--mount=/no/such",
            "pid_for_children" => "--pid=/no/such",
            "time_for_children" => "--time=/no/such",
            "uts" => "--uts=/no/such",
            _ => "--net=/no/such",
        };
        ("unshare", &[], Vec::leak(vec![option]), 1, String::leak(line))
    };
    assert_rows(&["mnt", "uts", "net", "pid_for_children", "time_for_children"].map(on));
    let several = ["--mount=/no/a", "--uts=/no/b", "--ipc=/no/c"];
    let line = "mount /proc/<PID>/ns/ipc on /no/c failed: No such file or directory";
    assert_rows(&[("unshare", &[], Vec::leak(several.to_vec()), 1, line)]);
    // A PID namespace without its first process.
    let scene = Scene::new();
    let file = scene.file("pid", "");
    let outcome = call(&scene, "unshare", &[&format!("--pid={file}"), "true"]).run();
    let line = format!("unshare: mount /proc/<PID>/ns/pid_for_children on {file} failed: No such file or directory");
    // The name of the scene may hold what stands for a number.
    let line = line.replace(&file, "FILE");
    let outcome = crate::common::Outcome { stderr: outcome.stderr.replace(&file, "FILE"), ..outcome };
    assert_says(&"--pid", &outcome, 1, &line);
}

scene_test!(namespaces_are_made_before_the_files_are_looked_at);
fn namespaces_are_made_before_the_files_are_looked_at() {
    let scene = Scene::new();
    let file = scene.file("there", "");
    for args in [&["--uts=/no/such"][..], &["--time=/no/such", "-f"], &[&format!("--pid={file}")]] {
        let outcome = call(&scene, "unshare", args).args(["true"]).user(ALICE).run();
        assert_says(&args, &outcome, 1, "unshare: unshare failed: Operation not permitted");
    }
}

scene_test!(a_program_that_cannot_start_gets_the_words_of_util_linux);
fn a_program_that_cannot_start_gets_the_words_of_util_linux() {
    crate::common::otherwise_since((2, 42), "where there is nothing to enter, it ends");
    let scene = Scene::new();
    for tool in ["unshare", "nsenter"] {
        for (program, status, error) in [
            ("no-such-program", 127, "No such file or directory"),
            ("/etc/passwd", 126, "Permission denied"),
            ("/", 126, "Permission denied"),
            ("", 127, "No such file or directory"),
        ] {
            let line = format!("{tool}: failed to execute {program}: {error}");
            assert_says(&program, &call(&scene, tool, &[program]).run(), status, &line);
        }
    }
}

scene_test!(without_a_proc);
fn without_a_proc() {
    crate::common::needs_root("to unmount /proc");
    let scene = Scene::new();
    let file = scene.file("kept", "");
    let (uts, mount) = (format!("--uts={file}"), format!("--mount={file}"));
    let keep = format!("mount /proc/<PID>/ns/uts on {file} failed");
    for (options, what) in [
        (&["-r"][..], "cannot open /proc/self/uid_map"),
        (&["-T", "--boottime=5"], "failed to open /proc/self/timens_offsets"),
        (&[&uts], &keep),
        (&[&mount], "stat of /proc/<PID>/ns/mnt failed"),
    ] {
        let line = "umount -l /proc; exec \"$@\"";
        let tool = crate::common::tool("unshare").display().to_string();
        let outer = ["-m", "sh", "-c", line, "sh", &tool];
        let outcome = call(&scene, "unshare", &outer).args(options).args(["true"]).run();
        assert_says(&options, &outcome, 1, &format!("unshare: {what}: No such file or directory"));
    }
}

scene_test!(subordinate_ids);
fn subordinate_ids() {
    crate::common::otherwise_since((2, 42), "its words");
    let scene = Scene::new();
    let nobody = crate::common::User { name: "4711", uid: 4711, gid: 4711 };
    let outcome = call(&scene, "unshare", &["--map-auto", "true"]).user(nobody).run();
    assert_says(&"nobody", &outcome, 1, "unshare: you (user 4711) don't exist.");
    let outcome = call(&scene, "unshare", &["--map-auto", "true"]).user(crate::common::BOB).run();
    assert_says(&"bob", &outcome, 1, "unshare: no line matching user \"bob\" in /etc/subuid: Success");
    let faults = ["-P", "/etc/subuid", "-e", "inject=open,openat:error=ENOENT"];
    let call = faulty(&scene, "unshare", &faults, &["--map-auto", "true"]);
    assert_says(&"no file", &call.run(), 1, "unshare: could not open '/etc/subuid': No such file or directory");
    on_purpose("status 1, as where newuidmap itself fails");
    let call = crate::call(&scene, "unshare", &["--map-auto", "/bin/true"]).user(ALICE).env("PATH", "/no/such");
    assert_says(&"newuidmap", &call.run(), 1, "unshare: failed to execute newuidmap: No such file or directory");
}

scene_test!(refused_sockets_get_the_words_of_util_linux);
fn refused_sockets_get_the_words_of_util_linux() {
    crate::common::needs_root("a socket in the network namespace that is there");
    newer_than_theirs((2, 41), "--net-socket");
    let scene = Scene::new();
    let target = format!("-t{}", std::process::id());
    let outcome = call(&scene, "nsenter", &[&target, "-N77777", "true"]).run();
    assert_says(&"-N77777", &outcome, 1, "nsenter: pidfd_getfd(<N>, 77777): Bad file descriptor");
    let file = std::fs::File::open("/etc/passwd").unwrap();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
    let outcome = call(&scene, "nsenter", &[&target, &format!("-N{fd}"), "true"]).run();
    assert_says(&fd, &outcome, 1, "nsenter: ioctl(<N>, SIOCGSKNS): Inappropriate ioctl for device");
}
