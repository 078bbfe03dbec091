//! --container: the files of each runtime and its cgroups, made by hand.

use std::cell::RefCell;

use crate::common::{Call, Cgroups, Outcome, Process, Pty, Scene, on_purpose};
use crate::{Target, scene};

mod engines;
mod trust;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER: &str = "0fedcba9876543210fedcba9876543210fedcba9876543210fedcba987654321";

/// A machine with containers: cgroups in which there are no others, and files of runtimes.
struct Machine {
    scene: Scene,
    cgroups: RefCell<Cgroups>,
    /// What makes the files.
    script: RefCell<String>,
}

impl Machine {
    fn new(name: &str) -> Machine {
        on_purpose("--container");
        let scene = scene();
        let cgroups = RefCell::new(Cgroups::new(name));
        Machine { scene, cgroups, script: RefCell::default() }
    }

    /// A container in this cgroup.
    fn container(&self, cgroup: &str) -> Target {
        let target = Target::of(self.scene.call(self.scene.path("our-unshare"), ["-u", "-p", "-f", "probe", "hold"]));
        self.put(&target.process, cgroup);
        self.cgroups.borrow_mut().put(target.pid(), &named(cgroup));
        target
    }

    fn put(&self, process: &Process, cgroup: &str) {
        self.cgroups.borrow_mut().put(process.pid(), &named(cgroup));
    }

    fn give(&self, cgroup: &str, uid: u32) {
        self.cgroups.borrow_mut().give(&named(cgroup), uid);
    }

    /// A file of a runtime; `PID` and `START` in it are those of the target.
    fn file(&self, path: &str, text: &str, target: &Target) {
        let text = named(text).replace("PID", &target.id()).replace("START", &started(target));
        self.run(&format!("mkdir -p $(dirname {path})\ncat >{path} <<'END'\n{text}\nEND"));
    }

    /// A line of the script that makes the files.
    fn run(&self, line: &str) {
        let mut script = self.script.borrow_mut();
        script.push_str(&named(line));
        script.push('\n');
    }

    /// Forgets the files.
    fn forget(&self) {
        self.script.borrow_mut().clear();
    }

    fn nsenter(&self, args: &[&str]) -> Call {
        self.run_by("nsenter", args)
    }

    /// The same by the user alice, once all is set up.
    fn nsenter_by_alice(&self, args: &[&str]) -> Call {
        self.run_by("setpriv --reuid=1001 --regid=1001 --clear-groups nsenter", args)
    }

    fn run_by(&self, command: &str, args: &[&str]) -> Call {
        let args: Vec<String> = args.iter().map(|arg| named(arg)).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.cgroups.borrow().call(&self.scene, &self.script.borrow(), command, &args)
    }

    /// The UTS namespace that the name leads to.
    #[track_caller]
    fn entered(&self, name: &str) -> String {
        self.nsenter(&["--container", name, "-u", "readlink", "/proc/self/ns/uts"]).ok().trim().to_string()
    }

    /// What is said of a name that leads nowhere. Nothing may have been run.
    #[track_caller]
    fn refused(&self, name: &str) -> String {
        let outcome: Outcome = self.nsenter(&["--container", name, "-u", "echo", "entered"]).run();
        assert_eq!((outcome.ending, outcome.stdout.as_str()), (crate::common::Ending::Exited(1), ""), "{outcome:?}");
        outcome.stderr.replace(ID, "ID").replace(OTHER, "OTHER")
    }
}

/// The end of the message where no container is seen, and its hint.
const NONE_SEEN: &str = "none can be seen here\nnsenter: hint: a container that was made by hand has no name: enter it by the \
    PID of a process in it, with --target\n";

/// With the ids that are meant by `WEB` and `OTHER`.
fn named(text: &str) -> String {
    text.replace("WEB", ID).replace("OTHER", OTHER)
}

/// When the target has started, in clock ticks since boot.
fn started(target: &Target) -> String {
    let stat = std::fs::read_to_string(target.proc("stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().to_string()
}

scene_test!(without_a_file_a_container_is_found_by_its_cgroup);
fn without_a_file_a_container_is_found_by_its_cgroup() {
    let machine = Machine::new("tree");
    let web = machine.container("/system.slice/docker-WEB.scope");
    let box_ = machine.container("/lxc.payload.box");
    let uts = web.namespace("uts");
    for name in ["WEB", "docker:WEB", "0123456789ab", "0", "docker:01"] {
        assert_eq!(machine.entered(name), uts, "{name}");
    }
    assert_eq!(machine.entered("box"), box_.namespace("uts"));
    assert_eq!(machine.entered("lxc:box"), box_.namespace("uts"));
    // The beginning of a name is none.
    for name in ["bo", "lxc:bo", "docker:box", "lxc:0", "1", "", "docker:", "WEB0"] {
        let said = machine.refused(name);
        let name = name.replace("WEB", "ID");
        assert_eq!(said, format!("nsenter: no container '{name}': there are docker:0123456789ab, lxc:box\n"));
    }
}

scene_test!(the_first_process_is_process_1_of_the_outermost_namespace);
fn the_first_process_is_process_1_of_the_outermost_namespace() {
    let machine = Machine::new("first");
    // Before it, in the same cgroup: the runtime's own process, of the machine's PID namespace.
    let runtime = machine.scene.probe(["hold"]).leashed().spawn();
    machine.put(&runtime, "/docker/WEB");
    let target = machine.container("/docker/WEB/inner");
    // A container in it, further in.
    let inside = ["-t", &target.id(), "-p", "./our-unshare", "-u", "-p", "-f", "probe", "hold"];
    let nested = machine.scene.nsenter(inside).leashed().spawn();
    nested.expect("ready");
    let nested = nested.child().pid;
    machine.cgroups.borrow_mut().put(nested, &named("/docker/WEB"));
    assert_eq!(machine.entered("WEB"), target.namespace("uts"));
}

scene_test!(a_name_that_leads_to_several_is_none);
fn a_name_that_leads_to_several_is_none() {
    let machine = Machine::new("several");
    let web = machine.container("/system.slice/docker-WEB.scope");
    let other = machine.container("/machine.slice/libpod-OTHER.scope");
    let box_ = machine.container("/lxc.payload.web");
    let config = r#"{"ID":"WEB","Name":"/web","State":{"Running":true,"Pid":PID}}"#;
    machine.file("/var/lib/docker/containers/WEB/config.v2.json", config, &web);
    let hint = "nsenter: hint: write one of them as it stands in the list, ";
    let tail = ", or more digits of its id\n";
    assert_eq!(
        machine.refused("web"),
        format!("nsenter: 'web' may be any of these containers: docker:web, lxc:web\n{hint}'docker:web'{tail}")
    );
    assert_eq!(
        machine.refused("0"),
        format!(
            "nsenter: '0' may be any of these containers: docker:web, podman:0fedcba98765\n{hint}'docker:web'{tail}"
        )
    );
    for (name, target) in [("docker:web", &web), ("lxc:web", &box_), ("0f", &other), ("01", &web), ("podman:0", &other)]
    {
        assert_eq!(machine.entered(name), target.namespace("uts"), "{name}");
    }
    let said = machine.refused("nothing");
    assert_eq!(said, "nsenter: no container 'nothing': there are docker:web, lxc:web, podman:0fedcba98765\n");
}

scene_test!(a_container_is_a_target_and_enters_nothing_by_itself);
fn a_container_is_a_target_and_enters_nothing_by_itself() {
    let machine = Machine::new("alone");
    let web = machine.container("/docker/WEB");
    let outside = machine.scene.namespace("uts");
    let said = machine.nsenter(&["--container", "WEB", "readlink", "/proc/self/ns/uts"]).ok();
    assert_eq!(said.trim(), outside);
    let pty = Pty::new();
    machine.nsenter(&["--container", "WEB", "true"]).terminal(&pty).run();
    let note = format!("nsenter: note: nothing of process {} is entered: add -a", web.pid());
    assert!(pty.text().starts_with(&note), "{}", pty.text());
    // As with --target, the rest comes from it.
    let all = machine.nsenter(&["--container=WEB", "-a", "-w", "readlink", "/proc/self/ns/uts"]).ok();
    assert_eq!(all.trim(), web.namespace("uts"));
    let id = web.id();
    for (args, both) in [
        (&["-t", &id, "--container", "WEB"][..], "--target --container"),
        (&["--container", "WEB", "-t", &id], "--container --target"),
        (&["--unit", "x", "--container", "WEB"], "--unit --container"),
    ] {
        let outcome = machine.nsenter(&[args, &["true"]].concat()).run();
        outcome.says(1, &format!("nsenter: mutually exclusive arguments: {both}"));
    }
    // The last one counts.
    assert_eq!(machine.nsenter(&["--container=x", "--container=WEB", "-u", "echo", "in"]).ok(), "in\n");
    let none = machine.nsenter(&["--container"]).run();
    none.says(1, "nsenter: option '--container' requires an argument");
}

scene_test!(no_such_container_is_an_error_that_says_what_can_be_seen);
fn no_such_container_is_an_error_that_says_what_can_be_seen() {
    let machine = Machine::new("none");
    assert_eq!(machine.refused("web"), format!("nsenter: no container 'web': {NONE_SEEN}"));
    // What a runtime keeps is closed to an ordinary user, who can tell an id from the cgroup.
    machine.run("mkdir -p /var/lib/docker; chmod 710 /var/lib/docker");
    let _web = machine.container("/docker/WEB");
    let outcome = machine.nsenter_by_alice(&["--container", "web", "true"]).run();
    let below = outcome.says(1, "nsenter: no container 'web': there is docker:0123456789ab");
    let hint =
        "nsenter: hint: what this keeps of containers was not read: /var/lib/docker/containers: Permission denied";
    assert_eq!(below, [hint]);
}

scene_test!(only_the_words_are_left_where_no_hints_are_wanted);
fn only_the_words_are_left_where_no_hints_are_wanted() {
    let machine = Machine::new("words");
    let (_one, _other) = (machine.container("/docker/WEB"), machine.container("/docker/OTHER"));
    let outcome = machine.nsenter(&["--container", "0", "true"]).env("NSKIT_HINTS", "0").run();
    let line = "nsenter: '0' may be any of these containers: docker:0123456789ab, docker:0fedcba98765";
    assert!(outcome.says(1, line).is_empty());
}

scene_test!(those_that_do_not_run_are_listed_apart);
fn those_that_do_not_run_are_listed_apart() {
    let machine = Machine::new("apart");
    let web = machine.container("/docker/WEB");
    let config =
        |name: &str, runs| format!(r#"{{"ID":"{name}","Name":"/{runs}","State":{{"Running":{runs},"Pid":PID}}}}"#);
    machine.file("/var/lib/docker/containers/OTHER/config.v2.json", &config("OTHER", false), &web);
    assert_eq!(
        machine.refused("x"),
        "nsenter: no container 'x': those that run: docker:0123456789ab; known, not running: docker:false\n"
    );
    machine.file("/var/lib/docker/containers/WEB/config.v2.json", &config("WEB", true), &web);
    assert_eq!(
        machine.refused("x"),
        "nsenter: no container 'x': those that run: docker:true; known, not running: docker:false\n"
    );
    // The file tells of a process that has ended: no PID is as high.
    let ended = config("WEB", true).replace("PID", "4194304");
    machine.file("/var/lib/docker/containers/WEB/config.v2.json", &ended, &web);
    assert_eq!(
        machine.refused("x"),
        "nsenter: no container 'x': none runs; known, not running: docker:false, docker:true\n"
    );
}
