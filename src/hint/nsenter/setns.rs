//! setns(2) refused, by which rule.

use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::super::SystemView;
use super::super::refusal::other_refusal;
use super::NsenterContext;
use crate::namespace::Kind;
use crate::sys::capability::{CAP_SYS_ADMIN, CAP_SYS_CHROOT};
use crate::sys::nsfs;
use crate::sys::stat::fstat;

/// Who owns the target's namespace, as far as it can be seen.
enum Owner {
    /// The user namespace that we are in.
    OurOwn,
    /// This one.
    Other(u64),
    /// A user namespace that we may not see, because it is not a descendant of our own.
    OutOfSight,
    Unknown,
}

fn owner(kind: Kind, context: &NsenterContext, view: &SystemView) -> Owner {
    let of_target = context.target.filter(|_| context.of_target.contains(kind) && view.shows_our_pids());
    let path = of_target.map(|target| PathBuf::from(format!("/proc/{target}/ns/{kind}")));
    // A relative path may lead elsewhere by now.
    let given = || context.typed.file_of(kind).filter(|path| path.is_absolute()).cloned();
    let file = path.or_else(given).and_then(|path| view.follow(path.to_str()?, OFlag::O_RDONLY));
    let Some(file) = file else {
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
pub fn not_permitted(kind: Kind, context: &NsenterContext, view: &SystemView) -> String {
    if kind == Kind::User {
        // Its owner, which is its parent, is visible only from above.
        let is_below = matches!(owner(kind, context, view), Owner::OurOwn | Owner::Other(_));
        if is_below && view.has_capability(CAP_SYS_ADMIN) == Some(true) {
            return other_refusal(view);
        }
        if matches!(owner(kind, context, view), Owner::OutOfSight) {
            return "this user namespace is around ours or beside it, and only those below ours can be entered: nobody can \
                    go back from a user namespace into the one around it"
                .to_string();
        }
        return "a user namespace is entered by root or by its owner, from the one around it: it belongs to another \
                user, or to a namespace beside ours"
            .to_string();
    }
    let holds = |capability| view.has_capability(capability);
    let admin = holds(CAP_SYS_ADMIN);
    if let Some(hint) = in_it_already(kind, context, view) {
        return hint;
    }
    let chroot = match kind {
        Kind::Mount => holds(CAP_SYS_CHROOT),
        _ => Some(true),
    };
    if (admin, chroot) == (Some(true), Some(false)) {
        return "a mount namespace is entered with CAP_SYS_CHROOT as well as CAP_SYS_ADMIN, and we lack CAP_SYS_CHROOT"
            .to_string();
    }
    let entering_user = context.kinds.contains(Kind::User);
    match owner(kind, context, view) {
        // Our rights in our own user namespace hold in all those below as well.
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

/// The namespace is our own, and we lack the rights over it that setns(2) requires even then.
fn in_it_already(kind: Kind, context: &NsenterContext, view: &SystemView) -> Option<String> {
    let target = context.target.filter(|_| context.of_target.contains(kind) && view.shows_our_pids())?;
    let link = |pid: &str, kind: Kind| view.link(&format!("/proc/{pid}/ns/{kind}"));
    // The kernel refused, so we are still in the namespace that we were in.
    if link("self", kind)? != link(&target.to_string(), kind)? {
        return None;
    }
    let ours = matches!(owner(kind, context, view), Owner::OurOwn | Owner::Other(_));
    if ours && view.has_capability(CAP_SYS_ADMIN) == Some(true) {
        return None;
    }
    let option = kind.long_option();
    Some(format!(
        "process {target} is in our own {kind} namespace, which we lack CAP_SYS_ADMIN to enter again: leave --{option} out"
    ))
}

/// chroot(2): EPERM.
pub fn chroot_refused(context: &NsenterContext, view: &SystemView) -> String {
    let link = |pid: &str| view.link(&format!("/proc/{pid}/ns/user"));
    let another = context
        .target
        .filter(|_| view.shows_our_pids())
        .and_then(|target| Some(link(&target.to_string())? != link("self")?));
    let lacking = "changing the root directory needs CAP_SYS_CHROOT";
    match (view.has_capability(CAP_SYS_CHROOT), another) {
        (Some(true), _) => other_refusal(view),
        (_, Some(true)) => {
            format!("{lacking}, which entering the user namespace of the target gives: add --user")
        }
        _ => format!("{lacking}, which we lack: run it as root"),
    }
}

/// setns(2): EINVAL.
pub fn not_valid(kind: Kind, context: &NsenterContext, view: &SystemView) -> Option<String> {
    let targets = context.target.filter(|_| context.of_target.contains(kind) && view.shows_our_pids());
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
