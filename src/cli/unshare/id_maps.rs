//! The `--map-*` options → the map of users and that of groups.

use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::geteuid;

use super::SingleId;
use crate::cli::value::{BlockArgument, IdOrName};
use crate::enter::unshare::MapMethod;
use crate::error::{RequestError, Shown};
use crate::ids::getsubids::{self, SubidsAnswer};
use crate::ids::map::{self, Block, Extent, IdKind};
use crate::ids::passwd::Database;
use crate::ids::subid::{Subordinates, blocks};
use crate::ids::users::names_by_uid;
use crate::sys::file::read_bounded;

/// We read so many bytes of /etc/subuid: enough for a host with many users.
const LARGEST_FILE: usize = 16 << 20;

/// The map of the user namespace that we are in. Errors: it cannot be read.
pub fn own_map(kind: IdKind) -> Result<Vec<u8>, RequestError> {
    let path = PathBuf::from("/proc/self").join(kind.map_file());
    read_bounded(&path, map::LONGEST_MAP_READ).map_err(|errno| RequestError::Unreadable { path, errno })
}

/// Users or groups, for the making of their map.
pub struct Ids {
    /// Which of them.
    pub kind: IdKind,
    /// Our own effective id.
    pub own: u32,
    /// Whether the user namespace will belong to others.
    pub owner_given: bool,
}

impl Ids {
    /// The map of a single id and blocks. Errors: a name or block that is not there, a map that is too long.
    pub fn map(&self, single: Option<&SingleId>, blocks: &[BlockArgument]) -> Result<MapMethod, RequestError> {
        let single = match single {
            None => None,
            Some(SingleId::Current) => Some(self.own),
            Some(SingleId::To(inner)) => id(Some(inner), self.database())?,
        };
        let single = single.map(|inner| Extent { inner, outer: self.own, count: 1 });
        if blocks.is_empty() {
            return Ok(match single {
                None => MapMethod::None,
                Some(line) if self.owner_given => MapMethod::ByMapper(vec![line]),
                Some(line) => MapMethod::Own(line),
            });
        }
        self.check_ranges(blocks)?;
        let mut found = Vec::new();
        for block in blocks {
            self.find_block(*block, &mut found)?;
        }
        let lines = map::lines(single, &found);
        let length = map::text(&lines).len();
        if length > map::LONGEST_MAP || lines.len() > map::MOST_LINES {
            return Err(RequestError::MapTooLong { file: self.kind.map_file(), lines: lines.len(), length });
        }
        Ok(MapMethod::ByMapper(lines))
    }

    /// All blocks, and one of them once more: the kernel would refuse the map, when much has been done already.
    fn check_ranges(&self, blocks: &[BlockArgument]) -> Result<(), RequestError> {
        if !blocks.contains(&BlockArgument::Ranges) {
            return Ok(());
        }
        let [ranges, auto, subids, all] = match self.kind {
            IdKind::User => ["--map-users=ranges", "--map-users=auto", "--map-users=subids", "--map-users=all"],
            IdKind::Group => ["--map-groups=ranges", "--map-groups=auto", "--map-groups=subids", "--map-groups=all"],
        };
        let same_ids = |block: &BlockArgument| match block {
            BlockArgument::Auto => Some(auto),
            BlockArgument::Subids => Some(subids),
            BlockArgument::All => Some(all),
            BlockArgument::Block(_) | BlockArgument::Ranges => None,
        };
        match blocks.iter().find_map(same_ids) {
            Some(other) => Err(RequestError::Excluded { one: ranges, other }),
            None => Ok(()),
        }
    }

    fn database(&self) -> Database {
        match self.kind {
            IdKind::User => Database::Users,
            IdKind::Group => Database::Groups,
        }
    }

    fn find_block(&self, block: BlockArgument, found: &mut Vec<Block>) -> Result<(), RequestError> {
        match block {
            BlockArgument::Block(extent) => found.push(Block::Closed(extent)),
            BlockArgument::All => {
                found.extend(map::inner_ids(&own_map(self.kind)?).into_iter().map(Block::Closed));
            }
            BlockArgument::Ranges => found.push(Block::FromZero(self.subordinates()?)),
            BlockArgument::Auto => {
                let mut first = self.subordinates()?;
                first.truncate(1);
                found.push(Block::FromZero(first));
            }
            BlockArgument::Subids => {
                let to_itself = |ids: Subordinates| Extent { inner: ids.first, outer: ids.first, count: ids.count };
                found.extend(self.subordinates()?.into_iter().take(1).map(to_itself).map(Block::Closed));
            }
        }
        Ok(())
    }

    /// The subordinate ids of the user (whose UID counts for groups too), at least one block: those in the file or, if it
    /// has none for the user, those that getsubids(1) knows. Errors: there are none, and if the file cannot be read.
    fn subordinates(&self) -> Result<Vec<Subordinates>, RequestError> {
        let uid = geteuid().as_raw();
        let name = names_by_uid(&[uid]).remove(&uid);
        let file = self.kind.subordinate_file();
        let missing = match read_bounded(Path::new(file), LARGEST_FILE) {
            Ok(text) => {
                // One more than fits is enough to refuse them.
                let found: Vec<_> = blocks(&text, uid, name.as_deref()).take(map::MOST_LINES + 1).collect();
                if !found.is_empty() {
                    return Ok(found);
                }
                None
            }
            Err(Errno::ENOENT) => Some(Errno::ENOENT),
            Err(errno) => return Err(RequestError::Unreadable { path: file.into(), errno }),
        };
        let answer = name.as_deref().map_or(SubidsAnswer::Nothing, |name| getsubids::blocks(self.kind, name));
        let shown = name.map(|name| name.shown().to_string());
        match (answer, missing) {
            (SubidsAnswer::Blocks(blocks), _) => Ok(blocks),
            (SubidsAnswer::TooMany, _) => Err(RequestError::TooManySubordinates(shown.unwrap_or_default())),
            (SubidsAnswer::Nothing, Some(errno)) => Err(RequestError::Unreadable { path: file.into(), errno }),
            (SubidsAnswer::Nothing, None) => Err(RequestError::NoSubordinateIds { uid, name: shown, file }),
        }
    }
}

/// The id of the program. A name is looked up outside.
pub(super) fn id(argument: Option<&IdOrName>, database: Database) -> Result<Option<u32>, RequestError> {
    argument.map(|id| id.number(database)).transpose()
}
