//! Ours and theirs side by side: what a program sees and shows must be the same, byte for byte.

use std::path::Path;

use crate::common::{ALICE, BOB, Call, ROOT, Scene, User, note, skip, theirs};

/// Everything that a program can tell about where it is, but for what differs from run to run.
const REPORT: &str = r#"
probe seen | sed -e 's/^file [12] .*/file/' -e 's/^pid [0-9][0-9][0-9]*$/pid/' -e '/^ns /d'
for kind in cgroup ipc mnt net pid time user uts; do
    test "$(readlink /proc/self/ns/$kind)" = "$(eval echo \$OUTER_$kind)" && echo same $kind || echo new $kind
done
for file in uid_map gid_map setgroups timens_offsets oom_score_adj cgroup; do
    sed "s/^/$file /" /proc/self/$file
done
ls /proc/self/root/ /proc/self/cwd/
grep -E '^(Sig[BIC]|Shd|Cap|NoNewPrivs|Groups|Umask|Seccomp:)' /proc/self/status
# Without the ids of the mounts, and of their peer groups.
cut -d' ' -f3- /proc/self/mountinfo | sed -e 's/:[0-9]* / /g'
"#;

/// The lines of the report, and how the call ended.
fn report(scene: &Scene, call: Call, user: User) -> Vec<String> {
    let kinds = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"].iter();
    let call = kinds.fold(call, |call, kind| call.env(format!("OUTER_{kind}"), scene.namespace(kind)));
    let outcome = call.args(["/bin/sh", "-c", REPORT]).user(user).groups(&[50]).umask(0o27).run();
    let end = format!("{:?} {:?}", outcome.ending, outcome.stderr);
    outcome.stdout.lines().map(str::to_string).chain([end]).collect()
}

#[track_caller]
fn assert_same(lines: &[(&[&str], User)]) {
    if !Path::new(&theirs("unshare")).exists() {
        skip("util-linux is not installed");
    }
    let scene = Scene::new();
    scene.mount(["--make-rshared", "/"]);
    for (options, user) in lines {
        let ours = report(&scene, scene.unshare(*options), *user);
        let theirs = report(&scene, scene.call(theirs("unshare"), *options), *user);
        // Before Linux 6.3, a shell in front of a new time namespace cannot vfork(2).
        if ours.last() == theirs.last() && ours.last().unwrap().contains("Cannot fork") {
            note(&format!("not compared: {options:?}: this kernel lets neither's program fork"));
            continue;
        }
        assert_eq!(ours.last().unwrap(), "Exited(0) \"\"", "{options:?}");
        assert!(ours.len() > 100, "{options:?}: {ours:#?}");
        let only = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|line| !other.contains(line)).cloned().collect()
        };
        assert_eq!(only(&ours, &theirs), only(&theirs, &ours), "{options:?} by {}", user.name);
        assert_eq!(ours, theirs, "the same lines in another order");
    }
}

scene_test!(namespaces);
fn namespaces() {
    assert_same(&[
        (&[], ROOT),
        (&[], ALICE),
        (&["-u"], ROOT),
        (&["-i"], ROOT),
        (&["-n"], ROOT),
        (&["-C"], ROOT),
        (&["-T"], ROOT),
        (&["-U"], ROOT),
        (&["-m"], ROOT),
        (&["-f"], ROOT),
        (&["-fp"], ROOT),
        (&["-fmuinpCT"], ROOT),
        (&["-U"], ALICE),
        (&["-fT", "--boottime=100", "--monotonic=200"], ROOT),
    ]);
}

scene_test!(mounts);
fn mounts() {
    assert_same(&[
        (&["-m", "--propagation=private"], ROOT),
        (&["-m", "--propagation=shared"], ROOT),
        (&["-m", "--propagation=slave"], ROOT),
        (&["-m", "--propagation=unchanged"], ROOT),
        (&["-fp", "--mount-proc"], ROOT),
        (&["-fp", "--mount-proc", "--propagation=shared"], ROOT),
        (&["-fp", "--mount-proc", "--propagation=slave"], ROOT),
        (&["-fp", "--mount-proc", "--propagation=unchanged"], ROOT),
        (&["-m", "--mount-proc=/mnt"], ROOT),
        (&["-m", "--mount-proc=/mnt", "--propagation=slave"], ROOT),
        (&["-rfp", "--mount-proc"], ALICE),
        (&["-R", "/", "-w", "/etc"], ROOT),
        (&["-mR", "/", "--mount-proc", "-fp", "--propagation=slave"], ROOT),
        (&["-w", "/etc"], ALICE),
    ]);
}

scene_test!(ids);
fn ids() {
    assert_same(&[
        (&["-r"], ROOT),
        (&["-r"], ALICE),
        (&["-c"], ALICE),
        (&["-c", "--keep-caps"], ALICE),
        (&["--map-user=5"], ALICE),
        (&["--map-group=5"], ALICE),
        (&["--map-user=5", "--map-group=6"], BOB),
        (&["--map-auto"], ALICE),
        (&["--map-auto", "-S0", "-G0"], ALICE),
        (&["--map-users=auto"], ALICE),
        (&["--map-groups=100000,0,10"], ALICE),
        (&["-U", "--setgroups=deny"], ALICE),
        (&["-S", "1001"], ROOT),
        (&["-G", "1001"], ROOT),
        (&["-S", "1001", "-G", "1001"], ROOT),
        (&["-S1001", "-G1001", "--kill-child"], ROOT),
        (&["--kill-child=TERM"], ALICE),
    ]);
}
