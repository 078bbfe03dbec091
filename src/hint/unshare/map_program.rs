//! newuidmap(1) and newgidmap(1), as they are before the user namespace is made.

use std::ffi::OsStr;
use std::path::PathBuf;

use nix::sys::statvfs::{FsFlags, statvfs};

use crate::enter::program::DEFAULT_PATH;
use crate::error::Shown;
use crate::ids::map::IdKind;
use crate::sys::file::has_attribute;
use crate::sys::stat::stat;

/// The program that `$PATH` leads to, as seen before the user namespace was made: inside that, root of the outside has
/// no id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapProgram {
    pub file: PathBuf,
    owner: u32,
    mode: u32,
}

impl MapProgram {
    /// The first of that name in the directories of `path`.
    pub fn find(ids: IdKind, path: Option<&OsStr>) -> Option<MapProgram> {
        let path = path.unwrap_or(OsStr::new(DEFAULT_PATH));
        std::env::split_paths(path).map(|directory| directory.join(ids.map_program())).find_map(|file| {
            let found = stat(&file).ok()?;
            Some(MapProgram { file, owner: found.st_uid, mode: found.st_mode & 0o7777 })
        })
    }

    /// Why it lacks the rights to write a map, if it does.
    pub fn without_rights(&self) -> Option<String> {
        let MapProgram { file, owner, mode } = self;
        let name = file.shown();
        // Then it has the rights of its file capabilities, whatever its mode.
        if has_attribute(file, c"security.capability") {
            return None;
        }
        if mode & libc::S_ISUID == 0 || *owner != 0 {
            // chown(2) takes the bit away.
            let remedy = if *owner == 0 { "chmod u+s" } else { "chown root, then chmod u+s" };
            return Some(format!(
                "{name} has neither the set-user-ID bit of root nor file capabilities (owner {owner}, mode {mode:o}): install \
                 it anew, or {remedy}, as root"
            ));
        }
        let nosuid = statvfs(file).is_ok_and(|statvfs| statvfs.flags().contains(FsFlags::ST_NOSUID));
        nosuid.then(|| format!("{name} is on a mount with the option nosuid, where its set-user-ID bit has no effect"))
    }
}
