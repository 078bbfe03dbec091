//! Cgroups of a test's own.

use std::path::{Path, PathBuf};

use super::call::Call;
use super::left_out::{is_root, needs_root, skip};
use super::scene::Scene;

/// A cgroup of version 2 with others below it, removed when dropped. Make it before the processes that go there: those are
/// to be gone by then.
pub struct Cgroups {
    root: PathBuf,
    made: Vec<PathBuf>,
}

impl Cgroups {
    /// Skips the test where there is no hierarchy to make them in.
    pub fn new(name: &str) -> Cgroups {
        needs_root("cgroups of its own");
        let mount = hierarchy().unwrap_or_else(|| skip("no writable cgroup2 is mounted"));
        let root = mount.join(format!("nskit-test-{}-{name}", std::process::id()));
        std::fs::create_dir(&root).unwrap();
        Cgroups { made: vec![root.clone()], root }
    }

    /// Whether there can be such here.
    pub fn can_be_made() -> bool {
        is_root() && hierarchy().is_some()
    }

    /// The cgroup at `path` below, made where it is missing.
    pub fn make(&mut self, path: &str) -> PathBuf {
        let mut directory = self.root.clone();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            directory.push(part);
            if std::fs::create_dir(&directory).is_ok() {
                self.made.push(directory.clone());
            }
        }
        directory
    }

    /// Puts a process into the cgroup at `path` below.
    pub fn put(&mut self, pid: i32, path: &str) {
        std::fs::write(self.make(path).join("cgroup.procs"), pid.to_string()).unwrap();
    }

    /// Removes the cgroups that others have made below these. What was in them has ended, or is on its way out.
    pub fn remove_what_was_made_below(&mut self) {
        fn below(directory: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(directory).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
                found.push(entry.path());
                below(&entry.path(), found);
            }
        }
        let mut found = Vec::new();
        below(&self.root, &mut found);
        for directory in found.into_iter().rev() {
            super::poll_until("cgroups are empty", || std::fs::remove_dir(&directory).is_ok());
        }
    }

    /// Makes this user the owner of the cgroup at `path` below.
    pub fn give(&mut self, path: &str, uid: u32) {
        std::os::unix::fs::chown(self.make(path), Some(uid), None).unwrap();
    }

    /// Runs `command` of the scene, with these arguments, where these cgroups are all that there are, and where the files of
    /// runtimes are those that `prepare` makes, a shell script: /run and /var/lib are empty.
    pub fn call(&self, scene: &Scene, prepare: &str, command: &str, args: &[&str]) -> Call {
        let script = format!(
            "set -e; echo $$ >{}/cgroup.procs; exec unshare -C --propagation unchanged -m /bin/sh -c '. ./prepare; exec \
             {command} \"$@\"' sh \"$@\"",
            self.root.display(),
        );
        let mounts = "set -e; umask 022; mount -t tmpfs -o mode=755 none /run; mount -t tmpfs -o mode=755 none /var/lib; \
                      mount -t cgroup2 none /sys/fs/cgroup";
        scene.file("prepare", format!("{mounts}\n{prepare}\n"));
        scene.call("/bin/sh", ["-c", &script, "sh"]).args(args)
    }
}

/// Where version 2 is mounted.
fn hierarchy() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let mut wanted =
        fields.filter(|fields| fields[2] == "cgroup2" && fields[3].split(',').any(|option| option == "rw"));
    wanted.next().map(|mount| PathBuf::from(mount[1]))
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        // Processes that have ended may be on their way out.
        for _ in 0..1000 {
            while self.made.pop_if(|directory| std::fs::remove_dir(directory).is_ok()).is_some() {}
            if self.made.is_empty() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(std::thread::panicking(), "left behind: {:?}", self.made);
    }
}
