//! nsenter's hints.

use std::ffi::CStr;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::fstat;

use super::{View, not_of_proc};
use crate::enter::environment;
use crate::enter::nsenter::Request;
use crate::error::{Attempt, Failure};
use crate::namespace::{Kind, KindSet};
use crate::sys::capability::CAP_SYS_ADMIN;
use crate::sys::file::NOT_PROC;
use crate::sys::nsfs;

/// What was asked for, as far as it may be the reason for a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    /// The target, if there is one.
    pub target: Option<i32>,
    /// The namespaces that are entered.
    pub kinds: KindSet,
    /// Those of them that are the target's.
    pub of_target: KindSet,
    /// Where the program is looked for.
    pub path: Option<String>,
}

impl Situation {
    /// That of a request.
    pub fn of(request: &Request, target: Option<i32>, environment: &[&CStr]) -> Situation {
        let path = match &request.environment {
            None => environment::value(environment, b"PATH").map(<[u8]>::to_vec),
            Some(entries) => {
                let entries: Vec<&CStr> = entries.iter().map(AsRef::as_ref).collect();
                environment::value(&entries, b"PATH").map(<[u8]>::to_vec)
            }
        };
        Situation {
            target,
            kinds: request.of_target.union(request.of_files),
            of_target: request.of_target,
            path: path.map(|path| String::from_utf8_lossy(&path).into_owned()),
        }
    }
}

/// A note before the program runs where the target is probably not the process that was meant: `unshare --fork` itself
/// stays outside of the PID namespace that it has made for its child.
pub fn target_stays_outside(situation: &Situation, view: &View) -> Option<String> {
    let target = situation
        .target
        .filter(|_| situation.of_target.contains(Kind::Pid))?;
    let link = |path: &str| view.link(path);
    let own = link("/proc/self/ns/pid")?;
    let theirs = link(&format!("/proc/{target}/ns/pid"))?;
    let childrens = link(&format!("/proc/{target}/ns/pid_for_children"))?;
    (theirs == own && childrens != own).then(|| {
        format!(
            "process {target} is in our own PID namespace, only its children are in {childrens}: one of those is \
             probably meant (pgrep -P {target})"
        )
    })
}

/// The hint for a failure of nsenter.
pub fn hint(failure: &Failure, situation: &Situation, view: &View) -> Option<String> {
    match failure {
        Failure::System { attempt, errno } => system(attempt, *errno, situation, view),
        Failure::Program {
            errno: Errno::ENOENT,
            ..
        } if situation.kinds.contains(Kind::Mount) => Some(format!(
            "it was looked for inside the file system of the mount namespace that was entered, with PATH={}",
            situation.path.as_deref().unwrap_or("/bin:/usr/bin")
        )),
        _ => None,
    }
}

fn system(attempt: &Attempt, errno: Errno, situation: &Situation, view: &View) -> Option<String> {
    match (attempt, errno) {
        (Attempt::Enter(kinds), errno) => {
            let kind = kinds.iter().next()?;
            match errno {
                Errno::EPERM => Some(not_permitted(kind, situation, view)),
                Errno::EINVAL => not_valid(kind, situation, view),
                _ => None,
            }
        }
        (Attempt::Open(path) | Attempt::Read(path), Errno::EACCES | Errno::EPERM) if path.starts_with("/proc") => {
            let target = situation.target?;
            Some(format!(
                "process {target} may be looked into only by its own user, while it is not protected, or with \
                 CAP_SYS_PTRACE over it"
            ))
        }
        (Attempt::OpenSocketNamespace { pid, fd }, Errno::EPERM) => Some(format!(
            "taking descriptor {fd} needs the right to trace process {pid} (CAP_SYS_PTRACE), its network namespace \
             CAP_NET_ADMIN"
        )),
        (Attempt::FindProcess(pid), Errno::ESRCH) => Some(no_such_process(*pid, view)),
        (Attempt::DropGroups, Errno::EPERM) if situation.kinds.contains(Kind::User) => {
            Some("the user namespace denies setgroups(2): keep groups, user and group as they are with \
                  --preserve-credentials"
                .to_string())
        }
        (Attempt::SetContext, NOT_PROC) => Some(not_of_proc()),
        (Attempt::SetUid(_) | Attempt::SetGid(_), Errno::EINVAL) => Some(
            "the id is not mapped in the user namespace (see its uid_map and gid_map): choose one that is with -S and -G, \
             or --preserve-credentials"
                .to_string(),
        ),
        _ => None,
    }
}

/// Who owns the target's namespace, as far as it can be seen.
enum Owner {
    /// The user namespace that we are in.
    OurOwn,
    /// This one.
    Other(u64),
    /// One that is none of ours to see: it is no descendant of our own.
    OutOfSight,
    Unknown,
}

fn owner(kind: Kind, situation: &Situation, view: &View) -> Owner {
    let Some(target) = situation
        .target
        .filter(|_| situation.of_target.contains(kind))
    else {
        return Owner::Unknown;
    };
    let Some(file) = view.follow(&format!("/proc/{target}/ns/{kind}"), OFlag::O_RDONLY) else {
        return Owner::Unknown;
    };
    match nsfs::owner(file) {
        Ok(owner) => match fstat(owner) {
            Ok(stat)
                if view.link("/proc/self/ns/user") == Some(format!("user:[{}]", stat.st_ino)) =>
            {
                Owner::OurOwn
            }
            Ok(stat) => Owner::Other(stat.st_ino),
            Err(_) => Owner::Unknown,
        },
        Err(Errno::EPERM) => Owner::OutOfSight,
        Err(_) => Owner::Unknown,
    }
}

/// setns(2): EPERM.
fn not_permitted(kind: Kind, situation: &Situation, view: &View) -> String {
    if kind == Kind::User {
        return "a user namespace is entered by root or by its owner, from the one around it: it belongs to another \
                user, or to a namespace beside ours"
            .to_string();
    }
    let entering_user = situation.kinds.contains(Kind::User);
    match owner(kind, situation, view) {
        Owner::OurOwn if view.has_capability(CAP_SYS_ADMIN) == Some(false) => {
            format!(
                "the {kind} namespace belongs to the user namespace that we are in, where we lack CAP_SYS_ADMIN"
            )
        }
        Owner::Other(ino) if !entering_user => format!(
            "the {kind} namespace belongs to user:[{ino}], which is not entered: add --user, or --user-parent if no \
             process is in it"
        ),
        Owner::Other(ino) => format!(
            "the {kind} namespace belongs to user:[{ino}], which is not the one that was entered: add --user-parent \
             instead of --user"
        ),
        Owner::OutOfSight => {
            format!(
                "the {kind} namespace belongs to a user namespace outside of ours, over which we have no rights"
            )
        }
        Owner::OurOwn | Owner::Unknown if entering_user => format!(
            "the {kind} namespace does not belong to the user namespace that was entered, and we lack CAP_SYS_ADMIN \
             over the one that owns it"
        ),
        Owner::OurOwn | Owner::Unknown => format!(
            "this needs CAP_SYS_ADMIN in the user namespace that owns the {kind} namespace: run it as root or, if that \
             is not our own, enter it too with --user or --user-parent"
        ),
    }
}

/// setns(2): EINVAL.
fn not_valid(kind: Kind, situation: &Situation, view: &View) -> Option<String> {
    let targets = situation
        .target
        .filter(|_| situation.of_target.contains(kind));
    match kind {
        Kind::User => {
            let same = targets.and_then(|target| {
                Some(view.link(&format!("/proc/{target}/ns/user"))? == view.link("/proc/self/ns/user")?)
            });
            match same {
                Some(true) => Some("it is the user namespace that we are in already: leave --user out".to_string()),
                Some(false) => None,
                None => Some(
                    "probably it is the user namespace that we are in already; a process with several threads cannot \
                     enter any"
                        .to_string(),
                ),
            }
        }
        Kind::Pid => Some(
            "a PID namespace can be entered only from itself or from one around it; this one is beside or around ours"
                .to_string(),
        ),
        _ => None,
    }
}

fn no_such_process(pid: i32, view: &View) -> String {
    let own = std::process::id().to_string();
    match view.link("/proc/self") {
        Some(shown) if shown != own => {
            format!(
                "/proc shows another PID namespace than ours: there is no process {pid} in ours"
            )
        }
        _ => format!("no process has the PID {pid} in our PID namespace, or it has ended"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint_for(attempt: Attempt, errno: Errno, situation: &Situation) -> String {
        let view = View::below("/nonexistent");
        super::hint(&Failure::System { attempt, errno }, situation, &view).unwrap_or_default()
    }

    fn entering(kinds: &[Kind]) -> Situation {
        let kinds = kinds.iter().copied().collect();
        Situation {
            target: Some(7),
            kinds,
            of_target: kinds,
            path: None,
        }
    }

    #[test]
    fn where_nothing_can_be_seen_both_causes_are_named() {
        let net = || Attempt::Enter(KindSet::EMPTY.with(Kind::Net));
        let alone = hint_for(net(), Errno::EPERM, &entering(&[Kind::Net]));
        assert!(
            alone.contains("CAP_SYS_ADMIN") && alone.contains("--user-parent"),
            "{alone}"
        );
        let with_user = hint_for(net(), Errno::EPERM, &entering(&[Kind::Net, Kind::User]));
        assert!(
            with_user.starts_with("the net namespace does not belong to the user namespace"),
            "{with_user}"
        );
        let user = hint_for(
            Attempt::Enter(KindSet::EMPTY.with(Kind::User)),
            Errno::EINVAL,
            &entering(&[Kind::User]),
        );
        assert!(
            user.contains("in already") && user.contains("several threads"),
            "{user}"
        );
    }

    #[test]
    fn the_program_is_looked_for_inside() {
        let failure = Failure::Program {
            program: "x".into(),
            errno: Errno::ENOENT,
        };
        let view = View::below("/nonexistent");
        let inside = Situation {
            path: Some("/a:/b".into()),
            ..entering(&[Kind::Mount])
        };
        assert!(
            super::hint(&failure, &inside, &view)
                .unwrap()
                .ends_with("with PATH=/a:/b")
        );
        assert_eq!(super::hint(&failure, &entering(&[Kind::Net]), &view), None);
    }

    #[test]
    fn refused_groups_point_to_preserving_them() {
        let groups = |situation: Situation| hint_for(Attempt::DropGroups, Errno::EPERM, &situation);
        assert!(groups(entering(&[Kind::User])).ends_with("--preserve-credentials"));
        assert_eq!(groups(entering(&[Kind::Net])), "");
    }
}
