//! unshare's request, and the plan that it makes.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::unistd::{getegid, geteuid};

use super::environment::Environment;
use super::idmap::{self, Block, BlockArgument, Extent, IdKind};
use super::program::Program;
use super::step::{Clock, Keep, MapJob, Plan, Propagation, Reaction, Setgroups, Step};
use super::subid::first_block;
use crate::cli::unshare::{Args, SingleId};
use crate::cli::value::IdOrName;
use crate::error::RequestError;
use crate::namespace::{Kind, KindSet};
use crate::sys::file::read_bounded;
use crate::sys::signal::SignalNumber;
use crate::users::{Database, id_by_name, names_by_uid};

/// What is to be done, in numbers and paths: nothing is left to look up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The namespaces to unshare.
    pub kinds: KindSet,
    /// The files to keep them on.
    pub keep: Vec<Keep>,
    /// Whether the program runs as a child.
    pub fork: Option<Fork>,
    /// Of a new mount namespace.
    pub propagation: Propagation,
    /// uid_map.
    pub uid_map: IdMap,
    /// gid_map.
    pub gid_map: IdMap,
    /// Who is to own the user namespace: UID and GID.
    pub owner: Option<(u32, u32)>,
    /// What is asked for /proc/self/setgroups.
    pub setgroups: Option<Setgroups>,
    /// Offsets of clocks, in the order of writing.
    pub offsets: Vec<(Clock, i64)>,
    /// Where to mount proc.
    pub proc: Option<PathBuf>,
    /// Where to mount binfmt_misc.
    pub binfmt: Option<PathBuf>,
    /// What to register with it.
    pub interpreter: Option<OsString>,
    /// The new root directory.
    pub root: Option<PathBuf>,
    /// The new working directory.
    pub working_directory: Option<PathBuf>,
    /// The program's GID.
    pub gid: Option<u32>,
    /// The program's UID.
    pub uid: Option<u32>,
    /// Whether capabilities are kept.
    pub keep_capabilities: bool,
    /// The only variables that the program gets.
    pub variables: Option<Vec<OsString>>,
    /// The program; `None` for the login shell.
    pub program: Option<Program>,
}

/// How the program runs as a child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fork {
    /// The signal that the child gets when we die.
    pub kill_child: Option<SignalNumber>,
    /// Whether SIGTERM and SIGINT are passed on.
    pub forward_signals: bool,
}

/// How an id map is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IdMap {
    /// Not at all.
    #[default]
    None,
    /// By ourselves: our own id alone, which needs no rights outside.
    Own(Extent),
    /// By the mapper helper.
    ByMapper(Vec<Extent>),
}

/// Where the binfmt_misc of the system is, and where a new one goes by default.
const BINFMT: &str = "/proc/sys/fs/binfmt_misc";

/// A longer text is refused by the kernel: it must fit a page with its end.
const LONGEST_MAP: usize = 4095;

/// /etc/subuid of a host with many users: more than this is not read.
const LARGEST_FILE: usize = 16 << 20;

/// Looks up what the arguments name, and checks that they fit together. Nothing is changed.
pub fn resolve(args: Args) -> Result<Request, RequestError> {
    for (option, offset) in [
        ("--monotonic", args.monotonic),
        ("--boottime", args.boottime),
    ] {
        if offset.is_some() && !args.kinds.contains(Kind::Time) {
            return Err(RequestError::OffsetWithoutTime(option));
        }
    }
    let uids = Ids {
        kind: IdKind::User,
        own: geteuid().as_raw(),
        owner_given: args.owner.is_some(),
    };
    let gids = Ids {
        kind: IdKind::Group,
        own: getegid().as_raw(),
        owner_given: args.owner.is_some(),
    };
    let uid_map = uids.map(args.map_user.as_ref(), &args.map_users)?;
    let gid_map = gids.map(args.map_group.as_ref(), &args.map_groups)?;
    if matches!(gid_map, IdMap::Own(_)) && args.setgroups == Some(Setgroups::Allow) {
        return Err(RequestError::AllowWithSingleGroup);
    }
    let binfmt_wanted = args.mount_binfmt.is_some() || args.load_interpreter.is_some();
    let binfmt_directory = args.mount_binfmt.flatten();
    // A binfmt_misc at its usual place is inside a proc that must be the new one.
    let proc_implied = binfmt_wanted && binfmt_directory.is_none();
    let proc = match args.mount_proc {
        Some(directory) => Some(directory.unwrap_or_else(|| "/proc".into())),
        None => proc_implied.then(|| "/proc".into()),
    };
    let offsets = [
        (Clock::Boottime, args.boottime),
        (Clock::Monotonic, args.monotonic),
    ];
    Ok(Request {
        keep: check_files(args.keep, args.fork)?,
        kinds: args.kinds,
        fork: args.fork.then_some(Fork {
            kill_child: args.kill_child,
            forward_signals: args.forward_signals,
        }),
        propagation: args.propagation,
        uid_map,
        gid_map,
        owner: args.owner,
        setgroups: args.setgroups,
        offsets: offsets
            .into_iter()
            .filter_map(|(clock, offset)| Some((clock, offset?)))
            .collect(),
        proc,
        binfmt: binfmt_wanted.then(|| binfmt_directory.unwrap_or_else(|| BINFMT.into())),
        interpreter: args.load_interpreter,
        root: args.root,
        working_directory: args.working_directory,
        gid: args.gid,
        uid: args.uid,
        keep_capabilities: args.keep_capabilities,
        variables: args.environment,
        program: Program::from_operands(&args.program)?,
    })
}

fn check_files(files: Vec<(Kind, PathBuf)>, fork: bool) -> Result<Vec<Keep>, RequestError> {
    for (kind, file) in &files {
        if let Err(errno) = nix::sys::stat::stat(file) {
            let option = format!("--{}={}", kind.long_option(), file.display());
            return Err(RequestError::KeepFile { option, errno });
        }
        if *kind == Kind::Pid && !fork {
            return Err(RequestError::KeepPidWithoutFork(file.clone()));
        }
    }
    Ok(files
        .into_iter()
        .map(|(kind, file)| Keep { kind, file })
        .collect())
}

/// Users or groups, for the making of their map.
struct Ids {
    kind: IdKind,
    /// Our own effective id.
    own: u32,
    owner_given: bool,
}

impl Ids {
    fn map(
        &self,
        single: Option<&SingleId>,
        blocks: &[BlockArgument],
    ) -> Result<IdMap, RequestError> {
        let single = match single {
            None => None,
            Some(SingleId::Current) => Some(self.own),
            Some(SingleId::To(IdOrName::Id(id))) => Some(*id),
            Some(SingleId::To(IdOrName::Name(name))) => Some(self.by_name(name)?),
        };
        let single = single.map(|inner| Extent {
            inner,
            outer: self.own,
            count: 1,
        });
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
        let lines = idmap::lines(single, &found);
        let length = idmap::text(&lines).len();
        if length > LONGEST_MAP {
            return Err(RequestError::MapTooLong(self.kind.map_file(), length));
        }
        Ok(IdMap::ByMapper(lines))
    }

    fn by_name(&self, name: &OsString) -> Result<u32, RequestError> {
        match self.kind {
            IdKind::User => {
                id_by_name(Database::Users, name).ok_or(RequestError::UnknownUser(name.clone()))
            }
            IdKind::Group => {
                id_by_name(Database::Groups, name).ok_or(RequestError::UnknownGroup(name.clone()))
            }
        }
    }

    fn find_block(&self, block: BlockArgument, found: &mut Vec<Block>) -> Result<(), RequestError> {
        let closed = |extent| Block {
            extent,
            open_ended: false,
        };
        match block {
            BlockArgument::Block(extent) => found.push(closed(extent)),
            BlockArgument::All => {
                let path = PathBuf::from("/proc/self").join(self.kind.map_file());
                let map = read_bounded(&path, LARGEST_FILE)
                    .map_err(|errno| RequestError::Unreadable { path, errno })?;
                found.extend(idmap::inner_ids(&map).into_iter().map(closed));
            }
            BlockArgument::Auto | BlockArgument::Subids => {
                let (first, count) = self.subordinates()?;
                found.push(match block {
                    BlockArgument::Auto => Block {
                        extent: Extent {
                            inner: 0,
                            outer: first,
                            count,
                        },
                        open_ended: true,
                    },
                    _ => closed(Extent {
                        inner: first,
                        outer: first,
                        count,
                    }),
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
        let text = read_bounded(Path::new(file), LARGEST_FILE).map_err(|errno| {
            RequestError::Unreadable {
                path: file.into(),
                errno,
            }
        })?;
        match first_block(&text, uid, name.as_deref()) {
            Some(block) => Ok((block.first, block.count)),
            None => {
                let user = name.map_or_else(|| uid.to_string(), |name| name.display().to_string());
                Err(RequestError::NoSubordinateIds { user, file })
            }
        }
    }
}

/// The steps of a request: all the order there is.
pub fn plan(request: Request) -> Plan {
    let mut plan = Plan::new();
    before_unshare(&request, &mut plan);
    if !request.kinds.is_empty() {
        plan.push(Step::Unshare(request.kinds));
    }
    after_unshare(&request, &mut plan);
    let kill_child = request.fork.and_then(|fork| fork.kill_child);
    if let Some(fork) = request.fork {
        // The child is to be able to see whether its parent has died.
        plan.extend(kill_child.map(|_| Step::RememberParent));
        let reaction = if fork.forward_signals {
            Reaction::Forward
        } else {
            Reaction::LeaveToChild
        };
        plan.push(Step::Fork(reaction));
    }
    // After the fork: the PID namespace for children comes to be with the first child.
    if !request.keep.is_empty() {
        plan.push(Step::Bind);
    }
    plan.extend(kill_child.map(Step::DieWithParent));
    own_maps(&request, &mut plan);
    mounts(&request, &mut plan);
    if let Some(gid) = request.gid {
        plan.extend([Step::DropGroups, Step::SetGid(gid)]);
    }
    // The user last: it may be the end of our rights.
    plan.extend(request.uid.map(Step::SetUid));
    // Once more: the kernel has forgotten it if an id has changed.
    if request.gid.is_some() || request.uid.is_some() {
        plan.extend(kill_child.map(Step::DieWithParent));
    }
    if request.keep_capabilities && request.kinds.contains(Kind::User) {
        plan.push(Step::KeepCapabilities);
    }
    plan.extend(
        request
            .variables
            .map(|names| Step::Environment(Environment::Only(names))),
    );
    plan.push(Step::Execute(request.program));
    plan
}

/// The helpers, who are to stay in the namespaces and with the rights that we have now, then the owner.
fn before_unshare(request: &Request, plan: &mut Plan) {
    let jobs = mapper_jobs(request);
    if request.fork.is_some() || !request.keep.is_empty() || !jobs.is_empty() {
        plan.push(Step::DefaultChildSignal);
    }
    if !request.keep.is_empty() {
        plan.push(Step::StartBinder(request.keep.clone()));
    }
    if !jobs.is_empty() {
        plan.push(Step::StartMapper(jobs));
    }
    if let Some((uid, gid)) = request.owner {
        // The groups go while we may still change them, the user last. Changed ids hide our own /proc files from us.
        plan.extend([
            Step::DropGroups,
            Step::SetGid(gid),
            Step::SetUid(uid),
            Step::MakeDumpable,
        ]);
    }
}

/// What must be decided before any process is inside: maps by the mapper, offsets of clocks.
fn after_unshare(request: &Request, plan: &mut Plan) {
    // A group map that the mapper writes must find setgroups decided: afterwards the kernel refuses to deny it.
    if maps_groups_by_mapper(request) {
        plan.extend(request.setgroups.map(Step::Setgroups));
    }
    if !mapper_jobs(request).is_empty() {
        plan.push(Step::ReleaseMapper);
    }
    plan.extend(
        request
            .offsets
            .iter()
            .map(|(clock, seconds)| Step::OffsetClock(*clock, *seconds)),
    );
}

/// The maps of our own ids alone, which we write ourselves.
fn own_maps(request: &Request, plan: &mut Plan) {
    if let IdMap::Own(line) = request.uid_map {
        plan.push(Step::MapOwnId(IdKind::User, line));
    }
    let own_group = match request.gid_map {
        IdMap::Own(line) => Some(line),
        _ => None,
    };
    if !maps_groups_by_mapper(request) {
        // The kernel takes the map of one's own group only once setgroups(2) is denied.
        let needed = own_group.map(|_| Setgroups::Deny);
        plan.extend(request.setgroups.or(needed).map(Step::Setgroups));
    }
    plan.extend(own_group.map(|line| Step::MapOwnId(IdKind::Group, line)));
}

fn mounts(request: &Request, plan: &mut Plan) {
    if request.kinds.contains(Kind::Mount) && request.propagation != Propagation::Unchanged {
        plan.push(Step::Propagate(request.propagation, "/".into()));
    }
    let register = |binfmt: &Path| {
        let binfmt = binfmt.to_path_buf();
        request
            .interpreter
            .clone()
            .map(|interpreter| Step::RegisterInterpreter {
                binfmt,
                interpreter,
            })
    };
    // The kernel opens such an interpreter when it is registered: that must be while it can still be reached.
    let registered_outside =
        request.root.is_some() && request.interpreter.as_deref().is_some_and(opens_at_once);
    if registered_outside {
        plan.push(Step::MountBinfmt(BINFMT.into()));
        plan.extend(register(Path::new(BINFMT)));
    }
    plan.extend(request.root.clone().map(Step::Chroot));
    // Else a relative working directory would be one of the old root, out of which `..` leads anywhere.
    plan.extend(request.root.as_ref().map(|_| Step::Chdir("/".into())));
    plan.extend(request.working_directory.clone().map(Step::Chdir));
    if let Some(directory) = &request.proc {
        // Else the new proc would appear in the old namespace as well, over the old one.
        if request.propagation != Propagation::Private && request.root.is_none() {
            plan.push(Step::MakePrivateIfMounted(directory.clone()));
        }
        plan.push(Step::MountProc(directory.clone()));
    }
    if let Some(directory) = &request.binfmt {
        plan.push(Step::MountBinfmt(directory.clone()));
        if !registered_outside {
            plan.extend(register(directory));
        }
    }
}

/// Whether `F` is among the flags, the last field of a registration, whose first byte is what separates its fields.
fn opens_at_once(interpreter: &OsStr) -> bool {
    let Some(separator) = interpreter.as_bytes().first() else {
        return false;
    };
    let flags = interpreter
        .as_bytes()
        .rsplit(|byte| byte == separator)
        .next();
    flags.is_some_and(|flags| flags.contains(&b'F'))
}

fn mapper_jobs(request: &Request) -> Vec<MapJob> {
    let maps = [
        (IdKind::User, &request.uid_map),
        (IdKind::Group, &request.gid_map),
    ];
    let by_mapper = maps.into_iter().filter_map(|(ids, map)| match map {
        IdMap::ByMapper(lines) => Some(MapJob {
            ids,
            lines: lines.clone(),
        }),
        _ => None,
    });
    by_mapper.collect()
}

fn maps_groups_by_mapper(request: &Request) -> bool {
    matches!(request.gid_map, IdMap::ByMapper(_))
}
