//! Why something probably failed, and what to do: worked out after the failure, by reading only.
//!
//! A hint must never be wrong with confidence: it is given where what can be seen leaves one cause, or it names both
//! where two cannot be told apart, or it is not given.

mod ids;
mod limits;
pub mod lsns;
#[cfg(test)]
mod made;
pub mod nsenter;
mod program;
mod refusal;
pub mod unshare;
pub mod usage;
mod view;

pub use view::SystemView;

/// A file of /proc that is none of proc.
fn not_of_proc() -> String {
    "what stands there is no file of proc, and takes what is written without any effect: something else is mounted on \
     /proc or below it"
        .to_string()
}

/// fork(2): ENOMEM, where children are to be in another PID namespace than ours, see pid_namespaces(7).
fn process_1_has_ended(which: &str) -> String {
    format!(
        "process 1 of the PID namespace {which} has ended, and no process can be made there any more (or memory is \
         short)"
    )
}
