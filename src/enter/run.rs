//! The loop that carries out a plan.

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};
use nix::unistd::{chdir, chroot, fchdir, getpid, getuid, setgid, setgroups, setuid};

use super::entering::{Directory, Entrance, Opened};
use super::environment::Environment;
use super::helper::{Binder, Mapper, map_attempt};
use super::program::Program;
use super::step::{MapJob, Plan, Setgroups, SignalPolicy, Step};
use super::supervise::{hold_signals, supervise};
use crate::error::{Attempt, During, Failure, Status};
use crate::namespace::Kind;
use crate::sys;
use crate::sys::file::{is_of_proc, open_retrying, write_all, write_once, write_once_to_proc};
use crate::sys::process::{Side, fork, set_parent_death_signal, wait_for_end};
use crate::sys::signal::SignalNumber;
use crate::users::Getent;

/// What steps leave for later ones.
struct Run<'e> {
    callers_environment: &'e [&'e CStr],
    environment: Environment,
    binder: Option<Binder>,
    mapper: Option<Mapper>,
    entrance: Entrance,
    groups_dropped: bool,
    /// Whether our next child would be process 1 of a PID namespace.
    child_is_first: bool,
    /// Our parent, where we are the forked child; `None` also where the kernel has no pidfds.
    parent: Option<OwnedFd>,
}

/// What becomes of the process after a step.
enum Next {
    /// The next step.
    Step,
    /// The end: this process has only supervised, or is not to go on.
    End(Status),
}

/// Carries out `plan`, whose steps go through what has been `opened`; `callers_environment` is what the program gets where
/// no step says otherwise. Where a step fails, nothing later is tried, and what the earlier ones left outside of this
/// process (helpers, bind mounts) is taken back.
///
/// Returns in the process that fails, or in the parent of the program, once that has ended: never where the program took
/// our place. The process must have a single thread: the kernel refuses to let one of several change its user or PID
/// namespace (unshare(2)). Errors: the step that failed, with the errno of its call.
pub fn run(plan: Plan, opened: Opened, callers_environment: &[&CStr]) -> Result<Status, Failure> {
    let mut run = Run {
        callers_environment,
        environment: Environment::Inherited,
        binder: None,
        mapper: None,
        entrance: Entrance::new(opened),
        groups_dropped: false,
        child_is_first: false,
        parent: None,
    };
    for step in plan {
        match run.carry_out(step) {
            Ok(Next::Step) => {}
            Ok(Next::End(status)) => return Ok(status),
            Err(failure) => {
                run.take_back();
                return Err(failure);
            }
        }
    }
    Ok(Status::SUCCESS)
}

impl Run<'_> {
    fn carry_out(&mut self, step: Step) -> Result<Next, Failure> {
        match step {
            Step::DefaultChildSignal => sys::signal::set_child_signal_default().during(|| Attempt::Signals)?,
            Step::MakeDumpable => sys::process::set_dumpable(true).during(|| Attempt::MakeDumpable)?,
            Step::StartBinder(keeps) => self.binder = Some(Binder::start(keeps)?),
            Step::StartMapper(jobs) => self.mapper = Some(Mapper::start(jobs, self.callers_environment)?),
            Step::Unshare(kinds) => {
                nix::sched::unshare(kinds.clone_flags()).during(|| Attempt::Unshare(kinds))?;
                self.child_is_first = kinds.contains(Kind::Pid);
            }
            Step::ReleaseMapper => self.mapper.take().map_or(Ok(()), Mapper::release)?,
            Step::OffsetClock(clock, seconds) => {
                write_setting(Path::new("/proc/self/timens_offsets"), format!("{} {seconds} 0", clock.name()))?;
            }
            Step::RememberParent => {
                self.parent = match sys::pidfd::open(getpid().as_raw()) {
                    // A seccomp filter may not know the call.
                    Err(Errno::ENOSYS | Errno::EPERM) => None,
                    result => Some(result.during(|| Attempt::ParentDeathSignal)?),
                };
            }
            Step::Fork(policy) => return self.fork(policy),
            Step::Bind => self.binder.as_ref().map_or(Ok(()), Binder::bind)?,
            Step::DieWithParent(signal) => return self.die_with_parent(signal),
            Step::MapOwnId(ids, line) => {
                let job = MapJob { ids, lines: vec![line] };
                let process = Path::new("/proc/self");
                write_once_to_proc(&process.join(ids.map_file()), super::idmap::text(&job.lines).as_bytes())
                    .during(|| map_attempt(process, &job))?;
            }
            Step::Setgroups(setgroups) => write_setgroups(setgroups)?,
            Step::Propagate(propagation, at) => {
                if let Some((flag, mode)) = propagation.flag() {
                    change_propagation(&at, flag).during(|| Attempt::Propagate { mode, at })?;
                }
            }
            Step::MakePrivateIfMounted(at) => match change_propagation(&at, MsFlags::MS_PRIVATE) {
                // It is no mount point. What is mounted there passes on as the mount around it does, as was asked for.
                Ok(()) | Err(Errno::EINVAL) => {}
                result => result.during(|| Attempt::Propagate { mode: "private", at })?,
            },
            Step::MountProc(on) => mount_filesystem("proc", on)?,
            Step::MountBinfmt(on) => mount_filesystem("binfmt_misc", on)?,
            Step::RegisterInterpreter { binfmt, interpreter } => {
                let path = binfmt.join("register");
                write_once(&path, interpreter.as_encoded_bytes())
                    .during(|| Attempt::Write { path, text: interpreter.to_string_lossy().into_owned() })?;
            }
            Step::Chroot(root) => chroot(&root).during(|| Attempt::Chroot(root))?,
            Step::Chdir(directory) => chdir(&directory).during(|| Attempt::Chdir(directory))?,
            Step::Hide => {
                // What /proc calls the target stands in a file of our own, which hiding closes to a user before Linux 5.14.
                if let Some(target) = &self.entrance.opened.target {
                    target.look_up();
                }
                sys::process::set_dumpable(false).during(|| Attempt::Hide)?;
            }
            Step::DropGroupsIfPermitted => self.groups_dropped = setgroups(&[]).is_ok(),
            Step::EnterWhatWeMay { of_target, of_files } => self.entrance.enter_what_we_may(of_target, of_files)?,
            Step::EnterTheRest => self.entrance.enter_the_rest()?,
            Step::OpenWorkingDirectory(path) => {
                let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
                let fd = open_retrying(&path, flags).during(|| Attempt::Open(path.clone()))?;
                self.entrance.opened.working_directory = Some(Directory { path, fd });
            }
            Step::ChrootToOpened => self.chroot_to_opened()?,
            Step::ChdirToOpened => {
                if let Some(Directory { path, fd }) = self.entrance.opened.working_directory.take() {
                    fchdir(fd).during(|| Attempt::Chdir(path))?;
                }
            }
            Step::JoinCgroups => {
                for (path, file) in self.entrance.opened.cgroups.drain(..) {
                    // 0 is the writer itself, in whatever PID namespace it is.
                    write_all(file, b"0").during(|| Attempt::Write { path, text: "0".to_string() })?;
                }
            }
            Step::DropGroups => match setgroups(&[]) {
                Err(_) if self.groups_dropped => {}
                result => result.during(|| Attempt::DropGroups)?,
            },
            Step::SetGid(gid) => setgid(gid.into()).during(|| Attempt::SetGid(gid))?,
            Step::SetUid(uid) => setuid(uid.into()).during(|| Attempt::SetUid(uid))?,
            Step::SetGidOfTarget => {
                let (_, gid) = self.entrance.ids_of_target()?;
                setgid(gid.into()).during(|| Attempt::SetGid(gid))?;
            }
            Step::SetUidOfTarget => {
                let (uid, _) = self.entrance.ids_of_target()?;
                setuid(uid.into()).during(|| Attempt::SetUid(uid))?;
            }
            Step::SetContext(context) => {
                write_once_to_proc(Path::new("/proc/self/attr/exec"), &context).during(|| Attempt::SetContext)?;
            }
            Step::KeepCapabilities => {
                sys::capability::permitted_to_ambient().during(|| Attempt::KeepCapabilities)?;
            }
            Step::Environment(environment) => self.environment = environment,
            Step::Execute(program) => return Err(self.execute(program)),
        }
        Ok(Next::Step)
    }

    fn fork(&mut self, policy: SignalPolicy) -> Result<Next, Failure> {
        let masked = hold_signals(policy)?;
        match fork().during(|| Attempt::Fork)? {
            Side::Child => {
                if let Some(binder) = &mut self.binder {
                    binder.disown();
                }
                self.child_is_first = false;
                masked.restore().map(|()| Next::Step)
            }
            Side::Parent { child } => {
                // The child alone speaks to the binder from here on, so that its end is the end of the channel.
                let binder = self.binder.take().and_then(Binder::leave_to_child);
                let status = supervise(child, &masked, policy);
                if let Some(binder) = binder {
                    match wait_for_end(binder) {
                        // As process 1 we have waited for all that end.
                        Err(Errno::ECHILD) => {}
                        ended => drop(ended.during(|| Attempt::Wait(binder))?),
                    }
                }
                status.map(Next::End)
            }
        }
    }

    fn chroot_to_opened(&mut self) -> Result<(), Failure> {
        let Some(Directory { path, fd }) = self.entrance.opened.root.take() else {
            return Ok(());
        };
        let attempt = || Attempt::Chroot(path.clone());
        fchdir(fd).during(attempt)?;
        chroot(".").during(attempt)?;
        chdir("/").during(attempt)
    }

    fn die_with_parent(&self, signal: SignalNumber) -> Result<Next, Failure> {
        set_parent_death_signal(signal).during(|| Attempt::ParentDeathSignal)?;
        // It may have died before we asked; getppid(2) is 0 in a new PID namespace and cannot tell.
        match &self.parent {
            Some(parent) if sys::pidfd::has_ended(parent).during(|| Attempt::ParentDeathSignal)? => {
                Ok(Next::End(Status::Killed(signal)))
            }
            _ => Ok(Next::Step),
        }
    }

    fn execute(&mut self, program: Option<Program>) -> Failure {
        let environment = self.environment.entries(self.callers_environment);
        // The first child is the shell's: when it ends, no other can be made (pid_namespaces(7)).
        let getent = match self.child_is_first {
            true => Getent::Leave,
            false => Getent::Run,
        };
        let program = program.unwrap_or_else(|| Program::login_shell(&environment, getuid().as_raw(), getent));
        if let Some(binder) = self.binder.take() {
            // From here on the mounts stay; so what can be known of the program's fate is asked before.
            if let Err(failure) = program.check(&environment) {
                binder.undo();
                return failure;
            }
            if let Err(failure) = binder.dismiss() {
                return failure;
            }
        }
        program.execute(&environment)
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

fn change_propagation(at: &Path, flag: MsFlags) -> nix::Result<()> {
    mount(Some("none"), at, None::<&str>, flag | MsFlags::MS_REC, None::<&str>)
}

fn mount_filesystem(fstype: &'static str, on: PathBuf) -> Result<(), Failure> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some(fstype), &on, Some(fstype), flags, None::<&str>).during(|| Attempt::Mount { fstype, on })
}

fn write_setting(path: &Path, text: String) -> Result<(), Failure> {
    write_once_to_proc(path, text.as_bytes()).during(|| Attempt::Write { path: path.to_path_buf(), text })
}

/// A kernel before 3.19 has no such file, and no such rule.
fn write_setgroups(setgroups: Setgroups) -> Result<(), Failure> {
    match write_setting(Path::new("/proc/self/setgroups"), setgroups.word().to_string()) {
        // Without /proc, or with another file system there, none is to be seen either, but the rule may well be.
        Err(Failure::System { errno: Errno::ENOENT, .. }) if is_of_proc(Path::new("/proc/self/uid_map")) => Ok(()),
        result => result,
    }
}
