//! --like-target: what the program gets of the target besides namespaces, directories, cgroup and ids, so that it runs as the
//! target does. Everything is read before anything is done, and checked as far as it can be.

use std::fmt;

use nix::errno::Errno;

use super::groups::{Groups, groups};
use super::opened::Opened;
use super::told::Told;
use super::{NsenterRequest, profile};
use crate::enter::setting::{Profile, TargetId};
use crate::enter::target::PinnedTarget;
use crate::error::{Attempt, Failure, LikenessError, ResultExt};
use crate::number::parse_signed;
use crate::proc::rights::Rights;
use crate::proc::{limits, rights, stat};
use crate::sys;
use crate::sys::capability::{CAP_SYS_ADMIN, CapabilitySet};
use crate::sys::file::read_bounded;
use crate::sys::limit::Limit;
use crate::sys::scheduling::io_priority;
use crate::sys::seccomp::{SeccompFilter, filters_of};
use crate::sys::signal::SignalSet;
use crate::sys::tracing::Stopped;

/// In bytes. No other file of /proc that we read here is longer.
const LONGEST: usize = 4096;

/// The umask of a process 1 that has none: engines give this one to what they run beside it.
const USUAL_UMASK: u32 = 0o022;

/// What the program gets of the target. A field that is `None` is as it should be already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Likeness {
    /// The limits whose hard value rises, with our own soft one.
    pub raised: Vec<Limit>,
    /// The limits that differ from ours.
    pub limits: Vec<Limit>,
    /// The nice value.
    pub nice: Option<i32>,
    /// The I/O priority.
    pub io_priority: Option<u32>,
    /// How readily the kernel kills it when memory runs out.
    pub oom_score_adj: Option<i32>,
    /// The processors that it may run on, a bit a processor.
    pub processors: Option<Vec<std::ffi::c_ulong>>,
    /// The supplementary groups.
    pub groups: Option<Groups>,
    /// The bounding set.
    pub bounding: CapabilitySet,
    /// The capabilities that it has before it executes the program.
    pub permitted: CapabilitySet,
    /// Those of them that are effective.
    pub effective: CapabilitySet,
    /// Those that a program of a user other than root keeps.
    pub ambient: CapabilitySet,
    /// The umask.
    pub umask: Option<u32>,
    /// The signals that we ignore, and that the program is not to.
    pub ignored: SignalSet,
    /// The AppArmor profile.
    pub profile: Option<Profile>,
    /// Whether no_new_privs is set.
    pub no_new_privileges: bool,
    /// The seccomp filters, oldest first.
    pub filters: Vec<SeccompFilter>,
    /// Whether TERM is our caller's.
    pub callers_term: bool,
    /// What cannot be had.
    pub not_had: Vec<NotHad>,
}

/// Something of the target that the program does not get, or of ours that it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHad {
    /// The seccomp filter, and why it cannot be read.
    Filter(Errno),
    /// A mode of seccomp in which no program can be started.
    StrictSeccomp,
    /// The kernel does not tell whether no_new_privs is set.
    UnknownNoNewPrivileges,
    /// Our own no_new_privs, which stays.
    OwnNoNewPrivileges,
    /// Our own seccomp filter, which stays.
    OwnFilter,
}

impl fmt::Display for NotHad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotHad::Filter(errno) => {
                let why = match errno {
                    Errno::EPERM | Errno::EACCES => {
                        "reading it needs CAP_SYS_ADMIN outside of all user namespaces, and no filter of our own"
                    }
                    Errno::EIO | Errno::EINVAL | Errno::ENOSYS => {
                        "this kernel does not show it (CONFIG_CHECKPOINT_RESTORE)"
                    }
                    errno => {
                        return write!(f, "the target's seccomp filter is not in force: {}", sys::error_text(*errno));
                    }
                };
                write!(f, "the target's seccomp filter is not in force: {why}")
            }
            NotHad::StrictSeccomp => {
                write!(f, "the target's strict seccomp is not in force: no program can be started under it")
            }
            NotHad::UnknownNoNewPrivileges => {
                write!(f, "this kernel does not tell whether the target has no_new_privs: it is not set")
            }
            NotHad::OwnNoNewPrivileges => write!(f, "our own no_new_privs stays, which the target does not have"),
            NotHad::OwnFilter => write!(f, "our own seccomp filter stays"),
        }
    }
}

/// Reads what --like-target takes over. `request` has the namespaces and ids. Errors: failures to read; the target has a right
/// that we cannot give, or changes while we look.
pub(super) fn read(
    target: &PinnedTarget,
    request: &NsenterRequest,
    opened: &Opened,
    told: Told,
) -> Result<Likeness, Failure> {
    let before = rights_of(target)?;
    let own = own_rights()?;
    let enters_user = request.join.of_target.union(opened.kinds()).contains(crate::namespace::Kind::User);
    let mut likeness = Likeness {
        oom_score_adj: differing(oom_score_adj(target)?),
        nice: differing(nice(target)?),
        io_priority: differing((
            io_priority(target.pid()).attempt(|| Attempt::TakeOver("I/O priority"))?.unwrap_or_default(),
            io_priority(0).attempt(|| Attempt::TakeOver("I/O priority"))?.unwrap_or_default(),
        )),
        processors: differing((before.processors.clone(), own.processors.clone())),
        groups: groups(target, request, opened, told, (&before.groups, &own.groups))?,
        bounding: before.bounding,
        umask: before.umask.map(|umask| if umask == 0 && before.is_first { USUAL_UMASK } else { umask }),
        ignored: own.ignored,
        profile: profile::read(target)?,
        no_new_privileges: before.no_new_privileges.unwrap_or(false),
        callers_term: !told.exact_environment,
        ..Likeness::default()
    };
    likeness.take_limits(target)?;
    likeness.take_capabilities(&before, request.uid, told);
    if !enters_user {
        check_we_have(target.pid(), &likeness, request.capabilities.unwrap_or_default(), &own)?;
    }
    likeness.take_filters(target, &before, &own)?;
    if !is_still(&before, &rights_of(target)?) {
        return Err(LikenessError::Changes(target.pid()).into());
    }
    Ok(likeness)
}

impl Likeness {
    fn take_limits(&mut self, target: &PinnedTarget) -> Result<(), Failure> {
        let theirs = target.read("limits", limits::LONGEST)?;
        let path = std::path::Path::new("/proc/self/limits");
        let ours = read_bounded(path, limits::LONGEST).attempt(|| Attempt::Read(path.into()))?;
        let (Some(theirs), Some(ours)) = (limits::parse(&theirs), limits::parse(&ours)) else {
            return Err(LikenessError::Unclear { pid: target.pid(), file: "limits" }.into());
        };
        for (theirs, ours) in theirs.into_iter().zip(ours).filter(|(theirs, ours)| theirs != ours) {
            if theirs.hard > ours.hard {
                self.raised.push(Limit { soft: ours.soft, ..theirs });
            }
            self.limits.push(theirs);
        }
        Ok(())
    }

    /// A user of another name has the capabilities that a program of theirs would have if the target ran it: none or, root, what
    /// is in the bounding set.
    fn take_capabilities(&mut self, rights: &Rights, uid: Option<TargetId>, told: Told) {
        (self.permitted, self.effective, self.ambient) = match uid {
            Some(TargetId::Number(0)) if told.user => (rights.bounding, rights.bounding, CapabilitySet::EMPTY),
            Some(TargetId::Number(_)) => Default::default(),
            _ if told.preserve_credentials => (rights.permitted, rights.effective, CapabilitySet::EMPTY),
            _ => (rights.permitted, rights.effective, rights.ambient),
        };
    }

    fn take_filters(&mut self, target: &PinnedTarget, rights: &Rights, own: &Rights) -> Result<(), Failure> {
        if own.seccomp != 0 {
            self.not_had.push(NotHad::OwnFilter);
        }
        match rights.no_new_privileges {
            None => self.not_had.push(NotHad::UnknownNoNewPrivileges),
            Some(false) if own.no_new_privileges == Some(true) => self.not_had.push(NotHad::OwnNoNewPrivileges),
            _ => {}
        }
        match rights.seccomp {
            0 => {}
            1 => self.not_had.push(NotHad::StrictSeccomp),
            _ => match read_filters(target, own) {
                Ok(filters) if rights.filters.is_some_and(|count| count != filters.len()) => {
                    return Err(LikenessError::Changes(target.pid()).into());
                }
                Ok(filters) => self.filters = filters,
                // Whoever is traced could choose so that its filter is left out.
                Err(Errno::EPERM) if is_traced(target)? => return Err(LikenessError::IsTraced(target.pid()).into()),
                Err(
                    errno @ (Errno::EPERM
                    | Errno::EACCES
                    | Errno::EIO
                    | Errno::EINVAL
                    | Errno::ENOSYS
                    | Errno::EMEDIUMTYPE),
                ) => self.not_had.push(NotHad::Filter(errno)),
                Err(errno) => return Err(Failure::System { attempt: Attempt::ReadFilter(target.pid()), errno }),
            },
        }
        Ok(())
    }
}

/// The process stands still meanwhile.
fn read_filters(target: &PinnedTarget, own: &Rights) -> nix::Result<Vec<SeccompFilter>> {
    // The kernel would refuse it after we had stopped the process.
    if own.seccomp != 0 || CapabilitySet::EMPTY.with(CAP_SYS_ADMIN).intersection(own.effective).is_empty() {
        return Err(Errno::EACCES);
    }
    let stopped = Stopped::new(target.pid(), || target.alive())?;
    filters_of(&stopped)
}

fn is_traced(target: &PinnedTarget) -> Result<bool, Failure> {
    let status = target.read("status", rights::LONGEST)?;
    Ok(crate::proc::status::field(&status, "TracerPid").is_some_and(|tracer| tracer != b"0"))
}

fn rights_of(target: &PinnedTarget) -> Result<Rights, Failure> {
    let status = target.read("status", rights::LONGEST)?;
    // Of a process that has ended, it says little.
    target.check_alive()?;
    Rights::parse(&status).ok_or(LikenessError::Unclear { pid: target.pid(), file: "status" }.into())
}

fn own_rights() -> Result<Rights, Failure> {
    let path = std::path::Path::new("/proc/self/status");
    let status = read_bounded(path, rights::LONGEST).attempt(|| Attempt::Read(path.into()))?;
    let unclear = LikenessError::Unclear { pid: std::process::id() as i32, file: "status" };
    Rights::parse(&status).ok_or(unclear.into())
}

/// Whether what we have read of it all belongs together. What is effective and ignored, and where it may run, changes in
/// passing.
fn is_still(before: &Rights, after: &Rights) -> bool {
    let processors = before.processors.clone();
    let passing = Rights { effective: before.effective, ignored: before.ignored, processors, ..after.clone() };
    *before == passing
}

/// Without a new user namespace, nothing that we lack can be given, unless it is dropped.
fn check_we_have(pid: i32, likeness: &Likeness, dropped: CapabilitySet, own: &Rights) -> Result<(), LikenessError> {
    let bounding = likeness.bounding.difference(dropped).difference(own.bounding);
    let permitted = likeness.permitted.difference(dropped).difference(own.permitted);
    match [bounding, permitted].into_iter().find(|lacking| !lacking.is_empty()) {
        None => Ok(()),
        Some(lacking) => Err(LikenessError::LacksCapabilities { pid, names: lacking.names() }),
    }
}

/// The first of them, if the other one, which is ours, is not the same.
fn differing<T: PartialEq>((theirs, ours): (T, T)) -> Option<T> {
    (theirs != ours).then_some(theirs)
}

/// Of the target and of ourselves.
fn oom_score_adj(target: &PinnedTarget) -> Result<(i32, i32), Failure> {
    both(target, "oom_score_adj", |text| parse_signed(text.trim_ascii()))
}

/// Of the target and of ourselves.
fn nice(target: &PinnedTarget) -> Result<(i32, i32), Failure> {
    both(target, "stat", stat::nice)
}

/// What a file of /proc says of the target and of ourselves.
fn both<T>(target: &PinnedTarget, file: &'static str, parse: impl Fn(&[u8]) -> Option<T>) -> Result<(T, T), Failure> {
    let path = std::path::Path::new("/proc/self").join(file);
    let theirs = target.read(file, LONGEST)?;
    let ours = read_bounded(&path, LONGEST).attempt(|| Attempt::Read(path.clone()))?;
    match (parse(&theirs), parse(&ours)) {
        (Some(theirs), Some(ours)) => Ok((theirs, ours)),
        _ => Err(LikenessError::Unclear { pid: target.pid(), file }.into()),
    }
}
