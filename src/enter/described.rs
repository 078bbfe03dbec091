//! Steps in words, for readers of a plan: the call, and what it is there for.

use std::fmt;

use super::setting::{Join, NewFilesystem, Setgroups};
use super::step::Step;
use crate::error::Shown;
use crate::ids::map;

impl Step {
    /// What it does, in one line.
    pub fn described(&self) -> Described<'_> {
        Described(self)
    }
}

/// A step that displays as what it does.
pub struct Described<'s>(&'s Step);

const STANDARD: [&str; 3] = ["input", "output", "error"];

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Step::Plain(plain) => plain.describe(f),
            Step::SetStandard(number, what) => {
                write!(f, "make {what} standard {}", STANDARD.get(usize::from(*number)).unwrap_or(&"error"))
            }
            Step::DefaultChildSignal => write!(f, "give SIGCHLD its default"),
            Step::SetDumpable(true) => write!(f, "keep our files in /proc ours (PR_SET_DUMPABLE)"),
            Step::SetDumpable(false) => write!(f, "let nobody inside trace us (PR_SET_DUMPABLE)"),
            Step::StartBinder(keep) => {
                let files: Vec<_> = keep.iter().map(|keep| format!("{} on {}", keep.kind, keep.file.shown())).collect();
                write!(f, "start the helper that keeps {}", files.join(", "))
            }
            Step::StartMapper(_) => write!(f, "start the helper that writes id maps"),
            Step::Unshare(kinds) => write!(f, "unshare {kinds}"),
            Step::ReleaseMapper => write!(f, "have the helper write the id maps"),
            Step::OffsetClock(clock, seconds) => write!(f, "set the {} clock {seconds} s ahead", clock.name()),
            Step::SetClock(clock, seconds) => write!(f, "set the {} clock to {seconds} s", clock.name()),
            Step::RememberParent => write!(f, "take a pidfd of this process for its child"),
            Step::OpenStatus(fd) => write!(f, "take descriptor {fd} to report on the program"),
            Step::OpenChannel => write!(f, "open a channel between the parent and those inside"),
            Step::Fork(_) => write!(f, "fork: the child goes on, and the parent waits for it"),
            Step::Bind => write!(f, "have the helper bind the namespaces on their files"),
            Step::DieWithParent(signal) => write!(f, "die with the parent, by signal {}", signal.0),
            Step::MapOwnId(ids, line) => write!(f, "write {} to {}", map::text(&[*line]).trim_end(), ids.map_file()),
            Step::Setgroups(Setgroups::Allow) => write!(f, "allow setgroups"),
            Step::Setgroups(Setgroups::Deny) => write!(f, "deny setgroups"),
            Step::Propagate(how, at) => {
                write!(f, "make the mounts from {} on {}", at.shown(), how.flag().map_or("unchanged", |(_, word)| word))
            }
            Step::MakePrivateIfMounted(at) => write!(f, "make {} private, if it is a mount point", at.shown()),
            Step::MountProc(on) => write!(f, "mount proc on {}", on.shown()),
            Step::MountSys(on) => write!(f, "mount sysfs on {}", on.shown()),
            Step::MountBinfmt(on) => write!(f, "mount binfmt_misc on {}", on.shown()),
            Step::RegisterInterpreter { interpreter, .. } => write!(f, "register {}", interpreter.shown()),
            Step::CloneTree(tree) => write!(f, "copy the mount tree of {}", tree.path().shown()),
            Step::OpenRoot(root) => write!(f, "open {}, which places of mounts start from", root.path().shown()),
            Step::BindRoot(root) => write!(f, "bind {} on itself", root.path().shown()),
            Step::AttachTree { tree, on, read_only } => {
                let read_only = if *read_only { ", read-only" } else { "" };
                write!(f, "attach the copy of {} to {}{read_only}", tree.path().shown(), on.path.shown())
            }
            Step::MountNew(filesystem, on) => {
                let mode = match filesystem {
                    NewFilesystem::Tmpfs(mode) => format!(" of mode {mode:o}"),
                    _ => String::new(),
                };
                write!(f, "mount a new {}{mode} on {}", filesystem.name(), on.path.shown())
            }
            Step::FillDevices(at) => write!(f, "fill {} with links and shared memory", at.path.shown()),
            Step::PivotRoot(root) => write!(f, "pivot_root to {}", root.path().shown()),
            Step::Chroot(path) => write!(f, "chroot to {}", path.shown()),
            Step::Chdir(path) => write!(f, "chdir to {}", path.shown()),
            Step::DropGroupsIfPermitted => write!(f, "drop supplementary groups, if that is allowed"),
            Step::JoinTolerant(join) => write!(f, "enter what we may of {}", Joined(join)),
            Step::JoinStrict(join) => write!(f, "enter what is left of {}", Joined(join)),
            Step::OpenDirectory(handle) => write!(f, "open the directory {}", handle.path().shown()),
            Step::ChrootTo(handle) => write!(f, "chroot to {}", handle.path().shown()),
            Step::ChdirTo(handle) => write!(f, "chdir to {}", handle.path().shown()),
            Step::JoinCgroups(cgroups) => {
                let cgroups: Vec<_> = cgroups.iter().map(|cgroup| cgroup.path().shown().to_string()).collect();
                write!(f, "move into the cgroups of {}", cgroups.join(", "))
            }
            Step::DropGroups => write!(f, "drop supplementary groups"),
            Step::SetGidOfTarget => write!(f, "setgid to the group of the target"),
            Step::SetUidOfTarget => write!(f, "setuid to the user of the target"),
            Step::SetContext(_) => write!(f, "set the SELinux context for the program"),
            Step::PrepareTerminal => write!(f, "open our terminal once more"),
            Step::OpenTerminal => write!(f, "open a new terminal"),
            Step::BecomeInit => write!(f, "fork: the child goes on, and this process becomes its init"),
            Step::TakeForeground => write!(f, "take the terminal"),
            Step::ReportStart => write!(f, "report that the program starts"),
            Step::SetOomScore(adjustment) => write!(f, "set oom_score_adj to {adjustment}"),
            Step::SetGroupsIfPermitted(_) => write!(f, "set supplementary groups, if that is allowed"),
            Step::SetGroups(_) => write!(f, "set supplementary groups"),
            Step::SetProfile(profile) => {
                let name = String::from_utf8_lossy(&profile.name);
                write!(f, "set the AppArmor profile {} for the program", name.escape_debug())
            }
        }
    }
}

/// Namespaces that are entered: those of the target by their kinds, the others by their files.
struct Joined<'j>(&'j Join);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Join { of_target, files, .. } = self.0;
        let of_target = (!of_target.is_empty()).then(|| format!("the target's {of_target}"));
        let files = files.iter().map(|(kind, handle)| format!("{kind} of {}", handle.path().shown()));
        let all: Vec<String> = of_target.into_iter().chain(files).collect();
        f.write_str(&all.join(", "))
    }
}
