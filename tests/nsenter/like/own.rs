//! --like-target beside options that say something else, of the caller's own, and what is the caller's after all.

use super::{Container, docker, like, rootless};
use crate::common::{ALICE, Ending, Pty, ROOT, Scene, Seen, copy_to_run, needs_root, on_purpose, poll_until};
use crate::{Target, scene};

/// The environment of the program.
fn environment(scene: &Scene, target: &Target, options: &[&str]) -> Vec<String> {
    let seen = like(scene, target, options);
    seen.all("env").into_iter().map(str::to_string).collect()
}

scene_test!(the_environment_is_the_targets_without_what_is_for_its_first_process);
fn the_environment_is_the_targets_without_what_is_for_its_first_process() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let all = [
        "PATH=/usr/bin:/bin",
        "NOTIFY_SOCKET=/run/notify",
        "LISTEN_FDS=1",
        "LISTEN_PID=1",
        "TERM=old",
        "WATCHDOG_USEC=1",
        "INVOCATION_ID=1",
        "JOURNAL_STREAM=1",
        "HOME=/home/x",
        "A=1",
        "INVOCATION_IDS=1",
    ];
    let container = Container { environment: &all, ..docker() };
    let target = container.start(&scene);
    let expected = ["PATH=/usr/bin:/bin", "HOME=/home/x", "A=1", "INVOCATION_IDS=1", "TERM=new"];
    assert_eq!(environment(&scene, &target, &[]), expected);
    // --env wants it as it is.
    assert_eq!(environment(&scene, &target, &["-e"]), all);
    // A caller without a terminal leaves the target's.
    let seen = scene.nsenter(["-t", &target.id(), "--like-target", "/usr/bin/env"]).no_env().ok();
    assert!(seen.contains("TERM=old\n"), "{seen}");
}

scene_test!(home_is_that_of_the_user_inside);
fn home_is_that_of_the_user_inside() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let container = Container { environment: &["PATH=/usr/bin:/bin"], ..docker() };
    let target = container.start(&scene);
    let home = |target: &Target, options: &[&str]| {
        let all = environment(&scene, target, options);
        all.into_iter().filter_map(|entry| entry.strip_prefix("HOME=").map(str::to_string)).collect::<Vec<_>>()
    };
    assert_eq!(home(&target, &[]), ["/root"]);
    assert_eq!(home(&target, &["-S", "4711"]), ["/"]);
    // Of another user than the target's, whatever the target has.
    let target = Container { environment: &["PATH=/usr/bin:/bin", "HOME=/x"], ..docker() }.start(&scene);
    assert_eq!(home(&target, &[]), ["/x"]);
    assert_eq!(home(&target, &["-S", "4711"]), ["/"]);
    assert_eq!(home(&target, &["-S", "0"]), ["/root"]);
}

scene_test!(what_is_asked_for_wins);
fn what_is_asked_for_wins() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let target = Container { rights: super::docker().rights.replace("--clear-groups", "--groups 44"), ..docker() };
    let target = target.start(&scene);
    let seen = like(&scene, &target, &["-S", "1001", "-w/tmp"]);
    assert_eq!((seen.one("uid"), seen.one("gid"), seen.one("groups")), ("1001 1001 1001", "0 0 0", "44"));
    assert_eq!(seen.one("cwd"), "/tmp");
    // Of a user other than root, who has no capabilities there.
    let bounding = format!("ambient 0 bounding {:x}", super::DOCKER);
    assert_eq!(seen.all("caps"), ["permitted 0 effective 0 inheritable 0", &bounding]);
    let seen = like(&scene, &target, &["-G", "1001", "--wdns=/"]);
    assert_eq!((seen.one("uid"), seen.one("gid"), seen.one("groups")), ("0 0 0", "1001 1001 1001", ""));
    assert_eq!(seen.one("cwd"), "/");
    // A namespace that is given.
    let own = format!("--uts=/proc/{}/ns/uts", scene.pid());
    let seen = like(&scene, &target, &[&own]);
    assert_eq!(crate::namespace(&seen, "uts"), scene.namespace("uts"));
    assert_eq!(crate::namespace(&seen, "net"), target.namespace("net"));
    // A directory of the caller's.
    scene.subdirectory("rootfs");
    copy_to_run(&crate::common::probe(), &scene.path("rootfs/probe"));
    let root = format!("--root={}", scene.text("rootfs"));
    let seen = scene.nsenter(["-t", &target.id(), "--like-target", &root, "-w", "/probe", "seen"]).seen();
    assert_eq!(seen.all("caps")[1], bounding);
    // More is taken away, and nothing is given.
    let seen = like(&scene, &target, &["--cap-drop=chown", "--cap-add=sys_admin", "--no-new-privs"]);
    let left = super::DOCKER & !1;
    assert_eq!(seen.all("caps")[1], format!("ambient 0 bounding {left:x}"));
    assert_eq!((seen.one("no-new-privs"), seen.one("seccomp")), ("1", "2 1"));
}

scene_test!(root_in_a_container_of_another_user_has_what_the_container_allows);
fn root_in_a_container_of_another_user_has_what_the_container_allows() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let rights = format!("--bounding-set={} --inh-caps=-all --reuid 1001 --regid 1001 --clear-groups", super::names(3));
    let target = Container { rights: rights.clone(), ..docker() }.start(&scene);
    let root = ["permitted 3 effective 3 inheritable 0", "ambient 0 bounding 3"];
    assert_eq!(like(&scene, &target, &["-S", "0"]).all("caps"), root);
    let target = Container { rights: rights + " --no-new-privs", ..docker() }.start(&scene);
    assert_eq!(like(&scene, &target, &["-S", "0"]).all("caps"), root);
}

scene_test!(an_ordinary_user_enters_their_own_container);
fn an_ordinary_user_enters_their_own_container() {
    on_purpose("--like-target");
    let scene = scene();
    let user = if crate::common::is_root() { ALICE } else { ROOT };
    let probe = scene.text("bin/probe");
    let script = "ulimit -Sn 100; umask 077; cd /usr; exec \"$@\"";
    let target = rootless(&scene, user, &["sh", "-c", script, "sh", &probe, "hold"]);
    let call = scene.nsenter(["-t", &target.id(), "--like-target", &probe, "world"]).user(user);
    let seen = call.seen();
    for (_, _, name) in crate::KINDS {
        assert_eq!(crate::namespace(&seen, name), target.namespace(name));
    }
    assert_eq!((seen.one("uid"), seen.one("umask"), seen.one("cwd")), ("0 0 0", "077", "/usr"));
    assert!(seen.all("limit").iter().any(|limit| limit.starts_with("7 100 ")), "{seen:?}");
    assert_eq!(seen.one("session"), "own");
}

scene_test!(the_umask_of_a_first_process_without_one_is_the_usual_one);
fn the_umask_of_a_first_process_without_one_is_the_usual_one() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let target = Container { prepare: "umask 0", ..docker() }.start(&scene);
    assert_eq!(like(&scene, &target, &[]).one("umask"), "022");
    // Of any other process it is what it is.
    let unshare = &["-m", "-u"];
    let target = Container { prepare: "umask 0", unshare, ..docker() }.start(&scene);
    assert_eq!(like(&scene, &target, &[]).one("umask"), "000");
}

scene_test!(the_terminal_is_the_targets);
fn the_terminal_is_the_targets() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let unshare = [super::NAMESPACES, &["--mount-dev"]].concat();
    let target = Container { unshare: &unshare, ..docker() }.start(&scene);
    let pty = Pty::new();
    let script =
        "tty; ps -o sid= -p $$ | tr -d ' ' | grep -qx $$ || echo between; grep -c '^Seccomp:.2' /proc/self/status";
    let args = ["-t", &target.id(), "--like-target", "--pty", "sh", "-c", script];
    let mut process = scene.nsenter(args).terminal(&pty).spawn();
    let ending = process.wait();
    assert_eq!((ending, pty.text()), (Ending::Exited(0), "/dev/pts/0\nbetween\n1\n".to_string()));
}

scene_test!(ctrl_c_reaches_a_program_of_another_session);
fn ctrl_c_reaches_a_program_of_another_session() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let target = docker().start(&scene);
    let pty = Pty::new();
    let probe = scene.text("bin/probe");
    let args = ["-t", &target.id(), "--like-target", &probe, "catch", "2"];
    let mut process = scene.nsenter(args).terminal(&pty).spawn();
    pty.expect("ready");
    let note = "nsenter: note: the program has no controlling terminal, so that no shell can control jobs: add --pty";
    assert!(pty.text().contains(note), "{}", pty.text());
    pty.type_in(b"\x03");
    pty.expect("got 02");
    assert!(!process.has_ended());
    let program = process.child();
    program.signal(libc::SIGKILL);
    poll_until("the end", || process.has_ended());
    assert_eq!(process.wait(), Ending::Killed(libc::SIGKILL));
}

scene_test!(a_user_namespace_that_is_given_by_a_file_gives_all_capabilities);
fn a_user_namespace_that_is_given_by_a_file_gives_all_capabilities() {
    on_purpose("--like-target");
    needs_root("capabilities to lack");
    let scene = scene();
    let target = Target::of(scene.call(scene.path("our-unshare"), ["-r", "-m", &scene.text("bin/probe"), "hold"]));
    // The target has all capabilities in its own user namespace, the caller lacks one outside.
    let lacking = |options: &[&str]| {
        let call = ["--bounding-set=-sys_resource", "nsenter", "-t", &target.id(), "--like-target"];
        let call = scene.call("/usr/bin/setpriv", call).args(options);
        call.args([scene.text("bin/probe").as_str(), "seen"]).seen()
    };
    let file = format!("--user=/proc/{}/ns/user", target.id());
    let (given, implied) = (lacking(&[&file]), lacking(&[]));
    assert_eq!(given.all("caps"), implied.all("caps"));
    assert_eq!(
        given.all("caps"),
        Seen::read(&scene.call(scene.path("our-unshare"), ["-r", &scene.text("bin/probe"), "seen"]).ok()).all("caps")
    );
}
