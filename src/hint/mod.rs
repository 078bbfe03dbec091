//! Works out why something probably failed and what to do, after the failure and by reading only.
//!
//! A hint must never be confidently wrong. If what we see leaves one cause, it names that. If it leaves two, it names
//! both. Otherwise we give none.

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

/// A file in /proc that does not belong to a proc.
fn not_of_proc() -> String {
    "the file there does not belong to a proc, and writing to it has no effect: something else is mounted on \
     /proc or below it"
        .to_string()
}

/// fork(2): ENOMEM, when children will be in another PID namespace than ours, see pid_namespaces(7).
fn process_1_has_ended(which: &str) -> String {
    format!(
        "process 1 of the PID namespace {which} has ended, and no process can be made there any more (or memory is \
         short)"
    )
}
