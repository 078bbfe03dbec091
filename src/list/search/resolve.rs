//! Where a path leads here, also if nothing is there.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::proc::mountinfo::Mount;
use crate::sys::at;
use crate::sys::file::{open_below, open_retrying, place, place_of};

/// As many symbolic links as the kernel follows on one path, see path_resolution(7).
const MOST_LINKS: usize = 40;

/// PATH_MAX: no symbolic link holds more.
const LONGEST_LINK: usize = 4096;

/// Where a path leads.
pub(super) struct Resolved {
    /// Absolute, and without symbolic links, `.` and `..`.
    pub path: PathBuf,
    /// What is there. Errors: those of open(2) at the first part that is not there, or that we may not see.
    pub file: nix::Result<OwnedFd>,
}

/// Resolves a path as `realpath -m` does: as the kernel would, as far as it exists, and by name from there on. We open
/// one part after the other, so that nothing is mounted because we look (autofs(5)). `mounts` are those of our own
/// mount namespace.
///
/// `None` for a relative path if our working directory is gone, or if its first part does not exist: that may be a
/// source as well (`server:/export`).
pub(super) fn resolve(path: &Path, mounts: &[Mount]) -> Option<Resolved> {
    let (at, start) = match path.is_absolute() {
        true => (PathBuf::from("/"), "/"),
        false => (std::env::current_dir().ok()?, "."),
    };
    if let Some(Component::Normal(first)) = path.components().next() {
        place(Path::new(first)).ok()?;
    }
    let mut walk =
        Walk { mounts, path: at, here: open_retrying(start, OFlag::O_PATH).ok()?, file: None, missing: None };
    let mut rest = parts(path);
    let mut links = 0;
    while let Some(name) = rest.pop() {
        let Some(target) = walk.step(&name) else {
            continue;
        };
        if links == MOST_LINKS {
            walk.miss(&name, Errno::ELOOP);
            continue;
        }
        links += 1;
        if target.is_absolute() {
            (walk.path, walk.here) = (PathBuf::from("/"), open_retrying("/", OFlag::O_PATH).ok()?);
        }
        rest.extend(parts(&target));
    }
    let Walk { path, here, file, missing, .. } = walk;
    let file = match missing {
        Some((_, errno)) => Err(errno),
        None => Ok(file.unwrap_or(here)),
    };
    Some(Resolved { path, file })
}

/// The names in a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let names = path.components().rev().filter_map(|part| match part {
        Component::Normal(_) | Component::ParentDir => Some(part.as_os_str().to_os_string()),
        _ => None,
    });
    names.collect()
}

struct Walk<'m> {
    mounts: &'m [Mount],
    /// How far we have come.
    path: PathBuf,
    /// The last directory on it that exists.
    here: OwnedFd,
    /// What is in that directory, if it is none itself.
    file: Option<OwnedFd>,
    /// How many names come behind them, and why the first of these was not found.
    missing: Option<(usize, Errno)>,
}

impl Walk<'_> {
    /// Goes to `name`; if that is a symbolic link, returns its target and stays.
    fn step(&mut self, name: &OsStr) -> Option<PathBuf> {
        if name == ".." {
            self.up();
            return None;
        }
        let refused = match (&self.missing, &self.file) {
            (Some((_, errno)), _) => Some(*errno),
            (None, Some(_)) => Some(Errno::ENOTDIR),
            // To look for a name there is to mount something.
            (None, None) => self.is_on("autofs").then_some(Errno::EREMOTE),
        };
        match refused.map_or_else(|| self.enter(name), Err) {
            Ok(target) => target,
            Err(errno) => {
                self.miss(name, errno);
                None
            }
        }
    }

    fn enter(&mut self, name: &OsStr) -> nix::Result<Option<PathBuf>> {
        let mut buffer = [0; LONGEST_LINK];
        let c_name = CString::new(name.as_bytes()).map_err(|_| Errno::EINVAL)?;
        let mut target = None;
        match at::read_link(&self.here, &c_name, &mut buffer) {
            Ok(text) => target = Some(PathBuf::from(OsString::from_vec(text.to_vec()))),
            Err(Errno::EINVAL) => {}
            Err(errno) => return Err(errno),
        }
        let Some(target) = target else {
            let file = open_below(&self.here, name, OFlag::O_PATH | OFlag::O_NOFOLLOW)?;
            self.path.push(name);
            // Linux before 4.11 does not say. There is nothing below a file, so it does no harm to look there.
            match at::facts_of(&file).is_ok_and(|facts| !facts.is_directory) {
                true => self.file = Some(file),
                false => self.here = file,
            }
            return Ok(None);
        };
        // proc_pid_root(5) and its like lead to the directory itself, whatever is called so here.
        if target.is_absolute()
            && self.is_on("proc")
            && let Ok(directory) = open_below(&self.here, name, OFlag::O_PATH)
            && at::facts_of(&directory).is_ok_and(|facts| facts.is_directory)
        {
            (self.path, self.here) = (target, directory);
            return Ok(None);
        }
        Ok(Some(target))
    }

    fn up(&mut self) {
        self.path.pop();
        match (&mut self.missing, &mut self.file) {
            (Some((1, _)), _) => self.missing = None,
            (Some((names, _)), _) => *names -= 1,
            (None, Some(_)) => self.file = None,
            (None, None) => match open_below(&self.here, "..", OFlag::O_PATH) {
                Ok(parent) => self.here = parent,
                // From now on by name alone.
                Err(errno) => self.missing = Some((usize::MAX, errno)),
            },
        }
    }

    fn miss(&mut self, name: &OsStr, errno: Errno) {
        self.path.push(name);
        let (names, errno) = self.missing.unwrap_or((0, errno));
        self.missing = Some((names.saturating_add(1), errno));
    }

    fn is_on(&self, fstype: &str) -> bool {
        let Ok((_, _, _, id)) = place_of(&self.here) else {
            return false;
        };
        self.mounts.iter().any(|mount| u64::from(mount.id) == id && mount.fstype == fstype)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::proc::mountinfo;
    use proptest::prelude::*;

    fn own_mounts() -> Vec<Mount> {
        mountinfo::mounts(&std::fs::read("/proc/self/mountinfo").unwrap()).collect()
    }

    fn led(path: &str) -> (PathBuf, Option<Errno>) {
        let resolved = resolve(Path::new(path), &own_mounts()).unwrap();
        (resolved.path, resolved.file.err())
    }

    #[test]
    fn what_exists_is_told_from_what_does_not() {
        let is_here = |path: &str, expected: &str| assert_eq!(led(path), (expected.into(), None), "{path}");
        is_here("/", "/");
        is_here("/../..", "/");
        is_here("//proc/./sys//kernel/..", "/proc/sys");
        is_here("/proc/none/..", "/proc");
        is_here("/proc/version/..", "/proc");
        is_here("/proc/self/root/proc/version", "/proc/version");
        is_here("/proc/self/cwd", std::env::current_dir().unwrap().to_str().unwrap());
        let own = std::env::current_exe().unwrap().canonicalize().unwrap();
        is_here("/proc/self/exe", own.to_str().unwrap());
        // By the name of the program, and not beside the link.
        is_here("/proc/self/exe/..", own.parent().unwrap().to_str().unwrap());
        assert_eq!(led("/proc/self/exe/../status").0, own.parent().unwrap().join("status"));
        assert_eq!(led("/proc/none/x/../y"), ("/proc/none/y".into(), Some(Errno::ENOENT)));
        assert_eq!(led("/proc/version/x"), ("/proc/version/x".into(), Some(Errno::ENOTDIR)));
        assert!(resolve(Path::new("none-such/x"), &[]).is_none());
        assert_eq!(led("./none-such/x").1, Some(Errno::ENOENT));
    }

    proptest! {
        #[test]
        fn a_resolved_path_has_no_detours(path in "(/|\\.|\\.\\.|proc|self|version|exe|\\PC){0,24}") {
            if let Some(resolved) = resolve(Path::new(&format!("/{path}")), &own_mounts()) {
                let plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
                prop_assert!(resolved.path.is_absolute() && resolved.path.components().all(plain));
                prop_assert!(resolved.file.is_err() || resolved.path.exists());
            }
        }
    }
}
