//! The program's side of --pty: a new terminal of the devpts that is inside, and a session that has it.

use std::ffi::CStr;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::SigmaskHow;
use nix::sys::stat::{SFlag, major, minor};
use nix::sys::statfs::{FsType, fstatfs};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, setpgid, setsid};

use super::state::{Next, Run};
use crate::enter::channel::{Heard, Instruction, News};
use crate::enter::fault::{Fault, Part};
use crate::enter::terminal::{Caller, Outside, WayBack, callers_settings, callers_size, is_typed};
use crate::sys::file::{open_below, open_retrying};
use crate::sys::mask;
use crate::sys::process::Status;
use crate::sys::signal::{SignalNumber, SignalSet};
use crate::sys::stat::{fstat, is_of_type};
use crate::sys::terminal::{
    come_to_foreground, make_controlling, other_side, set_settings, set_size, settings, unlock,
};

/// DEVPTS_SUPER_MAGIC of <linux/magic.h>. (C libraries differ in the integer type of it.)
const DEVPTS: FsType = FsType(0x1cd1);

/// The device number of /dev/ptmx, whatever file system it is in (devices.txt of the kernel).
const PTMX: (u64, u64) = (5, 2);

/// Both sides of a terminal.
struct Pair {
    master: OwnedFd,
    other: OwnedFd,
}

impl Run {
    pub fn prepare_terminal(&mut self) -> nix::Result<()> {
        let directory = |path: &CStr| open_retrying(path, OFlag::O_PATH | OFlag::O_DIRECTORY).ok();
        let caller = Some(Caller::open()?);
        self.outside = Some(Outside { caller, devices: directory(c"/dev"), proc: directory(c"/proc") });
        Ok(())
    }

    /// What the parent outside keeps of it.
    pub fn callers_side(&mut self) -> Option<Caller> {
        self.outside.take().and_then(|outside| outside.caller)
    }

    /// Opens a terminal, hands it to the parent outside, waits until that is ready, and makes it ours: of the session that
    /// begins here, and our standard input, output and error.
    pub fn open_terminal(&mut self) -> Result<Next, Fault> {
        let Some(outside) = self.outside.take() else { return Err(Errno::EBADF.into()) };
        let Some(inside) = self.channel.as_ref().and_then(|channel| channel.inside.as_ref()) else {
            return Err(Errno::EBADF.into());
        };
        let pair = Pair::open(&outside)?;
        pair.set_up();
        let way_back = outside.caller.as_ref().map(Caller::way_back);
        drop(outside);
        let again = other_side(&pair.master)?;
        News::Terminal.tell_with(inside, &[pair.master, again]).map_err(Part::Channel.fault())?;
        if !is_told_to_go(inside) {
            // Our parent has ended, and so does the terminal.
            return Ok(Next::End(Status::FAILURE));
        }
        self.way_back = way_back.map(WayBack::out_of_the_way);
        become_ours(pair.other).map_err(Part::ControllingTerminal.fault())?;
        Ok(Next::Step)
    }

    /// A process group of our own in the foreground of our terminal: the leader of the session can then continue us, and
    /// what is typed is for us alone.
    pub fn take_foreground(&self) -> nix::Result<()> {
        setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
        // The change is made from the background, by the process that comes to the foreground.
        let ttou = SignalSet::of(&[SignalNumber::TTOU]).to_mask();
        let before = mask::change(SigmaskHow::SIG_BLOCK, &ttou)?;
        let done = come_to_foreground();
        mask::change(SigmaskHow::SIG_SETMASK, &before)?;
        done
    }
}

impl Pair {
    /// It begins as our caller's terminal is. Where nobody types, nothing that comes in is printed.
    fn set_up(&self) {
        let known = callers_settings().or_else(|| settings(&self.other).ok());
        if let Some(settings) = known {
            let settings = if is_typed() { settings } else { settings.without_echo() };
            let _ = set_settings(&self.other, &settings);
        }
        if let Some(size) = callers_size() {
            let _ = set_size(&self.other, size);
        }
    }

    /// Of the devpts that is inside, or else of the one outside. Errors: the last refusal.
    fn open(outside: &Outside) -> nix::Result<Pair> {
        let inside = Pair::of(None, c"/dev/ptmx", outside.proc.as_ref());
        match (inside, &outside.devices) {
            (Err(_), Some(devices)) => Pair::of(Some(devices), c"ptmx", outside.proc.as_ref()),
            (inside, _) => inside,
        }
    }

    /// Who is inside may have put anything in its place: a pipe, a device that does something when it is opened. So we
    /// look at it before it is opened, and open what we have looked at.
    fn of(directory: Option<&OwnedFd>, path: &CStr, proc: Option<&OwnedFd>) -> nix::Result<Pair> {
        let directory = directory.map_or(AT_FDCWD, AsFd::as_fd);
        let seen = open_below(directory, path, OFlag::O_PATH)?;
        check_is_ptmx(&seen)?;
        let again = proc.and_then(|proc| {
            let mut own = [0; 32];
            // It fits, with zeros left over.
            let _ = write!(&mut own[..], "self/fd/{}", seen.as_raw_fd());
            open_below(proc, CStr::from_bytes_until_nul(&own).ok()?, OFlag::O_RDWR).ok()
        });
        let master = match again {
            Some(master) => master,
            None => open_below(directory, path, OFlag::O_RDWR)?,
        };
        check_is_ptmx(&master)?;
        unlock(&master)?;
        let other = other_side(&master)?;
        match fstatfs(&other)?.filesystem_type() {
            DEVPTS => Ok(Pair { master, other }),
            _ => Err(Errno::ENODEV),
        }
    }
}

/// Errors: ENODEV if it is anything else.
fn check_is_ptmx(file: &OwnedFd) -> nix::Result<()> {
    let stat = fstat(file)?;
    match is_of_type(&stat, SFlag::S_IFCHR) && (major(stat.st_rdev), minor(stat.st_rdev)) == PTMX {
        true => Ok(()),
        false => Err(Errno::ENODEV),
    }
}

/// Waits until the parent outside says so; false if it is gone.
fn is_told_to_go(inside: &OwnedFd) -> bool {
    loop {
        match Instruction::hear(inside) {
            Heard::Said(Instruction::Go, _) => return true,
            Heard::Closed => return false,
            // What else it says is for who comes after us; nobody has been there to say it for.
            Heard::Said(..) => {}
            Heard::Nothing => drop(poll(&mut [PollFd::new(inside.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE)),
        }
    }
}

fn become_ours(terminal: OwnedFd) -> nix::Result<()> {
    setsid()?;
    make_controlling(&terminal)?;
    retrying(|| dup2_stdin(&terminal))?;
    retrying(|| dup2_stdout(&terminal))?;
    retrying(|| dup2_stderr(&terminal))
}

fn retrying(call: impl Fn() -> nix::Result<()>) -> nix::Result<()> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}
