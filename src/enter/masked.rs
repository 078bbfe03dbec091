//! The signals that a parent holds back while its child runs.

use nix::sys::signal::{SigSet, SigmaskHow};

use super::fault::{Fault, Part};
use super::setting::SignalPolicy;
use crate::sys::mask::{self, is_member};
use crate::sys::signal::{SignalNumber, SignalSet, is_ignored, is_pending};

/// The signals that we block, and the mask that our caller gave us.
pub struct Masked {
    pub held: SigSet,
    pub callers: SigSet,
}

/// Blocks what would end or disturb the parent, before the fork so that nothing falls between. They are not ignored: an
/// ignored signal would be ignored in the program too. What stops it may: the kernel weighs that against SIGCONT better
/// than we could.
///
/// Where we have a terminal to put back, nothing ends or stops us but by our own doing.
pub fn hold_signals(policy: SignalPolicy, has_terminal: bool) -> Result<Masked, Fault> {
    let ends = match policy {
        _ if has_terminal => SignalSet::all(),
        SignalPolicy::Terminal | SignalPolicy::ForwardOrTerminal(_) => {
            SignalSet::of(&[SignalNumber::INT, SignalNumber::QUIT])
        }
        _ => SignalSet::of(&[SignalNumber::INT, SignalNumber::TERM]),
    };
    let forwarded = policy.forwarded();
    // Of the child's changes, and that we have been continued, we learn together with the others.
    let news = SignalSet::of(&[SignalNumber::CHLD, SignalNumber::CONT]);
    let all = ends.union(forwarded).union(news);
    let callers = mask::change(SigmaskHow::SIG_BLOCK, &all.to_mask()).map_err(Part::BlockSignals.fault())?;
    // What our caller ignores or has blocked is not to end us either; to be forwarded, it need not be heeded.
    let unheeded = |signal: &SignalNumber| is_ignored(*signal) || is_member(&callers, signal.0);
    let needed = forwarded.union(news);
    let left = ends.iter().filter(|signal| unheeded(signal) && !needed.contains(*signal));
    let held = left.fold(all, SignalSet::without).to_mask();
    Ok(Masked { held, callers })
}

impl Masked {
    /// Whether a signal waits to be handled that neither stops nor continues us, nor tells of a child or a size.
    pub fn has_work(&self) -> bool {
        const OTHERS: SignalSet = SignalSet::of(&[
            SignalNumber::CHLD,
            SignalNumber::CONT,
            SignalNumber::WINCH,
            SignalNumber::URG,
            SignalNumber::TSTP,
            SignalNumber::TTIN,
            SignalNumber::TTOU,
        ]);
        let mut work =
            (1..=64).map(SignalNumber).filter(|signal| !OTHERS.contains(*signal) && is_member(&self.held, signal.0));
        work.any(is_pending)
    }

    /// Gives the child the mask that our caller gave us.
    pub fn restore(&self) -> Result<(), Fault> {
        mask::change(SigmaskHow::SIG_SETMASK, &self.callers).map_err(Part::RestoreSignals.fault()).map(drop)
    }
}
