//! A plan and its steps: each is an action that needs no further decision.

mod plain;
mod words;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sched::unshare;
use nix::unistd::{chdir, chroot, getpid};

use super::channel::Channel;
use super::environment::Environment;
use super::fault::Fault;
use super::handles::Handle;
use super::helper::{Binder, Mapper};
use super::program::Program;
use super::run::material::{Material, TargetFiles};
use super::run::state::{Next, Run};
use super::run::{clocks, ids, mounts, settings};
use super::setting::{
    Clock, Join, MapJob, MountPoint, NewFilesystem, Persist, Profile, Propagation, Setgroups, SignalPolicy,
};
use crate::ids::map::{self, Extent, IdKind};
use crate::namespace::{Kind, KindSet};
use crate::sys;
use crate::sys::file::write_once_to_proc;
use crate::sys::mount::detached_tree;
use crate::sys::signal::SignalNumber;

pub use plain::PlainStep;

/// What to do: the steps in their order, then the program in place of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The actions before the program.
    pub steps: Vec<Step>,
    /// The environment that the program gets.
    pub environment: Environment,
    /// The program; `None` is the login shell, which is looked up only when it is to run.
    pub program: Option<Program>,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// One that needs nothing but what it holds.
    Plain(PlainStep),
    /// dup2(2): a file that our caller has made for it becomes standard input (0), output (1) or error (2).
    SetStandard(u8, String),
    /// SIGCHLD to its default: if our caller ignores it, the kernel reaps our children before we can wait for them.
    DefaultChildSignal,
    /// PR_SET_DUMPABLE of prctl(2). Off: nobody inside can trace us, nor open what we hold through our files in /proc. On:
    /// otherwise those files, which we are to write, would belong to root after a change of user.
    SetDumpable(bool),
    /// Starts the helper that will bind namespaces on files, in the namespaces as they are now.
    StartBinder(Vec<Persist>),
    /// Starts the helper that will write id maps, in the user namespace as it is now.
    StartMapper(Vec<MapJob>),
    /// unshare(2), all kinds in one call.
    Unshare(KindSet),
    /// Lets the mapper write, and waits for it.
    ReleaseMapper,
    /// Writes to /proc/self/timens_offsets.
    OffsetClock(Clock, i64),
    /// The same, so that the clock shows this number of seconds now.
    SetClock(Clock, i64),
    /// A pidfd of this process, for the child that it will fork.
    RememberParent,
    /// Takes over our caller's descriptor with this number, to report on the program, and opens /proc. Both come before
    /// any change.
    OpenStatus(i32),
    /// socketpair(2): the parent outside and the processes inside will tell each other when the program starts, stops and
    /// ends.
    OpenChannel,
    /// fork(2): the child goes on with the next step, the parent supervises it until it ends.
    Fork(SignalPolicy),
    /// Has the binder bind, and waits until it has.
    Bind,
    /// PR_SET_PDEATHSIG, and a look whether the parent has died before.
    DieWithParent(SignalNumber),
    /// Writes our own uid_map or gid_map: one id.
    MapOwnId(IdKind, Extent),
    /// Writes /proc/self/setgroups.
    Setgroups(Setgroups),
    /// Changes the propagation of the mounts from a directory on, recursively.
    Propagate(Propagation, PathBuf),
    /// Makes the mounts from a directory on private, if it is a mount point.
    MakePrivateIfMounted(PathBuf),
    /// Mounts proc.
    MountProc(PathBuf),
    /// Mounts a sysfs of the network namespace that we are in, read-only if what it covers is.
    MountSys(PathBuf),
    /// Mounts binfmt_misc.
    MountBinfmt(PathBuf),
    /// Writes to the `register` file of the binfmt_misc mounted there.
    RegisterInterpreter {
        /// Where binfmt_misc is mounted.
        binfmt: PathBuf,
        /// What is registered.
        interpreter: OsString,
    },
    /// open_tree(2): a copy of the mount of a file or directory, with all that is mounted below, attached nowhere yet.
    CloneTree(Handle),
    /// Opens the directory that is `/` to the places of mounts.
    OpenRoot(Handle),
    /// Binds a directory on itself, with all that is mounted below, and opens the new mount.
    BindRoot(Handle),
    /// move_mount(2): attaches what [`Step::CloneTree`] has copied.
    AttachTree {
        /// The copy.
        tree: Handle,
        /// Where.
        on: MountPoint,
        /// Whether it, and all below, become read-only.
        read_only: bool,
    },
    /// Mounts a new file system.
    MountNew(NewFilesystem, MountPoint),
    /// What else there is in a directory for devices: links, and the directory for shared memory.
    FillDevices(MountPoint),
    /// pivot_root(2) to an open mount; the old root is detached.
    PivotRoot(Handle),
    /// chroot(2).
    Chroot(PathBuf),
    /// chdir(2).
    Chdir(PathBuf),
    /// setgroups(2) with none, if that is allowed. If it succeeds, [`Step::DropGroups`] may be refused later.
    DropGroupsIfPermitted,
    /// setns(2) for all but the user namespace. What is refused is left to [`Step::JoinStrict`].
    JoinTolerant(Join),
    /// setns(2) for what is left, user namespace first.
    JoinStrict(Join),
    /// Opens a directory inside, by the path of its handle.
    OpenDirectory(Handle),
    /// chroot(2) to an open directory.
    ChrootTo(Handle),
    /// fchdir(2) to an open directory.
    ChdirTo(Handle),
    /// Moves this process into cgroups, whose cgroup.procs files are open.
    JoinCgroups(Vec<Handle>),
    /// setgroups(2) with none.
    DropGroups,
    /// setgid(2) with the GID of the target, as seen inside.
    SetGidOfTarget,
    /// setuid(2) with the UID of the target, as seen inside.
    SetUidOfTarget,
    /// The SELinux context for the program.
    SetContext(Vec<u8>),
    /// Opens our caller's standard input and output once more, and /dev and /proc, for the program's terminal: before any
    /// change.
    PrepareTerminal,
    /// Opens a terminal, hands its master to the parent outside, and makes it that of a new session, which begins with this
    /// process, and its standard input, output and error.
    OpenTerminal,
    /// fork(2): the child goes on with the next step, and this process, the first of its PID namespace or the leader of a
    /// session with its own terminal, does what such a one has to do until the child ends.
    BecomeInit,
    /// setpgid(2) and tcsetpgrp(3): this process has the terminal to itself, and who leads the session continues it.
    TakeForeground,
    /// Tells that the program is about to start, and in which namespaces.
    ReportStart,
    /// Writes /proc/self/oom_score_adj.
    SetOomScore(i32),
    /// setgroups(2). A refusal does not matter: it is tried again inside.
    SetGroupsIfPermitted(Vec<u32>),
    /// setgroups(2), if it has not been done before.
    SetGroups(Vec<u32>),
    /// The AppArmor profile for the program.
    SetProfile(Profile),
}

impl Step {
    /// The path that its call takes, or of the file that it writes to.
    pub fn path(&self) -> Option<PathBuf> {
        let own = |name: &str| Path::new("/proc/self").join(name);
        Some(match self {
            Step::OffsetClock(..) | Step::SetClock(..) => own("timens_offsets"),
            Step::MapOwnId(ids, _) => own(ids.map_file()),
            Step::Setgroups(_) => own("setgroups"),
            Step::SetContext(_) => own("attr/exec"),
            Step::SetProfile(profile) => own(profile.attributes).join("exec"),
            Step::SetOomScore(_) => own("oom_score_adj"),
            Step::RegisterInterpreter { binfmt, .. } => binfmt.join("register"),
            Step::Propagate(_, path)
            | Step::MakePrivateIfMounted(path)
            | Step::MountProc(path)
            | Step::MountSys(path)
            | Step::MountBinfmt(path)
            | Step::Chroot(path)
            | Step::Chdir(path) => path.clone(),
            Step::OpenDirectory(handle) | Step::CloneTree(handle) | Step::OpenRoot(handle) | Step::BindRoot(handle) => {
                handle.path().to_path_buf()
            }
            _ => return None,
        })
    }

    /// The text that it writes.
    pub fn text(&self) -> Vec<u8> {
        match self {
            Step::OffsetClock(clock, seconds) => format!("{} {seconds} 0", clock.name()).into_bytes(),
            Step::MapOwnId(_, line) => map::text(&[*line]).into_bytes(),
            Step::Setgroups(setgroups) => setgroups.word().into(),
            Step::RegisterInterpreter { interpreter, .. } => interpreter.as_bytes().to_vec(),
            Step::SetContext(context) => context.clone(),
            Step::SetProfile(profile) => [b"exec ", &*profile.name].concat(),
            Step::SetOomScore(adjustment) => adjustment.to_string().into_bytes(),
            _ => Vec::new(),
        }
    }

    /// What it mounts, by the name of the type, and where.
    pub fn mount(&self) -> Option<(&'static str, &Path)> {
        match self {
            Step::MountProc(on) => Some(("proc", on)),
            Step::MountSys(on) => Some(("sysfs", on)),
            Step::MountBinfmt(on) => Some(("binfmt_misc", on)),
            Step::AttachTree { on, .. } => Some(("bind", &on.path)),
            Step::MountNew(filesystem, on) => Some((filesystem.name(), &on.path)),
            Step::FillDevices(at) => Some(("tmpfs", &at.path)),
            _ => None,
        }
    }

    /// Whether the plan goes on where the call of this step fails with `errno`: each has its own list, and mostly that is
    /// empty. The few other choices of steps are in run/join.rs, run/ids.rs and run/capabilities.rs.
    pub fn tolerates(&self, errno: Errno) -> bool {
        match self {
            // A kernel before 5.3 has no pidfds, and a seccomp filter may not know the call.
            Step::RememberParent => matches!(errno, Errno::ENOSYS | Errno::EPERM),
            // It is not a mount point. Mounts there propagate as the mount around it does, as the user asked.
            Step::MakePrivateIfMounted(_) => errno == Errno::EINVAL,
            // The groups are dropped once more inside, where it may be allowed.
            Step::DropGroupsIfPermitted | Step::SetGroupsIfPermitted(_) => true,
            _ => false,
        }
    }

    /// Makes the calls of this step. It takes no memory: what is made of strings is in `material`. Errors: that of the call
    /// that the step is there for, or of another one.
    pub(super) fn carry_out(
        &self,
        run: &mut Run,
        material: &mut Material,
        target: &TargetFiles,
    ) -> Result<Next, Fault> {
        let (path, text) = (material.path.as_c_str(), &*material.text);
        match self {
            Step::Plain(plain) => plain.carry_out()?,
            Step::SetStandard(number, _) => run.set_standard(*number)?,
            Step::DefaultChildSignal => sys::signal::set_child_signal_default()?,
            Step::SetDumpable(dumpable) => sys::process::set_dumpable(*dumpable)?,
            Step::StartBinder(_) => run.binder = material.bind_job.as_mut().map(Binder::start).transpose()?,
            Step::StartMapper(_) => run.mapper = material.map_jobs.as_mut().map(Mapper::start).transpose()?,
            Step::Unshare(kinds) => {
                unshare(kinds.clone_flags())?;
                run.child_is_first = kinds.contains(Kind::Pid);
            }
            Step::ReleaseMapper => run.mapper.take().map_or(Ok(()), Mapper::release)?,
            Step::OffsetClock(..) | Step::MapOwnId(..) => settings::write_setting(path, text)?,
            Step::SetClock(clock, seconds) => clocks::set(path, *clock, *seconds)?,
            Step::SetContext(_) | Step::SetProfile(_) | Step::SetOomScore(_) => write_once_to_proc(path, text)?,
            Step::RememberParent => run.parent = Some(sys::pidfd::open(getpid().as_raw())?),
            Step::OpenStatus(fd) => run.open_status(*fd)?,
            Step::OpenChannel => run.channel = Some(Channel::open()?),
            Step::PrepareTerminal => run.prepare_terminal()?,
            Step::OpenTerminal => return run.open_terminal(),
            Step::BecomeInit => return run.become_init(),
            Step::TakeForeground => run.take_foreground()?,
            Step::ReportStart => run.report_start(),
            Step::Fork(policy) => return run.fork(*policy),
            Step::Bind => run.binder.as_ref().map_or(Ok(()), Binder::bind)?,
            Step::DieWithParent(signal) => return run.die_with_parent(*signal),
            Step::Setgroups(_) => ids::write_setgroups(path, text)?,
            Step::Propagate(propagation, _) => mounts::propagate(path, *propagation)?,
            Step::MakePrivateIfMounted(_) => mounts::make_private(path)?,
            Step::MountProc(_) => mounts::mount_filesystem(c"proc", path)?,
            Step::MountSys(_) => mounts::mount_sys(path)?,
            Step::MountBinfmt(_) => mounts::mount_filesystem(c"binfmt_misc", path)?,
            Step::RegisterInterpreter { .. } => settings::register(path, text)?,
            Step::CloneTree(tree) => run.handles.set(tree, detached_tree(path)?)?,
            Step::OpenRoot(root) => run.open_root(root, path)?,
            Step::BindRoot(root) => run.bind_root(root, path)?,
            Step::AttachTree { tree, on, read_only } => run.attach_tree(tree, on, &mut material.way, *read_only)?,
            Step::MountNew(filesystem, on) => run.mount_new(*filesystem, on, &material.way)?,
            Step::FillDevices(at) => run.fill_devices(at, &material.way)?,
            Step::PivotRoot(root) => run.pivot_root(root)?,
            Step::Chroot(_) => chroot(path)?,
            Step::Chdir(_) => chdir(path)?,
            Step::JoinTolerant(join) => run.join_tolerant(join, target)?,
            Step::JoinStrict(join) => run.join_strict(join, target)?,
            Step::OpenDirectory(handle) => run.open_directory(handle, path)?,
            Step::ChrootTo(handle) => run.chroot_to(handle)?,
            Step::ChdirTo(handle) => run.chdir_to(handle)?,
            Step::JoinCgroups(cgroups) => run.join_cgroups(cgroups)?,
            Step::DropGroupsIfPermitted => run.drop_groups_if_permitted()?,
            Step::DropGroups => run.drop_groups()?,
            Step::SetGidOfTarget => run.set_gid_of_target()?,
            Step::SetUidOfTarget => run.set_uid_of_target()?,
            Step::SetGroupsIfPermitted(groups) => run.set_groups_if_permitted(groups)?,
            Step::SetGroups(groups) => run.set_groups(groups)?,
        }
        Ok(Next::Step)
    }
}
