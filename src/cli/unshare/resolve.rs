//! UnshareArgs → [`UnshareRequest`]: looks up names, looks at files, and refuses contradictions.

use std::fs;
use std::path::{Component, Path, PathBuf};

use nix::unistd::{getegid, geteuid};

use super::id_maps::{Ids, id, own_map};
use crate::cli::unshare::{SingleId, UnshareArgs};
use crate::cli::value::IdOrName;
use crate::enter::program::Program;
use crate::enter::setting::{Clock, ClockChange, Persist, Propagation, Setgroups};
use crate::enter::unshare::{BINFMT, Fork, MapMethod, NewMount, TTY_GROUP, UnshareRequest};
use crate::error::RequestError;
use crate::ids::map::{self, IdKind};
use crate::ids::passwd::Database;
use crate::namespace::Kind;
use crate::sys::file::is_writable;

/// Looks up what the arguments name, and checks that they fit together. This changes nothing. Errors: the first that
/// does not exist, cannot be read or does not fit.
pub fn resolve(args: UnshareArgs) -> Result<UnshareRequest, RequestError> {
    let status = args.status_fd.map(check_descriptor).transpose()?;
    check_mounts(&args)?;
    let uids = Ids { kind: IdKind::User, own: geteuid().as_raw(), owner_given: args.request.owner.is_some() };
    let gids = Ids { kind: IdKind::Group, own: getegid().as_raw(), owner_given: args.request.owner.is_some() };
    let uid_map = uids.map(args.map_user.as_ref(), &args.map_users)?;
    let gid_map = gids.map(args.map_group.as_ref(), &args.map_groups)?;
    let (uid, gid) = (id(args.uid.as_ref(), Database::Users)?, id(args.gid.as_ref(), Database::Groups)?);
    if (args.monotonic.is_some() || args.boottime.is_some()) && !args.request.kinds.contains(Kind::Time) {
        return Err(RequestError::OffsetWithoutTime);
    }
    check_clocks(&[args.monotonic, args.boottime])?;
    if matches!(gid_map, MapMethod::Own(_)) && args.request.setgroups == Some(Setgroups::Allow) {
        return Err(RequestError::AllowWithSingleGroup);
    }
    let has_tty_group = match args.request.mounts.iter().any(|mount| matches!(mount, NewMount::Devices(_))) {
        true => has_tty_group(&args, &gid_map)?,
        false => false,
    };
    let binfmt_wanted = args.mount_binfmt.is_some() || args.request.interpreter.is_some();
    let binfmt_directory = args.mount_binfmt.flatten();
    // A binfmt_misc at its usual place is inside a proc that must be the new one.
    let proc_implied = binfmt_wanted && binfmt_directory.is_none();
    let proc = match args.mount_proc {
        Some(directory) => Some(directory.unwrap_or_else(|| "/proc".into())),
        None => proc_implied.then(|| "/proc".into()),
    };
    let clocks = [(Clock::Boottime, args.boottime), (Clock::Monotonic, args.monotonic)];
    Ok(UnshareRequest {
        keep: check_files(args.keep, args.fork)?,
        fork: args.fork.then_some(Fork {
            kill_child: args.kill_child,
            forward_signals: args.forward_signals,
            init: args.init,
            pty: args.pty,
        }),
        status,
        uid_map,
        gid_map,
        clocks: clocks.into_iter().filter_map(|(clock, change)| Some((clock, change?))).collect(),
        proc,
        binfmt: binfmt_wanted.then(|| binfmt_directory.unwrap_or_else(|| BINFMT.into())),
        has_tty_group,
        gid,
        uid,
        capabilities: args.capabilities.resolve()?,
        no_new_privileges: args.capabilities.no_new_privileges,
        program: Program::from_operands(&args.program)?,
        ..args.request
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

/// Whether the clocks that we read are those whose offsets /proc/self/timens_offsets tells, the clocks of our children. After
/// unshare(2) and before the next fork they are not; nor are they after execve(2) on older kernels.
fn check_clocks(changes: &[Option<ClockChange>]) -> Result<(), RequestError> {
    let is_read = |change: &Option<ClockChange>| matches!(change, Some(ClockChange::Reading(_)));
    if !changes.iter().any(is_read) {
        return Ok(());
    }
    let namespace = |name| fs::read_link(Path::new("/proc/self/ns").join(name)).ok();
    match (namespace("time"), namespace("time_for_children")) {
        (Some(ours), Some(of_children)) if ours != of_children => Err(RequestError::OtherClocksForChildren),
        _ => Ok(()),
    }
}

/// What does not fit together of the mounts and the new root.
fn check_mounts(args: &UnshareArgs) -> Result<(), RequestError> {
    let excluded = |one, other| Err(RequestError::Excluded { one, other });
    if args.request.pivot_root.is_some() {
        if args.request.root.is_some() {
            return excluded("--pivot-root", "--root");
        }
        // pivot_root(2) refuses a root whose mounts pass on.
        match args.request.propagation {
            Propagation::Shared => return excluded("--pivot-root", "--propagation=shared"),
            Propagation::Unchanged => return excluded("--pivot-root", "--propagation=unchanged"),
            Propagation::Private | Propagation::Slave => return Ok(()),
        }
    }
    // What is mounted on the root directory of a process is not what it sees there.
    let is_root = |mount: &&NewMount| !mount.place().components().any(|part| matches!(part, Component::Normal(_)));
    match args.request.mounts.iter().find(is_root) {
        Some(_) => Err(RequestError::MountOnRoot),
        None => Ok(()),
    }
}

/// Whether the group of terminals has an id in the user namespace that the program will be in.
fn has_tty_group(args: &UnshareArgs, gid_map: &MapMethod) -> Result<bool, RequestError> {
    if args.request.kinds.contains(Kind::User) {
        return Ok(match gid_map {
            MapMethod::None => false,
            MapMethod::Own(line) => line.has_inner(TTY_GROUP),
            MapMethod::ByMapper(lines) => lines.iter().any(|line| line.has_inner(TTY_GROUP)),
        });
    }
    Ok(map::has_inner(&own_map(IdKind::Group)?, TTY_GROUP))
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
