//! The steps by which unshare and nsenter give the program a terminal.

use super::step::Step;
use crate::sys::signal::SignalNumber;

/// What gives the program a terminal, as the user that it has by now: the terminal then belongs to that user. Who leads the
/// session may be a process of ours, the parent of the program, or the program itself.
pub fn for_program(has_leader: bool, kill_child: Option<SignalNumber>) -> Vec<Step> {
    let mut steps = vec![Step::OpenTerminal];
    if has_leader {
        // A change of user may have undone it.
        steps.push(Step::SetDumpable(false));
        steps.extend(kill_child.map(|_| Step::RememberParent));
        steps.push(Step::BecomeInit);
        // The leader is a parent too that may die.
        steps.extend(kill_child.map(Step::DieWithParent));
        steps.push(Step::TakeForeground);
    }
    steps
}
