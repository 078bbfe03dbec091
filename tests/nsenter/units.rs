//! --unit: cgroups as systemd makes them.

use crate::common::{Call, Cgroups, Process, Pty, Scene, on_purpose};
use crate::{Target, scene};

struct Machine {
    scene: Scene,
    cgroups: Cgroups,
}

impl Machine {
    fn new(name: &str) -> Machine {
        on_purpose("--unit");
        let scene = scene();
        Machine { cgroups: Cgroups::new(name), scene }
    }

    /// A process of a UTS namespace of its own in this cgroup.
    fn process(&mut self, cgroup: &str) -> Target {
        let target = Target::new(&self.scene, crate::common::ROOT, &["-u"]);
        self.cgroups.put(target.pid(), cgroup);
        target
    }

    fn call(&self, args: &[&str]) -> Call {
        self.cgroups.call(&self.scene, "true", "nsenter", args)
    }

    #[track_caller]
    fn entered(&self, unit: &str) -> String {
        self.call(&["--unit", unit, "-u", "readlink", "/proc/self/ns/uts"]).ok().trim().to_string()
    }

    #[track_caller]
    fn refused(&self, unit: &str, line: &str) {
        let outcome = self.call(&["--unit", unit, "-u", "echo", "entered"]).run();
        outcome.says(1, &format!("nsenter: {line}"));
    }
}

scene_test!(the_main_process_of_a_unit_is_entered);
fn the_main_process_of_a_unit_is_entered() {
    let mut machine = Machine::new("units");
    let ssh = machine.process("/system.slice/ssh.service");
    let pay = machine.process("/shop.slice/shop-a.slice/pay.service/payload");
    let session = machine.process("/user.slice/user-1001.slice/session-3.scope");
    let cpu = machine.process("/system.slice/_cpu.service");
    for (unit, target) in [
        ("ssh", &ssh),
        ("ssh.service", &ssh),
        ("pay", &pay),
        ("session-3.scope", &session),
        // systemd keeps it from being taken for a file of the kernel's.
        ("cpu", &cpu),
    ] {
        assert_eq!(machine.entered(unit), target.namespace("uts"), "{unit}");
    }
}

scene_test!(the_lowest_pid_that_is_no_child_of_another_is_the_main_process);
fn the_lowest_pid_that_is_no_child_of_another_is_the_main_process() {
    let mut machine = Machine::new("main");
    // The parent forks after another process has been started, and moves: of the two in the unit without a parent there, it
    // has the lower PID, and its child a higher one than both.
    let shell = machine.scene.call("/bin/sh", ["-c", "echo ready; read x; ./our-unshare -u probe hold; :"]).leashed();
    let shell: Process = shell.spawn();
    shell.expect("ready");
    let second = machine.process("/system.slice/a.service");
    machine.cgroups.put(shell.pid(), "/system.slice/a.service");
    let mut shell = shell;
    shell.write("x\n");
    let child = loop {
        if let Some(child) = shell.children().first() {
            break *child;
        }
    };
    assert!(shell.pid() < second.pid() && second.pid() < child);
    assert_eq!(machine.entered("a"), machine.scene.namespace("uts"));
    // Without it, both are no child of another one in the unit: the lower PID counts.
    machine.cgroups.put(shell.pid(), "/system.slice/b.service");
    assert_eq!(machine.entered("a"), second.namespace("uts"));
    drop(shell);
}

scene_test!(a_unit_that_is_not_there_or_not_one_is_refused);
fn a_unit_that_is_not_there_or_not_one_is_refused() {
    let mut machine = Machine::new("none");
    let _ssh = machine.process("/system.slice/ssh.service");
    machine.cgroups.make("/system.slice/sshd-keygen.service");
    // Of another systemd, and of nobody's.
    let _inside = machine.process("/machine.slice/machine-box.scope/payload/system.slice/cron.service");
    let _plain = machine.process("/system.slice/plain");
    machine.refused("cron", "no unit 'cron.service' has a cgroup here");
    machine.refused("plain", "no unit 'plain.service' has a cgroup here");
    machine.refused("", "no unit '.service' has a cgroup here");
    machine.refused("ss", "no unit 'ss.service' has a cgroup here: there are ssh.service, sshd-keygen.service");
    machine.refused("h.se", "no unit 'h.se.service' has a cgroup here: there is ssh.service");
    machine.refused("../ssh.service", "no unit '../ssh.service' has a cgroup here");
    machine.refused("system.slice/ssh", "no unit 'system.slice/ssh.service' has a cgroup here");
    machine.refused("sshd-keygen", "the unit 'sshd-keygen.service' has no process");
}

scene_test!(a_unit_that_others_may_have_made_is_none);
fn a_unit_that_others_may_have_made_is_none() {
    let mut machine = Machine::new("users");
    let users = "/user.slice/user-1001.slice/user@1001.service";
    let of_user = machine.process(&format!("{users}/app.slice/web.service"));
    machine.cgroups.give(users, 1001);
    machine.refused("web", "no unit 'web.service' has a cgroup here");
    // Its owner has the right to it.
    let setpriv = "setpriv --reuid=1001 --regid=1001 --clear-groups nsenter";
    let found = machine.cgroups.call(&machine.scene, "true", setpriv, &["--unit", "web", "echo", "found"]);
    assert_eq!(found.ok(), "found\n");
    // The service that was handed to them is one of the system's.
    machine.cgroups.put(of_user.pid(), &format!("{users}/init.scope"));
    assert_eq!(machine.entered("user@1001"), of_user.namespace("uts"));
    let web = machine.process("/system.slice/web.service");
    assert_eq!(machine.entered("web"), web.namespace("uts"));
    let again = machine.process("/other.slice/web.service");
    machine
        .refused("web", "'web.service' may be any of these units: /other.slice/web.service, /system.slice/web.service");
    again.end();
}

scene_test!(a_unit_is_a_target_and_enters_nothing_by_itself);
fn a_unit_is_a_target_and_enters_nothing_by_itself() {
    let mut machine = Machine::new("alone");
    let ssh = machine.process("/system.slice/ssh.service");
    let said = machine.call(&["--unit=ssh", "readlink", "/proc/self/ns/uts"]).ok();
    assert_eq!(said.trim(), machine.scene.namespace("uts"));
    let pty = Pty::new();
    machine.call(&["--unit", "ssh", "true"]).terminal(&pty).run();
    let note = format!("nsenter: note: nothing of process {} is entered: add -a", ssh.pid());
    assert!(pty.text().starts_with(&note), "{}", pty.text());
    let outcome = machine.call(&["-t", "1", "--unit", "ssh", "true"]).run();
    outcome.says(1, "nsenter: mutually exclusive arguments: --target --unit");
}
