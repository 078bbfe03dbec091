//! The helper that binds namespaces on files.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::SigSet;
use nix::sys::stat::{fstat, stat};

use super::{Channel, GO, LEAVE, Outcome, UNDO, own_directory_in_proc, path_of, silent, wait_for_helper};
use crate::enter::step::Keep;
use crate::error::{Attempt, During, Failure};
use crate::namespace::Kind;
use crate::sys::file::open_retrying;
use crate::sys::mount::{attach, detached_bind};
use crate::sys::process::{Side, exit_now, fork};

/// The helper that binds our namespaces on files: from within new mount or user namespaces the kernel would refuse it.
/// It stays until just before the program runs, to take the mounts back should anything fail.
pub struct Binder {
    channel: Channel,
    keeps: Vec<Keep>,
    /// Its PID, where it is a child of this process.
    child: Option<i32>,
}

const BINDER: &str = "the helper that keeps namespaces";

impl Binder {
    /// Starts it. Errors: a file to bind on cannot be opened; there is no /proc, or we are not in it.
    pub fn start(keeps: Vec<Keep>) -> Result<Binder, Failure> {
        let open = |keep: &Keep| {
            let place = open_retrying(&keep.file, OFlag::O_PATH);
            place.during(|| Attempt::Keep { kind: keep.kind, file: keep.file.clone() })
        };
        let places: Result<Vec<_>, _> = keeps.iter().map(open).collect();
        let (process, places) = (own_directory_in_proc()?, places?);
        let (ours, theirs) = Channel::pair()?;
        match fork().during(|| Attempt::Fork)? {
            Side::Child => {
                drop(ours);
                let mut job = Binding { process, places: keeps.iter().zip(places).collect(), bound: Vec::new() };
                bind_when_told(&theirs, &mut job);
                exit_now(0)
            }
            Side::Parent { child } => Ok(Binder { channel: ours, keeps, child: Some(child) }),
        }
    }

    /// Binds all, or none. Errors: those of mount(2), for the first file that it failed with.
    pub fn bind(&self) -> Result<(), Failure> {
        match self.channel.order(GO) {
            Some(Outcome::Done) => Ok(()),
            Some(Outcome::Refused { part, errno }) if part < self.keeps.len() => {
                let Keep { kind, file } = self.keeps[part].clone();
                Err(Failure::System { attempt: Attempt::Keep { kind, file }, errno: Errno::from_raw(errno) })
            }
            _ => Err(silent(BINDER)),
        }
    }

    /// Says that it is another process's child: this one is a fork of the process that started it.
    pub fn disown(&mut self) {
        self.child = None;
    }

    /// Takes the mounts back.
    pub fn undo(self) {
        self.channel.order(UNDO);
        // There is a failure to report already.
        let _ = self.end();
    }

    /// Has it leave the mounts as they are, and ends it, so that the program that we run finds no child that it has never
    /// made.
    pub fn dismiss(self) -> Result<(), Failure> {
        // If it has been killed, it has left them, too.
        let _ = self.channel.send(&[LEAVE]);
        self.end()
    }

    fn end(self) -> Result<(), Failure> {
        drop(self.channel);
        self.child.map_or(Ok(()), |child| wait_for_helper(child).map(drop))
    }

    /// Leaves it to a forked child of ours to speak to; returns the PID to wait for when that has ended.
    pub fn leave_to_child(self) -> Option<i32> {
        self.child
    }
}

/// The binder's life.
fn bind_when_told(channel: &Channel, job: &mut Binding) {
    // A Ctrl-C reaches us as well: between two mounts it would leave one of them behind. We end with the channel.
    let _ = SigSet::all().thread_block();
    loop {
        let outcome = match channel.receive() {
            Some([GO]) => job.bind_all(),
            Some([UNDO]) => {
                job.unbind();
                Outcome::Done
            }
            Some([LEAVE]) => return,
            // Whoever was to say what becomes of the mounts has failed, or has been killed.
            _ => break,
        };
        if channel.send(&outcome.to_bytes()).is_err() {
            break;
        }
    }
    job.unbind();
}

/// What the binder has to do, and has done.
struct Binding<'k> {
    /// The directory in /proc of the process that unshares.
    process: OwnedFd,
    /// What is to be kept, and the file to bind it on.
    places: Vec<(&'k Keep, OwnedFd)>,
    /// The mounts that have been made, as far as they can be told from others.
    bound: Vec<OwnedFd>,
}

impl Binding<'_> {
    fn bind_all(&mut self) -> Outcome {
        for part in 0..self.places.len() {
            match self.bind(part) {
                Ok(mount) => self.bound.extend(mount),
                Err(errno) => {
                    self.unbind();
                    return Outcome::Refused { part, errno: errno as i32 };
                }
            }
        }
        Outcome::Done
    }

    /// Binds one, and returns the mount; `None` if that is made and cannot be told from others.
    fn bind(&self, part: usize) -> nix::Result<Option<OwnedFd>> {
        let (keep, place) = &self.places[part];
        let namespace = self.namespace_file(keep.kind);
        if let Ok(mount) = detached_bind(&namespace)
            && attach(&mount, place).is_ok()
        {
            return Ok(Some(mount));
        }
        // A kernel before 5.2, or a seccomp filter that does not know these calls. Else it is refused here as well, with
        // the errno that mount(2) documents.
        mount(Some(&namespace), &path_of(place), None::<&str>, MsFlags::MS_BIND, None::<&str>)?;
        // Only a path leads to what is mounted on a file, so it is looked at whether that is the namespace.
        let found = open_retrying(&keep.file, OFlag::O_PATH).ok();
        Ok(found.filter(|found| match (fstat(found), stat(&namespace)) {
            (Ok(found), Ok(bound)) => (found.st_dev, found.st_ino) == (bound.st_dev, bound.st_ino),
            _ => false,
        }))
    }

    /// Takes back the mounts that have been made.
    fn unbind(&mut self) {
        while let Some(mount) = self.bound.pop() {
            let _ = umount2(&path_of(&mount), MntFlags::MNT_DETACH);
        }
    }

    /// The namespace that the process has unshared: for PID and time its own one does not change, its children's does.
    fn namespace_file(&self, kind: Kind) -> PathBuf {
        let name = format!("ns/{}", kind.name_for_children());
        path_of(&self.process).join(name)
    }
}
