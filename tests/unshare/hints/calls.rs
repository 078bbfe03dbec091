//! unshare(2), fork(2) and the clocks.

use std::path::{Path, PathBuf};

use super::*;
use crate::common::cannot_be_had;

scene_test!(root_without_cap_sys_admin_is_not_told_to_become_root);
fn root_without_cap_sys_admin_is_not_told_to_become_root() {
    let scene = scene();
    let without = ["--bounding-set=-sys_admin"];
    let call = unshare(&scene, ROOT, &["-m"]).under(&scene, "setpriv", without);
    let lacking = hint(call, &[REFUSED]);
    assert!(lacking.starts_with("we are root, but without CAP_SYS_ADMIN") && lacking.contains("(-r)"), "{lacking}");
    assert!(!lacking.contains("run it as root") && !lacking.contains("seccomp"), "{lacking}");
    // Under a filter it is not known that -r helps.
    let call = unshare(&scene, ROOT, &["-m"]).under(&scene, "setpriv", without);
    let filtered = hint(call.refused(&scene, libc::SYS_reboot, libc::EPERM, 0), &[REFUSED]);
    assert!(filtered.contains("unless the seccomp filter"), "{filtered}");
    // With the right, the filter itself is what refuses.
    let call = unshare(&scene, ROOT, &["-m"]).refused(&scene, libc::SYS_unshare, libc::EPERM, 0);
    let filter = hint(call, &[REFUSED]);
    assert!(filter.starts_with("probably it is the seccomp filter"), "{filter}");
    // As the first hint says.
    unshare(&scene, ROOT, &["-r", "-m"]).under(&scene, "setpriv", without).ok();
}

scene_test!(who_is_not_mapped_is_not_told_to_make_another_user_namespace);
fn who_is_not_mapped_is_not_told_to_make_another_user_namespace() {
    let scene = scene();
    let call = scene.unshare(["-U", "bin/unshare", "-n", "true"]);
    let hint = hint(call, &[REFUSED]);
    assert!(hint.starts_with("our user and group are not mapped") && hint.contains("make that one with -r"), "{hint}");
    scene.unshare(["-r", "bin/unshare", "-n", "true"]).ok();
}

scene_test!(a_chroot_is_told_before_a_user_namespace_is_proposed);
fn a_chroot_is_told_before_a_user_namespace_is_proposed() {
    crate::common::needs_no_loader("it runs from an empty root");
    crate::common::needs_root("a proc of the PID namespace that is there");
    let scene = scene();
    let root = scene.subdirectory("root");
    copy_to_run(&ours("unshare"), &scene.path("root/unshare"));
    let proc = scene.subdirectory("root/proc");
    scene.mount(["-t", "proc", "proc", &proc]);
    let user = ["--userspec=1001:1001", &root, "/unshare", "-n", "/unshare", "-V"];
    let hint = hint(scene.call("/usr/sbin/chroot", user), &[REFUSED]);
    assert!(hint.contains("run it as root") && hint.contains("we are in a chroot"), "{hint}");
}

scene_test!(the_pid_namespace_for_children_is_there_already);
fn the_pid_namespace_for_children_is_there_already() {
    let scene = scene();
    let call = scene.unshare(["-p", "bin/unshare", "-p", "true"]);
    let hint = hint(call, &[INVALID]);
    assert!(hint.starts_with("our children are to be in another PID namespace") && hint.contains("--fork"), "{hint}");
    scene.unshare(["-p", "-f", "bin/unshare", "-p", "-f", "true"]).ok();
    // EINVAL for another reason is not explained.
    let call = unshare(&scene, ROOT, &["-p"]).refused(&scene, libc::SYS_unshare, libc::EINVAL, 0);
    assert!(call.run().failed("unshare", 1, &[INVALID]).is_empty());
}

scene_test!(a_clock_needs_its_right);
fn a_clock_needs_its_right() {
    let scene = scene();
    let options = ["-T", "--boottime", "5"];
    let call = unshare(&scene, ROOT, &options).under(&scene, "setpriv", ["--bounding-set=-sys_time"]);
    let hint = hint(call, &[REFUSED]);
    assert!(hint.contains("needs CAP_SYS_TIME"), "{hint}");
    let options = ["-r", "-T", "--boottime", "5"];
    unshare(&scene, ROOT, &options).under(&scene, "setpriv", ["--bounding-set=-sys_time"]).ok();
}

scene_test!(a_clock_below_zero_is_told_with_the_time_since_boot);
fn a_clock_below_zero_is_told_with_the_time_since_boot() {
    let scene = scene();
    for option in ["--monotonic=-99999999999", "--boottime=-99999999999"] {
        let below = hint(unshare(&scene, ROOT, &["-T", option]), &["Numerical result out of range"]);
        assert!(below.starts_with("the clock would be below zero: since boot it has come to about "), "{below}");
    }
    let beyond = hint(unshare(&scene, ROOT, &["-T", "--boottime=99999999999"]), &["Numerical result out of range"]);
    assert!(beyond.starts_with("the clock would be beyond"), "{beyond}");
}

scene_test!(the_limit_of_processes_of_a_user);
fn the_limit_of_processes_of_a_user() {
    let scene = scene();
    let limit = ["limit".to_string(), libc::RLIMIT_NPROC.to_string(), "1".to_string()];
    let call = unshare(&scene, ALICE, &["-r", "-f"]).under(&scene, "bin/probe", limit.clone()).user(ALICE);
    let forked = hint(call, &["Resource temporarily unavailable"]);
    assert!(forked.contains("our user has as many processes and threads as it may"), "{forked}");
    assert!(forked.contains("1 (RLIMIT_NPROC"), "{forked}");
}

/// A cgroup that lets one process be in it, removed when dropped.
struct Cgroup(PathBuf);

impl Cgroup {
    fn of_one_process() -> Option<Cgroup> {
        let controlled = std::fs::read_to_string("/sys/fs/cgroup/cgroup.subtree_control").unwrap_or_default();
        let hierarchy = match Path::new("/sys/fs/cgroup/pids").is_dir() {
            true => "/sys/fs/cgroup/pids",
            false if controlled.split_whitespace().any(|controller| controller == "pids") => "/sys/fs/cgroup",
            false => return None,
        };
        let path = Path::new(hierarchy).join(format!("nskit-test-{}", std::process::id()));
        std::fs::create_dir(&path).ok()?;
        let cgroup = Cgroup(path);
        std::fs::write(cgroup.0.join("pids.max"), "1").ok()?;
        Some(cgroup)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let removed = || std::fs::remove_dir(&self.0).is_ok();
        crate::common::poll_until("an empty cgroup", removed);
    }
}

scene_test!(the_limit_of_processes_of_a_cgroup);
fn the_limit_of_processes_of_a_cgroup() {
    let scene = scene();
    let Some(cgroup) = Cgroup::of_one_process() else {
        cannot_be_had("there is no cgroup hierarchy here that limits processes, or none that may be written to");
    };
    let path = cgroup.0.display().to_string();
    let line = format!("echo $$ >{path}/cgroup.procs && exec unshare -f true");
    let full = hint(scene.call("/bin/sh", ["-c", &line]), &["Resource temporarily unavailable"]);
    assert_eq!(full, format!("the cgroup {path} is full: its pids.max allows 1 processes and threads, and it has 1"));
}
