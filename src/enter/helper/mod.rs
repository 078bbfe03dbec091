//! Helper processes that stay in the old namespaces, where they may do what we no longer can.
//!
//! Each stands at the far end of a channel of messages. It acts when told to, and ends without a word when the channel
//! closes: whatever happens to us, no helper is left behind.

mod binder;
mod channel;
mod mapper;

pub use binder::Binder;
pub use mapper::{Mapper, map_attempt};

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::readlink;

use crate::digits::digits;
use crate::error::{Attempt, During, Failure};
use crate::sys;
use crate::sys::process::{Change, wait_for_end};

/// Our PID as /proc has it, which may show another PID namespace than ours. Errors: there is no /proc, or we are not in
/// it.
fn own_pid_in_proc() -> Result<i32, Failure> {
    let own = Path::new("/proc/self");
    let link = readlink(own).during(|| Attempt::Read(own.to_path_buf()))?;
    digits(link.as_bytes())
        .ok_or(Errno::ESRCH)
        .during(|| Attempt::Read(own.to_path_buf()))
}

/// Waits for the end of a helper and takes back its SIGCHLD: where our caller blocks that, it would stay pending and reach
/// the program. A pending signal goes when its disposition is set to a default that ignores it, sigaction(2).
fn wait_for_helper(child: i32) -> Result<Change, Failure> {
    let end = wait_for_end(child).during(|| Attempt::Wait(child))?;
    sys::signal::set_child_signal_default().during(|| Attempt::Signals)?;
    Ok(end)
}

/// A helper that has not answered, and of whose end nothing is known.
fn silent(name: &'static str) -> Failure {
    Failure::Helper { name, ending: None }
}
