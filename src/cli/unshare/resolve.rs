//! UnshareArgs → [`UnshareRequest`]: looks up names, looks at files, and refuses contradictions.

use std::path::{Component, Path, PathBuf};

use nix::unistd::{getegid, geteuid};

use crate::cli::unshare::{SingleId, UnshareArgs};
use crate::cli::value::{BlockArgument, IdOrName};
use crate::enter::program::Program;
use crate::enter::setting::{Clock, Persist, Propagation, Setgroups};
use crate::enter::unshare::{BINFMT, Fork, IdMap, NewMount, TTY_GROUP, UnshareRequest};
use crate::error::RequestError;
use crate::error::Shown;
use crate::ids::map::{self, Block, Extent, IdKind};
use crate::ids::passwd::Database;
use crate::ids::subid::first_block;
use crate::ids::users::names_by_uid;
use crate::namespace::Kind;
use crate::sys::file::{is_writable, read_bounded};

/// We read so many bytes of /etc/subuid: enough for a host with many users.
const LARGEST_FILE: usize = 16 << 20;

/// Looks up what the arguments name, and checks that they fit together. This changes nothing. Errors: the first that
/// does not exist, cannot be read or does not fit.
pub fn resolve(args: UnshareArgs) -> Result<UnshareRequest, RequestError> {
    let status = args.status_fd.map(check_descriptor).transpose()?;
    check_mounts(&args)?;
    let uids = Ids { kind: IdKind::User, own: geteuid().as_raw(), owner_given: args.owner.is_some() };
    let gids = Ids { kind: IdKind::Group, own: getegid().as_raw(), owner_given: args.owner.is_some() };
    let uid_map = uids.map(args.map_user.as_ref(), &args.map_users)?;
    let gid_map = gids.map(args.map_group.as_ref(), &args.map_groups)?;
    let (uid, gid) = (id(args.uid.as_ref(), Database::Users)?, id(args.gid.as_ref(), Database::Groups)?);
    if (args.monotonic.is_some() || args.boottime.is_some()) && !args.kinds.contains(Kind::Time) {
        return Err(RequestError::OffsetWithoutTime);
    }
    if matches!(gid_map, IdMap::Own(_)) && args.setgroups == Some(Setgroups::Allow) {
        return Err(RequestError::AllowWithSingleGroup);
    }
    let has_tty_group = match args.mounts.iter().any(|mount| matches!(mount, NewMount::Devices(_))) {
        true => has_tty_group(&args, &gid_map)?,
        false => false,
    };
    let binfmt_wanted = args.mount_binfmt.is_some() || args.load_interpreter.is_some();
    let binfmt_directory = args.mount_binfmt.flatten();
    // A binfmt_misc at its usual place is inside a proc that must be the new one.
    let proc_implied = binfmt_wanted && binfmt_directory.is_none();
    let proc = match args.mount_proc {
        Some(directory) => Some(directory.unwrap_or_else(|| "/proc".into())),
        None => proc_implied.then(|| "/proc".into()),
    };
    let offsets = [(Clock::Boottime, args.boottime), (Clock::Monotonic, args.monotonic)];
    Ok(UnshareRequest {
        keep: check_files(args.keep, args.fork)?,
        kinds: args.kinds,
        fork: args.fork.then_some(Fork {
            kill_child: args.kill_child,
            forward_signals: args.forward_signals,
            init: args.init,
        }),
        status,
        propagation: args.propagation,
        uid_map,
        gid_map,
        owner: args.owner,
        setgroups: args.setgroups,
        offsets: offsets.into_iter().filter_map(|(clock, offset)| Some((clock, offset?))).collect(),
        loopback: args.loopback,
        hostname: args.hostname,
        domainname: args.domainname,
        proc,
        binfmt: binfmt_wanted.then(|| binfmt_directory.unwrap_or_else(|| BINFMT.into())),
        interpreter: args.load_interpreter,
        root: args.root,
        pivot_root: args.pivot_root,
        mounts: args.mounts,
        has_tty_group,
        working_directory: args.working_directory,
        gid,
        uid,
        keep_capabilities: args.keep_capabilities,
        capabilities: args.capabilities.resolve()?,
        no_new_privileges: args.capabilities.no_new_privileges,
        variables: args.environment,
        program: Program::from_operands(&args.program)?,
    })
}

/// Looks up the users and groups that the arguments name. Errors: nobody has that name.
pub fn look_up(args: &UnshareArgs) -> Result<(), RequestError> {
    fn inner(single: Option<&SingleId>) -> Option<&IdOrName> {
        match single? {
            SingleId::To(inner) => Some(inner),
            SingleId::Current => None,
        }
    }
    let users = [inner(args.map_user.as_ref()), args.uid.as_ref()].map(|user| (user, Database::Users));
    let groups = [inner(args.map_group.as_ref()), args.gid.as_ref()].map(|group| (group, Database::Groups));
    users.into_iter().chain(groups).try_for_each(|(argument, database)| id(argument, database).map(drop))
}

/// A descriptor that our caller has opened for us to write to. This is asked while nothing of ours is open.
fn check_descriptor(fd: i32) -> Result<i32, RequestError> {
    match is_writable(fd) {
        _ if fd < 3 => Err(RequestError::StandardDescriptor(fd)),
        Ok(true) => Ok(fd),
        Ok(false) => Err(RequestError::NotWritable(fd)),
        Err(errno) => Err(RequestError::NoDescriptor { fd, errno }),
    }
}

/// What does not fit together of the mounts and the new root.
fn check_mounts(args: &UnshareArgs) -> Result<(), RequestError> {
    let excluded = |one, other| Err(RequestError::Excluded { one, other });
    if args.pivot_root.is_some() {
        if args.root.is_some() {
            return excluded("--pivot-root", "--root");
        }
        // pivot_root(2) refuses a root whose mounts pass on.
        match args.propagation {
            Propagation::Shared => return excluded("--pivot-root", "--propagation=shared"),
            Propagation::Unchanged => return excluded("--pivot-root", "--propagation=unchanged"),
            Propagation::Private | Propagation::Slave => return Ok(()),
        }
    }
    // What is mounted on the root directory of a process is not what it sees there.
    let is_root = |mount: &&NewMount| !mount.place().components().any(|part| matches!(part, Component::Normal(_)));
    match args.mounts.iter().find(is_root) {
        Some(_) => Err(RequestError::MountOnRoot),
        None => Ok(()),
    }
}

/// Whether the group of terminals has an id in the user namespace that the program will be in.
fn has_tty_group(args: &UnshareArgs, gid_map: &IdMap) -> Result<bool, RequestError> {
    let within = |line: &Extent| (line.inner..line.inner.saturating_add(line.count)).contains(&TTY_GROUP);
    if args.kinds.contains(Kind::User) {
        return Ok(match gid_map {
            IdMap::None => false,
            IdMap::Own(line) => within(line),
            IdMap::ByMapper(lines) => lines.iter().any(within),
        });
    }
    let path = PathBuf::from("/proc/self").join(IdKind::Group.map_file());
    let map = read_bounded(&path, map::LONGEST_MAP_READ).map_err(|errno| RequestError::Unreadable { path, errno })?;
    Ok(map::has_inner(&map, TTY_GROUP))
}

/// The files, in the order of binding.
fn check_files(mut files: Vec<(Kind, PathBuf)>, fork: bool) -> Result<Vec<Persist>, RequestError> {
    files.sort_by_key(|(kind, _)| Kind::IN_ORDER_OF_ENTERING.into_iter().position(|other| other == *kind));
    for (kind, file) in &files {
        if let Err(errno) = crate::sys::stat::stat(file) {
            return Err(RequestError::KeepFile { kind: *kind, file: file.clone(), errno });
        }
        if *kind == Kind::Pid && !fork {
            return Err(RequestError::KeepPidWithoutFork(file.clone()));
        }
    }
    Ok(files.into_iter().map(|(kind, file)| Persist { kind, file }).collect())
}

/// The id of the program. A name is looked up outside.
fn id(argument: Option<&IdOrName>, database: Database) -> Result<Option<u32>, RequestError> {
    argument.map(|id| id.number(database)).transpose()
}

/// Users or groups, for the making of their map.
struct Ids {
    kind: IdKind,
    /// Our own effective id.
    own: u32,
    owner_given: bool,
}

impl Ids {
    fn map(&self, single: Option<&SingleId>, blocks: &[BlockArgument]) -> Result<IdMap, RequestError> {
        let single = match single {
            None => None,
            Some(SingleId::Current) => Some(self.own),
            Some(SingleId::To(inner)) => id(Some(inner), self.database())?,
        };
        let single = single.map(|inner| Extent { inner, outer: self.own, count: 1 });
        if blocks.is_empty() {
            return Ok(match single {
                None => IdMap::None,
                Some(line) if self.owner_given => IdMap::ByMapper(vec![line]),
                Some(line) => IdMap::Own(line),
            });
        }
        let mut found = Vec::new();
        for block in blocks {
            self.find_block(*block, &mut found)?;
        }
        let lines = map::lines(single, &found);
        let length = map::text(&lines).len();
        if length > map::LONGEST_MAP {
            return Err(RequestError::MapTooLong(self.kind.map_file(), length));
        }
        Ok(IdMap::ByMapper(lines))
    }

    fn database(&self) -> Database {
        match self.kind {
            IdKind::User => Database::Users,
            IdKind::Group => Database::Groups,
        }
    }

    fn find_block(&self, block: BlockArgument, found: &mut Vec<Block>) -> Result<(), RequestError> {
        let closed = |extent| Block { extent, open_ended: false };
        match block {
            BlockArgument::Block(extent) => found.push(closed(extent)),
            BlockArgument::All => {
                let path = PathBuf::from("/proc/self").join(self.kind.map_file());
                let map = read_bounded(&path, map::LONGEST_MAP_READ)
                    .map_err(|errno| RequestError::Unreadable { path, errno })?;
                found.extend(map::inner_ids(&map).into_iter().map(closed));
            }
            BlockArgument::Auto | BlockArgument::Subids => {
                let (first, count) = self.subordinates()?;
                found.push(match block {
                    BlockArgument::Auto => Block { extent: Extent { inner: 0, outer: first, count }, open_ended: true },
                    _ => closed(Extent { inner: first, outer: first, count }),
                });
            }
        }
        Ok(())
    }

    /// First subordinate id of the user (whose UID counts for groups too), and their number.
    fn subordinates(&self) -> Result<(u32, u32), RequestError> {
        let uid = geteuid().as_raw();
        let name = names_by_uid(&[uid]).remove(&uid);
        let file = self.kind.subordinate_file();
        let text = read_bounded(Path::new(file), LARGEST_FILE)
            .map_err(|errno| RequestError::Unreadable { path: file.into(), errno })?;
        match first_block(&text, uid, name.as_deref()) {
            Some(block) => Ok((block.first, block.count)),
            None => {
                let name = name.map(|name| name.shown().to_string());
                Err(RequestError::NoSubordinateIds { uid, name, file })
            }
        }
    }
}
