//! Files that are out of date, made up, or not what they seem: an error, and never another process.

use super::{Machine, NONE_SEEN, started};
use crate::Target;
use crate::common::ALICE;

const CONFIG: &str = "/var/lib/docker/containers/WEB/config.v2.json";
const TEXT: &str = r#"{"ID":"WEB","Name":"/web","State":{"Running":true,"Pid":PID}}"#;
const STATE: &str = "/run/docker/runtime-runc/moby/WEB/state.json";

scene_test!(a_process_that_has_got_the_pid_since_is_not_entered);
fn a_process_that_has_got_the_pid_since_is_not_entered() {
    let machine = Machine::new("stale");
    let other = Target::new(&machine.scene, crate::common::ROOT, &["-u"]);
    let web = machine.container("/docker/WEB");
    let (pid, stale) = (other.pid(), "what the runtime has written is out of date");
    // In another cgroup.
    machine.file(CONFIG, TEXT, &other);
    assert_eq!(
        machine.refused("web"),
        format!(
            "nsenter: the container docker:web does not run: process {pid}, which was its first, is another one now\n\
             nsenter: hint: process {pid} is in no cgroup of the container: {stale}\n"
        )
    );
    // In one whose name begins alike, or that is around it.
    for cgroup in ["/docker", "/docker/WEBX", "/docker/OTHER", "/docker-WEB"] {
        machine.cgroups.borrow_mut().put(pid, &super::named(cgroup));
        assert!(machine.refused("web").contains("is in no cgroup of the container"), "{cgroup}");
    }
    // In the right one, and started at another time.
    machine.forget();
    machine.file(CONFIG, TEXT, &web);
    machine.file(STATE, r#"{"init_process_pid":PID,"init_process_start":1}"#, &web);
    let pid = web.pid();
    assert_eq!(
        machine.refused("web"),
        format!(
            "nsenter: the container docker:web does not run: its first process was {pid}, which has started anew\n\
             nsenter: hint: the PID {pid} has been given to another process: {stale}\n"
        )
    );
    machine.file(STATE, r#"{"init_process_pid":PID,"init_process_start":START}"#, &web);
    assert_eq!(machine.entered("web"), web.namespace("uts"));
    assert!(started(&web).parse::<u64>().unwrap() > 1);
}

scene_test!(a_container_that_does_not_run_is_not_entered);
fn a_container_that_does_not_run_is_not_entered() {
    let machine = Machine::new("stopped");
    let web = machine.container("/docker/WEB");
    let stopped = "nsenter: the container docker:web does not run\n";
    // Its file says so, though a process has been put where it would be.
    machine.file(CONFIG, &TEXT.replace("true", "false"), &web);
    assert_eq!(machine.refused("web"), stopped);
    machine.file(CONFIG, &TEXT.replace("PID", "0"), &web);
    assert_eq!(machine.refused("0123"), stopped);
    // The process is gone.
    machine.file(CONFIG, TEXT, &web);
    assert_eq!(machine.entered("web"), web.namespace("uts"));
    web.end();
    assert_eq!(machine.refused("web"), stopped);
    // No process has this number.
    machine.run("sed -i 's/\"Pid\":[0-9]*/\"Pid\":4194304/' /var/lib/docker/containers/*/config.v2.json");
    assert_eq!(machine.refused("web"), stopped);
    machine.forget();
    assert_eq!(machine.refused("0123"), "nsenter: the container docker:0123456789ab does not run\n");
}

scene_test!(a_cgroup_that_a_user_has_made_is_not_that_of_a_container);
fn a_cgroup_that_a_user_has_made_is_not_that_of_a_container() {
    let machine = Machine::new("user");
    let service = "/user.slice/user-1001.slice/user@1001.service";
    let forged = machine.container(&format!("{service}/docker-WEB.scope"));
    machine.give(service, 1001);
    assert_eq!(machine.refused("WEB"), format!("nsenter: no container 'ID': {NONE_SEEN}"));
    // A file that root has written names a process that has moved there: the cgroup does not count.
    machine.file(CONFIG, TEXT, &forged);
    assert!(machine.refused("web").contains("is in no cgroup of the container"));
    machine.forget();
    // The user's own rights are over it already.
    let outcome = machine.nsenter_by_alice(&["--container", "WEB", "echo", "found"]);
    assert_eq!(outcome.ok(), "found\n");
    // Not one that others may write to, and not one below such a directory.
    for (directory, mode) in [("/open", 0o777), ("/group", 0o775)] {
        let below = format!("{directory}/a/docker-OTHER.scope");
        let _forged = machine.container(&below);
        let path = machine.cgroups.borrow_mut().make(directory);
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(machine.refused("OTHER"), format!("nsenter: no container 'OTHER': {NONE_SEEN}"));
        _forged.end();
    }
    // The cgroup of the container itself may be somebody's: what is in it belongs to the container.
    let web = machine.container("/docker/WEB/below");
    machine.give("/docker/WEB", 1001);
    machine.give("/docker/WEB/below", 1001);
    assert_eq!(machine.entered("WEB"), web.namespace("uts"));
}

scene_test!(what_is_root_in_another_container_cannot_take_a_name);
fn what_is_root_in_another_container_cannot_take_a_name() {
    let machine = Machine::new("nested");
    // With a lower PID, and no nearer to us.
    let forger = machine.container("/docker/OTHER/docker/WEB");
    let web = machine.container("/docker/WEB");
    assert!(forger.pid() < web.pid());
    assert_eq!(machine.entered("WEB"), web.namespace("uts"));
}

scene_test!(a_file_counts_only_if_nobody_else_can_have_written_it);
fn a_file_counts_only_if_nobody_else_can_have_written_it() {
    let machine = Machine::new("hostile");
    let web = machine.container("/docker/WEB");
    let not_read = |why: &str, said: &str| {
        let line = format!("nsenter: hint: what this keeps of containers was not read: {why}\n");
        assert_eq!(said, format!("nsenter: no container 'web': there is docker:0123456789ab\n{line}"));
    };
    let directory = "/var/lib/docker/containers/ID";
    for (line, path, why) in [
        ("chmod 666 CONFIG", "config.v2.json", "others than root may change it"),
        ("chown 1001 CONFIG", "config.v2.json", "others than root may change it"),
        ("chmod 770 $(dirname CONFIG)", "", "others than root may change it"),
        ("mv CONFIG /run/c; ln -s /run/c CONFIG", "config.v2.json", "it is no regular file or directory"),
        // Nobody writes to it.
        ("rm CONFIG; mkfifo CONFIG", "config.v2.json", "it is no regular file or directory"),
        ("rm CONFIG; mkdir CONFIG", "config.v2.json", "it is no regular file or directory"),
        ("truncate -s 100M CONFIG", "config.v2.json", "it is too long"),
        ("rm CONFIG; ln -s /dev/zero CONFIG", "config.v2.json", "it is no regular file or directory"),
    ] {
        machine.forget();
        machine.file(CONFIG, TEXT, &web);
        machine.run(&line.replace("CONFIG", CONFIG));
        let path = std::path::Path::new(directory).join(path);
        let path = path.display().to_string();
        not_read(&format!("{}: {why}", path.trim_end_matches('/')), &machine.refused("web"));
        assert_eq!(machine.entered("WEB"), web.namespace("uts"), "{line}");
    }
    // A hundred megabytes of blanks that are all the file has.
    machine.forget();
    machine.file(CONFIG, TEXT, &web);
    machine.run(&format!("head -c 100000000 /dev/zero | tr '\\0' ' ' >>{CONFIG}"));
    not_read(&format!("{directory}/config.v2.json: it is too long"), &machine.refused("web"));
}

scene_test!(a_name_of_the_wrong_sort_is_shown_and_does_nothing);
fn a_name_of_the_wrong_sort_is_shown_and_does_nothing() {
    let machine = Machine::new("odd");
    let web = machine.container("/docker/WEB");
    machine.file(CONFIG, &TEXT.replace("/web", "/a\\nnsenter: b\\u001b[31m\\u202e"), &web);
    let said = machine.refused("x");
    assert_eq!(said, "nsenter: no container 'x': there is docker:a\\nnsenter: b\\u{1b}[31m\\u{202e}\n");
    assert_eq!(machine.entered("a\nnsenter: b\u{1b}[31m\u{202e}"), web.namespace("uts"));
    // No path is made of what a file or a command line says.
    for name in ["../../etc", "/", ".", "..", "%s", "docker:../WEB", "WEB/..", "a\nb"] {
        machine.refused(name);
    }
    machine.file(
        "/run/runc/x/state.json",
        r#"{"id":"../../../x","init_process_pid":PID,"cgroup_paths":{"":"/"}}"#,
        &web,
    );
    assert!(machine.refused("runc:x").contains("is in no cgroup of the container"));
    machine.file("/run/runc/x/state.json", r#"{"init_process_pid":PID,"cgroup_paths":{"":"/sys/fs/cgroup"}}"#, &web);
    assert!(machine.refused("runc:x").contains("is in no cgroup of the container"));
    machine.file(
        "/run/runc/x/state.json",
        r#"{"init_process_pid":1,"cgroup_paths":{"":"/sys/fs/cgroup/docker/.."}}"#,
        &web,
    );
    assert!(machine.refused("runc:x").contains("is in no cgroup of the container"));
    // Where the runtime says that there is no cgroup, the time must be there, and right.
    machine.file("/run/crun/y/status", r#"{"pid":PID,"cgroup-path":""}"#, &web);
    assert!(machine.refused("crun:y").contains("is in no cgroup of the container"));
    machine.file("/run/crun/y/status", r#"{"pid":PID,"process-start-time":1,"cgroup-path":""}"#, &web);
    assert!(machine.refused("crun:y").contains("started"), "{}", machine.refused("crun:y"));
    machine.file("/run/crun/y/status", r#"{"pid":PID,"process-start-time":START,"cgroup-path":""}"#, &web);
    assert_eq!(machine.entered("crun:y"), web.namespace("uts"));
}

scene_test!(a_users_own_containers_are_found_by_their_owner);
fn a_users_own_containers_are_found_by_their_owner() {
    let machine = Machine::new("rootless");
    let service = "/user.slice/user-1001.slice/user@1001.service";
    machine.give(service, 1001);
    let options = ["-U", "-r", "-u", "-p", "-f", "probe", "hold"];
    let target = Target::of(machine.scene.call(machine.scene.path("our-unshare"), options).user(ALICE));
    let list = "/run/user/1001/crun/box/status";
    machine.put(&target.process, &format!("{service}/user.slice/box"));
    machine.cgroups.borrow_mut().put(target.pid(), &format!("{service}/user.slice/box"));
    let cgroup = format!("{service}/user.slice/box");
    let text = format!(r#"{{"pid":PID,"process-start-time":START,"cgroup-path":"{cgroup}"}}"#);
    machine.file(list, &text, &target);
    machine.run("chown -R 1001:1001 /run/user/1001; chmod 700 /run/user/1001");
    machine.give(&format!("{service}/user.slice"), 1001);
    let args = ["--container", "box", "-U", "-u", "-p", "--preserve-credentials", "readlink", "/proc/self/ns/uts"];
    assert_eq!(machine.nsenter_by_alice(&args).ok().trim(), target.namespace("uts"));
    // Root is not led there, whatever a variable says.
    let said = machine.nsenter(&args).env("XDG_RUNTIME_DIR", "/run/user/1001").env("HOME", "/run/user/1001").run();
    said.says(1, "nsenter: no container 'box': none can be seen here");
}
