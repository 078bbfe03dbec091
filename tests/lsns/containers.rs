//! CONTAINER and UNIT, of processes in cgroups of the test's own.

use crate::common::{Cgroups, Process, Pty, Scene, on_purpose};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// What lsns, in a cgroup namespace that begins at the root of these cgroups, says of a process. The files of the runtimes
/// are those that `prepare`, a shell script, makes below a /run that is nobody else's.
fn shown(scene: &Scene, cgroups: &mut Cgroups, process: &Process, path: &str, prepare: &str) -> String {
    cgroups.put(process.pid(), path);
    let pid = process.pid().to_string();
    let args = ["-n", "-r", "-t", "uts", "-o", "UNIT,CONTAINER", "-p", &pid];
    cgroups.call(scene, prepare, "lsns", &args).ok().trim_end_matches('\n').replace(ID, "ID")
}

scene_test!(a_container_is_named_by_its_cgroup);
fn a_container_is_named_by_its_cgroup() {
    on_purpose("CONTAINER");
    let scene = Scene::new();
    // Before the process, which is to be gone when they are removed.
    let mut cgroups = Cgroups::new("paths");
    let process = scene.probe(["hold"]).leashed().spawn();
    for (path, expected) in [
        ("/system.slice/x.service/libpod-payload-ID", "x.service podman:ID"),
        ("/actions_job/ID", " oci:ID"),
        ("/docker/buildkit/othbeqxo0ze93v1j1zq1ag8a7", " buildkit:othbeqxo0ze93v1j1zq1ag8a7"),
        ("/machine.slice/machine-box.scope/init.scope", "machine-box.scope machine:box"),
        ("/system.slice/ssh.service", "ssh.service "),
    ] {
        let path = path.replace("ID", ID);
        assert_eq!(shown(&scene, &mut cgroups, &process, &path, "true"), expected, "{path}");
    }
}

scene_test!(a_file_of_the_runtime_tells_what_the_cgroup_does_not);
fn a_file_of_the_runtime_tells_what_the_cgroup_does_not() {
    on_purpose("CONTAINER");
    let scene = Scene::new();
    // Before the process, which is to be gone when they are removed.
    let mut cgroups = Cgroups::new("files");
    let process = scene.probe(["hold"]).leashed().spawn();
    let mut shown = |path: &str, prepare: &str| shown(&scene, &mut cgroups, &process, path, prepare);
    let runc = "mkdir -p /run/runc/box; echo {} >/run/runc/box/state.json";
    assert_eq!(shown("/box", "true"), " ");
    assert_eq!(shown("/box", runc), " runc:box");
    assert_eq!(shown("/box", &format!("{runc}; chown 1001 /run/runc")), " ");
    assert_eq!(shown("/box", &format!("{runc}; chmod 777 /run/runc")), " ");
    // Nobody is waited for.
    assert_eq!(shown("/box", "mkdir -p /run/runc/box; mkfifo /run/runc/box/state.json"), " ");
    let deep = r#"mkdir -p /run/runc/deep; echo '{"init_process_pid":1,"cgroup_paths":{"":"/x/system.slice/deep"}}' \
        >/run/runc/deep/state.json"#;
    assert_eq!(shown("/system.slice/deep", deep), "system.slice runc:deep");
    let crun = r#"mkdir -p /run/crun/top; echo '{"pid":1,"cgroup-path":"/top"}' >/run/crun/top/status"#;
    assert_eq!(shown("/top", crun), " crun:top");
    let task = "mkdir -p /run/containerd/io.containerd.runtime.v2.task/k8s.io/web";
    assert_eq!(shown("/k8s.io/web", task), " containerd:web");
    let machine = "mkdir -p /run/systemd/machines; ln -s box /run/systemd/machines/unit:kept.service";
    assert_eq!(shown("/system.slice/kept.service/payload", machine), "kept.service machine:box");
}

scene_test!(a_task_shows_its_own_container);
fn a_task_shows_its_own_container() {
    on_purpose("CONTAINER");
    let scene = Scene::new();
    // Before the process, which is to be gone when they are removed.
    let mut cgroups = Cgroups::new("task");
    let process = scene.probe(["hold"]).leashed().spawn();
    let path = format!("/system.slice/docker-{ID}.scope");
    cgroups.put(process.pid(), &path);
    let pid = process.pid().to_string();
    // The first process in its PID namespace is another one.
    let printed = scene.lsns(["-n", "-r", "-t", "pid", "-o", "PID,CGROUP,UNIT,CONTAINER", "-p", &pid]).ok();
    let cells: Vec<&str> = printed.trim_end().split(' ').collect();
    assert_ne!(cells[0], pid);
    assert!(cells[1].ends_with(&path), "{printed}");
    assert_eq!(cells[2..], [&*format!("docker-{ID}.scope"), &*format!("docker:{ID}")], "{printed}");
    // Without --task it is that of the first one.
    let printed = scene.lsns(["-n", "-r", "-t", "pid", "-o", "PID,CONTAINER"]).ok();
    assert!(!printed.contains(&format!("{} docker:{ID}", cells[0])), "{printed}");
}

scene_test!(a_container_or_unit_is_found_by_its_name);
fn a_container_or_unit_is_found_by_its_name() {
    on_purpose("--find");
    // Other tests have their containers at the same time.
    const ID: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    let scene = Scene::new();
    // Before the process, which is to be gone when they are removed.
    let mut cgroups = Cgroups::new("find");
    let process = scene.unshare(["-u", "probe", "hold"]).leashed().spawn();
    process.expect("ready");
    cgroups.put(process.pid(), &format!("/system.slice/sought.service/libpod-payload-{ID}"));
    let pid = process.pid().to_string();
    let container = format!("{pid} container\\x20podman:{ID}\\x20(1\\x20process)\n");
    let unit = format!("{pid} unit\\x20sought.service\\x20(1\\x20process)\n");
    let short = &ID[..12];
    for (wanted, expected) in [
        (format!("podman:{ID}"), &container),
        (ID.to_string(), &container),
        (short.to_string(), &container),
        (format!("container:{short}"), &container),
        ("unit:sought.service".to_string(), &unit),
        ("unit:sought".to_string(), &unit),
    ] {
        let found = scene.lsns(["-rn", "-t", "uts", "-o", "PID,FOUND", "--find", &wanted]).ok();
        assert_eq!(found, *expected, "{wanted}");
    }
    let outcome = scene.lsns(["--find", &format!("unit:{ID}")]).run();
    assert!(outcome.stderr.contains("the cgroups of "), "{outcome:?}");
    // Those that it shares with others are its namespaces as well.
    let all = scene.lsns(["-rn", "-o", "TYPE", "--find", ID]).ok();
    assert_eq!(all.lines().count(), 8, "{all}");
}

/// What Docker writes of the container with the id `HASH` that is called web.
const DOCKERS: &str = "d=/var/lib/docker/containers/HASH; mkdir -p $d
cat >$d/config.v2.json <<'END'
{\"ID\":\"HASH\",\"Name\":\"/web\",\"State\":{\"Running\":true,\"Pid\":1}}
END
";

scene_test!(a_container_has_the_name_that_its_runtime_has_written);
fn a_container_has_the_name_that_its_runtime_has_written() {
    on_purpose("CONTAINER");
    let scene = Scene::new();
    let mut cgroups = Cgroups::new("names");
    let process = scene.probe(["hold"]).leashed().spawn();
    let dockers = DOCKERS.replace("HASH", ID);
    let path = format!("/system.slice/docker-{ID}.scope");
    let mut shown = |path: &str, prepare: &str| shown(&scene, &mut cgroups, &process, path, prepare);
    assert_eq!(shown(&path, "true"), "docker-ID.scope docker:ID");
    assert_eq!(shown(&path, &dockers), "docker-ID.scope docker:web");
    // Below a parent that somebody chose, the path does not tell the runtime.
    assert_eq!(shown(&format!("/jobs/{ID}"), &dockers), " docker:web");
    assert_eq!(shown(&path, &format!("{dockers}\nchmod 666 $d/config.v2.json")), "docker-ID.scope docker:ID");
    // Whoever is root in a container can make a cgroup there that is called so.
    assert_eq!(shown(&format!("/lxc/box/docker-{ID}.scope"), &dockers), " docker:ID");
}

scene_test!(a_path_that_a_user_has_made_up_shows_no_name);
fn a_path_that_a_user_has_made_up_shows_no_name() {
    on_purpose("CONTAINER");
    let scene = Scene::new();
    let mut cgroups = Cgroups::new("forged");
    let process = scene.probe(["hold"]).leashed().spawn();
    let dockers = DOCKERS.replace("HASH", ID);
    let service = "/user.slice/user@1001.service";
    cgroups.give(service, 1001);
    let mut shown = |name: &str| shown(&scene, &mut cgroups, &process, &format!("{service}/{name}"), &dockers);
    assert_eq!(shown(&format!("docker-{ID}.scope")), "docker-ID.scope docker:ID");
    assert_eq!(shown("lxc.payload.web"), "user@1001.service ");
    assert_eq!(shown("machine-web.scope"), "machine-web.scope ");
    // The container itself may have been handed to somebody.
    let path = format!("/system.slice/docker-{ID}.scope");
    cgroups.give(&path, 1001);
    assert_eq!(self::shown(&scene, &mut cgroups, &process, &path, &dockers), "docker-ID.scope docker:web");
    // Two directories above is as near as one.
    cgroups.put(process.pid(), &format!("/x/y/docker-{ID}.scope"));
    cgroups.give("/x", 1001);
    let path = format!("/x/y/docker-{ID}.scope");
    assert_eq!(self::shown(&scene, &mut cgroups, &process, &path, &dockers), "docker-ID.scope docker:ID");
}

scene_test!(on_a_terminal_an_id_has_twelve_digits);
fn on_a_terminal_an_id_has_twelve_digits() {
    on_purpose("CONTAINER");
    let scene = Scene::new();
    let mut cgroups = Cgroups::new("digits");
    let process = scene.probe(["hold"]).leashed().spawn();
    cgroups.put(process.pid(), &format!("/docker/{ID}"));
    let pid = process.pid().to_string();
    let on_terminal = |options: &[&str]| {
        let pty = Pty::new();
        let args = [&["-n", "-t", "uts", "-o", "CONTAINER", "-p", &pid], options].concat();
        cgroups.call(&scene, "true", "lsns", &args).terminal(&pty).run();
        pty.text().trim().to_string()
    };
    let whole = format!("docker:{ID}");
    assert_eq!(on_terminal(&[]), "docker:0123456789ab");
    assert_eq!(on_terminal(&["-Q", &format!("CONTAINER == \"{whole}\"")]), "docker:0123456789ab");
    for options in [&["-u"][..], &["-r"]] {
        assert_eq!(on_terminal(options), whole, "{options:?}");
    }
    assert!(on_terminal(&["-J"]).contains(&whole));
    let piped = cgroups.call(&scene, "true", "lsns", &["-n", "-t", "uts", "-o", "CONTAINER", "-p", &pid]).ok();
    assert_eq!(piped.trim(), whole);
}
