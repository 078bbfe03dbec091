//! --netns: as `ip netns exec`.

use crate::common::{ALICE, Call, ROOT, Scene, mount_on, on_purpose};
use crate::{Target, namespace};

/// A scene with a network namespace called blue, and with files for it in /etc/netns.
struct Network {
    scene: Scene,
    target: Target,
}

impl Network {
    fn new() -> Network {
        on_purpose("--netns");
        let scene = crate::scene();
        scene.mount(["-t", "tmpfs", "-o", "mode=755", "none", "/run"]);
        let target = Target::new(&scene, ROOT, &["-n"]);
        let script = format!(
            "mkdir /run/netns /run/etc; touch /run/netns/blue; mount --bind {} /run/netns/blue; cp /etc/passwd /etc/group \
             /run/etc; cd /run/etc; echo machine >hosts; mkdir sub netns; echo machine >sub/x; ln -s /run/link resolv.conf; \
             echo machine >/run/link; mount --bind /run/etc /etc",
            target.proc("ns/net")
        );
        scene.call("/bin/sh", ["-ec", &script]).ok();
        Network { scene, target }
    }

    fn run(&self, script: &str) {
        self.scene.call("/bin/sh", ["-ec", script]).ok();
    }

    fn call(&self, args: &[&str]) -> Call {
        self.scene.nsenter(args)
    }
}

scene_test!(a_network_has_its_own_sys_in_a_new_mount_namespace);
fn a_network_has_its_own_sys_in_a_new_mount_namespace() {
    let network = Network::new();
    let seen = network.call(&["--netns", "blue", "probe", "seen"]).seen();
    let mount = namespace(&seen, "mnt").to_string();
    assert_ne!(mount, network.scene.namespace("mnt"));
    assert_eq!(namespace(&seen, "net"), network.target.namespace("net"));
    // The same devices as the kernel tells the namespace of.
    let devices = network.call(&["--netns=blue", "ls", "/sys/class/net"]).ok();
    assert_eq!(devices, "lo\n");
    let table = network.call(&["--netns=blue", "cat", "/proc/self/mountinfo"]).ok();
    let sys = mount_on(&table, "/sys").unwrap();
    assert_eq!((&*sys.fstype, &*sys.root), ("sysfs", "/"));
    // Nothing of it reaches the machine.
    let before = network.scene.mountinfo();
    network.call(&["--netns=blue", "mount", "-t", "tmpfs", "none", "/mnt"]).ok();
    assert_eq!(network.scene.mountinfo(), before);
    // What was read-only stays so.
    network.scene.mount(["-o", "remount,bind,ro", "/sys"]);
    let table = network.call(&["--netns=blue", "cat", "/proc/self/mountinfo"]).ok();
    assert!(mount_on(&table, "/sys").unwrap().options.split(',').any(|option| option == "ro"), "{table}");
}

scene_test!(the_files_of_a_network_are_in_place_of_those_of_etc);
fn the_files_of_a_network_are_in_place_of_those_of_etc() {
    let network = Network::new();
    let show = "cat /etc/hosts /etc/sub/x /etc/resolv.conf";
    assert_eq!(network.call(&["--netns=blue", "sh", "-c", show]).ok(), "machine\nmachine\nmachine\n");
    network.run(
        "mkdir -p /etc/netns/blue/sub; cd /etc/netns/blue; for f in hosts sub/x resolv.conf; do echo blue >$f; done",
    );
    assert_eq!(network.call(&["--netns=blue", "sh", "-c", show]).ok(), "blue\nblue\nblue\n");
    assert_eq!(network.scene.call("/bin/sh", ["-c", show]).ok(), "machine\nmachine\nmachine\n");
    // A link leads to the place: the link itself stays.
    assert_eq!(network.call(&["--netns=blue", "readlink", "/etc/resolv.conf"]).ok(), "/run/link\n");
    // One that has no place is told of.
    network.run("echo x >/etc/netns/blue/missing");
    let outcome = network.call(&["--netns=blue", "sh", "-c", show]).run();
    assert_eq!(outcome.stdout, "blue\nblue\nblue\n");
    assert_eq!(outcome.stderr, "nsenter: note: /etc/netns/blue/missing is left out: /etc has no file of this name\n");
    // One that cannot lie over what is there ends it.
    network.run("rm /etc/netns/blue/missing; rm -r /etc/netns/blue/sub; echo x >/etc/netns/blue/sub");
    let outcome = network.call(&["--netns=blue", "echo", "run"]).run();
    outcome.says(1, "nsenter: mount /etc/sub failed: Is a directory");
}

scene_test!(a_network_that_is_not_there_is_named);
fn a_network_that_is_not_there_is_named() {
    let network = Network::new();
    let outcome = network.call(&["--netns", "green", "true"]).run();
    let below = outcome.says(1, "nsenter: cannot open /run/netns/green: No such file or directory");
    assert_eq!(below, ["nsenter: hint: no network namespace is called green: there is blue (ip netns list)"]);
    network.run("touch /run/netns/plain");
    let outcome = network.call(&["--netns", "plain", "true"]).run();
    outcome.says(1, "nsenter: reassociate to namespace 'ns/net' failed: Invalid argument");
    for name in ["", ".", "..", "a/b", "/run/netns/blue", "../netns/blue"] {
        let outcome = network.call(&["--netns", name, "true"]).run();
        outcome.says(1, &format!("nsenter: invalid network namespace name '{name}'"));
    }
    for (option, name) in
        [("--net=blue", "--net"), ("-n", "--net"), ("-N5", "--net-socket"), ("-m", "--mount"), ("--root=/", "--root")]
    {
        let outcome = network.call(&["--netns=blue", option, "true"]).run();
        outcome.says(1, &format!("nsenter: mutually exclusive arguments: --netns {name}"));
    }
}

scene_test!(the_rest_is_that_of_the_target);
fn the_rest_is_that_of_the_target() {
    let network = Network::new();
    let target = Target::new(&network.scene, ROOT, &["-u", "-m", "-n", "-i"]);
    let seen = network.call(&["-t", &target.id(), "-a", "--netns=blue", "probe", "seen"]).seen();
    for (name, expected) in
        [("uts", target.namespace("uts")), ("ipc", target.namespace("ipc")), ("net", network.target.namespace("net"))]
    {
        assert_eq!(namespace(&seen, name), expected);
    }
    let mount = namespace(&seen, "mnt");
    assert!(mount != target.namespace("mnt") && mount != network.scene.namespace("mnt"));
    // Directories, of outside and of inside.
    assert_eq!(network.call(&["--netns=blue", "--wd=/usr", "pwd"]).ok(), "/usr\n");
    let inside = network.call(&["--netns=blue", "--wdns=/sys/class/net", "ls"]).ok();
    assert_eq!(inside, "lo\n");
    let outside = network.call(&["--netns=blue", "ls", "net"]).directory("/sys/class").ok();
    assert_ne!(outside, "lo\n");
}

scene_test!(the_users_of_a_network_are_those_who_may);
fn the_users_of_a_network_are_those_who_may() {
    let network = Network::new();
    let outcome = network.call(&["--netns=blue", "true"]).user(ALICE).run();
    let below = outcome.says(1, "nsenter: reassociate to namespace 'ns/net' failed: Operation not permitted");
    assert!(!below.is_empty());
    // In a user namespace, whoever is root there.
    let script = "mount -t tmpfs none /run; mkdir /run/netns; touch /run/netns/red; mount --bind /proc/self/ns/net \
                  /run/netns/red; exec nsenter --netns=red ls /sys/class/net";
    let call = network.scene.call(network.scene.path("our-unshare"), ["-r", "-n", "-m", "sh", "-ec", script]);
    assert_eq!(call.user(ALICE).ok(), "lo\n");
}
