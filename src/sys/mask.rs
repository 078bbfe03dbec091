//! Masks of signals, by the kernel's own calls.
//!
//! Each C library keeps signals for itself and hides them: its functions would neither block them nor return what our
//! caller has blocked. The GNU C library keeps 32 and 33, musl 34 as well, which to other programs is the first real-time
//! signal.

use std::ffi::c_ulong;

use nix::sys::signal::{SigSet, SigmaskHow};

use super::check;

/// What the kernel takes a set of signals to be.
const WORDS: usize = (u64::BITS / c_ulong::BITS) as usize;

/// The length of a set that the kernel asks for.
pub(super) const LENGTH: usize = size_of::<[c_ulong; WORDS]>();

/// The mask with these signals; signal 1 is the lowest bit.
pub(super) fn of_bits(bits: u64) -> SigSet {
    let mut words = [0 as c_ulong; WORDS];
    for (at, word) in words.iter_mut().enumerate() {
        *word = (bits >> (at * c_ulong::BITS as usize)) as c_ulong;
    }
    // SAFETY: an all-zero set is a valid value. In every C library of Linux it begins with the kernel's words, at least
    // as many as these.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        (&raw mut set).cast::<[c_ulong; WORDS]>().write(words);
        SigSet::from_sigset_t_unchecked(set)
    }
}

/// All signals but those that both C libraries keep for themselves: a program with threads needs them.
pub fn all() -> SigSet {
    of_bits(!(0b11 << 31))
}

/// Whether the signal with this number is in the mask.
pub fn is_member(mask: &SigSet, signal: i32) -> bool {
    // SAFETY: see of_bits: a set begins with the kernel's words.
    let words = unsafe { std::ptr::from_ref(mask.as_ref()).cast::<[c_ulong; WORDS]>().read() };
    let bit = u32::try_from(signal - 1).unwrap_or(u32::MAX);
    let word = words.get((bit / c_ulong::BITS) as usize);
    word.is_some_and(|word| word >> (bit % c_ulong::BITS) & 1 != 0)
}

/// Changes the mask of this thread and returns what it was, see sigprocmask(2).
pub fn change(how: SigmaskHow, mask: &SigSet) -> nix::Result<SigSet> {
    let mut before = of_bits(0);
    let old: *mut SigSet = &mut before;
    // SAFETY: both sets are initialised and longer than LENGTH, and a SigSet is a sigset_t (repr(transparent)).
    let result = unsafe { libc::syscall(libc::SYS_rt_sigprocmask, how as libc::c_int, mask.as_ref(), old, LENGTH) };
    check(result)?;
    Ok(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_is_a_signal() {
        let mask = of_bits(1 | 1 << 33 | 1 << 63);
        let members: Vec<i32> = (-1..=130).filter(|number| is_member(&mask, *number)).collect();
        assert_eq!(members, [1, 34, 64]);
    }

    #[test]
    fn signals_that_a_c_library_keeps_are_blocked_and_returned_as_others() {
        let before = change(SigmaskHow::SIG_BLOCK, &of_bits(1 << 33)).unwrap();
        assert!(!is_member(&before, 34));
        let during = change(SigmaskHow::SIG_SETMASK, &before).unwrap();
        assert!(is_member(&during, 34));
        let after = change(SigmaskHow::SIG_BLOCK, &of_bits(0)).unwrap();
        assert!(!is_member(&after, 34));
    }

    #[test]
    fn all_leaves_out_only_what_every_c_library_keeps() {
        let left: Vec<i32> = (1..=64).filter(|number| !is_member(&all(), *number)).collect();
        assert_eq!(left, [32, 33]);
    }
}
