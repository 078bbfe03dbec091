//! A /proc that is none, or another one: whoever can mount there has the caller's rights, and still the tools are to end
//! with what was asked or an error, not to hang, and not to do something else.

use crate::common::{Call, Ending, Outcome, Process, Scene, on_purpose, theirs};
use crate::scene;

/// What stands where files of /proc should.
const FAKES: [(&str, &str); 4] = [
    ("pipes", "mkfifo"),
    ("bytes", "head -c 5000 /dev/urandom >"),
    ("links in a circle", "ln -s loop"),
    ("directories", "mkdir"),
];

/// Mounts a /proc of such files, for processes 1, 2, 3, `self` and that one.
fn fake_proc(scene: &Scene, fake: &str, pid: i32) {
    let script = format!(
        r#"
mount -t tmpfs none /proc
cd /proc && mkdir 1 2 3 sys sys/kernel sys/user {pid}
ln -s {pid} self && ln -s self thread-self
for process in 1 2 3 {pid}; do (
    cd $process && mkdir ns fd fdinfo task task/$process task/$process/ns attr
    for file in stat status cmdline environ cgroup mountinfo uid_map gid_map setgroups timens_offsets root cwd \
        attr/current attr/exec ns/user ns/uts ns/net ns/mnt ns/pid ns/pid_for_children ns/ipc ns/cgroup ns/time \
        ns/time_for_children fd/0 fd/3 task/$process/ns/net $(seq -f fdinfo/%g 0 20); do
        {fake} $file
    done
) done
"#
    );
    scene.call("/bin/bash", ["-ec", &script]).ok();
}

/// Ends by itself, in order, and without a panic.
#[track_caller]
fn ends(call: Call, what: &str) -> Outcome {
    let outcome = call.run();
    let in_order = matches!(outcome.ending, Ending::Exited(0..=2));
    assert!(in_order && !outcome.stderr.contains("panicked"), "{what}: {outcome:?}");
    let said = outcome.ending == Ending::Exited(0) || !outcome.stderr.is_empty();
    assert!(said, "{what}: {outcome:?}");
    outcome
}

fn holding(scene: &Scene, options: &[&str]) -> Process {
    let call = scene.call(scene.path("our-unshare"), options);
    let process = call.args(["probe", "hold"]).leashed().spawn();
    process.expect("ready");
    process
}

fn uts_of(pid: i32) -> String {
    let link = std::fs::read_link(format!("/proc/{pid}/ns/uts")).unwrap();
    link.display().to_string()
}

scene_test!(files_that_are_none_of_proc_are_neither_waited_for_nor_believed);
fn files_that_are_none_of_proc_are_neither_waited_for_nor_believed() {
    on_purpose("theirs waits for pipes, and believes files");
    for (name, fake) in FAKES {
        let scene = scene();
        let target = holding(&scene, &["-u", "-n"]);
        let id = target.pid().to_string();
        fake_proc(&scene, fake, target.pid());
        let keep = format!("--uts={}", scene.file("keep", ""));
        for options in [
            &["-u"][..],
            &["-r"],
            &["--map-user=5", "--map-group=5"],
            &["--map-users=0:100000:10"],
            &["--map-users=all", "--map-groups=all"],
            &["--map-auto"],
            &["-U", "--setgroups=deny"],
            &["-T", "--boottime=1"],
            &[&keep],
            &["-f", &keep],
        ] {
            let outcome = ends(scene.unshare(options).args(["echo", "ran"]), name);
            // Nothing is done where what is written has no effect.
            let without_proc = options == ["-u"];
            let ran = outcome.stdout == "ran\n";
            assert_eq!(ran, without_proc, "{name}: {options:?}: {outcome:?}");
            assert!(scene.mount_on(&scene.text("keep")).is_none(), "{options:?}");
        }
        // A file that is not there is no old kernel's, either.
        let missing = "rm -rf /proc/*/setgroups";
        scene.call("/bin/bash", ["-c", missing]).ok();
        let outcome = ends(scene.unshare(["-U", "--setgroups=deny", "echo", "ran"]), name);
        assert_eq!(outcome.ending, Ending::Exited(1), "{name}: {outcome:?}");
        let fresh = ["-p", "-f", "--mount-proc", "readlink", "/proc/self"];
        assert_eq!(ends(scene.unshare(fresh), name).stdout, "1\n");
        for options in [
            &["-a"][..],
            &["-r"],
            &["-w"],
            &["-e"],
            &["-c"],
            &["-Z"],
            &["-U"],
            &["-G", "follow", "-S", "follow"],
            &["-n", "--user-parent"],
            &["--net=[4026531840]"],
            &["--net=:1"],
            &[&format!("--uts=/proc/{id}/ns/uts")],
        ] {
            let call = scene.nsenter(["-t", &id]).args(options).args(["echo", "ran"]);
            let outcome = ends(call, name);
            // No SELinux, so that there is no context to follow.
            let nothing_to_do = options == ["-Z"];
            let ran = outcome.stdout == "ran\n";
            assert_eq!(ran, nothing_to_do, "{name}: {options:?}: {outcome:?}");
        }
        for options in [&[][..], &["-J"], &["-p", &id], &["4026531840"], &["-o", "+USER,PATH,NSFS"]] {
            ends(scene.lsns(options), name);
        }
    }
}

scene_test!(a_made_up_proc_leads_to_no_other_namespace_than_the_targets);
fn a_made_up_proc_leads_to_no_other_namespace_than_the_targets() {
    on_purpose("theirs opens what stands in /proc");
    let scene = scene();
    let (target, decoy) = (holding(&scene, &["-u"]), holding(&scene, &["-u"]));
    let elsewhere = scene.file("elsewhere", "");
    scene.mount(["--bind", &format!("/proc/{}/ns/uts", decoy.pid()), &elsewhere]);
    fake_proc(&scene, &format!("ln -s {elsewhere}"), target.pid());
    let call = scene.nsenter(["-t", &target.pid().to_string(), "-u", "probe", "hold"]);
    let entered = call.leashed().spawn();
    entered.expect("ready");
    assert_eq!(uts_of(entered.pid()), uts_of(target.pid()));
    assert_ne!(uts_of(entered.pid()), uts_of(decoy.pid()));
}

scene_test!(in_the_proc_of_another_pid_namespace_the_same_number_is_not_taken_for_the_target);
fn in_the_proc_of_another_pid_namespace_the_same_number_is_not_taken_for_the_target() {
    on_purpose("theirs takes the process that /proc shows by that number");
    let scene = scene();
    let target = holding(&scene, &["-u"]);
    // In a PID namespace of its own, the decoy has the target's number. It is in another UTS namespace.
    let script = format!(
        "echo {} >/proc/sys/kernel/ns_last_pid; probe hold & test $! = {} && wait",
        target.pid() - 1,
        target.pid()
    );
    let options = ["-u", "-p", "-f", "--mount-proc", "--kill-child", "/bin/bash", "-c"];
    let call = scene.call(scene.path("our-unshare"), options);
    // The shell gives what runs behind it no standard input but that.
    let decoy = call.args([format!("exec 3<&0; {}", script.replace("hold &", "hold <&3 &"))]);
    let decoy = decoy.leashed().spawn();
    decoy.expect("ready");
    // A proc shows the PID namespace of whoever mounts it.
    let inside = decoy.child().pid.to_string();
    let mount = ["-t", &inside, "-p", "mount", "-t", "proc", "none", "/proc"];
    scene.call(theirs("nsenter"), mount).ok();
    let id = target.pid().to_string();
    // It is there by that number, but is not the target.
    let directory = format!("/proc/{id}");
    scene.call("/usr/bin/test", ["-d", &directory]).ok();

    // What needs no /proc is the target's.
    let entered = scene.nsenter(["-t", &id, "-u", "probe", "hold"]).leashed().spawn();
    entered.expect("ready");
    assert_eq!(uts_of(entered.pid()), uts_of(target.pid()));
    // What does is refused.
    for options in [&["-r"][..], &["-w"], &["-e"], &["-S", "follow"], &["-c"], &["-a"]] {
        let call = scene.nsenter(["-t", &id]).args(options).args(["echo", "ran"]);
        let outcome = ends(call, "another");
        assert_eq!(outcome.ending, Ending::Exited(1), "{options:?}: {outcome:?}");
    }
}

scene_test!(a_target_in_our_own_pid_namespace_is_found_in_the_proc_of_the_one_around_it);
fn a_target_in_our_own_pid_namespace_is_found_in_the_proc_of_the_one_around_it() {
    on_purpose("theirs takes the process that /proc shows by that number");
    let scene = scene();
    // /proc calls another process by the number that the target has here.
    let script = "mkfifo told; DIRECTORY=$PWD; cd /usr/bin
MARK=target /bin/sh -c \"echo >$DIRECTORY/told; exec sleep 1000\" &
cd /; read -r told <$DIRECTORY/told
nsenter -t $! -w /bin/pwd; nsenter -t $! -m -e /usr/bin/env | grep MARK";
    let options = ["-p", "-f", "/bin/sh", "-c", script];
    let told = scene.call(scene.path("our-unshare"), options).ok();
    assert_eq!(told, "/usr/bin\nMARK=target\n");
}
