//! The exit status, of which dying by a signal is one.

use crate::sys::signal::{SignalNumber, die_of};

/// How a tool ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// With this exit status.
    Exited(u8),
    /// By this signal, as the program that it ran.
    Killed(SignalNumber),
}

impl Status {
    /// All went well.
    pub const SUCCESS: Status = Status::Exited(0);
    /// We failed.
    pub const FAILURE: Status = Status::Exited(1);

    /// Dies of the signal, or returns what `main` has to return.
    pub fn conclude(self) -> i32 {
        match self {
            Status::Exited(status) => i32::from(status),
            Status::Killed(signal) => {
                die_of(signal);
                // Only a signal that ends nobody comes here; this is how a shell would name it.
                128 + signal.0
            }
        }
    }
}
