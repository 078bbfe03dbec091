//! --join-cgroup.

use std::path::{Path, PathBuf};

use crate::common::{Ending, newer_than_theirs, on_purpose, skip};
use crate::{Target, scene};

/// New cgroups, one in each of these hierarchies, removed when dropped.
struct Cgroups(Vec<PathBuf>);

impl Cgroups {
    /// In the hierarchies that are mounted at these places.
    fn new(name: &str, mounts: &[PathBuf]) -> Cgroups {
        crate::common::needs_root("cgroups of its own");
        let mut made = Cgroups(Vec::new());
        for mount in mounts {
            let directory = mount.join(format!("nskit-test-{}-{name}", std::process::id()));
            std::fs::create_dir(&directory).unwrap();
            made.0.push(directory);
        }
        made
    }

    fn add(&self, pid: i32) {
        for directory in &self.0 {
            std::fs::write(directory.join("cgroup.procs"), pid.to_string()).unwrap();
        }
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        // Processes that have ended may be on their way out.
        for _ in 0..1000 {
            self.0.retain(|directory| std::fs::remove_dir(directory).is_err());
            if self.0.is_empty() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

/// Where the hierarchies are mounted that have no controller that wants to be set up first: version 2, and of version 1 all
/// but cpuset.
fn hierarchies(fstype: &str) -> Vec<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let wanted = fields.filter(|fields| fields[2] == fstype && !fields[3].contains("cpuset"));
    let writable = wanted.filter(|fields| fields[3].split(',').any(|option| option == "rw"));
    writable.map(|fields| PathBuf::from(fields[1])).collect()
}

/// Those of both versions. Skips the test where there is none.
fn all_hierarchies() -> Vec<PathBuf> {
    let mounts = [hierarchies("cgroup2"), hierarchies("cgroup")].concat();
    if mounts.is_empty() {
        skip("no writable cgroup hierarchy is mounted");
    }
    mounts
}

scene_test!(the_cgroups_of_the_target_are_joined);
fn the_cgroups_of_the_target_are_joined() {
    crate::common::otherwise_since((2, 42), "--join-cgroup knows version 2 only");
    newer_than_theirs((2, 40), "--join-cgroup");
    let scene = scene();
    let mut missing = Vec::new();
    for fstype in ["cgroup2", "cgroup"] {
        let mounts = hierarchies(fstype);
        if mounts.is_empty() {
            missing.push(fstype);
            continue;
        }
        // Before the target, which is to be gone when they are removed.
        let cgroups = Cgroups::new(fstype, &mounts);
        let target = Target::of(scene.probe(["hold"]));
        cgroups.add(target.pid());
        let expected = std::fs::read_to_string(target.proc("cgroup")).unwrap();
        for option in ["-c", "--join-cgroup"] {
            let call = scene.nsenter(["-t", &target.id(), option, "cat", "/proc/self/cgroup"]);
            assert_eq!(call.ok(), expected);
            let call = scene.nsenter(["-t", &target.id(), "cat", "/proc/self/cgroup"]);
            assert_ne!(call.ok(), expected);
        }
        target.end();
    }
    if !missing.is_empty() {
        skip(&format!("no writable {} is mounted", missing.join(", nor ")));
    }
}

scene_test!(where_no_hierarchy_is_mounted_none_can_be_joined);
fn where_no_hierarchy_is_mounted_none_can_be_joined() {
    newer_than_theirs((2, 40), "--join-cgroup");
    let scene = scene();
    let mounts = all_hierarchies();
    let cgroups = Cgroups::new("unmounted", &mounts[..1]);
    let target = Target::of(scene.probe(["hold"]));
    cgroups.add(target.pid());
    scene.call("/bin/umount", ["-R", "-l", "/sys/fs/cgroup"]).ok();
    let outcome = scene.nsenter(["-t", &target.id(), "-c", "true"]).run();
    let line = outcome.stderr.lines().next();
    assert_eq!(outcome.ending, Ending::Exited(1), "{outcome:?}");
    assert_eq!(line, Some("nsenter: --join-cgroup is only supported in cgroup v2"));
    target.end();
}

scene_test!(a_forked_program_and_a_cgroup_namespace_are_joined_as_well);
fn a_forked_program_and_a_cgroup_namespace_are_joined_as_well() {
    crate::common::otherwise_since((2, 42), "--join-cgroup knows version 2 only");
    newer_than_theirs((2, 40), "--join-cgroup");
    let scene = scene();
    let mounts = all_hierarchies();
    let cgroups = Cgroups::new("forked", &mounts);
    let script = format!(
        "for d in {}; do echo 0 >$d/cgroup.procs; done; exec ./our-unshare -C -p -f probe hold",
        cgroups.0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
    );
    let target = Target::of(scene.call("/bin/sh", ["-c", &script]));
    let expected = std::fs::read_to_string(target.proc("cgroup")).unwrap();
    let mut process = scene.nsenter(["-t", &target.id(), "-c", "-C", "-p", "probe", "hold"]).leashed().spawn();
    process.expect("ready");
    let child = process.child();
    assert_eq!(std::fs::read_to_string(child.proc("cgroup")).unwrap(), expected);
    assert_eq!(child.namespace("cgroup"), target.namespace("cgroup"));
    process.release();
    assert_eq!(process.wait(), Ending::Exited(0));
    drop(process);
    target.end();
}

scene_test!(standard_input_stays_and_nothing_of_the_cgroup_is_left_open);
fn standard_input_stays_and_nothing_of_the_cgroup_is_left_open() {
    crate::common::otherwise_since((2, 42), "--join-cgroup knows version 2 only");
    newer_than_theirs((2, 40), "--join-cgroup");
    let scene = scene();
    let mounts = all_hierarchies();
    let cgroups = Cgroups::new("stdin", &mounts);
    let target = Target::of(scene.probe(["hold"]));
    cgroups.add(target.pid());
    for closed in [false, true] {
        let prepare = |call: crate::Call| if closed { call.closed(0) } else { call };
        let direct = prepare(scene.probe(["seen"])).seen();
        let entered = prepare(scene.nsenter(["-t", &target.id(), "-c", "probe", "seen"])).seen();
        assert_eq!(entered.all("fd"), direct.all("fd"));
    }
    target.end();
}

/// A cgroup that is paused, and runs on when dropped: before that, its processes cannot end (version 1).
struct Paused<'c> {
    cgroup: &'c Path,
    file: &'static str,
    on: &'static str,
    off: &'static str,
}

impl Paused<'_> {
    /// `None` if this hierarchy has no freezer.
    fn pause(cgroup: &Path) -> Option<Paused<'_>> {
        let freezers = [("cgroup.freeze", "1", "0"), ("freezer.state", "FROZEN", "THAWED")];
        let (file, on, off) = freezers.into_iter().find(|(file, ..)| cgroup.join(file).exists())?;
        let paused = Paused { cgroup, file, on, off };
        paused.write(paused.on);
        Some(paused)
    }

    fn write(&self, text: &str) {
        std::fs::write(self.cgroup.join(self.file), text).unwrap();
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.write(self.off);
    }
}

scene_test!(a_paused_cgroup_is_named_and_not_joined);
fn a_paused_cgroup_is_named_and_not_joined() {
    on_purpose("theirs hangs there");
    let scene = scene();
    let mounts = all_hierarchies();
    let mut freezers = 0;
    for mount in &mounts {
        let mut cgroups = Cgroups::new("paused", std::slice::from_ref(mount));
        let cgroup = &cgroups.0[0].clone();
        // One below, which is paused with it.
        let below = cgroup.join("below");
        std::fs::create_dir(&below).unwrap();
        cgroups.0.insert(0, below.clone());
        let target = Target::of(scene.probe(["hold"]));
        for inside in [cgroup, &below] {
            std::fs::write(inside.join("cgroup.procs"), target.id()).unwrap();
            let Some(paused) = Paused::pause(cgroup) else { continue };
            freezers += 1;
            let outcome = scene.nsenter(["-t", &target.id(), "-c", "touch", "ran"]).run();
            let hints = outcome.failed("nsenter", 1, &[&format!("the cgroup {} is paused", cgroup.display())]);
            assert!(
                hints[0].contains(&format!("write {} to {}/{}", paused.off, cgroup.display(), paused.file)),
                "{hints:?}"
            );
            assert!(!scene.path("ran").exists());
            // Only who joins it would be paused as well.
            scene.nsenter(["-t", &target.id(), "-n", "true"]).ok();
            drop(paused);
            scene.nsenter(["-t", &target.id(), "-c", "true"]).ok();
        }
        target.end();
    }
    if freezers == 0 {
        skip("no hierarchy has a freezer");
    }
}
