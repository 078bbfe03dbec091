//! What is said where a step fails.

use std::fmt;
use std::path::Path;

use super::Step;
use crate::error::{Attempt, Shown};
use crate::sys::capability::CapabilityCall;

/// The message of its failure, up to the errno text. Where util-linux has a line for that failure, this is that line, because
/// programs read it.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::SetStandard(number, what) => write!(f, "cannot make {what} file descriptor {number}"),
            Step::SetDumpable(_) | Step::RememberParent | Step::DieWithParent(_) => write!(f, "prctl failed"),
            Step::Unshare(_) => write!(f, "unshare failed"),
            Step::BringUpLoopback => write!(f, "cannot bring up the loopback device"),
            Step::SetHostname(_) => write!(f, "sethostname failed"),
            Step::SetDomainname(_) => write!(f, "setdomainname failed"),
            Step::OffsetClock(..)
            | Step::SetClock(..)
            | Step::MapOwnId(..)
            | Step::Setgroups(_)
            | Step::RegisterInterpreter { .. } => Attempt::Write(self.path().unwrap_or_default()).fmt(f),
            Step::OpenStatus(fd) => write!(f, "cannot write to file descriptor {fd}"),
            Step::Fork(_) | Step::BecomeInit => Attempt::Fork.fmt(f),
            Step::OpenTerminal => write!(f, "cannot open /dev/ptmx"),
            Step::PrepareTerminal | Step::TakeForeground => Attempt::TakeTerminal.fmt(f),
            Step::Propagate(_, at) | Step::MakePrivateIfMounted(at) if at == Path::new("/") => {
                write!(f, "cannot change root filesystem propagation")
            }
            Step::Propagate(_, at) | Step::MakePrivateIfMounted(at) => {
                write!(f, "cannot change {} filesystem propagation", at.shown())
            }
            Step::MountProc(_)
            | Step::MountSys(_)
            | Step::MountBinfmt(_)
            | Step::AttachTree { .. }
            | Step::MountNew(..)
            | Step::FillDevices(_) => {
                let on = self.mount().map(|(_, on)| on).unwrap_or(Path::new("/"));
                write!(f, "mount {} failed", on.shown())
            }
            Step::CloneTree(tree) => write!(f, "cannot open {}", tree.path().shown()),
            Step::OpenRoot(root) | Step::BindRoot(root) | Step::PivotRoot(root) => {
                write!(f, "cannot change root directory to '{}'", root.path().shown())
            }
            Step::Chroot(path) => write!(f, "cannot change root directory to '{}'", path.shown()),
            Step::Chdir(path) => write!(f, "cannot chdir to '{}'", path.shown()),
            Step::JoinTolerant(join) | Step::JoinStrict(join) => Attempt::Enter(join.kinds()).fmt(f),
            Step::OpenDirectory(_) => write!(f, "cannot open current working directory"),
            Step::ChrootTo(_) => write!(f, "chroot failed"),
            Step::ChdirTo(_) => write!(f, "change directory by working directory file descriptor failed"),
            Step::DropGroupsIfPermitted | Step::DropGroups => write!(f, "setgroups failed"),
            Step::SetGid(_) | Step::SetGidOfTarget => write!(f, "setgid failed"),
            Step::SetUid(_) | Step::SetUidOfTarget => write!(f, "setuid failed"),
            Step::SetContext(_) => write!(f, "cannot set the SELinux context for the program"),
            Step::KeepCapabilities | Step::KeepCapabilitiesUnlessRoot => {
                Attempt::ChangeCapabilities(CapabilityCall::Ambient).fmt(f)
            }
            Step::DropBounding { .. } => Attempt::ChangeCapabilities(CapabilityCall::Bounding).fmt(f),
            Step::DropCapabilities(_) => Attempt::ChangeCapabilities(CapabilityCall::Set).fmt(f),
            Step::RetainCapabilities => write!(f, "prctl(PR_SET_KEEPCAPS) failed"),
            Step::NoNewPrivileges => write!(f, "prctl(PR_SET_NO_NEW_PRIVS) failed"),
            Step::DefaultChildSignal | Step::ResetSignals | Step::HeedSignals(_) => Attempt::Signals.fmt(f),
            Step::NewSession => write!(f, "setsid failed"),
            Step::StartBinder(_) | Step::StartMapper(_) | Step::ReleaseMapper | Step::Bind | Step::OpenChannel => {
                Attempt::Connect.fmt(f)
            }
            Step::ReportStart | Step::JoinCgroups(_) => Attempt::Connect.fmt(f),
            Step::SetLimits(_)
            | Step::SetNice(_)
            | Step::SetIoPriority(_)
            | Step::SetOomScore(_)
            | Step::SetProcessors(_)
            | Step::SetGroupsIfPermitted(_)
            | Step::SetGroups(_)
            | Step::SetCapabilities { .. }
            | Step::SetProfile(_)
            | Step::SetUmask(_)
            | Step::InstallFilters(_) => Attempt::TakeOver(of_target(self)).fmt(f),
        }
    }
}

/// What of the target it takes over.
fn of_target(step: &Step) -> &'static str {
    match step {
        Step::SetLimits(_) => "limits",
        Step::SetNice(_) => "nice value",
        Step::SetIoPriority(_) => "I/O priority",
        Step::SetOomScore(_) => "oom_score_adj",
        Step::SetProcessors(_) => "processors",
        Step::SetGroupsIfPermitted(_) | Step::SetGroups(_) => "supplementary groups",
        Step::SetCapabilities { .. } => "capabilities",
        Step::SetProfile(_) => "AppArmor profile",
        Step::InstallFilters(_) => "seccomp filter",
        Step::SetUmask(_) => "umask",
        _ => "setting",
    }
}
