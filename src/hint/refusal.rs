//! EPERM that no rule of the kernel's own explains.

use super::View;

/// What is left where no rule of the kernel's own explains EPERM.
pub fn other_refusal(view: &View) -> String {
    format!("probably it is {}", refusers(view))
}

/// Who may refuse a system call beside the kernel's own rules.
pub fn refusers(view: &View) -> &'static str {
    match view.status("Seccomp").as_deref() {
        Some("2") => "the seccomp filter of this container or service, or a security module, that refuses it",
        Some(_) => "a security module (AppArmor, SELinux) that refuses it",
        None => "a seccomp filter or a security module that refuses it",
    }
}
