use std::os::unix::fs::symlink;

use super::made::MadeUp;
use super::*;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const ID25: &str = "othbeqxo0ze93v1j1zq1ag8a7";
const UUID: &str = "8b2d6d0c-5a0d-4b39-9f8f-3c1d5a6b7c8d";
const TASK32: &str = "f4b1c2d3e4f5061728394a5b6c7d8e9f";

impl MadeUp {
    fn new(name: &str) -> MadeUp {
        let made = MadeUp::empty(name);
        made.directory("run/containerd/io.containerd.runtime.v2.task/k8s.io/ctrk8s");
        made.file("run/runc/runcbox/state.json", "{}");
        made.file(
            "run/runc/deep/state.json",
            r#"{"init_process_pid":7,"cgroup_paths":{"":"/sys/fs/cgroup/system.slice/deep"}}"#,
        );
        made.file("run/crun/top/status", r#"{"pid":8,"cgroup-path":"/top"}"#);
        // In no cgroup.
        made.file("run/crun/free/status", r#"{"pid":9,"cgroup-path":""}"#);
        made.link("run/systemd/machines/unit:nbox-run.service", "nbox-ku");
        made.link("run/systemd/machines/unit:vm.service", "qemu-2-vm");
        made.file(
            "proc/net/unix",
            "Num       RefCount Protocol Flags    Type St Inode Path\n\
             0000000000000000: 00000002 00000000 00010000 0001 01 23 @/var/lib/lxc/c1/command\n\
             0000000000000000: 00000002 00000000 00010000 0001 01 24 @/var/lib/lxc/web-2/command\n\
             0000000000000000: 00000002 00000000 00010000 0001 01 25 @/var/lib/lxc/web/command\n",
        );
        made
    }

    fn evidence(&self) -> Evidence {
        Evidence::new(&self.0, &self.0.join("proc"))
    }

    #[track_caller]
    fn names(&self, path: &str) -> String {
        let found = container(path.as_bytes(), &self.evidence()).map(|container| container.name());
        String::from_utf8(found.unwrap_or_default()).unwrap()
    }
}

/// With what the words in capitals stand for.
fn written(text: &str) -> String {
    text.replace("UUID", UUID).replace("TASK32", TASK32).replace("ID25", ID25).replace("ID64", ID)
}

#[track_caller]
fn assert_named(rows: &[(&str, &str)]) {
    let made = MadeUp::new(rows[0].1.split(':').next().unwrap());
    for (path, expected) in rows {
        assert_eq!(made.names(&written(path)), written(expected), "{path}");
    }
}

#[test]
fn docker() {
    assert_named(&[
        ("/docker/ID64", "docker:ID64"),
        ("/system.slice/docker-ID64.scope", "docker:ID64"),
        ("/system.slice/docker-ID64.scope/init", "docker:ID64"),
        ("/docker/ID64/docker/ID64/x", "docker:ID64"),
        ("/system.slice/system.slice:docker:ID25", "docker:ID25"),
        ("/docker/buildkit/ID25", "buildkit:ID25"),
        ("/docker/buildkit", ""),
        ("/docker", ""),
        ("/system.slice/docker-ID25.scope", "docker:ID25"),
        ("/system.slice/docker.service", ""),
        (
            "/system.slice/docker-ID64.scope/kubelet.slice/kubelet-kubepods.slice/cri-containerd-ID64.scope",
            "containerd:ID64",
        ),
    ]);
}

#[test]
fn podman_and_buildah() {
    assert_named(&[
        ("/system.slice/x.service/libpod-payload-ID64", "podman:ID64"),
        ("/system.slice/x.service/libpod-payload-ID64/init.scope", "podman:ID64"),
        ("/machine.slice/libpod-ID64.scope/container", "podman:ID64"),
        ("/../../machine.slice/libpod-ID64.scope/container", "podman:ID64"),
        ("/libpod_parent/libpod-ID64", "podman:ID64"),
        ("/machine.slice/libpod-conmon-ID64.scope", ""),
        ("/buildah-buildah3555949821", "buildah:buildah3555949821"),
        ("/buildah-x", ""),
    ]);
}

#[test]
fn containerd_and_the_kubelet() {
    assert_named(&[
        ("/k8s.io/ctrk8s", "containerd:ctrk8s"),
        ("/k8s.io/ctrk8s/init.scope", "containerd:ctrk8s"),
        ("/../../k8s.io/ctrk8s", "containerd:ctrk8s"),
        // No such task, or not where containerd puts it.
        ("/k8s.io/other", ""),
        ("/user.slice/k8s.io/ctrk8s", ""),
        ("/default/ID64", "oci:ID64"),
        ("/kubepods.slice/kubepods-pod1.slice/cri-containerd-ID64.scope", "containerd:ID64"),
        ("/kubepods.slice/kubepods-pod1.slice/crio-ID64.scope", "cri-o:ID64"),
        ("/kubepods.slice/kubepods-pod1.slice/crio-conmon-ID64.scope", ""),
        ("/system.slice/x.service/kubepods-besteffort-pod1.slice:cri-containerd:ID64", "containerd:ID64"),
        ("/kubepods/burstable/pod7/ID64", "kubernetes:ID64"),
        ("/a.slice::ID64", ""),
    ]);
}

#[test]
fn a_task_of_containerd_with_a_hash() {
    let made = MadeUp::new("moby");
    made.directory(&format!("run/containerd/io.containerd.runtime.v2.task/moby/{ID}"));
    assert_eq!(made.names(&format!("/moby/{ID}")), format!("containerd:{ID}"));
}

#[test]
fn runc_and_crun() {
    assert_named(&[
        ("/system.slice/runc-runcsd.scope", "runc:runcsd"),
        ("/system.slice/crun-box.scope", "crun:box"),
        ("/system.slice/runc-.scope", ""),
        ("/runcbox", "runc:runcbox"),
        ("/runcbox/below", "runc:runcbox"),
        ("/other", ""),
        ("/user.slice/runcbox", ""),
        // Where they have written that they made it, and nowhere else.
        ("/system.slice/deep", "runc:deep"),
        ("/system.slice/deep/below", "runc:deep"),
        ("/../../system.slice/deep", "runc:deep"),
        ("/user.slice/system.slice/deep", ""),
        ("/system.slice/deep/deep", "runc:deep"),
        ("/system.slice", ""),
        ("/top", "crun:top"),
        ("/a.slice/top", ""),
        ("/top/free", "crun:top"),
        ("/free", ""),
        ("/../../../free", ""),
        ("/../../..", ""),
    ]);
}

#[test]
fn machines() {
    assert_named(&[
        ("/machine.slice/machine-my\\x2dbox.scope", "machine:my-box"),
        ("/machine.slice/systemd-nspawn@box.service", "machine:box"),
        ("/system.slice/nbox-run.service/payload", "machine:nbox-ku"),
        ("/system.slice/nbox-run.service", "machine:nbox-ku"),
        ("/system.slice/other.service/payload", ""),
        // A user's own cgroup of that name.
        ("/user.slice/user-1000.slice/user@1000.service/nbox-run.service", ""),
        ("/machine.slice/machine-lxc\\x2d7\\x2dbox.scope/libvirt", "machine:lxc-7-box"),
        // Virtual machines are not containers.
        ("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator", ""),
        ("/system.slice/vm.service", ""),
    ]);
}

#[test]
fn lxc_by_name_or_number() {
    assert_named(&[
        ("/lxc.payload.web/system.slice/a.service", "lxc:web"),
        ("/lxc/web", "lxc:web"),
        ("/lxc/100/ns", "lxc:100"),
        ("/lxc.payload-100", "lxc:100"),
        // Of which container: that tells the socket.
        ("/lxc.payload.c1-1", "lxc:c1"),
        ("/lxc.payload.web-2", "lxc:web-2"),
        ("/lxc.payload.gone-1", "lxc:gone-1"),
        ("/lxc.monitor.web", ""),
    ]);
}

#[test]
fn ids_below_any_parent() {
    assert_named(&[
        ("/ID64", "oci:ID64"),
        ("/actions_job/ID64", "oci:ID64"),
        ("/ecs/TASK32/ID64", "oci:ID64"),
        ("/anything/ID64/x", "oci:ID64"),
        ("/ecs/TASK32/TASK32-3935363592", "ecs:TASK32-3935363592"),
        ("/other/TASK32/TASK32-3935363592", ""),
        ("/anything/ID25", ""),
    ]);
}

#[test]
fn other_runtimes() {
    assert_named(&[
        ("/garden/UUID", "garden:UUID"),
        ("/system.slice/garden.service/garden/UUID", "garden:UUID"),
        ("/nomad.slice/share.slice/UUID.web.scope", "nomad:UUID.web"),
        ("/system.slice/UUID.web.scope", ""),
        ("/vc/ID64", "kata:ID64"),
        ("/kata_overhead/ID64", "kata:ID64"),
        ("/user.slice/app.slice/app-flatpak-org.gnome.Maps-4711.scope", "flatpak:org.gnome.Maps"),
        ("/user.slice/app.slice/app-flatpak-a\\x2db-4711.scope", "flatpak:a-b"),
        ("/user.slice/app.slice/snap.firefox.firefox.UUID.scope", "snap:firefox"),
        ("/user.slice/app.slice/apptainer-4711.scope", "apptainer:4711"),
        ("/", ""),
    ]);
}

#[test]
fn a_file_that_others_may_have_put_there_is_no_evidence() {
    let made = MadeUp::new("trust");
    assert_eq!(made.names("/runcbox"), "runc:runcbox");
    for (path, kept, open) in
        [("run", 0o755, 0o777), ("run/runc", 0o700, 0o720), ("run/runc/runcbox/state.json", 0o644, 0o666)]
    {
        made.mode(path, open);
        assert_eq!(made.names("/runcbox"), "", "{path}");
        made.mode(path, kept);
    }
    made.mode("run/systemd/machines", 0o1777);
    assert_eq!(made.names("/system.slice/nbox-run.service"), "");
    made.mode("run/containerd/io.containerd.runtime.v2.task/k8s.io", 0o775);
    assert_eq!(made.names("/k8s.io/ctrk8s"), "");
    // Another owner.
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::chown(made.0.join("run/runc"), Some(1001), None).unwrap();
        assert_eq!(made.names("/runcbox"), "");
        std::os::unix::fs::chown(made.0.join("run/runc"), Some(0), None).unwrap();
    }
    // A link, or a pipe that would never end.
    let state = made.0.join("run/runc/runcbox/state.json");
    std::fs::rename(&state, made.0.join("state.json")).unwrap();
    symlink("../../../state.json", &state).unwrap();
    assert_eq!(made.names("/runcbox"), "");
    std::fs::remove_file(&state).unwrap();
    nix::unistd::mkfifo(&state, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(made.names("/runcbox"), "");
    std::fs::rename(made.0.join("run/runc"), made.0.join("run/elsewhere")).unwrap();
    symlink("elsewhere", made.0.join("run/runc")).unwrap();
    assert_eq!(made.names("/runcbox"), "");
    // Names that lead elsewhere.
    symlink("../x", made.0.join("run/systemd/machines/unit:up.service")).unwrap();
    made.mode("run/systemd/machines", 0o755);
    assert_eq!(made.names("/system.slice/up.service"), "");
    assert_eq!(made.names("/system.slice/nbox-run.service"), "machine:nbox-ku");
}

#[test]
fn a_unit_is_one_of_the_systemd_outside() {
    let made = MadeUp::new("units");
    for (path, expected) in [
        ("/system.slice/ssh.service", "ssh.service"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope", "a.scope"),
        ("/user.slice/user-1000.slice", "user-1000.slice"),
        ("/system.slice/ssh.service/inner", "ssh.service"),
        ("/machine.slice/machine-bootbox.scope/init.scope", "machine-bootbox.scope"),
        ("/machine.slice/machine-bootbox.scope/system.slice/systemd-logind.service", "machine-bootbox.scope"),
        ("/system.slice/nbox-run.service/payload/system.slice/cron.service", "nbox-run.service"),
        ("/lxc.payload.web/system.slice/a.service", ""),
        ("/system.slice/docker-ID64.scope/kubelet.slice/cri-containerd-ID64.scope", "docker-ID64.scope"),
        ("/system.slice/x.service/libpod-payload-ID64", "x.service"),
        ("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator", "machine-qemu\\x2d1\\x2dvm.scope"),
        ("/.service", ""),
        ("/", ""),
    ] {
        let found = unit(written(path).as_bytes(), &made.evidence()).unwrap_or_default();
        assert_eq!(String::from_utf8(found).unwrap(), written(expected), "{path}");
    }
}
