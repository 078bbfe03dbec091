//! What is said where a step fails.

use std::fmt;
use std::path::Path;

use super::Step;
use crate::error::{Attempt, Shown};

/// The message of its failure, up to the errno text. Where util-linux has a line for that failure, this is that line, because
/// programs read it.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Plain(plain) => plain.fmt(f),
            Step::SetStandard(number, what) => write!(f, "cannot make {what} file descriptor {number}"),
            Step::SetDumpable(_) | Step::RememberParent | Step::DieWithParent(_) => write!(f, "prctl failed"),
            Step::Unshare(_) => write!(f, "unshare failed"),
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
            Step::SetGidOfTarget => write!(f, "setgid failed"),
            Step::SetUidOfTarget => write!(f, "setuid failed"),
            Step::SetContext(_) => write!(f, "cannot set the SELinux context for the program"),
            Step::DefaultChildSignal => Attempt::Signals.fmt(f),
            Step::StartBinder(_) | Step::StartMapper(_) | Step::ReleaseMapper | Step::Bind | Step::OpenChannel => {
                Attempt::Connect.fmt(f)
            }
            Step::ReportStart | Step::JoinCgroups(_) => Attempt::Connect.fmt(f),
            Step::SetOomScore(_) => Attempt::TakeOver("oom_score_adj").fmt(f),
            Step::SetGroupsIfPermitted(_) | Step::SetGroups(_) => Attempt::TakeOver("supplementary groups").fmt(f),
            Step::SetProfile(_) => Attempt::TakeOver("AppArmor profile").fmt(f),
        }
    }
}
