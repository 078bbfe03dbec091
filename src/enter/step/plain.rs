//! Plain steps: each is a call or a few, and needs nothing but what it holds. No other step opens anything for it, nothing
//! is prepared for it, and no failure of it is tolerated. This file has everything about one.

use std::ffi::{OsString, c_ulong};
use std::fmt::{self, Display, Formatter};

use nix::sys::prctl::{set_keepcaps, set_no_new_privs};
use nix::sys::stat::{Mode, mode_t, umask};
use nix::unistd::{setgid, sethostname, setsid, setuid};

use crate::enter::fault::Fault;
use crate::enter::run::{capabilities, settings};
use crate::error::{Attempt, Shown};
use crate::sys;
use crate::sys::capability::{CapabilityCall, CapabilitySet};
use crate::sys::limit::Limit;
use crate::sys::seccomp::SeccompFilter;
use crate::sys::signal::SignalSet;

/// What the program, or the namespaces made for it, are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainStep {
    /// No signal is blocked, and SIGPIPE has its default: the Rust runtime ignores it, and programs expect that nobody does.
    ResetSignals,
    /// These signals, which we ignore, to their default, and none blocked.
    HeedSignals(SignalSet),
    /// setsid(2).
    NewSession,
    /// SIOCSIFFLAGS of netdevice(7): the device `lo` is up. The kernel then gives it 127.0.0.1 and ::1.
    BringUpLoopback,
    /// sethostname(2).
    SetHostname(OsString),
    /// setdomainname(2).
    SetDomainname(OsString),
    /// setgid(2).
    SetGid(u32),
    /// setuid(2).
    SetUid(u32),
    /// PR_SET_KEEPCAPS of prctl(2): the next change of user leaves the permitted capabilities.
    RetainCapabilities,
    /// Permitted capabilities into the ambient set.
    KeepCapabilities,
    /// The same, unless the program's user is root: root's program has them anyway.
    KeepCapabilitiesUnlessRoot,
    /// PR_CAPBSET_DROP of prctl(2) for each of these.
    DropBounding {
        /// The capabilities.
        dropped: CapabilitySet,
        /// Whether EPERM does not matter where we are not root: PR_SET_NO_NEW_PRIVS, which comes last, keeps the program of
        /// another user from what the bounding set has left.
        or_no_new_privileges: bool,
    },
    /// capset(2) without these.
    DropCapabilities(CapabilitySet),
    /// capset(2) with these and no others, and PR_CAP_AMBIENT of prctl(2).
    SetCapabilities {
        /// The permitted ones.
        permitted: CapabilitySet,
        /// The effective ones.
        effective: CapabilitySet,
        /// The ambient ones, which are inheritable, too.
        ambient: CapabilitySet,
    },
    /// PR_SET_NO_NEW_PRIVS of prctl(2).
    NoNewPrivileges,
    /// prlimit(2) of each.
    SetLimits(Vec<Limit>),
    /// setpriority(2).
    SetNice(i32),
    /// ioprio_set(2).
    SetIoPriority(u32),
    /// sched_setaffinity(2): a bit a processor.
    SetProcessors(Vec<c_ulong>),
    /// umask(2).
    SetUmask(u32),
    /// seccomp(2) with each of these filters.
    InstallFilters(Vec<SeccompFilter>),
}

impl PlainStep {
    /// Makes its calls. It takes no memory.
    pub(super) fn carry_out(&self) -> Result<(), Fault> {
        match self {
            PlainStep::ResetSignals => sys::signal::reset_for_program()?,
            PlainStep::HeedSignals(ignored) => sys::signal::heed_all(*ignored)?,
            PlainStep::NewSession => drop(setsid()?),
            PlainStep::BringUpLoopback => settings::bring_up_loopback()?,
            PlainStep::SetHostname(name) => sethostname(name)?,
            PlainStep::SetDomainname(name) => sys::uts::set_domainname(name)?,
            PlainStep::SetGid(gid) => setgid((*gid).into())?,
            PlainStep::SetUid(uid) => setuid((*uid).into())?,
            PlainStep::RetainCapabilities => set_keepcaps(true)?,
            PlainStep::KeepCapabilities => capabilities::keep()?,
            PlainStep::KeepCapabilitiesUnlessRoot => capabilities::keep_unless_root()?,
            PlainStep::DropBounding { dropped, or_no_new_privileges } => {
                capabilities::drop_bounding(*dropped, *or_no_new_privileges)?;
            }
            PlainStep::DropCapabilities(dropped) => capabilities::drop(*dropped)?,
            PlainStep::SetCapabilities { permitted, effective, ambient } => {
                capabilities::set(*permitted, *effective, *ambient)?;
            }
            PlainStep::NoNewPrivileges => set_no_new_privs()?,
            PlainStep::SetLimits(limits) => settings::set_limits(limits)?,
            PlainStep::SetNice(nice) => sys::scheduling::set_nice(*nice)?,
            PlainStep::SetIoPriority(priority) => sys::scheduling::set_io_priority(*priority)?,
            PlainStep::SetProcessors(mask) => sys::scheduling::set_processors(mask)?,
            PlainStep::SetUmask(mask) => drop(umask(Mode::from_bits_truncate(*mask as mode_t))),
            PlainStep::InstallFilters(filters) => settings::install_filters(filters)?,
        }
        Ok(())
    }

    /// What it does, in the line of a plan.
    pub fn describe(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            PlainStep::ResetSignals => write!(f, "block no signal, and give SIGPIPE its default"),
            PlainStep::HeedSignals(_) => write!(f, "block and ignore no signal"),
            PlainStep::NewSession => write!(f, "begin a session"),
            PlainStep::BringUpLoopback => write!(f, "bring up the loopback device"),
            PlainStep::SetHostname(name) => write!(f, "set the host name to {}", name.shown()),
            PlainStep::SetDomainname(name) => write!(f, "set the domain name to {}", name.shown()),
            PlainStep::SetGid(gid) => write!(f, "setgid {gid}"),
            PlainStep::SetUid(uid) => write!(f, "setuid {uid}"),
            PlainStep::RetainCapabilities => write!(f, "retain capabilities in the change of user (PR_SET_KEEPCAPS)"),
            PlainStep::KeepCapabilities => write!(f, "keep capabilities (PR_CAP_AMBIENT)"),
            PlainStep::KeepCapabilitiesUnlessRoot => {
                write!(f, "keep capabilities, if the user is not root (PR_CAP_AMBIENT)")
            }
            PlainStep::DropBounding { .. } => write!(f, "drop capabilities from the bounding set"),
            PlainStep::DropCapabilities(_) => write!(f, "drop capabilities"),
            PlainStep::SetCapabilities { .. } => write!(f, "keep the capabilities of the target, and no others"),
            PlainStep::NoNewPrivileges => write!(f, "set no_new_privs"),
            PlainStep::SetLimits(limits) => {
                let names: Vec<_> = limits.iter().map(|limit| limit.name).collect();
                write!(f, "set limits: {}", names.join(", "))
            }
            PlainStep::SetNice(nice) => write!(f, "set the nice value to {nice}"),
            PlainStep::SetIoPriority(priority) => write!(f, "set the I/O priority to {priority}"),
            PlainStep::SetProcessors(_) => write!(f, "run on the processors of the target"),
            PlainStep::SetUmask(mask) => write!(f, "set the umask to {mask:03o}"),
            PlainStep::InstallFilters(filters) => write!(f, "install {} seccomp filters of the target", filters.len()),
        }
    }
}

/// The message of its failure, up to the errno text. Where util-linux has a line for that failure, this is that line, because
/// programs read it.
impl Display for PlainStep {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let of_target = match self {
            PlainStep::ResetSignals | PlainStep::HeedSignals(_) => return Attempt::Signals.fmt(f),
            PlainStep::NewSession => return write!(f, "setsid failed"),
            PlainStep::BringUpLoopback => return write!(f, "cannot bring up the loopback device"),
            PlainStep::SetHostname(_) => return write!(f, "sethostname failed"),
            PlainStep::SetDomainname(_) => return write!(f, "setdomainname failed"),
            PlainStep::SetGid(_) => return write!(f, "setgid failed"),
            PlainStep::SetUid(_) => return write!(f, "setuid failed"),
            PlainStep::RetainCapabilities => return write!(f, "prctl(PR_SET_KEEPCAPS) failed"),
            PlainStep::KeepCapabilities | PlainStep::KeepCapabilitiesUnlessRoot => {
                return Attempt::ChangeCapabilities(CapabilityCall::Ambient).fmt(f);
            }
            PlainStep::DropBounding { .. } => return Attempt::ChangeCapabilities(CapabilityCall::Bounding).fmt(f),
            PlainStep::DropCapabilities(_) => return Attempt::ChangeCapabilities(CapabilityCall::Set).fmt(f),
            PlainStep::NoNewPrivileges => return write!(f, "prctl(PR_SET_NO_NEW_PRIVS) failed"),
            PlainStep::SetCapabilities { .. } => "capabilities",
            PlainStep::SetLimits(_) => "limits",
            PlainStep::SetNice(_) => "nice value",
            PlainStep::SetIoPriority(_) => "I/O priority",
            PlainStep::SetProcessors(_) => "processors",
            PlainStep::SetUmask(_) => "umask",
            PlainStep::InstallFilters(_) => "seccomp filter",
        };
        Attempt::TakeOver(of_target).fmt(f)
    }
}
