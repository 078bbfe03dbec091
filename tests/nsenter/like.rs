//! --like-target: containers are made by hand with the values that engines give theirs.

use crate::common::{Call, Outcome, Scene, Seen, User, needs_root, on_purpose};
use crate::{Target, namespace, scene};

mod hostile;
mod own;
mod refused;

/// What Docker leaves to the first process of a container.
const DOCKER: u64 = 0xa804_25fb;
/// What podman leaves to it.
const PODMAN: u64 = 0x8004_05fb;

/// sethostname(2) on this machine's processor.
const SETHOSTNAME: i64 = libc::SYS_sethostname;

/// How a container is started.
#[derive(Clone)]
struct Container<'c> {
    /// What makes the namespaces.
    unshare: &'c [&'c str],
    /// A part of a shell script: limits, umask and the like.
    prepare: &'c str,
    /// The environment.
    environment: &'c [&'c str],
    /// How many filters, of which each refuses one call.
    filters: usize,
    /// Options of setpriv(1), as which the process gives up what it has too much of.
    rights: String,
}

const NAMESPACES: &[&str] = &["-m", "-u", "-i", "-n", "-p", "-C", "-f", "--mount-proc"];

/// What the first process has of Docker's defaults.
fn docker() -> Container<'static> {
    Container {
        unshare: NAMESPACES,
        prepare: "cd /usr; ulimit -c 0; ulimit -n 888; ulimit -Sn 777; echo 500 >/proc/self/oom_score_adj",
        environment: &["PATH=/usr/bin:/bin", "HOME=/root", "A=1"],
        filters: 1,
        rights: format!("--bounding-set={} --inh-caps=-all --clear-groups", names(DOCKER)),
    }
}

/// The capabilities of a set as setpriv(1) wants them.
fn names(set: u64) -> String {
    let all = nskit::internals::sys::capability::CapabilitySet::of_bits(set).names();
    let names: Vec<String> = all.iter().map(|name| format!("+{}", name.trim_start_matches("cap_"))).collect();
    format!("-all,{}", names.join(","))
}

impl Container<'_> {
    /// What becomes its first process: `probe WORD`.
    fn call(&self, scene: &Scene, word: &str) -> Call {
        let probe = scene.text("bin/probe");
        let refuse = format!("{probe} refuse {SETHOSTNAME} 1 0 ").repeat(self.filters);
        let environment = self.environment.join(" ");
        let script = format!(
            "{}; exec {refuse} setpriv {} /usr/bin/env -i {environment} {probe} {word}",
            self.prepare, self.rights
        );
        scene.call(scene.path("our-unshare"), self.unshare).args(["/bin/sh", "-ec", &script])
    }

    fn start(&self, scene: &Scene) -> Target {
        Target::of(self.call(scene, "hold"))
    }
}

/// A line that differs between two processes of one container, or two containers of one sort.
const OF_ONE: [&str; 9] = ["pid", "fd", "file", "ns", "children", "session", "arg", "death-signal", "env"];

/// Runs the probe like the target.
#[track_caller]
fn like(scene: &Scene, target: &Target, options: &[&str]) -> Seen {
    let call = scene.nsenter(["-t", &target.id(), "--like-target"]).args(options).env("TERM", "new");
    call.args([scene.text("bin/probe").as_str(), "world"]).seen()
}

/// All that a program which the target itself had started would see, it sees.
#[track_caller]
fn assert_like(scene: &Scene, container: &Container) -> Seen {
    let own = Seen::read(&container.call(scene, "world").ok());
    let target = container.start(scene);
    let seen = like(scene, &target, &[]);
    assert_eq!(seen.without(&OF_ONE), own.without(&OF_ONE));
    for (_, _, name) in crate::KINDS {
        assert_eq!(namespace(&seen, name), target.namespace(name));
    }
    seen
}

scene_test!(the_program_is_like_the_first_process_of_dockers);
fn the_program_is_like_the_first_process_of_dockers() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let seen = assert_like(&scene, &docker());
    // What the comparison is about: none of it is the caller's.
    assert_eq!(seen.one("oom-score"), "500");
    assert_eq!(seen.one("seccomp"), "2 1");
    assert_eq!(seen.one("cwd"), "/usr");
    assert_eq!(seen.one("session"), "own");
    let capabilities =
        [format!("permitted {DOCKER:x} effective {DOCKER:x} inheritable 0"), format!("ambient 0 bounding {DOCKER:x}")];
    assert_eq!(seen.all("caps"), capabilities);
    assert!(seen.all("limit").contains(&"7 777 888") && seen.all("limit").contains(&"4 0 0"), "{seen:?}");
    assert_eq!(seen.one("no-new-privs"), "0");
    // Nothing is open that the caller does not have.
    assert_eq!(seen.all("fd"), scene.probe(["seen"]).seen().all("fd"));
}

scene_test!(the_program_is_like_the_first_process_of_podmans);
fn the_program_is_like_the_first_process_of_podmans() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let rights = format!(
        "--bounding-set={} --inh-caps=-all --reuid 1001 --regid 1001 --groups 44,1001 --no-new-privs",
        names(PODMAN)
    );
    let container = Container { prepare: "umask 027; cd /tmp", filters: 2, rights, ..docker() };
    let seen = assert_like(&scene, &container);
    assert_eq!((seen.one("uid"), seen.one("gid")), ("1001 1001 1001", "1001 1001 1001"));
    assert_eq!(seen.one("groups"), "44 1001");
    assert_eq!((seen.one("umask"), seen.one("no-new-privs"), seen.one("seccomp")), ("027", "1", "2 2"));
    let capabilities = ["permitted 0 effective 0 inheritable 0".to_string(), format!("ambient 0 bounding {PODMAN:x}")];
    assert_eq!(seen.all("caps"), capabilities);
}

scene_test!(ambient_capabilities_come_along);
fn ambient_capabilities_come_along() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let rights = format!(
        "--bounding-set={} --reuid 1001 --regid 1001 --clear-groups --inh-caps=-all,+net_raw --ambient-caps=-all,+net_raw",
        names(DOCKER)
    );
    for filters in [0, 1] {
        let seen = assert_like(&scene, &Container { rights: rights.clone(), filters, ..docker() });
        let raw = 1 << 13;
        let capabilities = [
            format!("permitted {raw:x} effective {raw:x} inheritable {raw:x}"),
            format!("ambient {raw:x} bounding {DOCKER:x}"),
        ];
        assert_eq!(seen.all("caps"), capabilities);
    }
}

scene_test!(a_user_namespace_of_roots_is_entered_with_its_groups_and_ids);
fn a_user_namespace_of_roots_is_entered_with_its_groups_and_ids() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let unshare = ["-U", "--map-users=0:500000:1000", "--map-groups=0:500000:1000", "-S0", "-G0"];
    let unshare = [&unshare[..], NAMESPACES].concat();
    let rights = format!("--bounding-set={} --inh-caps=-all --reuid 33 --regid 34 --groups 35,36", names(DOCKER));
    let prepare = "cd /usr; ulimit -Sn 777";
    let container = Container { unshare: &unshare, rights, prepare, ..docker() };
    let seen = assert_like(&scene, &container);
    assert_eq!((seen.one("uid"), seen.one("groups")), ("33 33 33", "35 36"));
    assert_eq!(seen.one("seccomp"), "2 1");
}

scene_test!(the_kernel_treats_the_program_as_the_target);
fn the_kernel_treats_the_program_as_the_target() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let prepare = "renice -n 5 $$ >/dev/null; ionice -c3 -p $$; trap '' USR1";
    let target = Container { prepare, ..docker() }.start(&scene);
    let seen = like(&scene, &target, &[]);
    assert_eq!(seen.one("priority"), "5");
    assert_eq!(seen.one("io-priority"), (3 << 13 | 7).to_string());
    // Whatever is ignored, by the caller or by the target, is not by the program.
    let call = scene.nsenter(["-t", &target.id(), "--like-target", &scene.text("bin/probe"), "seen"]);
    let seen = call.ignoring(libc::SIGUSR2).ignoring(libc::SIGCHLD).blocking(libc::SIGTERM).blocking(64).seen();
    assert_eq!([seen.all("ignored"), seen.all("blocked"), seen.all("pending")].concat(), [""; 0]);
    // On one processor of those that there are.
    let target = Container { prepare: "taskset -pc 0 $$ >/dev/null", ..docker() }.start(&scene);
    let call = scene.call("/bin/sh", ["-ec", "taskset -pc 0-4095 $$ >/dev/null; exec nsenter \"$@\"", "sh"]);
    let call = call.args(["-t", &target.id(), "--like-target", &scene.text("bin/probe"), "world"]);
    assert_eq!(call.seen().one("processors"), "0");
}

scene_test!(the_scheduling_policy_stays_the_callers);
fn the_scheduling_policy_stays_the_callers() {
    on_purpose("--like-target");
    needs_root("a policy in real time");
    let scene = scene();
    for (policy, priority) in [("--fifo", "10"), ("--rr", "20"), ("--batch", "0"), ("--idle", "0")] {
        let target = Container { prepare: "renice -n 5 $$ >/dev/null; ionice -c2 -n6 -p $$", ..docker() }.start(&scene);
        let of_target = || scene.call("/usr/bin/chrt", ["--pid", &target.id()]).ok().replace(&target.id(), "PID");
        let before = of_target();
        scene.call("/usr/bin/chrt", [policy, "--pid", priority, &target.id()]).ok();
        assert_ne!(of_target(), before);
        let run = |chrt: &[&str], script: &str| {
            let call = ["nsenter", "-t", &target.id(), "--like-target", "/bin/sh", "-c", script];
            scene.call("/usr/bin/chrt", chrt).args(call).ok()
        };
        let policy_and_nice = "chrt -p $$ | sed 's/.*: //'; nice; ionice";
        assert_eq!(run(&["--other", "0"], policy_and_nice), "SCHED_OTHER\n0\n5\nbest-effort: prio 6\n", "{policy}");
        assert_eq!(run(&["--rr", "3"], policy_and_nice), "SCHED_RR\n3\n5\nbest-effort: prio 6\n", "{policy}");
    }
}

scene_test!(the_filter_is_in_force);
fn the_filter_is_in_force() {
    on_purpose("--like-target");
    needs_root("containers of root's");
    let scene = scene();
    let rights = "--inh-caps=-all".to_string();
    let target = Container { rights: rights.clone(), ..docker() }.start(&scene);
    let outcome = scene.nsenter(["-t", &target.id(), "--like-target", "hostname", "box"]).run();
    assert!(outcome.stderr.ends_with("you must be root to change the host name\n"), "{outcome:?}");
    // It is the filter that refuses it.
    let target = Container { rights, filters: 0, ..docker() }.start(&scene);
    scene.nsenter(["-t", &target.id(), "--like-target", "hostname", "box"]).ok();
}

scene_test!(a_call_that_the_engine_answers_fails_for_who_is_not_its_child);
fn a_call_that_the_engine_answers_fails_for_who_is_not_its_child() {
    on_purpose("--like-target");
    needs_root("the right to read a filter");
    let scene = scene();
    let probe = scene.text("bin/probe");
    let options = ["-u", &probe, "notify", &libc::SYS_setpriority.to_string(), &probe, "hold"];
    let target = Target::of(scene.call(scene.path("our-unshare"), options));
    let outcome = scene.nsenter(["-t", &target.id(), "--like-target", "nice", "-n", "1", "true"]).run();
    assert_eq!(outcome.stderr, "nice: cannot set niceness: Function not implemented\n");
}

scene_test!(a_container_and_a_unit_are_targets_of_it_by_name);
fn a_container_and_a_unit_are_targets_of_it_by_name() {
    on_purpose("--like-target");
    needs_root("cgroups of its own");
    let scene = scene();
    let mut cgroups = crate::common::Cgroups::new("like");
    let target = docker().start(&scene);
    let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let cgroup = format!("/box.service/docker-{id}.scope");
    cgroups.put(target.pid(), &cgroup);
    for name in [["--container", "0123"], ["--unit", "box"]] {
        let probe = scene.text("bin/probe");
        let args = [&name[..], &["--like-target", &probe, "world"]].concat();
        let seen = Seen::read(&cgroups.call(&scene, "", "nsenter", &args).ok());
        assert_eq!(namespace(&seen, "uts"), target.namespace("uts"));
        assert_eq!((seen.one("oom-score"), seen.one("seccomp")), ("500", "2 1"));
        // In its cgroup, as the target sees that.
        let own = seen.all("cgroup");
        let own = own.iter().find(|line| line.starts_with("0::")).unwrap();
        assert!(own.ends_with(&cgroup), "{own}");
    }
}

/// What is said where nothing is run.
#[track_caller]
fn refused(call: Call) -> Outcome {
    let outcome = call.run();
    assert_eq!((outcome.ending, outcome.stdout.as_str()), (crate::common::Ending::Exited(1), ""), "{outcome:?}");
    outcome
}

/// A container that this user has made for themselves.
fn rootless(scene: &Scene, user: User, program: &[&str]) -> Target {
    let options = ["-r", "-m", "-n", "-p", "-u", "-f", "--mount-proc"];
    Target::of(scene.call(scene.path("our-unshare"), options).args(program).user(user))
}
