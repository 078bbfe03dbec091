//! The loop that carries out a plan.
//!
//! Everything that is made of strings is made before ([`Prepared`]). From then on there are system calls only, in the order
//! of the plan, and a failure is told by the number of its step and a [`Fault`]. So all of it may happen in a child of a
//! process with several threads, which must not take memory (signal-safety(7)): see [`spawn`]. Only [`run`]
//! looks up a login shell last, since what it is depends on what has been entered.

mod capabilities;
mod clocks;
mod exec;

mod fork;
mod ids;
mod in_words;
mod join;
mod mounts;
mod places;
mod prepared;
mod read_only;
mod spawn;

use std::ffi::CStr;
use std::os::fd::OwnedFd;

use nix::sys::prctl::{set_keepcaps, set_no_new_privs};
use nix::unistd::{chdir, chroot, getpid, setgid, sethostname, setuid};

use super::channel::Channel;
use super::failure::RunFailure;
use super::fault::{Fault, Part};
use super::handles::Handles;
use super::helper::{Binder, Mapper};
use super::status_line::StatusLine;
use super::step::{Plan, Step};
use crate::namespace::Kind;
use crate::sys;
use crate::sys::file::{open_to_write, write_fd_once, write_once_to_proc, write_to_proc};
use crate::sys::mount::detached_tree;
use crate::sys::process::Status;

use join::Joining;
use prepared::{Prepared, Ready};
pub use spawn::{Child, spawn};

/// What steps leave for later ones.
#[derive(Default)]
struct Run {
    handles: Handles,
    /// The devices of the tmpfs that we have mounted.
    own_devices: Vec<u64>,
    joining: Joining,
    binder: Option<Binder>,
    mapper: Option<Mapper>,
    groups_dropped: bool,
    /// Whether our next child would be process 1 of a PID namespace.
    child_is_first: bool,
    /// Our parent, where we are the forked child; `None` also where the kernel has no pidfds.
    parent: Option<OwnedFd>,
    /// Between the parent outside and the processes inside.
    channel: Option<Channel>,
    /// What our caller is told of the program; in the parent outside, if there is one.
    status: Option<StatusLine>,
    /// /proc as it was before anything was changed, where our caller is told of the program.
    proc: Option<OwnedFd>,
    /// Where a child that is to run the program reports what went wrong.
    report: Option<OwnedFd>,
}

/// What becomes of the process after a step.
enum Next {
    /// The next step.
    Step,
    /// The end: this process has only supervised, or is not to go on.
    End(Status),
}

/// Carries out `plan`, whose steps go through what `handles` has open; `callers_environment` is what the program gets where
/// the plan says nothing else. Where a step fails, nothing later is tried, and what the earlier ones left outside of this
/// process (helpers, bind mounts) is taken back.
///
/// Returns in the process that fails, or in the parent of the program, once that has ended: never where the program took
/// our place. The process must have a single thread: the kernel refuses to let one of several change its user or PID
/// namespace (unshare(2)); [`spawn`] is for others. Errors: the step that failed, with the errno of its call.
pub fn run(plan: &Plan, handles: Handles, callers_environment: &[&CStr]) -> Result<Status, RunFailure> {
    let mut prepared = Prepared::new(plan, handles, callers_environment)?;
    let done = carry_out(&mut prepared, &mut Run::default());
    done.map_err(|(step, fault)| in_words::failure(plan, &prepared, step, fault))
}

/// All steps, then the program. Errors: the number of the step that failed, that of the program being the last.
fn carry_out(prepared: &mut Prepared, run: &mut Run) -> Result<Status, (usize, Fault)> {
    std::mem::swap(&mut run.handles, &mut prepared.handles);
    std::mem::swap(&mut run.own_devices, &mut prepared.own_devices);
    for (number, ready) in prepared.steps.iter_mut().enumerate() {
        match run.carry_out(ready, &prepared.target) {
            Ok(Next::Step) => {}
            Ok(Next::End(status)) => return Ok(status),
            Err(Fault::Refused(errno)) if ready.step.tolerates(errno) => {}
            Err(fault) => {
                run.take_back();
                return Err((number, fault));
            }
        }
    }
    let fault = run.execute(prepared);
    if let Some(line) = &mut run.status {
        line.end(fault.status_of_program());
    }
    Err((prepared.steps.len(), fault))
}

impl Run {
    fn carry_out(&mut self, ready: &mut Ready, target: &prepared::TargetFiles) -> Result<Next, Fault> {
        let (path, text) = (ready.path.as_c_str(), &*ready.text);
        match ready.step {
            Step::DefaultChildSignal => sys::signal::set_child_signal_default()?,
            Step::SetDumpable(dumpable) => sys::process::set_dumpable(*dumpable)?,
            Step::StartBinder(_) => self.binder = ready.bind_job.as_mut().map(Binder::start).transpose()?,
            Step::StartMapper(_) => self.mapper = ready.map_jobs.as_mut().map(Mapper::start).transpose()?,
            Step::Unshare(kinds) => {
                nix::sched::unshare(kinds.clone_flags())?;
                self.child_is_first = kinds.contains(Kind::Pid);
            }
            Step::BringUpLoopback => bring_up_loopback()?,
            Step::SetHostname(name) => sethostname(name)?,
            Step::SetDomainname(name) => sys::uts::set_domainname(name)?,
            Step::ReleaseMapper => self.mapper.take().map_or(Ok(()), Mapper::release)?,
            Step::OffsetClock(..) | Step::MapOwnId(..) => write_setting(path, text)?,
            Step::SetClock(clock, seconds) => clocks::set(path, *clock, *seconds)?,
            Step::SetContext(_) => write_once_to_proc(path, text)?,
            Step::RememberParent => self.parent = Some(sys::pidfd::open(getpid().as_raw())?),
            Step::OpenStatus(fd) => self.open_status(*fd)?,
            Step::OpenChannel => self.channel = Some(Channel::open()?),
            Step::BecomeInit => return self.become_init(),
            Step::ReportStart => self.report_start(),
            Step::Fork(policy) => return self.fork(*policy),
            Step::Bind => self.binder.as_ref().map_or(Ok(()), Binder::bind)?,
            Step::DieWithParent(signal) => return self.die_with_parent(*signal),
            Step::Setgroups(_) => ids::write_setgroups(path, text)?,
            Step::Propagate(propagation, _) => mounts::propagate(path, *propagation)?,
            Step::MakePrivateIfMounted(_) => mounts::make_private(path)?,
            Step::MountProc(_) => mounts::mount_filesystem(c"proc", path)?,
            Step::MountBinfmt(_) => mounts::mount_filesystem(c"binfmt_misc", path)?,
            Step::RegisterInterpreter { .. } => {
                write_fd_once(open_to_write(path).map_err(Part::OpenSetting.fault())?, text)?;
            }
            Step::CloneTree(tree) => self.handles.set(tree, detached_tree(path)?)?,
            Step::OpenRoot(root) => self.open_root(root, path)?,
            Step::BindRoot(root) => self.bind_root(root, path)?,
            Step::AttachTree { tree, on, read_only } => self.attach_tree(tree, on, &mut ready.way, *read_only)?,
            Step::MountNew(filesystem, on) => self.mount_new(*filesystem, on, &ready.way)?,
            Step::FillDevices(at) => self.fill_devices(at, &ready.way)?,
            Step::PivotRoot(root) => self.pivot_root(root)?,
            Step::Chroot(_) => chroot(path)?,
            Step::Chdir(_) => chdir(path)?,
            Step::JoinTolerant(join) => self.join_tolerant(join, target)?,
            Step::JoinStrict(join) => self.join_strict(join, target)?,
            Step::OpenDirectory(handle) => self.open_directory(handle, path)?,
            Step::ChrootTo(handle) => self.chroot_to(handle)?,
            Step::ChdirTo(handle) => self.chdir_to(handle)?,
            Step::JoinCgroups(cgroups) => self.join_cgroups(cgroups)?,
            Step::DropGroupsIfPermitted => self.drop_groups_if_permitted()?,
            Step::DropGroups => self.drop_groups()?,
            Step::SetGid(gid) => setgid((*gid).into())?,
            Step::SetUid(uid) => setuid((*uid).into())?,
            Step::SetGidOfTarget => self.set_gid_of_target()?,
            Step::SetUidOfTarget => self.set_uid_of_target()?,
            Step::KeepCapabilities => capabilities::keep()?,
            Step::KeepCapabilitiesUnlessRoot => capabilities::keep_unless_root()?,
            Step::RetainCapabilities => set_keepcaps(true)?,
            Step::DropBounding { dropped, or_no_new_privileges } => {
                capabilities::drop_bounding(*dropped, *or_no_new_privileges)?;
            }
            Step::DropCapabilities(dropped) => capabilities::drop(*dropped)?,
            Step::NoNewPrivileges => set_no_new_privs()?,
        }
        Ok(Next::Step)
    }

    fn take_back(&mut self) {
        if let Some(mapper) = self.mapper.take() {
            mapper.dismiss();
        }
        if let Some(binder) = self.binder.take() {
            binder.undo();
        }
    }
}

fn bring_up_loopback() -> Result<(), Fault> {
    let socket = sys::netdevice::control_socket().map_err(Part::ControlSocket.fault())?;
    Ok(sys::netdevice::bring_up_loopback(&socket)?)
}

/// Writes `text` to a file in our own /proc directory.
fn write_setting(path: &CStr, text: &[u8]) -> Result<(), Fault> {
    let file = open_to_write(path).map_err(Part::OpenSetting.fault())?;
    Ok(write_to_proc(file, text)?)
}
