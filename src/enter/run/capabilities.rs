//! Capabilities.

use nix::errno::Errno;
use nix::unistd::{geteuid, getuid};

use crate::enter::fault::{Fault, Part};
use crate::sys::capability::{
    CAP_SETPCAP, CapabilityCall, CapabilitySet, drop_capabilities, drop_from_bounding, get, permitted_to_ambient,
    set_exactly,
};

pub fn keep() -> Result<(), Fault> {
    permitted_to_ambient().map_err(fault)
}

pub fn keep_unless_root() -> Result<(), Fault> {
    if is_root() { Ok(()) } else { keep() }
}

pub fn drop_bounding(dropped: CapabilitySet, or_no_new_privileges: bool) -> Result<(), Fault> {
    match drop_from_bounding(dropped) {
        Err((CapabilityCall::Bounding, Errno::EPERM)) if or_no_new_privileges && !is_root() && lacks_setpcap() => {
            Ok(())
        }
        result => result.map_err(fault),
    }
}

pub fn drop(dropped: CapabilitySet) -> Result<(), Fault> {
    drop_capabilities(dropped).map_err(fault)
}

pub fn set(permitted: CapabilitySet, effective: CapabilitySet, ambient: CapabilitySet) -> Result<(), Fault> {
    set_exactly(permitted, effective, ambient).map_err(fault)
}

/// Whether execve(2) gives us what the bounding set has: one of the two is enough for that.
fn is_root() -> bool {
    getuid().is_root() || geteuid().is_root()
}

/// If we have CAP_SETPCAP, a filter or a security module has refused, and may let other capabilities through.
fn lacks_setpcap() -> bool {
    get().is_ok_and(|sets| !sets.has(CAP_SETPCAP))
}

fn fault((call, errno): (CapabilityCall, Errno)) -> Fault {
    Fault::Part(Part::Capabilities(call), errno)
}
