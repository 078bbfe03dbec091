//! The mounts that go to places in the new root, and pivot_root(2).

use std::path::{Path, PathBuf};

use super::own_place_of_proc;
use crate::enter::handles::Handle;
use crate::enter::setting::{MountPoint, NewFilesystem};
use crate::enter::step::Step;
use crate::enter::unshare::{NewMount, UnshareRequest};

/// The devices of outside that a new directory for devices shows.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// The mode of a directory that everybody may write to, and remove only what is theirs.
const SHARED: u32 = 0o1777;

/// The mounts in their order, then proc, then pivot_root(2). Whether proc is among them: nothing at all is here where neither
/// mounts nor pivot_root(2) were asked for.
pub fn mounts(request: &UnshareRequest, steps: &mut Vec<Step>) -> bool {
    if request.mounts.is_empty() && request.pivot_root.is_none() {
        return false;
    }
    let mut places = Places::default();
    // All of them before the first mount, which may cover them: `--tmpfs /home --bind /home/me:/home/me`.
    let trees: Vec<Vec<Handle>> = request
        .mounts
        .iter()
        .map(|mount| sources(mount).into_iter().map(|path| places.handle(path)).collect())
        .collect();
    steps.extend(trees.iter().flatten().cloned().map(Step::CloneTree));
    let root = places.handle(request.new_root().cloned().unwrap_or_else(|| "/".into()));
    steps.push(match request.pivot_root {
        Some(_) => Step::BindRoot(root.clone()),
        None => Step::OpenRoot(root.clone()),
    });
    let place = |path: &Path| MountPoint { root: root.clone(), path: path.to_path_buf() };
    for (mount, trees) in request.mounts.iter().zip(trees) {
        match mount {
            NewMount::Bind { on, read_only, .. } => {
                let attach = |tree| Step::AttachTree { tree, on: place(on), read_only: *read_only };
                steps.extend(trees.into_iter().map(attach));
            }
            NewMount::Tmpfs(on) => steps.push(Step::MountNew(NewFilesystem::Tmpfs(mode_of(on)), place(on))),
            NewMount::Devices(on) => devices(&place(on), trees, request.has_tty_group, steps),
        }
    }
    // Without a new root, a relative directory is one of the working directory: it is mounted as without places.
    let proc = request.proc.as_ref().filter(|proc| request.new_root().is_some() || proc.is_absolute());
    if let Some(proc) = proc {
        steps.extend(own_place_of_proc(request));
        steps.push(Step::MountNew(NewFilesystem::Proc, place(proc)));
    }
    steps.extend(request.pivot_root.as_ref().map(|_| Step::PivotRoot(root)));
    proc.is_some()
}

/// Numbers for what steps open.
#[derive(Default)]
struct Places {
    taken: usize,
}

impl Places {
    fn handle(&mut self, path: PathBuf) -> Handle {
        self.taken += 1;
        Handle::new(self.taken - 1, path)
    }
}

/// What is shown inside of what is outside.
fn sources(mount: &NewMount) -> Vec<PathBuf> {
    match mount {
        NewMount::Bind { source, .. } => vec![source.clone()],
        NewMount::Tmpfs(_) => Vec::new(),
        NewMount::Devices(_) => DEVICES.iter().map(|name| Path::new("/dev").join(name)).collect(),
    }
}

fn mode_of(tmpfs: &Path) -> u32 {
    // Without `.` and double slashes.
    match tmpfs.components().eq(Path::new("/tmp").components()) {
        true => SHARED,
        false => 0o755,
    }
}

fn devices(at: &MountPoint, trees: Vec<Handle>, with_group: bool, steps: &mut Vec<Step>) {
    let below = |name: &str| MountPoint { root: at.root.clone(), path: at.path.join(name) };
    steps.push(Step::MountNew(NewFilesystem::Tmpfs(0o755), at.clone()));
    let attach = |(name, tree): (&&str, Handle)| Step::AttachTree { tree, on: below(name), read_only: false };
    steps.extend(DEVICES.iter().zip(trees).map(attach));
    steps.push(Step::MountNew(NewFilesystem::Devpts { with_group }, below("pts")));
    steps.push(Step::FillDevices(at.clone()));
}
