//! The helper that binds namespaces on files.

use std::ffi::{CStr, CString, NulError};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::SigmaskHow;

use super::{Channel, GO, LEAVE, Outcome, RUN, UNDO, own_directory_in_proc, wait_for_helper};
use crate::enter::fault::{Fault, HelperPart, Part};
use crate::enter::setting::Persist;
use crate::namespace::Kind;
use crate::sys::file::{open_retrying, out_of_the_way};
use crate::sys::mask;
use crate::sys::mount::{attach, detached_bind};
use crate::sys::path_of::PathOf;
use crate::sys::process::{ForkResult, exit_now, fork};
use crate::sys::stat::{fstat, stat};

/// A binder's job, prepared before it starts.
pub struct BindJob {
    /// The kinds of namespaces, and the files to bind them on.
    files: Vec<(Kind, CString)>,
    /// The same files, opened.
    places: Vec<OwnedFd>,
    /// The mounts that it has made and can tell from others.
    bound: Vec<OwnedFd>,
}

impl BindJob {
    /// Errors: a NUL byte in a path.
    pub fn new(persists: &[Persist]) -> Result<BindJob, NulError> {
        let file = |persist: &Persist| Ok((persist.kind, CString::new(persist.file.as_os_str().as_bytes())?));
        let files: Result<Vec<_>, NulError> = persists.iter().map(file).collect();
        let room = || Vec::with_capacity(persists.len());
        Ok(BindJob { files: files?, places: room(), bound: room() })
    }
}

/// The helper that binds our namespaces on files: inside new mount or user namespaces, the kernel would refuse that. It
/// stays until just before the program runs, to undo the mounts if anything fails.
pub struct Binder {
    channel: Channel,
    /// Its PID, where it is a child of this process.
    child: Option<i32>,
}

impl Binder {
    /// Starts it. Errors: a file to bind on cannot be opened; /proc is missing or does not show us.
    pub fn start(job: &mut BindJob) -> Result<Binder, Fault> {
        for (number, (_, file)) in (0..).zip(&job.files) {
            let place = open_retrying(file.as_c_str(), OFlag::O_PATH);
            job.places.push(place.map_err(Part::Number(number).fault())?);
        }
        let process = own_directory_in_proc()?;
        let (ours, theirs) = Channel::pair()?;
        match fork().map_err(Part::Fork.fault())? {
            ForkResult::Child => {
                drop(ours);
                let mut binding = Binding { process, job };
                bind_when_told(&theirs, &mut binding);
                exit_now(0)
            }
            ForkResult::Parent { child } => {
                drop(theirs);
                job.places.clear();
                Ok(Binder { channel: ours, child: Some(child) })
            }
        }
    }

    /// Binds all, or none. Errors: those of mount(2), for the first file that it failed with.
    pub fn bind(&self) -> Result<(), Fault> {
        match self.channel.order(GO) {
            Some(Outcome::Done) => Ok(()),
            Some(Outcome::Refused { part, errno }) => {
                Err(Fault::Part(Part::Number(part as u32), Errno::from_raw(errno)))
            }
            _ => Err(Fault::Ended(HelperPart::Binder, None)),
        }
    }

    /// Notes that the binder is another process's child, because this one is a fork of the process that started it.
    pub fn disown(&mut self) {
        self.child = None;
    }

    /// Takes the mounts back.
    pub fn undo(self) {
        self.channel.order(UNDO);
        // There is a failure to report already.
        let _ = self.end();
    }

    /// Tells it to leave the mounts in place, and ends it, so that the program finds no child that it has not made.
    pub fn dismiss(self) -> Result<(), Fault> {
        // If it has been killed, it has left them, too.
        let _ = self.channel.send(&[LEAVE]);
        self.end()
    }

    /// If it is our child, dismisses it, see [`Binder::dismiss`]. If not, the program cannot meet it: it may wait until
    /// our end of the channel closes, which a successful execve(2) does.
    pub fn dismiss_or_hold(self) -> Result<Option<Binder>, Fault> {
        match self.child {
            Some(_) => self.dismiss().map(|()| None),
            None => {
                let _ = self.channel.send(&[RUN]);
                Ok(Some(self))
            }
        }
    }

    /// Takes our end of the channel out of the way of a program that is named by a descriptor.
    pub fn step_aside(mut self) -> Binder {
        self.channel = Channel(out_of_the_way(self.channel.0));
        self
    }

    fn end(self) -> Result<(), Fault> {
        drop(self.channel);
        self.child.map_or(Ok(()), |child| wait_for_helper(child).map(drop))
    }

    /// Leaves the channel to a forked child of ours; returns the PID to wait for when that has ended.
    pub fn leave_to_child(self) -> Option<i32> {
        self.child
    }
}

/// The binder's life.
fn bind_when_told(channel: &Channel, binding: &mut Binding) {
    // A Ctrl-C reaches the binder as well, and between two mounts it would leave one behind. So it ends only with the
    // channel.
    let _ = mask::change(SigmaskHow::SIG_BLOCK, &mask::all());
    let mut program_runs = false;
    loop {
        let outcome = match channel.receive() {
            Some([GO]) => binding.bind_all(),
            Some([UNDO]) => {
                binding.unbind();
                Outcome::Done
            }
            Some([LEAVE]) => return,
            Some([RUN]) => {
                program_runs = true;
                continue;
            }
            None if program_runs => return,
            // The peer has failed or been killed without telling us to keep the mounts.
            _ => break,
        };
        if channel.send(&outcome.to_bytes()).is_err() {
            break;
        }
    }
    binding.unbind();
}

/// What the binder has to do, and has done.
struct Binding<'j> {
    /// The directory in /proc of the process that unshares.
    process: OwnedFd,
    job: &'j mut BindJob,
}

impl Binding<'_> {
    fn bind_all(&mut self) -> Outcome {
        for part in 0..self.job.places.len() {
            match self.bind(part) {
                Ok(mount) => self.job.bound.extend(mount),
                Err(errno) => {
                    self.unbind();
                    return Outcome::Refused { part, errno: errno as i32 };
                }
            }
        }
        Outcome::Done
    }

    /// Binds one namespace, and returns the mount; `None` if the mount is made but cannot be told from others.
    fn bind(&self, part: usize) -> nix::Result<Option<OwnedFd>> {
        let (kind, file) = &self.job.files[part];
        let place = &self.job.places[part];
        let namespace = self.namespace_file(*kind);
        let namespace = namespace.as_c_str();
        if let Ok(mount) = detached_bind(namespace)
            && attach(&mount, place).is_ok()
        {
            return Ok(Some(mount));
        }
        // The kernel is older than 5.2, or a seccomp filter rejects these calls. If the kernel refused the bind itself,
        // mount(2) fails as well, with its documented errno.
        mount(Some(namespace), PathOf::file(place).as_c_str(), None::<&CStr>, MsFlags::MS_BIND, None::<&CStr>)?;
        // Only a path leads to the mount on a file, so check that it is the namespace.
        let found = open_retrying(file.as_c_str(), OFlag::O_PATH).ok();
        Ok(found.filter(|found| match (fstat(found), stat(namespace)) {
            (Ok(found), Ok(bound)) => (found.st_dev, found.st_ino) == (bound.st_dev, bound.st_ino),
            _ => false,
        }))
    }

    /// Takes back the mounts that have been made.
    fn unbind(&mut self) {
        while let Some(mount) = self.job.bound.pop() {
            let _ = umount2(PathOf::file(&mount).as_c_str(), MntFlags::MNT_DETACH);
        }
    }

    /// The namespace that the process has unshared. For PID and time, that is its children's: its own does not change.
    fn namespace_file(&self, kind: Kind) -> PathOf {
        PathOf::below(&self.process, &["/ns/", kind.name_for_children()])
    }
}
