//! The threads that help to look.

use std::thread::{Builder, Scope, ScopedJoinHandle};

use crate::sys::memory::is_available;

/// The stack of a thread.
const STACK: usize = 2 << 20;

/// What else a thread needs at once, for its first allocations.
const FOR_THREAD: usize = 1 << 20;

/// Does `work` in a thread of its own; `None` if there can be none. A new thread of the standard library aborts the process
/// if it finds no memory for itself, so we look for that before.
pub(super) fn helper<'t, R: Send + 't>(
    threads: &'t Scope<'t, '_>,
    work: impl FnOnce() -> R + Send + 't,
) -> Option<ScopedJoinHandle<'t, R>> {
    let is_possible = is_available(STACK + FOR_THREAD);
    is_possible.then(|| Builder::new().stack_size(STACK).spawn_scoped(threads, work).ok())?
}

/// What a helper has found. If it has panicked, we do too: a list without its part would pass for a complete one.
pub(super) fn joined<R>(helper: ScopedJoinHandle<'_, R>) -> R {
    helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Does `here` and `beside` at the same time, or one after the other if there can be no second thread.
pub(super) fn at_once<H, B: Send>(here: impl FnOnce() -> H, beside: impl Fn() -> B + Sync) -> (H, B) {
    std::thread::scope(|threads| {
        let helper = helper(threads, &beside);
        let found = here();
        (found, helper.map_or_else(&beside, joined))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "of a helper")]
    fn the_panic_of_a_helper_goes_on() {
        at_once(|| (), || panic!("of a helper"));
    }
}
