//! The steps by which unshare and nsenter give the program its capabilities.

use super::step::{PlainStep, Step};
use crate::sys::capability::CapabilitySet;

/// What --cap-drop and --cap-add want before the change of user, which takes an ordinary user's capabilities.
pub fn before_change_of_user(capabilities: Option<CapabilitySet>, changes: bool) -> Option<Step> {
    capabilities.filter(|_| changes).map(|_| Step::Plain(PlainStep::RetainCapabilities))
}

/// What takes capabilities from the program and leaves it the others. The bounding set goes first, while we have
/// CAP_SETPCAP, which may be one of those that are dropped: the program of root gets back at execve(2) whatever is left
/// in it (capabilities(7)).
pub fn for_program(dropped: Option<CapabilitySet>, keep: bool, no_new_privileges: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(dropped) = dropped {
        steps.push(Step::Plain(PlainStep::DropBounding { dropped, or_no_new_privileges: no_new_privileges }));
        steps.push(Step::Plain(PlainStep::DropCapabilities(dropped)));
    }
    if keep {
        steps.push(Step::Plain(PlainStep::KeepCapabilities));
    } else if dropped.is_some() {
        steps.push(Step::Plain(PlainStep::KeepCapabilitiesUnlessRoot));
    }
    steps
}
