//! Keeping namespaces: their files, bound on others from outside.

use std::path::PathBuf;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::SigSet;

use super::channel::{Channel, GO, Outcome, UNDO};
use super::{own_pid_in_proc, silent, wait_for_helper};
use crate::enter::step::Keep;
use crate::error::{Attempt, During, Failure};
use crate::namespace::Kind;
use crate::sys::process::{Side, exit_now, fork};

/// As messages name it.
const BINDER: &str = "the helper that keeps namespaces";

/// The helper that binds our namespaces on files: from within new mount or user namespaces the kernel would refuse it.
/// It stays until just before the program runs, to take the mounts back should anything fail.
pub struct Binder {
    channel: Channel,
    keeps: Vec<Keep>,
    /// Its PID, where it is a child of this process.
    child: Option<i32>,
}

impl Binder {
    /// Starts it.
    pub fn start(keeps: Vec<Keep>) -> Result<Binder, Failure> {
        let us = own_pid_in_proc()?;
        let (ours, theirs) = Channel::pair()?;
        match fork().during(|| Attempt::Fork)? {
            Side::Child => {
                drop(ours);
                bind_when_told(&theirs, us, &keeps);
                exit_now(0)
            }
            Side::Parent { child } => Ok(Binder {
                channel: ours,
                keeps,
                child: Some(child),
            }),
        }
    }

    /// Binds all, or none. Errors: those of mount(2), for the first file that it failed with.
    pub fn bind(&self) -> Result<(), Failure> {
        let refused = match self.channel.order(GO) {
            Some(Outcome::Done) => return Ok(()),
            Some(Outcome::Refused { part, errno }) => {
                let keep = self.keeps.get(part as usize);
                keep.map(|keep| (keep.clone(), Errno::from_raw(errno)))
            }
            _ => None,
        };
        Err(match refused {
            Some((Keep { kind, file }, errno)) => Failure::System {
                attempt: Attempt::Keep { kind, file },
                errno,
            },
            None => silent(BINDER),
        })
    }

    /// Says that it is another process's child: this one is a fork of the process that started it.
    pub fn disown(&mut self) {
        self.child = None;
    }

    /// Takes the mounts back.
    pub fn undo(self) {
        self.channel.order(UNDO);
        // There is a failure to report already.
        let _ = self.dismiss();
    }

    /// Ends it, so that the program that we run finds no child that it has never made.
    pub fn dismiss(self) -> Result<(), Failure> {
        drop(self.channel);
        self.child
            .map_or(Ok(()), |child| wait_for_helper(child).map(drop))
    }

    /// Leaves it to a forked child of ours to speak to; returns the PID to wait for when that has ended.
    pub fn leave_to_child(self) -> Option<i32> {
        self.child
    }
}

/// The binder's life.
fn bind_when_told(channel: &Channel, process: i32, keeps: &[Keep]) {
    // A Ctrl-C reaches us as well: between two mounts it would leave one of them behind. We end with the channel.
    let _ = SigSet::all().thread_block();
    let mut bound = 0;
    while let Some([order]) = channel.receive() {
        let outcome = match order {
            GO => bind_all(process, keeps, &mut bound),
            _ => {
                unbind(keeps, &mut bound);
                Outcome::Done
            }
        };
        if channel.send(&outcome.to_bytes()).is_err() {
            // Who does not know that we have bound fails, or has been killed.
            unbind(keeps, &mut bound);
            return;
        }
    }
}

/// Takes back the mounts on the first `bound` files.
fn unbind(keeps: &[Keep], bound: &mut usize) {
    for keep in keeps[..std::mem::take(bound)].iter().rev() {
        let _ = umount2(&keep.file, MntFlags::MNT_DETACH);
    }
}

fn bind_all(process: i32, keeps: &[Keep], bound: &mut usize) -> Outcome {
    for (part, Keep { kind, file }) in (0..).zip(keeps) {
        match mount(
            Some(&namespace_file(process, *kind)),
            file,
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        ) {
            Ok(()) => *bound += 1,
            Err(errno) => {
                unbind(keeps, bound);
                return Outcome::Refused {
                    part,
                    errno: errno as i32,
                };
            }
        }
    }
    Outcome::Done
}

/// The namespace that a process has unshared: for PID and time its own one does not change, its children's does.
fn namespace_file(process: i32, kind: Kind) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/ns/{}", kind.name_for_children()))
}
