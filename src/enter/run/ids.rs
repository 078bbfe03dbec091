//! Users, groups and cgroups.

use std::ffi::CStr;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::unistd::{setgid, setgroups, setuid};

use super::settings::write_setting;
use super::state::Run;
use crate::enter::fault::{Fault, Part};
use crate::enter::handles::Handle;
use crate::sys::file::{is_of_proc, write_all};
use crate::sys::process::set_groups;
use crate::sys::stat::fstat;

/// A kernel before 3.19 has no such file, and no such rule.
pub fn write_setgroups(path: &CStr, word: &[u8]) -> Result<(), Fault> {
    match write_setting(path, word) {
        // Without a proc on /proc the file is missing, too, but the rule may well exist.
        Err(Fault::Part(Part::OpenSetting, Errno::ENOENT)) if is_of_proc(c"/proc/self/uid_map") => Ok(()),
        result => result,
    }
}

impl Run {
    pub fn join_cgroups(&mut self, cgroups: &[Handle]) -> Result<(), Fault> {
        for (number, cgroup) in (0..).zip(cgroups) {
            // 0 is the writer itself, in whatever PID namespace it is.
            let written = self.handles.take(cgroup).and_then(|file| write_all(file, b"0"));
            written.map_err(Part::Number(number).fault())?;
        }
        Ok(())
    }

    pub fn drop_groups_if_permitted(&mut self) -> nix::Result<()> {
        setgroups(&[])?;
        self.groups_dropped = true;
        Ok(())
    }

    pub fn drop_groups(&self) -> nix::Result<()> {
        match setgroups(&[]) {
            // It has been done already, outside.
            Err(_) if self.groups_dropped => Ok(()),
            result => result,
        }
    }

    pub fn set_groups_if_permitted(&mut self, groups: &[u32]) -> nix::Result<()> {
        set_groups(groups)?;
        self.groups_set = true;
        Ok(())
    }

    pub fn set_groups(&self, groups: &[u32]) -> nix::Result<()> {
        // Outside, where more may have been allowed.
        if self.groups_set { Ok(()) } else { set_groups(groups) }
    }

    pub fn set_gid_of_target(&self) -> Result<(), Fault> {
        let (_, gid) = self.ids_of_target()?;
        setgid(gid.into()).map_err(Part::Id(gid).fault())
    }

    pub fn set_uid_of_target(&self) -> Result<(), Fault> {
        let (uid, _) = self.ids_of_target()?;
        setuid(uid.into()).map_err(Part::Id(uid).fault())
    }

    /// UID and GID of the target, as seen in our user namespace. Errors: ESRCH if it has ended.
    fn ids_of_target(&self) -> Result<(u32, u32), Fault> {
        let target = self.handles.target.as_ref().ok_or(Errno::ESRCH).map_err(Part::Target.fault())?;
        let directory = target.directory().ok_or(Errno::EBADF);
        let owner = directory.and_then(|directory| fstat(directory.as_fd())).map_err(Part::TargetIds.fault())?;
        // The directory of a process that has ended belongs to root.
        target.alive().map_err(Part::Target.fault())?;
        Ok((owner.st_uid, owner.st_gid))
    }
}
