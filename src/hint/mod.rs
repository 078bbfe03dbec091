//! Why something probably failed, and what to do: worked out after the failure, by reading only.
//!
//! A hint must never be wrong with confidence: it is given where what can be seen leaves one cause, or it names both
//! where two cannot be told apart, or it is not given.

pub mod nsenter;
pub mod unshare;
mod view;

pub use view::View;

/// A file of /proc that is none of proc.
fn not_of_proc() -> String {
    "what stands there is no file of proc, and takes what is written without any effect: something else is mounted on \
     /proc or below it"
        .to_string()
}
