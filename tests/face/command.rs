//! Programs in new namespaces, and in those of others.

use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::Output;

use nskit::{Clock, ClockChange, Command, IdMap, Kind, Namespace, Propagation, Stdio, Target};

use crate::common::{Directory, needs_root, poll_until};
use crate::{Sleeper, concerns_ours, inode};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// What it prints; it must end well and complain of nothing.
fn said(command: &Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert_eq!((status.code(), String::from_utf8_lossy(&stderr).as_ref()), (Some(0), ""), "{command:?}");
    String::from_utf8(stdout).unwrap()
}

scene_test!(a_plain_program_is_that_of_the_standard_library);
fn a_plain_program_is_that_of_the_standard_library() {
    concerns_ours();
    let script = "echo $A:$B:${HOME-none}:$(pwd); cat; echo wrong >&2; ls /proc/self/fd; grep -E '^Sig(Blk|Ign)' /proc/self/status; exit 7";
    let mut ours = shell(script);
    let ours =
        ours.env("A", "1").env("B", "2").env_remove("B").env_remove("HOME").current_dir("/usr").output().unwrap();
    let mut theirs = std::process::Command::new("sh");
    let theirs = theirs.args(["-c", script]).env("A", "1").env_remove("B").env_remove("HOME").current_dir("/usr");
    let theirs = theirs.stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(ours, theirs);
    assert_eq!(said(Command::new("/usr/bin/env").env_clear().envs([("A", "1"), ("B", "x y")])), "A=1\nB=x y\n");
}

scene_test!(pipes_and_files_are_what_the_program_gets);
fn pipes_and_files_are_what_the_program_gets() {
    concerns_ours();
    let mut child =
        Command::new("tr").args(["a-z", "A-Z"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"words").unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), child.wait().unwrap().code()), ("WORDS", Some(0)));
    // From one program to the next, and into a file.
    let directory = Directory::new();
    let file = directory.path().join("output");
    let mut first = shell("echo one; echo two >&2").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let output = std::fs::File::create(&file).unwrap();
    let mut second = Command::new("cat").stdin(first.stdout.take().unwrap()).stdout(output).spawn().unwrap();
    assert!(first.wait().unwrap().success() && second.wait().unwrap().success());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "one\n");
    // More than a pipe holds, on both at once.
    let Output { status, stdout, stderr } =
        shell("head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero").output().unwrap();
    assert_eq!((status.code(), stdout.len(), stderr.len()), (Some(0), 300_000, 300_000));
}

scene_test!(a_child_is_waited_for_and_killed);
fn a_child_is_waited_for_and_killed() {
    concerns_ours();
    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    assert_eq!(child.try_wait().unwrap(), None);
    assert_eq!(std::fs::read_to_string(format!("/proc/{}/comm", child.id())).unwrap(), "sleep\n");
    let fdinfo = format!("/proc/self/fdinfo/{}", child.pidfd().unwrap().as_raw_fd());
    assert!(std::fs::read_to_string(fdinfo).unwrap().contains(&format!("\nPid:\t{}\n", child.id())));
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert_eq!(child.try_wait().unwrap().unwrap().signal(), Some(9));
    child.kill().unwrap();
    assert_eq!(shell("exit 3").status().unwrap().code(), Some(3));
}

scene_test!(a_program_has_new_namespaces);
fn a_program_has_new_namespaces() {
    concerns_ours();
    needs_root("to make namespaces");
    let links = "cd /proc/self/ns; readlink cgroup ipc mnt net pid time user uts";
    let all = said(shell(links).unshare(Kind::ALL).map_root().mount_proc("/proc"));
    for (kind, line) in ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"].into_iter().zip(all.lines()) {
        assert!(line.starts_with(kind) && line != format!("{kind}:[{}]", inode("self", kind)), "{line}");
    }
    assert_eq!(said(shell("echo $$ /proc/[0-9]*").unshare([Kind::Pid]).mount_proc("/proc")), "1 /proc/1\n");
    assert_eq!(said(shell("cat /sys/class/net/lo/flags; cat /proc/net/if_inet6 | wc -l").loopback()), "0x9\n1\n");
    assert_eq!(said(shell("hostname; domainname").hostname("box").domainname("house")), "box\nhouse\n");
    assert_eq!(said(shell("id -u; id -g").map_user(7).map_group(8)), "7\n8\n");
    assert_eq!(said(shell("id -u; id -g").map_current()), "0\n0\n");
    let range = |count| IdMap::Range { inner: 0, outer: 0, count };
    assert_eq!(
        said(shell("cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '").map_users(range(5)).map_groups(range(6))),
        " 0 0 5\n 0 0 6\n"
    );
    assert_eq!(said(shell("cat /proc/self/setgroups").map_root().setgroups(false)), "deny\n");
    let uptime = said(shell("cut -d . -f 1 /proc/uptime").clock(Clock::Boottime, ClockChange::Reading(5_000_000)));
    assert!((5_000_000..5_000_100).contains(&uptime.trim().parse().unwrap()), "{uptime}");
    assert_eq!(said(shell("ps -o comm= 1; echo $$").init().mount_proc("/proc")), "init\n2\n");
}

scene_test!(a_program_has_a_root_and_mounts);
fn a_program_has_a_root_and_mounts() {
    concerns_ours();
    needs_root("to mount");
    let root = Directory::new();
    for name in ["usr", "bin", "lib", "lib64", "dev", "tmp", "etc"] {
        std::fs::create_dir(root.path().join(name)).unwrap();
    }
    let mut command =
        shell("ls /; echo x >/tmp/f && cat /tmp/f; echo y 2>/dev/null >/etc/f || echo no; echo >/dev/null && pwd");
    command.pivot_root(root.path()).bind_read_only("/etc", "/etc").tmpfs("/tmp").devices("/dev").current_dir("/usr");
    for directory in ["/usr", "/bin", "/lib", "/lib64"] {
        command.bind(directory, directory);
    }
    command.propagation(Propagation::Private);
    assert_eq!(said(&command), "bin\ndev\netc\nlib\nlib64\ntmp\nusr\nx\nno\n/usr\n");
    let busybox = Directory::new();
    std::fs::copy("/bin/busybox", busybox.path().join("sh")).unwrap();
    assert_eq!(said(Command::new("/sh").args(["-c", "echo /*"]).root(busybox.path())), "/sh\n");
}

scene_test!(a_program_has_few_rights);
fn a_program_has_few_rights() {
    concerns_ours();
    needs_root("to have many");
    let status = |command: &mut Command| {
        let text = said(command);
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap()
                .split_whitespace()
                .next()
                .unwrap()
                .to_string()
        };
        (field("CapEff:"), field("CapBnd:"), field("NoNewPrivs:"), field("Uid:"), field("Gid:"))
    };
    let cat = || {
        let mut command = Command::new("cat");
        command.arg("/proc/self/status");
        command
    };
    let chown = "0000000000000001".to_string();
    let (effective, bounding, no_new, uid, gid) = status(cat().capabilities(["CAP_CHOWN"]).no_new_privs());
    assert_eq!(
        (effective, bounding, no_new.as_str(), uid.as_str(), gid.as_str()),
        (chown.clone(), chown, "1", "0", "0")
    );
    let (effective, _, no_new, uid, gid) = status(cat().uid(65534).gid(65533));
    assert_eq!(
        (effective.as_str(), no_new.as_str(), uid.as_str(), gid.as_str()),
        ("0000000000000000", "0", "65534", "65533")
    );
    let (effective, ..) = status(cat().drop_capabilities(["chown", "sys_admin"]));
    assert_eq!(u64::from_str_radix(&effective, 16).unwrap() & (1 | 1 << 21), 0);
    assert_ne!(u64::from_str_radix(&effective, 16).unwrap(), 0);
}

scene_test!(a_program_is_started_in_the_namespaces_of_others);
fn a_program_is_started_in_the_namespaces_of_others() {
    concerns_ours();
    let sleeper = Sleeper::new(&["--user", "--map-root-user", "--net", "--uts", "--pid", "--fork", "--kill-child"]);
    let inner = crate::children(sleeper.pid())[0];
    let links = "cd /proc/self/ns; readlink net uts user";
    let expected: String =
        ["net", "uts", "user"].map(|kind| format!("{kind}:[{}]\n", inode(&inner.to_string(), kind))).concat();
    let target = || Target::pid(inner).unwrap();
    assert_eq!(said(shell(links).target(target()).all()), expected);
    assert_eq!(said(shell(links).target(target()).namespaces([Kind::User, Kind::Net, Kind::Uts])), expected);
    let [net, uts, user] = [Kind::Net, Kind::Uts, Kind::User].map(|kind| Namespace::of(inner, kind).unwrap());
    assert_eq!(said(shell(links).enter(&net).enter(&uts).enter(&user).preserve_credentials()), expected);
    // As a child in its PID namespace, and in the directories of the target.
    let ids = said(shell("echo $$; pwd").target(target()).all().root_of_target().current_dir("/usr/bin"));
    let (pid, directory) = ids.trim().split_once('\n').unwrap();
    assert!(pid.parse::<u32>().unwrap() < 100 && directory == "/usr/bin", "{ids}");
    let like = said(shell("id -u; pwd; readlink /proc/self/ns/net").target(target()).like_target());
    let directory = std::env::current_dir().unwrap();
    assert_eq!(like, format!("0\n{}\n{}", directory.display(), expected.split_inclusive('\n').next().unwrap()));
    let with_environment = |command: &mut Command| said(command.env("MINE", "1").env_remove("PATH"));
    for variables in [
        with_environment(Command::new("env").target(target()).all().env_of_target()),
        with_environment(Command::new("env").target(target()).like_target()),
    ] {
        assert!(
            variables.contains("MINE=1\n") && !variables.lines().any(|line| line.starts_with("PATH=")),
            "{variables}"
        );
    }
}

scene_test!(status_fd_reports_start_and_end);
fn status_fd_reports_start_and_end() {
    concerns_ours();
    needs_root("to make namespaces");
    let (mut read, write) = std::io::pipe().unwrap();
    let mut command = shell("exit 3");
    command.unshare([Kind::Pid]).report_to(write);
    assert_eq!(command.status().unwrap().code(), Some(3));
    drop(command);
    let mut lines = String::new();
    read.read_to_string(&mut lines).unwrap();
    let (start, end) = lines.trim().split_once('\n').unwrap();
    assert!(start.contains("\"pid\"") && start.contains("net") && end.contains('3'), "{lines}");
}

scene_test!(a_plan_is_read_before_it_is_run);
fn a_plan_is_read_before_it_is_run() {
    concerns_ours();
    let mut command = Command::new("ip");
    command.args(["-brief", "link"]).unshare([Kind::User, Kind::Net]).map_root().loopback().stdout(Stdio::piped());
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let expected = [
        "block no signal, and give SIGPIPE its default".to_string(),
        "make a pipe standard output".to_string(),
        "unshare net, user".to_string(),
        "bring up the loopback device".to_string(),
        format!("write 0 {uid} 1 to uid_map"),
        "deny setgroups".to_string(),
        format!("write 0 {gid} 1 to gid_map"),
        "execute ip -brief link".to_string(),
    ];
    let plan = command.plan().unwrap();
    assert_eq!(plan.steps().collect::<Vec<_>>(), expected);
    assert_eq!(plan.to_string(), expected.join("\n"));
    let net = Namespace::current(Kind::Net).unwrap();
    let plan = Command::new("true").enter(&net).plan().unwrap().to_string();
    assert!(plan.contains("\nenter what we may of net of /proc/self/fd/"), "{plan}");
    let plan = Command::new("true").unshare([Kind::Pid]).plan().unwrap().to_string();
    assert!(
        plan.contains("\nfork: the child goes on, and the parent waits for it\ndie with the parent, by signal 9\n"),
        "{plan}"
    );
}

scene_test!(a_killed_child_takes_the_program_with_it);
fn a_killed_child_takes_the_program_with_it() {
    concerns_ours();
    needs_root("to make namespaces");
    let mut child = shell("echo $(readlink /proc/self); exec sleep 1000");
    let mut child = child.unshare([Kind::Pid]).stdout(Stdio::piped()).spawn().unwrap();
    // Its PID out here, since its proc is ours.
    let mut text = [0; 32];
    let length = child.stdout.as_mut().unwrap().read(&mut text).unwrap();
    assert!(length > 0);
    let program = crate::children(child.id())[0];
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    poll_until("the program ends", || !std::path::Path::new(&format!("/proc/{program}")).exists());
}

scene_test!(who_waits_holds_nothing_of_ours);
fn who_waits_holds_nothing_of_ours() {
    concerns_ours();
    needs_root("to make namespaces");
    // As a thread that starts another program at the same time would have.
    let (read, write) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
    let mut child = Command::new("sleep").arg("1000").unshare([Kind::Pid]).spawn().unwrap();
    drop(write);
    // The end of the file comes although the parent of the program runs, and never calls execve(2).
    let mut ready = [nix::poll::PollFd::new(read.as_fd(), nix::poll::PollFlags::POLLIN)];
    let polled = nix::poll::poll(&mut ready, 10_000u16);
    // Before anything is asserted: no process is to stay behind where that fails.
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(polled, Ok(1));
    assert_eq!(nix::unistd::read(&read, &mut [0; 1]), Ok(0));
}
