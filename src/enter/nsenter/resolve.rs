//! Args → [`Request`] and [`Handles`]: names become numbers, and what is to be entered is opened.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{FileStat, fstat, lstat, stat};

use super::Request;
use super::inside::check_is_mapped_elsewhere;
use super::loader::read_environment;
use super::named::open_file;
use super::opened::{OpenFile, Opened};
use crate::cli::nsenter::{Args, IdArgument, Source};
use crate::cli::value::IdOrName;
use crate::enter::cgroup;
use crate::enter::handles::Handles;
use crate::enter::program::Program;
use crate::enter::step::{Join, TargetId};
use crate::enter::target::Target;
use crate::error::{Attempt, Failure, RequestError, ResultExt, Wanted};
use crate::ids::map::{self, IdKind, LONGEST_MAP_READ};
use crate::ids::users::{Database, id_by_name};
use crate::list::find::find;
use crate::namespace::{Kind, KindSet};
use crate::sys::file::open_retrying;
use crate::sys::nsfs;

/// Bytes: a page, as the kernel gives attributes.
const LONGEST_CONTEXT: usize = 4096;

/// Where SELinux, if it is enabled, shows itself.
const SELINUX: &str = "/sys/fs/selinux/enforce";

/// Looks up what the arguments name, opens it, and checks that it fits together. Nothing is changed.
///
/// Returns, besides, the variables of the target's environment that are left out, for a note. Errors: what does not fit
/// together, and those of what is opened: ESRCH for a target that has ended, EACCES for one that is not ours to look into.
pub fn resolve(args: Args) -> Result<(Request, Handles, Vec<String>), Failure> {
    let wanted = wanted_of_target(&args);
    check_target(&args, &wanted)?;
    let first_wanted = wanted.first().map_or(Wanted::Process, |(wanted, _)| *wanted);
    let uid = resolve_id(args.uid.as_ref(), Database::Users)?;
    let gid = resolve_id(args.gid.as_ref(), Database::Groups)?;
    let program = Program::from_operands(&args.program)?;

    let mut opened = Opened {
        target: args.target.map(|target| Target::pin(target, first_wanted)).transpose()?,
        ..Opened::default()
    };
    let of_target = open_namespaces(&args, &mut opened)?;
    let of_files = opened.kinds();
    opened.root = open_directory(&opened, args.root.as_ref(), "root")?;
    opened.working_directory = open_directory(&opened, args.working_directory.as_ref(), "cwd")?;

    let kinds = of_target.union(of_files);
    let mut request = Request {
        join: Join { of_target, files: Vec::new() },
        working_directory_inside: args.working_directory_inside,
        fork: kinds.contains(Kind::Pid) && !args.no_fork,
        become_root: kinds.contains(Kind::User) && !args.preserve_credentials,
        gid,
        uid,
        keep_capabilities: args.keep_capabilities && kinds.contains(Kind::User),
        program,
        ..Request::default()
    };
    let mut left_out = Vec::new();
    if let Some(target) = &opened.target {
        if args.environment {
            let own_root = args.root == Some(None);
            let (entries, dropped) = read_environment(target, &request, &opened, own_root)?;
            request.environment = Some(entries);
            left_out = dropped;
        }
        if args.follow_context && stat(SELINUX).is_ok() {
            request.context = Some(target.read("attr/current", LONGEST_CONTEXT)?);
        }
        if request.uid == Some(TargetId::Followed) || request.gid == Some(TargetId::Followed) {
            let process = target.open("", OFlag::O_PATH | OFlag::O_DIRECTORY)?;
            if leads_to_target_alone(target, Kind::User, &opened, of_target)? {
                check_is_mapped(&request, target, &process)?;
            } else if leads_elsewhere(Kind::User, &opened, of_target)? {
                check_is_mapped_elsewhere(&request, target, &process, &opened)?;
            }
            opened.process = Some(process);
        }
        if args.join_cgroup {
            opened.cgroups = cgroup::open(target)?;
        }
        // What has been opened by way of its PID is known to be its own only now.
        target.check_alive()?;
    }
    let handles = opened.hand_over(&mut request);
    Ok((request, handles, left_out))
}

/// What is asked of the target, in the order in which the reference asks it, with the option that asks.
fn wanted_of_target(args: &Args) -> Vec<(Wanted, String)> {
    let mut wanted = Vec::new();
    let mut add = |given: bool, of_target, option: &str| {
        if given {
            wanted.push((of_target, option.to_string()));
        }
    };
    add(args.all, Wanted::All, "--all");
    for kind in Kind::IN_ORDER_OF_ENTERING {
        let of_target = args.namespaces.iter().any(|(given, source)| *given == kind && *source == Source::Target);
        add(of_target, Wanted::Namespace(kind), &format!("--{} without a file", kind.long_option()));
    }
    add(args.net_socket.is_some(), Wanted::Process, "--net-socket");
    add(args.root == Some(None), Wanted::File("root"), "--root without a directory");
    add(args.working_directory == Some(None), Wanted::File("cwd"), "--wd without a directory");
    add(args.environment, Wanted::File("environ"), "--env");
    add(args.uid == Some(IdArgument::Follow), Wanted::File(""), "--setuid follow");
    add(args.gid == Some(IdArgument::Follow), Wanted::File(""), "--setgid follow");
    add(args.join_cgroup, Wanted::Process, "--join-cgroup");
    // Where there is no SELinux, there is nothing to follow.
    add(args.follow_context && stat(SELINUX).is_ok(), Wanted::Process, "--follow-context");
    wanted
}

fn check_target(args: &Args, wanted: &[(Wanted, String)]) -> Result<(), RequestError> {
    match (args.target, wanted.first()) {
        (None, Some((wanted, option))) => Err(RequestError::NeedsTarget { option: option.clone(), wanted: *wanted }),
        _ => Ok(()),
    }
}

fn resolve_id(argument: Option<&IdArgument>, database: Database) -> Result<Option<TargetId>, RequestError> {
    Ok(match argument {
        None => None,
        Some(IdArgument::Follow) => Some(TargetId::Followed),
        Some(IdArgument::To(IdOrName::Id(id))) => Some(TargetId::Number(*id)),
        Some(IdArgument::To(IdOrName::Name(name))) => {
            Some(TargetId::Number(id_by_name(database, name).ok_or_else(|| RequestError::unknown(database, name))?))
        }
    })
}

/// Opens the namespaces that are given by file or id, and returns the kinds that are to be entered by way of the
/// target's pidfd.
fn open_namespaces(args: &Args, opened: &mut Opened) -> Result<KindSet, Failure> {
    let mut of_target = KindSet::EMPTY;
    for (kind, source) in &args.namespaces {
        match source {
            Source::Target => of_target.insert(*kind),
            Source::File(path) => opened.add_namespace(*kind, path, open_file(*kind, path)?),
            Source::Number(number) => opened.add_namespace(*kind, format!("{kind} {number}"), find(*kind, *number)?),
        }
    }
    if let (Some(fd), Some(target)) = (args.net_socket, &opened.target) {
        let socket = target.network_of_socket(fd)?;
        opened.add_namespace(Kind::Net, format!("/proc/{}/fd/{fd}", target.pid()), socket);
    }
    let given = opened.kinds().union(of_target);
    let mut all = of_target;
    if let (true, Some(target)) = (args.all, &opened.target) {
        // Else every kind would seem to be one that the kernel lacks.
        let own = Path::new("/proc/self/ns");
        stat(own).attempt(|| Attempt::Open(own.to_path_buf()))?;
        for kind in KindSet::ALL.difference(given).iter() {
            if is_wanted_of_all(target, kind, args.user_parent)? {
                all.insert(kind);
            }
        }
    }
    if args.user_parent {
        let parent = open_parent(given, all, opened)?;
        opened.namespaces.retain(|(kind, _)| *kind != Kind::User);
        opened.add_namespace(Kind::User, "the owner of a namespace", parent);
        all = all.without(Kind::User);
    }
    Ok(all)
}

/// Whether --all means this kind: not if the kernel lacks it, nor the user namespace that we are in, which setns(2)
/// refuses.
fn is_wanted_of_all(target: &Target, kind: Kind, user_parent: bool) -> Result<bool, Failure> {
    let own = format!("/proc/self/ns/{kind}");
    if lstat(Path::new(&own)) == Err(Errno::ENOENT) {
        // Without a /proc no file is there: that says nothing of the kernel, and nothing would be entered.
        let directory = Path::new("/proc/self/ns");
        lstat(directory).attempt(|| Attempt::Open(directory.into()))?;
        return Ok(false);
    }
    if kind != Kind::User {
        return Ok(true);
    }
    let theirs = identity_of_target(target, kind)?;
    let ours = stat(Path::new(&own)).attempt(|| Attempt::Open(own.into()))?;
    Ok(!user_parent && theirs != identity(ours))
}

fn identity(stat: FileStat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

/// Our own namespace of a kind; `None` if /proc does not show it. Errors of stat(2).
fn own_identity(kind: Kind) -> Result<Option<(u64, u64)>, Failure> {
    let path = PathBuf::from(format!("/proc/self/ns/{kind}"));
    match stat(&path) {
        Err(Errno::ENOENT) => Ok(None),
        own => own.map(identity).map(Some).attempt(|| Attempt::Open(path)),
    }
}

/// The target's namespace of a kind. Errors of stat(2).
fn identity_of_target(target: &Target, kind: Kind) -> Result<(u64, u64), Failure> {
    let path = target.path(&format!("ns/{kind}"))?;
    stat(&path).map(identity).attempt(|| Attempt::Stat(path))
}

/// Whether we are known to come into another namespace of this kind than our own.
fn leads_elsewhere(kind: Kind, opened: &Opened, of_target: KindSet) -> Result<bool, Failure> {
    let entered = match (opened.namespace(kind), &opened.target) {
        (Some(file), _) => identity(fstat(file).attempt(|| Attempt::AskOwner(kind))?),
        (None, Some(target)) if of_target.contains(kind) => identity_of_target(target, kind)?,
        _ => return Ok(false),
    };
    let own = own_identity(kind)?;
    Ok(own.is_some_and(|own| own != entered))
}

/// Whether the namespace of this kind that we come into is known to be the target's, and none that we are in already.
pub(super) fn leads_to_target_alone(
    target: &Target,
    kind: Kind,
    opened: &Opened,
    of_target: KindSet,
) -> Result<bool, Failure> {
    if !leads_elsewhere(kind, opened, of_target)? {
        return Ok(false);
    }
    let Some(file) = opened.namespace(kind) else {
        return Ok(true);
    };
    let given = fstat(file).attempt(|| Attempt::AskOwner(kind))?;
    Ok(identity(given) == identity_of_target(target, kind)?)
}

/// The ids of the target that are followed must be some inside: else the program would run as whoever has the number
/// that stands for those that are none (65534).
fn check_is_mapped(request: &Request, target: &Target, process: &OwnedFd) -> Result<(), Failure> {
    let pid = target.pid();
    let owner = fstat(process).attempt(|| Attempt::AskIds(pid))?;
    for (followed, id, kind) in [(request.uid, owner.st_uid, IdKind::User), (request.gid, owner.st_gid, IdKind::Group)]
    {
        // From outside, the outer ids of the map are those that we see.
        if followed == Some(TargetId::Followed) && !map::has_outer(&target.read(kind.map_file(), LONGEST_MAP_READ)?, id)
        {
            return Err(RequestError::TargetNotMapped { pid, id, kind }.into());
        }
    }
    Ok(())
}

/// The user namespace that owns the one given by --user or, without that, the first of the others that does not belong to
/// our own.
fn open_parent(given: KindSet, all: KindSet, opened: &Opened) -> Result<OwnedFd, Failure> {
    let kinds = match given.contains(Kind::User) {
        true => KindSet::EMPTY.with(Kind::User),
        false => all.union(opened.kinds()),
    };
    let own = own_identity(Kind::User)?;
    let mut first = None;
    for kind in kinds.iter() {
        let owner = owner_of(kind, opened)?;
        let found = fstat(&owner).attempt(|| Attempt::AskOwner(kind))?;
        if Some(identity(found)) != own {
            return Ok(owner);
        }
        first.get_or_insert(owner);
    }
    first.ok_or(RequestError::NoNamespaceToOwn.into())
}

/// The user namespace that owns the namespace of this kind that is to be entered.
fn owner_of(kind: Kind, opened: &Opened) -> Result<OwnedFd, Failure> {
    let attempt = || Attempt::AskOwner(kind);
    if let Some(file) = opened.namespace(kind) {
        return nsfs::owner(file).attempt(attempt);
    }
    let target = opened.target.as_ref().ok_or(RequestError::NoNamespaceToOwn)?;
    let file = target.open(&format!("ns/{kind}"), OFlag::O_RDONLY)?;
    nsfs::owner(file).attempt(attempt)
}

/// Opens a directory outside: the one that is given, or the target's.
fn open_directory(
    opened: &Opened,
    argument: Option<&Option<PathBuf>>,
    name: &str,
) -> Result<Option<OpenFile>, Failure> {
    let path = match (argument, &opened.target) {
        (Some(Some(path)), _) => path.clone(),
        (Some(None), Some(target)) => target.path(name)?,
        _ => return Ok(None),
    };
    match open_retrying(&path, OFlag::O_PATH | OFlag::O_DIRECTORY) {
        Ok(fd) => Ok(Some(OpenFile { path, fd })),
        // The reference opens any file, and fails when it changes to it.
        Err(errno @ Errno::ENOTDIR) if is_there(&path) && name == "root" => {
            Err(Failure::System { attempt: Attempt::ChdirToOpenedRoot(path), errno })
        }
        Err(errno @ Errno::ENOTDIR) if is_there(&path) => {
            Err(Failure::System { attempt: Attempt::ChdirToOpened(path), errno })
        }
        Err(errno) => Err(Failure::System { attempt: Attempt::Open(path), errno }),
    }
}

/// Whether it is the file itself that is no directory, and none of those on the way to it.
fn is_there(path: &Path) -> bool {
    stat(path).is_ok()
}
