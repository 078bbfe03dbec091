//! Why something probably failed, and what to do: worked out after the failure, by reading only.
//!
//! A hint must never be wrong with confidence: it is given where what can be seen leaves one cause, or it names both
//! where two cannot be told apart, or it is not given.

mod unshare;
mod view;

pub use unshare::{Situation, before_unshare, shell_stays_outside, unshare};
pub use view::View;
