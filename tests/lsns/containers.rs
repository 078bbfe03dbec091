//! CONTAINER and UNIT, of processes in cgroups of the test's own.

use std::path::PathBuf;

use crate::common::{Process, Scene, on_purpose, skip};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A cgroup of version 2 with others below it, removed when dropped.
struct Cgroups {
    root: PathBuf,
    made: Vec<PathBuf>,
}

impl Cgroups {
    /// Skips the test where there is no hierarchy to make them in.
    fn new(name: &str) -> Cgroups {
        crate::common::needs_root("cgroups of its own");
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
        let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let mut wanted =
            fields.filter(|fields| fields[2] == "cgroup2" && fields[3].split(',').any(|option| option == "rw"));
        let Some(mount) = wanted.next() else {
            skip("no writable cgroup2 is mounted");
        };
        let root = PathBuf::from(mount[1]).join(format!("nskit-test-{}-{name}", std::process::id()));
        std::fs::create_dir(&root).unwrap();
        Cgroups { made: vec![root.clone()], root }
    }

    /// Puts a process into the cgroup at `path` below.
    fn put(&mut self, pid: i32, path: &str) {
        let mut directory = self.root.clone();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            directory.push(part);
            if std::fs::create_dir(&directory).is_ok() {
                self.made.push(directory.clone());
            }
        }
        std::fs::write(directory.join("cgroup.procs"), pid.to_string()).unwrap();
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        // Processes that have ended may be on their way out.
        for _ in 0..1000 {
            while self.made.pop_if(|directory| std::fs::remove_dir(directory).is_ok()).is_some() {}
            if self.made.is_empty() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(std::thread::panicking(), "left behind: {:?}", self.made);
    }
}

/// What lsns, in a cgroup namespace that begins at the root of these cgroups, says of a process. The files of the runtimes
/// are those that `prepare`, a shell script, makes below a /run that is nobody else's.
fn shown(scene: &Scene, cgroups: &mut Cgroups, process: &Process, path: &str, prepare: &str) -> String {
    cgroups.put(process.pid(), path);
    let tool = crate::common::tool("lsns").display().to_string();
    let script = format!(
        "set -e; echo $$ >{}/cgroup.procs; exec unshare -C --propagation unchanged -m /bin/sh -c \
         'mount -t tmpfs -o mode=755 none /run; {prepare}; exec {tool} -n -r -t uts -o UNIT,CONTAINER -p {}'",
        cgroups.root.display(),
        process.pid()
    );
    scene.call("/bin/sh", ["-c", &script]).ok().trim_end_matches('\n').replace(ID, "ID")
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
    let task = "mkdir -p /run/containerd/io.containerd.runtime.v2.task/k8s.io/web";
    assert_eq!(shown("/k8s.io/web", task), " containerd:web");
    let machine = "mkdir -p /run/systemd/machines; ln -s box /run/systemd/machines/unit:x.service";
    assert_eq!(shown("/system.slice/x.service/payload", machine), "x.service machine:box");
}

scene_test!(of_a_task_the_container_is_its_own);
fn of_a_task_the_container_is_its_own() {
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
    let scene = Scene::new();
    // Before the process, which is to be gone when they are removed.
    let mut cgroups = Cgroups::new("find");
    let process = scene.unshare(["-u", "probe", "hold"]).leashed().spawn();
    process.expect("ready");
    cgroups.put(process.pid(), &format!("/system.slice/x.service/libpod-payload-{ID}"));
    let pid = process.pid().to_string();
    let container = format!("{pid} container\\x20podman:{ID}\\x20(1\\x20process)\n");
    let unit = format!("{pid} unit\\x20x.service\\x20(1\\x20process)\n");
    let short = &ID[..12];
    for (wanted, expected) in [
        (format!("podman:{ID}"), &container),
        (ID.to_string(), &container),
        (short.to_string(), &container),
        (format!("container:{short}"), &container),
        ("unit:x.service".to_string(), &unit),
        ("unit:x".to_string(), &unit),
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
