//! An attacker who owns the new root: while root's unshare mounts in it, directories on the way become symbolic links that
//! lead out, FIFOs and files, and back, and mounts appear there. No mount of ours ever comes to lie outside of the new root, and
//! nothing is made there; the program runs with all mounts, or it does not run.
//!
//! `cargo test` does 180 runs. 2,000 beside one that renames, and 1,000 beside one that mounts:
//!
//! ```sh
//! NSKIT_ATTACK=1 cargo test --test unshare attack
//! ```

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::sys::stat::Mode;

use super::places::busybox_root;
use crate::common::{Ending, Process, Scene, needs_root, note, on_purpose, poll_until};

fn runs() -> usize {
    match std::env::var("NSKIT_ATTACK").as_deref() {
        Ok("1") => 1000,
        _ => 60,
    }
}

/// What of the new root is attacked, and the mounts that go there.
const OPTIONS: [&str; 6] = [
    "--bind={dir}/source:/at/bound",
    "--tmpfs=/at/tmp",
    "--bind={dir}/file:/at/tmp/made/too",
    "--mount-dev=/at/dev",
    "--bind={dir}/file:/at/file",
    "--mount-proc=/at/proc",
];

/// Where these mounts are.
const PLACES: [&str; 6] = ["/at/bound", "/at/tmp", "/at/tmp/made/too", "/at/dev", "/at/file", "/at/proc"];

/// How many mounts that makes: a directory for devices is one, and one for each of six devices and for terminals.
const MOUNTS: usize = 5 + 8;

/// A scene with a new root, a place outside that looks like what is in it, and what becomes of `/at` meanwhile.
fn battlefield() -> (Scene, Vec<PathBuf>) {
    let scene = Scene::new();
    busybox_root(&scene);
    for at in ["rootfs/at", "outside", "rootfs/decoy", "source"] {
        for name in ["bound", "tmp", "dev", "proc"] {
            scene.subdirectory(&format!("{at}/{name}"));
        }
        scene.file(&format!("{at}/file"), "");
    }
    scene.file("file", "");
    let outside = scene.text("outside");
    let disguises = [
        ("to-outside", outside.clone()),
        ("up", format!("{}{outside}", "../".repeat(20))),
        ("by-proc", format!("/proc/self/root{outside}")),
        ("by-process-1", format!("/proc/1/root{outside}")),
        ("inside", "decoy".to_string()),
    ];
    let mut made = Vec::new();
    for (name, target) in disguises {
        let path = scene.path("rootfs").join(name);
        symlink(target, &path).unwrap();
        made.push(path);
    }
    let fifo = scene.path("rootfs/fifo");
    nix::unistd::mkfifo(&fifo, Mode::from_bits_truncate(0o666)).unwrap();
    made.push(fifo);
    made.push(scene.file("rootfs/no-directory", "").into());
    // Magic links lead out only where there is a proc.
    scene.mount(["-t", "proc", "proc", &scene.text("rootfs/proc")]);
    (scene, made)
}

fn swap(one: &Path, other: &Path) {
    renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE).unwrap();
}

/// Swaps `/at` with each of these in turn, and back, until it is told to stop; and so what is in it.
fn attack(root: &Path, disguises: &[PathBuf], stop: &AtomicBool) {
    let at = root.join("at");
    // Longer than a look-up takes, and shorter than all of them.
    let pause = |microseconds| std::thread::sleep(Duration::from_micros(microseconds));
    while !stop.load(Ordering::Relaxed) {
        for disguise in disguises {
            swap(&at, disguise);
            pause(20);
            swap(&at, disguise);
            pause(150);
            for name in ["tmp", "dev", "proc", "bound", "file"] {
                let place = at.join(name);
                swap(&place, disguise);
                swap(&place, disguise);
            }
            pause(150);
        }
    }
}

/// All paths below a directory.
fn listing(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(listing(&entry.path()));
        }
        found.insert(entry.path());
    }
    found
}

/// What of the new root and of what is outside must be there afterwards: the attacker has put everything back.
fn to_be_left_alone(scene: &Scene) -> BTreeSet<PathBuf> {
    ["outside", "rootfs", "source"].iter().flat_map(|name| listing(&scene.path(name))).collect()
}

/// The mount points that this text of mountinfo has more than the other, one for each mount.
fn added(mountinfo: &str, before: &str) -> Vec<String> {
    let mut before: Vec<&str> = points(before).collect();
    let is_new = |point: &&str| match before.iter().position(|old| old == point) {
        Some(at) => {
            before.swap_remove(at);
            false
        }
        None => true,
    };
    points(mountinfo).filter(is_new).map(String::from).collect()
}

/// Where the mounts in this text of mountinfo are.
fn points(mountinfo: &str) -> impl Iterator<Item = &str> {
    mountinfo.lines().map(|line| line.split(' ').nth(4).unwrap())
}

/// The mounts of ours that are not in this text of mountinfo, where the new root is at `start`.
fn missing(mountinfo: &str, start: &str) -> Vec<&'static str> {
    let is_there = |place: &str| points(mountinfo).any(|point| point.strip_prefix(start) == Some(place));
    PLACES.into_iter().filter(|place| !is_there(place)).collect()
}

/// The mounts of the namespace that the program of a running unshare is in, seen from its root.
fn mounts_inside(scene: &Scene, process: &Process) -> String {
    let pid = process.pid().to_string();
    scene.call("/usr/bin/nsenter", ["-t", &pid, "-m", "/bin/busybox", "cat", "/proc/self/mountinfo"]).ok()
}

/// Starts unshare; the running program, or `None` if it has refused one of our mounts.
fn start(scene: &Scene, options: &[&str]) -> Option<Process> {
    let fill = |option: &&str| option.replace("{dir}", scene.text("").trim_end_matches('/'));
    let options: Vec<String> = options.iter().chain(&OPTIONS).map(fill).collect();
    let mut process = scene.unshare(options).args(["/bin/probe", "hold"]).leashed().spawn();
    poll_until("the program, or an error", || process.stdout().contains("ready") || process.has_ended());
    if !process.has_ended() {
        return Some(process);
    }
    let stderr = process.stderr();
    assert_eq!(process.wait(), Ending::Exited(1), "{stderr}");
    assert!(stderr.starts_with("unshare: mount /at/"), "{stderr}");
    None
}

scene_test!(an_attacker_in_the_new_root_never_gets_a_mount_outside);
fn an_attacker_in_the_new_root_never_gets_a_mount_outside() {
    on_purpose("options of ours");
    needs_root("an attacker is another user than unshare's");
    let (scene, disguises) = battlefield();
    let root = scene.text("rootfs");
    let (before, mounts) = (to_be_left_alone(&scene), scene.mountinfo());
    let stop = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| attack(root.as_ref(), &disguises, &stop));
        // However this ends, the attacker does as well.
        let result = std::panic::catch_unwind(|| {
            for options in [["-m", "--root={dir}/rootfs"], ["-m", "--pivot-root={dir}/rootfs"]] {
                let (mut ran, mut refused) = (0, 0);
                while ran + refused < runs() {
                    let Some(mut process) = start(&scene, &options) else {
                        refused += 1;
                        continue;
                    };
                    ran += 1;
                    let inside = mounts_inside(&scene, &process);
                    let new = match options[1].starts_with("--root") {
                        true => added(&inside, &mounts),
                        // The root and the proc that was there.
                        false => points(&inside).skip(2).map(String::from).collect(),
                    };
                    let start = if options[1].starts_with("--root") { &*root } else { "" };
                    assert!(new.iter().all(|on| on.starts_with(&format!("{start}/"))), "{options:?}: {new:#?}");
                    assert_eq!(new.len(), MOUNTS, "{options:?}: {new:#?}");
                    process.release();
                    assert_eq!(process.wait(), Ending::Exited(0), "{}", process.stderr());
                }
                note(&format!("{}: {ran} ran, {refused} were refused", options[1]));
                assert!(ran > 0 && refused > 0, "the attacker is always too late, or always in time");
            }
        });
        stop.store(true, Ordering::Relaxed);
        result.unwrap_or_else(|payload| std::panic::resume_unwind(payload));
    });
    assert_eq!(to_be_left_alone(&scene), before);
    assert_eq!(scene.mountinfo(), mounts);
}

/// Mounts what is outside on directories of the new root, and takes it away again, until its standard input ends.
const MOUNTER: &str = "
    exec 3<&0; (read end <&3; kill -TERM $$) & while :; do
        for name in at at/tmp at/proc; do
            /bin/busybox mount -o bind \"$1\" \"$0/$name\" 2>&-; /bin/busybox usleep 300; /bin/busybox umount \"$0/$name\" 2>&-
            /bin/busybox usleep 300
        done
    done";

scene_test!(a_mount_that_appears_in_the_new_root_gets_nothing_outside_changed);
fn a_mount_that_appears_in_the_new_root_gets_nothing_outside_changed() {
    on_purpose("options of ours");
    needs_root("mounts in a mount namespace that passes them on");
    let (scene, _) = battlefield();
    let (root, outside) = (scene.text("rootfs"), scene.text("outside"));
    scene.mount(["--rbind", &root, &root]);
    scene.mount(["--make-shared", &root]);
    let (before, mounts) = (to_be_left_alone(&scene), scene.mountinfo());
    let mut mounter = scene.call("/bin/sh", ["-c", MOUNTER, &root, &outside]).leashed().spawn();
    for options in
        [["--propagation=slave", "--root={dir}/rootfs"], ["--propagation=slave", "--pivot-root={dir}/rootfs"]]
    {
        let (mut ran, mut refused, mut met) = (0, 0, 0);
        while ran + refused < runs() / 2 {
            let Some(mut process) = start(&scene, &options) else {
                refused += 1;
                continue;
            };
            ran += 1;
            let inside = mounts_inside(&scene, &process);
            met += usize::from(inside.lines().any(|line| line.split(' ').nth(3).unwrap().ends_with("/outside")));
            let has_old_root = options[1].starts_with("--root");
            assert_eq!(missing(&inside, if has_old_root { &root } else { "" }), [""; 0], "{options:?}: {inside}");
            if has_old_root {
                let new = added(&inside, &mounts);
                assert!(new.iter().all(|on| on.starts_with(&format!("{root}/"))), "{options:?}: {new:#?}");
            }
            process.release();
            assert_eq!(process.wait(), Ending::Exited(0), "{}", process.stderr());
        }
        note(&format!(
            "{}: {ran} ran, {met} of them beside a mount of the attacker's, {refused} were refused",
            options[1]
        ));
        assert!(met > 0, "the attacker is always too late");
    }
    mounter.release();
    mounter.wait();
    while added(&scene.mountinfo(), &mounts)
        .iter()
        .any(|on| scene.call("/bin/umount", [on]).run().ending == Ending::Exited(0))
    {}
    assert_eq!(scene.mountinfo(), mounts);
    assert_eq!(to_be_left_alone(&scene), before);
}
