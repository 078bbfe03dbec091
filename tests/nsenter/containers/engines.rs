//! The files of each runtime.

use super::{ID, Machine};

/// The cgroup of a container, the files that its runtime keeps, and the names that lead to it.
struct Engine {
    name: &'static str,
    cgroup: &'static str,
    files: &'static [(&'static str, &'static str)],
    leads: &'static [&'static str],
}

const ENGINES: &[Engine] = &[
    Engine {
        name: "docker",
        cgroup: "/system.slice/docker-WEB.scope",
        files: &[
            (
                "/var/lib/docker/containers/WEB/config.v2.json",
                r#"{"ID":"WEB","Name":"/web","State":{"Running":true,"Pid":PID}}"#,
            ),
            (
                "/run/docker/runtime-runc/moby/WEB/state.json",
                r#"{"id":"WEB","init_process_pid":PID,"init_process_start":START}"#,
            ),
            ("/run/containerd/io.containerd.runtime.v2.task/moby/WEB/init.pid", "PID"),
        ],
        leads: &["web", "docker:web", "WEB", "docker:WEB", "0123456789ab", "docker:0"],
    },
    Engine {
        // Below a parent that somebody chose, and with a data-root.
        name: "moved",
        cgroup: "/jobs/WEB",
        files: &[
            (
                "/run/data/containers/WEB/config.v2.json",
                r#"{"ID":"WEB","Name":"/web","State":{"Running":true,"Pid":PID}}"#,
            ),
            ("/etc/docker/daemon.json", r#"{"data-root":"/run/data"}"#),
        ],
        leads: &["web", "docker:web", "0123"],
    },
    Engine {
        name: "containerd",
        cgroup: "/default/WEB",
        files: &[
            ("/run/containerd/io.containerd.runtime.v2.task/default/WEB/init.pid", "PID"),
            ("/run/containerd/runc/default/WEB/state.json", r#"{"init_process_pid":PID,"init_process_start":START}"#),
            ("/var/lib/nerdctl/1935db59/names/default/web", "WEB"),
        ],
        leads: &["web", "containerd:web", "WEB", "0123", "containerd:0123"],
    },
    Engine {
        name: "ctr",
        cgroup: "/k8s.io/box",
        files: &[("/run/containerd/io.containerd.runtime.v2.task/k8s.io/box/init.pid", "PID")],
        leads: &["box", "containerd:box"],
    },
    Engine {
        name: "kubernetes",
        cgroup: "/kubepods.slice/kubepods-pod1.slice/cri-containerd-WEB.scope",
        files: &[
            ("/run/containerd/io.containerd.runtime.v2.task/k8s.io/WEB/init.pid", "PID"),
            (
                "/run/containerd/io.containerd.runtime.v2.task/k8s.io/WEB/config.json",
                r#"{"annotations":{"io.kubernetes.cri.sandbox-namespace":"shop","io.kubernetes.cri.sandbox-name":"front",
                    "io.kubernetes.cri.container-name":"nginx"}}"#,
            ),
        ],
        leads: &["shop/front/nginx", "containerd:shop/front/nginx", "0123456789ab"],
    },
    Engine {
        name: "cri-o",
        cgroup: "/kubepods.slice/kubepods-pod1.slice/crio-WEB.scope",
        files: &[
            (
                "/var/lib/containers/storage/overlay-containers/containers.json",
                r#"[{"id":"WEB","names":["k8s_nginx_front"]}]"#,
            ),
            (
                "/var/lib/containers/storage/overlay-containers/WEB/userdata/config.json",
                r#"{"annotations":{"io.kubernetes.cri-o.ContainerName":"x","io.kubernetes.pod.namespace":"shop",
                    "io.kubernetes.pod.name":"front","io.kubernetes.container.name":"nginx"}}"#,
            ),
            ("/run/containers/storage/overlay-containers/WEB/userdata/pidfile", "PID"),
        ],
        leads: &["shop/front/nginx", "cri-o:shop/front/nginx", "k8s_nginx_front", "WEB"],
    },
    Engine {
        name: "podman",
        cgroup: "/machine.slice/libpod-WEB.scope/container",
        files: &[
            ("/var/lib/containers/storage/vfs-containers/containers.json", r#"[{"id":"WEB","names":["pweb"]}]"#),
            ("/run/containers/storage/vfs-containers/WEB/userdata/pidfile", "PID"),
            ("/run/crun/WEB/status", r#"{"pid":PID,"process-start-time":START,"cgroup-path":"x"}"#),
        ],
        leads: &["pweb", "podman:pweb", "WEB", "podman:0123", "0"],
    },
    Engine {
        name: "runc",
        cgroup: "/somewhere/else",
        files: &[(
            "/run/runc/box/state.json",
            r#"{"id":"box","init_process_pid":PID,"init_process_start":START,
                "cgroup_paths":{"":"/sys/fs/cgroup/somewhere/else"}}"#,
        )],
        leads: &["box", "runc:box"],
    },
    Engine {
        name: "runc-systemd",
        cgroup: "/system.slice/runc-box.scope",
        files: &[("/run/runc/box/state.json", r#"{"init_process_pid":PID,"init_process_start":START}"#)],
        leads: &["box", "runc:box"],
    },
    Engine {
        name: "crun",
        cgroup: "/somewhere/crun/below",
        files: &[(
            "/run/crun/box/status",
            r#"{"pid":PID,"process-start-time":START,"cgroup-path":"/somewhere/crun","bundle":"/x"}"#,
        )],
        leads: &["box", "crun:box"],
    },
    Engine {
        name: "podman-in-no-cgroup",
        cgroup: "/system.slice/whatever.service",
        files: &[
            ("/var/lib/containers/storage/overlay-containers/containers.json", r#"[{"id":"WEB","names":["free"]}]"#),
            ("/run/containers/storage/overlay-containers/WEB/userdata/pidfile", "PID"),
            ("/run/crun/WEB/status", r#"{"pid":PID,"process-start-time":START,"cgroup-path":""}"#),
        ],
        leads: &["free", "podman:free", "WEB", "podman:0123"],
    },
    Engine { name: "lxc", cgroup: "/lxc.payload.box/init.scope", files: &[], leads: &["box", "lxc:box"] },
    Engine {
        name: "nspawn",
        cgroup: "/machine.slice/machine-my\\x2dbox.scope/payload/init.scope",
        files: &[(
            "/run/systemd/machines/my-box",
            "NAME=my-box\nCLASS=container\nLEADER=PID\nSCOPE=machine-my\\x2dbox.scope",
        )],
        leads: &["my-box", "machine:my-box"],
    },
    Engine {
        name: "nspawn-unit",
        cgroup: "/system.slice/run.service/payload",
        files: &[
            ("/run/systemd/machines/ku", "NAME=ku\nCLASS=container\nLEADER=PID\nSCOPE=run.service"),
            ("/run/systemd/machines/link", "unit"),
        ],
        leads: &["ku", "machine:ku"],
    },
    Engine { name: "buildah", cgroup: "/buildah-buildah42", files: &[], leads: &["buildah42", "buildah:buildah42"] },
];

scene_test!(a_container_of_each_engine_is_entered_by_name_id_and_prefix);
fn a_container_of_each_engine_is_entered_by_name_id_and_prefix() {
    for engine in ENGINES {
        let machine = Machine::new(&format!("engine-{}", engine.name));
        let target = machine.container(engine.cgroup);
        machine.run("mount -t tmpfs -o mode=755 none /etc");
        for (path, text) in engine.files {
            machine.file(path, text, &target);
        }
        machine.run("[ ! -e /run/systemd/machines/link ] || ln -s ku /run/systemd/machines/unit:run.service");
        for name in engine.leads {
            assert_eq!(machine.entered(name), target.namespace("uts"), "{}: {name}", engine.name);
        }
        // All that can be told of it is one container.
        let said = machine.refused("-").lines().next().unwrap().to_string();
        let list = said.strip_prefix("nsenter: no container '-': there is ").unwrap_or_else(|| panic!("{said}"));
        assert!(!list.contains(','), "{said}");
        assert!(engine.leads.iter().any(|name| list == name.replace("WEB", &ID[..12])), "{}: {list}", engine.name);
        target.end();
    }
}
