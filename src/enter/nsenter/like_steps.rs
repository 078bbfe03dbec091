//! [`Likeness`] → steps: what makes the program like the target, in the order in which the kernel lets it be done.
//!
//! The target's filters come last of all: they may refuse any call, and a hostile one could say that a call was carried out
//! which was not. Nothing that matters is left by then, since execve(2) gives the program no more than the bounding and the
//! ambient set allow.

use super::NsenterRequest;
use super::likeness::Likeness;
use crate::enter::step::{PlainStep, Step};
use crate::sys::capability::{CAP_SYS_ADMIN, CapabilitySet};
use crate::sys::signal::{SignalNumber, SignalSet};

/// What a terminal sends to those in the foreground. A program in another session is not among them.
const OF_TERMINAL: SignalSet = SignalSet::of(&[SignalNumber::HUP, SignalNumber::INT, SignalNumber::QUIT]);

/// The signals that are passed on to the program.
pub fn forwarded(request: &NsenterRequest) -> Option<SignalSet> {
    match request.like {
        Some(_) if !request.pty => Some(OF_TERMINAL.union(request.forward_signals.unwrap_or_default())),
        _ => request.forward_signals,
    }
}

/// First of all, with rights in the initial user namespace, which are gone once another one is entered; and while our files in
/// /proc are our own.
pub fn before_hiding(like: &Likeness) -> Vec<Step> {
    let mut steps = Vec::new();
    if !like.raised.is_empty() {
        steps.push(Step::Plain(PlainStep::SetLimits(like.raised.clone())));
    }
    steps.extend(like.nice.map(PlainStep::SetNice).map(Step::Plain));
    steps.extend(like.io_priority.map(PlainStep::SetIoPriority).map(Step::Plain));
    steps.extend(like.oom_score_adj.map(Step::SetOomScore));
    steps
}

/// Before a user namespace is entered, which may deny setgroups(2), and whose map may lack one of them.
pub fn groups_outside(like: &Likeness) -> Option<Step> {
    let groups = like.groups.as_ref()?;
    let outside = groups.outside.clone()?;
    Some(match groups.inside {
        Some(_) => Step::SetGroupsIfPermitted(outside),
        None => Step::SetGroups(outside),
    })
}

/// After that, where it has not been done before.
pub fn groups_inside(like: &Likeness) -> Option<Step> {
    like.groups.as_ref()?.inside.clone().map(Step::SetGroups)
}

/// The rights of the program, but for what is irrevocable.
pub fn capabilities(like: &Likeness, request: &NsenterRequest) -> Vec<Step> {
    let dropped = request.capabilities.unwrap_or_default();
    let left = |set: CapabilitySet| set.difference(dropped);
    let ambient = if request.keep_capabilities { like.permitted } else { like.ambient };
    // Filters are taken by who has this capability, or no_new_privs. It goes with execve(2).
    let for_filters = match like.filters.is_empty() || no_new_privileges(like, request) {
        true => CapabilitySet::EMPTY,
        false => CapabilitySet::EMPTY.with(CAP_SYS_ADMIN),
    };
    vec![
        Step::Plain(PlainStep::DropBounding { dropped: left(like.bounding).complement(), or_no_new_privileges: false }),
        Step::Plain(PlainStep::SetCapabilities {
            permitted: left(like.permitted).union(for_filters),
            effective: left(like.effective).union(for_filters),
            ambient: left(ambient),
        }),
    ]
}

/// The last before the program.
pub fn last(like: &Likeness, request: &NsenterRequest) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(like.profile.clone().map(Step::SetProfile));
    steps.extend(like.umask.map(PlainStep::SetUmask).map(Step::Plain));
    steps.push(Step::Plain(PlainStep::HeedSignals(like.ignored)));
    // Not before: we could be left without memory or descriptors ourselves.
    if !like.limits.is_empty() {
        steps.push(Step::Plain(PlainStep::SetLimits(like.limits.clone())));
    }
    if no_new_privileges(like, request) {
        steps.push(Step::Plain(PlainStep::NoNewPrivileges));
    }
    if !like.filters.is_empty() {
        steps.push(Step::Plain(PlainStep::InstallFilters(like.filters.clone())));
    }
    steps
}

fn no_new_privileges(like: &Likeness, request: &NsenterRequest) -> bool {
    like.no_new_privileges || request.no_new_privileges
}
