//! A process that is held by ptrace(2), for a test that needs things to happen in one order.

use super::processes::Descendant;

/// A process that stands still, whatever signals it is sent, until this is dropped. Only the thread that made it may use it.
pub struct Held<'p> {
    process: &'p Descendant,
}

impl Held<'_> {
    /// Lets it run from system call to system call until `condition` holds.
    #[track_caller]
    pub fn step_until(&self, what: &str, condition: impl Fn() -> bool) {
        for _ in 0..1000 {
            if condition() {
                return;
            }
            // SAFETY: plain numbers.
            assert_eq!(unsafe { libc::ptrace(libc::PTRACE_SYSCALL, self.process.pid, 0, 0) }, 0);
            wait_for_stop(self.process.pid);
        }
        panic!("stepped in vain for {what}");
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: plain numbers.
        unsafe { libc::ptrace(libc::PTRACE_DETACH, self.process.pid, 0, 0) };
    }
}

impl Descendant {
    /// Holds it where it is.
    #[track_caller]
    pub fn hold(&self) -> Held<'_> {
        // SAFETY: plain numbers.
        unsafe {
            assert_eq!(libc::ptrace(libc::PTRACE_SEIZE, self.pid, 0, 0), 0, "{}", std::io::Error::last_os_error());
            assert_eq!(libc::ptrace(libc::PTRACE_INTERRUPT, self.pid, 0, 0), 0);
        }
        wait_for_stop(self.pid);
        Held { process: self }
    }

    /// Whether this signal has been sent to it, and waits to be taken.
    pub fn has_pending(&self, signal: i32) -> bool {
        let text = std::fs::read_to_string(self.proc("status")).unwrap();
        let masks = text.lines().filter_map(|line| line.strip_prefix("SigPnd:\t").or(line.strip_prefix("ShdPnd:\t")));
        masks.fold(0, |all, mask| all | u64::from_str_radix(mask, 16).unwrap()) & 1 << (signal - 1) != 0
    }
}

#[track_caller]
fn wait_for_stop(pid: i32) {
    let mut status = 0;
    // SAFETY: plain numbers, and a status that is only written to.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, libc::__WALL) }, pid);
    assert!(libc::WIFSTOPPED(status), "{status:x}");
}
