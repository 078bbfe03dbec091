//! The files of each runtime, made by hand.

use super::*;
use crate::container::made::MadeUp;
use crate::container::trust::Refusal;

const WEB: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const DB: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

fn read(made: &MadeUp) -> States {
    States::of(&made.0, &Own::default())
}

/// `label id pid started`, sorted; `-` for what is not known.
fn rows(states: &States) -> Vec<String> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(WEB, "WEB").replace(DB, "DB");
    let number = |number: Option<String>| number.unwrap_or("-".into());
    let row = |known: &Known| {
        let process = known.process.as_ref();
        let pid = number(process.map(|process| process.pid.to_string()));
        let started = number(process.and_then(|process| process.started).map(|started| started.to_string()));
        let stopped = if known.stopped { " stopped" } else { "" };
        format!("{} {} {pid} {started}{stopped}", text(known.whole_label()), text(known.id.clone()))
    };
    let mut rows: Vec<String> = states.known.iter().map(row).collect();
    rows.sort();
    rows
}

fn docker(made: &MadeUp, base: &str, id: &str, name: &str, pid: i32) {
    let running = pid > 0;
    let text = format!(
        r#"{{"StreamConfig":{{}},"State":{{"Running":{running},"Paused":false,"Pid":{pid}}},"ID":"{id}","Name":"{name}"}}"#
    );
    made.file(&format!("{base}/containers/{id}/config.v2.json"), text);
}

#[test]
fn docker_keeps_a_name_with_a_slash() {
    let made = MadeUp::empty("docker");
    docker(&made, "var/lib/docker", WEB, "/web", 4711);
    docker(&made, "var/lib/docker", DB, "/db", 0);
    assert_eq!(read(&made).known.len(), 2);
    assert_eq!(rows(&read(&made)), ["docker:db DB - - stopped", "docker:web WEB 4711 -"]);
    // Its runc has the time of the start, of the same process.
    let runc = format!("run/docker/runtime-runc/moby/{WEB}/state.json");
    made.file(&runc, r#"{"init_process_pid":4711,"init_process_start":77}"#);
    assert_eq!(rows(&read(&made))[1], "docker:web WEB 4711 77");
    made.file(&runc, r#"{"init_process_pid":4712,"init_process_start":77}"#);
    assert_eq!(rows(&read(&made))[1], "docker:web WEB 4711 -");
}

#[test]
fn docker_may_have_been_moved() {
    let made = MadeUp::empty("docker-moved");
    docker(&made, "srv/docker", WEB, "/web", 4711);
    assert!(rows(&read(&made)).is_empty());
    made.file("etc/docker/daemon.json", r#"{"data-root": "/srv/docker"}"#);
    assert_eq!(rows(&read(&made)), ["docker:web WEB 4711 -"]);
    made.file("etc/docker/daemon.json", r#"{"data-root": "/srv/../srv/docker"}"#);
    assert!(rows(&read(&made)).is_empty());
}

#[test]
fn tasks_of_containerd_have_names_of_nerdctl_and_of_the_kubelet() {
    let made = MadeUp::empty("containerd");
    let tasks = "run/containerd/io.containerd.runtime.v2.task";
    made.file(&format!("{tasks}/default/{WEB}/init.pid"), "4711");
    made.file(&format!("{tasks}/k8s.io/{DB}/init.pid"), "4712\n");
    made.file(&format!("{tasks}/default/ctr/init.pid"), "4713");
    made.directory(&format!("{tasks}/default/without-pid"));
    made.file("run/containerd/runc/default/ctr/state.json", r#"{"init_process_pid":4713,"init_process_start":9}"#);
    made.file("var/lib/nerdctl/1935db59/names/default/web", WEB);
    made.file("var/lib/nerdctl/1935db59/names/other/db", DB);
    let annotations = r#"{"annotations":{"io.kubernetes.cri.sandbox-namespace":"shop",
        "io.kubernetes.cri.sandbox-name":"front-7f","io.kubernetes.cri.container-name":"nginx"}}"#;
    made.file(&format!("{tasks}/k8s.io/{DB}/config.json"), annotations);
    assert_eq!(
        rows(&read(&made)),
        [
            "containerd:ctr ctr 4713 9",
            "containerd:shop/front-7f/nginx DB 4712 -",
            "containerd:web WEB 4711 -",
            "containerd:without-pid without-pid - -",
        ]
    );
}

#[test]
fn the_same_name_in_two_namespaces_of_containerd_is_two_containers() {
    let made = MadeUp::empty("namespaces");
    for (namespace, pid) in [("a", "7"), ("b", "8")] {
        made.file(&format!("run/containerd/io.containerd.runtime.v2.task/{namespace}/box/init.pid"), pid);
    }
    assert_eq!(rows(&read(&made)), ["containerd:box box 7 -", "containerd:box box 8 -"]);
}

fn podman(made: &MadeUp, base: &str, run: &str) {
    let list = format!(
        r#"[{{"id":"{WEB}","names":["pweb","old"],"metadata":"{{\"name\":\"x\"}}"}},{{"id":"{DB}","names":[]}},{{"id":"../x"}}]"#
    );
    made.file(&format!("{base}/vfs-containers/containers.json"), list);
    made.file(&format!("{run}/vfs-containers/{WEB}/userdata/pidfile"), "4711");
}

#[test]
fn podman_keeps_a_list_for_each_driver() {
    let made = MadeUp::empty("podman");
    podman(&made, "var/lib/containers/storage", "run/containers/storage");
    assert_eq!(rows(&read(&made)), ["podman:DB DB - -", "podman:pweb WEB 4711 -"]);
    // Its runtime knows the same process, and when it started.
    made.file(&format!("run/crun/{WEB}/status"), r#"{"pid":4711,"process-start-time":5,"cgroup-path":"a/b"}"#);
    assert_eq!(rows(&read(&made))[1], "podman:pweb WEB 4711 5");
    assert_eq!(read(&made).find(b"oci", WEB.as_bytes()).unwrap().names[1], b"old");
}

#[test]
fn cri_o_shares_podmans_storage() {
    let made = MadeUp::empty("crio");
    podman(&made, "var/lib/containers/storage", "run/containers/storage");
    let annotations = r#"{"annotations":{"io.kubernetes.cri-o.ContainerName":"k8s_nginx","io.kubernetes.pod.namespace":"shop",
        "io.kubernetes.pod.name":"front","io.kubernetes.container.name":"nginx"}}"#;
    made.file(&format!("run/containers/storage/vfs-containers/{WEB}/userdata/config.json"), annotations);
    assert_eq!(rows(&read(&made)), ["cri-o:shop/front/nginx WEB 4711 -", "podman:DB DB - -"]);
}

#[test]
fn runc_and_crun_know_when_a_process_started() {
    let made = MadeUp::empty("oci");
    made.file(
        "run/runc/box/state.json",
        r#"{"id":"box","init_process_pid":4711,"init_process_start":12345,"cgroup_paths":{"":"/sys/fs/cgroup/box"}}"#,
    );
    made.file("run/crun/cr/status", r#"{"pid":12,"process-start-time":6,"cgroup-path":"/system.slice/x"}"#);
    // One that does not run.
    made.file("run/crun/none/status", r#"{"pid":0}"#);
    made.file("run/crun/free/status", r#"{"pid":13,"process-start-time":7,"cgroup-path":""}"#);
    let states = read(&made);
    assert_eq!(rows(&states), ["crun:cr cr 12 6", "crun:free free 13 7", "runc:box box 4711 12345"]);
    let process = |id: &[u8]| states.known.iter().find(|known| known.id == id).unwrap().process.clone().unwrap();
    assert_eq!(process(b"box").cgroups, [Path::new("/sys/fs/cgroup/box")]);
    assert_eq!(process(b"cr").cgroups, [Path::new("/system.slice/x")]);
    assert_eq!((process(b"free").cgroups, process(b"free").in_no_cgroup), (Vec::new(), true));
    assert!(!process(b"cr").in_no_cgroup && !process(b"box").in_no_cgroup);
}

#[test]
fn machines_have_a_leader() {
    let made = MadeUp::empty("machines");
    let text = |class: &str, name: &str| format!("# private\nNAME={name}\nCLASS={class}\nLEADER=4711\nSCOPE=x.scope\n");
    made.file("run/systemd/machines/box", text("container", "box"));
    made.file("run/systemd/machines/vm", text("vm", "vm"));
    made.file("run/systemd/machines/a", text("container", "b"));
    made.link("run/systemd/machines/unit:x.scope", "box");
    assert_eq!(rows(&read(&made)), ["machine:box box 4711 -"]);
}

#[test]
fn our_own_user_has_containers_in_their_home() {
    let made = MadeUp::empty("rootless");
    podman(&made, "home/me/.local/share/containers/storage", "run/user/1000/containers");
    docker(&made, "home/me/.local/share/docker", DB, "/db", 8);
    made.file("run/user/1000/crun/cr/status", r#"{"pid":12}"#);
    let own = Own { home: Some("home/me".into()), runtime: Some("run/user/1000".into()) };
    let all = rows(&States::of(&made.0, &own));
    assert_eq!(all, ["crun:cr cr 12 -", "docker:db DB 8 -", "podman:pweb WEB 4711 -"]);
    // Root looks into no home: its owner could write there.
    assert!(rows(&read(&made)).is_empty());
    if nix::unistd::geteuid().is_root() {
        assert!(Own::of_user().home.is_none() && Own::of_user().runtime.is_none());
    }
}

#[test]
fn a_file_that_others_may_have_written_does_not_count() {
    let made = MadeUp::empty("hostile");
    let config = format!("var/lib/docker/containers/{WEB}/config.v2.json");
    let make = || docker(&made, "var/lib/docker", WEB, "/web", 4711);
    make();
    assert_eq!(rows(&read(&made)), ["docker:web WEB 4711 -"]);
    let refused = |path: &str, why: Refusal| {
        let states = read(&made);
        assert!(rows(&states).is_empty(), "{path}");
        assert_eq!(states.refused, [Refused { path: made.0.join(path), why }]);
    };
    for (path, kept, open) in [
        (&*config, 0o600, 0o606),
        (&config, 0o600, 0o660),
        ("var/lib/docker/containers", 0o710, 0o730),
        ("var/lib/docker", 0o710, 0o1777),
        ("var/lib", 0o755, 0o757),
        ("", 0o755, 0o777),
    ] {
        made.mode(path, open);
        refused(path, Refusal::NotOurs);
        made.mode(path, kept);
    }
    if nix::unistd::geteuid().is_root() {
        for path in [&*config, "var/lib/docker"] {
            std::os::unix::fs::chown(made.0.join(path), Some(1001), None).unwrap();
            refused(path, Refusal::NotOurs);
            std::os::unix::fs::chown(made.0.join(path), Some(0), None).unwrap();
        }
    }
    // A link to a file that would count, a pipe that nobody writes to, a directory.
    std::fs::rename(made.0.join(&config), made.0.join("kept.json")).unwrap();
    made.link(&config, "../../../../../kept.json");
    refused(&config, Refusal::WrongType);
    made.remove(&config);
    nix::unistd::mkfifo(&made.0.join(&config), nix::sys::stat::Mode::S_IRWXU).unwrap();
    refused(&config, Refusal::WrongType);
    made.remove(&config);
    made.directory(&config);
    refused(&config, Refusal::WrongType);
    std::fs::remove_dir(made.0.join(&config)).unwrap();
    // A hundred megabytes of it, or just too many.
    std::fs::File::create(made.0.join(&config)).unwrap().set_len(100 << 20).unwrap();
    refused(&config, Refusal::TooLong);
    let padded = |length: usize| {
        make();
        let mut text = std::fs::read(made.0.join(&config)).unwrap();
        text.resize(length, b' ');
        made.file(&config, text);
    };
    padded(json::LONGEST + 1);
    refused(&config, Refusal::TooLong);
    padded(json::LONGEST);
    assert_eq!(rows(&read(&made)), ["docker:web WEB 4711 -"]);
    // A link on the way.
    std::fs::rename(made.0.join("var/lib/docker"), made.0.join("elsewhere")).unwrap();
    made.link("var/lib/docker", "../../elsewhere");
    refused("var/lib/docker", Refusal::WrongType);
}

#[test]
fn what_is_no_json_of_this_form_says_nothing() {
    let made = MadeUp::empty("malformed");
    let config = format!("var/lib/docker/containers/{WEB}/config.v2.json");
    let valid = format!(r#"{{"ID":"{WEB}","Name":"/web","State":{{"Running":true,"Pid":4711}}}}"#);
    let without = |part: &str, instead: &str| valid.replace(part, instead);
    for (text, expected) in [
        (valid.clone(), &["docker:web WEB 4711 -"][..]),
        // Of another container.
        (without(WEB, DB), &[]),
        (without("4711", "-4711"), &["docker:web WEB - - stopped"]),
        (without("4711", "4294967297"), &["docker:web WEB - - stopped"]),
        (without("4711", "4711.5"), &["docker:web WEB - - stopped"]),
        (without("4711", "\"4711\""), &["docker:web WEB - - stopped"]),
        (without("true", "false"), &["docker:web WEB - - stopped"]),
        (without("/web", ""), &["docker:WEB WEB 4711 -"]),
        (without("\"/web\"", "[\"/web\"]"), &["docker:WEB WEB 4711 -"]),
        (without("}}", "}"), &[]),
        (valid.clone() + "x", &[]),
        ("[".repeat(1 << 19), &[]),
        ("".into(), &[]),
        ("null".into(), &[]),
    ] {
        made.file(&config, &text);
        assert_eq!(rows(&read(&made)), expected, "{}", &text[..text.len().min(200)]);
    }
}

#[test]
fn an_id_is_cut_for_people_and_a_name_is_not() {
    for (label, expected) in [
        (format!("docker:{WEB}"), "docker:0123456789ab"),
        ("docker:web".into(), "docker:web"),
        ("lxc:a-very-long-name-of-a-container".into(), "lxc:a-very-long-name-of-a-container"),
        ("docker:othbeqxo0ze93v1j1zq1ag8a7".into(), "docker:othbeqxo0ze9"),
    ] {
        assert_eq!(shortened(label.as_bytes()), expected.as_bytes());
    }
}
