//! Opens the namespaces and directories to enter, from outside, before anything is done.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::identity::{WantedOfAll, identity, leads_elsewhere, leads_to_target_alone, own_identity, wanted_of_all};
use super::inside::check_is_mapped_elsewhere;
use super::loader::read_environment;
use super::named::open_file;
use super::opened::{OpenFile, Opened};
use super::told::Told;
use super::{NamespaceSource, NsenterRequest, likeness, surroundings};
use crate::enter::cgroup;
use crate::enter::handles::Handles;
use crate::enter::setting::{Join, TargetId};
use crate::enter::target::PinnedTarget;
use crate::enter::target_source::TargetSource;
use crate::error::{Attempt, Failure, OfTarget, RequestError, ResultExt};
use crate::ids::map::{self, IdKind, LONGEST_MAP_READ};
use crate::list::query::find::find;
use crate::namespace::{Kind, KindSet};
use crate::sys::file::open_retrying;
use crate::sys::nsfs;
use crate::sys::stat::{fstat, stat};

/// In bytes: a page, the most that the kernel returns for an attribute.
const LONGEST_CONTEXT: usize = 4096;

/// Whether SELinux is enabled. If not, processes have no context.
pub(crate) fn has_selinux() -> bool {
    stat("/sys/fs/selinux/enforce").is_ok()
}

/// What to open for a request, as named on the command line.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The target, and what is asked of it first.
    pub target: Option<(TargetSource, OfTarget)>,
    /// The namespaces, each kind once.
    pub namespaces: Vec<(Kind, NamespaceSource)>,
    /// All namespaces of the target.
    pub all: bool,
    /// The network namespace of this socket of the target.
    pub net_socket: Option<i32>,
    /// The user namespace that owns the one that would be entered, this far up: 1 for the owner itself, 2 for the one around
    /// it. 0 for not at all.
    pub user_parent: u32,
    /// The new root directory; `Some(None)` for the target's.
    pub root: Option<Option<PathBuf>>,
    /// The new working directory; `Some(None)` for the target's.
    pub working_directory: Option<Option<PathBuf>>,
    /// The target's environment.
    pub environment: bool,
    /// Its SELinux context.
    pub context: bool,
    /// Its cgroups.
    pub cgroups: bool,
    /// Whatever else makes the program run as the target does.
    pub like: Option<Told>,
}

/// Opens what is given by file, id or directory. The kind of a namespace, and whether a directory is one, are checked
/// later.
pub(crate) fn open_given(
    namespaces: &[(Kind, NamespaceSource)],
    root: &Option<Option<PathBuf>>,
    working_directory: &Option<Option<PathBuf>>,
) -> Result<Opened, Failure> {
    let mut opened = Opened::default();
    for (kind, source) in namespaces {
        match source {
            NamespaceSource::Target => {}
            NamespaceSource::File(path) => opened.add_namespace(*kind, path, open_file(*kind, path)?),
            NamespaceSource::Number(number) => {
                opened.add_namespace(*kind, format!("{kind} {number}"), find(*kind, *number)?)
            }
        }
    }
    let given = |argument: &Option<Option<PathBuf>>| argument.clone().flatten().map(open_directory).transpose();
    opened.root = given(root)?;
    opened.working_directory = given(working_directory)?;
    Ok(opened)
}

/// Opens what else is asked for, and checks that it fits together. Nothing is changed. `request` is given with what needs no
/// file. Clears fork, become_root and keep_capabilities where the kinds that are entered do not need them.
///
/// Also returns the variables of the target's environment that are left out, for a note. Errors: contradictions, and
/// failures to open: ESRCH if the target has ended, EACCES if we may not look into it.
pub(crate) fn open(
    asked: &Asked,
    given: Opened,
    mut request: NsenterRequest,
) -> Result<(NsenterRequest, Handles, Vec<String>), Failure> {
    let target = asked.target.as_ref().map(|(target, first_wanted)| target.pin(*first_wanted));
    let mut opened = Opened { target: target.transpose()?, ..given };
    let (of_target, if_permitted) = open_namespaces(asked, &mut opened, request.private_mounts.is_some())?;
    let kinds = of_target.union(opened.kinds());
    open_directories_of_target(asked, &mut opened)?;
    opened.check_kinds()?;

    request.join = Join { of_target, if_permitted, files: Vec::new() };
    let is_about_child = request.kill_child.is_some() || request.forward_signals.is_some() || request.pty;
    // The leader of a process group begins no session.
    request.fork &= kinds.contains(Kind::Pid) || is_about_child || asked.like.is_some();
    request.become_root &= kinds.contains(Kind::User);
    request.keep_capabilities &= kinds.contains(Kind::User);
    let left_out = open_of_target(asked, &mut request, &mut opened)?;
    let handles = opened.hand_over(&mut request);
    Ok((request, handles, left_out))
}

/// Opens and reads everything of the target except its namespaces and directories. Returns the variables of its
/// environment that are left out.
fn open_of_target(asked: &Asked, request: &mut NsenterRequest, opened: &mut Opened) -> Result<Vec<String>, Failure> {
    let mut left_out = Vec::new();
    let Some(target) = &opened.target else {
        return Ok(left_out);
    };
    if asked.environment {
        let own_root = asked.root == Some(None);
        let (entries, dropped) = read_environment(target, request, opened, own_root)?;
        request.environment = Some(match asked.like {
            Some(told) if !told.exact_environment => surroundings::for_program(entries, target, request, opened, told)?,
            _ => entries,
        });
        left_out = dropped;
    }
    if asked.context && has_selinux() {
        request.context = Some(target.read("attr/current", LONGEST_CONTEXT)?);
    }
    if request.uid == Some(TargetId::Followed) || request.gid == Some(TargetId::Followed) {
        let of_target = request.join.of_target;
        let process = target.open("", OFlag::O_PATH | OFlag::O_DIRECTORY)?;
        if leads_to_target_alone(target, Kind::User, opened, of_target)? {
            check_is_mapped(request, target, &process)?;
        } else if leads_elsewhere(Kind::User, opened, of_target)? {
            check_is_mapped_elsewhere(request, target, &process, opened)?;
        }
        opened.process = Some(process);
    }
    if asked.cgroups {
        opened.cgroups = cgroup::open(target)?;
    }
    // Last: the target may have to stand still for a moment, which one that is paused cannot.
    if let Some(told) = asked.like {
        request.like = Some(likeness::read(target, request, opened, told)?);
    }
    // Only now do we know that the files opened through its PID are its own.
    target.check_alive()?;
    Ok(left_out)
}

/// Opens the namespaces that are not the target's. Returns the kinds to enter by its pidfd, and those of them that are left
/// where they are refused.
fn open_namespaces(
    asked: &Asked,
    opened: &mut Opened,
    has_private_mounts: bool,
) -> Result<(KindSet, KindSet), Failure> {
    let own = asked.namespaces.iter().filter(|(_, source)| *source == NamespaceSource::Target);
    let of_target: KindSet = own.map(|(kind, _)| *kind).collect();
    if let (Some(fd), Some(target)) = (asked.net_socket, &opened.target) {
        let socket = target.network_of_socket(fd)?;
        opened.add_namespace(Kind::Net, format!("/proc/{}/fd/{fd}", target.pid()), socket);
    }
    let given = opened.kinds().union(of_target);
    let (mut all, mut if_permitted) = (of_target, KindSet::EMPTY);
    if let (true, Some(target)) = (asked.all, &opened.target) {
        // Otherwise every kind would look like one that the kernel lacks.
        let own = Path::new("/proc/self/ns");
        stat(own).attempt(|| Attempt::Open(own.to_path_buf()))?;
        for kind in KindSet::ALL.iter() {
            // As the reference does, look at the user namespace in any case.
            let wanted = wanted_of_all(target, kind, asked.user_parent > 0)?;
            if wanted == WantedOfAll::No || given.contains(kind) || (kind == Kind::Mount && has_private_mounts) {
                continue;
            }
            all.insert(kind);
            if wanted == WantedOfAll::IfPermitted {
                if_permitted.insert(kind);
            }
        }
    }
    if asked.user_parent > 0 {
        opened.check_kinds()?;
        let parent = climb(open_parent(given, all, opened)?, asked.user_parent)?;
        opened.namespaces.retain(|(kind, _)| *kind != Kind::User);
        opened.add_namespace(Kind::User, "the owner of a namespace", parent);
        all = all.without(Kind::User);
    }
    Ok((all, if_permitted))
}

/// The target's ids that the program gets must be mapped inside. Otherwise the program would run as the user with the
/// overflow id (65534).
fn check_is_mapped(request: &NsenterRequest, target: &PinnedTarget, process: &OwnedFd) -> Result<(), Failure> {
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

/// The user namespace that lies so far up from this one, which is 1. Errors: there are not so many that we may see.
fn climb(owner: OwnedFd, levels: u32) -> Result<OwnedFd, Failure> {
    let own = own_identity(Kind::User)?;
    let mut found = owner;
    for level in 1..levels {
        let none = || Failure::from(RequestError::NotSoManyParents { asked: levels, there_are: level });
        let parent = match nsfs::parent(&found) {
            Err(Errno::EPERM) => return Err(none()),
            parent => parent.attempt(|| Attempt::AskOwner(Kind::User))?,
        };
        // Our own cannot be entered, and the kernel shows none around it.
        if Some(identity(fstat(&parent).attempt(|| Attempt::AskOwner(Kind::User))?)) == own {
            return Err(none());
        }
        found = parent;
    }
    Ok(found)
}

/// The user namespace that owns the namespace of this kind that we shall enter.
fn owner_of(kind: Kind, opened: &Opened) -> Result<OwnedFd, Failure> {
    let attempt = || Attempt::AskOwner(kind);
    if let Some(file) = opened.namespace(kind) {
        return nsfs::owner(file).attempt(attempt);
    }
    let target = opened.target.as_ref().ok_or(RequestError::NoNamespaceToOwn)?;
    let file = target.open(&format!("ns/{kind}"), OFlag::O_RDONLY)?;
    nsfs::owner(file).attempt(attempt)
}

/// Opens root and working directory of the target, where they are asked for.
fn open_directories_of_target(asked: &Asked, opened: &mut Opened) -> Result<(), Failure> {
    let Some(target) = &opened.target else { return Ok(()) };
    let open = |name: &str| target.open_directory(name).map(|(path, fd)| OpenFile { path, fd });
    if asked.root == Some(None) {
        opened.root = Some(open("root")?);
    }
    if asked.working_directory == Some(None) {
        opened.working_directory = Some(open("cwd")?);
    }
    Ok(())
}

/// Opens a directory outside. The reference opens any file, and fails when it changes to it: so do we, then.
fn open_directory(path: PathBuf) -> Result<OpenFile, Failure> {
    let opened = match open_retrying(&path, OFlag::O_PATH | OFlag::O_DIRECTORY) {
        Err(Errno::ENOTDIR) => open_retrying(&path, OFlag::O_PATH),
        opened => opened,
    };
    match opened {
        Ok(fd) => Ok(OpenFile { path, fd }),
        Err(errno) => Err(Failure::System { attempt: Attempt::Open(path), errno }),
    }
}
