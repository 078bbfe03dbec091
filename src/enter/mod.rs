//! unshare and nsenter: a request, the plan that it makes, and the one loop that carries a plan out.
//!
//! ```text
//! argv ─parse─▶ Args ─resolve─▶ Request ─plan─▶ Plan ─prepare─▶ Prepared ─run─▶ system calls in order ─▶ exec
//!       pure           reads only         pure         all memory           acts, never decides
//! ```

pub mod cgroup;
pub mod environment;
pub mod failure;
pub mod handles;
pub mod nsenter;
pub mod program;
pub mod setting;
pub mod step;
pub mod target;
pub mod target_source;
pub mod unshare;

mod capability_steps;
mod channel;
mod described;
mod events;
mod executable;
mod fault;
mod frozen;
mod helper;
mod init;
mod interpreter;
mod job;
mod masked;
mod relay;
mod run;
mod status_line;
mod supervise;
mod terminal;
mod terminal_steps;

pub use failure::RunFailure;
pub use run::{SpawnedChild, run, spawn};
