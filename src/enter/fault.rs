//! A failure while a plan is carried out, described without allocating: the child of a process with several threads
//! must not allocate, and sends it to its parent as a few bytes.

use nix::errno::Errno;

use crate::namespace::Kind;
use crate::sys::capability::CapabilityCall;
use crate::sys::process::Status;
use crate::sys::signal::SignalNumber;

/// What went wrong at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The main call of the step failed.
    Refused(Errno),
    /// Another call of the step failed, or one of several.
    Part(Part, Errno),
    /// A helper process has ended before it had done its job.
    Ended(HelperPart, Option<Status>),
}

/// A part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The one with this number: of several files, maps or cgroups.
    Number(u32),
    /// Signal masks and dispositions.
    Signals,
    /// sigprocmask(2), before a fork.
    BlockSignals,
    /// sigprocmask(2), in the child.
    RestoreSignals,
    /// open(2), for writing, of a file in our own /proc directory.
    OpenSetting,
    /// read(2) of it.
    ReadSetting,
    /// socket(2) by which a network device is configured.
    ControlSocket,
    /// fchdir(2) to the new root directory.
    ChdirToRootHandle,
    /// chdir(2) to `/` in it.
    ChdirToRoot,
    /// fchdir(2) failed because the file is not a directory.
    NoDirectory,
    /// capget(2), capset(2) or prctl(2).
    Capabilities(CapabilityCall),
    /// execve(2) of newuidmap or newgidmap for the map with this number; whether an executable file of that name
    /// exists.
    MapProgram {
        /// The number.
        map: u32,
        /// Whether there is such a file.
        found: bool,
    },
    /// fork(2).
    Fork,
    /// The channel to a helper.
    Channel,
    /// waitid(2) for this process.
    Wait(i32),
    /// Opening our own directory in /proc.
    OwnDirectory,
    /// Reading where /proc/self leads.
    OwnPid,
    /// Finding the target, or that it has ended.
    Target,
    /// The ids of the target.
    TargetIds,
    /// Opening the target's namespace of this kind.
    TargetFile(Kind),
    /// setns(2) into a namespace of this kind.
    Namespace(Kind),
    /// setuid(2) or setgid(2) with this id.
    Id(u32),
    /// Making a new terminal that of the program: setsid(2), TIOCSCTTY, dup2(2).
    ControllingTerminal,
    /// read(2) of our caller's standard input.
    Input,
    /// write(2) to our caller's standard output.
    Output,
}

/// As [`crate::error::Helper`], with the number of the map instead of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelperPart {
    /// Binds namespaces on files.
    Binder,
    /// Writes id maps.
    Mapper,
    /// newuidmap(1) or newgidmap(1), for the map with this number.
    MapProgram(u32),
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Fault {
        Fault::Refused(errno)
    }
}

impl Part {
    /// Turns the errno of a call into the fault that says which part of a step it was: `call.map_err(Part::Fork.fault())`.
    pub fn fault(self) -> impl Fn(Errno) -> Fault {
        move |errno| Fault::Part(self, errno)
    }
}

impl Fault {
    /// The exit status that tells of this failure of the program to start, see [`crate::error::Failure::status`].
    pub fn status_of_program(self) -> Status {
        match self {
            Fault::Refused(Errno::ENOENT) => Status::Exited(127),
            Fault::Refused(_) => Status::Exited(126),
            _ => Status::FAILURE,
        }
    }
}

/// How many bytes a fault takes.
pub const LENGTH: usize = 12;

impl Fault {
    /// As bytes: a tag, what belongs to it, and the errno or the status.
    pub fn to_bytes(self) -> [u8; LENGTH] {
        let (tag, more, number) = match self {
            Fault::Refused(errno) => (0, 0, errno as i32),
            Fault::Part(part, errno) => {
                let (tag, more) = part.to_numbers();
                (tag, more, errno as i32)
            }
            Fault::Ended(helper, ending) => {
                let (kind, map) = match helper {
                    HelperPart::Binder => (0, 0),
                    HelperPart::Mapper => (1, 0),
                    HelperPart::MapProgram(map) => (2, map),
                };
                let (sort, number) = match ending {
                    None => (0, 0),
                    Some(Status::Exited(status)) => (1, i32::from(status)),
                    Some(Status::Killed(signal)) => (2, signal.0),
                };
                (100 + 10 * kind + sort, map as i32, number)
            }
        };
        let mut bytes = [0; LENGTH];
        for (place, number) in bytes.chunks_exact_mut(4).zip([tag, more, number]) {
            place.copy_from_slice(&i32::to_ne_bytes(number));
        }
        bytes
    }

    /// From bytes; `None` if they are not those of a fault.
    pub fn from_bytes(bytes: [u8; LENGTH]) -> Option<Fault> {
        let word = |at: usize| i32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let (tag, more, number) = (word(0), word(4), word(8));
        if tag == 0 {
            return Some(Fault::Refused(Errno::from_raw(number)));
        }
        if tag < 100 {
            return Some(Fault::Part(Part::from_numbers(tag, more)?, Errno::from_raw(number)));
        }
        let helper = match (tag - 100) / 10 {
            0 => HelperPart::Binder,
            1 => HelperPart::Mapper,
            2 => HelperPart::MapProgram(more as u32),
            _ => return None,
        };
        let ending = match tag % 10 {
            0 => None,
            1 => Some(Status::Exited(u8::try_from(number).ok()?)),
            _ => Some(Status::Killed(SignalNumber(number))),
        };
        Some(Fault::Ended(helper, ending))
    }
}

impl Part {
    fn to_numbers(self) -> (i32, i32) {
        match self {
            Part::Number(number) => (1, number as i32),
            Part::Signals => (2, 0),
            Part::Fork => (3, 0),
            Part::Channel => (4, 0),
            Part::Wait(pid) => (5, pid),
            Part::OwnDirectory => (6, 0),
            Part::OwnPid => (7, 0),
            Part::Target => (8, 0),
            Part::TargetIds => (9, 0),
            Part::TargetFile(kind) => (10, kind as i32),
            Part::Namespace(kind) => (11, kind as i32),
            Part::Id(id) => (12, id as i32),
            Part::BlockSignals => (13, 0),
            Part::RestoreSignals => (14, 0),
            Part::OpenSetting => (15, 0),
            Part::ChdirToRootHandle => (16, 0),
            Part::ChdirToRoot => (17, 0),
            Part::NoDirectory => (18, 0),
            Part::Capabilities(call) => (19, call as i32),
            Part::ControlSocket => (22, 0),
            Part::ReadSetting => (23, 0),
            Part::ControllingTerminal => (24, 0),
            Part::Input => (25, 0),
            Part::Output => (26, 0),
            Part::MapProgram { map, found } => (20 + i32::from(found), map as i32),
        }
    }

    fn from_numbers(tag: i32, more: i32) -> Option<Part> {
        let kind = || Kind::ALL.get(usize::try_from(more).ok()?).copied();
        Some(match tag {
            1 => Part::Number(more as u32),
            2 => Part::Signals,
            3 => Part::Fork,
            4 => Part::Channel,
            5 => Part::Wait(more),
            6 => Part::OwnDirectory,
            7 => Part::OwnPid,
            8 => Part::Target,
            9 => Part::TargetIds,
            10 => Part::TargetFile(kind()?),
            11 => Part::Namespace(kind()?),
            12 => Part::Id(more as u32),
            13 => Part::BlockSignals,
            14 => Part::RestoreSignals,
            15 => Part::OpenSetting,
            16 => Part::ChdirToRootHandle,
            17 => Part::ChdirToRoot,
            18 => Part::NoDirectory,
            19 => Part::Capabilities(CapabilityCall::ALL.into_iter().find(|call| *call as i32 == more)?),
            20 | 21 => Part::MapProgram { map: more as u32, found: tag == 21 },
            22 => Part::ControlSocket,
            23 => Part::ReadSetting,
            24 => Part::ControllingTerminal,
            25 => Part::Input,
            26 => Part::Output,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_comes_out_of_its_bytes() {
        let parts = [
            Part::Number(u32::MAX),
            Part::Signals,
            Part::Fork,
            Part::Channel,
            Part::Wait(4711),
            Part::OwnDirectory,
            Part::OwnPid,
            Part::Target,
            Part::TargetIds,
            Part::TargetFile(Kind::Time),
            Part::Namespace(Kind::Mount),
            Part::Id(u32::MAX),
            Part::BlockSignals,
            Part::RestoreSignals,
            Part::OpenSetting,
            Part::ControlSocket,
            Part::ReadSetting,
            Part::ControllingTerminal,
            Part::Input,
            Part::Output,
            Part::ChdirToRootHandle,
            Part::ChdirToRoot,
            Part::NoDirectory,
            Part::Capabilities(CapabilityCall::Ambient),
            Part::Capabilities(CapabilityCall::Bounding),
            Part::MapProgram { map: 1, found: false },
            Part::MapProgram { map: 0, found: true },
        ];
        let endings = [None, Some(Status::Exited(255)), Some(Status::Killed(SignalNumber(9)))];
        let helpers = [HelperPart::Binder, HelperPart::Mapper, HelperPart::MapProgram(1)];
        let ended = helpers.into_iter().flat_map(|helper| endings.map(|ending| Fault::Ended(helper, ending)));
        let refused = [Fault::Refused(Errno::EPERM)].into_iter();
        for fault in refused.chain(parts.map(|part| Fault::Part(part, Errno::ENOSPC))).chain(ended) {
            assert_eq!(Fault::from_bytes(fault.to_bytes()), Some(fault));
        }
        assert_eq!(Fault::from_bytes([0xff; LENGTH]), None);
        let [a, b, c, d] = i32::to_ne_bytes(10);
        assert_eq!(Fault::from_bytes([a, b, c, d, 99, 0, 0, 0, 1, 0, 0, 0]), None);
    }
}
