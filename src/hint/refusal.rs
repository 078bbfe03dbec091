//! EPERM and EACCES that no documented rule of the kernel explains.

use super::SystemView;
use crate::sys::capability::CAP_SETPCAP;

/// The causes that are left if no documented rule of the kernel explains EPERM.
pub fn other_refusal(view: &SystemView) -> String {
    format!("probably it is {}", refusers(view))
}

/// What may refuse a system call besides the kernel's documented rules.
pub fn refusers(view: &SystemView) -> &'static str {
    match view.status("Seccomp").as_deref() {
        Some("2") => "the seccomp filter of this container or service, or a security module, that refuses it",
        Some(_) => "a security module (AppArmor, SELinux) that refuses it",
        None => "a seccomp filter or a security module that refuses it",
    }
}

/// EACCES from a call that does not document it: a security module forbids `what`. For example, Docker's AppArmor
/// profile forbids all mounting.
pub fn forbidden(what: &str, view: &SystemView) -> String {
    let label = view.text("/proc/self/attr/current").unwrap_or_default();
    let label = label.trim_end_matches('\0');
    // AppArmor shows `NAME (enforce)`, SELinux `USER:ROLE:TYPE:LEVEL`.
    if label.ends_with(')') {
        return format!(
            "probably AppArmor forbids {what} here: we run under its profile '{label}', which in a container its runtime \
             sets (docker run --security-opt apparmor=unconfined)"
        );
    }
    if label.matches(':').count() >= 2 && !label.contains(' ') {
        return format!(
            "probably SELinux forbids {what} here: we run in its context '{label}', which in a container its runtime sets \
             (docker run --security-opt label=disable)"
        );
    }
    format!(
        "probably a security module (AppArmor, SELinux) or a seccomp filter forbids {what} here; in a container, its \
         runtime sets them (docker run --security-opt apparmor=unconfined)"
    )
}

/// PR_CAPBSET_DROP: EPERM.
pub fn bounding_set_stays(view: &SystemView) -> String {
    if view.has_capability(CAP_SETPCAP) == Some(true) {
        return other_refusal(view);
    }
    "a capability leaves the bounding set by CAP_SETPCAP only, which we lack: add --no-new-privs where the program's user is \
     not root"
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::super::made::Made;
    use super::*;

    #[test]
    fn the_security_module_is_the_one_whose_label_we_have() {
        let with = |label: &str| forbidden("mounting", &Made::of(&[("/proc/self/attr/current", label)]).view());
        let profile = with("docker-default (enforce)\n");
        assert!(profile.starts_with("probably AppArmor forbids mounting here"), "{profile}");
        assert!(profile.contains("'docker-default (enforce)'") && profile.contains("apparmor=unconfined"), "{profile}");
        let context = with("system_u:system_r:container_t:s0:c1,c2\0");
        assert!(context.starts_with("probably SELinux forbids mounting here"), "{context}");
        assert!(context.contains("'system_u:system_r:container_t:s0:c1,c2'"), "{context}");
        for label in ["unconfined\n", ""] {
            let hint = with(label);
            assert!(hint.starts_with("probably a security module"), "{label}: {hint}");
        }
    }
}
