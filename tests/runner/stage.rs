//! Where the runs take place: a [`Scene`] with a few files more, and the processes that nsenter enters.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Job, Outcome, check};
use crate::common::{ALICE, Call, Process, Scene, User, ours, probe, theirs};

/// The stage. What it has made is gone when it is dropped.
pub struct Stage {
    pub scene: Scene,
    /// Texts for `{name}` in arguments.
    places: HashMap<&'static str, String>,
    /// What the links in /proc/PID/ns are called in reports.
    labels: HashMap<String, String>,
    cgroups: Vec<PathBuf>,
    targets: Vec<Process>,
}

/// Whose tool is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Ours,
    Theirs,
}

/// What Docker's container of the target "all" is called by its cgroup.
const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Where cgroups are made: version 2, and a hierarchy of version 1, as far as they are mounted.
const CGROUPS: [&str; 3] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids"];

impl Stage {
    /// A new one; `None` with the reason printed where this machine cannot.
    pub fn new() -> Option<Stage> {
        let scene = Scene::new();
        for file in ["keep1", "keep2", "keep3", "not-executable"] {
            scene.file(file, "");
        }
        for directory in ["rootfs/inside", "rootfs/proc", "rootfs/dev", "inside", "empty", "deep/below"] {
            scene.subdirectory(directory);
        }
        std::fs::copy(probe(), scene.path("rootfs/probe")).unwrap();
        scene.program("no-format", "exec \"${0%/*}/bin/probe\" world\n");
        // A user whose login shell is the probe.
        let passwd = std::fs::read_to_string(scene.path("etc/passwd")).unwrap();
        let shell = scene.text("bin/probe");
        std::fs::write(scene.path("etc/passwd"), passwd + &format!("dora:x:1004:1004::/:{shell}\n")).unwrap();
        std::fs::set_permissions(scene.path("rootfs"), std::fs::Permissions::from_mode(0o755)).unwrap();

        let places = HashMap::from([("dir", scene.text(""))]);
        let mut stage = Stage { scene, places, labels: HashMap::new(), cgroups: Vec::new(), targets: Vec::new() };
        let directory = stage.places["dir"].trim_end_matches('/').to_string();
        stage.places.insert("dir", directory);
        stage.plant_getsubids();
        // Below a directory that is bound.
        let below = stage.scene.text("deep/below");
        stage.scene.mount(["-t", "tmpfs", "-o", "nosuid,noexec,size=64k", "below", &below]);
        stage.label("scene", stage.scene.pid());
        stage.start_targets();
        Some(stage)
    }

    /// A service that knows subordinate ids of a user who has no line in the files, and what takes the place of newuidmap(1)
    /// and newgidmap(1) for that user: they leave their arguments in a file, but for the PID.
    fn plant_getsubids(&mut self) {
        let place = Path::new("/usr/bin/getsubids");
        if !place.exists() {
            return;
        }
        let script =
            "#!/bin/sh\nshift $(($# - 1))\n[ $1 = bob ] || exit 1\necho \"0: $1 700000 10\"\necho \"1: $1 900000 5\"\n";
        let getsubids = self.scene.program("getsubids", script);
        self.scene.mount(["--bind", &getsubids, "/usr/bin/getsubids"]);
        let open = self.scene.subdirectory("mappers");
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o1777)).unwrap();
        for (name, redirected) in [("newuidmap", ">"), ("newgidmap", ">>")] {
            let script = format!("#!/bin/sh\nshift\necho {name} $* {redirected}{open}/asked\n");
            self.scene.program(&format!("mappers/{name}"), &script);
        }
        self.places.insert("getsubids", getsubids);
    }

    /// Whether getsubids could be planted.
    pub fn has_getsubids(&self) -> bool {
        self.places.contains_key("getsubids")
    }

    fn start_targets(&mut self) {
        let with_probe = |args: &[&str]| {
            let hold = [self.scene.text("bin/probe"), "hold".to_string()];
            let args = args.iter().map(ToString::to_string);
            args.chain(hold).collect::<Vec<_>>()
        };
        let all = with_probe(&["-muinpCT", "--fork", "--mount-proc", "--wd", "/tmp"]);
        let mut all = self.scene.call(theirs("unshare"), all).no_env();
        for (name, value) in [("COLOR", "blue"), ("PATH", "/bin"), ("LD_DEBUG", "none")] {
            all = all.env(name, value);
        }
        let user = with_probe(&["-Umunipr", "--fork"]);
        let user = self.scene.call(theirs("unshare"), user).user(ALICE);
        let plain = self.scene.probe(["hold"]).user(ALICE).given(9, socket_elsewhere());
        self.start_target("all", all);
        self.start_target("user", user);
        self.start_target("plain", plain);
        // In a user namespace below that of the target "user".
        let nested = ["-t", &self.places["user"], "-a", "/usr/bin/unshare", "-Ucu"];
        let nested = self.scene.call(theirs("nsenter"), nested).args([self.scene.text("bin/probe").as_str(), "hold"]);
        self.start_target("nested", nested);
        self.start_target("like", self.container("+chown,+setuid,+setpcap", "--groups 0,50"));
        let user = "--reuid 1001 --regid 1001 --groups 50 --inh-caps=-all,+chown --ambient-caps=+chown --no-new-privs";
        self.start_target("like-user", self.container("+chown,+setuid", user));
        self.make_cgroups();
        self.make_container();
    }

    /// A process with fewer rights than its namespaces give, and with whatever else differs from ours.
    fn container(&self, capabilities: &str, rights: &str) -> Call {
        let probe = self.scene.text("bin/probe");
        let script = format!(
            "cd /usr; ulimit -n 900; ulimit -Sn 800; ulimit -c 0; umask 027; echo 300 >/proc/self/oom_score_adj; \
             renice -n 19 $$ >/dev/null; ionice -c3 -p $$; exec {probe} refuse {} 1 0 setpriv --bounding-set=-all,{capabilities} \
             {rights} {probe} hold",
            libc::SYS_sethostname
        );
        let unshare = ["-muinpC", "--fork", "--mount-proc", "/bin/sh", "-ec", &script];
        self.scene.call(theirs("unshare"), unshare)
    }

    /// Makes the target "all" the first process of a container whose runtime has written its name, and of a unit.
    fn make_container(&mut self) {
        let unit = format!("{}.service", self.scene.directory().file_name().unwrap().display());
        for hierarchy in self.cgroups.clone() {
            let cgroup = hierarchy.join(&unit).join(format!("docker-{ID}.scope"));
            if std::fs::create_dir_all(&cgroup).is_ok() {
                std::fs::write(cgroup.join("cgroup.procs"), &self.places["all"]).unwrap();
                self.cgroups.insert(0, hierarchy.join(&unit));
                self.cgroups.insert(0, cgroup);
            }
        }
        let net = std::fs::metadata(format!("/proc/{}/ns/net", self.places["all"])).unwrap();
        self.places.insert("net", std::os::unix::fs::MetadataExt::ino(&net).to_string());
        self.places.insert("unit", unit);
        self.places.insert("id", ID.to_string());
        let config =
            format!(r#"{{"ID":"{ID}","Name":"/web","State":{{"Running":true,"Pid":{}}}}}"#, self.places["all"]);
        let script = format!(
            "mount -t tmpfs -o mode=755 none /var/lib; mount -t tmpfs -o mode=755 none /run; cd /run; mkdir netns; : \
             >netns/blue; mount --bind /proc/{}/ns/net netns/blue; umask 022; d=/var/lib/docker/containers/{ID}; \
             mkdir -p $d; echo '{config}' >$d/config.v2.json; {}",
            self.places["all"],
            self.only_own_cgroups(),
        );
        self.scene.call("/bin/sh", ["-ec", &script]).ok();
    }

    fn start_target(&mut self, name: &'static str, call: Call) {
        let process = call.leashed().spawn();
        process.expect("ready");
        let pid = process.children().first().copied().unwrap_or(process.pid());
        self.label(name, pid);
        self.places.insert(name, pid.to_string());
        self.targets.push(process);
    }

    /// Moves the target "plain" into cgroups of its own.
    fn make_cgroups(&mut self) {
        for hierarchy in CGROUPS.map(Path::new) {
            let cgroup = hierarchy.join(self.scene.directory().file_name().unwrap());
            if hierarchy.join("cgroup.procs").exists() && std::fs::create_dir(&cgroup).is_ok() {
                std::fs::write(cgroup.join("cgroup.procs"), &self.places["plain"]).unwrap();
                self.cgroups.push(cgroup);
            }
        }
    }

    /// Shows nothing of version 2 but the cgroup of the stage, nor of systemd's hierarchy: a tool that looks through all has
    /// little to do.
    fn only_own_cgroups(&self) -> String {
        let name = self.scene.directory().file_name().unwrap().display().to_string();
        let mut script = "if mountpoint -q /sys/fs/cgroup/systemd; then umount /sys/fs/cgroup/systemd; fi".to_string();
        for root in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
            if Path::new(root).join(&name).join("cgroup.controllers").exists() {
                script += &format!("; mount --bind {root}/{name} {root}");
            }
        }
        script
    }

    fn label(&mut self, name: &str, pid: i32) {
        let own = std::process::id();
        for kind in ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] {
            let of = |pid| std::fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap().display().to_string();
            self.labels.entry(of(own as i32)).or_insert("own".to_string());
            self.labels.entry(of(pid)).or_insert(name.to_string());
        }
    }

    /// The path of a tool in the scene.
    pub fn tool(&self, whose: Whose, tool: &str) -> PathBuf {
        match whose {
            Whose::Ours => ours(tool),
            Whose::Theirs => theirs(tool),
        }
    }

    /// A run of a tool, with `{name}` in the arguments filled in.
    pub fn job<A: AsRef<str>>(&self, whose: Whose, tool: &str, args: &[A], user: Option<User>) -> Job {
        let path = format!("PATH={}:/usr/sbin:/usr/bin:/sbin:/bin", self.scene.text("bin"));
        Job {
            tool: self.tool(whose, tool),
            args: args.iter().map(|arg| self.fill(arg.as_ref()).into()).collect(),
            environment: vec![OsString::from(path), "LC_ALL=C".into()],
            user,
            scene: self.scene.pid(),
            directory: self.scene.directory().into(),
            ..Job::default()
        }
    }

    /// The text with `{name}` filled in.
    pub fn fill(&self, text: &str) -> String {
        let fill = |text: String, (name, place): (&&str, &String)| text.replace(&format!("{{{name}}}"), place);
        self.places.iter().fold(text.to_string(), fill)
    }

    /// The program's report without what differs from run to run, namespaces by their label.
    pub fn stable(&self, outcome: &Outcome) -> Vec<String> {
        let line = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
            ["pid" | "file", ..] => None,
            ["ns", kind, link] if link == outcome.mount_namespace => Some(format!("ns {kind} start")),
            ["ns", kind, link] => {
                let label = self.labels.get(link).map_or("new", String::as_str);
                Some(format!("ns {kind} {label}"))
            }
            // Of a clock that is to show so many seconds: its offset is another one each time, but by less than this.
            ["timens_offsets", clock, seconds, nanoseconds] if nanoseconds != "0" => {
                let seconds: f64 = seconds.parse().unwrap();
                Some(format!("timens_offsets {clock} about {:.0} million", seconds / 1e6))
            }
            _ => Some(without_processes(line)),
        };
        outcome.stdout.lines().filter_map(line).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.targets.clear();
        for cgroup in &self.cgroups {
            // A process leaves its cgroup some time after its parent has seen its end.
            for _ in 0..1000 {
                if std::fs::remove_dir(cgroup).is_ok() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
    }
}

/// A cell of HOLDERS, in JSON, without the processes: lsns is one of them, and has another number each time. How many there
/// are NPROCS tells.
fn without_processes(line: &str) -> String {
    match line.trim_start().strip_prefix("\"holders\": \"") {
        Some(holders) => holders.split("\\n").filter(|holder| !holder.starts_with("process ")).collect(),
        None => line.to_string(),
    }
}

/// A socket of a network namespace that nothing else keeps.
fn socket_elsewhere() -> std::net::UdpSocket {
    use std::os::fd::AsRawFd;
    let own = std::fs::File::open("/proc/self/ns/net").unwrap();
    // SAFETY: plain numbers, and a descriptor that is open. This process has a single thread.
    unsafe {
        check("unshare", libc::unshare(libc::CLONE_NEWNET));
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        check("setns", libc::setns(own.as_raw_fd(), libc::CLONE_NEWNET));
        socket
    }
}
