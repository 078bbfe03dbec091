//! Mounts and directories.

use std::ffi::CStr;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{chdir, chroot, fchdir};

use super::state::Run;
use crate::enter::fault::{Fault, Part};
use crate::enter::handles::Handle;
use crate::enter::setting::Propagation;
use crate::sys::file::open_retrying;
use crate::sys::stat::stat;

pub fn propagate(at: &CStr, propagation: Propagation) -> nix::Result<()> {
    match propagation.flag() {
        Some((flag, _)) => change_propagation(at, flag),
        None => Ok(()),
    }
}

pub fn make_private(at: &CStr) -> nix::Result<()> {
    change_propagation(at, MsFlags::MS_PRIVATE)
}

fn change_propagation(at: &CStr, flag: MsFlags) -> nix::Result<()> {
    mount(Some(c"none"), at, None::<&CStr>, flag | MsFlags::MS_REC, None::<&CStr>)
}

pub fn mount_filesystem(fstype: &CStr, on: &CStr) -> nix::Result<()> {
    mount_with(fstype, on, MsFlags::empty())
}

/// What was read-only must stay so: in a container, /sys is, and there the kernel insists on it.
pub fn mount_sys(on: &CStr) -> nix::Result<()> {
    let is_read_only = statvfs(on)?.flags().contains(FsFlags::ST_RDONLY);
    mount_with(c"sysfs", on, if is_read_only { MsFlags::MS_RDONLY } else { MsFlags::empty() })
}

fn mount_with(fstype: &CStr, on: &CStr, more: MsFlags) -> nix::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | more;
    mount(Some(fstype), on, Some(fstype), flags, None::<&CStr>)
}

impl Run {
    pub fn open_directory(&mut self, handle: &Handle, path: &CStr) -> Result<(), Fault> {
        let directory = match open_retrying(path, OFlag::O_PATH | OFlag::O_DIRECTORY) {
            Err(errno @ Errno::ENOTDIR) if stat(path).is_ok() => return Err(Fault::Part(Part::NoDirectory, errno)),
            result => result?,
        };
        Ok(self.handles.set(handle, directory)?)
    }

    pub fn chroot_to(&mut self, handle: &Handle) -> Result<(), Fault> {
        fchdir(self.handles.take(handle)?).map_err(Part::ChdirToRootHandle.fault())?;
        chroot(c".")?;
        chdir(c"/").map_err(Part::ChdirToRoot.fault())
    }

    pub fn chdir_to(&mut self, handle: &Handle) -> nix::Result<()> {
        fchdir(self.handles.take(handle)?)
    }
}
