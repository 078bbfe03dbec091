//! Mounts in a root that others may change meanwhile: every place is looked up from the descriptor of the root, and what is
//! mounted is a descriptor too.

use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::mount::{MntFlags, umount2};
use nix::sys::stat::{Mode, SFlag, mkdirat, umask};
use nix::unistd::{chdir, fchdir, pivot_root, symlinkat};

use super::look_up::open_in;
use super::read_only::{Submounts, make_each_read_only};
use super::state::Run;
use crate::enter::fault::{Fault, Part};
use crate::enter::handles::Handle;
use crate::enter::setting::{MountPoint, NewFilesystem};
use crate::error::RequestError;
use crate::sys::file::{open_retrying, place_of};
use crate::sys::mount::{self, attach, detached_tree_of, make_read_only, new_filesystem};
use crate::sys::stat::{fstat, is_of_type};

/// A place, with the paths of all directories on the way to it.
#[derive(Default)]
pub struct Way {
    whole: CString,
    /// From the last component on: the directory that it is in, and its name; `None` for `..`, which nobody makes.
    components: Vec<(CString, Option<CString>)>,
    /// What [`make_each_read_only`] needs.
    pub submounts: Option<Submounts>,
}

impl Way {
    /// Errors: a NUL byte.
    pub fn new(path: &Path) -> Result<Way, RequestError> {
        let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(|_| RequestError::NulByte);
        let mut components = Vec::new();
        let mut directory = Path::new("/").to_path_buf();
        for component in path.components() {
            let name = match component {
                Component::Normal(name) => Some(text(Path::new(name))?),
                Component::ParentDir => None,
                _ => continue,
            };
            components.push((text(&directory)?, name));
            directory.push(component);
        }
        components.reverse();
        Ok(Way { whole: text(&directory)?, components, submounts: None })
    }
}

impl Run {
    pub fn open_root(&mut self, root: &Handle, path: &CStr) -> nix::Result<()> {
        self.handles.set(root, open_retrying(path, OFlag::O_PATH | OFlag::O_DIRECTORY)?)
    }

    pub fn bind_root(&mut self, root: &Handle, path: &CStr) -> nix::Result<()> {
        let directory = open_retrying(path, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
        // A mount that was inherited is locked in a user namespace, a copy is not.
        let tree = detached_tree_of(&directory)?;
        attach(&tree, &directory)?;
        self.handles.set(root, tree)
    }

    pub fn attach_tree(&mut self, tree: &Handle, on: &MountPoint, way: &mut Way, read_only: bool) -> nix::Result<()> {
        let tree = self.handles.take(tree)?;
        let sort = match is_directory(&tree)? {
            true => Sort::Directory,
            false => Sort::File,
        };
        let place = self.open_or_make(on, way, sort)?;
        let done = match read_only {
            true => make_read_only(&tree),
            false => Ok(()),
        };
        match (done, &mut way.submounts) {
            // Before Linux 5.12 only what is attached can be changed.
            (Err(Errno::ENOSYS), Some(submounts)) => {
                attach(&tree, &place)?;
                make_each_read_only(&tree, submounts)?;
            }
            (done, _) => {
                done?;
                attach(&tree, &place)?;
            }
        }
        self.replace_root(on, &place, tree)
    }

    pub fn mount_new(&mut self, filesystem: NewFilesystem, on: &MountPoint, way: &Way) -> nix::Result<()> {
        let place = self.open_or_make(on, way, Sort::Directory)?;
        let mounted = make(filesystem)?;
        attach(&mounted, &place)?;
        if matches!(filesystem, NewFilesystem::Tmpfs(_)) {
            // There is room for all of them.
            self.own_devices.push(fstat(&mounted)?.st_dev);
        }
        self.replace_root(on, &place, mounted)
    }

    /// What is mounted on the root itself is the root from now on.
    fn replace_root(&mut self, on: &MountPoint, place: &OwnedFd, mounted: OwnedFd) -> nix::Result<()> {
        match place_of(self.handles.get(&on.root)?)? == place_of(place)? {
            true => self.handles.set(&on.root, mounted),
            false => Ok(()),
        }
    }

    /// Opens a place. Where it is missing in a tmpfs of ours, it is made. Errors: ENOENT where it is missing elsewhere,
    /// ENOTDIR and EISDIR where it is of the other sort.
    fn open_or_make(&self, on: &MountPoint, way: &Way, sort: Sort) -> nix::Result<OwnedFd> {
        let root = self.handles.get(&on.root)?;
        match open_in(root, &way.whole, sort.flags()) {
            Err(Errno::ENOENT) => {}
            Ok(file) if sort == Sort::File && is_directory(&file)? => return Err(Errno::EISDIR),
            result => return result,
        }
        for (depth, (directory, _)) in way.components.iter().enumerate() {
            match open_in(root, directory, OFlag::O_DIRECTORY) {
                Err(Errno::ENOENT) => {}
                Err(errno) => return Err(errno),
                Ok(directory) => return self.make_below(directory, &way.components[..=depth], sort),
            }
        }
        Err(Errno::ENOENT)
    }

    fn make_below(
        &self,
        mut directory: OwnedFd,
        missing: &[(CString, Option<CString>)],
        sort: Sort,
    ) -> nix::Result<OwnedFd> {
        self.check_is_ours(&directory)?;
        let _modes_as_given = NoUmask::new();
        for (left, (_, name)) in missing.iter().enumerate().rev() {
            let name = name.as_deref().ok_or(Errno::ENOENT)?;
            if left == 0 && sort == Sort::File {
                let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
                return openat(&directory, name, flags, Mode::from_bits_truncate(0o644));
            }
            directory = make_directory(&directory, name, 0o755)?;
        }
        Ok(directory)
    }

    /// Errors: ENOENT if the directory is in no tmpfs that we have mounted.
    fn check_is_ours(&self, directory: &OwnedFd) -> nix::Result<()> {
        match self.own_devices.contains(&fstat(directory)?.st_dev) {
            true => Ok(()),
            false => Err(Errno::ENOENT),
        }
    }

    pub fn fill_devices(&self, at: &MountPoint, way: &Way) -> nix::Result<()> {
        let directory = open_in(self.handles.get(&at.root)?, &way.whole, OFlag::O_DIRECTORY)?;
        self.check_is_ours(&directory)?;
        for (name, target) in LINKS {
            symlinkat(target, &directory, name)?;
        }
        let _modes_as_given = NoUmask::new();
        make_directory(&directory, c"shm", 0o1777).map(drop)
    }

    pub fn pivot_root(&mut self, root: &Handle) -> Result<(), Fault> {
        fchdir(self.handles.take(root)?).map_err(Part::ChdirToRootHandle.fault())?;
        // The old root comes to lie on the new one (pivot_root(2), NOTES), and goes.
        pivot_root(c".", c".")?;
        umount2(c".", MntFlags::MNT_DETACH)?;
        Ok(chdir(c"/")?)
    }
}

/// What a directory for devices has besides devices and terminals.
const LINKS: [(&CStr, &CStr); 5] = [
    (c"ptmx", c"pts/ptmx"),
    (c"fd", c"/proc/self/fd"),
    (c"stdin", c"/proc/self/fd/0"),
    (c"stdout", c"/proc/self/fd/1"),
    (c"stderr", c"/proc/self/fd/2"),
];

/// What a mount goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Directory,
    File,
}

impl Sort {
    fn flags(self) -> OFlag {
        match self {
            Sort::Directory => OFlag::O_DIRECTORY,
            Sort::File => OFlag::empty(),
        }
    }
}

fn is_directory(file: &OwnedFd) -> nix::Result<bool> {
    Ok(is_of_type(&fstat(file)?, SFlag::S_IFDIR))
}

fn make_directory(directory: &OwnedFd, name: &CStr, mode: u32) -> nix::Result<OwnedFd> {
    mkdirat(directory, name, Mode::from_bits_truncate(mode))?;
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(directory, name, flags, Mode::empty())
}

/// The new file system, mounted nowhere yet.
fn make(filesystem: NewFilesystem) -> nix::Result<OwnedFd> {
    let no_rights = mount::NO_SUID | mount::NO_DEVICES;
    match filesystem {
        NewFilesystem::Proc => new_filesystem(c"proc", &[], no_rights | mount::NO_EXECUTION),
        NewFilesystem::Tmpfs(0o1777) => new_filesystem(c"tmpfs", &[(c"mode", c"1777")], no_rights),
        NewFilesystem::Tmpfs(_) => new_filesystem(c"tmpfs", &[(c"mode", c"0755")], no_rights),
        NewFilesystem::Devpts { with_group } => {
            let options = [(c"ptmxmode", c"0666"), (c"mode", c"0620"), (c"gid", c"5")];
            let options = if with_group { &options[..] } else { &options[..2] };
            new_filesystem(c"devpts", options, mount::NO_SUID | mount::NO_EXECUTION)
        }
    }
}

/// No umask as long as it lives.
struct NoUmask(Mode);

impl NoUmask {
    fn new() -> NoUmask {
        NoUmask(umask(Mode::empty()))
    }
}

impl Drop for NoUmask {
    fn drop(&mut self) {
        umask(self.0);
    }
}
