//! unshare(2) refused, by which rule.

use super::super::View;
use super::super::ids::unmapped;
use super::super::refusal::{other_refusal, refusers};
use crate::mountinfo::is_mounted;
use crate::namespace::{Kind, KindSet};
use crate::sys::capability::CAP_SYS_ADMIN;

/// The PID namespaces that may be nested, see pid_namespaces(7).
const DEEPEST_PID: usize = 32;

/// unshare(2) without a user namespace: EPERM.
pub fn no_right(view: &View) -> String {
    match view.has_capability(CAP_SYS_ADMIN) {
        Some(true) => other_refusal(view),
        _ => "this needs CAP_SYS_ADMIN: run it as root, or add --user --map-root-user (-r) for a user namespace of \
              one's own"
            .to_string(),
    }
}

/// unshare(2) with a user namespace: EPERM.
pub fn no_user_namespace(view: &View) -> String {
    let privileged = view.has_capability(CAP_SYS_ADMIN) == Some(true);
    if !privileged && view.number("/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        return "kernel.unprivileged_userns_clone is 0: only root may make user namespaces here".to_string();
    }
    if let Some(ids) = unmapped(view) {
        return format!(
            "our {ids} not mapped in the user namespace that we are in (see /proc/self/uid_map and gid_map): make that one \
             with -r, which maps both"
        );
    }
    let mounts = view.mounts();
    if !mounts.is_empty() && !is_mounted(&mounts, "/") {
        return "we are in a chroot: the kernel makes no user namespaces there; enter the root by pivot_root(2) instead"
            .to_string();
    }
    if mounts.is_empty() || view.differ("/proc/1/root", "/") != Some(false) {
        return format!(
            "either we are in a chroot, where the kernel makes no user namespaces, or it is {}",
            refusers(view)
        );
    }
    other_refusal(view)
}

/// Ubuntu 23.10 and later: the user namespace is made, but gives no rights.
pub fn apparmor(view: &View) -> Option<String> {
    if view.number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") != Some(1) {
        return None;
    }
    let profile = view.text("/proc/self/attr/current").unwrap_or_default();
    let under = if profile.is_empty() { String::new() } else { format!(" (we run under '{profile}')") };
    Some(format!(
        "AppArmor takes the rights out of user namespaces that unprivileged programs make{under}: give this binary a \
         profile with 'userns,', or set kernel.apparmor_restrict_unprivileged_userns to 0"
    ))
}

/// unshare(2): ENOSPC.
pub fn limits(kinds: KindSet, view: &View) -> String {
    let values = kinds.iter().filter_map(|kind| {
        let name = format!("user.max_{kind}_namespaces");
        let value = view.number(&format!("/proc/sys/user/max_{kind}_namespaces"))?;
        Some((name, value))
    });
    let values: Vec<_> = values.collect();
    if let Some((name, _)) = values.iter().find(|(_, value)| *value == 0) {
        return format!("{name} is 0: no such namespace may be made here");
    }
    let depth = view.status("NSpid").map_or(0, |pids| pids.split_whitespace().count());
    if kinds.contains(Kind::Pid) && depth >= DEEPEST_PID {
        return format!("PID namespaces may be nested {DEEPEST_PID} deep, and we are in number {depth}");
    }
    let values: Vec<_> = values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let nesting = match (kinds.contains(Kind::User), kinds.contains(Kind::Pid)) {
        (true, _) => "; or user namespaces are nested too deep (about 32)",
        (false, true) => "; or PID namespaces are nested too deep (32)",
        _ => "",
    };
    format!("a limit is reached, here or in a user namespace around this one: {}{nesting}", values.join(", "))
}

/// unshare(2): EINVAL.
pub fn missing_kinds(kinds: KindSet, view: &View) -> Option<String> {
    let missing = kinds.iter().filter(|kind| !view.exists(&format!("/proc/self/ns/{kind}")));
    let missing: KindSet = missing.collect();
    if missing.is_empty() || !view.exists("/proc/self/ns") {
        return None;
    }
    Some(format!("this kernel has no {missing} namespaces"))
}
