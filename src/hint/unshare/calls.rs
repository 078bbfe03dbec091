//! unshare(2) refused, by which rule.

use nix::errno::Errno;

use super::super::SystemView;
use super::super::ids::unmapped;
use super::super::refusal::{other_refusal, refusers};
use super::UnshareContext;
use crate::enter::setting::ClockChange;
use crate::namespace::{Kind, KindSet};
use crate::proc::mountinfo::is_mounted;
use crate::sys::capability::{CAP_SYS_ADMIN, CAP_SYS_TIME};

/// The number of PID namespaces that may be nested, see pid_namespaces(7).
const DEEPEST_PID: usize = 32;

/// unshare(2) without a user namespace: EPERM.
pub fn no_right(context: &UnshareContext, view: &SystemView) -> String {
    if context.has(CAP_SYS_ADMIN, view) == Some(true) {
        return other_refusal(view);
    }
    if let Some(ids) = unmapped(view) {
        return unmapped_first(ids);
    }
    let root = context.uid == Some(0);
    if let Some(bar) = bar(context, view).or_else(|| no_more_user_namespaces(view)) {
        let remedy = if root { "which root lacks here" } else { "run it as root" };
        return format!(
            "this needs CAP_SYS_ADMIN: {remedy}; your own user namespace (-r) does not help either, as {bar}"
        );
    }
    if !root {
        return "this needs CAP_SYS_ADMIN: run it as root, or add --map-root-user (-r) to do it in your own user namespace"
            .to_string();
    }
    let doubt = match view.status("Seccomp").as_deref() {
        Some("2") => ", unless the seccomp filter that we run under refuses that as well",
        _ => "",
    };
    format!(
        "we are root, but without CAP_SYS_ADMIN, as in a container or a service: give it that right (docker run --cap-add \
         SYS_ADMIN), or add --map-root-user (-r) to do it in your own user namespace{doubt}"
    )
}

/// Why nobody can make a user namespace; `None` if we know no reason.
fn bar(context: &UnshareContext, view: &SystemView) -> Option<String> {
    let privileged = context.has(CAP_SYS_ADMIN, view) == Some(true);
    if !privileged && view.number("/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        return Some("kernel.unprivileged_userns_clone is 0: only root may make user namespaces here".to_string());
    }
    let mounts = view.mounts();
    (!mounts.is_empty() && !is_mounted(&mounts, "/")).then(|| {
        "we are in a chroot: the kernel makes no user namespaces there; enter the root by pivot_root(2) instead"
            .to_string()
    })
}

/// The limit on namespaces. unshare(2) has a separate error for it.
fn no_more_user_namespaces(view: &SystemView) -> Option<String> {
    let none = view.number("/proc/sys/user/max_user_namespaces") == Some(0);
    none.then(|| limits(KindSet::EMPTY.with(Kind::User), view))
}

fn unmapped_first(ids: &str) -> String {
    format!(
        "our {ids} not mapped in the user namespace that we are in (see /proc/self/uid_map and gid_map): make that one with \
         -r, which maps both"
    )
}

/// unshare(2) with a user namespace: EPERM.
pub fn no_user_namespace(context: &UnshareContext, view: &SystemView) -> String {
    if let Some(ids) = unmapped(view) {
        return unmapped_first(ids);
    }
    if let Some(bar) = bar(context, view) {
        return bar;
    }
    if view.mounts().is_empty() || view.differ("/proc/1/root", "/") != Some(false) {
        return format!(
            "either we are in a chroot, where the kernel makes no user namespaces, or it is {}",
            refusers(view)
        );
    }
    other_refusal(view)
}

/// Ubuntu 23.10 and later: the user namespace is made, but gives no rights.
pub fn apparmor(view: &SystemView) -> Option<String> {
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
pub fn limits(kinds: KindSet, view: &SystemView) -> String {
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
pub fn not_valid(kinds: KindSet, view: &SystemView) -> Option<String> {
    let missing = kinds.iter().filter(|kind| !view.exists(&format!("/proc/self/ns/{kind}")));
    let missing: KindSet = missing.collect();
    if !missing.is_empty() && view.exists("/proc/self/ns") {
        return Some(format!("this kernel has no {missing} namespaces"));
    }
    if kinds.contains(Kind::User) {
        let threads: usize = view.status("Threads").and_then(|threads| threads.parse().ok()).unwrap_or(1);
        if threads > 1 {
            return Some(format!(
                "we have {threads} threads, and the kernel makes a user namespace for a process with one alone: an emulator \
                 (qemu-user) or a tracer has added some"
            ));
        }
        // As Linux 3.10 of RHEL 7 says it.
        if let Some(limit) = no_more_user_namespaces(view) {
            return Some(limit);
        }
    }
    (kinds.contains(Kind::Pid) && has_children_elsewhere(view)).then(|| {
        "our children are to be in another PID namespace than ours already, as after unshare --pid without --fork: add --fork \
         there"
            .to_string()
    })
}

fn has_children_elsewhere(view: &SystemView) -> bool {
    let childrens = "/proc/self/ns/pid_for_children";
    match view.link(childrens) {
        Some(childrens) => view.link("/proc/self/ns/pid").is_some_and(|own| own != childrens),
        // While it waits for its first process, the link exists but cannot be read.
        None => view.exists(childrens),
    }
}

/// The file for a setting of a new namespace does not exist or cannot be written: ENOENT, EROFS.
pub fn no_file_of_proc(errno: Errno, view: &SystemView) -> Option<String> {
    if errno == Errno::EROFS {
        return Some(
            "/proc is mounted read-only here, as in many a container, and this is set by a file in it: make it writable \
             first (mount -o remount,bind,rw /proc)"
                .to_string(),
        );
    }
    (!view.exists("/proc/self")).then(|| {
        "no proc is mounted on /proc, which unshare needs for this: mount one first (mount -t proc proc /proc)"
            .to_string()
    })
}

/// The offset of a clock refused.
pub fn no_offset(errno: Errno, context: &UnshareContext, view: &SystemView) -> Option<String> {
    match errno {
        Errno::EPERM if context.has(CAP_SYS_TIME, view) == Some(false) && !context.kinds.contains(Kind::User) => Some(
            "the offset of a clock needs CAP_SYS_TIME, which we lack: in a container, give it that (docker run --cap-add \
             SYS_TIME), or add --user --map-root-user (-r)"
                .to_string(),
        ),
        Errno::ERANGE => {
            let uptime = view.text("/proc/uptime")?;
            let (seconds, _) = uptime.split_once('.')?;
            let negative = context.clocks.iter().any(|(_, change)| matches!(change, ClockChange::Offset(..0)));
            Some(match negative {
                true => format!(
                    "the clock would be below zero: since boot it has come to about {seconds} seconds, and no offset may \
                     take away more"
                ),
                false => "the clock would be beyond what the kernel can count (about 146 years)".to_string(),
            })
        }
        _ => None,
    }
}
