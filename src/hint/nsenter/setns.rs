//! setns(2) refused, by which rule.

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::fstat;

use super::super::View;
use super::super::refusal::other_refusal;
use super::Situation;
use crate::namespace::Kind;
use crate::sys::capability::{CAP_SYS_ADMIN, CAP_SYS_CHROOT};
use crate::sys::nsfs;

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
    let Some(target) = situation.target.filter(|_| situation.of_target.contains(kind)) else {
        return Owner::Unknown;
    };
    let Some(file) = view.follow(&format!("/proc/{target}/ns/{kind}"), OFlag::O_RDONLY) else {
        return Owner::Unknown;
    };
    match nsfs::owner(file) {
        Ok(owner) => match fstat(owner) {
            Ok(stat) if view.link("/proc/self/ns/user") == Some(format!("user:[{}]", stat.st_ino)) => Owner::OurOwn,
            Ok(stat) => Owner::Other(stat.st_ino),
            Err(_) => Owner::Unknown,
        },
        Err(Errno::EPERM) => Owner::OutOfSight,
        Err(_) => Owner::Unknown,
    }
}

/// setns(2): EPERM.
pub fn not_permitted(kind: Kind, situation: &Situation, view: &View) -> String {
    if kind == Kind::User {
        // Its owner, which is its parent, can be seen from above only.
        let is_below = matches!(owner(kind, situation, view), Owner::OurOwn | Owner::Other(_));
        if is_below && view.has_capability(CAP_SYS_ADMIN) == Some(true) {
            return other_refusal(view);
        }
        return "a user namespace is entered by root or by its owner, from the one around it: it belongs to another \
                user, or to a namespace beside ours"
            .to_string();
    }
    let holds = |capability| view.has_capability(capability);
    let admin = holds(CAP_SYS_ADMIN);
    let chroot = match kind {
        Kind::Mount => holds(CAP_SYS_CHROOT),
        _ => Some(true),
    };
    if (admin, chroot) == (Some(true), Some(false)) {
        return "a mount namespace is entered with CAP_SYS_CHROOT as well as CAP_SYS_ADMIN, and we lack CAP_SYS_CHROOT"
            .to_string();
    }
    let entering_user = situation.kinds.contains(Kind::User);
    match owner(kind, situation, view) {
        // Rights that we have where we are hold in all user namespaces below as well.
        Owner::OurOwn | Owner::Other(_) if (admin, chroot) == (Some(true), Some(true)) => other_refusal(view),
        Owner::OurOwn if admin == Some(false) => {
            let lacking = match chroot {
                Some(false) => "CAP_SYS_ADMIN and CAP_SYS_CHROOT",
                _ => "CAP_SYS_ADMIN",
            };
            format!("the {kind} namespace belongs to the user namespace that we are in, where we lack {lacking}")
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
            format!("the {kind} namespace belongs to a user namespace outside of ours, over which we have no rights")
        }
        Owner::Unknown if entering_user => format!(
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
pub fn not_valid(kind: Kind, situation: &Situation, view: &View) -> Option<String> {
    let targets = situation.target.filter(|_| situation.of_target.contains(kind));
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
