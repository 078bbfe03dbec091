//! Us as a job of a shell: when we stop with our child, and what the terminal has sent to both.

use nix::unistd::{Pid, getpgid, getpgrp, getpid, getppid, getsid};

use crate::sys::signal::{Received, SignalNumber};
use crate::sys::terminal::foreground_group;

/// By which signal we stop with a child that this one has stopped; `None` if nobody would continue us.
pub fn stop_of_job(signal: SignalNumber) -> Option<SignalNumber> {
    // Process 1 of a PID namespace cannot be stopped by its own namespace, so we keep waiting.
    if getpid().as_raw() == 1 || !is_job_of_shell() {
        return None;
    }
    match signal {
        // No terminal sends it. Another process may have stopped only the child, while the shell waits for us.
        SignalNumber::STOP if foreground_group() != Some(getpgrp()) => None,
        SignalNumber::STOP => Some(SignalNumber::TSTP),
        signal => Some(signal),
    }
}

/// Whether we have been started as a job at a terminal: our parent is of the same session, and has given us a process group.
pub fn is_job_of_shell() -> bool {
    let parent = getppid();
    foreground_group().is_some()
        && parent.as_raw() > 0
        && getsid(Some(parent)) == getsid(None)
        && getpgid(Some(parent)).is_ok_and(|group| group != getpgrp())
}

/// Whether the kernel has sent this signal to our whole process group, as the terminal does. It sends SIGHUP to the leader of the
/// session only.
pub fn is_for_group(received: Received) -> bool {
    let is_for_leader = received.signal == SignalNumber::HUP && getsid(None) == Ok(getpid());
    received.from_kernel && !is_for_leader
}

/// Whether the child has had this signal already.
pub fn has_reached(child: i32, received: Received) -> bool {
    is_for_group(received) && getpgid(Some(Pid::from_raw(child))) == Ok(getpgrp())
}
